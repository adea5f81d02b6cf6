"""The standard edits: what people do to pictures that they pass on, to test whether copies are found."""

import io
import random
from collections.abc import Callable

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

SIDE = 640
"""Edits begin with the picture shrunk to fit a square of this many pixels, as it is when it is passed on."""

_WORDS = ("when", "you", "see", "the", "same", "old", "picture", "again", "and", "nobody", "knows", "who", "took", "it")


def edited(image: Image.Image, edit: str, seed: bytes) -> Image.Image:
    """An RGB image as the edit of `EDITS` with this name leaves it; the same for the same ``seed``."""
    small = image.copy()
    small.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    return EDITS[edit](small, random.Random(seed + edit.encode()))  # noqa: S311


def _crop(image: Image.Image, share: float, rng: random.Random) -> Image.Image:
    """A part with this share of the area, anywhere."""
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
    """Much darker or brighter, and much paler or more lurid."""
    brighter = ImageEnhance.Brightness(image).enhance(rng.choice([0.5, 1.6]))
    return ImageEnhance.Color(brighter).enhance(rng.choice([0.3, 2.5]))


def _any_colour(rng: random.Random) -> tuple[int, int, int]:
    return rng.randint(0, 255), rng.randint(0, 255), rng.randint(0, 255)


def _barred(image: Image.Image, rng: random.Random) -> Image.Image:
    """Six bars laid over it."""
    out = image.copy()
    draw = ImageDraw.Draw(out)
    for _ in range(6):
        left, top = rng.randint(0, image.width), rng.randint(0, image.height)
        draw.rectangle((left, top, left + image.width // 4, top + image.height // 12), fill=_any_colour(rng))
    return out


def _captioned(image: Image.Image, rng: random.Random) -> Image.Image:
    """Two lines of black text on a white band above it, as memes have."""
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
    """Placed on a plain page that is three times as large."""
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
"""The edits by their names. The numbers are per cent of the area, JPEG's quality, and degrees."""
