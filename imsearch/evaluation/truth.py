"""Labels of files, by which pictures are relevant to each other: from subfolders, or from a file of labels."""

import csv
import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from imsearch.errors import UsageError
from imsearch.sources.folders import FolderSource
from imsearch.sources.paths import as_prefix
from imsearch.sources.source import Found

Labels = dict[bytes, set[str]]
"""Labels by the absolute paths of files. A file may have several labels; a file without labels is not in it."""


def labels_of_subfolders(folder: bytes) -> Labels:
    """The labels of all files below the subfolders of ``folder``, at any depth: the names of the subfolders.

    Files in ``folder`` itself have no label. Raises `UsageError` where there is no subfolder with files.
    """
    begin = len(as_prefix(folder))
    labels: Labels = {}
    for found in FolderSource(folder).listing():
        subfolder, separator, _ = found.path[begin:].partition(os.fsencode(os.sep))
        if isinstance(found, Found) and separator:
            labels[found.path] = {os.fsdecode(subfolder)}
    if not labels:
        raise UsageError(
            f"{os.fsdecode(folder)} has no subfolders with pictures: put each class into a subfolder, name classes in "
            "a file of labels, or ask with edited copies",
            argument="labels",
        )
    return labels


def read_labels(path: Path, folder: bytes) -> Labels:
    """Labels from a CSV file (UTF-8, commas) whose first line names the columns ``path`` and ``label``.

    Paths are relative to ``folder``. A path on several lines has the labels of all of them.

    Raises `UsageError`, which names the line where possible.
    """
    labels: Labels = defaultdict(set)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for line, name, label in _lines(path, file):
                labels[_checked(name, folder, f"{path}, line {line}")].add(label)
    except OSError as exc:
        raise UsageError(f"the labels in {path} cannot be read: {exc.strerror or exc}") from exc
    except UnicodeDecodeError as exc:
        raise UsageError(f"the labels in {path} are not in UTF-8: save them so (in Excel: CSV UTF-8)") from exc
    except csv.Error as exc:
        raise UsageError(f"the labels in {path} are no CSV: {exc}") from exc
    if not labels:
        raise UsageError(f"there are no labels in {path}: after its first line, write a path and a label on each line")
    return dict(labels)


def _lines(path: Path, file: TextIO) -> Iterator[tuple[int, str, str]]:
    """The number, path and label of each line that is not empty."""
    rows = csv.DictReader(file)
    for column in ("path", "label"):
        if column not in (rows.fieldnames or ()):
            raise UsageError(f"{path} has no column '{column}': its first line must be path,label")
    for row in rows:
        name, label = row["path"], (row["label"] or "").strip()
        if not name or not label:
            raise UsageError(f"{path}, line {rows.line_num}: a line has a path and a label")
        yield rows.line_num, name, label


def _checked(name: str, folder: bytes, place: str) -> bytes:
    """The absolute path of a file below ``folder``; ``place`` is where its name was found."""
    path = os.path.abspath(os.path.join(folder, os.fsencode(name)))
    if not path.startswith(as_prefix(folder)):
        raise UsageError(f"{place}: {name} lies outside {os.fsdecode(folder)}, and only what is in it is searched")
    if not os.path.isfile(path):
        raise UsageError(f"{place}: no such file: {os.fsdecode(path)}")
    return path
