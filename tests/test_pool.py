"""Reading files in worker processes that may fail without harm."""

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from imsearch.indexing.decoding import DecodePool
from imsearch.indexing.reading import Decoded, Failed, Outcome, Task, process
from imsearch.types.preprocessing import Preprocessing

PREPROCESSING = Preprocessing(64, (48, 48), "bicubic", (0.0,) * 3, (1.0,) * 3)
PATIENCE = 30.0


def task(path: Path, *known: bytes) -> Task:
    return Task(os.fsencode(path), frozenset(known))


def wait_for(condition, what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come"
        threading.Event().wait(0.01)


def test_outcomes_come_in_the_order_of_the_tasks(photos: list[Path]) -> None:
    tasks = [task(path) for path in photos * 3]
    with DecodePool(PREPROCESSING, workers=3) as pool:
        for given, outcome in zip(tasks, pool.map(tasks, ahead=7), strict=True):
            expected = process(given, PREPROCESSING)
            assert isinstance(outcome, Decoded)
            assert isinstance(expected, Decoded)
            assert (outcome.digest, outcome.width) == (expected.digest, expected.width)


def test_a_crash_costs_one_file(photos: list[Path], tmp_path: Path) -> None:
    """The worker is killed while it waits for a FIFO, as a decoder would kill it that writes where it must not."""
    os.mkfifo(tmp_path / "crash.jpg")
    paths = [photos[0], tmp_path / "crash.jpg", photos[1], photos[2]]
    with DecodePool(PREPROCESSING, workers=1) as pool:
        outcomes: list[Outcome] = []
        reader = threading.Thread(target=lambda: outcomes.extend(pool.map(map(task, paths), ahead=4)))
        reader.start()
        wait_for(lambda: pool._processes.workers[0].process is not None, "the worker")
        writer = os.open(tmp_path / "crash.jpg", os.O_WRONLY)  # returns when the worker has opened the other end
        worker = pool._processes.workers[0].process
        assert worker is not None
        worker.send_signal(signal.SIGSEGV)
        reader.join(PATIENCE)
        os.close(writer)
    assert [type(outcome) for outcome in outcomes] == [Decoded, Failed, Decoded, Decoded]
    assert outcomes[1] == Failed("the decoder crashed on it (exit -11)")


def test_a_hang_costs_one_file(photos: list[Path], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "hang.jpg")
    with DecodePool(PREPROCESSING, workers=1, seconds_per_file=3) as pool:
        outcomes = list(pool.map(map(task, [tmp_path / "hang.jpg", photos[0]]), ahead=2))
    assert outcomes[0] == Failed("reading it took longer than 3 s")
    assert isinstance(outcomes[1], Decoded)


def test_a_closed_pool_leaves_no_process(photos: list[Path]) -> None:
    with DecodePool(PREPROCESSING, workers=2) as pool:
        next(pool.map(map(task, photos), ahead=4))
        processes = [worker.process for worker in pool._processes.workers if worker.process is not None]
        assert processes
    assert all(process.poll() is not None for process in processes)


def test_workers_end_with_their_parent(photos: list[Path], tmp_path: Path) -> None:
    code = (
        "import pickle, sys\n"
        "from imsearch.indexing.decoding import DecodePool\n"
        "task, preprocessing = pickle.load(sys.stdin.buffer)\n"
        "pool = DecodePool(preprocessing, workers=1)\n"
        "list(pool.map([task], ahead=1))\n"
        "print(pool._processes.workers[0].process.pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert parent.stdin is not None
    assert parent.stdout is not None
    parent.stdin.write(pickle.dumps((task(photos[0]), PREPROCESSING)))
    parent.stdin.flush()
    worker = int(parent.stdout.readline())
    os.kill(worker, 0)
    parent.kill()
    parent.wait()
    parent.stdin.close()
    parent.stdout.close()

    def gone() -> bool:
        try:
            os.kill(worker, 0)
        except ProcessLookupError:
            return True
        state = Path(f"/proc/{worker}/stat")
        return state.exists() and state.read_text().split()[2] == "Z"  # nobody collects orphans in some containers

    wait_for(gone, "the end of the worker")


def test_modules_in_the_current_folder_are_not_imported(
    photos: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("numpy", "PIL", "imsearch", "pickle"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'hostile')!r}, 'w')")
    monkeypatch.chdir(tmp_path)
    with DecodePool(PREPROCESSING, workers=1) as pool:
        (outcome,) = pool.map([task(photos[0])], ahead=1)
    assert isinstance(outcome, Decoded)
    assert not (tmp_path / "hostile").exists()
