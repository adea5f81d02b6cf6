"""The standard edits, such as people make of pictures that they pass on, for testing whether copies are found."""

import io
import random
from collections.abc import Callable

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

SIDE = 640
"""Before an edit, the picture is shrunk to fit a square of this side, in pixels, as pictures that are passed on are."""

_WORDS = ("when", "you", "see", "the", "same", "old", "picture", "again", "and", "nobody", "knows", "who", "took", "it")


def edited(image: Image.Image, edit: str, seed: bytes) -> Image.Image:
    """An RGB image after the edit of `EDITS` with this name. The same ``seed`` gives the same result."""
    small = image.copy()
    small.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    return EDITS[edit](small, random.Random(seed + edit.encode()))  # noqa: S311


def _crop(image: Image.Image, share: float, rng: random.Random) -> Image.Image:
    """A part of the image with this share of its area, at a random place."""
    width, height = (max(1, round(side * share**0.5)) for side in image.size)
    left, top = rng.randint(0, image.width - width), rng.randint(0, image.height - height)
    return image.crop((left, top, left + width, top + height))


def _jpeg(image: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")


def _turned(image: Image.Image, degrees: int) -> Image.Image:
    return image.rotate(degrees, Image.Resampling.BICUBIC, expand=True)


def _blurred(image: Image.Image) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(max(image.size) / 80))


def _recoloured(image: Image.Image, rng: random.Random) -> Image.Image:
    """The image made much darker or brighter, and much paler or more saturated."""
    brighter = ImageEnhance.Brightness(image).enhance(rng.choice([0.5, 1.6]))
    return ImageEnhance.Color(brighter).enhance(rng.choice([0.3, 2.5]))


def _any_colour(rng: random.Random) -> tuple[int, int, int]:
    return rng.randint(0, 255), rng.randint(0, 255), rng.randint(0, 255)


def _barred(image: Image.Image, rng: random.Random) -> Image.Image:
    """The image with six bars laid over it."""
    out = image.copy()
    draw = ImageDraw.Draw(out)
    for _ in range(6):
        left, top = rng.randint(0, image.width), rng.randint(0, image.height)
        draw.rectangle((left, top, left + image.width // 4, top + image.height // 12), fill=_any_colour(rng))
    return out


def _captioned(image: Image.Image, rng: random.Random) -> Image.Image:
    """The image below a white band with two lines of black text, as in a meme."""
    size = max(8, image.width // 16)
    text = "\n".join(" ".join(rng.sample(_WORDS, 5)) for _ in range(2))
    font = ImageFont.load_default(size)
    _, _, _, bottom = ImageDraw.Draw(image).multiline_textbbox((size // 2, size // 2), text, font)
    band = round(bottom) + size // 2
    out = Image.new("RGB", (image.width, image.height + band), (255, 255, 255))
    out.paste(image, (0, band))
    ImageDraw.Draw(out).multiline_text((size // 2, size // 2), text, (0, 0, 0), font)
    return out


def _framed(image: Image.Image, rng: random.Random) -> Image.Image:
    """The image on a plain page of three times its area."""
    width, height = image.size
    out = Image.new("RGB", (round(width * 1.6), round(height * 1.9)), _any_colour(rng))
    out.paste(image, (round(width * 0.3), round(height * 0.5)))
    return out


EDITS: dict[str, Callable[[Image.Image, random.Random], Image.Image]] = {
    "crop50": lambda image, rng: _crop(image, 0.5, rng),
    "crop20": lambda image, rng: _crop(image, 0.2, rng),
    "jpeg8": lambda image, rng: _jpeg(image, 8),
    "rotate15": lambda image, rng: _turned(image, 15),
    "rotate90": lambda image, rng: _turned(image, 90),
    "mirror": lambda image, rng: ImageOps.mirror(image),
    "blur": lambda image, rng: _blurred(image),
    "grey": lambda image, rng: ImageOps.grayscale(image).convert("RGB"),
    "colour": _recoloured,
    "overlay": _barred,
    "caption": _captioned,
    "frame": _framed,
}
"""The edits by their names, in which numbers are per cent of the area, JPEG's quality, or degrees."""
