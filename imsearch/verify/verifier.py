"""Verification of hits: features from the cache or from the files, comparisons on all cores, the order of hits."""

import contextlib
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from threadpoolctl import ThreadpoolController

from imsearch.catalog.cache import FEATURES, Cache
from imsearch.catalog.rows import Match
from imsearch.errors import PictureError
from imsearch.images import decode
from imsearch.search.probes import Probe
from imsearch.sources.digests import digest_of
from imsearch.types.hits import Proof
from imsearch.verify.features import PROBE_COUNT, PROBE_SIDE, SIDE, Features, Look, extract, look, unpack
from imsearch.verify.proof import Comparison, compare, prove, same

CANDIDATES = 120
"""Pictures that are looked at for a probe at the most, where no more hits are asked for."""

STEP = 40
"""Pictures that are looked at together: the next ones only while copies are found, or as long as none was."""

IDENTICAL = 0.97
"""Agreement from which it is looked whether the pixels are the very same."""

_ORDER = {"exact": 0, "copy": 1, "similar": 2}

Content = tuple[bytes, bytes]
"""The digest of a content, and the path of a file that holds it."""

Candidate = tuple[Match, float]
"""A file and its score."""

Verified = tuple[Match, float, Proof | None]

_comparing = threading.Lock()


class Verifier:
    """Compares probes with pictures of one library. Safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        self._cache = Cache(folder, FEATURES)
        self.threads = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="imsearch-verify")
        self._blas = ThreadpoolController().select(user_api="blas")

    def close(self) -> None:
        """Give back the cache and the threads."""
        self.threads.shutdown(cancel_futures=True)
        self._cache.close()

    @contextlib.contextmanager
    def comparing(self) -> Iterator[None]:
        """Have `threads` and all cores to oneself: BLAS's own threads would only wait for them.

        What BLAS may have is set for the whole process, so that one set of comparisons is made at a time in it.
        """
        with _comparing, self._blas.limit(limits=1):
            yield

    def verify(self, probe: Probe, candidates: Sequence[Candidate], k: int) -> list[Verified]:
        """The candidates in the order of what was shown: the same pixels, copies, what has an alignment, the rest.

        They come in the order in which they are to be looked at. The first ``k`` are looked at in any case; those
        that were not stand last and have no proof.
        """
        features = features_of_probe(probe)
        proofs: dict[bytes, tuple[tuple[float, ...], Proof]] = {}
        contents = list({match.digest: match for match, _ in candidates}.values())
        found_any = False
        for begin in range(0, len(contents), STEP):
            part = contents[begin : begin + STEP]
            shown = self._proofs(probe, features, part)
            proofs.update({match.digest: each for match, each in zip(part, shown, strict=True)})
            found = any(proof.verdict != "similar" for _, proof in shown)
            found_any = found_any or found
            if begin + STEP >= k and found_any and not found:
                break
        last = (float(len(_ORDER)),)
        verified: list[Verified] = [
            (match, score, proofs[match.digest][1] if match.digest in proofs else None) for match, score in candidates
        ]
        verified.sort(
            key=lambda each: (
                (each[0].digest, each[0].path) != (probe.digest, probe.path),
                *(proofs[each[0].digest][0] if each[0].digest in proofs else last),
                -each[1],
                each[0].path,
            )
        )
        return verified

    def features(self, contents: Sequence[Content]) -> list[Features | None]:
        """Features of contents; None where they cannot be had."""
        found = self._looks(contents, _features, lambda known: isinstance(known, Features))
        return [each if isinstance(each, Features) else None for each in found]

    def looks(self, contents: Sequence[Content]) -> list[Look | None]:
        """Looks of contents, which may be their features; None where they cannot be had."""
        return self._looks(contents, _look, lambda known: True)

    def _looks(
        self, contents: Sequence[Content], read: Callable[[Content], Look | None], enough: Callable[[Look], bool]
    ) -> list[Look | None]:
        kept = {digest: unpack(data) for digest, data in self._cache.get(digest for digest, _ in contents).items()}
        known = {digest: each for digest, each in kept.items() if enough(each)}
        missing = [content for content in contents if content[0] not in known]
        new = {
            digest: each.packed()
            for (digest, _), each in zip(missing, self.threads.map(read, missing), strict=True)
            if each is not None
        }
        self._cache.put(new)
        known.update((digest, unpack(data)) for digest, data in new.items())  # as it will come from the cache
        return [known.get(digest) for digest, _ in contents]

    def _proofs(
        self, probe: Probe, features: Features, matches: Sequence[Match]
    ) -> list[tuple[tuple[float, ...], Proof]]:
        """For each match its place in the order of hits, and its proof."""
        there = [
            (match, found)
            for match, found in zip(
                matches, self.features([(match.digest, match.path) for match in matches]), strict=True
            )
            if found is not None and match.digest != probe.digest
        ]
        size = max(1, -(-len(there) // (os.cpu_count() or 1)))
        parts = [there[at : at + size] for at in range(0, len(there), size)]
        with self.comparing():
            compared = list(self.threads.map(lambda part: compare(features, [found for _, found in part]), parts))
        shown: dict[bytes, tuple[tuple[float, ...], Proof]] = {}
        for part, comparisons in zip(parts, compared, strict=True):
            for (match, found), comparison in zip(part, comparisons, strict=True):
                proof = prove(features, found, comparison)
                if proof.agreement >= IDENTICAL and same_pixels(probe, match):
                    proof = same(features)
                shown[match.digest] = _place(proof, comparison), proof
        if probe.digest is not None:
            identical = same(features)
            shown[probe.digest] = _place(identical, None), identical
        nothing = Proof("similar")
        return [shown.get(match.digest, (_place(nothing, None), nothing)) for match in matches]


def features_of_probe(probe: Probe) -> Features:
    """More features than are kept of a picture in the library, and smaller ones: a probe may show much around it."""
    size = probe.width, probe.height
    return extract(decode.grey(probe.image), size, side=PROBE_SIDE, count=PROBE_COUNT)


def features_of_picture(picture: decode.Picture) -> Features:
    """What is kept of a picture in the library."""
    return extract(decode.grey(picture.image), (picture.width, picture.height))


def _place(proof: Proof, comparison: Comparison | None) -> tuple[float, ...]:
    """Copies, and hits that have an alignment, stand in the order of the features that agree."""
    inliers = proof.inliers if proof.transform is not None else 0
    return float(_ORDER[proof.verdict]), -inliers, -comparison.evidence if inliers and comparison is not None else 0.0


def _features(content: Content) -> Features | None:
    picture = _decoded(content)
    return None if picture is None else features_of_picture(picture)


def _look(content: Content) -> Look | None:
    picture = _decoded(content)
    return None if picture is None else look(decode.grey(picture.image), (picture.width, picture.height))


def _decoded(content: Content) -> decode.Picture | None:
    digest, path = content
    try:
        data = Path(os.fsdecode(path)).read_bytes()
        if digest_of(data) != digest:  # the file has changed since it was indexed
            return None
        return decode.decode(data, SIDE)
    except (OSError, PictureError):
        return None


def same_pixels(probe: Probe, match: Match) -> bool:
    """Whether the file of a match holds just the pixels of the probe, of which all must be there."""
    if (match.width, match.height) != (probe.width, probe.height) or probe.image.size != (probe.width, probe.height):
        return False
    try:
        picture = decode.decode(Path(os.fsdecode(match.path)).read_bytes())
    except (OSError, PictureError):
        return False
    return np.array_equal(np.asarray(picture.image), np.asarray(probe.image))
