"""Edited copies, as people and programs make them: what `imsearch duplicates` is measured with."""

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

from benchmarks.unseen import collage

QUALITY = 90
"""The quality of the JPEGs that edits are written as, but for `LOW_QUALITY`."""

LOW_QUALITY = "JPEG of quality 20"

DRAWN = "drawing on white"
"""A drawing with transparent parts as a PNG, and as a JPEG. The original is made with the copy."""

Edit = Callable[[Image.Image], Image.Image]


def _shrunk(side: int) -> Edit:
    """With a long side of so many pixels."""

    def shrunk(picture: Image.Image) -> Image.Image:
        small = picture.copy()
        small.thumbnail((side, side), Image.Resampling.LANCZOS)
        return small

    return shrunk


def _cropped(share: float) -> Edit:
    """A part, off the middle, with that share of each side."""

    def crop(picture: Image.Image) -> Image.Image:
        width, height = max(1, round(picture.width * share)), max(1, round(picture.height * share))
        left, top = round((picture.width - width) * 0.4), round((picture.height - height) * 0.6)
        return picture.crop((left, top, left + width, top + height))

    return crop


def _barred(picture: Image.Image) -> Image.Image:
    """Under three bars, as of a censor."""
    barred = picture.copy()
    drawing = ImageDraw.Draw(barred)
    for across, down in ((0.15, 0.2), (0.5, 0.45), (0.3, 0.75)):
        left, top = across * picture.width, down * picture.height
        drawing.rectangle((left, top, left + 0.3 * picture.width, top + 0.08 * picture.height), fill=(0, 0, 0))
    return barred


def _watermarked(picture: Image.Image) -> Image.Image:
    """Under half-transparent words all over, aslant."""
    size = max(8, max(picture.size) // 16)
    reach = 2 * max(picture.size)
    layer = Image.new("L", (reach, reach))
    drawing, font = ImageDraw.Draw(layer), ImageFont.load_default(size)
    for row in range(0, reach, 3 * size):
        drawing.text((0, row), "sample picture   " * (reach // (8 * size) + 1), 110, font)
    left, top = (reach - picture.width) // 2, (reach - picture.height) // 2
    mask = layer.rotate(30, Image.Resampling.BICUBIC).crop((left, top, left + picture.width, top + picture.height))
    return Image.composite(Image.new("RGB", picture.size, "white"), picture, mask)


def _captioned(picture: Image.Image) -> Image.Image:
    captioned = picture.copy()
    band = (0, round(picture.height * 0.82), picture.width, picture.height)
    drawing = ImageDraw.Draw(captioned)
    drawing.rectangle(band, fill=(0, 0, 0))
    drawing.text(
        (band[2] // 8, band[1]), "seen last summer", fill=(255, 255, 255), font_size=max(8, picture.height // 8)
    )
    return captioned


def drawing(rng: random.Random) -> Image.Image:
    """Shapes and a letter on a transparent ground: RGBA, 400 x 400 pixels."""
    image = Image.new("RGBA", (400, 400))
    drawn = ImageDraw.Draw(image)
    for _ in range(10):
        left, top = rng.randint(20, 300), rng.randint(20, 300)
        box = (left, top, left + rng.randint(20, 380 - left), top + rng.randint(20, 380 - top))
        color = rng.randint(0, 220), rng.randint(0, 220), rng.randint(0, 220)
        match rng.choice(["ellipse", "rectangle", "part"]):
            case "ellipse":
                drawn.ellipse(box, color)
            case "rectangle":
                drawn.rectangle(box, color)
            case _:
                drawn.chord(box, 0, rng.randint(60, 300), color)
    drawn.text((rng.randint(40, 250), rng.randint(40, 250)), rng.choice("ABEFGHKMNPRSXZ"), (0, 0, 0), font_size=140)
    return image


EDITS: dict[str, Edit] = {
    "64 pixels": _shrunk(64),
    "96 pixels": _shrunk(96),
    "128 pixels": _shrunk(128),
    "160 pixels": _shrunk(160),
    "crop to 80 % of the sides": _cropped(0.8),
    "crop to 60 % of the sides": _cropped(0.6),
    "crop to 50 % of the sides": _cropped(0.5),
    "quarter turn": lambda picture: picture.transpose(Image.Transpose.ROTATE_90),
    "mirrored": ImageOps.mirror,
    "bars": _barred,
    "collage": collage,
    "watermark": _watermarked,
    LOW_QUALITY: lambda picture: picture,
    "grey": lambda picture: ImageOps.grayscale(picture).convert("RGB"),
    "blur": lambda picture: picture.filter(ImageFilter.GaussianBlur(max(picture.size) / 150)),
    "caption": _captioned,
    "frame": lambda picture: ImageOps.expand(picture, max(4, picture.width // 12), (255, 255, 255)),
}

NAMES = [*EDITS, DRAWN]
FILES = len(NAMES) + 1
"""How many files are written for each source."""


def make(sources: Sequence[Path], folder: Path) -> Iterator[tuple[Path, Path, str]]:
    """Write each edit of each source below ``folder``; gives the original, the edited copy and the edit's name."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, source in enumerate(sources):
        with Image.open(source) as opened:
            picture = ImageOps.exif_transpose(opened).convert("RGB")
        for place, (name, edit) in enumerate(EDITS.items()):
            copy = folder / f"{number:05}-{place:02}.jpg"
            edit(picture).save(copy, quality=20 if name == LOW_QUALITY else QUALITY)
            yield source, copy, name
        yield *_drawn(folder / f"{number:05}-drawn.png", number), DRAWN


def _drawn(original: Path, number: int) -> tuple[Path, Path]:
    image = drawing(random.Random(number))  # noqa: S311
    image.save(original)
    copy = original.with_suffix(".jpg")
    white = Image.new("RGBA", image.size, "white")
    Image.alpha_composite(white, image).convert("RGB").save(copy, quality=QUALITY)
    return original, copy
