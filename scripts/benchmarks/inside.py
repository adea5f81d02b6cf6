"""Everything here that reaches past imsearch's public face, so that a change in there is met in one place."""

import datetime
import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import imsearch
import imsearch.vectors.faiss_index  # loaded at once, so that its code is not counted as memory of a library
from imsearch.backends import open_backend
from imsearch.catalog.connection import CATALOG
from imsearch.catalog.reader import CatalogReader
from imsearch.catalog.rows import NewContent, NewFile
from imsearch.catalog.space import VectorSpace
from imsearch.catalog.writer import CatalogWriter
from imsearch.embedding.decoding import DecodePool
from imsearch.embedding.pipeline import BATCH_FILES
from imsearch.embedding.reading import Task
from imsearch.images.decode import decode
from imsearch.images.preprocess import prepare
from imsearch.models import opening
from imsearch.models.model import Embedder, Model
from imsearch.models.names import DEFAULT_MODEL, parse
from imsearch.search.pipeline import hit_of
from imsearch.search.ranking import ProbeVectors, Ranker
from imsearch.types.preprocessing import Preprocessing

GENERATED_ROOT = Path("/generated")
"""Where the pictures of a filled library claim to lie. There is nothing."""

ALBUMS = 20
PER_FOLDER = 500
FIRST_DAY = datetime.date(2015, 1, 1)
DAYS = 3650
"""Generated pictures were taken on these days, evenly; a filter of dates then lets through whatever share it should."""

_SIZES = ((4000, 3000), (3000, 4000), (4032, 3024), (3024, 4032), (1920, 1080), (1600, 1200), (6000, 4000))
_FORMATS = ("jpeg", "png", "heif", "webp")
_FORMAT_SHARES = (0.90, 0.05, 0.03, 0.02)


# The parts of indexing


def open_embedder(*, bulk: bool = True) -> Embedder:
    """The engine that indexes with the default model on the CPU, or that which answers queries."""
    return opening.open_embedder(parse(DEFAULT_MODEL), "cpu", bulk=bulk)


def network() -> Any:
    """The default model's network as a torch module, from prepared pixels (n, 3, height, width) to vectors."""
    from imsearch.models.loaders.loading import load

    return load(parse(DEFAULT_MODEL)).network


def ready_pixels(paths: Iterable[Path], preprocessing: Preprocessing) -> NDArray[np.uint8]:
    """Pictures as the model wants them, (n, height, width, 3)."""
    return np.stack([prepare(decode(path.read_bytes()).image, preprocessing) for path in paths])


def embed_all(embedder: Embedder, pixels: NDArray[np.uint8]) -> None:
    """Run the model over ready pictures in the portions in which an index run hands them over."""
    portion = max(BATCH_FILES, 2 * embedder.batch_size)
    for at in range(0, len(pixels), portion):
        embedder.embed(pixels[at : at + portion])


def decode_seconds(paths: Sequence[Path], preprocessing: Preprocessing) -> float:
    """How long reading and decoding files takes, in processes that have been started before."""
    tasks = [Task(os.fsencode(path), frozenset()) for path in paths]
    ahead = 2 * BATCH_FILES
    with DecodePool(preprocessing) as pool:
        for _ in pool.map(tasks[: 4 * (os.cpu_count() or 1)], ahead):
            pass
        started = time.perf_counter()
        for outcome in pool.map(tasks, ahead):
            if not hasattr(outcome, "pixels"):
                raise RuntimeError(f"a picture of the benchmark cannot be decoded: {outcome}")
        return time.perf_counter() - started


# Libraries


def vectors_of(folder: Path) -> NDArray[np.float32]:
    """All vectors of the default model in a library, (n, dimensions), unit length."""
    catalog = CatalogReader(folder)
    try:
        matrix = np.concatenate([vectors for _, vectors in catalog.spaces()[0].pages()])
    finally:
        catalog.close()
    scaled: NDArray[np.float32] = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    return scaled


def fill(
    folder: Path,
    pages: Iterable[NDArray[np.float16]],
    model: Model,
    precision: str,
    written: Callable[[int, int], None] = lambda count, catalog_bytes: None,
) -> list[float]:
    """Make a library of generated vectors through the catalog, as an index run does, 64 pictures a transaction.

    Returns the seconds of every transaction, the look-up of known contents included; ``written`` is called after each
    page with the number of pictures so far and the bytes of the catalog. Picture n lies at ``generated_path(n)`` and
    was taken on day n of `taken_days`.
    """
    writer = CatalogWriter.create(folder)
    catalog = CatalogReader(folder)
    try:
        writer.add_root(os.fsencode(GENERATED_ROOT), 1)
        writer.add_space(model.name, model.fingerprint, model.dimensions, precision)
        times: list[float] = []
        count = 0
        for page in pages:
            times += _write(writer, catalog.spaces()[0], page, count)
            count += len(page)
            written(count, catalog_bytes(folder))
        return times
    finally:
        writer.close()
        catalog.close()


