"""Groups of real files for tests of what is moved to the trash, and the trash itself."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from imsearch.types.duplicates import DuplicateFile, DuplicateGroup, GroupKind


def file_of(path: Path, **facts: object) -> DuplicateFile:
    """A file as the catalog would have it if it were indexed now."""
    status = path.stat()
    known: dict[str, object] = {
        "digest": hashlib.sha256(path.read_bytes()).hexdigest(),
        "relation": "edited",
        "size": status.st_size,
        "mtime_ns": status.st_mtime_ns,
        "width": 40,
        "height": 30,
        "format": "jpeg",
        "taken": None,
    }
    return DuplicateFile(str(path), **{**known, **facts})  # type: ignore[arg-type]


def group_of(kept: Path, *others: Path, kind: GroupKind = "copies", protected: tuple[Path, ...] = ()) -> DuplicateGroup:
    """A group of these files, of which the first is the one to keep."""
    files = tuple(file_of(path, protected=path in protected) for path in sorted([kept, *others]))
    place = [file.path for file in files].index(str(kept))
    return DuplicateGroup(kind, files, place, "").keeping(place, "the first named")


def in_trash() -> Iterator[Path]:
    """The files in the trash of the home."""
    folder = Path(os.environ["XDG_DATA_HOME"], "Trash", "files")
    return folder.iterdir() if folder.exists() else iter(())
