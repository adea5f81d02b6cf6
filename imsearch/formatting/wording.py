"""Names and proofs of hits in words for people."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imsearch.types.hits import Proof, Transform

SLIGHT = 0.03
"""Differences of shares and sizes below this are not mentioned, as a fit may be wrong by as much."""

_SIZES = {0.25: "a quarter of the size", 1 / 3: "a third of the size", 0.5: "half the size", 2.0: "twice the size"}


def printable(text: str) -> str:
    """Text with control characters, and with bytes that are not UTF-8, replaced by escapes, so that it can be shown."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def changes(proof: "Proof | None") -> str:
    """The edits that turn a hit into the probe: ``mirrored, turned 90° left, cropped to 20 %, half the size``.

    For a similar hit it is the number of the probe's features that were found in it. It is empty for a hit with the
    same pixels, and where the comparison found nothing.
    """
    if proof is None or proof.transform is None or proof.verdict == "exact":
        return ""
    if proof.verdict == "similar":
        return f"{proof.inliers} features found again"
    said = [*_moved(proof.transform), *_shares(proof), *_resized(proof.transform.scale)]
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
