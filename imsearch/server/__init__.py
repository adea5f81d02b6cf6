"""The HTTP API and the web page over a library. They need the extra ``server``."""

import importlib.util

INSTALL = "pip install 'imsearch-engine[server]'"

_NEEDED = ("fastapi", "httptools", "prometheus_client", "python_multipart", "pythonjsonlogger", "uvicorn")


def available() -> bool:
    """Whether the packages of the extra ``server`` are installed. They are not imported for that."""
    return all(importlib.util.find_spec(name) for name in _NEEDED)
