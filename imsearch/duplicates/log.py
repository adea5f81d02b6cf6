"""The log of what was moved to the trash: ``trash.jsonl`` in the folder of a library.

Each line is a JSON object. A line with an ``intent`` is on the disk before a file is moved: ``id``, ``time`` (UTC, ISO
8601), ``path``, ``digest`` (SHA-256 in hex), ``size`` in bytes, ``kept``, and ``with`` (the file that a companion goes
along with, else null). Later lines say what became of it, by its ``id``: ``moved``, ``left`` (moving failed), or
``restored``. Where the process was killed in between there is no such line: whether the file is at its path tells.
"""

import datetime
import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from imsearch.types.reports import TrashedFile

NAME = "trash.jsonl"

Outcome = Literal["moved", "left", "restored"]


class TrashLog:
    """The log of one library. Whoever writes to it must hold the write lock of the library."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME

    def intend(self, path: str, digest: str, size: int, kept: str, beside: str | None = None) -> str:
        """Note that a file is about to be moved. Returns the id of the note. Raises `OSError`."""
        number = uuid.uuid4().hex
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        note = {"time": now, "path": path, "digest": digest, "size": size, "kept": kept, "with": beside}
        self._append({"event": "intent", "id": number, **note})
        return number

    def tell(self, outcome: Outcome, number: str) -> None:
        """Note what became of the file with this id. Raises `OSError`."""
        self._append({"event": outcome, "id": number})

    def trashed(self) -> dict[str, TrashedFile]:
        """The files that were moved and not restored, by their ids, the oldest first. Raises `OSError`."""
        files: dict[str, TrashedFile] = {}
        moved: set[str] = set()
        for line in self._lines():
            number = line["id"]
            match line["event"]:
                case "intent":
                    files[number] = _trashed_file(line)
                case "moved":
                    moved.add(number)
                case "left" | "restored":
                    files.pop(number, None)
        return {number: file for number, file in files.items() if number in moved or not os.path.lexists(file.path)}

    def _lines(self) -> Iterator[dict[str, Any]]:
        """The lines in their order, without a line that a killed process has not finished."""
        if not self.path.exists():
            return
        with open(self.path, "rb") as file:
            for line in file:
                try:
                    yield json.loads(line)
                except ValueError:
                    continue

    def _append(self, line: dict[str, Any]) -> None:
        """Write a line, and wait until it is on the disk."""
        new = not self.path.exists()
        with open(self.path, "ab+") as file:
            unfinished = file.tell() > 0 and _last_byte(file) != b"\n"
            file.write(b"\n" * unfinished + json.dumps(line).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        if new:
            _sync_folder(self.path.parent)


def _last_byte(file: Any) -> bytes:
    file.seek(-1, os.SEEK_END)
    last: bytes = file.read(1)
    return last


def _sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, where the system can do that."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _trashed_file(line: dict[str, Any]) -> TrashedFile:
    return TrashedFile(
        path=line["path"],
        digest=line["digest"],
        size=line["size"],
        moved=datetime.datetime.fromisoformat(line["time"]),
        kept=line["kept"],
        beside=line["with"],
    )
