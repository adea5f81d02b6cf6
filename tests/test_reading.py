"""Reading one file: what is a picture, what is the fault of the file, what passes."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from files import kept_changing

from imsearch.embedding.reading import Decoded, Failed, Known, NotAPicture, Task, Vanished, process
from imsearch.images import decode, preprocess
from imsearch.sources.source import Stamp
from imsearch.types.preprocessing import Preprocessing

PREPROCESSING = Preprocessing(64, (48, 48), "bicubic", (0.0,) * 3, (1.0,) * 3)


def task(path: Path | str, *known: bytes) -> Task:
    return Task(os.fsencode(path), frozenset(known))


def test_a_picture_is_read_once_for_digest_facts_and_pixels(photos: list[Path]) -> None:
    outcome = process(task(photos[0]), PREPROCESSING)
    assert isinstance(outcome, Decoded)
    data = photos[0].read_bytes()
    expected = decode.decode(data, PREPROCESSING.resize)
    assert (outcome.width, outcome.height) == decode.decode(data).image.size
    status = photos[0].stat()
    assert outcome.stamp == Stamp(status.st_size, status.st_mtime_ns)
    np.testing.assert_array_equal(
        outcome.pixels, preprocess.prepare(expected.image, PREPROCESSING, (expected.width, expected.height))
    )
    assert process(task(photos[0], outcome.digest), PREPROCESSING) == Known(outcome.stamp, outcome.digest)


def test_what_is_no_picture_is_told_from_what_is_broken(tmp_path: Path, stripes: bytes) -> None:
    cases = {
        "notes.txt": (b"text", NotAPicture),
        "nothing": (b"", NotAPicture),
        "text.JPG": (b"text", Failed),
        "empty.png": (b"", Failed),
        "half": (stripes[: len(stripes) // 2], Failed),
        "picture.txt": (stripes, Decoded),
        "picture": (stripes, Decoded),
    }
    for name, (data, kind) in cases.items():
        (tmp_path / name).write_bytes(data)
        outcome = process(task(tmp_path / name), PREPROCESSING)
        assert isinstance(outcome, kind), name
        assert not isinstance(outcome, Vanished)
        assert outcome.stamp is not None
        assert outcome.stamp.size == len(data)
        assert not (isinstance(outcome, Failed) and outcome.passing), name
    assert isinstance(process(task(tmp_path / "gone.jpg"), PREPROCESSING), Vanished)
    assert isinstance(process(task(tmp_path / "gone"), PREPROCESSING), Vanished)


def test_a_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "huge.jpg").open("wb") as file:
        file.write(b"\xff\xd8\xff")
        file.truncate(decode.MAX_BYTES + 1)
    outcome = process(task(tmp_path / "huge.jpg"), PREPROCESSING)
    assert isinstance(outcome, Failed)
    assert "too large" in outcome.reason
    assert outcome.stamp is not None
    assert not outcome.passing
    (tmp_path / "huge.jpg").rename(tmp_path / "huge")
    assert isinstance(process(task(tmp_path / "huge"), PREPROCESSING), Failed)
    with (tmp_path / "film.avi").open("wb") as film:
        film.truncate(decode.MAX_BYTES + 1)
    assert isinstance(process(task(tmp_path / "film.avi"), PREPROCESSING), NotAPicture)


def test_a_file_that_keeps_changing_is_skipped_and_read_again_next_time(tmp_path: Path, stripes: bytes) -> None:
    path = tmp_path / "changing.jpg"
    path.write_bytes(stripes)
    with kept_changing(path):
        outcome = process(task(path), PREPROCESSING)
    assert outcome == Failed("it kept changing while it was read", passing=True)


def test_a_file_that_may_not_be_read(tmp_path: Path, stripes: bytes) -> None:
    """In a process of an ordinary user, because root may read everything."""
    path = tmp_path / "secret.jpg"
    path.write_bytes(stripes)
    path.chmod(0)
    for folder in path.parents:
        if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    code = (
        "import os, sys\n"
        "from imsearch.embedding.reading import Task, process\n"
        "from imsearch.types.preprocessing import Preprocessing\n"
        "preprocessing = Preprocessing(64, (48, 48), 'bicubic', (0.0,) * 3, (1.0,) * 3)\n"
        "if os.geteuid() == 0: os.setuid(65534)\n"
        "print(process(Task(os.fsencode(sys.argv[1]), frozenset()), preprocessing))\n"
    )
    result = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert result.stdout == f"{Failed('no permission to read it', passing=True)}\n"


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file that cannot be read, which Linux has")
def test_an_error_of_the_disk_passes() -> None:
    outcome = process(task("/proc/self/mem"), PREPROCESSING)
    assert isinstance(outcome, Failed)
    assert outcome.reason == "it cannot be read: Input/output error"
    assert outcome.passing


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux only")
def test_too_little_memory_passes(tmp_path: Path) -> None:
    """In a process of its own, which may not have more."""
    path = tmp_path / "large.bmp"
    with path.open("wb") as file:
        file.write(b"BM")
        file.truncate(500 << 20)
    code = (
        "import os, resource, sys\n"
        "from imsearch.embedding.reading import Task, process\n"
        "from imsearch.types.preprocessing import Preprocessing\n"
        "preprocessing = Preprocessing(64, (48, 48), 'bicubic', (0.0,) * 3, (1.0,) * 3)\n"
        "pages = int(open('/proc/self/statm').read().split()[0])\n"
        "limit = pages * resource.getpagesize() + (200 << 20)\n"
        "resource.setrlimit(resource.RLIMIT_AS, (limit, limit))\n"
        "print(process(Task(os.fsencode(sys.argv[1]), frozenset()), preprocessing))\n"
    )
    result = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert result.stdout == f"{Failed('not enough memory to read it', passing=True)}\n"


def test_faults_of_our_own_are_raised(photos: list[Path]) -> None:
    """They say nothing of the file, so no outcome may hide them."""
    with pytest.raises(KeyError):
        process(task(photos[0]), Preprocessing(64, (48, 48), "sharp", (0.0,) * 3, (1.0,) * 3))  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        process(task(photos[0]), Preprocessing("64", (48, 48), "bicubic", (0.0,) * 3, (1.0,) * 3))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="unpack"):
        process(task(photos[0]), Preprocessing(64, (48, 48, 48), "bicubic", (0.0,) * 3, (1.0,) * 3))  # type: ignore[arg-type]
