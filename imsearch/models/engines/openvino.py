"""Running compiled models on a CPU."""

import functools
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imsearch.models.compiled import CompiledModel
from imsearch.models.model import CPU_BATCH, unit_length
from imsearch.models.openvino_import import import_openvino
from imsearch.types.options import DEFAULT_TUNING, Tuning


class OpenVinoEmbedder:
    """Runs a compiled model on the CPU: in bf16 if the CPU has native support, else in f32; ``tuning`` can ask for f32.

    With ``bulk`` the engine is fastest for very many pictures, otherwise for a single one. Raises `RuntimeError` for a
    damaged file.
    """

    def __init__(self, compiled: CompiledModel, tuning: Tuning = DEFAULT_TUNING, *, bulk: bool = False) -> None:
        self.model = compiled.model
        openvino, core = import_openvino(), _core()
        native = tuning.precision != "f32" and "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        self.precision = "bf16" if native and tuning.precision in (None, "bf16") else "f32"
        settings: dict[str, str | int] = {"INFERENCE_PRECISION_HINT": self.precision}
        streams = 1
        if bulk:
            # One core per batch: if all cores worked at one batch, they would wait for the core that also decodes.
            streams = tuning.threads or os.cpu_count() or 1
            settings |= {"NUM_STREAMS": streams, "INFERENCE_NUM_THREADS": streams}
        else:
            settings["PERFORMANCE_HINT"] = "LATENCY"
        if os.access(compiled.folder, os.W_OK):
            settings["CACHE_DIR"] = str(compiled.folder)  # machine code for this CPU, which saves a cold query 0.1 s
        network = core.compile_model(compiled.network, "CPU", settings)
        self._at_a_time = tuning.batch_size or CPU_BATCH
        self.batch_size = streams * self._at_a_time
        self._requests = openvino.AsyncInferQueue(network, streams)
        self._requests.set_callback(_store)

    def embed(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embed prepared pictures, uint8 (n, height, width, 3), as unit-length vectors, float32 (n, dimensions)."""
        vectors = np.empty((len(pixels), self.model.dimensions), np.float32)
        for at in range(0, len(pixels), self._at_a_time):
            part = slice(at, at + self._at_a_time)
            self._requests.start_async({0: pixels[part]}, vectors[part])
        self._requests.wait_all()
        return unit_length(vectors, self.model)


@functools.cache
def _core() -> Any:
    """The one core of this process.

    Each core has a stack for signals. When it goes, it gives its thread the stack of before, which was that of another
    core: where the other one is gone, the next signal is the end of the process.
    """
    return import_openvino().Core()


def _store(request: Any, vectors: NDArray[np.float32]) -> None:
    vectors[:] = request.get_output_tensor(0).data
