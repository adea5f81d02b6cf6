"""Showing the progress of long calls on stderr, by their events, and the summary of an index run."""

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from imsearch.cli.output.tables import text
from imsearch.cli.output.terminal import note
from imsearch.images.unread import in_words
from imsearch.types.events import (
    Compared,
    Described,
    Event,
    Hashed,
    Judged,
    Moved,
    PreparingModel,
    Progress,
    Scanned,
    Skip,
)

if TYPE_CHECKING:
    from imsearch.types.reports import IndexReport

SHOWN_SKIPS = 20
"""The most skips that are shown one by one during an index run; `imsearch files --failed` lists all."""


class IndexProgress:
    """Draws the events of an index run on stderr: a bar on a terminal, otherwise only skips."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._task: Any = None
        self._skips = 0

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            self._bar = Bar(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[rate]}"),
                TimeRemainingColumn(),
                TextColumn("{task.fields[skipped]}"),
                console=Console(stderr=True, highlight=False),
                transient=True,
            )
            self._bar.start()
            self._task = self._bar.add_task("looking for pictures", total=None, rate="", skipped="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
        if self._skips > SHOWN_SKIPS:
            note(f"... and {self._skips - SHOWN_SKIPS:,} more skipped (`imsearch files --failed` lists them)")

    def __call__(self, event: Event) -> None:
        """Take in one event."""
        match event:
            case Skip():
                self._skips += 1
                if self._skips <= SHOWN_SKIPS:
                    self._say(f"skipped {event.path}: {event.reason}")
            case PreparingModel():
                self._describe(f"preparing model {event.model} (once)")
            case Scanned():
                self._describe("indexing", total=event.total or None)
            case Progress():
                self._advance(event)

    def _say(self, said: str) -> None:
        if self._bar is not None:
            self._bar.console.print(text(said), soft_wrap=True)
        else:
            note(said)

    def _describe(self, text: str, **fields: Any) -> None:
        if self._bar is not None:
            self._bar.update(self._task, description=text, **fields)
        elif text.startswith("preparing"):
            note(text)

    def _advance(self, event: Progress) -> None:
        if self._bar is None:
            return
        task = self._bar.tasks[0]
        if task.completed == 0:
            self._bar.reset(self._task, total=event.total)
        rate = f"{task.speed:.0f}/s" if task.speed else ""
        skipped = f"{event.skipped:,} skipped" if event.skipped else ""
        self._bar.update(self._task, description="indexing", completed=event.done, rate=rate, skipped=skipped)


_STEPS = {
    Hashed: "reading pictures (once)",
    Described: "looking for details (once)",
    Compared: "comparing pictures",
    Judged: "looking closely at pairs",
    Moved: "moving to the trash",
}


class StepProgress:
    """Draws the steps of a search for duplicates, and of moving them, on stderr, on a terminal only."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> "StepProgress":
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
            self._bar = Bar(*columns, console=Console(stderr=True, highlight=False), transient=True)
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, event: Event) -> None:
        """Take in one event."""
        if self._bar is None or not isinstance(event, Hashed | Described | Compared | Judged | Moved):
            return
        step = _STEPS[type(event)]
        if step not in self._tasks:
            self._tasks[step] = self._bar.add_task(step, total=event.total)
        self._bar.update(self._tasks[step], completed=event.done)


def report_run(result: "IndexReport") -> None:
    """Show the summary of an index run."""
    parts = [
        f"{number:,} {word}"
        for number, word in (
            (result.added, "added"),
            (result.updated, "changed"),
            (result.moved, "moved"),
            (result.removed, "removed"),
            (result.unchanged, "unchanged"),
            (result.kept, "kept out of reach"),
            (result.skipped, "skipped"),
        )
        if number or word == "added"
    ]
    rate = f", {result.embedded / result.seconds:.0f} images/s" if result.embedded and result.seconds else ""
    note(f"{', '.join(parts)} in {result.seconds:.1f} s{rate}")
    if result.unread:
        note(f"not read: {in_words(result.unread)}, as imsearch does not know these formats")
    if result.left_out:
        folders = ", ".join(f"{number:,} {name}" for name, number in sorted(result.left_out.items()))
        note(f"left out: folders with pictures not made for people ({folders}); --include-hidden takes them in")
    if result.kept:
        note("what is out of reach is still known; `imsearch remove FOLDER` forgets it")
    if result.skipped:
        note("`imsearch files --failed` says why; `imsearch index --retry-failed` tries them again")
