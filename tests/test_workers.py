"""Child processes: what passes between them and their parent, and what comes of those that fail."""

import datetime
import inspect
import io
import logging
import os
import pickle
import signal
import struct
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import chores
import numpy as np
import pytest
from chores import Answer, Counted, Greeting, Inverted
from processes import PATIENCE, children, wait_for

from imsearch import errors
from imsearch.errors import ImsearchError, UsageError
from imsearch.types.duplicates import DuplicateFile, DuplicateGroup
from imsearch.workers.frames import FrameError, FrameReader, FrameWriter
from imsearch.workers.memory import SharedMemory
from imsearch.workers.pool import CrashError, PassingError, Pool
from imsearch.workers.process import MOST_BYTES_OF_A_LINE, MOST_LINES, Process
from imsearch.workers.work import Refusal, Work, WorkerError

AnyPool = Pool[Any, Any, Any]
Open = Callable[..., AnyPool]


@pytest.fixture
def open_pool() -> Iterator[Open]:
    """Opens pools of one process that plays, by default; they are closed in the end."""
    opened: list[AnyPool] = []

    def open_(work: Work[Any, Any, Any] = chores.PLAY, *, seconds: float = PATIENCE, **rest: Any) -> AnyPool:
        opened.append(Pool(work, Greeting("hello"), seconds=seconds, count=1, **rest))
        return opened[-1]

    yield open_
    for pool in opened:
        pool.close()


# Frames


@dataclass(frozen=True)
class Known:
    number: int


@dataclass(frozen=True)
class Unknown:
    number: int


def sent(value: object, memory: SharedMemory | None = None) -> object:
    """A value as it comes out of the other end."""
    stream = io.BytesIO()
    FrameWriter(stream, [type(value)], memory).write(value)
    stream.seek(0)
    return FrameReader(stream, [type(value)], memory).read()


def group_of(path: str) -> DuplicateGroup:
    file = DuplicateFile(path, "ab", "kept", 10, 7, 640, 480, "jpeg", datetime.datetime(2019, 7, 4, 18, 0, 1))
    return DuplicateGroup("copies", (file,), 0, "largest")


@pytest.mark.parametrize("path", ["/a.jpg", "/ä\N{SNOWMAN}.jpg", "/\udcff\n\udc80ä.jpg", "\ud83d"])
def test_values_come_as_they_went(path: str) -> None:
    assert sent(group_of(path)) == group_of(path)


def test_pixels_come_as_they_went_with_and_without_shared_memory() -> None:
    for shape in ((4, 5, 3), (0, 5, 3), (7,)):
        pixels = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
        for odd in (pixels, pixels[::-1], np.asfortranarray(pixels)):
            for size in (1, pixels.nbytes or 1, 1000):
                memory = SharedMemory(size)
                for shared in (memory, None):
                    got = sent(Inverted(odd), shared)
                    assert isinstance(got, Inverted)
                    np.testing.assert_array_equal(got.pixels, odd)
                memory.close()


def test_what_a_stream_does_not_allow_neither_goes_in_nor_comes_out() -> None:
    stream = io.BytesIO()
    with pytest.raises(TypeError, match="Unknown"):
        FrameWriter(stream, [Known]).write(Unknown(1))
    with pytest.raises(TypeError, match="ndarray"):
        FrameWriter(stream, [Inverted]).write(Inverted(np.zeros(3)))  # type: ignore[arg-type]
    assert stream.getvalue() == b""
    FrameWriter(stream, [Unknown]).write(Unknown(1))
    stream.seek(0)
    with pytest.raises(FrameError, match="'Unknown', which this stream does not allow"):
        FrameReader(stream, [Known]).read()


class Hostile:
    def __reduce__(self) -> tuple[object, ...]:
        return os._exit, (3,)


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"nonsense",
        pickle.dumps(Hostile()),
        b"\x93\xa5Known\xc2\x81\xa6number\xa1x",
        b"\x93\xa5Known\xc3\x81\xa6number\xd4\x07x",
        b"\x93\xa8Inverted\xc2\x81\xa6pixels\x92\x91\x03\x00",
        b"\x93\xa8Inverted\xc2\x81\xa6pixels\x92\x91\x03\xc4\x01x",
        b"\x93\xa8Inverted\xc2\x81\xa6pixels\x01",
    ],
)
def test_frames_that_make_no_sense_are_errors(frame: bytes) -> None:
    memory = SharedMemory(2)
    for shared in (memory, None):
        stream = io.BytesIO(struct.pack(">I", len(frame)) + frame)
        with pytest.raises(FrameError):
            FrameReader(stream, [Known, Inverted], shared).read()
    memory.close()


def test_a_stream_that_ends_is_told_from_one_that_makes_no_sense() -> None:
    stream = io.BytesIO()
    FrameWriter(stream, [Known]).write(Known(1))
    whole = stream.getvalue()
    for end in range(len(whole)):
        with pytest.raises(EOFError):
            FrameReader(io.BytesIO(whole[:end]), [Known]).read()


