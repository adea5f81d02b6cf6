"""The pipeline from changed files to vectors: reading, decoding and embedding in bulk.

The steps overlap: while the caller stores one batch, the model computes the next, and the ones after it are decoded.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from imsearch.catalog.rows import NewContent
from imsearch.catalog.space import VectorSpace
from imsearch.embedding.decoding import DecodePool
from imsearch.embedding.reading import Decoded, FileOutcome, Known, Outcome, Task
from imsearch.embedding.regions import RegionEmbedder
from imsearch.models.model import Embedder
from imsearch.sources.source import Found

BATCH_FILES = 64
"""Files in a batch, which is stored in one transaction; there are more if the model computes more at once."""

BATCH_FILES_WITH_REGIONS = 16
"""Files in a batch with regions: fewer, as each is embedded many times and holds megabytes of pixels."""

LOOKUP = 1024
"""How many files' sizes are looked up in the catalog by one query."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Files that are stored together, each with its outcome, and the ``contents`` among them that are new to the vector
    space, with their vectors. A picture's outcome is `Known`, and no longer holds its pixels."""

    files: list[tuple[Found, FileOutcome]]
    contents: list[NewContent]


class EmbeddingPipeline(Protocol):
    """Reads and embeds changed files. Implementations have to pass ``tests/test_pipeline.py``."""

    def batches(self, files: Sequence[Found], space: VectorSpace) -> Iterator[Batch]:
        """All files, in their order, in batches. Each new content is embedded once.

        The caller must store each batch before asking for the next one, as contents in the catalog are not embedded
        again. A failure of one file is its outcome; a bug of ours is raised.
        """


@dataclass(frozen=True, slots=True)
class _Embedding:
    """A batch whose new pictures are being embedded."""

    files: list[tuple[Found, Outcome]]
    fresh: list[Decoded]
    contents: Future[list[NewContent]]

    def batch(self) -> Batch:
        contents = self.contents.result()
        return Batch([(found, _without_pixels(outcome)) for found, outcome in self.files], contents)


class LocalPipeline:
    """The `EmbeddingPipeline` of one machine: child processes decode, and the model runs in a thread of its own.

    ``workers`` is how many processes decode, None for one per core. With ``activity``, the engine by whose output
    regions are chosen, regions are embedded too.
    """

    def __init__(self, embedder: Embedder, *, workers: int | None = None, activity: Embedder | None = None) -> None:
        self._embedder = embedder
        self._workers = workers
        self._regions = RegionEmbedder(embedder, activity) if activity is not None else None
        # Enough pictures for two calls of the model, as an accelerator loads one batch while it computes the other.
        self._size = BATCH_FILES_WITH_REGIONS if activity is not None else max(BATCH_FILES, 2 * embedder.batch_size)

    def batches(self, files: Sequence[Found], space: VectorSpace) -> Iterator[Batch]:
        """Batches as `EmbeddingPipeline.batches` describes them."""
        model = ThreadPoolExecutor(1, thread_name_prefix="imsearch-embed")
        preprocessing = self._embedder.model.preprocessing
        try:
            with DecodePool(preprocessing, self._workers, regions=self._regions is not None) as pool:
                outcomes = pool.map(_tasks(files, space), ahead=2 * self._size)
                read = zip(files, outcomes, strict=True)
                before: _Embedding | None = None
                while part := list(islice(read, self._size)):
                    fresh = _fresh(part, space, before)
                    following = _Embedding(part, fresh, model.submit(self._embed, fresh))
                    if before is not None:
                        yield before.batch()
                    before = following
                if before is not None:
                    yield before.batch()
        finally:
            model.shutdown(cancel_futures=True)

    def _embed(self, pictures: list[Decoded]) -> list[NewContent]:
        if not pictures:
            return []
        vectors = self._embedder.embed(np.stack([picture.pixels for picture in pictures]))
        contents = [_content(picture, vector) for picture, vector in zip(pictures, vectors, strict=True)]
        if self._regions is None:
            return contents
        parts = self._regions.embed((p.whole, p.width, p.height) for p in pictures if p.whole is not None)
        return [replace(content, regions=its) for content, its in zip(contents, parts, strict=True)]


def _tasks(files: Sequence[Found], space: VectorSpace) -> Iterator[Task]:
    for at in range(0, len(files), LOOKUP):
        part = files[at : at + LOOKUP]
        known = space.known_digests({found.stamp.size for found in part})
        for found in part:
            yield Task(found.path, known.get(found.stamp.size, frozenset()))


def _fresh(files: list[tuple[Found, Outcome]], space: VectorSpace, before: _Embedding | None) -> list[Decoded]:
    """The pictures that neither have a vector nor get one with the batch before; each content once."""
    decoded = {outcome.digest: outcome for _, outcome in files if isinstance(outcome, Decoded)}
    known = space.known_digests({outcome.stamp.size for outcome in decoded.values()})
    coming = {outcome.digest for outcome in before.fresh} if before is not None else set()
    return [
        outcome
        for digest, outcome in decoded.items()
        if digest not in coming and digest not in known.get(outcome.stamp.size, frozenset())
    ]


def _without_pixels(outcome: Outcome) -> FileOutcome:
    return Known(outcome.stamp, outcome.digest) if isinstance(outcome, Decoded) else outcome


def _content(outcome: Decoded, vector: NDArray[np.float32]) -> NewContent:
    return NewContent(
        digest=outcome.digest,
        size=outcome.stamp.size,
        width=outcome.width,
        height=outcome.height,
        format=outcome.format,
        taken=outcome.taken,
        vector=vector,
        hash=outcome.hash,
    )
