"""Finding files, on a real file system."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imsearch.sources.folders import Found, Unreachable, scan
from imsearch.sources.paths import as_prefix

PARTS = st.sampled_from([b"a", b"a.b", b"a-b", b"a b", b"A", b"b\n", b"\xff\xfe", "ü".encode(), b"0", b"a0"])


def paths(root: Path | bytes, **options: object) -> list[bytes]:
    prefix = as_prefix(os.fsencode(root))
    return [item.path.removeprefix(prefix) for item in scan(os.fsencode(root), **options)]  # type: ignore[arg-type]


@settings(max_examples=80, deadline=None)
@given(st.sets(st.lists(PARTS, min_size=1, max_size=4).map(tuple), max_size=20))
def test_every_file_once_in_the_order_of_path_bytes(
    tmp_path_factory: pytest.TempPathFactory, files: set[tuple[bytes, ...]]
) -> None:
    root = os.fsencode(tmp_path_factory.mktemp("tree"))
    made = set()
    for parts in files:
        path = b"/".join(parts)
        try:
            os.makedirs(os.path.join(root, os.path.dirname(path)), exist_ok=True)
            with open(os.path.join(root, path), "wb") as file:
                file.write(path)
            made.add(path)
        except (NotADirectoryError, IsADirectoryError, FileExistsError):
            continue  # one name is both a file and a folder
    found = list(scan(root))
    assert [item.path for item in found] == sorted(os.path.join(root, path) for path in made)
    for item in found:
        assert isinstance(item, Found)
        status = os.stat(item.path)
        assert (item.size, item.mtime_ns) == (status.st_size, status.st_mtime_ns)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("one.jpg", "two.PNG", ".hidden.jpg", "deep/er/three.jpg", "deep/four.txt", ".cache/five.jpg"):
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "tree"


def test_hidden_names_are_asked_for(tree: Path) -> None:
    assert paths(tree) == [b"deep/er/three.jpg", b"deep/four.txt", b"one.jpg", b"two.PNG"]
    assert len(paths(tree, include_hidden=True)) == 6
    assert paths(tree / ".cache") == [b"five.jpg"]


@pytest.mark.parametrize(
    ("patterns", "left"),
    [
        (["*.jpg"], [b"deep/four.txt", b"two.PNG"]),
        (["deep"], [b"one.jpg", b"two.PNG"]),
        (["deep/"], [b"one.jpg", b"two.PNG"]),
        (["er"], [b"deep/four.txt", b"one.jpg", b"two.PNG"]),
        (["deep/*.txt"], [b"deep/er/three.jpg", b"one.jpg", b"two.PNG"]),
        (["deep/er", "one.*"], [b"deep/four.txt", b"two.PNG"]),
        (["*"], []),
        (["tree"], [b"deep/er/three.jpg", b"deep/four.txt", b"one.jpg", b"two.PNG"]),
    ],
)
def test_exclude(tree: Path, patterns: list[str], left: list[bytes]) -> None:
    assert paths(tree, exclude=patterns) == left


def test_one_folder_can_be_left_out(tree: Path) -> None:
    assert paths(tree, without=os.fsencode(tree / "deep")) == [b"one.jpg", b"two.PNG"]


def test_links(tree: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "far.jpg").write_text("far away")
    (tree / "link.jpg").symlink_to(outside / "far.jpg")
    (tree / "folder link").symlink_to(outside)
    (tree / "deep" / "up").symlink_to(tree)
    (tree / "self.jpg").symlink_to(tree / "self.jpg")
    (tree / "broken.jpg").symlink_to(tree / "nothing.jpg")
    found = {item.path.rsplit(b"/", 1)[-1]: item for item in scan(os.fsencode(tree))}
    assert set(found) == {b"three.jpg", b"four.txt", b"one.jpg", b"two.PNG", b"link.jpg", b"self.jpg", b"broken.jpg"}
    link = found[b"link.jpg"]
    assert isinstance(link, Found)
    assert link.size == len("far away")
    for name, reason in ((b"self.jpg", "leads back to itself"), (b"broken.jpg", "to nothing")):
        item = found[name]
        assert isinstance(item, Unreachable)
        assert reason in item.reason


def test_only_regular_files_are_files(tree: Path) -> None:
    os.mkfifo(tree / "fifo.jpg")
    assert b"fifo.jpg" not in paths(tree)


def test_a_file_may_stand_for_itself(tree: Path) -> None:
    (item,) = scan(os.fsencode(tree / "one.jpg"))
    assert item.path == os.fsencode(tree / "one.jpg")


def test_a_folder_that_may_not_be_read_is_told(tree: Path) -> None:
    """In a process of an ordinary user, because root may read everything."""
    code = (
        "import os, sys\n"
        "from imsearch.sources.folders import scan\n"
        "root = sys.argv[1]\n"
        "if os.geteuid() == 0: os.setuid(65534)\n"
        "for item in scan(os.fsencode(root)): print(type(item).__name__, os.fsdecode(item.path)[len(root):])\n"
    )
    for folder in (tree, *tree.parents):
        if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    (tree / "deep").chmod(0)
    try:
        result = subprocess.run([sys.executable, "-c", code, tree], capture_output=True, text=True, check=True)
    finally:
        (tree / "deep").chmod(0o755)
    assert result.stdout.splitlines() == ["Unreachable /deep/", "Found /one.jpg", "Found /two.PNG"]
