"""HTML pages of answers and of groups of duplicates. Pages are generated in parts, so they need not fit in memory."""

import os
import urllib.parse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from imsearch.formatting.templating import template
from imsearch.types.hits import Region


@dataclass(frozen=True, slots=True)
class Item:
    """A picture on a page, with a link to its file.

    ``address`` is the address of its image, empty where the file cannot be read now; ``outline`` is drawn over it, in
    pixels of the upright picture of ``width`` by ``height`` pixels. A ``drawing`` (SVG) replaces both. If ``faded``, it
    is shown as a file that may go.
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
        """The ``file://`` address of the file, also for names that are not UTF-8."""
        path = os.fsencode(os.path.abspath(self.path)).replace(os.fsencode(os.sep), b"/")
        return f"file://{urllib.parse.quote(path)}"


@dataclass(frozen=True, slots=True)
class AnswerSection:
    """The section of one probe: its image at ``address`` and its hits, or the error where it could not be read."""

    probe: str
    address: str
    items: Iterable[Item]
    error: str = ""


@dataclass(frozen=True, slots=True)
class GroupSection:
    """The section of a group of duplicates: its title, and the reason why the first file is the one to keep."""

    title: str
    reason: str
    items: Iterable[Item]


def answers_page(answers: Iterable[AnswerSection]) -> Iterator[str]:
    """A page of answers, with a section for each, as parts of its text."""
    return template("answers.html").generate(answers=answers)


def groups_page(groups: Iterable[GroupSection]) -> Iterator[str]:
    """A page of groups of duplicates, with a section for each, as parts of its text."""
    return template("groups.html").generate(groups=groups)
