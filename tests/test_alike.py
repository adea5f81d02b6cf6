"""Perceptual hashes in libraries: stored by indexing, filled in where they are missing, used by verified queries."""

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import imsearch
from imsearch import Filters, Hashed
from imsearch.backends import open_backend
from imsearch.backends.backend import Backend
from imsearch.duplicates.hashing import complete_hashes
from imsearch.images.decode import decode
from imsearch.images.hashes import hash_of
from imsearch.types.events import Event
from imsearch.types.listeners import ignore
from imsearch.vectors.hash_index import ContentHashes


@pytest.fixture
def backend(indexed_album: Path, library: imsearch.Library) -> Iterator[Backend]:
    with contextlib.closing(open_backend(library.path)) as opened:
        yield opened


def forget_hashes(folder: Path) -> None:
    """Leave a library as an older imsearch left it."""
    with contextlib.closing(sqlite3.connect(folder / "catalog.sqlite3")) as connection:
        connection.execute("DELETE FROM hashes")
        connection.commit()


def by_digest(backend: Backend, hashes: ContentHashes) -> dict[str, bytes]:
    files = backend.catalog().held_files(hashes.contents)
    digests = {file.content_id: file.digest.hex() for file in files}
    found = zip(hashes.contents.tolist(), hashes.hashes, strict=True)
    return {digests[content]: each.tobytes() for content, each in found}


def bits_apart(one: bytes, other: bytes) -> int:
    return sum((a ^ b).bit_count() for a, b in zip(one, other, strict=True))


def test_indexing_stores_the_hash_of_every_picture(backend: Backend, library: imsearch.Library) -> None:
    stored = by_digest(backend, backend.hash_index().sync())
    files = [Path(file.path) for file in library.files()]
    assert len(stored) == len(files) == 12
    for file in files:
        (found,) = library.query(file, 1)
        assert bits_apart(stored[found.digest], hash_of(decode(file.read_bytes()).image)) <= 8


def test_flat_pictures_have_none_and_are_not_read_again(tmp_path: Path, library: imsearch.Library) -> None:
    for name, value in (("black", 0), ("grey", 90)):
        Image.new("RGB", (60, 40), (value,) * 3).save(tmp_path / f"{name}.png")
    library.index(tmp_path)
    events: list[Event] = []
    with contextlib.closing(open_backend(library.path)) as backend:
        assert len(complete_hashes(backend, events.append)) == 0
    assert events == []


def test_missing_hashes_are_filled_in_once(backend: Backend, indexed_album: Path, library: imsearch.Library) -> None:
    before = by_digest(backend, backend.hash_index().sync())
    forget_hashes(library.path)
    (unread, changed, *_) = sorted(indexed_album.iterdir())
    digests = {library.query(path, 1)[0].digest for path in (unread, changed)}
    unread.unlink()
    shutil.copy(sorted(indexed_album.iterdir())[-1], changed)
    events: list[Event] = []
    after = by_digest(backend, complete_hashes(backend, events.append))
    assert after.keys() == before.keys() - digests
    assert all(bits_apart(each, before[digest]) <= 8 for digest, each in after.items())
    assert events == [Hashed(12, 12)]
    assert len(backend.catalog().hashes().missing()) == 2
    complete_hashes(backend, events.append)
    assert events[1:] == [Hashed(2, 2)]


