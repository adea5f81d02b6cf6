"""The catalogue: the one truth about a library, in SQLite."""

from imsearch.store.store import FileRow, NewFile, Space, Store

__all__ = ["FileRow", "NewFile", "Space", "Store"]
