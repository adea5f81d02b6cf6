"""The web page in a real browser, over a real server and library."""

import os
import re
import shutil
import signal
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from browsers import DESKTOP, LONG, PHONE, Scheme, look, tab
from PIL import Image, ImageOps
from playwright.sync_api import Browser, Dialog, Page, Route, ViewportSize, expect
from processes import children, wait_for
from servers import SERVED, running

import imsearch
from imsearch.server.app import create_app
from imsearch.server.jobs.job import DO_JOB
from imsearch.server.settings import Settings

TOKEN = "sesame-sesame-sesame-sesame-open"


@pytest.fixture
def policy() -> imsearch.ProbePolicy:
    """That of a library that is served."""
    return SERVED


@pytest.fixture
def address(library: imsearch.Library, indexed_album: Path) -> Iterator[str]:
    """A server over a library of a dozen photographs."""
    with running(create_app(library)) as address:
        yield address


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    with tab(browser, address) as page:
        yield page


@pytest.fixture
def photo(album: Path) -> Path:
    """The one that is asked with."""
    return album / "summer-palace.jpg"


def ask(page: Page, picture: Path) -> None:
    """Ask with a file, and wait for the hits."""
    page.locator("#file").set_input_files(picture)
    expect(page.locator("#search-status")).to_contain_text(" in ")
    expect(page.locator("#probe-name")).to_have_text(picture.name)
    expect(page.locator("#answer")).to_have_attribute("aria-busy", "false")


def names(page: Page) -> list[str]:
    """Of the hits that are shown."""
    return page.locator(".hit .name").all_inner_texts()


# How a picture comes onto the page


def test_a_file_that_is_chosen_finds_itself_first(page: Page, photo: Path) -> None:
    with page.expect_file_chooser() as choosing:
        page.locator("#start").get_by_role("button", name="Choose a picture").click()
    choosing.value.set_files(photo)
    expect(page.locator("#search-status")).to_contain_text("12 hits in")
    first = page.locator(".hit").first
    expect(first.locator(".name")).to_have_text(photo.name)
    expect(first.locator(".score")).to_have_text("1.000")
    expect(first.locator(".folder")).to_have_text(str(photo.parent))
    expect(first.locator("img")).to_have_js_property("naturalWidth", 320)
    expect(page.locator("#probe-picture")).to_have_js_property("complete", True)


DROP = """([target, bytes, name]) => {
    const data = new DataTransfer();
    data.items.add(new File([new Uint8Array(bytes)], name, { type: "image/jpeg" }));
    for (const type of ["dragenter", "dragover", "drop"]) {
        target.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
        if (type === "dragover" && document.getElementById("veil").hidden) throw new Error("no veil is shown");
    }
}"""


def test_a_file_can_be_dropped_anywhere(page: Page, photo: Path) -> None:
    header = page.locator("header").element_handle()
    page.evaluate(DROP, [header, list(photo.read_bytes()), photo.name])
    expect(page.locator(".hit .name").first).to_have_text(photo.name)
    expect(page.locator("#veil")).to_be_hidden()


COPY = """async (bytes) => {
    const bitmap = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    canvas.getContext("2d").drawImage(bitmap, 0, 0);
    const png = await canvas.convertToBlob({ type: "image/png" });
    await navigator.clipboard.write([new ClipboardItem({ "image/png": png })]);
}"""


def test_a_picture_can_be_pasted(page: Page, photo: Path) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate(COPY, list(photo.read_bytes()))
    page.keyboard.press("Control+V")
    expect(page.locator(".hit .name").first).to_have_text(photo.name)


def test_an_address_that_is_pasted_or_typed_is_fetched_by_the_server(page: Page) -> None:
    page.get_by_label("Or search with a picture on the web").fill("http://127.0.0.1:1/private.jpg")
    page.keyboard.press("Enter")
    problem = page.get_by_role("alert")
    expect(problem).to_contain_text("127.0.0.1")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("navigator.clipboard.writeText('http://127.0.0.2:1/pasted.jpg')")
    page.locator("#main").focus()
    page.keyboard.press("Control+V")
    expect(page.locator("#probe-name")).to_have_text("http://127.0.0.2:1/pasted.jpg")
    expect(problem).to_contain_text("127.0.0.2")


