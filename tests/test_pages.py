"""HTML pages: whatever is put into them is text, and they come part by part."""

import os
import urllib.parse
from collections.abc import Iterator
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from imsearch.formatting.pages import AnswerSection, GroupSection, Item, answers_page, groups_page
from imsearch.formatting.wording import printable
from imsearch.types.hits import Region

NASTY = [
    "<script>alert(1)</script>",
    "\"'>&lt;",
    "' onload='x",
    "{{ 7 * 7 }}",
    "</li></ol>",
    "odd \udcff\x00\n",
    "a\\b",
]
names = (st.text(min_size=1) | st.sampled_from(NASTY)).filter(lambda name: "\0" not in name)


class Read(HTMLParser):
    """What a browser makes of a page: its tags with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for each, attributes in self.tags if each == tag]


def item(path: str, **more: object) -> Item:
    shown: dict[str, object] = {"address": "data:,x", "width": 4, "height": 3, "label": "0.900", "facts": ["4 x 3"]}
    return Item(path, **{**shown, **more})  # type: ignore[arg-type]


@given(names, names, names)
def test_names_and_errors_are_text_whatever_they_are(probe: str, path: str, error: str) -> None:
    sections = [AnswerSection(probe, "data:,p", [item(path)]), AnswerSection(probe, "", (), error)]
    page = Read("".join(answers_page(sections)))
    plain = Read("".join(answers_page([AnswerSection("p", "data:,p", [item("h")]), AnswerSection("p", "", (), "e")])))
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in plain.tags]
    for name in (probe, path, error):
        assert printable(name) in page.text
    assert [image["alt"] for image in page.all("img")] == ["the probe", printable(path)]


@given(names, names)
def test_reasons_are_text_too(path: str, reason: str) -> None:
    page = Read("".join(groups_page([GroupSection("copies", reason, [item(path)])])))
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "b"})
    assert f"keep: {printable(reason)}" in page.text
    assert page.all("img")[0]["alt"] == printable(path)


@given(names.filter(lambda name: "/" not in name and name not in (".", "..")))
def test_links_lead_to_the_file_whatever_bytes_its_name_has(name: str) -> None:
    try:
        path = os.fsencode(f"/photos/{name}")
    except UnicodeEncodeError:  # no file is called so
        return
    (link,) = Read("".join(groups_page([GroupSection("copies", "", [item(f"/photos/{name}")])]))).all("a")
    assert urllib.parse.unquote_to_bytes((link["href"] or "").removeprefix("file://")) == path


def test_a_picture_is_a_thumbnail_with_its_region_or_a_drawing_or_out_of_reach() -> None:
    shown = [
        item("a", outline=Region(1, 2, 3, 4), verdict="copy"),
        item("b", drawing='<svg class="match"></svg>'),
        item("c", address="", faded=True),
    ]
    text = "".join(answers_page([AnswerSection("probe", "", shown), AnswerSection("none", "data:,p", [])]))
    page = Read(text)
    (outline,) = page.all("rect")
    assert outline == {"x": "1", "y": "2", "width": "3", "height": "4"}
    assert [svg.get("class") for svg in page.all("svg")] == [None, "match"]
    assert [image["src"] for image in page.all("img")] == ["data:,x", "data:,p"]
    assert page.text.count("out of reach") == 2  # the first probe's picture, and the last hit's
    assert [each.get("class") for each in page.all("li")] == [None, "wide", "faded", None]
    assert ("copy" in page.text, "no hits" in page.text) == (True, True)


def test_a_page_allows_no_scripts_and_nothing_from_elsewhere() -> None:
    (policy,) = (tag for tag in Read("".join(groups_page([]))).all("meta") if "http-equiv" in tag)
    assert policy["content"] == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def test_a_page_is_written_while_its_pictures_are_read() -> None:
    asked = []

    def groups() -> Iterator[GroupSection]:
        for number in range(3):
            asked.append(number)
            yield GroupSection("copies", f"reason {number}", (item(f"{number}{at}") for at in "ab"))

    for part in groups_page(groups()):
        if "reason 0" in part:
            assert asked == [0]
    assert asked == [0, 1, 2]
