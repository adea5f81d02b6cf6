"""The index of perceptual hashes, and pairs of near ones, against comparing all with all."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from imsearch.catalog.reader import CatalogReader
from imsearch.catalog.rows import NewContent, NewFile
from imsearch.catalog.space import VectorSpace
from imsearch.catalog.writer import CatalogWriter
from imsearch.duplicates import hash_pairs as pairing
from imsearch.duplicates.groups import connected
from imsearch.duplicates.hash_pairs import hash_pairs
from imsearch.images.hashes import BYTES, FLAT, orientations
from imsearch.vectors.hash_index import ContentHashes, HashIndex, NearHashes

FAR = 256


class Store:
    """A catalog whose contents are numbers with hashes."""

    def __init__(self, folder: Path) -> None:
        self.writer = CatalogWriter.create(folder)
        self.reader = CatalogReader(folder)
        self.writer.add_space("model", "print", 4, "f32")
        (self.space,) = self.reader.spaces()

    def add(self, hashes: Mapping[int, bytes | None]) -> None:
        vector = np.ones(4, np.float32)
        contents = [
            NewContent(digest(number), 1, 4, 3, "jpeg", None, vector, hash=each) for number, each in hashes.items()
        ]
        files = [NewFile(b"/p/%06d" % number, 1, 1, digest(number)) for number in hashes]
        self.writer.write(files, contents, self.space)

    def remove(self, *numbers: int) -> None:
        self.writer.remove_files(b"/p/%06d" % number for number in numbers)

    def id_of(self, number: int) -> int:
        (file,) = self.reader.files_of(digest(number))
        return file.content_id


def digest(number: int) -> bytes:
    return number.to_bytes(32, "big")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path)
    yield opened
    opened.writer.close()
    opened.reader.close()


def some_hashes(count: int, seed: int = 0) -> np.ndarray:
    """Random hashes, each with copies that differ by some bits, and may be turned: uint8 (count, 32)."""
    rng = np.random.default_rng(seed)
    originals = rng.integers(0, 256, (max(1, count // 4), BYTES), np.uint8)
    rows = originals[rng.integers(0, len(originals), count)]
    noise = np.packbits(rng.random((count, 8 * BYTES)) < rng.uniform(0, 0.3, (count, 1)), axis=1)
    return orientations(rows ^ noise)[np.arange(count), rng.integers(0, 8, count)]


def plainly(probes: np.ndarray, among: np.ndarray) -> np.ndarray:
    """The distances (n, m) in the nearest orientation."""
    turned = np.unpackbits(orientations(probes), axis=2)[:, :, None]
    distances: np.ndarray = (turned != np.unpackbits(among, axis=1)[None, None]).sum(axis=3).min(axis=1)
    return distances


def rows_of(near: NearHashes) -> list[tuple[int, int, int]]:
    return list(zip(near.rows.tolist(), near.contents.tolist(), near.distances.tolist(), strict=True))


@pytest.mark.parametrize("few", [0, 1 << 30], ids=["by FAISS", "by NumPy"])
@pytest.mark.parametrize(("k", "within"), [(1, FAR), (3, 80), (50, 60), (400, FAR)])
def test_the_nearest_are_those_of_plain_comparison(
    store: Store, monkeypatch: pytest.MonkeyPatch, few: int, k: int, within: int
) -> None:
    monkeypatch.setattr("imsearch.vectors.codes.WORTH_FAISS", few)
    hashes = some_hashes(90)
    store.add({number: each.tobytes() for number, each in enumerate(hashes)})
    contents = [store.id_of(number) for number in range(90)]
    probes = some_hashes(7, seed=5)
    probes[:4] = hashes[:4]
    found = rows_of(HashIndex(store.reader.hashes()).near(probes, k, within))
    distances = plainly(probes, hashes)
    for row in range(len(probes)):
        mine = [(content, each) for at, content, each in found if at == row]
        expected = sorted(each for each in distances[row].tolist() if each <= within)[:k]
        assert [each for _, each in mine] == expected
        assert len({content for content, _ in mine}) == len(mine)
        for content, each in mine:
            assert each == distances[row, contents.index(content)]


def test_only_some_contents_are_searched_if_told(store: Store) -> None:
    """However many others are nearer."""
    hash_ = some_hashes(1)[0].tobytes()
    store.add(dict.fromkeys(range(60), hash_))
    chosen = np.array([store.id_of(number) for number in (50, 59)])
    near = HashIndex(store.reader.hashes()).near(np.frombuffer(hash_, np.uint8)[None], 5, among=chosen)
    assert sorted(near.contents.tolist()) == sorted(chosen.tolist())


def test_an_index_follows_what_comes_and_leaves(store: Store) -> None:
    hashes = {number: each.tobytes() for number, each in enumerate(some_hashes(40))}
    index = HashIndex(store.reader.hashes())

    def check(*numbers: int) -> None:
        for followed in (index, HashIndex(store.reader.hashes())):
            all_ = followed.sync()
            found = {content: each.tobytes() for content, each in zip(all_.contents.tolist(), all_.hashes, strict=True)}
            assert found == {store.id_of(number): hashes[number] for number in numbers}

    check()
    store.add({number: hashes[number] for number in range(10)})
    check(*range(10))
    store.add({10: FLAT, 11: None, 12: hashes[12]})
    check(*range(10), 12)
    store.remove(3, 10, 12)
    check(0, 1, 2, *range(4, 10))
    store.remove(9)
    store.add({20: hashes[20]})  # as many as before, and maybe under the id of a content that left
    check(0, 1, 2, *range(4, 9), 20)
    store.writer.add_hashes({digest(11): hashes[11], digest(0): hashes[30], digest(99): hashes[30]})
    check(0, 1, 2, *range(4, 9), 11, 20)
    store.remove(*range(40))
    check()
    store.add({1: hashes[1]})
    check(1)


def test_nothing_is_read_again_if_nothing_changed(store: Store) -> None:
    store.add({number: each.tobytes() for number, each in enumerate(some_hashes(8))})
    store.add({9: FLAT})
    index = HashIndex(store.reader.hashes())
    first = index.sync()
    assert index.sync() is first


def test_many_threads_search_while_hashes_come_and_go(store: Store) -> None:
    hashes = [each.tobytes() for each in some_hashes(120)]
    store.add({number: hashes[number] for number in range(20)})
    index = HashIndex(store.reader.hashes())
    probe = np.frombuffer(hashes[0], np.uint8)[None]

    def search(_: int) -> int:
        return int(index.near(probe, 1).distances[0])

    with ThreadPoolExecutor(4) as threads:
        found = threads.map(search, range(200))
        for number in range(20, 120):
            store.add({number: hashes[number]})
            if number % 3 == 0:
                store.remove(number - 10)
        assert set(found) == {0}
    assert len(index.sync()) == len(store.reader.hashes().ids())


def contents_of(hashes: np.ndarray) -> ContentHashes:
    return ContentHashes(np.arange(len(hashes)) * 3 + 7, hashes)


@pytest.mark.parametrize(("k", "within"), [(1, 256), (3, 80), (5, 60)])
def test_pairs_are_those_of_plain_comparison(monkeypatch: pytest.MonkeyPatch, k: int, within: int) -> None:
    monkeypatch.setattr(pairing, "BLOCK", 50)
    hashes = some_hashes(180)
    distances = plainly(hashes, hashes)
    np.fill_diagonal(distances, 999)
    known = contents_of(hashes)
    found = hash_pairs(known, known.contents, k=k, within=within).pairs()
    assert len({pair[:2] for pair in found}) == len(found) <= 180 * k
    kth = np.sort(distances, axis=1)[:, k - 1]
    for pair in found:
        one, other = (pair.first - 7) // 3, (pair.second - 7) // 3
        assert one < other
        assert pair.score == pytest.approx(1 - distances[one, other] / 256)
        assert distances[one, other] <= min(within, max(kth[one], kth[other]))
    together = {pair[:2] for pair in found}
    for one in range(180):  # whatever is nearer than the k-th is paired
        for other in np.flatnonzero((distances[one] < kth[one]) & (distances[one] <= within)).tolist():
            assert (min(one, other) * 3 + 7, max(one, other) * 3 + 7) in together


def test_many_copies_of_one_picture_are_connected_by_few_pairs() -> None:
    known = contents_of(np.repeat(some_hashes(1), 300, axis=0))
    found = hash_pairs(known, known.contents, k=3).pairs()
    assert len(found) <= 900
    assert connected(found).members() == [known.contents.tolist()]


def test_only_pairs_of_new_pictures_if_told() -> None:
    hashes = contents_of(some_hashes(120))
    new = hashes.contents[[3, 60, 119]]
    found = set(hash_pairs(hashes, new, k=4).pairs())
    assert found
    assert all(pair.first in new or pair.second in new for pair in found)
    everything = hash_pairs(hashes, hashes.contents, k=4).pairs()
    assert {pair for pair in everything if pair.first in new and pair.second in new} <= found


def test_no_hashes_give_no_pairs() -> None:
    for hashes in ({}, {1: FLAT, 2: b"\1" * 32}):
        known = ContentHashes.of(hashes)
        assert len(hash_pairs(known, known.contents)) == 0


def test_vectors_of_whole_pictures_are_found_by_their_contents(store: Store) -> None:
    store.add(dict.fromkeys(range(3)))
    space: VectorSpace = store.space
    ids = np.array([store.id_of(number) for number in range(3)])
    found = space.wholes_of(np.append(ids, 999))
    assert {vector: content for content, vector in found.items()} == dict(space.contents_of(space.ids()))
