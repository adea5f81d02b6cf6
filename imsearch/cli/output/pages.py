"""Writing HTML pages of answers or of groups of duplicates, with thumbnails that are read from the files."""

import base64
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import imsearch
from imsearch.cli.output.answer_table import size_and_date, verdict
from imsearch.cli.output.duplicates import facts_of, kept_first, title, words_of
from imsearch.formatting.drawing import Side, draw_match
from imsearch.formatting.pages import AnswerSection, GroupSection, Item, answers_page, groups_page
from imsearch.formatting.wording import changes
from imsearch.images.thumbnails import thumbnail
from imsearch.search.probes import read_probe
from imsearch.types.duplicates import DuplicateFile, DuplicateGroup
from imsearch.types.hits import Answer, Hit
from imsearch.types.probes import Crop

THUMBNAIL_SIDE = 320


def write_answers(path: Path, answers: Sequence[Answer], sources: Sequence[Any], crop: Crop | None = None) -> None:
    """Write the page for answers to ``sources``, all with the same ``crop``.

    Raises `UsageError` where it cannot be written.
    """
    _write(path, answers_page(_answer(*both, crop) for both in zip(answers, sources, strict=True)))


def write_groups(path: Path, groups: Iterable[DuplicateGroup]) -> None:
    """Write the page for groups of duplicates. Raises `UsageError` where it cannot be written."""
    _write(
        path,
        groups_page(
            GroupSection(title(group), group.reason, (_file(file, group) for file in kept_first(group)))
            for group in groups
        ),
    )


def _write(path: Path, parts: Iterator[str]) -> None:
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(parts)
    except OSError as exc:
        raise imsearch.UsageError(f"{path} cannot be written: {exc.strerror or exc}") from exc


def _answer(answer: Answer, source: Any, crop: Crop | None) -> AnswerSection:
    if answer.error is not None:
        return AnswerSection(answer.probe, "", (), str(answer.error))
    probe = _read(source, crop)
    return AnswerSection(answer.probe, probe.address if probe else "", (_hit(hit, probe) for hit in answer.hits))


def _hit(hit: Hit, probe: Side | None) -> Item:
    shown = _read(hit.path)
    aligned = hit.proof is not None and hit.proof.transform is not None
    return Item(
        path=hit.path,
        address=shown.address if shown else "",
        width=hit.width,
        height=hit.height,
        label=f"{hit.score:.3f}",
        facts=[fact for fact in (changes(hit.proof), *size_and_date(hit)) if fact],
        verdict=verdict(hit),
        outline=hit.region,
        drawing=draw_match(hit.proof, probe, shown, hit.path) if hit.proof and aligned and probe and shown else "",
    )


def _file(file: DuplicateFile, group: DuplicateGroup) -> Item:
    """A file of a group; a version is drawn beside the file to keep, with what differs."""
    relation, *facts, path = facts_of(file)
    shown = _read(path)
    aligned = file.relation == "version" and file.proof is not None and file.proof.transform is not None
    other = _read(group.kept.path) if aligned else None
    return Item(
        path=path,
        address=shown.address if shown else "",
        width=file.width,
        height=file.height,
        label=relation,
        facts=[fact for fact in ("" if file is group.kept else words_of(file, group), *facts) if fact],
        drawing=draw_match(file.proof, shown, other, group.kept.path) if file.proof and shown and other else "",
        faded=file in group.proposed(edited=True),
    )


def _read(source: Any, crop: Crop | None = None) -> Side | None:
    """The size and a thumbnail of a picture; None where it cannot be read now."""
    try:
        probe = read_probe(source, crop)
    except imsearch.ImsearchError:
        return None
    data = base64.b64encode(thumbnail(probe.image, THUMBNAIL_SIDE)).decode()
    return Side(probe.width, probe.height, f"data:image/jpeg;base64,{data}")
