"""The contract of a backend: where a library lives. A second implementation is added to the parameters of `place`."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import imsearch
from imsearch.backends import default_address, open_backend
from imsearch.backends.backend import Backend
from imsearch.backends.local import LocalBackend
from imsearch.catalog.rows import NewContent, NewFile
from imsearch.catalog.space import VectorSpace

Place = Callable[[], Backend]


def in_a_directory(folder: Path) -> Place:
    return lambda: LocalBackend(folder / "library")


@pytest.fixture(params=[in_a_directory])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Opens one place of each kind, where no library is yet, as often as it is called."""
    made: Place = request.param(tmp_path)
    return made


def filled(backend: Backend, begin: int, end: int) -> VectorSpace:
    """Pictures with numbers, each in a file of its own, with a vector along one axis."""
    with backend.writing() as session:
        writer = session.writer(create=True)
        if not backend.catalog().spaces():
            writer.add_space("model", "print", 32, "f32")
        (space,) = backend.catalog().spaces()
        digests = {number: number.to_bytes(32, "big") for number in range(begin, end)}
        axes = np.eye(32, dtype=np.float32)
        writer.write(
            [NewFile(b"/p/%05d" % number, 1, 1, digest) for number, digest in digests.items()],
            [NewContent(digest, 1, 4, 3, "jpeg", None, axes[number % 32]) for number, digest in digests.items()],
            space,
        )
    return space


def test_there_is_no_library_before_something_is_written(place: Place) -> None:
    backend = place()
    assert not backend.exists()
    with pytest.raises(imsearch.LibraryNotFoundError) as told:
        backend.catalog()
    assert told.value.library == backend.address
    with backend.writing() as session, pytest.raises(imsearch.LibraryNotFoundError):
        session.writer()
    assert not place().exists()
    filled(backend, 0, 3)
    assert backend.exists()
    assert place().exists()
    backend.close()


def test_what_one_writes_all_others_read(place: Place) -> None:
    one, other = place(), place()
    filled(one, 0, 3)
    assert other.catalog().counts() == {"ok": 3, "pictures": 3}
    filled(other, 3, 5)
    assert one.catalog().counts() == {"ok": 5, "pictures": 5}
    for backend in (one, other):
        backend.close()
        backend.close()


def test_one_writes_at_a_time_and_is_told_at_once(place: Place) -> None:
    one, other = place(), place()
    filled(one, 0, 3)
    with one.writing():
        with pytest.raises(imsearch.LibraryLockedError) as told, other.writing():
            pass
        assert told.value.library == other.address
        assert other.catalog().counts()["ok"] == 3, "reading goes on"
    with other.writing(), pytest.raises(imsearch.LibraryLockedError), one.writing():
        pass
    filled(other, 3, 4)
    one.close()
    other.close()


def test_vector_indexes_follow_what_was_written(place: Place) -> None:
    backend = place()
    space = filled(backend, 0, 32)
    index = backend.vector_index(space)
    assert backend.vector_index(space) is index
    axes = np.eye(32, dtype=np.float32)

    def nearest() -> list[set[bytes]]:
        index.sync()
        return [{match.path for match in space.matches(found)} for found in index.search(axes, 1)]

    assert all(b"/p/%05d" % number in found for number, found in enumerate(nearest()))
    with backend.writing() as session:
        session.writer().remove_below(b"/p/00003")
    assert b"/p/00003" not in nearest()[3]
    filled(backend, 64, 96)
    assert all(b"/p/%05d" % (64 + number) in found for number, found in enumerate(nearest()))
    info = index.info()
    assert info is not None
    assert info.vectors + info.pending >= 63
    backend.close()


def test_what_was_written_before_an_interruption_is_followed_too(place: Place) -> None:
    backend = place()
    space = filled(backend, 0, 32)

    def interrupted() -> None:
        with backend.writing() as session:
            session.writer().remove_below(b"/p/00003")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert backend.catalog().counts()["ok"] == 31
    index = backend.vector_index(space)
    index.sync()
    (found,) = index.search(np.eye(32, dtype=np.float32)[3:4], 100)
    assert {match.path for match in space.matches(found)} == {b"/p/%05d" % n for n in range(32) if n != 3}
    filled(backend, 32, 33)
    backend.close()


def test_sizes_tell_the_catalog_from_what_can_be_made_again(place: Place) -> None:
    backend = place()
    filled(backend, 0, 320)
    catalog, caches = backend.sizes()
    assert catalog > 320 * 32 * 2
    assert caches > 0
    backend.close()


# A directory


def test_an_address_is_a_directory_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert open_backend(tmp_path / "library").address == str(tmp_path / "library")
    monkeypatch.setenv("IMSEARCH_LIBRARY", str(tmp_path / "mine"))
    assert default_address() == open_backend().address == str(tmp_path / "mine")
    with pytest.raises(imsearch.UsageError, match="a library is a directory") as told:
        open_backend("postgresql://db/photos")
    assert (told.value.argument, told.value.value) == ("library", "postgresql://db/photos")
    (tmp_path / "file").touch()
    with pytest.raises(imsearch.LibraryError, match="is a file"):
        open_backend(tmp_path / "file")


def test_a_session_that_fails_at_once_leaves_no_directory(tmp_path: Path) -> None:
    backend = LocalBackend(tmp_path / "library")

    def failed() -> None:
        with backend.writing():
            raise RuntimeError("the model is unavailable")

    with pytest.raises(RuntimeError):
        failed()
    assert not (tmp_path / "library").exists()


def test_departures_are_forgotten_once_the_snapshot_knows_them(tmp_path: Path) -> None:
    backend = LocalBackend(tmp_path / "library")
    space = filled(backend, 0, 32)
    with backend.writing() as session:
        session.writer().remove_below(b"/p/00003")
    assert len(space.departures_after(0)[1]) == 1, "the snapshot still holds it"
    backend.vector_index(space).optimize()
    filled(backend, 32, 33)
    assert space.departures_after(0)[1].tolist() == []
    backend.close()
