"""Which stored vectors are nearest to a probe: the only module that imports FAISS.

It knows ids and matrices and nothing else. The index is exact over float16 codes, the form in which the catalogue
stores vectors; its file is a cache that describes itself and is dropped when anything about it is wrong.
"""

import json
import os
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a candidate file was made of. ``highest`` and ``count`` are those of the ids in it."""

    fingerprint: str
    dimensions: int
    highest: int
    count: int


class Candidates:
    """Vectors under their ids, to be searched by inner product."""

    def __init__(self, dimensions: int, fingerprint: str) -> None:
        flat = faiss.IndexScalarQuantizer(dimensions, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
        self._index: faiss.Index = faiss.IndexIDMap2(flat)
        self._fingerprint = fingerprint
        self.highest = 0

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def add(self, ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        """Add vectors (n, dimensions) under ids that ascend and are all higher than those already there."""
        self._index.add_with_ids(vectors, ids)
        self.highest = int(ids[-1])

    def search(
        self, probes: NDArray[np.float32], k: int, allowed: NDArray[np.int64] | None = None
    ) -> list[NDArray[np.int64]]:
        """For each probe (n, dimensions) the ids of the ``k`` nearest vectors, nearest first; fewer where there
        are fewer. With ``allowed``, only of those ids.
        """
        limit = min(k, len(self) if allowed is None else len(allowed))
        if limit == 0:
            return [np.empty(0, np.int64) for _ in probes]
        parameters = None
        if allowed is not None:
            bits = np.zeros(int(allowed.max()) + 1, np.uint8)
            bits[allowed] = 1
            selector = faiss.IDSelectorBitmap(np.packbits(bits, bitorder="little"))  # type: ignore[call-arg,arg-type]
            parameters = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
        _, ids = self._index.search(probes, limit, params=parameters)
        return [row[row >= 0] for row in ids]

    def save(self, path: Path) -> None:
        """Write the index beside its place and move it there, so that a file is whole or not there."""
        data = faiss.serialize_index(self._index).tobytes()
        stamp = Stamp(self._fingerprint, int(self._index.d), self.highest, len(self))
        header = {"format": FORMAT, **asdict(stamp), "crc32": zlib.crc32(data)}
        making = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            making.write_bytes(json.dumps(header).encode() + b"\n" + data)
            making.replace(path)
        finally:
            making.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: Path, dimensions: int, fingerprint: str) -> "Candidates | None":
        """Read an index back; None where there is none for this model, or it is damaged."""
        try:
            line, _, data = path.read_bytes().partition(b"\n")
            header = json.loads(line)
            if header.pop("format") != FORMAT or header.pop("crc32") != zlib.crc32(data):
                return None
            stamp = Stamp(**header)
            if (stamp.fingerprint, stamp.dimensions) != (fingerprint, dimensions):
                return None
            candidates = cls(dimensions, fingerprint)
            candidates._index = faiss.deserialize_index(np.frombuffer(data, np.uint8))
        except (OSError, ValueError, KeyError, TypeError, RuntimeError):
            return None
        candidates.highest = stamp.highest
        return candidates
