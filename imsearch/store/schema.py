"""Tables of the catalogue, and the numbered steps that lead to them.

Steps are only ever appended: `MIGRATIONS` is what every catalogue out there has run, in order, and SQLite's
``user_version`` counts how many. The tables below describe the state after the last one.
"""

from sqlalchemy import BLOB, Column, ForeignKey, Integer, MetaData, String, Table

APPLICATION_ID = 0x696D7372  # "imsr"

metadata = MetaData()

roots = Table(
    "roots",
    metadata,
    Column("path", BLOB, primary_key=True),
    Column("inode", Integer, nullable=False),
)

contents = Table(
    "contents",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", BLOB, nullable=False, unique=True),
    Column("size", Integer, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("format", String, nullable=False),
    Column("taken", String),
)

files = Table(
    "files",
    metadata,
    Column("path", BLOB, primary_key=True),
    Column("size", Integer, nullable=False),
    Column("mtime_ns", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("reason", String),
    Column("content_id", ForeignKey("contents.id"), index=True),
)

spaces = Table(
    "spaces",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("model", String, nullable=False, unique=True),
    Column("fingerprint", String, nullable=False),
    Column("dimensions", Integer, nullable=False),
    Column("precision", String, nullable=False),
)

embeddings = Table(
    "embeddings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("space_id", ForeignKey("spaces.id"), nullable=False),
    Column("content_id", ForeignKey("contents.id"), nullable=False),
    Column("vector", BLOB, nullable=False),
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE roots (path BLOB PRIMARY KEY, inode INTEGER NOT NULL) WITHOUT ROWID",
        """CREATE TABLE contents (
            id INTEGER PRIMARY KEY,
            digest BLOB NOT NULL UNIQUE,
            size INTEGER NOT NULL,
            width INTEGER NOT NULL,
            height INTEGER NOT NULL,
            format TEXT NOT NULL,
            taken TEXT
        )""",
        "CREATE INDEX contents_size ON contents (size)",
        """CREATE TABLE files (
            path BLOB PRIMARY KEY,
            size INTEGER NOT NULL,
            mtime_ns INTEGER NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('ok', 'unreadable', 'other')),
            reason TEXT,
            content_id INTEGER REFERENCES contents (id),
            CHECK ((state = 'ok') = (content_id IS NOT NULL)),
            CHECK ((state = 'unreadable') = (reason IS NOT NULL))
        ) WITHOUT ROWID""",
        "CREATE INDEX files_content ON files (content_id)",
        """CREATE TABLE spaces (
            id INTEGER PRIMARY KEY,
            model TEXT NOT NULL UNIQUE,
            fingerprint TEXT NOT NULL,
            dimensions INTEGER NOT NULL,
            precision TEXT NOT NULL
        )""",
        # AUTOINCREMENT: an id never names another vector later, which candidate files rely on.
        """CREATE TABLE embeddings (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            space_id INTEGER NOT NULL REFERENCES spaces (id),
            content_id INTEGER NOT NULL REFERENCES contents (id) ON DELETE CASCADE,
            vector BLOB NOT NULL
        )""",
        "CREATE UNIQUE INDEX embeddings_content ON embeddings (content_id, space_id)",
    ),
)
