"""`imsearch models`."""

import imsearch
from imsearch.cli import options
from imsearch.cli.exits import Exit
from imsearch.cli.output import lists


def models(json_lines: options.Json = False) -> int:
    """List models: what they are, how large, and whether their weights are on this machine."""
    lists.models(imsearch.known_models(), as_json=json_lines)
    return Exit.DONE