def test_what_is_no_picture_is_told(page: Page, tmp_path: Path) -> None:
    text = tmp_path / "notes.jpg"
    text.write_text("no picture")
    page.locator("#file").set_input_files(text)
    expect(page.get_by_role("alert")).to_contain_text("not a picture")
    expect(page.locator("#probe-unseen")).to_be_visible()


def test_a_picture_that_no_browser_shows_comes_back_from_the_server(page: Page, photos: list[Path]) -> None:
    (photo,) = [path for path in photos if path.suffix == ".tif"]
    page.locator("#file").set_input_files(photo)
    expect(page.locator("#probe-picture")).to_have_attribute("src", re.compile("^data:image/jpeg;base64,"))
    expect(page.locator("#probe-picture")).to_be_visible()
    expect(page.locator("#probe-unseen")).to_be_hidden()
    expect(page.locator(".hit").first).to_be_visible()


def test_a_late_answer_does_not_replace_a_newer_one(page: Page, album: Path, photo: Path) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        if held:
            route.continue_()
        else:
            held.append(route)

    page.route("**/v1/query?*", hold)
    with page.expect_request("**/v1/query?*"):
        page.locator("#file").set_input_files(album / "bird.jpg")
    with page.expect_event("requestfailed") as dropped:
        ask(page, photo)
    assert dropped.value == held[0].request
    assert names(page)[0] == photo.name


# The part that is meant


def crop_of(url: str) -> str | None:
    found = re.search(r"crop=([^&]*)", url)
    return found and found.group(1).replace("%25", "%").replace("%2C", ",")


def test_a_part_is_drawn_with_the_pointer_and_moved(page: Page, photo: Path) -> None:
    ask(page, photo)
    box = page.locator("#stage").bounding_box()
    assert box is not None

    def drag(start: tuple[float, float], end: tuple[float, float]) -> str | None:
        with page.expect_request("**/v1/query?*") as asked:
            page.mouse.move(box["x"] + start[0] * box["width"], box["y"] + start[1] * box["height"])
            page.mouse.down()
            page.mouse.move(box["x"] + end[0] * box["width"], box["y"] + end[1] * box["height"], steps=4)
            page.mouse.up()
        return crop_of(asked.value.url)

    drawn = drag((0.25, 0.25), (0.75, 0.75))
    assert drawn is not None
    assert [float(share.rstrip("%")) for share in drawn.split(",")] == pytest.approx([25, 25, 50, 50], abs=1)
    expect(page.locator("#crop")).to_be_visible()
    moved = drag((0.5, 0.5), (0.4, 0.9))
    assert moved is not None
    assert [float(share.rstrip("%")) for share in moved.split(",")] == pytest.approx([15, 50, 50, 50], abs=1)
    page.get_by_role("button", name="Use the whole picture").click()
    expect(page.locator("#crop")).to_be_hidden()
    expect(page.locator(".hit .score").first).to_have_text("1.000")


def test_a_part_is_given_by_the_keyboard(page: Page, photo: Path) -> None:
    ask(page, photo)
    page.get_by_text("Part in numbers").click()
    for label, share in (("Left", "10"), ("Top", "20"), ("Width", "30"), ("Height", "40")):
        page.get_by_label(label, exact=True).press("Control+A")
        page.keyboard.type(share)
    with page.expect_request("**/v1/query?*") as asked:
        page.keyboard.press("Enter")
    assert crop_of(asked.value.url) == "10%,20%,30%,40%"
    expect(page.locator("#crop")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#crop")).to_be_hidden()
    expect(page.get_by_label("Left", exact=True)).to_have_value("0")
    expect(page.locator(".hit .name").first).to_have_text(photo.name)


# Hits


def test_more_like_this_goes_back_and_survives_a_reload(page: Page, photo: Path) -> None:
    ask(page, photo)
    uploaded = names(page)
    second = page.locator(".hit").nth(1)
    name = second.locator(".name").inner_text()
    second.get_by_role("button", name="More like this").click()
    expect(page.locator("#probe-name")).to_have_text(name)
    expect(page.locator(".hit .name").first).to_have_text(name)
    identity = sha256((photo.parent / name).read_bytes()).hexdigest()
    assert page.url.endswith(f"/?like={identity}")
    page.go_back()
    expect(page.locator("#probe-name")).to_have_text(photo.name)
    assert names(page) == uploaded
    page.go_forward()
    expect(page.locator(".hit .name").first).to_have_text(name)
    page.reload()
    expect(page.locator("#probe-name")).to_have_text(name)
    expect(page.locator(".hit .name").first).to_have_text(name)


def test_a_thumbnail_opens_the_picture_with_all_its_files(
    browser: Browser, library: imsearch.Library, album: Path, photo: Path
) -> None:
    shutil.copy(photo, album / "again.jpg")
    library.index(album)
    with running(create_app(library)) as address, tab(browser, address) as page:
        ask(page, photo)
        button = page.get_by_role("button", name=f"Show {photo.name}")
        button.click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("img")).to_have_js_property("complete", True)
        expect(dialog).to_contain_text("2 files hold it")
        expect(dialog).to_contain_text(str(photo))
        expect(dialog).to_contain_text(str(album / "again.jpg"))
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        expect(button).to_be_focused()


