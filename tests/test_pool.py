"""Reading files in worker processes that may fail without harm."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from processes import PATIENCE, children, wait_for_end

from imsearch.embedding.decoding import READ_FILES, DecodePool
from imsearch.embedding.reading import Decoded, Failed, Outcome, Task, process
from imsearch.types.preprocessing import Preprocessing
from imsearch.workers.work import WorkerError

PREPROCESSING = Preprocessing(64, (48, 48), "bicubic", (0.0,) * 3, (1.0,) * 3)
WORK = READ_FILES.name


def task(path: Path, *known: bytes) -> Task:
    return Task(os.fsencode(path), frozenset(known))


def test_outcomes_come_in_the_order_of_the_tasks(photos: list[Path]) -> None:
    tasks = [task(path) for path in photos * 3]
    with DecodePool(PREPROCESSING, workers=3) as pool:
        for given, outcome in zip(tasks, pool.map(tasks, ahead=7), strict=True):
            expected = process(given, PREPROCESSING)
            assert isinstance(outcome, Decoded)
            assert isinstance(expected, Decoded)
            assert (outcome.digest, outcome.width) == (expected.digest, expected.width)


def outcomes_when_signalled(fifo: Path, paths: list[Path], sent: signal.Signals, times: int) -> list[Outcome]:
    """What comes of these files where the worker gets a signal whenever it waits for a FIFO, which is one of them."""
    with DecodePool(PREPROCESSING, workers=1) as pool, ThreadPoolExecutor(1) as threads:
        outcomes = threads.submit(lambda: list(pool.map(map(task, paths), ahead=4)))
        for _ in range(times):
            writer = os.open(fifo, os.O_WRONLY)  # returns when the worker has opened the other end
            (worker,) = children(WORK)
            end = os.pidfd_open(worker)
            os.kill(worker, sent)
            wait_for_end(end)
            os.close(writer)
        return outcomes.result(PATIENCE)


def test_a_crash_costs_one_file(photos: list[Path], tmp_path: Path) -> None:
    """The worker gets the signal that a decoder causes that writes where it must not; a new one is tried once."""
    os.mkfifo(tmp_path / "crash.jpg")
    paths = [photos[0], tmp_path / "crash.jpg", photos[1], photos[2]]
    outcomes = outcomes_when_signalled(tmp_path / "crash.jpg", paths, signal.SIGSEGV, times=2)
    assert [type(outcome) for outcome in outcomes] == [Decoded, Failed, Decoded, Decoded]
    assert outcomes[1] == Failed("the decoder crashed on it (SIGSEGV)")


def test_a_killed_worker_says_nothing_of_its_file(photos: list[Path], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "killed.jpg")
    paths = [tmp_path / "killed.jpg", photos[0]]
    outcomes = outcomes_when_signalled(tmp_path / "killed.jpg", paths, signal.SIGKILL, times=1)
    assert outcomes[0] == Failed("the process that read it was killed (SIGKILL)", passing=True)
    assert isinstance(outcomes[1], Decoded)


def test_a_hang_costs_one_file(photos: list[Path], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "hang.jpg")
    with DecodePool(PREPROCESSING, workers=1, seconds_per_file=3) as pool:
        outcomes = list(pool.map(map(task, [tmp_path / "hang.jpg", photos[0]]), ahead=2))
    assert outcomes[0] == Failed("reading it took longer than 3 s", passing=True)
    assert isinstance(outcomes[1], Decoded)


def test_a_bug_ends_the_run_and_blames_no_file(photos: list[Path]) -> None:
    """No file system has such a name, so nothing that is scanned leads there."""
    with DecodePool(PREPROCESSING, workers=1) as pool:
        outcomes = pool.map([task(photos[0]), Task(b"a\0b.jpg", frozenset()), task(photos[1])], ahead=2)
        assert isinstance(next(outcomes), Decoded)
        with pytest.raises(WorkerError, match=r"(?s)Traceback.*ValueError: embedded null byte"):
            list(outcomes)


def test_a_closed_pool_leaves_no_process(photos: list[Path]) -> None:
    with DecodePool(PREPROCESSING, workers=2) as pool:
        next(pool.map(map(task, photos), ahead=4))
        assert children(WORK)
    assert not children(WORK)


def test_workers_end_with_their_parent(photos: list[Path]) -> None:
    code = (
        "import os, sys\n"
        "from imsearch.embedding.decoding import DecodePool\n"
        "from imsearch.embedding.reading import Task\n"
        "from imsearch.types.preprocessing import Preprocessing\n"
        f"pool = DecodePool({PREPROCESSING!r}, workers=1)\n"
        "print(list(pool.map([Task(os.fsencode(sys.argv[1]), frozenset())], ahead=1)), flush=True)\n"
        "sys.stdin.read()\n"
    )
    arguments = [sys.executable, "-c", code, str(photos[0])]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline().startswith(b"[Decoded")
        (worker,) = children(WORK, parent.pid)
        end = os.pidfd_open(worker)
        parent.kill()
    wait_for_end(end)


def test_modules_in_the_current_folder_are_not_imported(
    photos: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("numpy", "PIL", "imsearch", "msgspec"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'hostile')!r}, 'w')")
    monkeypatch.chdir(tmp_path)
    with DecodePool(PREPROCESSING, workers=1) as pool:
        (outcome,) = pool.map([task(photos[0])], ahead=1)
    assert isinstance(outcome, Decoded)
    assert not (tmp_path / "hostile").exists()
