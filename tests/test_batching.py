"""Calls of many threads computed together, held still by an engine that waits to be let go."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from imsearch.models.batching import BatchingEmbedder
from imsearch.models.model import Model
from imsearch.types.preprocessing import Preprocessing

LONG = 30
"""Seconds after which a wait has failed."""

MODEL = Model("sums", "print", "CNN", "package", 2, 0, Preprocessing(4, (2, 2), "bicubic", (0, 0, 0), (1, 1, 1)))


class Engine:
    """Says of each picture its first value and how many batches there were; it may be held before it answers.

    Two calls at once are what it may not be asked for.
    """

    model, precision, batch_size = MODEL, "f32", 4

    def __init__(self, *, held: bool = False) -> None:
        self.batches: list[list[int]] = []
        self.entered = threading.Semaphore(0)
        self.let_go = threading.Semaphore(0)
        self.held = held
        self._alone = threading.Lock()

    def embed(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        assert self._alone.acquire(blocking=False), "two threads are in the engine"
        try:
            values = pixels[:, 0, 0, 0]
            self.batches.append(values.tolist())
            self.entered.release()
            if self.held:
                assert self.let_go.acquire(timeout=LONG)
            if 255 in values:
                raise ValueError("no such picture")
            return np.stack([values, np.full(len(values), len(self.batches))], axis=1).astype(np.float32)
        finally:
            self._alone.release()


def pictures(*values: int, side: int = 2) -> NDArray[np.uint8]:
    return np.broadcast_to(np.array(values, np.uint8).reshape(-1, 1, 1, 1), (len(values), side, side, 3))


class Crowd:
    """Threads that call one embedder; each call waits in its place before the next one comes."""

    def __init__(self, embedder: BatchingEmbedder, threads: ThreadPoolExecutor) -> None:
        self._embedder, self._threads = embedder, threads

    def leads(self, engine: Engine, *values: int) -> "Future[Any]":
        """A call that finds the model at rest, and is being computed."""
        future = self._threads.submit(self._embedder.embed, pictures(*values))
        assert engine.entered.acquire(timeout=LONG)
        return future

    def waits(self, *values: int, side: int = 2) -> "Future[Any]":
        """A call that finds the model busy."""
        before = self._embedder.waiting
        future = self._threads.submit(self._embedder.embed, pictures(*values, side=side))
        until(lambda: self._embedder.waiting > before)
        return future


def until(condition: Callable[[], bool]) -> None:
    """Wait for other threads."""
    waiting = threading.Condition()
    with waiting:
        for _ in range(LONG * 1000):
            if condition():
                return
            waiting.wait(0.001)
    raise AssertionError("it never came")


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(40) as pool:
        yield pool


def test_a_lone_caller_has_a_batch_of_its_own() -> None:
    engine = Engine()
    embedder = BatchingEmbedder(engine)
    for value in (3, 4):
        np.testing.assert_array_equal(embedder.embed(pictures(value))[:, 0], [value])
    assert engine.batches == [[3], [4]]
    assert (embedder.batches, embedder.pictures) == (2, 2)
    assert (embedder.model, embedder.precision, embedder.batch_size) == (MODEL, "f32", 4)


def test_what_gathers_while_the_model_is_busy_is_computed_together(threads: ThreadPoolExecutor) -> None:
    engine = Engine(held=True)
    embedder = BatchingEmbedder(engine, most=8)
    crowd = Crowd(embedder, threads)
    futures = [crowd.leads(engine, 0), *(crowd.waits(value) for value in range(1, 6))]
    engine.let_go.release(2)
    for value, future in enumerate(futures):
        np.testing.assert_array_equal(future.result(LONG)[:, 0], [value])
    assert engine.batches == [[0], [1, 2, 3, 4, 5]]
    assert (embedder.batches, embedder.pictures) == (2, 6)


def test_batches_are_bounded_and_first_come_first_served(threads: ThreadPoolExecutor) -> None:
    engine = Engine(held=True)
    crowd = Crowd(BatchingEmbedder(engine, most=4), threads)
    calls = [(1, 2, 3), (4, 5), (6,), (7, 8, 9, 10, 11, 12), (13,), (14, 15, 16)]
    futures = [crowd.leads(engine, 0), *(crowd.waits(*values) for values in calls)]
    engine.let_go.release(6)
    for values, future in zip([(0,), *calls], futures, strict=True):
        np.testing.assert_array_equal(future.result(LONG)[:, 0], values)
    assert engine.batches == [[0], [1, 2, 3], [4, 5, 6], [7, 8, 9, 10, 11, 12], [13, 14, 15, 16]]


def test_the_model_rests_only_when_nobody_waits(threads: ThreadPoolExecutor) -> None:
    """A caller's answer is not held up by the batch after its own, nor that batch by the caller."""
    engine = Engine(held=True)
    crowd = Crowd(BatchingEmbedder(engine), threads)
    first, second = crowd.leads(engine, 0), crowd.waits(1)
    engine.let_go.release()
    assert first.result(LONG) is not None
    assert engine.entered.acquire(timeout=LONG)
    third = crowd.waits(2)
    assert not second.done()
    engine.let_go.release(2)
    assert [each.result(LONG)[0, 0] for each in (second, third)] == [1, 2]
    engine.held = False
    assert crowd.leads(engine, 3).result(LONG)[0, 0] == 3


