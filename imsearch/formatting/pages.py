"""HTML pages of answers and of groups of duplicates. A page comes part by part, so that it need not fit in memory."""

import os
import urllib.parse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from imsearch.formatting.templating import template
from imsearch.types.hits import Region


@dataclass(frozen=True, slots=True)
class Item:
    """A picture of a list, with a link to its file.

    ``address`` is that of its image, empty where the file cannot be read now; ``outline`` is drawn over it, in pixels
    of a picture of ``width`` and ``height``. A ``drawing`` (SVG) stands instead of both.
    """

    path: str
    address: str
    width: int
    height: int
    label: str
    facts: Sequence[str]
    verdict: str = ""
    outline: Region | None = None
    drawing: str = ""
    faded: bool = False

    @property
    def link(self) -> str:
        """The address of the file, whatever bytes its name has."""
        path = os.fsencode(os.path.abspath(self.path)).replace(os.fsencode(os.sep), b"/")
        return f"file://{urllib.parse.quote(path)}"


@dataclass(frozen=True, slots=True)
class AnswerSection:
    """The hits of one probe, whose image is at ``address``; or the error that kept it from being asked."""

    probe: str
    address: str
    items: Iterable[Item]
    error: str = ""


@dataclass(frozen=True, slots=True)
class GroupSection:
    """A group of duplicates: what it is, and why the first file is to be kept."""

    title: str
    reason: str
    items: Iterable[Item]


def answers_page(answers: Iterable[AnswerSection]) -> Iterator[str]:
    """A page of answers, a section each."""
    return template("answers.html").generate(answers=answers)


def groups_page(groups: Iterable[GroupSection]) -> Iterator[str]:
    """A page of groups of duplicates, a section each."""
    return template("groups.html").generate(groups=groups)
