"""The catalogue: the one truth about a library, in SQLite."""