def test_an_error_is_that_of_its_batch_alone(threads: ThreadPoolExecutor) -> None:
    engine = Engine(held=True)
    crowd = Crowd(BatchingEmbedder(engine, most=2), threads)
    futures = [crowd.leads(engine, 0), *(crowd.waits(value) for value in (1, 255, 3, 4))]
    engine.let_go.release(3)
    for future in futures[1:3]:
        with pytest.raises(ValueError, match="no such picture"):
            future.result(LONG)
    assert [futures[at].result(LONG)[0, 0] for at in (0, 3, 4)] == [0, 3, 4]


def test_pictures_of_another_size_are_another_batch(threads: ThreadPoolExecutor) -> None:
    engine = Engine(held=True)
    crowd = Crowd(BatchingEmbedder(engine), threads)
    futures = [crowd.leads(engine, 0), crowd.waits(1), crowd.waits(2, side=3), crowd.waits(3, side=3)]
    engine.let_go.release(3)
    assert [future.result(LONG)[0, 0] for future in futures] == [0, 1, 2, 3]
    assert engine.batches == [[0], [1], [2, 3]]


@pytest.mark.skipif(os.name != "posix", reason="only there can one thread interrupt another")
@pytest.mark.parametrize("its_turn", [False, True])
def test_an_interrupted_caller_stands_in_nobodys_way(threads: ThreadPoolExecutor, its_turn: bool) -> None:
    """Also where it was to compute the next batch, and had not begun."""
    engine = Engine(held=True)
    embedder = BatchingEmbedder(engine)
    crowd = Crowd(embedder, threads)
    others = [crowd.leads(engine, 0)]

    def interrupt(*_: object) -> None:
        others.append(crowd.waits(2))
        if its_turn:
            engine.let_go.release()
            others[0].result(LONG)  # which comes after the turn was handed over
        raise KeyboardInterrupt

    def kill_once_it_waits() -> None:
        until(lambda: embedder.waiting == 1)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        killing = threads.submit(kill_once_it_waits)
        with pytest.raises(KeyboardInterrupt):
            embedder.embed(pictures(1))
        killing.result(LONG)
    finally:
        signal.signal(signal.SIGUSR1, before)
    engine.let_go.release(2)
    assert [each.result(LONG)[0, 0] for each in others] == [0, 2]
    assert engine.batches == [[0], [2]]


@settings(max_examples=40, deadline=None)
@given(sizes=st.lists(st.integers(0, 11), min_size=1, max_size=60), most=st.integers(1, 12), seed=st.integers(0, 99))
def test_any_interleaving_gives_what_the_engine_gives(sizes: list[int], most: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    asked = [rng.integers(0, 255, (size, 2, 2, 3), np.uint8) for size in sizes]
    engine = Engine()
    embedder = BatchingEmbedder(engine, most)
    with ThreadPoolExecutor(8) as pool:
        for pixels, vectors in zip(asked, pool.map(embedder.embed, asked), strict=True):
            assert vectors.shape == (len(pixels), 2)
            np.testing.assert_array_equal(vectors[:, 0], pixels[:, 0, 0, 0])
    assert sorted(value for batch in engine.batches for value in batch) == sorted(
        int(value) for pixels in asked for value in pixels[:, 0, 0, 0]
    )
    assert (embedder.batches, embedder.pictures) == (len(engine.batches), sum(sizes))
    assert all(len(batch) <= max(most, *sizes) for batch in engine.batches)
