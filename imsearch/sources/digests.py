"""Digests, by which contents are known."""

import hashlib
import os


def digest_of(data: bytes) -> bytes:
    """The SHA-256 of a file's bytes."""
    return hashlib.sha256(data).digest()


def digest_of_file(path: str | os.PathLike[str]) -> bytes:
    """The SHA-256 of the bytes of the file at ``path``, which is read in pieces. Raises `OSError`."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
