"""How the answers to probes are shown: the choice among the outputs there are."""

import dataclasses
from typing import TYPE_CHECKING, Protocol

from imsearch.cli.output.answer_lines import JsonAnswers, PathAnswers
from imsearch.cli.output.answer_table import TableAnswers
from imsearch.cli.output.preview import PreviewAnswers, can_preview

if TYPE_CHECKING:
    from imsearch.types.hits import Answer


class Answers(Protocol):
    """A way to show answers as they come."""

    def show(self, answer: "Answer") -> None:
        """Show one."""


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
    """How answers are shown: what programs read goes before what people see, and a preview needs a terminal."""
    if json_lines:
        return JsonAnswers(model)
    if null or paths:
        return PathAnswers(b"\0" if null else b"\n")
    if preview and can_preview():
        return PreviewAnswers()
    return TableAnswers(several=several, verified=verified)


def named(answer: "Answer", name: str) -> "Answer":
    """The answer under the name that the user gave its probe."""
    return dataclasses.replace(answer, probe=name)
