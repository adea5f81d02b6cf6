"""The command line: each command parses, makes one call of the library, and presents what came back."""

from imsearch.cli.main import main

__all__ = ["main"]
