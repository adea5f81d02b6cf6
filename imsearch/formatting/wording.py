"""Names and proofs of hits in words for people."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from imsearch.types.duplicates import Difference
    from imsearch.types.hits import Proof, Transform

SLIGHT = 0.03
"""Differences of shares and sizes below this are not mentioned, as a fit may be wrong by as much."""

_SIZES = {0.25: "a quarter of the size", 1 / 3: "a third of the size", 0.5: "half the size", 2.0: "twice the size"}

_DIFFERENCES: "dict[Difference, str]" = {
    "changed": "shows something else in part",
    "field-of-view": "shows more",
    "resolution": "has finer detail",
    "color": "colors differ",
    "photographed": "photographed again",
    "frames": "has other pages or frames",
    "transparency": "has transparent parts",
    "raw": "has the raw data of the camera",
}


def printable(text: str) -> str:
    """Text with control characters, and with bytes that are not UTF-8, replaced by escapes, so that it can be shown."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def changes(proof: "Proof | None") -> str:
    """The edits that turn a hit into the probe: ``mirrored, turned 90° left, cropped to 20 %, half the size, 2 %
    changed``. A hit that was ``photographed`` is a print or a screen, or the probe is.

    For a similar hit it is how cameras tell the two apart, or the number of the probe's features that were found in it.
    It is empty for a hit with the same pixels, and where the comparison found nothing.
    """
    if proof is not None and proof.apart is not None and proof.verdict == "similar":
        return f"another shot: {proof.apart}"
    if proof is None or proof.transform is None or proof.verdict == "exact":
        return ""
    if proof.verdict == "similar":
        return f"{proof.inliers} features found again"
    said = ["photographed"] * proof.photographed
    said += [*_moved(proof.transform), *_shares(proof), *_resized(proof.transform.scale)]
    said += [f"{_per_cent(proof.changed)} changed"] * (proof.changed > 0)
    return ", ".join(said) or "same framing"


def _moved(transform: "Transform") -> list[str]:
    """Mirroring and turning in words, in the order of the transform."""
    turned = round(transform.turned) % 360
    angle = f"{min(turned, 360 - turned)}°" + ("" if turned == 180 else " right" if turned < 180 else " left")
    return ["mirrored"] * transform.mirrored + [f"turned {angle}"] * bool(turned)


def _shares(proof: "Proof") -> list[str]:
    """The shares of the hit and of the probe that both show, in words."""
    said = []
    if proof.hit_overlap < 1 - SLIGHT:
        said.append(f"cropped to {_per_cent(proof.hit_overlap)}")
    if proof.probe_overlap < 1 - SLIGHT:
        said.append(f"{_per_cent(proof.probe_overlap)} of a larger picture")
    return said


def _resized(scale: float) -> list[str]:
    if abs(scale - 1) < SLIGHT:
        return []
    for size, name in _SIZES.items():
        if abs(scale / size - 1) < SLIGHT:
            return [name]
    return [f"{scale:.1f} times the size" if scale >= 1.5 else f"{_per_cent(scale)} of the size"]


def _per_cent(share: float) -> str:
    whole = round(100 * share)
    return f"{whole} %" if whole else "less than 1 %"


def differences(differs: "Iterable[Difference]") -> str:
    """What a version has that the file to keep has not: ``shows more, colors differ``; empty where there is nothing."""
    return ", ".join(_DIFFERENCES[each] for each in differs)
