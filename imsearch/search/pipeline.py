"""How a library answers probes: what is asked for, reading the probes, their vectors, hits with or without proof."""

import contextlib
import itertools
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from imsearch.catalog.reader import Reader
from imsearch.catalog.rows import Match, Space
from imsearch.errors import ImsearchError, UsageError
from imsearch.images import formats
from imsearch.models.batching import BatchingEmbedder
from imsearch.models.model import Embedder, Model
from imsearch.search.pictures import Pictures
from imsearch.search.probes import PreparedProbe, Probe, name_of, read_probe
from imsearch.search.ranking import Question, check_fingerprint, gather, hit_of, search
from imsearch.types.hits import Answer, Hit
from imsearch.types.options import Filters
from imsearch.types.preprocessing import Preprocessing
from imsearch.types.probes import Crop, Indexed
from imsearch.vectors.candidates import Candidates

if TYPE_CHECKING:
    from imsearch.search.isolated import IsolatedReader
    from imsearch.types.probes import ProbeLike
    from imsearch.verify.verifier import Verifier

PROBES_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for besides the probes, as `Library.query` explains it."""

    k: int
    crop: Crop | None
    min_score: float
    filters: Filters

    @classmethod
    def of(cls, k: int, crop: str | Crop | None, min_score: float, filters: Filters | None) -> "Asked":
        """The same checked. Raises `UsageError` for what makes no sense."""
        if k < 1:
            raise UsageError(f"k must be at least 1, not {k}")
        part = Crop.parse(crop) if isinstance(crop, str) else crop
        return cls(k, part, min_score, checked_filters(filters))


class Probes:
    """Reads probes of any kind, pictures of the library among them, in this process or in isolated ones."""

    def __init__(self, pictures: Callable[[], Pictures], isolated: "IsolatedReader | None") -> None:
        self._pictures = pictures
        self._isolated = isolated

    def read(self, source: "ProbeLike", crop: Crop | None) -> Probe:
        """A probe with all of its pixels."""
        source = self._resolved(source)
        return read_probe(source, crop) if self._isolated is None else self._isolated.read(source, crop)

    def read_for_model(
        self, source: "ProbeLike", crop: Crop | None, wanted: Sequence[Preprocessing]
    ) -> Probe | PreparedProbe:
        """A probe of which a model can be shown what is ``wanted``, or anything where that is not known yet."""
        source = self._resolved(source)
        if self._isolated is None:
            return read_probe(source, crop, wanted[0] if wanted else None)
        return self._isolated.prepare(source, crop, wanted) if wanted else self._isolated.read(source, crop)

    def known(self, source: Indexed) -> PreparedProbe:
        """A picture of the library without its pixels. Raises `UnknownPictureError`."""
        facts = self._pictures().facts(source.digest)
        path = os.fsencode(facts.files[0].path)
        return PreparedProbe(name_of(source), facts.width, facts.height, bytes.fromhex(facts.digest), path, {})

    def _resolved(self, source: "ProbeLike") -> "ProbeLike":
        return self._pictures().path(source.digest) if isinstance(source, Indexed) else source


class Asking:
    """One call of `Library.query_many`. The embedder and the candidates are had when they are first needed."""

    def __init__(
        self,
        reader: Reader,
        space: Space,
        asked: Asked,
        probes: Probes,
        embedder: Callable[[], BatchingEmbedder],
        candidates: Callable[[Reader, Space], Candidates],
    ) -> None:
        self._reader = reader
        self._space = space
        self._asked = asked
        self._probes = probes
        self._embedder = embedder
        self._candidates = candidates

    def answers(self, sources: "Iterator[ProbeLike]", preprocessing: Preprocessing | None) -> Iterator[Answer]:
        """An answer to each probe in turn; ``preprocessing`` is that of the model, where it can be had at no cost."""
        wanted = () if preprocessing is None else (preprocessing, preprocessing.squeezed)[: 1 + self._space.regions]
        while True:
            started = time.monotonic()
            names: list[str] = []
            read: list[Probe | PreparedProbe | ImsearchError] = []
            for source in itertools.islice(sources, PROBES_AT_ONCE):
                names.append(name_of(source))
                try:
                    read.append(self._read(source, wanted))
                except ImsearchError as exc:
                    read.append(exc)
            if not read:
                return
            good = [probe for probe in read if not isinstance(probe, ImsearchError)]
            hits = iter(self._hits(good) if good else ())
            seconds = (time.monotonic() - started) / len(read)
            for name, probe in zip(names, read, strict=True):
                if isinstance(probe, ImsearchError):
                    yield Answer(name, [], seconds, probe)
                else:
                    yield Answer(name, next(hits), seconds, size=(probe.width, probe.height))

    def _read(self, source: "ProbeLike", wanted: Sequence[Preprocessing]) -> Probe | PreparedProbe:
        """A probe; of an indexed picture whose vector is all that is needed, not even its file."""
        if isinstance(source, Indexed) and self._asked.crop is None and not self._space.regions:
            known = self._probes.known(source)
            if self._stored_vector(known) is not None:
                return known
        return self._probes.read_for_model(source, self._asked.crop, wanted)

    def _hits(self, probes: Sequence[Probe | PreparedProbe]) -> list[list[Hit]]:
        questions = self._questions(probes)
        return search(
            questions,
            self._reader,
            self._space,
            self._candidates(self._reader, self._space),
            k=self._asked.k,
            filters=self._asked.filters,
            min_score=self._asked.min_score,
        )

    def verified_answers(self, sources: "Iterable[ProbeLike]", verifier: "Verifier") -> Iterator[Answer]:
        """The same with proofs."""
        asked = self._asked
        check_fingerprint(self._space, self._embedder().model)
        for source in sources:
            started = time.monotonic()
            try:
                probe = self._probes.read(source, asked.crop)  # all of its pixels, to be compared
            except ImsearchError as exc:
                yield Answer(name_of(source), [], time.monotonic() - started, exc)
                continue
            gathered = [hit_of(rank, match, score) for rank, (match, score) in enumerate(self._gathered(probe), 1)]
            kept = [hit for hit in verifier.verify(probe, gathered, asked.k) if hit.score >= asked.min_score]
            hits = [replace(hit, rank=rank) for rank, hit in enumerate(kept[: asked.k], 1)]
            yield Answer(name_of(source), hits, time.monotonic() - started, size=(probe.width, probe.height))

    def _gathered(self, probe: Probe) -> list[tuple[Match, float]]:
        """Files of the pictures that a probe is to be compared with."""
        from imsearch.verify.verifier import CANDIDATES
        from imsearch.verify.views import views

        embedder = self._embedder()
        vectors = embedder.embed(views(probe, embedder.model.preprocessing))
        stored = self._stored_vector(probe)
        if stored is not None:
            vectors[0] = stored  # so that scores are those of a query that is not verified
        return gather(
            vectors,
            self._reader,
            self._space,
            self._candidates(self._reader, self._space),
            count=max(self._asked.k, CANDIDATES),
            filters=self._asked.filters,
        )

    def _questions(self, probes: Sequence[Probe | PreparedProbe]) -> list[Question]:
        """Probes as vectors; those whose very bytes are in the library have theirs already."""
        vectors: dict[int, NDArray[np.float32]] = {}
        for at, probe in enumerate(probes):
            stored = self._stored_vector(probe)
            if stored is not None:
                vectors[at] = stored
        new = [at for at in range(len(probes)) if at not in vectors]
        if new:
            model = self._checked_model()
            anew = embed([probes[at] for at in new], self._embedder(), model.preprocessing)
            vectors.update(zip(new, anew, strict=True))
        views = self._squeezed(probes) if self._space.regions else [None] * len(probes)
        return [
            Question(vectors[at], probe.digest, probe.path, view)
            for at, (probe, view) in enumerate(zip(probes, views, strict=True))
        ]

    def _squeezed(self, probes: Sequence[Probe | PreparedProbe]) -> Sequence[NDArray[np.float32] | None]:
        """The vectors of all of each probe; None where the model sees all of it anyhow."""
        preprocessing = self._checked_model().preprocessing
        if preprocessing == preprocessing.squeezed:
            return [None] * len(probes)
        return list(embed(probes, self._embedder(), preprocessing.squeezed))

    def _checked_model(self) -> Model:
        model = self._embedder().model
        check_fingerprint(self._space, model)
        return model

    def _stored_vector(self, probe: Probe | PreparedProbe) -> NDArray[np.float32] | None:
        """The vector, of unit length, of a probe whose very bytes are in the library; None for another."""
        stored = None if probe.digest is None else self._reader.vector_of(probe.digest, self._space)
        return None if stored is None else stored / np.linalg.norm(stored)


def embed(
    probes: Sequence[Probe | PreparedProbe], embedder: Embedder, preprocessing: Preprocessing
) -> NDArray[np.float32]:
    """Unit-length vectors of probes (n, dimensions), each shown to the model as ``preprocessing`` has it."""
    return embedder.embed(np.stack([probe.prepared(preprocessing) for probe in probes]))


def checked_filters(filters: Filters | None) -> Filters:
    """Filters with dates and formats in the catalogue's own form. Raises `UsageError` for those that have none."""
    if filters is None:
        return Filters()
    wanted = []
    for text in filters.formats:
        name = formats.format_named(text)
        if name is None:
            raise UsageError(
                f"there is no format '{text}': name {', '.join(formats.FORMATS)}",
                argument="formats",
                value=text,
                choices=tuple(formats.FORMATS),
            )
        wanted.append(name)
    return Filters(
        under=filters.under,
        taken_after=_date(filters.taken_after),
        taken_before=_date(filters.taken_before),
        formats=tuple(wanted),
        min_width=filters.min_width,
        min_height=filters.min_height,
    )


def _date(text: str | None) -> str | None:
    """A date as a prefix of how the catalogue writes times, so that comparing text compares time."""
    if text is None:
        return None
    candidate = text.strip().replace(" ", "T")
    full = "0001-01-01T00:00:00"
    if re.fullmatch(r"\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d)?)?)?)?", candidate):
        with contextlib.suppress(ValueError):
            time.strptime(candidate + full[len(candidate) :], "%Y-%m-%dT%H:%M:%S")
            return candidate
    raise UsageError(f"a date is YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDTHH:MM, not '{text}'")
