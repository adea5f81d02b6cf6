"""The command line: each command parses its arguments, makes one call of the library, and shows the result."""

from imsearch.cli.main import main

__all__ = ["main"]
