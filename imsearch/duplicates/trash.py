"""Moving files to the system's trash: the only module that imports Send2Trash.

A file goes only while all that was told of its group still holds: it and the file that is kept in its place are there
and as they were when they were indexed, the kept one can be read, and they are two files.
"""

import os
from collections.abc import Callable, Iterable

from imsearch.sources.paths import is_below
from imsearch.types.duplicates import DuplicateFile, DuplicateGroup, TrashReport
from imsearch.types.events import Skip


def send(path: str) -> None:
    """Move a file to the trash. Raises `OSError` where that cannot be done."""
    from send2trash import send2trash  # with the libraries of the desktop, where there is one

    send2trash(path)


def clear(groups: Iterable[DuplicateGroup], under: bytes | None, move: Callable[[str], None]) -> TrashReport:
    """Have all but the kept file of each group moved, as far as they lie at or below ``under``."""
    moved: list[DuplicateFile] = []
    skipped: list[Skip] = []
    linked: list[str] = []
    for group in groups:
        for file in group.rest:
            if under is not None and not is_below(os.fsencode(file.path), under):
                continue
            try:
                if _is_one(file, group.kept):
                    linked.append(file.path)
                    continue
                move(file.path)
            except OSError as exc:
                skipped.append(Skip(file.path, exc.strerror or str(exc)))
            else:
                moved.append(file)
    return TrashReport(
        tuple(file.path for file in moved), sum(file.size for file in moved), tuple(skipped), tuple(linked)
    )


def _is_one(file: DuplicateFile, kept: DuplicateFile) -> bool:
    """Whether one is another name of the other: a hard link or a symbolic one, of which moving it frees nothing.

    Raises `OSError` unless both are as they were.
    """
    status, kept_status = _unchanged(file, "it "), _unchanged(kept, f"the file to keep, {kept.path}, ")
    with open(kept.path, "rb") as opened:
        opened.read(1)
    return os.path.islink(file.path) or os.path.samestat(status, kept_status)


def _unchanged(file: DuplicateFile, name: str) -> os.stat_result:
    try:
        status = os.stat(file.path)
    except OSError as exc:
        raise OSError(f"{name}cannot be reached: {exc.strerror}") from exc
    if (status.st_size, status.st_mtime_ns) != (file.size, file.mtime_ns):
        raise OSError(f"{name}has changed since it was indexed: run `imsearch index` first")
    return status
