"""The review of duplicates on the web page, in a real browser, over a real server and library."""

import io
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from browsers import DESKTOP, LONG, PHONE, Scheme, look, tab
from fastapi import FastAPI
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageOps
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect
from servers import SERVED, running

import imsearch
from imsearch.server.app import create_app

BAR = (0.1, 0.75, 0.9, 0.9)
"""Where a white bar lies on one of the pictures: left, top, right and bottom, as shares of its sides."""


@pytest.fixture
def policy() -> imsearch.ProbePolicy:
    """That of a library that is served."""
    return SERVED


@pytest.fixture
def app(library: imsearch.Library, album: Path) -> FastAPI:
    """A server over a library with an exact copy of one photograph, two edited ones of another, and a version with a
    bar of a third."""
    (album / "old").mkdir()
    shutil.copy(album / "bird.jpg", album / "old" / "bird-again.jpg")
    with Image.open(album / "aizkorri.jpg") as picture:
        width, height = picture.size
        picture.resize((width // 2, height // 2)).save(album / "old" / "hills-half.jpg", quality=80)
        part = picture.crop((width // 4, 0, width, height))
        ImageOps.mirror(part).save(album / "old" / "hills-mirrored.jpg", quality=80)
    with Image.open(album / "bridge.jpg") as picture:
        picture.load()
    ImageDraw.Draw(picture).rectangle([share * picture.size[at % 2] for at, share in enumerate(BAR)], fill="white")
    picture.save(album / "old" / "bridge-bar.jpg")
    library.index(album)
    return create_app(library)


@pytest.fixture
def address(app: FastAPI) -> Iterator[str]:
    with running(app) as address:
        yield address


def search(page: Page) -> None:
    """Look for duplicates, and show the review of what was found."""
    page.get_by_role("button", name="Find duplicates").click()
    expect(page.get_by_text("Group 1 of 3")).to_be_visible(timeout=LONG)


@pytest.fixture
def review(browser: Browser, address: str) -> Iterator[Page]:
    with tab(browser, address, "/?view=duplicates") as page:
        search(page)
        yield page


def show_group_of(page: Page, name: str) -> None:
    """Go to the group with a file, by the keyboard."""
    file = page.locator(".candidate .name").get_by_text(name, exact=True)
    title = page.get_by_role("heading", level=2)
    while title.inner_text().split()[1] != "1":
        turn(page, "k")
    while not file.is_visible():
        turn(page, "j")


def turn(page: Page, key: str) -> None:
    title = page.get_by_role("heading", level=2)
    before = title.inner_text().split()[1]
    page.keyboard.press(key)
    expect(title).not_to_contain_text(f"Group {before} ")


def place_of(page: Page, name: str) -> int:
    """The number of a file in the group that is shown."""
    return page.locator(".candidate .name").all_inner_texts().index(name) + 1


def going(page: Page) -> Locator:
    """The names of the files of the group that are to go."""
    return page.locator(".candidate.goes .name")


def in_trash() -> set[str]:
    return {path.name for path in Path(os.environ["XDG_DATA_HOME"], "Trash", "files").glob("*")}


@pytest.fixture(autouse=True)
def _empty_trash() -> None:
    shutil.rmtree(Path(os.environ["XDG_DATA_HOME"], "Trash"), ignore_errors=True)


PROGRESS = "#review-progress"


# Marks


def test_marks_survive_a_reload_and_nothing_else_is_moved(review: Page, album: Path) -> None:
    show_group_of(review, "hills-half.jpg")
    expect(going(review)).to_have_text(["hills-half.jpg", "hills-mirrored.jpg"])
    expect(review.locator(".reason")).to_contain_text("unedited: shows all against shows less")
    review.keyboard.press(str(place_of(review, "hills-mirrored.jpg")))
    expect(going(review)).to_have_text(["hills-half.jpg"])
    expect(review.locator(PROGRESS)).to_contain_text("1 of 3 marked or done · 1 file to the trash")
    review.reload()
    show_group_of(review, "hills-half.jpg")
    expect(review.locator(".badge.marked")).to_have_text("Marked: 1 file to the trash")
    expect(going(review)).to_have_text(["hills-half.jpg"])
    assert in_trash() == set()

    review.keyboard.press("a")
    confirm = review.get_by_role("dialog")
    expect(confirm).to_contain_text("Move 1 file to the trash?")
    expect(confirm).to_contain_text("1 edited copy")
    expect(confirm).to_contain_text("Left as before: 2 groups without a mark.")
    review.keyboard.press("Escape")
    expect(confirm).to_be_hidden()
    assert (album / "old" / "hills-half.jpg").exists()
    review.get_by_role("button", name="Apply…").click()
    confirm.get_by_role("button", name="Move to trash").click()
    expect(review.locator(".outcome")).to_contain_text("Moved 1 file to the trash")
    assert in_trash() == {"hills-half.jpg"}
    assert {path.name for path in (album / "old").iterdir()} == {
        "bird-again.jpg",
        "hills-mirrored.jpg",
        "bridge-bar.jpg",
    }

    review.get_by_role("button", name="Bring them back").click()
    expect(review.locator(".outcome")).to_contain_text("Brought back 1 file.")
    assert (album / "old" / "hills-half.jpg").exists()
    expect(review.locator(PROGRESS)).to_have_text("0 of 3 marked or done")


def test_every_mark_is_undone(review: Page) -> None:
    show_group_of(review, "hills-half.jpg")
    review.keyboard.press("1")
    expect(review.locator(".message")).to_contain_text("One file of a group has to stay")
    expect(going(review)).to_have_count(2)
    for key in ("2", "3"):
        review.keyboard.press(key)
    expect(review.locator(".badge.marked")).to_have_text("Marked: all stay")
    review.keyboard.press("u")
    expect(review.locator(".badge.marked")).to_have_count(0)
    expect(review.locator(PROGRESS)).to_have_text("0 of 3 marked or done")
    turn(review, "j" if review.get_by_text("Group 1 of 3").is_visible() else "k")
    review.keyboard.press("Control+z")
    expect(review.locator(".candidate .name").get_by_text("hills-half.jpg")).to_be_visible()
    expect(review.locator(".badge.marked")).to_have_text("Marked: all stay")
    for _ in range(2):
        review.keyboard.press("z")
    expect(review.locator(PROGRESS)).to_have_text("0 of 3 marked or done")
    review.keyboard.press("z")
    expect(review.locator(".message")).to_have_text("There is nothing to undo.")


def test_enter_marks_group_after_group_as_proposed(review: Page, album: Path) -> None:
    for _ in range(3):
        before = review.get_by_role("heading", level=2).inner_text()
        review.keyboard.press("Enter")
        expect(review.get_by_role("heading", level=2)).not_to_have_text(before)
    expect(review.locator(PROGRESS)).to_contain_text("3 of 3 marked or done · 3 files to the trash")
    expect(review.locator(".message")).to_contain_text("All groups are marked")
    review.keyboard.press("a")
    review.get_by_role("dialog").get_by_role("button", name="Move to trash").click()
    expect(review.locator(".outcome")).to_contain_text("Moved 3 files")
    assert len({"bird.jpg", "bird-again.jpg"} & in_trash()) == 1
    assert in_trash() >= {"hills-half.jpg", "hills-mirrored.jpg"}
    assert (album / "bridge.jpg").exists()
    assert (album / "old" / "bridge-bar.jpg").exists(), "versions are not proposed for the trash"


def test_all_exact_copies_are_accepted_at_once(review: Page, album: Path) -> None:
    review.get_by_text("Mark many groups at once").click()
    review.get_by_role("button", name="Accept all exact copies").click()
    expect(review.locator(".message")).to_contain_text("Marked 1 group.")
    expect(review.locator(PROGRESS)).to_contain_text("1 file to the trash")
    review.get_by_label("Or by a folder").fill(str(album / "old"))
    review.get_by_role("button", name="Trash what lies there").click()
    expect(review.locator(PROGRESS)).to_contain_text("2 of 3 marked or done · 3 files to the trash")
    review.get_by_role("button", name="Undo last").click()
    expect(review.locator(PROGRESS)).to_contain_text("1 of 3 marked or done · 1 file to the trash")
    review.get_by_label("Or by a folder").fill(str(album / "nowhere"))
    review.get_by_role("button", name="Keep what lies there").click()
    expect(review.locator(".message")).to_contain_text("No open group")
    assert in_trash() == set()


def test_different_pictures_are_kept_apart_once_that_is_applied(review: Page, library: imsearch.Library) -> None:
    show_group_of(review, "bridge-bar.jpg")
    review.keyboard.press("d")
    expect(review.locator(PROGRESS)).to_have_text("1 of 3 marked or done")
    show_group_of(review, "bridge-bar.jpg")
    expect(review.locator(".badge.marked")).to_have_text("Marked as different")
    assert library.different() == []
    review.keyboard.press("a")
    review.get_by_role("dialog").get_by_role("button", name="Apply", exact=True).click()
    expect(review.locator(".badge.decided")).to_have_text("Different")
    assert len(library.different()) == 1
    review.keyboard.press("u")
    expect(review.locator(PROGRESS)).to_have_text("0 of 3 marked or done")
    assert library.different() == []


def test_files_with_the_same_bytes_cannot_be_called_different(review: Page) -> None:
    show_group_of(review, "bird-again.jpg")
    review.get_by_role("button", name="These are different").click()
    expect(review.get_by_role("alert")).to_contain_text("same bytes")


def test_a_file_that_cannot_be_moved_is_told(review: Page, album: Path, stripes: bytes) -> None:
    show_group_of(review, "hills-half.jpg")
    review.keyboard.press("Enter")
    expect(review.locator(PROGRESS)).to_contain_text("2 files to the trash")
    (album / "old" / "hills-half.jpg").write_bytes(stripes)  # which is no copy of anything
    review.keyboard.press("a")
    expect(review.get_by_role("dialog").get_by_role("alert")).to_contain_text("hills-half.jpg")
    review.get_by_role("dialog").get_by_role("button", name="Move to trash").click()
    expect(review.get_by_role("alert")).to_contain_text("1 file stayed")
    expect(review.get_by_role("alert")).to_contain_text("hills-half.jpg")
    assert (album / "old" / "hills-half.jpg").exists()
    show_group_of(review, "hills-half.jpg")
    expect(review.locator(".badge.marked")).to_be_visible()


def test_what_was_done_to_a_file_is_said(review: Page) -> None:
    show_group_of(review, "hills-mirrored.jpg")
    card = review.locator(".candidate", has_text="hills-mirrored.jpg")
    expect(card.locator(".how")).to_have_text("Edited copy · mirrored, cropped to 75 %")
    show_group_of(review, "bird-again.jpg")
    expect(review.locator(".candidate .how", has_text="the same bytes")).to_have_count(1)
    show_group_of(review, "bridge-bar.jpg")
    how = review.locator(".candidate .how", has_text="Another version")
    expect(how).to_contain_text(re.compile(r"\b1[0-6] % changed"))  # the bar covers 12 %


def test_keys_can_be_switched_off_and_are_explained(review: Page) -> None:
    title = review.get_by_role("heading", level=2)
    review.keyboard.press("?")
    help_ = review.get_by_role("dialog", name="Keys")
    expect(help_).to_contain_text("next group")
    review.keyboard.press("j")
    review.keyboard.press("Escape")
    expect(help_).to_be_hidden()
    expect(title).to_contain_text("Group 1 of 3")
    review.get_by_role("checkbox", name="Keys").uncheck()
    for key in ("d", "j", "k", "Enter", "1"):
        review.keyboard.press(key)
    expect(title).to_contain_text("Group 1 of 3")
    expect(review.locator(PROGRESS)).to_have_text("0 of 3 marked or done")
    review.get_by_role("checkbox", name="Keys").check()
    review.keyboard.press("ArrowRight")
    expect(title).to_contain_text("Group 2 of 3")
    review.keyboard.press("ArrowLeft")
    expect(title).to_contain_text("Group 1 of 3")


def test_a_review_is_left_and_found_again(review: Page) -> None:
    show_group_of(review, "hills-half.jpg")
    review.keyboard.press("Enter")
    expect(review.locator(PROGRESS)).to_contain_text("1 of 3")
    review.get_by_role("button", name="Search again").click()
    review.get_by_role("button", name="Back to the last review (1 group marked, not applied)").click()
    expect(review.locator(PROGRESS)).to_contain_text("1 of 3")


# Comparing


STAGE = ".stage-view"


def compare(page: Page, name: str, key: str) -> None:
    """Show the group with a file, and compare that file in a mode."""
    show_group_of(page, name)
    page.get_by_role("button", name=f"Compare: {name}").click()
    page.keyboard.press(key)
    page.wait_for_function("[...document.querySelectorAll('.stage-view img')].every((image) => image.complete)")


def canvas(page: Page) -> NDArray[np.uint8]:
    """The pixels of the difference: height, width, and red, green, blue and alpha, in 0..255."""
    page.locator(f"{STAGE} canvas").wait_for()
    width, height, values = page.evaluate(
        """() => {
            const canvas = document.querySelector(".stage-view canvas");
            const { width, height } = canvas;
            return [width, height, [...canvas.getContext("2d").getImageData(0, 0, width, height).data]];
        }"""
    )
    return np.asarray(values, np.uint8).reshape(height, width, 4)


def seen(page: Page) -> NDArray[np.float64]:
    """The stage as it is shown: height, width, and red, green and blue, in 0..255."""
    with Image.open(io.BytesIO(page.locator(STAGE).screenshot())) as picture:
        return np.asarray(picture.convert("RGB"), np.float64)


def test_the_difference_of_an_unchanged_copy_is_dark(review: Page) -> None:
    show_group_of(review, "bird-again.jpg")
    review.keyboard.press("v")
    assert canvas(review)[..., :3].max() == 0


def test_the_difference_of_a_bar_is_bright_where_the_bar_is(review: Page) -> None:
    show_group_of(review, "bridge-bar.jpg")
    review.keyboard.press("v")
    pixels = canvas(review).astype(float)
    height, width = pixels.shape[:2]
    bright, there = pixels[..., :3].max(-1), pixels[..., 3] > 0
    left, top, right, bottom = BAR
    bar = np.zeros((height, width), bool)
    bar[int(top * height) + 3 : int(bottom * height) - 3, int(left * width) + 3 : int(right * width) - 3] = True
    assert bright[bar].mean() > 50
    above = there.copy()
    above[int(top * height) - 3 :] = False
    assert bright[above].mean() < 15
    outline, stage = (review.locator(f"{STAGE} {part}").last.bounding_box() for part in ("polygon", ".difference"))
    assert outline is not None
    assert stage is not None
    assert (outline["x"] - stage["x"]) / stage["width"] == pytest.approx(left, abs=0.04)
    assert (outline["y"] + outline["height"] - stage["y"]) / stage["height"] == pytest.approx(bottom, abs=0.04)


def test_an_edited_copy_is_laid_over_the_original(review: Page) -> None:
    compare(review, "hills-mirrored.jpg", "o")
    base, laid = (review.locator(f"{STAGE} {part} img").bounding_box() for part in (".layer:nth-child(1)", ".laid"))
    assert base is not None
    assert laid is not None
    assert (laid["x"] - base["x"]) / base["width"] == pytest.approx(0.25, abs=0.02), "its left quarter was cut off"
    assert laid["x"] + laid["width"] == pytest.approx(base["x"] + base["width"], abs=4)
    review.get_by_label("Opacity").fill("0")
    without = seen(review)
    review.get_by_label("Opacity").fill("100")
    with_ = seen(review)
    assert np.abs(with_ - without).mean() < 12, "mirrored back, it shows the same"


def bar_of(page: Page) -> NDArray[np.bool_]:
    """For each of ten columns of the stage, from left to right, whether the white bar is seen there."""
    box, stage = page.locator(f"{STAGE} .layer:nth-child(1) img").bounding_box(), page.locator(STAGE).bounding_box()
    assert box is not None
    assert stage is not None
    row = int(box["y"] - stage["y"] + box["height"] * (BAR[1] + BAR[3]) / 2)
    strip = seen(page)[row - 4 : row + 5].min(axis=(0, 2))
    begin = box["x"] - stage["x"]
    columns = np.linspace(begin + box["width"] * 0.15, begin + box["width"] * 0.85, 10).astype(int)
    white: NDArray[np.bool_] = strip[columns] > 245
    return white


def test_the_divider_is_moved_by_pointer_and_keys(review: Page) -> None:
    show_group_of(review, "bridge-bar.jpg")
    review.keyboard.press("s")
    divider = review.get_by_label("Divider")
    expect(divider).to_have_value("50")
    divider.fill("0")
    one_side = bar_of(review)
    divider.fill("100")
    assert one_side.all() != bar_of(review).all(), "one of the two pictures has the bar"
    divider.focus()
    review.keyboard.press("Home")
    review.keyboard.press("ArrowRight")
    expect(divider).to_have_value("1")
    expect(review.get_by_role("heading", level=2)).to_contain_text("Versions")  # the same group
    stage = review.locator(STAGE).bounding_box()
    handle = review.locator(".divider").bounding_box()
    assert stage is not None
    assert handle is not None
    middle = stage["y"] + stage["height"] / 4
    review.mouse.move(handle["x"] + handle["width"] / 2, middle)
    review.mouse.down()
    review.mouse.move(stage["x"] + stage["width"] / 2, middle, steps=4)
    review.mouse.up()
    expect(divider).to_have_value("50")
    half = bar_of(review)
    assert half[:4].all() != half[-4:].all()


def test_two_pictures_blink(review: Page) -> None:
    show_group_of(review, "bridge-bar.jpg")
    review.keyboard.press("b")
    stage = review.locator(STAGE)
    for state in (re.compile("second"), re.compile("mode$"), re.compile("second")):
        expect(stage).to_have_class(state)
    review.keyboard.press("b")
    expect(review.get_by_label("By itself")).not_to_be_checked()
    first = bar_of(review).all()
    review.get_by_role("button", name="Show the other").click()
    assert bar_of(review).all() != first


def test_nothing_blinks_by_itself_where_little_motion_is_wanted(browser: Browser, address: str) -> None:
    with tab(browser, address, "/?view=duplicates", calm=True) as page:
        search(page)
        page.clock.install()
        page.keyboard.press("b")
        expect(page.get_by_label("By itself")).not_to_be_checked()
        page.clock.fast_forward(5000)
        expect(page.locator(STAGE)).to_have_class("stage-view blink-mode")
        page.keyboard.press("b")
        expect(page.locator(STAGE)).to_have_class("stage-view blink-mode second")


def transforms(page: Page) -> list[str]:
    return [plane.evaluate("(plane) => plane.style.transform") for plane in page.locator(".plane").all()]


@pytest.mark.parametrize("key", ["p", "o", "s", "b", "v"])
def test_zoom_and_place_are_the_same_for_both(review: Page, key: str) -> None:
    show_group_of(review, "hills-half.jpg")
    review.keyboard.press(key)
    whole = transforms(review)
    review.keyboard.press("+")
    by_key = transforms(review)
    review.locator(STAGE).hover(position={"x": 60, "y": 60})
    review.mouse.wheel(0, -300)
    expect(review.locator(".plane").first).not_to_have_attribute("style", re.compile(re.escape(by_key[0])))
    by_wheel = transforms(review)
    review.mouse.down()
    review.mouse.move(200, 300, steps=3)
    review.mouse.up()
    dragged = transforms(review)
    states = (whole, by_key, by_wheel, dragged)
    assert [len({*state}) for state in states] == [1, 1, 1, 1], "each shows the same place of both"
    assert len({state[0] for state in states}) == 4
    review.keyboard.press("0")
    assert transforms(review) == whole


def test_the_zoom_stays_while_the_mode_changes(review: Page) -> None:
    show_group_of(review, "hills-half.jpg")
    review.keyboard.press("o")
    review.keyboard.press("+")
    before = transforms(review)
    review.keyboard.press("p")
    expect(review.locator(STAGE)).to_have_class(re.compile("zoomed"))
    review.keyboard.press("o")
    assert transforms(review) == before


def test_another_file_is_compared_and_marked_meanwhile(review: Page) -> None:
    show_group_of(review, "hills-half.jpg")
    review.keyboard.press("o")
    note = review.locator(".compare-bar .hint")
    first = note.inner_text()
    review.keyboard.press("c")
    expect(note).not_to_have_text(first)
    review.keyboard.press(str(place_of(review, "hills-half.jpg")))
    expect(going(review)).to_have_text(["hills-mirrored.jpg"])
    review.keyboard.press("f")
    expect(review.locator(".compare")).to_be_hidden()


# Everyone


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_review_is_accessible_and_fits(
    browser: Browser,
    address: str,
    scheme: Scheme,
    viewport: ViewportSize,
) -> None:
    with tab(browser, address, "/?view=duplicates", viewport=viewport, scheme=scheme) as page:
        search(page)
        look(page, "review")
        page.get_by_text("Mark many groups at once").click()
        page.get_by_role("button", name="Accept all exact copies").click()
        expect(page.locator(PROGRESS)).to_contain_text("1 file")
        show_group_of(page, "bird-again.jpg")
        look(page, "marked group")
        show_group_of(page, "bridge-bar.jpg")
        for key, mode in (("p", "pair"), ("o", "overlay"), ("s", "swipe"), ("b", "blink"), ("v", "difference")):
            page.keyboard.press(key)
            expect(page.locator(f".{mode}-mode")).to_be_visible()
            look(page, mode)
        page.keyboard.press("?")
        look(page, "keys")
        page.keyboard.press("Escape")
        page.keyboard.press("a")
        expect(page.get_by_role("dialog")).to_be_visible()
        look(page, "confirmation")
        page.get_by_role("button", name="Move to trash").click()
        expect(page.locator(".outcome")).to_be_visible()
        look(page, "what was moved")
