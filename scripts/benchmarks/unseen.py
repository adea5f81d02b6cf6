"""Edits beside those of `imsearch.evaluation.edits`, with which `scripts/bench verdicts` measures verdicts."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

SEED = 5


def _noisy(sigma: float) -> Callable[[Image.Image], Image.Image]:
    """Noise of this standard deviation, in levels, in each channel."""

    def noisy(image: Image.Image) -> Image.Image:
        noise = np.random.default_rng(SEED).normal(0, sigma, (image.height, image.width, 3))
        return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))

    return noisy


def _seen_aslant(image: Image.Image) -> Image.Image:
    width, height = image.size
    plane = (1.1, 0.08, -0.02 * width, 0.05, 1.15, -0.02 * height, 0.15 / width, 0.2 / height)
    return image.transform(image.size, Image.Transform.PERSPECTIVE, plane, Image.Resampling.BICUBIC)


def _tilted(strength: float) -> Callable[[Image.Image], Image.Image]:
    """A perspective view, on grey: the far edge is shorter by twice this share of its length, and all is foreshortened
    by 0.6 of it."""

    def tilted(image: Image.Image) -> Image.Image:
        width, height = image.size
        far, depth = strength * width, strength * 0.6 * height
        corners = np.array([[far, 0], [width - far, 0], [width, height - depth], [0, height - depth]])
        size = (width, max(1, round(height - depth)))
        plane = _plane(corners, np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64))
        return image.transform(size, Image.Transform.PERSPECTIVE, plane, Image.Resampling.BICUBIC, fillcolor="grey")

    return tilted


def _plane(seen: NDArray[np.float64], source: NDArray[np.float64]) -> list[float]:
    """The eight numbers of the homography from the four points ``seen`` to those of the ``source``, as Pillow wants."""
    rows = []
    for (x, y), (u, v) in zip(seen, source, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    return [float(value) for value in np.linalg.solve(np.array(rows), source.ravel())]


def _screenshot(image: Image.Image) -> Image.Image:
    """On a dark page with bars above and below, scaled."""
    small = image.resize((max(1, image.width * 3 // 4), max(1, image.height * 3 // 4)), Image.Resampling.LANCZOS)
    page = Image.new("RGB", (small.width + 40, small.height + 160), (24, 26, 30))
    page.paste((58, 110, 200), (0, 0, page.width, 48))
    page.paste((240, 240, 240), (0, page.height - 40, page.width, page.height))
    page.paste(small, (20, 80))
    return page


def collage(image: Image.Image) -> Image.Image:
    """One of four, the others being its own mirror images in false colors."""
    width, height = image.size
    page = Image.new("RGB", (2 * width, 2 * height))
    page.paste(image, (0, 0))
    for at, color in (((width, 0), "red"), ((0, height), "green"), ((width, height), "blue")):
        page.paste(ImageOps.colorize(ImageOps.grayscale(ImageOps.flip(image)), "black", color), at)
    return page


def _part_mirrored(image: Image.Image) -> Image.Image:
    width, height = image.size
    return ImageOps.mirror(image.crop((width // 5, height // 10, width * 4 // 5, height * 8 // 10)))


UNSEEN: dict[str, Callable[[Image.Image], Image.Image]] = {
    "noise": _noisy(18),
    "aslant": _seen_aslant,
    "screenshot": _screenshot,
    "collage": collage,
    "part mirrored": _part_mirrored,
    "rotate 40": lambda image: image.rotate(40, Image.Resampling.BICUBIC, expand=True),
    "stretched": lambda image: image.resize((image.width, max(1, image.height * 3 // 4))),
    "a quarter": lambda image: image.resize((max(1, image.width // 4), max(1, image.height // 4))),
    "contrast": lambda image: ImageEnhance.Contrast(image).enhance(1.8),
    "posterised": lambda image: ImageOps.posterize(image, 2),
    "edges": lambda image: image.filter(ImageFilter.UnsharpMask(4, 250, 0)),
    "sepia": lambda image: ImageOps.colorize(ImageOps.grayscale(image), (40, 20, 0), (255, 240, 200)),
}

HARD: dict[str, Callable[[Image.Image], Image.Image]] = {
    "tilted 5 %": _tilted(0.05),
    "tilted 12 %": _tilted(0.12),
    "tilted 20 %": _tilted(0.2),
    "heavy noise": _noisy(45),
}
"""Edits that hide more than others, or look like another photograph."""
