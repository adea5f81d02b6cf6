"""The perceptual hashes of a library in memory, to be searched for the nearest ones in any of the eight orientations.

It takes 48 bytes a picture, and finds candidates that embeddings miss: turned, blurred and tiny copies.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from imsearch.images.hashes import BYTES, FLAT, orientations
from imsearch.vectors.codes import nearest_bits

LIMIT = 80
"""The distance, in bits, up to which pictures are candidates; docs/duplicates.md says what that finds and costs."""


class HashSource(Protocol):
    """The hashes that an index holds, as the catalog has them now. New ones get higher ids than all before, and no id
    is used twice."""

    def state(self) -> tuple[int, int]:
        """The highest id of any hash, 0 where there is none, and the number of hashes."""

    def ids(self) -> NDArray[np.int64]:
        """The ids of all hashes, int64 (n,), in no order."""

    def pages(self, after: int = 0) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], list[bytes]]]:
        """Ids above ``after``, the ids of their contents, both int64 (n,), and the hashes, by ascending id, in pages.
        The hash of a flat picture is empty."""


@dataclass(frozen=True, slots=True)
class ContentHashes:
    """Hashes, uint8 (n, 32), and the ids of their contents, int64 (n,). There are none of flat pictures."""

    contents: NDArray[np.int64]
    hashes: NDArray[np.uint8]

    @classmethod
    def of(cls, hashes: dict[int, bytes]) -> "ContentHashes":
        """The hashes in a mapping by content, without those of flat pictures."""
        kept = {content: each for content, each in hashes.items() if each != FLAT}
        return cls(
            np.fromiter(kept, np.int64, len(kept)),
            np.frombuffer(b"".join(kept.values()), np.uint8).reshape(-1, BYTES),
        )

    def __len__(self) -> int:
        return len(self.contents)

    def joined(self, others: "ContentHashes") -> "ContentHashes":
        """These and other hashes, whose contents must be others."""
        return ContentHashes(
            np.concatenate([self.contents, others.contents]), np.concatenate([self.hashes, others.hashes])
        )

    def chosen(self, which: NDArray[np.bool_]) -> "ContentHashes":
        """Those for which ``which``, bool (n,), is true."""
        return ContentHashes(self.contents[which], self.hashes[which])


@dataclass(frozen=True, slots=True)
class NearHashes:
    """Near pictures: the ``rows`` of probes and the ``contents`` near them, both int64 (n,), and their ``distances`` in
    bits, int32 (n,). They are sorted by row, then distance, then content."""

    rows: NDArray[np.int64]
    contents: NDArray[np.int64]
    distances: NDArray[np.int32]

    def ordered(self, *keys: NDArray[Any]) -> "NearHashes":
        """These in the order of keys (n,), of which the last counts most."""
        return self.chosen(np.lexsort(keys))

    def chosen(self, which: NDArray[Any]) -> "NearHashes":
        """Those that a mask or indices name."""
        return NearHashes(self.rows[which], self.contents[which], self.distances[which])


def nearest(probes: NDArray[np.uint8], among: ContentHashes, k: int, within: int = LIMIT) -> NearHashes:
    """The ``k`` contents nearest to each hash of ``probes``, uint8 (n, 32), no further than ``within`` bits.

    The distance of two pictures is that in the orientation in which they are most alike.
    """
    if not len(probes):
        return NearHashes(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int32))
    distances, places = nearest_bits(orientations(probes).reshape(-1, BYTES), among.hashes, k)
    by_probe = (len(probes), 8 * distances.shape[1])
    distances, places = distances.reshape(by_probe), places.reshape(by_probe)
    rows, columns = np.nonzero(distances <= within)
    found = NearHashes(rows, among.contents[places[rows, columns]], distances[rows, columns])
    # Each pair once, in its nearest orientation, and then the first of each row.
    found = found.ordered(found.distances, found.contents, found.rows)
    same = (np.diff(found.rows, prepend=-1) == 0) & (np.diff(found.contents, prepend=-1) == 0)
    found = found.chosen(~same)
    found = found.ordered(found.contents, found.distances, found.rows)
    return found.chosen(np.arange(len(found.rows)) - np.searchsorted(found.rows, found.rows) < k)


class HashIndex:
    """The hashes of one library, which follow the catalog. Safe to use from several threads."""

    def __init__(self, source: HashSource) -> None:
        self._source = source
        self._syncing = threading.Lock()
        self._highest = 0  # the highest id that was taken in
        self._count = 0  # ids that were taken in and are still there, with those of flat pictures
        self._ids = np.empty(0, np.int64)
        self._all = ContentHashes.of({})

    def sync(self) -> ContentHashes:
        """Take in what was added to the catalog and removed from it, and give all hashes. That is cheap where nothing
        was; the arrays are never changed, so that searches need not wait."""
        with self._syncing:
            latest, count = self._source.state()
            if latest > self._highest:
                self._add()
            if count != self._count:
                self._drop()
            return self._all

    def near(
        self, probes: NDArray[np.uint8], k: int, within: int = LIMIT, among: NDArray[np.int64] | None = None
    ) -> NearHashes:
        """The ``k`` nearest contents, as `nearest` gives them, as the catalog has them now; with ``among``, int64 (n,),
        only these contents."""
        hashes = self.sync()
        if among is not None:
            hashes = hashes.chosen(np.isin(hashes.contents, among))
        return nearest(probes, hashes, k, within)

    def _add(self) -> None:
        parts, ids = [self._all], [self._ids]
        for page, contents, hashes in self._source.pages(self._highest):
            there = np.array([each != FLAT for each in hashes], np.bool_)
            joined = np.frombuffer(b"".join(hashes), np.uint8).reshape(-1, BYTES)
            parts.append(ContentHashes(contents[there], joined))
            ids.append(page[there])
            self._highest = int(page[-1])
            self._count += len(page)
        self._ids = np.concatenate(ids)
        self._all = ContentHashes(
            np.concatenate([part.contents for part in parts]), np.concatenate([part.hashes for part in parts])
        )

    def _drop(self) -> None:
        """Leave out the hashes that are no longer in the catalog. Newer ones than were taken in do not count yet."""
        ids = self._source.ids()
        self._count = int(np.count_nonzero(ids <= self._highest))
        staying = np.isin(self._ids, ids)
        self._ids = self._ids[staying]
        self._all = self._all.chosen(staying)
