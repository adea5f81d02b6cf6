"""Compact codes of vectors in inverted lists: the only module that imports FAISS.

One kind of FAISS index serves all sizes: IndexIVFScalarQuantizer, after a PCA if components are left out. With one
list it holds float16 vectors and searches all of them; with many lists it holds one byte per component and searches the
lists nearest to a probe. Distances are Euclidean: they order unit vectors as cosines do, also after PCA has moved the
origin. The file is memory-mapped: opening it reads the centroids, and a search reads the lists that it searches.

Codes of bits, such as perceptual hashes, need no index: `nearest_bits` compares them all.
"""

import json
import os
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

MAGIC = b"imsearch"

TRAINING_ROUNDS = 10
"""Rounds of k-means; more of them change recall by less than can be measured."""

WORTH_SHARING = 8 << 20
"""Bytes of codes from which one search is worth sharing among cores: a core searches so much in a millisecond."""

WORTH_FAISS = 1 << 19
"""Pairs of bit codes from which FAISS compares them: it always uses all cores, and waiting for busy ones takes tens of
milliseconds. One core compares so many in five."""

_EXACT = "IVF1,SQfp16"


@dataclass(frozen=True, slots=True)
class Only:
    """Search only these ids, int64 (n,)."""

    ids: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Without:
    """Search all but these ids, int64 (n,)."""

    ids: NDArray[np.int64]


Subset = Only | Without | None