@pytest.mark.parametrize(
    "kind", [each for _, each in inspect.getmembers(errors, inspect.isclass) if issubclass(each, ImsearchError)]
)
def test_errors_come_with_their_fields(kind: type[ImsearchError]) -> None:
    values = {str: "some\udcff text", bool: True, int: 3}
    names = [name for name in inspect.signature(kind).parameters if name != "message"]
    plain = kind("why not")
    fields = {
        name: ("a", "b") if isinstance(getattr(plain, name), tuple) else values.get(type(getattr(plain, name)), 1.5)
        for name in names
    }
    refusal = sent(Refusal.of(kind("why \udcff not", **fields)))
    assert isinstance(refusal, Refusal)
    error = refusal.error()
    assert type(error) is kind
    assert str(error) == error.message == "why \udcff not"
    assert {name: getattr(error, name) for name in names} == fields


def test_nothing_but_errors_of_imsearch_is_made_of_a_refusal() -> None:
    for name in ("Sequence", "__doc__", "SystemExit", "print"):
        with pytest.raises(WorkerError, match="no error of imsearch"):
            Refusal(name, "x", {}).error()


# Answers


def test_a_child_answers_by_its_settings(open_pool: Open) -> None:
    pool = open_pool()
    assert not children("chores:PLAY")
    first, second = pool.run(chores.Greet("Ada")), pool.run(chores.Greet("Bob \udcff"))
    assert (first.text, second.text) == ("hello Ada", "hello Bob \udcff")
    assert {first.process} == {second.process} == children("chores:PLAY")
    pool.close()
    assert not children("chores:PLAY")
    pool.close()
    with pytest.raises(RuntimeError, match="closed"):
        pool.run(chores.Greet("Eve"))


@pytest.mark.parametrize("memory", [0, 1000, 1 << 20])
def test_pixels_go_to_a_child_and_back(open_pool: Open, memory: int) -> None:
    pool = open_pool(memory=memory)
    for side in (3, 100, 300):
        pixels = np.random.default_rng(side).integers(0, 256, (side, side, 3), np.uint8)
        np.testing.assert_array_equal(pool.run(chores.Invert(pixels)).pixels, 255 - pixels)


def test_any_number_of_threads_use_a_pool() -> None:
    pool: Pool[Greeting, object, Any] = Pool(chores.PLAY, Greeting("hello"), seconds=PATIENCE, count=2)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda number: pool.run(chores.Greet(str(number))), range(200)))
    pool.close()
    assert [answer.text for answer in answers] == [f"hello {number}" for number in range(200)]
    assert len({answer.process for answer in answers}) <= 2


def test_errors_of_imsearch_are_raised_by_whoever_asked(open_pool: Open) -> None:
    pool = open_pool()
    with pytest.raises(UsageError) as raised:
        pool.run(chores.Refuse("not so"))
    assert (str(raised.value), raised.value.argument) == ("not so", "folder")
    assert (raised.value.value, raised.value.choices) == ("x", ("a", "b\udcff"))
    assert pool.run(chores.Greet("Ada")).text == "hello Ada"


# Failures that are the task's own


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE", "SIGILL"])
def test_a_task_that_crashes_its_process_is_to_blame(open_pool: Open, name: str) -> None:
    pool = open_pool(tries=2)
    with pytest.raises(CrashError, match=rf"^the decoder crashed on it \({name}\)$"):
        pool.run(chores.Die(signal.Signals[name]))
    assert pool.run(chores.Greet("Ada")).text == "hello Ada"


def test_a_task_that_crashes_one_process_and_not_a_new_one_is_not_to_blame(open_pool: Open, tmp_path: Path) -> None:
    crash = chores.Die(signal.SIGSEGV, str(tmp_path / "mark"))
    with pytest.raises(CrashError):
        open_pool(tries=1).run(crash)
    (tmp_path / "mark").unlink()
    pool = open_pool(tries=2)
    before = pool.run(chores.Greet("Ada")).process
    assert pool.run(crash).process != before


# Failures that pass


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM"])
def test_a_killed_process_says_nothing_of_its_task(open_pool: Open, name: str, tmp_path: Path) -> None:
    pool = open_pool(tries=2)
    mark = tmp_path / "mark"
    with pytest.raises(PassingError, match=rf"was killed \({name}\)$"):
        pool.run(chores.Die(signal.Signals[name], str(mark)))
    assert mark.exists()
    assert pool.run(chores.Greet("Ada")).text == "hello Ada"


def test_a_task_that_hangs_is_ended(open_pool: Open) -> None:
    """Its process is asked for nothing and has nothing to say, so only the watch over late ones can end it."""
    pool = open_pool(seconds=3)
    pool.run(chores.Greet("Ada"))
    with ThreadPoolExecutor(1) as threads:
        try:
            hanging = threads.submit(pool.run, chores.Hang())
            with pytest.raises(PassingError, match=r"^reading it took longer than 3 s$"):
                hanging.result(PATIENCE)
        finally:
            for process in children("chores:PLAY"):  # where the watch has failed
                os.kill(process, signal.SIGKILL)
    assert pool.run(chores.Greet("Ada")).text == "hello Ada"


