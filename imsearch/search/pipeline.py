"""The pipeline of a query: read probes, embed them, rank pictures and, where that is asked for, verify hits."""

import datetime
import itertools
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imsearch.errors import ImsearchError, IndexedPictureError, ProbeError, UsageError
from imsearch.models.model import Embedder
from imsearch.search.filters import checked
from imsearch.search.probes import PreparedProbe, Probe, name_of
from imsearch.search.ranking import ProbeVectors, Ranker, ScoredFile
from imsearch.search.reading import ProbeReader
from imsearch.search.target import SearchTarget
from imsearch.types.hits import Answer, Hit
from imsearch.types.options import QueryOptions
from imsearch.types.preprocessing import Preprocessing
from imsearch.types.probes import Indexed

if TYPE_CHECKING:
    from imsearch.types.probes import ProbeLike
    from imsearch.verify.verifier import Verifier

PROBES_AT_ONCE = 64


class ReadProbe(NamedTuple):
    """A probe that was read, with the stored vector if its very bytes are in the library: float32 (dimensions,)."""

    probe: Probe | PreparedProbe
    stored: NDArray[np.float32] | None


class QueryPipeline:
    """Answers probes, all with the same options; hits are verified by ``verifier`` if there is one."""

    def __init__(
        self, target: SearchTarget, reader: ProbeReader, options: QueryOptions, verifier: "Verifier | None" = None
    ) -> None:
        self._target = target
        self._reader = reader
        self._options = options
        self._verifier = verifier
        self._filters = checked(options.filters, target.backend.catalog())

    def answers(self, probes: "Iterable[ProbeLike]") -> Iterator[Answer]:
        """An answer for each probe, in order; that of an unavailable probe holds the error.

        Raises `ModelMismatchError` where the model is not the one that made the library's vectors.
        """
        sources = iter(probes)
        at_once = PROBES_AT_ONCE if self._verifier is None else 1  # verification holds all of a probe's pixels
        while some := list(itertools.islice(sources, at_once)):
            started = time.monotonic()
            read = [self._read(source) for source in some]
            good = [one for one in read if not isinstance(one, ImsearchError)]
            hits = iter(self._hits(good) if good else ())
            seconds = (time.monotonic() - started) / len(some)
            for source, one in zip(some, read, strict=True):
                if isinstance(one, ImsearchError):
                    yield Answer(name_of(source), [], seconds, one)
                else:
                    yield Answer(name_of(source), next(hits), seconds, size=(one.probe.width, one.probe.height))

    # Probes

    def _read(self, source: "ProbeLike") -> ReadProbe | ImsearchError:
        """A probe, or the error if it is unavailable."""
        crop = self._options.crop
        try:
            if self._verifier is not None:
                return self._with_stored(self._reader.read(source, crop))  # all of its pixels, to be compared
            if isinstance(source, Indexed) and crop is None and not self._target.space.regions:
                known = self._with_stored(self._reader.known(source))
                if known.stored is not None:
                    return known  # only its vector is needed, and its file need not even exist
            return self._with_stored(self._reader.prepare(source, crop, self._inputs))
        except (ProbeError, IndexedPictureError, UsageError) as exc:  # not those of the library itself
            return exc

    def _with_stored(self, probe: Probe | PreparedProbe) -> ReadProbe:
        stored = None if probe.digest is None else self._target.space.vector_of(probe.digest)
        return ReadProbe(probe, stored)

    @cached_property  # it reads files, and is the same for all probes
    def _inputs(self) -> list[Preprocessing]:
        """The preprocessings by which the model needs a probe; empty if that is unknown before the model is loaded."""
        plain = self._target.preprocessing()
        if plain is None:
            return []
        return [plain, plain.squeezed] if self._target.space.regions else [plain]

    # Vectors

    def _vectors_of(self, read: Sequence[ReadProbe]) -> list[ProbeVectors]:
        """The vectors of probes. A probe whose very bytes are in the library has the stored vector."""
        new = [one.probe for one in read if one.stored is None]
        embedded = iter(embed(new, self._target.embedder()) if new else ())
        views = [(next(embedded) if one.stored is None else one.stored)[None] for one in read]
        probes = [one.probe for one in read]
        if self._target.space.regions:
            views = self._with_squeezed(probes, views)
        return [ProbeVectors(view, probe.digest, probe.path) for view, probe in zip(views, probes, strict=True)]

    def _with_squeezed(
        self, probes: Sequence[Probe | PreparedProbe], views: list[NDArray[np.float32]]
    ) -> list[NDArray[np.float32]]:
        """Views with a second one of each whole probe, if the model's own preprocessing cuts off its edges: a thing
        that was cut out of a scene reaches to the edges."""
        embedder = self._target.embedder()
        preprocessing = embedder.model.preprocessing
        if preprocessing == preprocessing.squeezed:
            return views
        squeezed = embed(probes, embedder, preprocessing.squeezed)
        return [np.stack([*view, other]) for view, other in zip(views, squeezed, strict=True)]

    def _vectors_in_turns(self, probe: Probe, stored: NDArray[np.float32] | None) -> ProbeVectors:
        """The vectors of a probe and of other views of it, such as it may have been before it was edited."""
        from imsearch.search.alike import alike
        from imsearch.verify.views import views

        embedder = self._target.embedder()
        vectors = embedder.embed(views(probe, embedder.model.preprocessing))
        if stored is not None:
            vectors[0] = stored  # so that scores are those of a query that is not verified
        others = alike(probe, self._target, self._filters)
        return ProbeVectors(vectors, probe.digest, probe.path, in_turns=True, others=others)

    # Hits

    def _hits(self, read: Sequence[ReadProbe]) -> list[list[Hit]]:
        self._target.index.sync()
        ranker = Ranker(self._target.space, self._target.index, self._filters)
        if self._verifier is not None:
            whole = [(one.probe, one.stored) for one in read if isinstance(one.probe, Probe)]
            return [self._proven(probe, stored, ranker, self._verifier) for probe, stored in whole]
        ranked = ranker.rank(self._vectors_of(read), self._options.k, self._options.min_score)
        return [[hit_of(rank, file) for rank, file in enumerate(files, 1)] for files in ranked]

    def _proven(
        self, probe: Probe, stored: NDArray[np.float32] | None, ranker: Ranker, verifier: "Verifier"
    ) -> list[Hit]:
        """Hits with proofs, in the order that the proofs give."""
        from imsearch.verify.verifier import CANDIDATES

        k, least = self._options.k, self._options.min_score
        (files,) = ranker.rank([self._vectors_in_turns(probe, stored)], max(k, CANDIDATES))
        proven = verifier.verify(probe, [hit_of(rank, file) for rank, file in enumerate(files, 1)], k)
        reaching = [hit for hit in proven if hit.score >= least][:k]
        return [replace(hit, rank=rank) for rank, hit in enumerate(reaching, 1)]


def embed(
    probes: Sequence[Probe | PreparedProbe], embedder: Embedder, preprocessing: Preprocessing | None = None
) -> NDArray[np.float32]:
    """Vectors of probes: float32 (n, dimensions), unit length. They are prepared by ``preprocessing``, by default the
    model's own."""
    wanted = preprocessing or embedder.model.preprocessing
    return embedder.embed(np.stack([probe.prepared(wanted) for probe in probes]))


def hit_of(rank: int, file: ScoredFile) -> Hit:
    """The hit for a file with its score."""
    match = file.match
    return Hit(
        rank=rank,
        path=os.fsdecode(match.path),
        digest=match.digest.hex(),
        score=file.score,
        width=match.width,
        height=match.height,
        format=match.format,
        taken=None if match.taken is None else datetime.datetime.fromisoformat(match.taken),
        region=match.region,
    )