def test_the_path_of_a_hit_is_copied(page: Page, photo: Path) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ask(page, photo)
    page.locator(".hit").first.get_by_role("button", name="Copy path").click()
    expect(page.locator("#toast")).to_have_text("Path copied")
    assert page.evaluate("navigator.clipboard.readText()") == str(photo)


IS_LOADED = """async (address) => {
    const image = new Image();
    image.src = address;
    await image.decode();
    return image.naturalWidth > 0;
}"""


def test_a_match_is_drawn(page: Page, photo: Path, tmp_path: Path) -> None:
    probe = tmp_path / "mirrored.jpg"
    with Image.open(photo) as picture:
        width, height = picture.size
        ImageOps.mirror(picture.crop((0, 0, width * 3 // 4, height))).save(probe, quality=90)
    ask(page, probe)
    page.get_by_label("Check for copies").check()
    hit = page.locator(".hit", has=page.locator(".badge.copy")).first
    expect(hit.locator(".name")).to_have_text(photo.name)
    expect(hit.locator(".how")).to_contain_text("mirrored")
    button = hit.get_by_role("button", name="Match")
    button.click()
    drawing = page.get_by_role("dialog").locator("svg.match")
    outlines = drawing.locator("polygon:not(.halo)")
    expect(outlines).to_have_count(2)
    expect(drawing.locator("image")).to_have_count(2)
    expect(drawing.locator("path").first).to_be_visible()
    page.get_by_role("dialog").get_by_label("Lines").uncheck()
    expect(drawing.locator("path").first).to_be_hidden()
    frames = drawing.locator("rect.frame")
    for image in drawing.locator("image").all():
        assert page.evaluate(IS_LOADED, image.get_attribute("href"))
    for side in (0, 1):
        frame, outline = frames.nth(side).bounding_box(), outlines.nth(side).bounding_box()
        assert frame is not None
        assert outline is not None
        share = outline["width"] / frame["width"]
        assert share == pytest.approx((1, 0.75)[side], abs=0.03), "the outline is where the pictures meet"
    page.keyboard.press("Escape")
    expect(button).to_be_focused()


def test_a_match_shows_the_part_that_was_asked_with(page: Page, photo: Path) -> None:
    ask(page, photo)
    page.get_by_label("Check for copies").check()
    page.get_by_text("Part in numbers").click()
    for label, share in (("Left", "50"), ("Top", "0"), ("Width", "50"), ("Height", "100")):
        page.get_by_label(label, exact=True).fill(share)
    page.get_by_label("Height", exact=True).press("Enter")
    hit = page.locator(".hit", has=page.locator(".how", has_text="cropped to 50 %")).first
    hit.get_by_role("button", name="Match").click()
    drawing = page.get_by_role("dialog").locator("svg.match")
    frame, image = drawing.locator("rect.frame").first.bounding_box(), drawing.locator("image").first.bounding_box()
    assert frame is not None
    assert image is not None
    assert image["width"] == pytest.approx(2 * frame["width"], rel=0.02)
    assert image["height"] == pytest.approx(frame["height"], rel=0.02)
    assert image["x"] + image["width"] == pytest.approx(frame["x"] + frame["width"], abs=2), "its right half"


def test_filters_are_applied_and_cleared(page: Page, photo: Path) -> None:
    ask(page, photo)
    page.locator("#filters summary").click()
    with Image.open(photo) as picture:
        width = picture.width
    page.get_by_label("Width at least").fill(str(width + 1))
    page.keyboard.press("Enter")
    expect(page.locator("#filter-count")).to_have_text(" (1)")
    expect(page.locator(".hit .name").first).not_to_have_text(photo.name)
    page.get_by_label("Width at least").fill("99999")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No picture passes the filters.")).to_be_visible()
    page.locator("#search-problem").get_by_role("button", name="Clear filters").click()
    expect(page.locator("#search-status")).to_contain_text("12 hits")
    page.get_by_label("In folder", exact=True).fill("/nowhere")
    page.keyboard.press("Enter")
    expect(page.get_by_text("knows no picture at or below /nowhere")).to_be_visible()
    page.locator("#clear-filters").click()
    expect(page.locator("#search-status")).to_contain_text("12 hits")
    page.get_by_label("png", exact=True).check()
    expect(page.locator("#search-status")).to_have_text("No hits")
    page.locator("#clear-filters").click()
    expect(page.locator("#search-status")).to_contain_text("12 hits")
    with page.expect_request("**/v1/query?*") as asked:
        page.get_by_label("Taken to").fill("2019-12-31")
    assert "taken_before=2020-01-01" in asked.value.url, "the day itself is meant too"


def test_names_with_markup_stay_text(browser: Browser, library: imsearch.Library, album: Path, photo: Path) -> None:
    name = "<img src=x onerror=alert(1)>&amp;.jpg"
    shutil.copy(photo, album / name)
    library.index(album)
    with running(create_app(library, Settings(folders=(str(album),)))) as address, tab(browser, address) as page:
        alerts: list[Dialog] = []
        page.on("dialog", lambda dialog: alerts.append(dialog))
        ask(page, album / name)
        assert name in names(page)[:2]
        page.get_by_role("button", name=f"Show {name}").click()
        expect(page.get_by_role("dialog")).to_contain_text(str(album / name))
        assert page.locator("img[src=x]").count() == 0
        assert alerts == []


# Other states


def test_an_empty_library_is_indexed_from_the_page(browser: Browser, library: imsearch.Library, album: Path) -> None:
    (album / "torn.jpg").write_bytes((album / "bird.jpg").read_bytes()[:2000])
    with (
        running(create_app(library, Settings(folders=(str(album),)))) as address,
        tab(browser, address) as page,
    ):
        expect(page.get_by_role("heading", name="No pictures yet")).to_be_visible()
        expect(page.locator("#nothing")).to_contain_text(str(album))
        page.get_by_role("button", name="Index now").click()
        expect(page.get_by_role("progressbar")).to_be_visible()
        expect(page.get_by_text("12 added, 1 skipped")).to_be_visible(timeout=LONG)
        page.get_by_text("1 file skipped").click()
        expect(page.locator(".skips")).to_contain_text(str(album / "torn.jpg"))
        expect(page.locator("#summary")).to_have_text("12 pictures")
        page.get_by_role("link", name="Search", exact=True).click()
        ask(page, album / "bird.jpg")


def test_an_index_run_is_picked_up_and_cancelled(browser: Browser, library: imsearch.Library, album: Path) -> None:
    with running(create_app(library, Settings(folders=(str(album),)))) as address, tab(browser, address) as page:
        page.get_by_role("button", name="Index now").click()
        wait_for(lambda: children(DO_JOB.name), "the run")
        for run in children(DO_JOB.name):
            os.kill(run, signal.SIGSTOP)  # else it may be over before the page is back
        expect(page.get_by_role("progressbar")).to_be_visible()
        page.reload()
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_text("Cancelled.")).to_be_visible(timeout=LONG)
        expect(page.get_by_role("button", name="Index now")).to_be_visible()


def test_a_server_without_folders_says_how_to_name_some(browser: Browser, library: imsearch.Library) -> None:
    with running(create_app(library)) as address, tab(browser, address) as page:
        expect(page.locator("#nothing")).to_contain_text("imsearch serve FOLDER")
        page.get_by_role("link", name="Library").click()
        expect(page.locator("#library-panel")).to_contain_text("imsearch serve FOLDER")
        expect(page.get_by_role("button", name="Index now")).to_have_count(0)


def test_a_server_that_is_gone_is_told_and_asked_again(browser: Browser, address: str, photo: Path) -> None:
    with tab(browser, address) as page:
        ask(page, photo)
        page.context.set_offline(True)
        page.get_by_label("Hits", exact=True).select_option("10")
        expect(page.get_by_role("alert")).to_contain_text("The server does not answer")
        page.context.set_offline(False)
        page.get_by_role("button", name="Try again").click()
        expect(page.locator("#search-status")).to_contain_text("10 hits")


def test_a_picture_that_is_out_of_reach_is_told(page: Page, album: Path, photo: Path) -> None:
    identity = sha256(photo.read_bytes()).hexdigest()
    photo.unlink()
    ask(page, album / "bird.jpg")
    hit = page.locator(".hit", has_text=photo.name)
    hit.scroll_into_view_if_needed()
    expect(hit.locator(".lost")).to_have_text("Out of reach")
    page.goto(f"{page.url}?like={identity}")
    expect(page.locator("#probe-unseen")).to_have_text("The picture is out of reach.")
    expect(page.locator(".hit").first).to_contain_text(photo.name)  # its vector is there


@pytest.fixture
def locked(library: imsearch.Library) -> Iterator[str]:
    """A server that wants a token."""
    with running(create_app(library, Settings(token=TOKEN))) as address:
        yield address


def test_the_token_of_the_address_opens_the_page_and_leaves_the_address(browser: Browser, locked: str) -> None:
    with tab(browser, locked, f"/#token={TOKEN}") as page:
        expect(page.get_by_role("heading", name="No pictures yet")).to_be_visible()
        assert page.url == f"{locked}/"
        page.reload()
        expect(page.get_by_role("heading", name="No pictures yet")).to_be_visible()


def test_the_token_is_asked_for(browser: Browser, locked: str) -> None:
    with tab(browser, locked, "/#token=wrong") as page:
        field = page.get_by_label("Token", exact=True)
        field.fill("guess")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_have_text("That is not the token.")
        field.fill(TOKEN)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="No pictures yet")).to_be_visible()
        expect(page.get_by_role("dialog")).to_have_count(0)


