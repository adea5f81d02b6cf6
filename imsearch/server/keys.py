"""Keys of files: names that fit into a URL, whatever bytes the paths consist of."""

import base64
import binascii
import os
from http import HTTPStatus

from imsearch.server.problems import ProblemError


def file_key(path: str) -> str:
    """The key of a file: base64url, without padding, of the bytes of its path."""
    return base64.urlsafe_b64encode(os.fsencode(path)).rstrip(b"=").decode("ascii")


def path_of_key(key: str) -> str:
    """The path of the file with this key. Raises `ProblemError` for a text that is no key."""
    try:
        path = os.fsdecode(base64.urlsafe_b64decode(key + "=" * (-len(key) % 4)))
    except (binascii.Error, ValueError):
        path = ""
    if file_key(path) != key:  # decoding base64 ignores characters that are not part of it
        raise ProblemError("invalid", HTTPStatus.UNPROCESSABLE_ENTITY, f"'{key}' is not the key of a file")
    return path