def add(folder: Path, vectors: NDArray[np.float16], first: int) -> None:
    """Write further generated pictures, numbered from ``first``, to a filled library."""
    writer = CatalogWriter(folder)
    catalog = CatalogReader(folder)
    try:
        _write(writer, catalog.spaces()[0], vectors, first)
    finally:
        writer.close()
        catalog.close()


def _write(writer: CatalogWriter, space: VectorSpace, vectors: NDArray[np.float16], first: int) -> list[float]:
    rows = list(_rows(first, len(vectors)))
    times = []
    for at in range(0, len(vectors), BATCH_FILES):
        part = rows[at : at + BATCH_FILES]
        contents = [
            NewContent(*facts, vector.astype(np.float32))
            for (_, facts), vector in zip(part, vectors[at : at + BATCH_FILES], strict=True)
        ]
        started = time.perf_counter()
        space.known_digests({content.size for content in contents})
        writer.write([file for file, _ in part], contents, space)
        times.append(time.perf_counter() - started)
    return times


def _rows(first: int, count: int) -> Iterator[tuple[NewFile, tuple[bytes, int, int, int, str, str]]]:
    """What the catalog would hold of each picture: its file, and its content but for the vector."""
    rng = np.random.default_rng(first)
    sizes = rng.integers(len(_SIZES), size=count)
    weights = rng.uniform(0.2, 0.45, count)  # bytes a pixel
    formats = rng.choice(_FORMATS, count, p=_FORMAT_SHARES)
    moments = rng.integers(24 * 60 * 60, size=count)
    for at, day in enumerate(taken_days(first, count)):
        number = first + at
        width, height = _SIZES[sizes[at]]
        size = int(width * height * weights[at])
        taken = datetime.datetime.combine(FIRST_DAY, datetime.time()) + datetime.timedelta(
            days=int(day), seconds=int(moments[at])
        )
        digest = hashlib.sha256(str(number).encode()).digest()
        file = NewFile(os.fsencode(generated_path(number)), size, 1_500_000_000_000_000_000 + number, digest)
        yield file, (digest, size, width, height, str(formats[at]), taken.isoformat())


def generated_path(number: int) -> Path:
    """Where generated picture ``number`` claims to lie. Each of `ALBUMS` albums has the same share of them."""
    folder = GENERATED_ROOT / f"album-{number % ALBUMS:02d}" / f"{number // (ALBUMS * PER_FOLDER):04d}"
    return folder / f"IMG_{number:07d}.jpg"


def number_of(path: str) -> int:
    """The number of a generated picture."""
    return int(path[-11:-4])


def taken_days(first: int, count: int) -> NDArray[np.int64]:
    """On which day after `FIRST_DAY` each of ``count`` generated pictures was taken: evenly and in no order."""
    numbers = np.arange(first, first + count, dtype=np.uint64)
    mixed = numbers * np.uint64(0x9E3779B97F4A7C15)  # Fibonacci hashing (Knuth, TAOCP 6.4)
    return ((mixed >> np.uint64(32)) % np.uint64(DAYS)).astype(np.int64)


def catalog_bytes(folder: Path) -> int:
    """What the catalog of a library takes on disk, its log included."""
    return sum(path.stat().st_size for path in folder.glob(f"{CATALOG}*"))


class Searcher:
    """An open library that is asked with vectors, so that the model has no part in what is measured."""

    def __init__(self, folder: Path, model: str | None = None) -> None:
        self.library = imsearch.open(folder, model=model)
        self._backend = open_backend(folder)
        space = self._backend.catalog().space(self.library.model)
        if space is None:
            raise ValueError(f"{folder} has no vectors of {self.library.model}")
        self._space = space
        self._index = self._backend.vector_index(space)
        self._index.sync()

    def close(self) -> None:
        """Give back the library's files."""
        self.library.close()
        self._backend.close()

    def candidates(self, vector: NDArray[np.float32], k: int) -> None:
        """The first step of a query alone: which vectors may be the nearest."""
        self._index.search(vector[None], k)

    def hits(self, vector: NDArray[np.float32], k: int, filters: imsearch.Filters | None = None) -> list[imsearch.Hit]:
        """All of a query but the model: look for new vectors, candidates, exact scores, rows of the catalog."""
        self._index.sync()
        ranker = Ranker(self._space, self._index, filters or imsearch.Filters())
        (files,) = ranker.rank([ProbeVectors(vector[None])], k)
        return [hit_of(rank, file) for rank, file in enumerate(files, 1)]


def date_filter(share: float) -> tuple[imsearch.Filters, int]:
    """A filter that lets through a share of the generated pictures, and how many days that is, from the first on."""
    days = max(1, round(share * DAYS))
    return imsearch.Filters(taken_before=(FIRST_DAY + datetime.timedelta(days=days)).isoformat()), days
