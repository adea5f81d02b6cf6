"""Files and pictures of the library, as the API gives them."""

import datetime
import os

from pydantic import BaseModel

from imsearch.formatting.wording import printable
from imsearch.server.keys import file_key
from imsearch.types.libraries import IndexedPicture

EXAMPLE_ID = "6e58a2f1b7c04d93a5e0c1f4b8d7296035ab41ce7f90d2638b15e4c7a9f30d12"
"""The id of the picture in examples."""

EXAMPLE_KEY = "L3Bob3Rvcy8yMDE5L3BpZXIuanBn"
"""The key of the file in examples."""


class FileName(BaseModel):
    """The names of a file: its key, its path, and the path's folder and name."""

    file: str
    path: str
    folder: str
    name: str


def file_name(path: str) -> dict[str, str]:
    """The fields of a `FileName` for a path."""
    folder, name = os.path.split(path)
    return {"file": file_key(path), "path": printable(path), "folder": printable(folder), "name": printable(name)}


class Size(BaseModel):
    """The size of an upright picture, in pixels."""

    width: int
    height: int


class StoredFile(FileName):
    """A file that holds a picture, as it was when it was indexed."""

    size: int
    modified: datetime.datetime


class StoredPicture(BaseModel):
    """A picture of the library and all files that hold it."""

    id: str
    width: int
    height: int
    format: str
    taken: datetime.datetime | None
    files: list[StoredFile]

    @classmethod
    def of(cls, picture: IndexedPicture) -> "StoredPicture":
        """The description of a picture of the library."""
        return cls(
            id=picture.digest,
            width=picture.width,
            height=picture.height,
            format=picture.format,
            taken=picture.taken,
            files=[
                StoredFile(**file_name(file.path), size=file.size, modified=time_of(file.mtime_ns))
                for file in picture.files
            ],
        )


def time_of(mtime_ns: int) -> datetime.datetime:
    """The time of modification of a file, in UTC, or the nearest time that a `datetime` can hold."""
    seconds = min(max(mtime_ns / 1e9, -62_135_596_800), 253_402_300_799)
    return datetime.datetime.fromtimestamp(0, datetime.UTC) + datetime.timedelta(seconds=int(seconds))
