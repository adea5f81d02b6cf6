"""Sets of pictures of a known size, made of whatever photographs there are."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff"})
QUALITY = 90
PER_FOLDER = 500


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of picture: its size in pixels, lying on its long side, and how strong its noise is (see `photograph`)."""

    name: str
    width: int
    height: int
    noise: float


SMALL = Kind("small", 500, 375, 3.0)
"""As they come from the web and from data sets."""

LARGE = Kind("12 MP", 4000, 3000, 7.0)
"""As they come from telephones and cameras."""


def sources_in(folder: Path) -> list[Path]:
    """The pictures of a folder, by their names, in the order of their paths."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS)


def make(sources: list[Path], target: Path, kind: Kind, count: int, seed: int = 0) -> list[Path]:
    """Write ``count`` different JPEGs of one kind into folders below ``target``. Returns their paths."""
    noise = _sensor_noise(kind, seed)
    paths = []
    for number, image in enumerate(_cut(sources, kind, count, seed)):
        path = target / f"{number // PER_FOLDER:03d}" / f"{number:06d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(photograph(image, kind, noise, number))
        paths.append(path)
    return paths


def photograph(image: Image.Image, kind: Kind, noise: NDArray[np.int8], number: int) -> bytes:
    """A JPEG of ``kind`` showing ``image``.

    Resizing smooths: a picture that was enlarged compresses to a tenth of what a photograph of its size weighs, and
    is decoded quicker than one. The noise that is laid over it, as a sensor does, brings files of quality 90 to what
    cameras write, 0.25 to 0.4 bytes a pixel.
    """
    size = (kind.width, kind.height) if image.width >= image.height else (kind.height, kind.width)
    luma, *chroma = image.resize(size, Image.Resampling.LANCZOS).convert("YCbCr").split()
    across, down = np.random.default_rng([number]).integers(0, np.array(noise.shape) - size[::-1] + 1)
    part = noise[across : across + size[1], down : down + size[0]]
    noisy = np.clip(np.asarray(luma, np.int16) + part, 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.merge("YCbCr", [Image.fromarray(noisy), *chroma]).save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()


def _cut(sources: list[Path], kind: Kind, count: int, seed: int) -> Iterator[Image.Image]:
    """Parts of the sources in the proportions of ``kind``, on their side or upright like the source; a source that is
    used again gives another part, so that no two pictures are the same."""
    rng = np.random.default_rng([seed, kind.width])
    for number in range(count):
        with Image.open(sources[number % len(sources)]) as opened:
            image = ImageOps.exif_transpose(opened).convert("RGB")
        proportion = kind.width / kind.height if image.width >= image.height else kind.height / kind.width
        share = 1.0 if number < len(sources) else rng.uniform(0.7, 0.98)
        width = share * min(image.width, image.height * proportion)
        height = width / proportion
        left = rng.uniform(0, image.width - width)
        top = rng.uniform(0, image.height - height)
        yield image.crop((round(left), round(top), round(left + width), round(top + height)))


def _sensor_noise(kind: Kind, seed: int) -> NDArray[np.int8]:
    """Gaussian noise, a little larger than the picture, so that each picture gets another part of it."""
    side = max(kind.width, kind.height) + 64
    values = np.random.default_rng(seed).standard_normal((side, side), np.float32)
    noise: NDArray[np.int8] = np.clip(np.rint(values * kind.noise), -127, 127).astype(np.int8)
    return noise
