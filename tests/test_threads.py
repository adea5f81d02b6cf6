"""One library asked from many threads, with real threads on a real library that changes meanwhile."""

import contextlib
import io
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import imsearch
from imsearch.catalog.reader import CatalogReader
from imsearch.vectors.faiss_index import FaissIndex

pytest.importorskip("openvino")

ROUNDS = 6
ASKING = 6
ALL = 50
"""More hits than there are pictures."""

Seen = list[tuple[str, float]]


@pytest.fixture
def probes(photos: list[Path], stripes: bytes) -> list[bytes]:
    """Pictures that are not in the library, so that the model looks at each."""
    made = [stripes]
    for photo in [path for path in photos if path.suffix == ".jpg"][2:5]:
        buffer = io.BytesIO()
        with Image.open(photo) as picture:
            picture.convert("RGB").rotate(4).save(buffer, "JPEG")
        made.append(buffer.getvalue())
    return made


@pytest.fixture(params=["the same library", "another process's"])
def writer(library: imsearch.Library, request: pytest.FixtureRequest) -> Iterator[imsearch.Library]:
    """What changes the library: itself, or one that shares nothing with it but the files."""
    if request.param == "the same library":
        yield library
        return
    with imsearch.open(library.path, model=library.model) as other:
        yield other


def seen(library: imsearch.Library, probe: bytes, k: int = ALL) -> Seen:
    return [(hit.path, round(hit.score, 5)) for hit in library.query(probe, k=k)]


def by_plain_arithmetic(library: imsearch.Library, probe: bytes, paths: list[Path]) -> Seen:
    """Without the vector index, the catalog and batches."""
    scores = [(str(path), library.similarity(probe, path)) for path in paths]
    return sorted(scores, key=lambda each: (-each[1], each[0]))


def test_answers_are_always_those_of_a_state_that_was_committed(
    library: imsearch.Library, writer: imsearch.Library, album: Path, tmp_path: Path, probes: list[bytes]
) -> None:
    coming = tmp_path / "coming"
    coming.mkdir()
    for path in sorted(album.iterdir())[:5]:
        path.rename(coming / path.name)
    staying = sorted(album.iterdir())
    library.index(album)
    without = [seen(library, probe) for probe in probes]
    library.index(coming)
    with_all = [seen(library, probe) for probe in probes]
    for probe, few, many in zip(probes, without, with_all, strict=True):
        for found, paths in ((few, staying), (many, staying + list(coming.iterdir()))):
            expected = by_plain_arithmetic(library, probe, paths)
            assert {path for path, _ in found} == {path for path, _ in expected}
            assert [score for _, score in found] == pytest.approx([score for _, score in expected], abs=1e-3)

    over = threading.Event()

    def change() -> None:
        try:
            for _ in range(ROUNDS):
                writer.remove(coming)
                writer.optimize()  # a new snapshot; departures are forgotten
                writer.index(coming)
        finally:
            over.set()

    def ask(number: int) -> int:
        asked = 0
        while not over.is_set() or not asked:
            at = (number + asked) % len(probes)
            assert seen(library, probes[at]) in (without[at], with_all[at])
            assert seen(library, probes[at], k=1) in (without[at][:1], with_all[at][:1])
            asked += 1
        return asked

    with ThreadPoolExecutor(ASKING + 1) as threads:
        changing = threads.submit(change)
        asking = [threads.submit(ask, number) for number in range(ASKING)]
        assert all(each.result() for each in asking)
        changing.result()
    assert [seen(library, probe) for probe in probes] == with_all


def test_threads_share_what_is_opened(library: imsearch.Library, album: Path, probes: list[bytes]) -> None:
    library.index(album)
    expected = seen(library, probes[0])
    with imsearch.open(library.path, model=library.model) as fresh, ThreadPoolExecutor(8) as threads:
        together = threading.Barrier(8)

        def ask(_: int) -> Seen:
            together.wait()
            return seen(fresh, probes[0])

        assert list(threads.map(ask, range(8))) == [expected] * 8
        assert fresh.embedded[0] == 8


def test_what_came_and_left_is_taken_in_once(
    library: imsearch.Library, album: Path, tmp_path: Path, probes: list[bytes]
) -> None:
    library.index(album)
    new = tmp_path / "new"
    new.mkdir()
    together = threading.Barrier(8)
    with contextlib.closing(CatalogReader(library.path)) as catalog, ThreadPoolExecutor(8) as threads:
        (space,) = catalog.spaces()
        index = FaissIndex(space, tmp_path / "vectors.faiss")

        def ask(_: int) -> list[int]:
            together.wait()
            index.sync()
            (found,) = index.search(np.ones((1, space.dimensions), np.float32), ALL)
            return sorted(found.tolist())

        assert len(ask_all(threads, ask)) == 12
        for number, probe in enumerate(probes):
            (new / f"{number}.jpg").write_bytes(probe)
            library.index(new)
            assert len(ask_all(threads, ask)) == 12 + number + 1
        library.remove(new)
        assert len(ask_all(threads, ask)) == 12


def ask_all(threads: ThreadPoolExecutor, ask: Callable[[int], list[int]]) -> list[int]:
    """What all of eight threads get: the same ids, each once."""
    first, *others = threads.map(ask, range(8))
    assert all(other == first for other in others)
    assert len(set(first)) == len(first)
    return first


def test_verified_queries_of_several_threads_leave_the_process_as_it_was(
    library: imsearch.Library, album: Path, probes: list[bytes]
) -> None:
    pytest.importorskip("cv2")
    from threadpoolctl import ThreadpoolController

    def threads_of_blas() -> list[int]:
        return [each["num_threads"] for each in ThreadpoolController().select(user_api="blas").info()]

    library.index(album)
    before = threads_of_blas()
    expected = library.query(probes[1], verify=True)
    assert expected[0].proof is not None
    with ThreadPoolExecutor(4) as threads:
        for hits in threads.map(lambda _: library.query(probes[1], verify=True), range(8)):
            assert hits == expected
    assert threads_of_blas() == before


def test_one_set_of_comparisons_is_made_at_a_time() -> None:
    pytest.importorskip("cv2")
    from imsearch.verify.cores import Cores

    cores = Cores()
    order: list[str] = []
    begun = threading.Event()

    def second() -> None:
        begun.set()
        with cores.comparing():
            order.append("second")

    with ThreadPoolExecutor(1) as threads:
        with cores.comparing():
            waiting = threads.submit(second)
            begun.wait()
            order.append("first")
        waiting.result()
    cores.close()
    assert order == ["first", "second"]
