"""The values that travel between the rooms of imsearch and out to its users. Nothing here does I/O."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from imsearch.errors import UsageError

FileState = Literal["ok", "unreadable", "other"]
"""``other`` is a file that is no picture and does not claim to be one."""


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """What a model asks of a picture before it sees it.

    ``resize`` is the new length of the short side, or the new (height, width); ``crop`` the (height, width)
    of the centre crop that follows, or None. Where a crop leaves an odd number of pixels, ``corner`` says whether
    half a pixel is rounded to even (torchvision) or dropped (transformers). ``mean`` and ``std`` are per channel, on
    the 0..255 scale.
    """

    resize: int | tuple[int, int]
    crop: tuple[int, int] | None
    interpolation: Literal["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    corner: Literal["round", "truncate"] = "round"

    @property
    def output_size(self) -> tuple[int, int]:
        """Height and width of what the model sees."""
        if self.crop is not None:
            return self.crop
        if isinstance(self.resize, tuple):
            return self.resize
        raise ValueError("a short-side resize needs a crop to give one size")

    @property
    def squeezed(self) -> "Preprocessing":
        """The same for all of a picture instead of its centre, whatever that does to its proportions."""
        return replace(self, resize=self.output_size, crop=None)


@dataclass(frozen=True, slots=True)
class Tuning:
    """How the machine is used; None is what suits it.

    ``precision`` is the arithmetic of the model: ``f32``, ``bf16`` or ``f16``; ``batch_size`` the pictures that it
    computes at once; ``threads`` its threads on a CPU, and the processes that decode pictures.

    Raises `UsageError` for what makes no sense.
    """

    precision: str | None = None
    batch_size: int | None = None
    threads: int | None = None

    def __post_init__(self) -> None:
        if self.precision not in (None, "f32", "bf16", "f16"):
            raise UsageError(f"a precision is f32, bf16 or f16, not '{self.precision}'")
        for name, value in (("batch size", self.batch_size), ("number of threads", self.threads)):
            if value is not None and value < 1:
                raise UsageError(f"the {name} must be at least 1, not {value}")


DEFAULT_TUNING = Tuning()


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model as it stands in a list: no weights, only facts.

    ``parameters`` counts those of the embedding network; ``available`` says whether the weights are here.
    """

    name: str
    kind: Literal["CNN", "ViT"]
    library: Literal["package", "torchvision", "transformers"]
    dimensions: int
    input_size: tuple[int, int]
    parameters: int
    available: bool


Verdict = Literal["exact", "copy", "similar"]
"""``exact``: the same bytes or pixels; ``copy``: the same photograph, edited; ``similar``: neither was shown."""