def test_duplicates_fills_in_what_is_missing(
    backend: Backend, library: imsearch.Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imsearch.duplicates.hashing.BATCH", 5)
    forget_hashes(library.path)
    events: list[Event] = []
    library.duplicates(listener=events.append)
    assert [event for event in events if isinstance(event, Hashed)] == [Hashed(at, 12) for at in (5, 10, 12)]
    assert len(backend.catalog().hashes().missing()) == 0


def test_hashes_that_cannot_be_stored_are_used_all_the_same(backend: Backend, library: imsearch.Library) -> None:
    before = by_digest(backend, backend.hash_index().sync())
    forget_hashes(library.path)
    with contextlib.closing(open_backend(library.path)) as other, other.writing():
        found = by_digest(backend, complete_hashes(backend, ignore))
        assert found.keys() == before.keys()
        assert len(backend.catalog().hashes().missing()) == 12
        assert library.query(sorted(Path(file.path) for file in library.files())[0], 1, verify=True)  # takes no lock
    assert by_digest(backend, complete_hashes(backend, ignore)).keys() == before.keys()
    assert len(backend.catalog().hashes().missing()) == 0


def test_a_second_model_leaves_hashes_as_they_are(
    library: imsearch.Library, indexed_album: Path, backend: Backend
) -> None:
    before = backend.hash_index().sync()
    with imsearch.open(library.path, model="toy/layout:mean") as other:
        other.index()
    assert backend.hash_index().sync() is before


@pytest.fixture
def tiny_turned(indexed_album: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Image.Image]:
    """A photograph of the album, and a copy of 64 pixels with a quarter turn, which the vectors do not lead to if
    they may propose one picture only."""
    monkeypatch.setattr("imsearch.verify.verifier.CANDIDATES", 1)
    photo = sorted(indexed_album.iterdir())[2]
    copy = decode(photo.read_bytes()).image
    copy.thumbnail((64, 64))
    return photo, copy.rotate(90, expand=True)


def test_a_verified_query_finds_what_vectors_miss(
    library: imsearch.Library, tiny_turned: tuple[Path, Image.Image]
) -> None:
    photo, probe = tiny_turned
    (hit,) = library.query(probe, 1, verify=True)
    scores = {each.path: each.score for each in library.query(probe, 12)}
    assert hit.path == str(photo)
    assert hit.score == pytest.approx(scores[hit.path], abs=1e-3)
    forget_hashes(library.path)
    (hit,) = library.query(probe, 1, verify=True)
    assert hit.path != str(photo)


def test_filters_hold_for_what_hashes_propose(library: imsearch.Library, tiny_turned: tuple[Path, Image.Image]) -> None:
    photo, probe = tiny_turned
    (hit,) = library.query(probe, 1, verify=True)
    score = hit.score
    for filters in (
        Filters(under=str(sorted(photo.parent.iterdir())[0])),
        Filters(min_width=hit.width + 1),
        Filters(taken_after="2001"),
        Filters(formats=("png",)),
    ):
        assert str(photo) not in {each.path for each in library.query(probe, 5, verify=True, filters=filters)}
    for passing in (Filters(under=str(photo)), Filters(min_width=hit.width), Filters(formats=("jpeg",))):
        assert library.query(probe, 1, verify=True, filters=passing)[0].path == str(photo)
    assert library.query(probe, 1, verify=True, min_score=score - 0.01)[0].path == str(photo)
    assert str(photo) not in {each.path for each in library.query(probe, 5, verify=True, min_score=score + 0.01)}


def test_where_pictures_have_regions_the_whole_one_is_proposed(
    library: imsearch.Library, tiny_turned: tuple[Path, Image.Image]
) -> None:
    photo, probe = tiny_turned
    library.index(photo.parent, regions=True)
    (hit,) = library.query(probe, 1, verify=True)
    assert (hit.path, hit.region) == (str(photo), None)


def test_a_picture_that_left_is_not_proposed(library: imsearch.Library, tiny_turned: tuple[Path, Image.Image]) -> None:
    photo, probe = tiny_turned
    with imsearch.open(library.path) as reader:
        assert reader.query(probe, 1, verify=True)[0].path == str(photo)
        library.remove(photo)
        assert reader.query(probe, 1, verify=True)[0].path != str(photo)
        library.index(photo)
        assert reader.query(probe, 1, verify=True)[0].path == str(photo)


def test_a_flat_probe_is_answered_by_its_vector(library: imsearch.Library, indexed_album: Path) -> None:
    assert len(library.query(np.full((50, 50, 3), 128, np.uint8), 3, verify=True)) == 3
