"""The library at a glance."""

from pydantic import BaseModel


class Root(BaseModel):
    """A folder (or file) that was indexed, and whether it is reachable now."""

    path: str
    reachable: bool


class LibraryFacts(BaseModel):
    """What the library holds. ``folders`` are those that may be indexed from here."""

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
