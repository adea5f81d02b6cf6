"""The HTTP API and the web page over a library: the extra ``server``."""

import importlib.util

INSTALL = "pip install 'imsearch-engine[server]'"


def available() -> bool:
    """Whether the libraries that it needs are here."""
    return all(importlib.util.find_spec(name) for name in ("fastapi", "uvicorn", "python_multipart"))
