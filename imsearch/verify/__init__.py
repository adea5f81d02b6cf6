"""Verification: whether a hit is the same photograph as the probe, shown by local features and compared pixels."""

INSTALL = "pip install 'imsearch-engine[verify]'"
"""How to get OpenCV."""


def available() -> bool:
    """Whether OpenCV, which comes with the extra `verify`, is here."""
    try:
        from imsearch.verify import vision  # noqa: F401
    except ImportError:
        return False
    return True
