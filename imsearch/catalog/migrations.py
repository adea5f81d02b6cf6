"""Migrations: the numbered steps from an empty catalog to the current schema.

Steps are only ever appended and never changed. SQLite's ``user_version`` is the number of steps that a catalog has run.
"""

from collections.abc import Callable
from typing import Any

APPLICATION_ID = 0x696D7372  # "imsr"

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
        # AUTOINCREMENT, so that an id is never used again for another vector: snapshots rely on that.
        """CREATE TABLE embeddings (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            space_id INTEGER NOT NULL REFERENCES spaces (id),
            content_id INTEGER NOT NULL REFERENCES contents (id) ON DELETE CASCADE,
            vector BLOB NOT NULL
        )""",
        "CREATE UNIQUE INDEX embeddings_content ON embeddings (content_id, space_id)",
    ),
    (
        # Deleted embeddings are recorded, so that snapshots can be brought up to date without comparing all ids.
        """CREATE TABLE departures (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            space_id INTEGER NOT NULL,
            embedding_id INTEGER NOT NULL
        )""",
        "CREATE INDEX contents_taken ON contents (taken)",
        """CREATE TRIGGER embeddings_depart AFTER DELETE ON embeddings BEGIN
            INSERT INTO departures (space_id, embedding_id) VALUES (old.space_id, old.id);
        END""",
    ),
    (
        # Pairs that the user marked as different pictures; by digest, so that they outlive files and contents.
        """CREATE TABLE different_pairs (
            first BLOB NOT NULL,
            second BLOB NOT NULL,
            PRIMARY KEY (first, second),
            CHECK (first < second)
        ) WITHOUT ROWID""",
    ),
    (
        # Region 0 is the whole picture and has no box. Boxes of other regions are in pixels of the upright picture.
        "ALTER TABLE spaces ADD COLUMN regions INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE embeddings ADD COLUMN region INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE embeddings ADD COLUMN region_x INTEGER",
        "ALTER TABLE embeddings ADD COLUMN region_y INTEGER",
        "ALTER TABLE embeddings ADD COLUMN region_width INTEGER",
        "ALTER TABLE embeddings ADD COLUMN region_height INTEGER",
        "DROP INDEX embeddings_content",
        "CREATE UNIQUE INDEX embeddings_content ON embeddings (content_id, space_id, region)",
    ),
    (
        # Files with a passing failure (no permission, a timeout, no memory) are tried again by the next run. Catalogs
        # of earlier versions only have the reason, so their rows are marked by its words.
        "ALTER TABLE files ADD COLUMN retry INTEGER NOT NULL DEFAULT 0",
        """UPDATE files SET retry = 1 WHERE state = 'unreadable' AND (
            reason LIKE 'no permission%' OR reason LIKE 'it cannot be read:%' OR reason LIKE 'it kept changing%'
            OR reason LIKE 'reading it took longer%' OR reason LIKE 'the decoder crashed%'
            OR reason LIKE 'too large: not enough memory%'
        )""",
    ),
    (
        # Perceptual hashes of pictures, empty for flat ones. Contents of earlier versions have none until their files
        # are read again. AUTOINCREMENT, so that new hashes have ids above all before: indexes in memory rely on that.
        """CREATE TABLE hashes (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            content_id INTEGER NOT NULL UNIQUE REFERENCES contents (id) ON DELETE CASCADE,
            hash BLOB NOT NULL CHECK (length(hash) IN (0, 32))
        )""",
    ),
)


def run_migrations(execute: Callable[[str], Any], since: int) -> None:
    """Run all steps after the first ``since`` ones, by a function that executes one SQL statement."""
    for number, statements in enumerate(MIGRATIONS[since:], since + 1):
        for statement in statements:
            execute(statement)
        execute(f"PRAGMA user_version = {number}")
