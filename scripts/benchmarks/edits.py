"""Edited copies, as people and programs make them: what `imsearch duplicates` is measured with."""

import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps


def _cropped(share: float) -> Callable[[Image.Image], Image.Image]:
    """The middle of the picture, with that share of its area."""

    def crop(picture: Image.Image) -> Image.Image:
        side = share**0.5
        width, height = picture.width * side, picture.height * side
        left, top = (picture.width - width) / 2, (picture.height - height) / 2
        return picture.crop((round(left), round(top), round(left + width), round(top + height)))

    return crop


def _recompressed(picture: Image.Image) -> Image.Image:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=20)
    return Image.open(buffer)


def _captioned(picture: Image.Image) -> Image.Image:
    captioned = picture.copy()
    band = (0, round(picture.height * 0.82), picture.width, picture.height)
    drawing = ImageDraw.Draw(captioned)
    drawing.rectangle(band, fill=(0, 0, 0))
    drawing.text(
        (band[2] // 8, band[1]), "seen last summer", fill=(255, 255, 255), font_size=max(8, picture.height // 8)
    )
    return captioned


EDITS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "JPEG of quality 20": _recompressed,
    "half the size": lambda picture: picture.reduce(2),
    "colours": lambda picture: ImageEnhance.Color(ImageEnhance.Brightness(picture).enhance(1.3)).enhance(1.5),
    "grey": lambda picture: ImageOps.grayscale(picture).convert("RGB"),
    "caption": _captioned,
    "frame": lambda picture: ImageOps.expand(picture, max(4, picture.width // 12), (255, 255, 255)),
    "blur": lambda picture: picture.filter(ImageFilter.GaussianBlur(max(picture.size) / 150)),
    "crop to 80 %": _cropped(0.8),
    "crop to 50 %": _cropped(0.5),
    "mirrored": ImageOps.mirror,
    "quarter turn": lambda picture: picture.transpose(Image.Transpose.ROTATE_90),
}


def make(sources: Sequence[Path], folder: Path) -> Iterator[tuple[Path, Path, str]]:
    """Write each edit of each source below ``folder``; gives the source, the edited copy and the edit's name."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, source in enumerate(sources):
        with Image.open(source) as opened:
            picture = ImageOps.exif_transpose(opened).convert("RGB")
        for place, (name, edit) in enumerate(EDITS.items()):
            copy = folder / f"{number:05}-{place:02}.jpg"
            edit(picture).save(copy, quality=90)
            yield source, copy, name
