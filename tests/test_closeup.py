"""A closer look at copies: what only all of their pixels show."""

import io
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from comparing import Box, appearance_in, bounds, common, compared
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

import imsearch
from imsearch.images import decode
from imsearch.verify.closeup import PAGE_SIDE, CloserLook, shows_more, side_for

A5 = (1169, 1654)
"""A page of A5 at 200 dots per inch."""

TEN_POINTS = 28

Edit = Callable[[Image.Image], Image.Image]


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    data = io.BytesIO()
    image.save(data, "JPEG", quality=quality)
    return decode.decode(data.getvalue()).image


EDITS: dict[str, Edit] = {
    "as it is": lambda page: page,
    "compressed": lambda page: jpeg(page, 75),
    "grey": lambda page: ImageOps.grayscale(page).convert("RGB"),
    "turned": lambda page: page.transpose(Image.Transpose.ROTATE_90),
    "cut": lambda page: page.crop((7, 5, page.width - 9, page.height - 3)),
}


def page(total: str, size: tuple[int, int] = A5, font: int = TEN_POINTS) -> tuple[Image.Image, Box]:
    """A page with a number on it, and the box of its last digit."""
    rng = random.Random(size[0])
    image = Image.new("RGB", size, (252, 252, 250))
    draw, letters = ImageDraw.Draw(image), ImageFont.load_default(font)
    for row in range(14):
        words = (
            f"Item {rng.randint(100, 9999)} of the {rng.choice(['form', 'list', 'sheet'])}, {rng.randint(10, 99)}.00"
        )
        draw.text((size[0] // 12, size[1] // 14 * (row + 0.5)), words, (20, 20, 24), letters)
    place = (size[0] * 0.55, size[1] * 0.95)
    draw.text(place, total, (20, 20, 24), letters)
    _, top, right, bottom = draw.textbbox(place, total, letters)
    return image, (int(right - draw.textlength(total[-1], letters)), int(top), int(right), int(bottom))


def looked(one: Image.Image, other: Image.Image) -> CloserLook:
    """The closer look at two copies in which nothing has changed as far as it was seen before."""
    comparison = compared(one, other)
    assert comparison is not None
    assert comparison.is_copy
    assert comparison.changes is not None
    assert comparison.changes.share == 0
    first, second = appearance_in(one), appearance_in(other)
    assert shows_more(first, second)
    return CloserLook.at(one, other, comparison.alignment.matrix, side_for(first, second))


@pytest.mark.parametrize("edit", EDITS)
def test_another_digit_on_a_page_is_seen(edit: str) -> None:
    one, _ = page("2964.25")
    other, _ = page("2964.26")
    found = looked(one, EDITS[edit](other))
    assert 0 < found.changed < 0.001


@pytest.mark.parametrize("size", [(600, 800), A5, (1654, 2339)])
def test_the_digit_is_outlined(size: tuple[int, int]) -> None:
    one, box = page("2964.25", size, max(24, size[1] // 60))
    other, _ = page("2964.26", size, max(24, size[1] // 60))
    found = looked(one, other)
    scale = max(size) / 320
    outlines = [bounds(tuple((x * scale, y * scale) for x, y in part)) for part in found.parts]
    assert outlines
    assert all(common(outline, box) > 0 for outline in outlines)


@pytest.mark.parametrize("edit", [*EDITS, "half the size", "hardly any quality", "blurred"])
def test_in_a_copy_of_a_page_nothing_has_changed(edit: str) -> None:
    more: dict[str, Edit] = {
        "half the size": lambda page: page.resize((page.width // 2, page.height // 2), Image.Resampling.LANCZOS),
        "hardly any quality": lambda page: jpeg(page, 30),
        "blurred": lambda page: page.filter(ImageFilter.GaussianBlur(8)),
    }
    image, _ = page("2964.25")
    assert looked(image, {**EDITS, **more}[edit](image)) == CloserLook()


def test_in_copies_of_photographs_nothing_has_changed(photos: list[Path]) -> None:
    path = next(path for path in photos if path.name == "dogs.jpg")
    photo = decode.decode(path.read_bytes()).image.resize((1500, 1000), Image.Resampling.LANCZOS)
    for edit in EDITS.values():
        assert looked(photo, edit(photo)) == CloserLook()


def test_pages_are_told_from_photographs(photos: list[Path]) -> None:
    image, _ = page("2964.25")
    assert side_for(appearance_in(image), appearance_in(jpeg(image, 40))) == PAGE_SIDE
    for path in photos[:8]:
        photo = appearance_in(decode.decode(path.read_bytes()).image)
        assert side_for(photo, photo) < PAGE_SIDE


def test_a_query_and_duplicates_tell_another_digit(tmp_path: Path, library: imsearch.Library) -> None:
    """Two pages are versions of each other, and none of them is for the trash."""
    one, _ = page("2964.25")
    other, box = page("2964.26")
    one.save(tmp_path / "one.png")
    other.save(tmp_path / "other.png")
    jpeg(other, 90).save(tmp_path / "again.jpg", quality=90)
    library.index(tmp_path)
    proofs = {Path(hit.path).name: hit.proof for hit in library.query(tmp_path / "other.png", k=3, verify=True)}
    again, different = proofs["again.jpg"], proofs["one.png"]
    assert again is not None
    assert (again.verdict, again.changed) == ("copy", 0)
    assert different is not None
    assert different.verdict == "copy"
    assert different.changed > 0
    assert all(common(bounds(part), box) > 0 for part in different.changed_parts)
    copies, versions = library.duplicates()
    assert (copies.kind, versions.kind) == ("copies", "versions")
    assert {Path(file.path).name for file in copies.files} == {"other.png", "again.jpg"}
    assert "one.png" in {Path(file.path).name for file in versions.files}
    assert all(file.proof.changed > 0 for file in versions.files if file.proof is not None)
