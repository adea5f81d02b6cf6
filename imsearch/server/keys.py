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
    """The path behind a key. Raises `ProblemError` where there is none."""
    try:
        data = base64.b64decode(key + "=" * (-len(key) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as exc:
        raise ProblemError("invalid", HTTPStatus.UNPROCESSABLE_ENTITY, f"'{key}' is no key of a file") from exc
    return os.fsdecode(data)
