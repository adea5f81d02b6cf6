"""Verification: whether a hit is the same photograph as the probe, shown by local features and compared pixels.

The modules but this one and `contents` import OpenCV, which comes with the extra `verify`.
"""

import importlib.util

from imsearch.errors import UsageError

INSTALL = "pip install 'imsearch-engine[verify]'"
"""How to get OpenCV, for the hints of whoever speaks to people."""


def available() -> bool:
    """Whether OpenCV is installed; nothing is imported to find out."""
    try:
        return importlib.util.find_spec("cv2") is not None
    except ValueError:  # a module of that name that was made without a specification, or blocked
        return False


def check_available() -> None:
    """Raise `UsageError`, whose ``argument`` is ``verify``, unless OpenCV is installed."""
    if not available():
        raise UsageError("comparing pictures needs OpenCV, which is not installed", argument="verify", value=True)
