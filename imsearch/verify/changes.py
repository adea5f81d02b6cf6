"""What differs between two pictures that otherwise agree: where, how much of the overlap, and whose it is.

A caption, a bar or a logo was put over one of the pictures, while the other shows what had been there. Where both
show something of their own instead (two captions on one template, two letters on one letterhead, things that have
moved), neither was made from the other.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imsearch.verify import vision
from imsearch.verify.pixels import EXPLAINED, STRIDE, WINDOW, Windows
from imsearch.verify.registration import SURROUNDINGS, Overlap

OFF_TONE = 48.0
"""The difference of color, in levels, that the change of tone of the rest does not explain, from which a window
differs."""

STROKE = 48.0
"""The difference, in grey levels, from which a stroke is not the other picture's."""

NOISY = 3.0
"""The same for noisy pictures, as a multiple of the difference that one pixel of twenty has."""

EDGE = 20.0
"""The gradient, in levels per pixel, from which a pixel is near an edge: there pictures that were compressed, sharpened
or shrunk differ most."""

RARE = 0.999
"""The share of the pixels near edges that differ by chance only."""

FAINT = 1.6
"""How many times more a faint stroke differs than those do."""

LEVELS = 8.0
"""Levels that are added to what they differ by: a picture that was not compressed differs by nothing."""

AROUND = 31
"""The side, in pixels, of the square around what differs most that has no say in what differs by chance."""

NOTHING = 1.5
"""The mean gradient of a part, in levels per pixel, below which it shows nothing."""

UNLIKE = 2.0
"""How many times stronger the gradients of a part must be in one picture than in the other, so that it was covered or
drawn over in one of them, and is not something of its own in each."""

COLORED = 2.5
"""The least strength of color, in levels, of a picture that is not grey: compression and noise make as much."""

MANY = 2000
"""The number of windows from which a change of tone is fitted to a quarter of them."""

PALER = 0.5
"""The share of the other picture's strength of color below which a picture has lost some of its colors."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What differs in an overlap.

    ``share`` is the share of the overlap that differs, ``textured`` that of its textured windows. ``mutual`` is the
    share of those by which neither picture was made from the other: where both show something of their own, and the
    smaller one of what only the one and only the other shows. ``parts`` are boxes around what differs (left, top,
    right, bottom) in pixels of the frame. ``grey`` says for the picture that is laid upon the other, and for the other,
    whether it has lost colors that the other one has.
    """

    share: float
    textured: float
    mutual: float
    parts: tuple[tuple[int, int, int, int], ...]
    grey: tuple[bool, bool]


def changes_of(
    overlap: Overlap, windows: Windows, laid: NDArray[np.uint8], below: NDArray[np.uint8], *, closely: bool = False
) -> Changes:
    """What differs in an overlap; ``laid`` and ``below`` are its two pictures in color, uint8 (height, width, 3).

    ``closely`` also finds strokes as small as one digit of a number; it is meant for two pictures that were found to
    agree, and are now compared with more of their pixels.
    """
    inside = vision.eroded(overlap.there, WINDOW)[::STRIDE, ::STRIDE]
    upper, lower = _means(laid), _means(below)
    colors = _strengths_of_color(upper, inside), _strengths_of_color(lower, inside)
    grey = _is_grey(colors[0], colors[1]), _is_grey(colors[1], colors[0])
    colorless = colors[0][0] < COLORED / 2, colors[1][0] < COLORED / 2
    off_tone = vision.opened(_off_tone(upper, lower, colorless, windows, inside), 3)
    differing = windows.differing | off_tone
    seen = overlap.there[::STRIDE, ::STRIDE]
    beyond = _Beyond.of(overlap, differing, closely=closely)
    differing |= (_faint_strokes(overlap, beyond) if closely else _strokes(beyond)) & seen
    if not differing.any():
        return Changes(0.0, 0.0, 0.0, (), grey)
    numbers, boxes = vision.parts(vision.grown(differing, 3))
    whose = np.where(windows.differing, _own(overlap, differing, numbers), 0)[windows.either]
    first, second, both = (float((whose == which).mean()) for which in (1, 2, 3))
    return Changes(
        float(differing.sum() / max(1, seen.sum())),
        float(differing[windows.either].mean()),
        both + min(first, second),
        tuple(_narrowed(box) for box in boxes),
        grey,
    )


