"""Verification: deciding by local features and pixels whether a hit is the same photograph as the probe.

It needs OpenCV, which comes with the extra `verify`. This module and `contents`, `opening` and `order` work without.
"""

import importlib.util

from imsearch.errors import UsageError

INSTALL = "pip install 'imsearch-engine[verify]'"
"""The command that installs OpenCV, for hints of the command line and the server."""


def available() -> bool:
    """Whether OpenCV is installed. It is not imported for that."""
    try:
        return importlib.util.find_spec("cv2") is not None
    except ValueError:  # `cv2` is in `sys.modules` without a specification, or is blocked there
        return False


def check_available() -> None:
    """Raise `UsageError`, whose ``argument`` is ``verify``, unless OpenCV is installed."""
    if not available():
        raise UsageError("comparing pictures needs OpenCV, which is not installed", argument="verify", value=True)
