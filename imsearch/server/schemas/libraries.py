"""Facts about the library, as the API gives them."""

from pydantic import BaseModel


class Root(BaseModel):
    """A folder (or file) that was indexed, and whether it is reachable now."""

    path: str
    reachable: bool


class LibraryFacts(BaseModel):
    """Facts about the library. ``folders`` are the folders that may be indexed over HTTP."""

    path: str
    name: str
    exists: bool
    model: str
    dimensions: int
    files: int
    pictures: int
    unreadable: int
    regions: int
    disk_bytes: int
    roots: list[Root]
    folders: list[str]
    formats: list[str]
    can_verify: bool
