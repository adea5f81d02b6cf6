"""Names for files that fit a URL, whatever bytes their paths are made of."""

import base64
import binascii
import os
from http import HTTPStatus

from imsearch.server.problems import ProblemError


def file_key(path: str) -> str:
    """The key of a file: base64url, without padding, of the bytes of its path."""
    return base64.urlsafe_b64encode(os.fsencode(path)).rstrip(b"=").decode("ascii")


def path_of_key(key: str) -> str:
    """The path that a key stands for. Raises `ProblemError` for what is not a key."""
    try:
        path = os.fsdecode(base64.urlsafe_b64decode(key + "=" * (-len(key) % 4)))
    except (binascii.Error, ValueError):
        path = ""
    if file_key(path) != key:  # base64 decoding ignores what does not belong to it
        raise ProblemError("invalid", HTTPStatus.UNPROCESSABLE_ENTITY, f"'{key}' is not the key of a file")
    return path
