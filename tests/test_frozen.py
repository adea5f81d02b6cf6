"""Libraries of every released format, kept as files: they open, migrate, and answer as they did."""

import json
import os
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import imsearch
from imsearch import Indexed

FROZEN = Path(__file__).parent / "frozen"

ROOT = "/srv/frozen/album"
"""The folder that was indexed when the libraries were made; it is out of reach now."""

RELEASED = json.loads((FROZEN / "expected.json").read_text())
"""What the released code said of its libraries."""

EXPECTED = {
    **RELEASED,
    **{f"version-{version}": {**RELEASED["version-4"], "different": []} for version in (1, 2)},
    "version-3": RELEASED["version-4"],
}

DANDELIONS, ROCKET = sorted(RELEASED["version-4"]["answers"])[-2:]
"""The digests of two of the pictures."""

PLAIN = ["version-1", "version-2", "version-3", "version-4"]
ALL = [*PLAIN, "version-4-regions"]


def unpack(name: str, folder: Path) -> Path:
    with zipfile.ZipFile(FROZEN / f"{name}.zip") as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return unpack(request.param, tmp_path / "library")


@pytest.fixture
def expected(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What is expected of the library that the test was parametrized with."""
    facts: dict[str, Any] = EXPECTED[request.node.callspec.params["folder"]]
    return facts


@pytest.fixture(scope="module")
def _model() -> Iterator[None]:
    """The model of the libraries, where the models of the Hugging Face Hub are kept."""
    home = Path(os.environ["HF_HUB_CACHE"]) / "models--frozen--tiny"
    unpack("model", home / "snapshots" / "1")
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text("1")
    yield
    shutil.rmtree(home)


def name(path: str) -> str:
    return path.removeprefix(f"{ROOT}/")


def row(hit: imsearch.Hit) -> list[Any]:
    taken = hit.taken.isoformat() if hit.taken else None
    return [name(hit.path), hit.digest, pytest.approx(hit.score, abs=2e-5), hit.width, hit.height, hit.format, taken]


def answers(library: imsearch.Library, digests: list[str]) -> dict[str, list[list[Any]]]:
    return {digest: [row(hit) for hit in library.query(Indexed(digest), 20)] for digest in digests}


@pytest.mark.parametrize("folder", ALL, indirect=True)
def test_every_fact_of_a_released_library_is_kept(folder: Path, expected: dict[str, Any]) -> None:
    regions = expected["regions"]
    for _ in range(2):  # the first time brings its catalog up to date
        with imsearch.open(folder) as library:
            info = library.info()
            assert (info.model, info.dimensions, info.precision) == ("frozen/tiny", 24, "f32")
            assert list(info.roots) == expected["roots"] == [ROOT]
            assert (info.files, info.pictures, info.unreadable) == (8, expected["pictures"], 1)
            assert info.regions == regions
            assert [[name(file.path), file.size, file.state] for file in library.files()] == expected["files"]
            failed = [[name(file.path), file.size, file.state, file.reason] for file in library.files(failed=True)]
            assert failed == expected["failed"]
            assert [[name(path) for path in pair] for pair in library.different()] == expected["different"]


@pytest.mark.parametrize("folder", PLAIN, indirect=True)
def test_a_released_library_answers_as_it_did(folder: Path, expected: dict[str, Any]) -> None:
    """With the snapshot of its vectors where there is one, without any cache, and with a snapshot made anew."""
    digests = list(expected["answers"])
    with imsearch.open(folder) as library:
        assert answers(library, digests) == expected["answers"]
    for path in folder.iterdir():
        if not path.name.startswith("catalog"):
            path.unlink()
    with imsearch.open(folder) as library:
        assert answers(library, digests) == expected["answers"]
        made = library.optimize()
        assert (made.vectors, made.pending) == (len(digests), 0)
        assert answers(library, digests) == expected["answers"]


@pytest.mark.parametrize("folder", ["version-4", "version-4-regions"], indirect=True)
def test_what_came_and_left_after_a_released_snapshot_is_counted(folder: Path, expected: dict[str, Any]) -> None:
    vectors = expected["pictures"] + expected["regions"]
    with imsearch.open(folder) as library:
        made = library.optimize()
    assert (made.kind, made.vectors, made.pending) == ("exact", vectors, 0)


@pytest.mark.parametrize("folder", ALL, indirect=True)
def test_decisions_can_be_added_to_a_released_library_and_taken_back(folder: Path, expected: dict[str, Any]) -> None:
    one, other = Indexed(DANDELIONS), Indexed(ROCKET)
    with imsearch.open(folder) as library:
        assert library.mark_different(one, other) == 1
    with imsearch.open(folder) as library:
        assert len(library.different()) == len(expected["different"]) + 1
        assert library.forget_different(one, other) == 1
        assert [[name(path) for path in pair] for pair in library.different()] == expected["different"]


@pytest.mark.parametrize("folder", ALL, indirect=True)
def test_duplicates_of_a_released_library_are_found_by_content(folder: Path, expected: dict[str, Any]) -> None:
    """Its files are out of reach: what is known of their bytes is enough."""
    with imsearch.open(folder) as library:
        groups = library.duplicates()
    assert all(group.kind == "copies" and len({file.digest for file in group.files}) == 1 for group in groups)
    found = [[sorted(name(file.path) for file in group.files), name(group.kept.path)] for group in groups]
    assert found == [group for kind, *group in expected["duplicates"] if kind == "exact"]


@pytest.mark.usefixtures("_model")
@pytest.mark.parametrize("folder", ALL, indirect=True)
def test_pictures_of_a_released_library_are_recognised_elsewhere(folder: Path, tmp_path: Path) -> None:
    """The model still has the fingerprint that made the vectors, and no picture is embedded again."""
    album = unpack("pictures", tmp_path / "album")
    with imsearch.open(folder) as library:
        report = library.index(album, threads=1)
        assert (report.added, report.embedded, report.skipped) == (7, 0, 1)
        assert library.info().files == 8 + 7  # files of a folder that is out of reach stay
        assert str(album) in library.info().roots


@pytest.mark.usefixtures("_model")
@pytest.mark.parametrize("folder", ALL, indirect=True)
def test_a_new_probe_finds_in_a_released_library_what_it_found(folder: Path, expected: dict[str, Any]) -> None:
    with imsearch.open(folder) as library:
        hits = library.query(FROZEN / "probe.jpg", 20)
    assert [name(hit.path) for hit in hits] == [path for path, *_ in expected["probe"]]
    for hit, (_, digest, score, region) in zip(hits, expected["probe"], strict=True):
        assert hit.digest == digest
        assert hit.score == pytest.approx(score, abs=1e-4)
        found = hit.region
        assert (None if found is None else [found.x, found.y, found.width, found.height]) == region


@pytest.mark.usefixtures("_model")
@pytest.mark.parametrize("folder", ["version-4"], indirect=True)
def test_copies_in_a_released_library_are_found_once_its_files_are_back(folder: Path, tmp_path: Path) -> None:
    album = unpack("pictures", tmp_path / "album")
    with imsearch.open(folder) as library:
        library.index(album, threads=1)
        groups = library.duplicates(album)
        edited = [group for group in groups if any(file.relation == "edited" for file in group.files)]
        assert [{Path(file.path).name for file in group.files} for group in edited] == [{"cat.jpg", "cat-small.webp"}]
        best = library.query(album / "cat.jpg", 1, verify=True)[0]
        assert best.proof is not None
        assert best.proof.verdict == "exact"
        assert library.thumbnail(best.digest).startswith(b"\xff\xd8")
