"""Calls from many threads, computed together.

The method is natural (or adaptive) batching: a batch is what has gathered while the one before was computed, so that
its size follows the load by itself, and nobody waits for a timer. Clipper (Crankshaw et al., "Clipper: A Low-Latency
Online Prediction Serving System", NSDI 2017) bounds batches by a deadline; here a bound on their pictures does, since
a picture takes about as long in a large batch as in a small one.
"""

import threading
from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from imsearch.models.model import Embedder, Model

MOST = 8
"""Pictures of a batch, where several calls make it up. More of them gain the model nothing, and all who are in a batch
wait for the whole of it; fewer leave it more often without work."""


@dataclass(slots=True, eq=False)
class _Call:
    """One caller's pixels, and what became of them."""

    pixels: NDArray[np.uint8]
    woken: threading.Event = field(default_factory=threading.Event)
    """Set when the call was computed, or is to compute the next batch."""
    vectors: NDArray[np.float32] | None = None
    error: BaseException | None = None


class BatchingEmbedder:
    """An embedder that any number of threads may call at once, around one that may be called by one at a time.

    Whoever calls while the model is at rest computes at once, so that a lone caller pays for two uses of a lock.
    Whoever calls while it is busy waits; then the first of those that wait computes for all of them, in the order in
    which they came, up to ``most`` pictures. There is no thread that does it for them, and so none to stop.
    """

    def __init__(self, embedder: Embedder, most: int = MOST) -> None:
        self._embedder = embedder
        self._most = most
        self._lock = threading.Lock()  # of what follows; it is not held while the model computes
        self._waiting: deque[_Call] = deque()
        self._busy = False
        self._batches = 0
        self._pictures = 0

    @property
    def model(self) -> Model:
        """The model that it runs."""
        return self._embedder.model

    @property
    def precision(self) -> str:
        """The arithmetic that it runs in."""
        return self._embedder.precision

    @property
    def batch_size(self) -> int:
        """How many pictures the engine computes at once, in all its threads."""
        return self._embedder.batch_size

    @property
    def batches(self) -> int:
        """How many batches have been computed so far."""
        return self._batches

    @property
    def pictures(self) -> int:
        """How many pictures were in them."""
        return self._pictures

    def embed(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Prepared pictures (n, height, width, 3) to unit-length vectors (n, dimensions).

        What the engine raises is raised in all calls of the batch, and in no other.
        """
        call = _Call(pixels)
        with self._lock:
            self._waiting.append(call)
            leads, self._busy = not self._busy, True
        if not leads:
            self._wait(call)
        if call.vectors is None and call.error is None:
            self._compute()
        if call.error is not None:
            raise call.error
        assert call.vectors is not None
        return call.vectors

    def _wait(self, call: _Call) -> None:
        try:
            call.woken.wait()
        except BaseException:  # interrupted: it must neither be computed nor stand in the way of others
            with self._lock:
                if call in self._waiting:
                    self._waiting.remove(call)
                    if call.woken.is_set():
                        self._hand_over()
            raise

    def _compute(self) -> None:
        """Compute the first batch of those that wait, and wake its callers and who is to compute the next."""
        with self._lock:
            batch = self._next_batch()
        try:
            self._embed(batch)
        except BaseException as exc:
            for call in batch:
                call.error = exc
        finally:
            with self._lock:
                self._batches += 1
                self._pictures += sum(len(call.pixels) for call in batch)
                self._hand_over()
            for call in batch:
                call.woken.set()

    def _next_batch(self) -> list[_Call]:
        batch = [self._waiting.popleft()]
        size, shape = len(batch[0].pixels), batch[0].pixels.shape[1:]
        while self._waiting and self._waiting[0].pixels.shape[1:] == shape:
            size += len(self._waiting[0].pixels)
            if size > self._most:
                break
            batch.append(self._waiting.popleft())
        return batch

    def _embed(self, batch: list[_Call]) -> None:
        pixels = batch[0].pixels if len(batch) == 1 else np.concatenate([call.pixels for call in batch])
        vectors = self._embedder.embed(pixels)
        begin = 0
        for call in batch:
            call.vectors = vectors[begin : begin + len(call.pixels)]
            begin += len(call.pixels)

    def _hand_over(self) -> None:
        """Let the first of those that wait compute the next batch; with none, the model rests."""
        if self._waiting:
            self._waiting[0].woken.set()
        else:
            self._busy = False
