"""Reverse image search over your own folders: the same picture, a copy of it, or one like it.

::

    import imsearch

    with imsearch.open("photos.imsearch") as library:
        library.index("./photos")
        for hit in library.query("probe.jpg", k=10):
            print(f"{hit.score:.3f}  {hit.path}")

Names are loaded when they are first used, so that importing the package costs next to nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import os

    from imsearch.errors import (
        CatalogCorruptError,
        DeviceUnavailableError,
        DiskFullError,
        ImsearchError,
        IndexedPictureError,
        LibraryError,
        LibraryLockedError,
        LibraryNotFoundError,
        LibraryTooNewError,
        ModelError,
        ModelMismatchError,
        OutOfReachError,
        PictureError,
        ProbeError,
        UnknownModelError,
        UnknownPictureError,
        UnsupportedModelError,
        UsageError,
        WeightsUnavailableError,
    )
    from imsearch.evaluation.run import evaluate
    from imsearch.library import Library
    from imsearch.models.names import known_models
    from imsearch.types.duplicates import DuplicateFile, DuplicateGroup, TrashReport
    from imsearch.types.evaluation import Asked, Estimate, Evaluating, Evaluation, Quality
    from imsearch.types.events import Compared, Judged, PreparingModel, Progress, Scanned, Skip
    from imsearch.types.hits import Answer, Hit, Proof, Region, Transform
    from imsearch.types.libraries import (
        CandidatesInfo,
        FileRecord,
        IndexedPicture,
        IndexReport,
        LibraryInfo,
        ModelInfo,
        PictureFile,
    )
    from imsearch.types.options import Filters
    from imsearch.types.probes import CLIPBOARD, Crop, Indexed

__version__ = "0.1.0"

__all__ = [
    "CLIPBOARD",
    "Answer",
    "Asked",
    "CandidatesInfo",
    "CatalogCorruptError",
    "Compared",
    "Crop",
    "DeviceUnavailableError",
    "DiskFullError",
    "DuplicateFile",
    "DuplicateGroup",
    "Estimate",
    "Evaluating",
    "Evaluation",
    "FileRecord",
    "Filters",
    "Hit",
    "ImsearchError",
    "IndexReport",
    "Indexed",
    "IndexedPicture",
    "IndexedPictureError",
    "Judged",
    "Library",
    "LibraryError",
    "LibraryInfo",
    "LibraryLockedError",
    "LibraryNotFoundError",
    "LibraryTooNewError",
    "ModelError",
    "ModelInfo",
    "ModelMismatchError",
    "OutOfReachError",
    "PictureError",
    "PictureFile",
    "PreparingModel",
    "ProbeError",
    "Progress",
    "Proof",
    "Quality",
    "Region",
    "Scanned",
    "Skip",
    "Transform",
    "TrashReport",
    "UnknownModelError",
    "UnknownPictureError",
    "UnsupportedModelError",
    "UsageError",
    "WeightsUnavailableError",
    "__version__",
    "evaluate",
    "known_models",
    "open",
]

_HOMES = {
    "imsearch.types.evaluation": ("Asked", "Estimate", "Evaluating", "Evaluation", "Quality"),
    "imsearch.evaluation.run": ("evaluate",),
    "imsearch.types.probes": ("CLIPBOARD", "Crop", "Indexed"),
    "imsearch.library": ("Library",),
    "imsearch.models.names": ("known_models",),
    "imsearch.types.duplicates": ("DuplicateFile", "DuplicateGroup", "TrashReport"),
    "imsearch.types.events": ("Compared", "Judged", "PreparingModel", "Progress", "Scanned", "Skip"),
    "imsearch.types.hits": ("Answer", "Hit", "Proof", "Region", "Transform"),
    "imsearch.types.libraries": (
        "CandidatesInfo",
        "FileRecord",
        "IndexReport",
        "IndexedPicture",
        "LibraryInfo",
        "ModelInfo",
        "PictureFile",
    ),
    "imsearch.types.options": ("Filters",),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}


def open(
    path: "str | os.PathLike[str] | None" = None,
    *,
    model: str | None = None,
    device: str | None = None,
    isolated: bool = False,
) -> "Library":
    """Open the library in the directory ``path``, or the user's default one. It is made by its first `index`.

    ``model`` names the model of a new library, or another one to use on an old one; None keeps the library's own.
    ``device`` is ``cpu``, ``cuda``, ``cuda:N`` or ``mps``; None lets the machine decide.
    With ``isolated`` probes are decoded in processes of their own, so that those of strangers may crash their decoder,
    or take it too long or too much memory, at no more cost than a `ProbeError`.
    """
    from imsearch.library import Library

    return Library(path, model=model, device=device, isolated=isolated)


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name, "imsearch.errors" if name in __all__ else None)
    if home is None:
        raise AttributeError(f"module 'imsearch' has no attribute '{name}'")
    return getattr(importlib.import_module(home), name)
