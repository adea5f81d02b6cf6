"""Choosing how the answers to probes are shown."""

import dataclasses
from typing import TYPE_CHECKING, Protocol

from imsearch.cli.output.answer_lines import JsonAnswers, PathAnswers
from imsearch.cli.output.answer_table import TableAnswers
from imsearch.cli.output.preview import PreviewAnswers, can_preview

if TYPE_CHECKING:
    from imsearch.types.hits import Answer


class Answers(Protocol):
    """A way of showing answers as they come."""

    def show(self, answer: "Answer") -> None:
        """Show the answer to one probe."""


def chosen_output(
    *,
    model: str,
    json_lines: bool = False,
    paths: bool = False,
    null: bool = False,
    preview: bool = False,
    several: bool = False,
    verified: bool = False,
) -> Answers:
    """The way of showing answers that options ask for. Output for programs has priority, and a preview needs a
    terminal."""
    if json_lines:
        return JsonAnswers(model)
    if null or paths:
        return PathAnswers(b"\0" if null else b"\n")
    if preview and can_preview():
        return PreviewAnswers()
    return TableAnswers(several=several, verified=verified)


def named(answer: "Answer", name: str) -> "Answer":
    """The answer with the name that the user gave its probe."""
    return dataclasses.replace(answer, probe=name)