def _narrowed(box: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """A box of windows as one of pixels, without the half window by which windows reach beyond what differs."""
    left, top, right, bottom = (side * STRIDE for side in box)
    across, down = (min(WINDOW // 2, (far - near) // 4) for near, far in ((left, right), (top, bottom)))
    return left + across, top + down, right - across, bottom - down


@dataclass(frozen=True, slots=True)
class _Beyond:
    """How far each pixel of either picture is beyond the lightest and the darkest one within a pixel in the other
    picture, in levels, float32 (height, width), where that is ``trusted``: this is no misplacement. Letters and digits
    may be so alike that their windows correlate, and still have strokes that only one of the pictures has."""

    levels: NDArray[np.float32]
    trusted: NDArray[np.bool_]

    @classmethod
    def of(cls, overlap: Overlap, differing: NDArray[np.bool_], *, closely: bool) -> "_Beyond":
        """Of two pictures brought to the same mean and deviation around each pixel, by the windows that are not known
        to be ``differing``. ``closely`` also takes them as they are, as what compression draws around letters makes a
        picture seem sharper than it is; the smaller difference counts."""
        known = overlap.there[::STRIDE, ::STRIDE] & ~vision.grown(differing, 5)
        trusted = overlap.there & _enlarged(known, overlap.there.shape)
        if not trusted.any():
            return cls(np.zeros_like(overlap.laid), trusted)
        levels = _levels_beyond(overlap.laid_soft, overlap.below_soft, trusted)
        if closely and overlap.softness:
            levels = np.minimum(levels, _levels_beyond(overlap.laid, overlap.below, trusted))
        return cls(levels, trusted)


def _levels_beyond(
    laid: NDArray[np.float32], below: NDArray[np.float32], trusted: NDArray[np.bool_]
) -> NDArray[np.float32]:
    laid, below = _same_tone(laid, below, trusted.astype(np.float32))
    return np.maximum(vision.outside(below, laid), vision.outside(laid, below)) * trusted


def _strokes(beyond: _Beyond) -> NDArray[np.bool_]:
    """The windows (rows, columns) with strokes that only one of the pictures has."""
    if not beyond.trusted.any():
        return _windows(beyond.trusted)
    usual = float(np.quantile(beyond.levels[beyond.trusted], 0.95))
    return _windows(vision.opened(beyond.levels > max(STROKE, NOISY * usual), 3))


def _faint_strokes(overlap: Overlap, beyond: _Beyond) -> NDArray[np.bool_]:
    """The same with strokes that stand out from all that differs by chance, however thin they are."""
    levels = vision.mean_of_windows(beyond.levels, 3) * vision.eroded(overlap.there, 9)
    edges = np.maximum(vision.gradients(overlap.laid_soft), vision.gradients(overlap.below_soft)) > EDGE
    near = beyond.trusted & vision.grown(edges, 5)
    row, column = np.unravel_index(int(levels.argmax()), levels.shape)
    near[max(0, row - AROUND // 2) : row + AROUND // 2 + 1, max(0, column - AROUND // 2) : column + AROUND // 2 + 1] = 0
    by_chance = float(np.quantile(levels[near], RARE)) if near.any() else 0.0
    return _windows(levels > FAINT * (by_chance + LEVELS))


def _windows(pixels: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A mask of pixels as one of the windows that hold any of them."""
    return vision.grown(pixels, WINDOW)[::STRIDE, ::STRIDE]


def _enlarged(mask: NDArray[np.bool_], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """A mask of windows as one of pixels."""
    return np.repeat(np.repeat(mask, STRIDE, axis=0), STRIDE, axis=1)[: shape[0], : shape[1]]


def _same_tone(
    one: NDArray[np.float32], other: NDArray[np.float32], weights: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Two images, of which the first was given the mean and the deviation that the other has around each pixel."""
    (mean, variance), (other_mean, other_variance) = (
        vision.statistics_of_windows(image, weights, SURROUNDINGS) for image in (one, other)
    )
    gain = np.clip((np.sqrt(other_variance) + 2) / (np.sqrt(variance) + 2), 0.25, 4)
    return other_mean + gain * (one - mean), other


def _own(overlap: Overlap, differing: NDArray[np.bool_], numbers: NDArray[np.int32]) -> NDArray[np.int32]:
    """For each window, whose own is the part that it is in, by its number: 1 or 2 for the picture that is bolder there,
    3 if both show something, 0 if one shows nothing, such as a bar. The edges of parts do not count, as they are drawn
    in any case."""
    inner = vision.eroded(differing, 5)
    within = np.where(np.isin(numbers, np.unique(numbers[inner])), inner, differing)
    counts = np.maximum(np.bincount(numbers[within], minlength=numbers.max() + 1), 1)
    one, other = (
        np.bincount(numbers[within], vision.gradients(image)[::STRIDE, ::STRIDE][within], len(counts)) / counts
        for image in (overlap.laid_soft, overlap.below_soft)
    )
    whose = np.where(one > UNLIKE * other, 1, np.where(other > UNLIKE * one, 2, 3))
    whose[np.minimum(one, other) < NOTHING] = 0
    return whose[numbers].astype(np.int32)


def _means(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The mean color around each window's centre: float32 (rows, columns, 3)."""
    return vision.mean_of_windows(image.astype(np.float32), WINDOW // 2)[::STRIDE, ::STRIDE]


def _strengths_of_color(color: NDArray[np.float32], inside: NDArray[np.bool_]) -> tuple[float, float]:
    """How far the colors of windows depart from a change of tone of a grey picture, such as sepia: the root mean square
    of what a polynomial of their lightness does not explain of the differences between the channels, in levels; of all
    windows, and of the nine tenths that depart least, as a page or a logo in color around a picture is not its own."""
    some = _some(inside)
    chosen = color[some][inside[some]].astype(np.float64)
    if len(chosen) < 4:
        return 0.0, 0.0
    light = chosen.mean(axis=1) / 255
    terms = np.stack([np.ones_like(light), light, light**2], axis=1)
    channels = chosen[:, :2] - chosen[:, 1:]
    kept, strengths = np.ones(len(chosen), bool), []
    for _ in range(3):
        fitted = np.linalg.lstsq(terms[kept], channels[kept], rcond=None)[0]
        away = np.mean((channels - terms @ fitted) ** 2, axis=1)
        strengths.append(float(np.sqrt(away[kept].mean())))
        kept = away <= np.quantile(away, 0.9)
    return strengths[0], strengths[-1]


def _is_grey(strengths: tuple[float, float], others: tuple[float, float]) -> bool:
    return any(
        other > COLORED and strength < max(PALER * other, COLORED / 2)
        for strength, other in zip(strengths, others, strict=True)
    )


def _off_tone(
    laid: NDArray[np.float32],
    below: NDArray[np.float32],
    colorless: tuple[bool, bool],
    windows: Windows,
    inside: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """The windows whose color is not what the change of tone of the others makes of it.

    The change of tone is fitted from either picture to the other one, as a color that only one of them has anywhere
    could be explained by it. Nothing brings back the colors of a picture that was made grey.
    """
    known = inside & ~(windows.either & (windows.correlation < EXPLAINED))
    if known.sum() < 50:
        return np.zeros_like(inside)
    off = np.zeros_like(inside)
    for source, target, possible in (
        (laid, below, not colorless[0] or colorless[1]),
        (below, laid, not colorless[1] or colorless[0]),
    ):
        if possible:
            most = OFF_TONE * max(1.0, _colorfulness(target[known]) / max(_colorfulness(source[known]), 1.0))
            off |= inside & (_away(source, target, known) > most)
    return off


def _away(source: NDArray[np.float32], target: NDArray[np.float32], known: NDArray[np.bool_]) -> NDArray[np.floating]:
    """How far the color of each window is from what the change of tone makes of it, in levels.

    The change of tone is a polynomial of the color and of the place, as filters and vignettes are, fitted to the
    windows that are ``known`` to agree.
    """
    some = _some(known)
    terms, aims, weights = _terms(source), target[some], known[some].astype(np.float64)
    few = np.ascontiguousarray(terms[some])
    fitted = _fitted(few, aims, weights)
    for _ in range(2):  # reweighted, so that what differs has no say
        away = np.abs(few @ fitted - aims).max(axis=2)
        fitted = _fitted(few, aims, known[some] / (1 + (away / 16) ** 2))
    return np.asarray(np.abs(terms @ fitted - target).max(axis=2))


def _fitted(
    terms: NDArray[np.float64], target: NDArray[np.float32], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The coefficients (n, 3) by which terms (rows, columns, n) give the colors of windows (rows, columns, 3)."""
    weighted = (terms * weights[..., None]).reshape(-1, terms.shape[2])
    normal = weighted.T @ terms.reshape(weighted.shape) + 1e-3 * np.eye(terms.shape[2])
    return np.asarray(np.linalg.solve(normal, weighted.T @ target.reshape(-1, 3)))


def _some(known: NDArray[np.bool_]) -> tuple[slice, slice]:
    """A quarter of the windows, where many are ``known``; else all."""
    step = 2 if np.count_nonzero(known) >= MANY else 1
    return np.s_[::step, ::step]


def _colorfulness(colors: NDArray[np.float32]) -> float:
    """The mean difference between the channels of colors (n, 3), in levels."""
    return float(np.ptp(colors, axis=1).mean())


def _terms(color: NDArray[np.float32]) -> NDArray[np.float64]:
    """The terms of the change of tone at each window: float64 (rows, columns, 15)."""
    blue, green, red = (color[..., channel].astype(np.float64) / 255 for channel in range(3))
    rows, columns = np.mgrid[-1 : 1 : len(color) * 1j, -1 : 1 : color.shape[1] * 1j]
    light = (blue + green + red) / 3
    terms = [np.ones_like(red), blue, green, red, blue**2, green**2, red**2, blue * green, blue * red, green * red]
    terms += [light**3, rows, columns, light * rows**2, light * columns**2]
    return np.stack(terms, axis=2)