class Codes:
    """Codes of vectors, each with its id."""

    def __init__(self, index: faiss.Index) -> None:
        self._index = index
        self._ivf = faiss.extract_index_ivf(index)
        self._reduced = isinstance(faiss.downcast_index(index), faiss.IndexPreTransform)
        lists: Any = faiss.downcast_InvertedLists(self._ivf.invlists)  # type: ignore[arg-type]
        if hasattr(lists, "prefetch_nthread"):
            lists.prefetch_nthread = 0  # otherwise every search of a mapped file starts 32 threads

    @classmethod
    def exact(cls, dimensions: int) -> "Codes":
        """Empty codes in float16, of which every search searches all."""
        return cls(_trained(_EXACT, np.zeros((1, dimensions), np.float32)))

    @classmethod
    def trained(cls, sample: NDArray[np.float32], components: int, lists: int) -> "Codes":
        """Empty codes of one byte per principal component in that many lists, trained on a sample (n, dimensions)."""
        recipe = f"IVF{lists},SQ8"
        if components == sample.shape[1]:
            return cls(_trained(recipe, sample))
        reduction = _principal_components(sample, components)
        return cls(faiss.IndexPreTransform(reduction, _trained(recipe, reduction.apply(sample))))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def lists(self) -> int:
        """The number of lists that the codes are distributed among."""
        return int(self._ivf.nlist)

    @property
    def bytes_per_vector(self) -> int:
        """The size of a code and its id, in bytes."""
        return int(self._ivf.code_size) + 8

    def add(self, ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        """Add vectors (n, dimensions) under new ids."""
        self._index.add_with_ids(vectors, ids)

    def remove(self, ids: NDArray[np.int64]) -> None:
        """Remove ids, ignoring unknown ones. Codes in a memory-mapped file cannot be removed."""
        self._index.remove_ids(faiss.IDSelectorBatch(ids))

    def search(self, probes: NDArray[np.float32], k: int, lists: int, subset: Subset = None) -> list[NDArray[np.int64]]:
        """For each probe (n, dimensions) the ids of the ``k`` nearest codes in the ``lists`` nearest lists, nearest
        first; fewer if those lists hold fewer.
        """
        # Several probes are distributed among the cores. The lists of a single probe are, too, if there is much to
        # search: for less, waiting for busy cores would take longer than the search.
        looked_through = len(self) * self._ivf.code_size * lists / self.lists
        self._ivf.parallel_mode = 1 if len(probes) == 1 and looked_through > WORTH_SHARING else 0
        inner: dict[str, Any] = {"nprobe": min(lists, self.lists)}
        if subset is not None:
            inner["sel"] = _selector(subset)
        parameters: Any = faiss.SearchParametersIVF(**inner)
        if self._reduced:
            parameters = faiss.SearchParametersPreTransform(index_params=parameters)  # type: ignore[call-arg]
        _, ids = self._index.search(probes, k, params=parameters)
        return [row[row >= 0] for row in ids]

    def save(self, path: Path, facts: dict[str, Any]) -> None:
        """Write the codes, and ``facts`` about them, to ``path`` in one move, so that the file is never incomplete.

        Only one thread or process may save to the same path at a time. Raises `OSError` where that fails.
        """
        making = path.with_name(f".{path.name}.making")
        try:
            with open(making, "w+b") as file:
                faiss.write_index(self._index, _name(making, file.fileno()))
                size = file.seek(0, os.SEEK_END)
                head = size - len(self) * self.bytes_per_vector
                footer = json.dumps({"head": head, "crc32": _checksum(file, head), "facts": facts}).encode()
                file.seek(size)
                file.write(footer + len(footer).to_bytes(8, "little") + MAGIC)
            making.replace(path)
        except RuntimeError as exc:
            raise OSError(f"{path} cannot be written: {exc}") from exc
        finally:
            making.unlink(missing_ok=True)

    @classmethod
    def open(cls, path: Path, *, mapped: bool = True) -> "tuple[Codes, dict[str, Any]] | None":
        """The codes in a file and the facts about them; None where there is no file or it is damaged.

        The footer and everything before the lists are checked. Damage inside the lists is not found, but can only cost
        candidates.
        """
        try:
            with open(path, "rb") as file:
                end = file.seek(-16, os.SEEK_END)
                length = int.from_bytes(file.read(8), "little")
                if file.read(8) != MAGIC:
                    return None
                file.seek(end - length)
                footer = json.loads(file.read(length))
                if _checksum(file, footer["head"]) != footer["crc32"]:
                    return None
                flags = faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY if mapped and os.name == "posix" else 0
                codes = cls(faiss.read_index(_name(path, file.fileno()), flags))
        except (OSError, ValueError, KeyError, TypeError, RuntimeError):
            return None
        if footer["head"] + len(codes) * codes.bytes_per_vector != end - length:
            return None
        return codes, footer["facts"]


def nearest_bits(
    probes: NDArray[np.uint8], codes: NDArray[np.uint8], k: int
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The ``k`` codes, uint8 (m, bytes), that differ from each probe, uint8 (n, bytes), by the fewest bits.

    The number of bytes is a multiple of 8. Returns distances, int32 (n, k), and the rows of the codes, int64 (n, k); if
    there are fewer than ``k`` codes, of all of them. All are compared, if they are many on all cores.
    """
    k = min(k, len(codes))
    probes, codes = np.ascontiguousarray(probes), np.ascontiguousarray(codes)
    if len(probes) * len(codes) > WORTH_FAISS:
        return faiss.knn_hamming(probes, codes, k)
    differing = [
        np.bitwise_count(one[:, None] ^ other)
        for one, other in zip(probes.view(np.uint64).T, codes.view(np.uint64).T, strict=True)
    ]
    distances = np.sum(differing, axis=0, dtype=np.int32)
    rows = np.argpartition(distances, k - 1, axis=1)[:, :k] if k < len(codes) else np.argsort(distances, axis=1)
    return np.take_along_axis(distances, rows, axis=1), rows.astype(np.int64)


def _trained(recipe: str, sample: NDArray[np.float32]) -> faiss.Index:
    index = faiss.index_factory(sample.shape[1], recipe, faiss.METRIC_L2)
    ivf = faiss.extract_index_ivf(index)
    ivf.by_residual = False
    ivf.cp.niter = TRAINING_ROUNDS
    ivf.cp.min_points_per_centroid = 1  # otherwise FAISS prints a warning for fewer than 39
    index.train(sample)
    return index


def _principal_components(sample: NDArray[np.float32], components: int) -> faiss.LinearTransform:
    """FAISS's PCA as a plain linear map: its own object stores all components, and every opening would read them."""
    pca = faiss.PCAMatrix(sample.shape[1], components)
    pca.train(sample)
    reduction = faiss.LinearTransform(sample.shape[1], components, True)
    axes = faiss.vector_to_array(pca.A)
    faiss.copy_array_to_vector(axes[: components * sample.shape[1]], reduction.A)
    faiss.copy_array_to_vector(faiss.vector_to_array(pca.b), reduction.b)
    reduction.is_trained = True
    return reduction


def _checksum(file: Any, length: int) -> int:
    file.seek(0)
    return zlib.crc32(file.read(length))


def _name(path: Path, descriptor: int) -> str:
    """A name for an open file that FAISS accepts: it needs UTF-8, which the file's own name may not be."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return f"/dev/fd/{descriptor}"
    return str(path)


def _selector(subset: Only | Without) -> faiss.IDSelector:
    if isinstance(subset, Without):
        return faiss.IDSelectorNot(faiss.IDSelectorBatch(subset.ids))
    bits = np.zeros(int(subset.ids.max()) + 1, np.uint8)
    bits[subset.ids] = 1
    return faiss.IDSelectorBitmap(np.packbits(bits, bitorder="little"))  # type: ignore[call-arg,arg-type]
