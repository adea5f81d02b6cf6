"""Verifying hits: they are compared with the probe, and ordered by their proofs."""

import itertools
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from imsearch.catalog.cache import JUDGMENTS, Cache
from imsearch.types.hits import Hit, Proof
from imsearch.verify.closeup import PAGE_SIDE, CloserLook, shows_more
from imsearch.verify.contents import Content
from imsearch.verify.cores import Cores
from imsearch.verify.features import Appearance, DecodedPicture, Features, features_of_probe
from imsearch.verify.judgment import points_of, same, with_changes
from imsearch.verify.order import Verified, ordered
from imsearch.verify.proof import Comparison, compare, prove
from imsearch.verify.store import FeatureStore
from imsearch.verify.word_store import WordStore

CANDIDATES = 120
"""The most pictures that a probe is compared with, unless more hits are asked for."""

STEP = 40
"""Pictures that are compared together. The next ones are compared if these had a copy, or if none was found yet."""

IDENTICAL = 0.97
"""The agreement from which all pixels are compared for equality."""


class WholeProbe(DecodedPicture, Protocol):
    """A probe with all of its pixels; ``digest`` and ``path`` are those of its file, None where it is none."""

    @property
    def digest(self) -> bytes | None:
        """SHA-256 of the file's bytes."""

    @property
    def path(self) -> bytes | None:
        """The path of the file."""


class Verifier:
    """Compares probes with pictures of one library. Safe to use from several threads.

    Its ``store`` of features, that of visual ``words``, its ``cores`` and the cache of ``judgments`` serve other
    comparisons too.
    """

    def __init__(self, folder: Path) -> None:
        """The cache of features is in ``folder``."""
        self.cores = Cores()
        self.store = FeatureStore(folder, self.cores)
        self.words = WordStore(folder, self.store, self.cores)
        self.judgments = Cache(folder, JUDGMENTS)

    def close(self) -> None:
        """Close the cache and end the threads."""
        self.cores.close()
        self.store.close()
        self.words.close()
        self.judgments.close()

    def verify(self, probe: WholeProbe, hits: Sequence[Hit], k: int) -> list[Hit]:
        """The hits with their proofs and new ranks, in the order that `order.ordered` describes.

        They are compared in the given order: the first ``k`` in any case, and others while copies are found. Pages
        among the first ``k`` of the new order are looked at closely.
        """
        features = features_of_probe(probe)
        verified = self._verified(probe, features, hits, k)
        digest = None if probe.digest is None else probe.digest.hex()
        found = ordered(hits, verified, digest, None if probe.path is None else os.fsdecode(probe.path))
        return [*self._looked_at(probe, features, found[:k]), *found[k:]]

    def _verified(self, probe: WholeProbe, features: Features, hits: Sequence[Hit], k: int) -> dict[str, Verified]:
        """The proofs of the hits that were compared, by digest."""
        pictures = list({hit.digest: hit for hit in hits}.values())
        verified: dict[str, Verified] = {}
        found_any = False
        for begin in range(0, len(pictures), STEP):
            step = self._compared(probe, features, pictures[begin : begin + STEP])
            verified.update(step)
            found = any(each.proof.verdict != "similar" for each in step.values())
            found_any = found_any or found
            if begin + STEP >= k and found_any and not found:
                break
        return verified

    def _compared(self, probe: WholeProbe, features: Features, hits: Sequence[Hit]) -> dict[str, Verified]:
        """The proofs of these hits, by digest. A hit whose file is unavailable counts as similar."""
        verified = {hit.digest: Verified(Proof("similar")) for hit in hits}
        contents = [_content(hit) for hit in hits]
        there = [
            (hit, content, found)
            for hit, content, found in zip(hits, contents, self.store.features(contents), strict=True)
            if found is not None and content.digest != probe.digest
        ]
        comparisons = self._compare(features, [found for _, _, found in there])
        for (hit, content, found), comparison in zip(there, comparisons, strict=True):
            proof = prove(features, found, comparison)
            if proof.agreement >= IDENTICAL and _same_pixels(probe, hit, content):
                proof = same(features)
            verified[hit.digest] = Verified(proof, 0.0 if comparison is None else comparison.evidence)
        if probe.digest is not None and probe.digest.hex() in verified:
            verified[probe.digest.hex()] = Verified(same(features))
        return verified

    def _looked_at(self, probe: WholeProbe, features: Features, hits: Sequence[Hit]) -> list[Hit]:
        """The hits; for copies of a page in which nothing has changed, with what only all of their pixels show."""
        if not features.is_page:
            return list(hits)
        copies = {
            hit.digest: hit for hit in hits if hit.proof and hit.proof.verdict == "copy" and not hit.proof.changed
        }
        contents = [_content(hit) for hit in copies.values()]
        pages = [
            _Page(probe, features, hit, content, found)
            for hit, content, found in zip(copies.values(), contents, self.store.appearances(contents), strict=True)
            if found is not None and found.is_page and shows_more(features, found)
        ]
        seen = {page.hit.digest: proof for page, proof in zip(pages, self.cores.read(_proof_of, pages), strict=True)}
        return [replace(hit, proof=seen.get(hit.digest, hit.proof)) for hit in hits]

    def _compare(self, probe: Features, hits: Sequence[Features]) -> list[Comparison | None]:
        """The best comparison of the probe with each hit, computed on all cores."""
        count = self.cores.count
        parts = [hits[at::count] for at in range(count)]  # copies come first and take longest, so all have some
        found: list[Comparison | None] = [None] * len(hits)
        for at, compared in enumerate(self.cores.compare(compare, itertools.repeat(probe), parts)):
            found[at::count] = compared
        return found


@dataclass(frozen=True, slots=True)
class _Page:
    """A copy of a page, to be looked at closely."""

    probe: WholeProbe
    features: Features
    hit: Hit
    content: Content
    found: Appearance


def _proof_of(page: _Page) -> Proof | None:
    """The proof of a copy of a page after a closer look."""
    read, proof = page.content.read(), page.hit.proof
    if read is None or proof is None or proof.transform is None:
        return proof
    matrix = points_of(proof.transform, page.features, page.found)
    seen = CloserLook.at(page.probe.image, read.image, matrix, PAGE_SIDE)
    return with_changes(proof, page.found, seen.changed, seen.parts)


def _content(hit: Hit) -> Content:
    return Content(bytes.fromhex(hit.digest), os.fsencode(hit.path))


def _same_pixels(probe: WholeProbe, hit: Hit, content: Content) -> bool:
    """Whether a hit has exactly the pixels of the probe, which must not be a smaller rendering."""
    if (hit.width, hit.height) != (probe.width, probe.height) or probe.image.size != (probe.width, probe.height):
        return False
    picture = content.read()
    return picture is not None and np.array_equal(np.asarray(picture.image), np.asarray(probe.image))