@dataclass(frozen=True, slots=True)
class Transform:
    """What was done to a hit to make the probe: ``mirrored`` left to right, then ``turned`` by degrees clockwise
    (0..360), then scaled (pixels of the probe for one of the hit).

    ``matrix`` is the homography (3 x 3) from pixels of the probe to those of the hit; the rest is read off it at the
    probe's centre.
    """

    mirrored: bool
    turned: float
    scale: float
    matrix: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Proof:
    """What the comparison of a probe with a hit has shown.

    ``agreement`` is how well the pixels correlate where both pictures overlap, -1..1; ``inliers`` counts the local
    features that agree on the transform; the overlaps are shares of the probe's and of the hit's area.
    ``quadrilateral`` is where the probe's corners lie in the hit, in pixels of the upright hit, clockwise from the
    probe's top left; ``matches`` are some of the inliers (x and y in the probe, x and y in the hit). Where nothing
    aligns the two, there is no transform and the overlaps are 0.
    """

    verdict: Verdict
    agreement: float = 0.0
    inliers: int = 0
    probe_overlap: float = 0.0
    hit_overlap: float = 0.0
    transform: Transform | None = None
    quadrilateral: tuple[tuple[float, float], ...] | None = None
    matches: tuple[tuple[float, float, float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a picture, in pixels of the upright picture, from its upper left corner."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Hit:
    """One answer. ``score`` is the cosine similarity to the probe, exact, in -1..1.

    ``digest`` names the picture: SHA-256 of the file's bytes, in hex. ``region`` is the part of the picture that has
    this score, None for the picture as a whole. ``path`` may hold surrogate escapes where a name is not UTF-8
    (`os.fsencode` gives the bytes back); ``width`` and ``height`` are those of the upright picture; ``taken`` is local
    time from EXIF; ``proof`` is None unless the query was to be verified and the hit was among those looked at.
    """

    rank: int
    path: str
    digest: str
    score: float
    width: int
    height: int
    format: str
    taken: datetime.datetime | None
    region: Region | None = None
    proof: Proof | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What one probe of several got: its hits, or the error that kept it from being asked.

    ``size`` is width and height of what was asked with, upright and after a crop.
    """

    probe: str
    hits: list[Hit]
    seconds: float
    error: Exception | None = None
    size: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Filters:
    """Which pictures may be hits at all; applied before ranking.

    Dates are prefixes of ISO 8601 (``2019``, ``2019-07``, ``2019-07-04T18:00``); ``taken_after`` includes its own
    beginning, ``taken_before`` excludes it; either leaves out pictures that do not say when they were taken.
    """

    under: str | None = None
    taken_after: str | None = None
    taken_before: str | None = None
    formats: tuple[str, ...] = ()
    min_width: int | None = None
    min_height: int | None = None


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file as the library knows it. ``reason`` says why an unreadable one is so."""

    path: str
    size: int
    state: FileState
    reason: str | None


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A file that holds a picture: its size in bytes and its time of change, as they were when it was indexed."""

    path: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class IndexedPicture:
    """A picture of the library, whatever files hold it, in the order of their paths.

    ``digest`` is SHA-256 of its bytes, in hex; sizes are those of the upright picture; ``taken`` is from EXIF.
    """

    digest: str
    width: int
    height: int
    format: str
    taken: datetime.datetime | None
    files: tuple[PictureFile, ...]


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What an index run did, counted in files.

    ``unchanged`` counts files that cost one stat; ``embedded`` counts pictures that went through the model
    (copies and moved files do not); ``kept`` counts rows that stay because their folder is out of reach.
    """

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    moved: int = 0
    removed: int = 0
    skipped: int = 0
    kept: int = 0
    embedded: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class CandidatesInfo:
    """How candidates for hits are found, and what that was measured to reach.

    ``exact`` looks through ``vectors`` float16 vectors; ``approximate`` looks into the ``probed`` nearest of
    ``lists`` lists of codes with one byte for each of ``components`` principal components, and takes ``depth``
    candidates for ten hits, which are then scored exactly. ``recall`` is the share of the true ten among them, over
    ``measured_with`` held-out pictures when there were ``measured_at`` vectors; None where it is exact.
    ``pending`` vectors came or left since; they are looked through exactly.
    """

    kind: Literal["exact", "approximate"]
    vectors: int
    pending: int
    bytes_per_vector: int
    components: int
    lists: int
    probed: int
    depth: int
    recall: float | None
    measured_with: int
    measured_at: int


@dataclass(frozen=True, slots=True)
class LibraryInfo:
    """A library at a glance; sizes are in bytes.

    ``regions`` counts the vectors of parts of pictures, which take ``region_bytes`` of the catalogue.
    """

    path: str
    model: str
    dimensions: int
    precision: str
    spaces: tuple[str, ...]
    roots: tuple[str, ...]
    files: int
    pictures: int
    unreadable: int
    regions: int
    region_bytes: int
    catalogue_bytes: int
    cache_bytes: int
    candidates: CandidatesInfo | None


GroupKind = Literal["exact", "copy", "series"]
"""``exact``: all files hold the same bytes; ``copy``: the same photograph, edited; ``series``: taken one after the
other, and no copies."""

Relation = Literal["kept", "exact", "copy", "alike"]


@dataclass(frozen=True, slots=True)
class DuplicateFile:
    """A file of a group, as the catalogue has it.

    ``digest`` is SHA-256 of its bytes, in hex. ``relation`` is that to the file that would be kept: the same bytes
    (``exact``), an edited copy (``copy``), or another picture of the series (``alike``); the one to keep is ``kept``.
    ``mtime_ns`` is the file's time of change.
    """

    path: str
    digest: str
    relation: Relation
    size: int
    mtime_ns: int
    width: int
    height: int
    format: str
    taken: datetime.datetime | None


@dataclass(frozen=True, slots=True)
class DuplicateGroup:
    """Files of which one would do, in the order of their paths; ``keep`` is its place and ``reason`` says why it."""

    kind: GroupKind
    files: tuple[DuplicateFile, ...]
    keep: int
    reason: str

    @property
    def kept(self) -> DuplicateFile:
        """The file to keep."""
        return self.files[self.keep]

    @property
    def rest(self) -> tuple[DuplicateFile, ...]:
        """The files that could go."""
        return self.files[: self.keep] + self.files[self.keep + 1 :]

    def keeping(self, keep: int, reason: str) -> "DuplicateGroup":
        """The same files with that one to keep, and each with its relation to it."""
        kept = self.files[keep]

        def relation(file: DuplicateFile) -> Relation:
            if file is kept:
                return "kept"
            if file.digest == kept.digest:
                return "exact"
            return "alike" if self.kind == "series" else "copy"

        files = tuple(replace(file, relation=relation(file)) for file in self.files)
        return replace(self, files=files, keep=keep, reason=reason)


@dataclass(frozen=True, slots=True)
class TrashReport:
    """What was moved to the trash, or would be, and the ``size`` of it in bytes.

    ``skipped`` were to go and could not; ``linked`` are links to files that stay, of which moving one frees nothing.
    """

    moved: tuple[str, ...]
    size: int
    skipped: tuple["Skip", ...]
    linked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PreparingModel:
    """Event: a model is being loaded, and compiled where this is its first use."""

    model: str


@dataclass(frozen=True, slots=True)
class Scanned:
    """Event: the folders have been compared with the catalogue; ``total`` files are to be read."""

    total: int
    unchanged: int
    gone: int


@dataclass(frozen=True, slots=True)
class Progress:
    """Event: a batch has been committed; all counts are since the start of the run."""

    done: int
    total: int
    embedded: int
    skipped: int


@dataclass(frozen=True, slots=True)
class Skip:
    """Event: a file or folder that could not be read, and why. What was known below such a folder stays."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Compared:
    """Event: of ``total`` pictures, ``done`` have been looked at for others near them."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Judged:
    """Event: of ``total`` pairs that may be copies, ``done`` have been looked at; many need not be in the end."""

    done: int
    total: int


Event = PreparingModel | Scanned | Progress | Skip | Compared | Judged
Listener = Callable[[Event], None]
"""What `Library.index` and `Library.duplicates` call with each event, in the thread that called it."""
