"""What lies below what, by path bytes."""

import os

from hypothesis import given
from hypothesis import strategies as st

from imsearch.sources.paths import as_prefix, below, is_below, outermost

PATHS = st.lists(st.sampled_from([b"a", b"a.b", b"a-b", b"ab", b"\xff", b"0"]), max_size=4).map(
    lambda parts: b"/" + b"/".join(parts)
)


@given(st.lists(st.sampled_from([b"/a", b"/a/b", b"/a-b", b"/a/b/c", b"/b", b"/"])))
def test_outermost(paths: list[bytes]) -> None:
    kept = outermost(paths)
    assert all(any(path == root or path.startswith(root.rstrip(b"/") + b"/") for root in kept) for path in paths)
    assert len(set(kept)) == len(kept)
    if b"/" in paths:
        assert kept == [b"/"]


def test_below_is_by_folders() -> None:
    assert is_below(b"/a/b", b"/a")
    assert is_below(b"/a", b"/a")
    assert is_below(b"/a", os.fsencode(os.sep))
    assert not is_below(b"/ab", b"/a")


@given(PATHS, PATHS)
def test_the_range_below_a_folder_holds_what_is_below_it(path: bytes, folder: bytes) -> None:
    begin, end = below(folder)
    assert (begin <= path < end) == path.startswith(as_prefix(folder))
    assert is_below(path, folder) == (path == folder or begin <= path < end)
