"""The numbered steps that lead to today's catalog.

Steps are only ever appended: `MIGRATIONS` is what every catalog out there has run, in order, and SQLite's
``user_version`` counts how many.
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
        # AUTOINCREMENT: an id never names another vector later, which snapshots rely on.
        """CREATE TABLE embeddings (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            space_id INTEGER NOT NULL REFERENCES spaces (id),
            content_id INTEGER NOT NULL REFERENCES contents (id) ON DELETE CASCADE,
            vector BLOB NOT NULL
        )""",
        "CREATE UNIQUE INDEX embeddings_content ON embeddings (content_id, space_id)",
    ),
    (
        # Deletions are recorded, so that snapshots learn of them as they learn of additions.
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
        # What a person said are not duplicates of each other; by digest, so that it outlives files and contents.
        """CREATE TABLE different_pairs (
            first BLOB NOT NULL,
            second BLOB NOT NULL,
            PRIMARY KEY (first, second),
            CHECK (first < second)
        ) WITHOUT ROWID""",
    ),
    (
        # Region 0 is the whole picture and has no box; those of the others are in pixels of the upright picture.
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
        # A failure that was not the file's own (no permission, a timeout, no memory) is tried again by the next run.
        # Earlier versions told such failures from others by their words alone.
        "ALTER TABLE files ADD COLUMN retry INTEGER NOT NULL DEFAULT 0",
        """UPDATE files SET retry = 1 WHERE state = 'unreadable' AND (
            reason LIKE 'no permission%' OR reason LIKE 'it cannot be read:%' OR reason LIKE 'it kept changing%'
            OR reason LIKE 'reading it took longer%' OR reason LIKE 'the decoder crashed%'
            OR reason LIKE 'too large: not enough memory%'
        )""",
    ),
)


def run_migrations(execute: Callable[[str], Any], since: int) -> None:
    """Take a catalog from the step ``since`` to the last one."""
    for number, statements in enumerate(MIGRATIONS[since:], since + 1):
        for statement in statements:
            execute(statement)
        execute(f"PRAGMA user_version = {number}")
