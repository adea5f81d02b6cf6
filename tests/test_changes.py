"""What differs between a picture and what was made of it: where, how much, and whose it is."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from comparing import Box, bounds, common, compared, proof_of
from PIL import Image, ImageDraw, ImageFont, ImageOps

from imsearch.images import decode
from imsearch.types.hits import Proof, Quadrilateral
from imsearch.verify.proof import Comparison


@pytest.fixture(scope="module")
def photo(photos: list[Path]) -> Image.Image:
    """A photograph with texture nearly everywhere."""
    path = next(path for path in photos if path.name == "dogs.jpg")
    return decode.decode(path.read_bytes()).image


@pytest.fixture(scope="module")
def page() -> Image.Image:
    """A form with a table of numbers."""
    return form(["4125.80", "1730.55", "2964.25", "8307.10"])


def form(sums: list[str], size: tuple[int, int] = (600, 800)) -> Image.Image:
    image = Image.new("RGB", size, (250, 250, 246))
    draw = ImageDraw.Draw(image)
    draw.text((40, 40), "Statement of account", (10, 10, 60), ImageFont.load_default(36))
    for row in range(16):
        draw.text(
            (40, 120 + 32 * row), f"Item {1371 * (row + 3) % 9973}  {'rent heat water'[row:]}", (20, 20, 20), FONT
        )
        draw.line((40, 148 + 32 * row, 560, 148 + 32 * row), (150, 150, 150))
    for row, text in enumerate(sums):
        draw.text((420, 120 + 128 * row), text, (20, 20, 20), FONT)
    return image


FONT = ImageFont.load_default(24)


def captioned(image: Image.Image, text: str, top: int) -> tuple[Image.Image, Box]:
    """The image with white words outlined in black, as on memes, and the box of the words."""
    out = image.copy()
    draw = ImageDraw.Draw(out)
    font = ImageFont.load_default(image.width // 9)
    draw.text((30, top), text, (255, 255, 255), font, stroke_width=4, stroke_fill=(0, 0, 0))
    left, upper, right, lower = draw.textbbox((30, top), text, font, stroke_width=4)
    return out, (int(left), int(upper), int(right), int(lower))


def area(box: Box) -> float:
    return float((box[2] - box[0]) * (box[3] - box[1]))


def found_at(parts: tuple[Quadrilateral, ...], box: Box) -> tuple[float, float]:
    """The share of a box that parts cover, and the share of the parts that lies near it."""
    boxes = [bounds(part) for part in parts]
    room = 24
    near = (box[0] - room, box[1] - room, box[2] + room, box[3] + room)
    covered = sum(common(each, box) for each in boxes) / area(box)
    return covered, sum(common(each, near) for each in boxes) / max(1.0, sum(map(area, boxes)))


def changes(probe: Image.Image, hit: Image.Image) -> Comparison:
    comparison = compared(probe, hit)
    assert comparison is not None
    assert comparison.changes is not None
    return comparison


# Something was put over a part


def share_found_at(proof: Proof, box: Box, photo: Image.Image) -> float:
    """The share of the photo that a box takes, in which the proof of a copy must say that something changed."""
    assert proof.verdict == "copy"
    covered, near = found_at(proof.changed_parts, box)
    assert covered > 0.6
    assert near > 0.8
    return area(box) / (photo.width * photo.height)


def test_a_caption_is_found_where_it_is(photo: Image.Image) -> None:
    made, box = captioned(photo, "NOT TODAY", 600)
    proof = proof_of(made, photo)
    share = share_found_at(proof, box, photo)
    assert 0.4 * share < proof.changed < 2.5 * share
    back = proof_of(photo, made)
    assert back.verdict == "copy"
    assert found_at(back.changed_parts, box)[0] > 0.6


@pytest.mark.parametrize("color", [(0, 0, 0), (255, 255, 255), (200, 30, 30), (128, 128, 128)])
def test_a_bar_is_found_where_it_is(photo: Image.Image, color: tuple[int, int, int]) -> None:
    box = (100, 300, 340, 380)
    made = photo.copy()
    made.paste(color, box)
    proof = proof_of(made, photo)
    share = share_found_at(proof, box, photo)
    assert 0.5 * share < proof.changed < 2.5 * share


def test_a_part_is_told_in_the_pixels_of_a_hit_that_is_turned_and_cropped(photo: Image.Image) -> None:
    made, box = captioned(photo, "HELLO", 400)
    left, top = 20, 50
    hit = made.crop((left, top, photo.width - 30, photo.height - 60)).transpose(Image.Transpose.ROTATE_90)
    proof = proof_of(photo, hit)
    assert proof.verdict == "copy"
    # Turned counter-clockwise by a quarter, (x, y) is at (y, width - x).
    width = photo.width - 30 - left
    turned = (box[1] - top, width - (box[2] - left), box[3] - top, width - (box[0] - left))
    covered, near = found_at(proof.changed_parts, turned)
    assert covered > 0.6
    assert near > 0.8


def test_a_drawing_in_another_color_is_seen_although_its_grey_is_the_same(photo: Image.Image) -> None:
    """The patch is as dark as what was there, and red instead of green."""
    box = (150, 350, 330, 500)
    pixels = np.asarray(photo).astype(np.float32)
    region = pixels[box[1] : box[3], box[0] : box[2]]
    luma = region @ np.array([0.299, 0.587, 0.114], np.float32)
    tinted = np.stack([luma * 1.9, luma * 0.55, luma * 0.9], axis=2)
    scale = luma / np.maximum(tinted @ np.array([0.299, 0.587, 0.114], np.float32), 1)
    pixels[box[1] : box[3], box[0] : box[2]] = np.clip(tinted * scale[..., None], 0, 255)
    made = Image.fromarray(pixels.astype(np.uint8))
    proof = proof_of(made, photo)
    assert proof.verdict == "copy"
    covered, near = found_at(proof.changed_parts, box)
    assert covered > 0.5
    assert near > 0.8


# Another number, another text


def test_another_number_in_a_form_is_seen_where_it_is(page: Image.Image) -> None:
    other = form(["4125.80", "1730.55", "7158.39", "8307.10"])
    proof = proof_of(other, page)
    assert proof.changed > 0
    _, near = found_at(proof.changed_parts, (420, 376, 540, 404))
    assert near > 0.8


def test_statements_with_other_sums_are_not_the_same(page: Image.Image) -> None:
    other = form(["9371.18", "2046.92", "7158.33", "6649.07"])
    proof = proof_of(other, page)
    assert proof.verdict == "similar" or proof.changed > 0


@pytest.mark.parametrize("name", ["sunset.jpg", "astronaut.jpg"])
def test_two_captions_on_one_template_are_both_something_of_their_own(photos: list[Path], name: str) -> None:
    template = decode.decode(next(path for path in photos if path.name == name).read_bytes()).image
    below = template.height - template.width // 9 - 20
    one, other = (
        captioned(captioned(template, first, 20)[0], second, below)[0]
        for first, second in (("NOT TODAY", "MY FRIEND"), ("WHY NOT ?", "SO WHAT !"))
    )
    assert proof_of(jpeg(one, 75), jpeg(other, 75)).verdict == "similar"
    for each in (changes(one, template), changes(other, template)):  # over the template, a caption is one picture's
        assert each.changes is not None
        assert each.changes.mutual < 0.05
        assert each.is_copy


# Plain edits


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")


PLAIN: dict[str, Callable[[Image.Image], Image.Image]] = {
    "nothing": lambda image: image.copy(),
    "JPEG": lambda image: jpeg(image, 20),
    "grey": lambda image: ImageOps.grayscale(image).convert("RGB"),
    "sepia": lambda image: ImageOps.colorize(ImageOps.grayscale(image), (40, 20, 0), (255, 240, 200)),
    "a quarter turn": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    "mirrored": ImageOps.mirror,
    "half the size": lambda image: image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS),
    "a crop": lambda image: image.crop((60, 80, image.width - 40, image.height - 30)),
    "a frame": lambda image: ImageOps.expand(image, 40, (255, 255, 255)),
    "lighter": lambda image: image.point(lambda level: int(255 * (level / 255) ** 0.7)),
}


@pytest.mark.parametrize("edit", PLAIN)
def test_plain_edits_change_nothing(photo: Image.Image, edit: str) -> None:
    for probe, hit in ((PLAIN[edit](photo), photo), (photo, PLAIN[edit](photo))):
        proof = proof_of(probe, hit)
        assert proof.verdict == "copy"
        assert proof.changed <= 0.01
        assert (proof.changed == 0) == (proof.changed_parts == ())


def test_colors_that_went_are_told(photo: Image.Image) -> None:
    grey = PLAIN["grey"](photo)
    comparison = changes(grey, photo)
    assert comparison.changes is not None
    assert comparison.changes.grey == (True, False)
    comparison = changes(photo, grey)
    assert comparison.changes is not None
    assert comparison.changes.grey == (False, True)
