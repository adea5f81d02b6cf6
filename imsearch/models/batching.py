"""Batching calls of a model: calls from many threads are computed together.

The method is natural (or adaptive) batching: a batch is made of the calls that arrived while the one before was
computed, so that its size follows the load by itself, and no call waits for a timer. Clipper (Crankshaw et al.,
"Clipper: A Low-Latency Online Prediction Serving System", NSDI 2017) bounds batches by a deadline; here the number of
pictures is bounded, since a picture takes about as long in a large batch as in a small one.
"""

import threading
from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from imsearch.models.model import Embedder, Model

MOST = 8
"""The most pictures of a batch that is made of several calls. A larger batch makes the model no faster, and every call
waits for the whole batch; with a smaller one the model is idle more often."""


@dataclass(slots=True, eq=False)
class _Call:
    """A call: its pixels and, once it is computed, its vectors or its error."""

    pixels: NDArray[np.uint8]
    woken: threading.Event = field(default_factory=threading.Event)
    """Set when the call has been computed, or must compute the next batch."""
    vectors: NDArray[np.float32] | None = None
    error: BaseException | None = None


class BatchingEmbedder:
    """An `Embedder` for any number of threads, around one that only one thread may call at a time.

    A call that finds the model idle is computed at once, so a lone caller only pays for taking a lock twice. A call
    that finds the model busy waits; then the first waiting call computes a batch of all waiting calls, in the order of
    their arrival, with up to ``most`` pictures. The callers' own threads do the work, so there is no thread to stop.
    """

    def __init__(self, embedder: Embedder, most: int = MOST) -> None:
        self._embedder = embedder
        self._most = most
        self._lock = threading.Lock()  # for all fields below; it is not held while the model computes
        self._waiting: deque[_Call] = deque()
        self._busy = False
        self._batches = 0
        self._pictures = 0

    @property
    def model(self) -> Model:
        """The model that the engine runs."""
        return self._embedder.model

    @property
    def precision(self) -> str:
        """The arithmetic of the engine: ``f32``, ``bf16`` or ``f16``."""
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
        """How many pictures have been computed so far."""
        return self._pictures

    @property
    def waiting(self) -> int:
        """How many calls wait for the batch that is being computed."""
        return len(self._waiting)

    def embed(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embed prepared pictures, uint8 (n, height, width, 3), as unit-length vectors, float32 (n, dimensions).

        An error of the engine is raised by all calls of the batch, and by no other call.
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
        except BaseException:  # interrupted: the call must not be computed, and must not block other calls
            with self._lock:
                if call in self._waiting:
                    self._waiting.remove(call)
                    if call.woken.is_set():
                        self._hand_over()
            raise

    def _compute(self) -> None:
        """Compute the next batch, then wake its callers, and the caller that computes the batch after it."""
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
        """Let the first waiting call compute the next batch; if none waits, the model is idle."""
        if self._waiting:
            self._waiting[0].woken.set()
        else:
            self._busy = False