def test_a_process_that_takes_no_task_is_ended(open_pool: Open) -> None:
    pool = open_pool(seconds=3)
    os.kill(pool.run(chores.Greet("Ada")).process, signal.SIGSTOP)
    with pytest.raises(PassingError, match="took longer than 3 s"):
        pool.run(chores.Measure(bytes(10 << 20)))  # more than a pipe holds
    assert pool.run(chores.Measure(bytes(10 << 20))).text == str(10 << 20)


def test_a_process_that_was_killed_while_it_had_nothing_to_do_blames_no_task(open_pool: Open) -> None:
    pool = open_pool()
    os.kill(pool.run(chores.Greet("Ada")).process, signal.SIGKILL)
    with pytest.raises(PassingError, match="SIGKILL"):
        pool.run(chores.Greet("Bob"))
    assert pool.run(chores.Greet("Bob")).text == "hello Bob"


def test_a_task_that_takes_too_much_memory_passes(open_pool: Open) -> None:
    pool = open_pool(spare=200 << 20)
    for _ in range(2):
        with pytest.raises(PassingError, match="not enough memory"):
            pool.run(chores.TakeMemory(400 << 20))
        assert pool.run(chores.TakeMemory(50 << 20)).text == str(50 << 20)


# Failures of ours


def test_a_bug_comes_with_its_traceback(open_pool: Open) -> None:
    pool = open_pool(tries=2)
    with pytest.raises(WorkerError) as raised:
        pool.run(chores.RaiseBug("oh dear"))
    assert not isinstance(raised.value, ImsearchError)
    assert "Traceback" in str(raised.value)
    assert "chores.py" in str(raised.value)
    assert str(raised.value).endswith("KeyError: 'oh dear'")
    assert pool.run(chores.Greet("Ada")).text == "hello Ada"


def test_an_answer_that_the_work_does_not_allow_is_a_bug(open_pool: Open) -> None:
    with pytest.raises(WorkerError, match="Answer is not among the types"):
        open_pool(chores.MUTE).run(chores.Greet("Ada"))


def test_a_child_that_cannot_be_started_is_a_bug(open_pool: Open) -> None:
    with pytest.raises(WorkerError, match=r"(?s)without an answer \(exit 1\).*AttributeError.*MISSING"):
        open_pool(chores.NOWHERE).run(chores.Greet("Ada"))


@pytest.mark.parametrize("code", [0, 1, 77])
def test_a_child_that_ends_by_itself_is_a_bug(open_pool: Open, code: int) -> None:
    pool = open_pool(tries=2)
    with pytest.raises(WorkerError, match=rf"(?s)without an answer \(exit {code}\).*farewell"):
        pool.run(chores.Exit(code))
    assert pool.run(chores.Greet("Ada")).text == "hello Ada"


# The log


def test_what_a_child_says_reaches_the_log(open_pool: Open, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "imsearch.workers")
    pool = open_pool()
    pool.run(chores.Speak(0))
    pool.close()
    said = {(record.name, record.levelname, record.getMessage()) for record in caplog.records}
    assert said == {
        ("imsearch.workers", "WARNING", "chores: from the log"),
        ("imsearch.workers", "INFO", "from standard output"),
        ("imsearch.workers", "INFO", "from standard error"),
    }


def test_a_chatty_child_neither_waits_nor_fills_the_memory() -> None:
    process = Process(chores.PLAY, Greeting("hello"))
    process.send(chores.Speak(20 << 20))
    assert isinstance(process.receive(), Answer)
    process.close_input()
    assert process.stop(PATIENCE) == 0
    assert 0 < len(process.last_words) <= MOST_LINES * (MOST_BYTES_OF_A_LINE + 1)


# Work in the background


def test_background_work_tells_of_itself_until_it_is_done() -> None:
    process = Process(chores.COUNT, Greeting("done"))
    process.send(chores.Count(3))
    assert [process.receive() for _ in range(3)] == [Counted(1), Counted(2), Counted(3)]
    assert process.receive() == Answer("done", process.pid)
    with pytest.raises(EOFError):
        process.receive()
    assert process.stop(PATIENCE) == 0


def test_background_work_is_interrupted_by_closing_its_input() -> None:
    process = Process(chores.COUNT, Greeting("done"))
    process.send(chores.Count(None))
    assert process.receive() == Counted(1)
    assert os.getpriority(os.PRIO_PROCESS, process.pid) > os.getpriority(os.PRIO_PROCESS, 0)
    assert os.getsid(process.pid) != os.getsid(0)
    process.close_input()
    assert process.receive() == Counted(-1)
    with pytest.raises(EOFError):
        process.receive()
    assert process.stop(PATIENCE) == 130


def test_background_work_is_not_begun_once_its_input_is_closed() -> None:
    process = Process(chores.COUNT, Greeting("done"))
    process.close_input()
    with pytest.raises(EOFError):
        process.receive()
    assert process.stop(PATIENCE) == 0


def test_no_thread_is_left(open_pool: Open) -> None:
    before = set(threading.enumerate())
    pool = open_pool()
    pool.run(chores.Greet("Ada"))
    pool.close()
    wait_for(lambda: set(threading.enumerate()) <= before, "the end of the threads")
