"""The catalog: the one truth about a library, in SQLite."""
