"""What is stored beside the catalog, and may be lost."""

import contextlib
from dataclasses import replace
from pathlib import Path

from imsearch.catalog.cache import FEATURES, THUMBNAILS, Cache


def test_the_cache_holds_the_newest_and_survives_damage(tmp_path: Path) -> None:
    with contextlib.closing(Cache(tmp_path, replace(FEATURES, most=3))) as cache:
        for number in range(5):
            cache.put({b"%d" % number: bytes([number])})
        assert cache.get([b"%d" % number for number in range(5)]) == {b"2": b"\2", b"3": b"\3", b"4": b"\4"}
    for path in tmp_path.glob(f"{FEATURES.name}*"):
        path.write_bytes(b"this is no database, and long enough to be taken for one" * 40)
    with contextlib.closing(Cache(tmp_path, FEATURES)) as cache:
        assert cache.get([b"4"]) == {}
        cache.put({b"4": b"new"})
        assert cache.get([b"4"]) == {b"4": b"new"}


def test_a_cache_that_cannot_be_written_stores_nothing_and_says_nothing(tmp_path: Path) -> None:
    with contextlib.closing(Cache(tmp_path / "missing", FEATURES)) as cache:
        cache.put({b"1": b"data"})
        assert cache.get([b"1"]) == {}


def test_data_of_another_format_are_thrown_away(tmp_path: Path) -> None:
    with contextlib.closing(Cache(tmp_path, THUMBNAILS)) as cache:
        cache.put({b"1": b"old"})
    with contextlib.closing(Cache(tmp_path, replace(THUMBNAILS, format=THUMBNAILS.format + 1))) as cache:
        assert cache.get([b"1"]) == {}
        cache.put({b"1": b"new"})
        assert cache.get([b"1"]) == {b"1": b"new"}
