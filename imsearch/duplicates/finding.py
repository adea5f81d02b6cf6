"""The order of finding duplicates: near pairs, verdicts, groups, and the file of each to keep.

Exact copies share a content, so the catalogue knows them already. Edited copies are looked for among near neighbours
and judged. Series are near neighbours that turned out to be no copies; of copies, a series holds the one to keep.
"""

import datetime
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from imsearch.catalog.reader import Reader
from imsearch.catalog.rows import HeldFile, Space
from imsearch.duplicates.groups import Pair, confirmed, connected, grouped
from imsearch.duplicates.judge import PairJudge, PicturePair
from imsearch.duplicates.keep import Rule, choose
from imsearch.duplicates.pairs import near_pairs
from imsearch.sources.paths import is_below
from imsearch.types.duplicates import DuplicateFile, DuplicateGroup, GroupKind
from imsearch.types.events import Compared, Judged, Listener
from imsearch.vectors.candidates import Candidates
from imsearch.verify.contents import Content

COPY_SCORE = 0.75
"""Pairs below this are not looked at closely; docs/duplicates.md has what that finds and costs."""

COPY_NEIGHBOURS = 3
"""Of each picture so many nearest are looked at; more find nothing more, as copies lead to each other."""

SERIES_SCORE = 0.9
"""From here on pictures that are no copies are near-alike."""

SERIES_SPAN = datetime.timedelta(minutes=5)
"""Between two neighbours of a series, where both say when they were taken."""

PAIRS_AT_ONCE = 2048
"""Pairs whose files are looked up in the catalogue at once."""

_GONE = Content(b"", b"")
"""Stands for a picture that left the library meanwhile."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for: groups with a file at or ``below`` a path, None for all; also ``series``; ``rules`` of what
    to keep."""

    below: bytes | None
    series: bool
    rules: Sequence[Rule]