# Everyone


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_each_view_is_accessible_and_fits(
    browser: Browser, address: str, photo: Path, scheme: Scheme, viewport: ViewportSize
) -> None:
    with tab(browser, address, viewport=viewport, scheme=scheme) as page:
        expect(page.locator("#start")).to_be_visible()
        look(page, "start")
        ask(page, photo)
        if viewport is PHONE:
            page.get_by_text("Options", exact=True).click()
        for folded in ("Another picture", "Part in numbers", "Filters"):
            page.get_by_text(folded, exact=True).click()
        look(page, "hits")
        page.get_by_label("Check for copies").check()
        expect(page.locator(".badge").first).to_be_visible()
        look(page, "verified hits")
        page.get_by_role("button", name="Match").first.click()
        look(page, "match")
        page.keyboard.press("Escape")
        page.locator(".hit .frame").first.click()
        expect(page.get_by_role("dialog").locator(".files li").first).to_be_visible()
        look(page, "picture")
        page.keyboard.press("Escape")
        page.get_by_label("Width at least").fill("99999")
        page.keyboard.press("Enter")
        expect(page.get_by_text("No picture passes the filters.")).to_be_visible()
        look(page, "no hits")
        page.get_by_role("link", name="Library").click()
        look(page, "library")
        page.get_by_role("link", name="Duplicates").click()
        look(page, "search for duplicates")


def test_the_page_is_used_by_the_keyboard_alone(page: Page, photo: Path) -> None:
    expect(page.locator("#start")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#start").get_by_role("button", name="Choose a picture")).to_be_focused()
    with page.expect_file_chooser() as choosing:
        page.keyboard.press("Enter")
    choosing.value.set_files(photo)
    first = page.get_by_role("button", name=f"Show {photo.name}")
    expect(first).to_be_visible()
    first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(first).to_be_focused()