class Finding:
    """One search for duplicates in a library. Without a judge only exact copies and series are found."""

    def __init__(
        self,
        reader: Reader,
        space: Space,
        candidates: Callable[[], Candidates],
        judge: PairJudge | None,
        wanted: Wanted,
        listener: Listener,
    ) -> None:
        self._reader = reader
        self._space = space
        self._candidates = candidates
        self._judge = judge
        self._wanted = wanted
        self._listener = listener
        self._different = reader.different_contents()

    def run(self) -> list[DuplicateGroup]:
        """The groups: copies in the order of their first path, then series in the order of theirs."""
        pairs = self._near_pairs() if self._judge is not None or self._wanted.series else []
        copies = grouped(self._copies(pairs, self._judge), self._different) if self._judge is not None else []
        joined = {content for group in copies for content in group}
        copies.extend([content] for content in self._reader.shared_contents().tolist() if content not in joined)
        found = self._copy_groups(copies)
        if self._wanted.series:
            found += self._series_groups(pairs, copies)
        return found

    def _near_pairs(self) -> list[Pair]:
        """Pairs of contents near each other; with a path, those that a chain leads to from a content there."""
        least = COPY_SCORE if self._judge is not None else SERIES_SCORE
        one, other, scores = near_pairs(
            self._reader,
            self._space,
            self._candidates,
            k=COPY_NEIGHBOURS,
            least=least,
            progress=lambda done, total: self._listener(Compared(done, total)),
        )
        content_of = dict(self._reader.contents_of(np.unique(np.concatenate([one, other]))))
        pairs = []
        for first, second, score in zip(one.tolist(), other.tolist(), scores.tolist(), strict=True):
            ends = content_of.get(first), content_of.get(second)
            if ends[0] is not None and ends[1] is not None:  # else it left the library just now
                pairs.append(Pair(min(ends[0], ends[1]), max(ends[0], ends[1]), score))
        if self._wanted.below is None:
            return pairs
        chains = connected(pairs)
        reached = {chains.find(content) for content in self._reader.contents_below(self._wanted.below).tolist()}
        return [pair for pair in pairs if chains.find(pair.first) in reached]

    # Copies

    def _copies(self, pairs: list[Pair], judge: PairJudge) -> list[Pair]:
        done = 0

        def ask(asked: list[Pair]) -> Iterator[bool]:
            nonlocal done
            for verdict in judge.copies(self._questions(asked)):
                done += 1
                self._listener(Judged(done, len(pairs)))
                yield verdict

        return confirmed(pairs, ask, self._different)

    def _questions(self, pairs: Sequence[Pair]) -> Iterator[PicturePair]:
        for begin in range(0, len(pairs), PAIRS_AT_ONCE):
            some = pairs[begin : begin + PAIRS_AT_ONCE]
            files = self._files({end for pair in some for end in pair[:2]})
            side_of = {content: _side(held) for content, held in files.items()}
            yield from (
                PicturePair(side_of.get(pair.first, _GONE), side_of.get(pair.second, _GONE), pair.score)
                for pair in some
            )

    def _copy_groups(self, copies: list[list[int]]) -> list[DuplicateGroup]:
        files = self._files(content for group in copies for content in group)
        found: list[DuplicateGroup] = []
        for group in copies:
            held = [file for content in group for file in files.get(content, ())]
            kind: GroupKind = "copy" if len({file.content_id for file in held}) > 1 else "exact"
            found.extend(self._described(kind, held))
        return sorted(found, key=_first_path)

    # Series

    def _series_groups(self, pairs: list[Pair], copies: list[list[int]]) -> list[DuplicateGroup]:
        """Series of pictures, of which each is there once, as the file to keep of its copies."""
        whole = {group[0]: group for group in copies}
        lead_of = {content: lead for lead, group in whole.items() for content in group}

        def lead(content: int) -> int:
            return lead_of.get(content, content)

        near = [pair for pair in pairs if pair.score >= SERIES_SCORE and lead(pair.first) != lead(pair.second)]
        taken = {id_: files[0].taken for id_, files in self._files(end for pair in near for end in pair[:2]).items()}
        links = [
            Pair(min(lead(first), lead(second)), max(lead(first), lead(second)), score)
            for first, second, score in near
            if _close(taken.get(first), taken.get(second))
        ]
        series = grouped(links, [(lead(first), lead(second)) for first, second in self._different])
        files = self._files(content for group in series for each in group for content in whole.get(each, [each]))
        found: list[DuplicateGroup] = []
        for group in series:
            copies_of = [
                [file for content in whole.get(each, [each]) for file in files.get(content, ())] for each in group
            ]
            best = [choose(held, self._wanted.rules)[0] for held in copies_of if held]
            found.extend(self._described("series", best))
        return sorted(found, key=_first_path)

    def _files(self, contents: Iterable[int]) -> dict[int, list[HeldFile]]:
        """The files that hold each content, in the order of their paths."""
        ids = np.fromiter(set(contents), np.int64)
        found: dict[int, list[HeldFile]] = {}
        for file in sorted(self._reader.held_files(ids), key=lambda file: file.path):
            found.setdefault(file.content_id, []).append(file)
        return found

    def _described(self, kind: GroupKind, files: Sequence[HeldFile]) -> Iterator[DuplicateGroup]:
        """The group of these files, unless it lies elsewhere than asked for or others of it just left."""
        below = self._wanted.below
        if len(files) < 2 or not (below is None or any(is_below(file.path, below) for file in files)):
            return
        kept, reason = choose(files, self._wanted.rules)
        ordered = sorted(files, key=lambda file: file.path)
        keep = ordered.index(kept)
        yield DuplicateGroup(kind, tuple(map(_described_file, ordered)), keep, reason).keeping(keep, reason)


def _side(files: Sequence[HeldFile]) -> Content:
    """A content by the first of its files that is there."""
    there = next((file for file in files if os.path.isfile(file.path)), files[0])
    return Content(there.digest, there.path)


def _close(one: str | None, other: str | None) -> bool:
    """Whether two times are near, or not both known."""
    if one is None or other is None:
        return True
    return abs(datetime.datetime.fromisoformat(one) - datetime.datetime.fromisoformat(other)) <= SERIES_SPAN


def _described_file(file: HeldFile) -> DuplicateFile:
    return DuplicateFile(
        path=os.fsdecode(file.path),
        digest=file.digest.hex(),
        relation="kept",  # until it is known which one is
        size=file.size,
        mtime_ns=file.mtime_ns,
        width=file.width,
        height=file.height,
        format=file.format,
        taken=None if file.taken is None else datetime.datetime.fromisoformat(file.taken),
    )


def _first_path(group: DuplicateGroup) -> bytes:
    return os.fsencode(group.files[0].path)
