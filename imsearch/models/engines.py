"""Running a model: compiled by OpenVINO on a CPU, by torch on an accelerator."""

import contextlib
import logging
import os
import shutil
import sys
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from imsearch.errors import DeviceUnavailableError, ModelError
from imsearch.models.compiled import CompiledModel, CompiledModels
from imsearch.models.model import Embedder, unit_length
from imsearch.models.names import Reference
from imsearch.models.openvino_import import import_converter, import_openvino
from imsearch.types.options import DEFAULT_TUNING, Tuning
from imsearch.types.preprocessing import Preprocessing

if TYPE_CHECKING:
    from imsearch.models.loaders import Loaded

BATCH = 4
"""Pictures per call on a CPU: more of them gain nothing and leave the caches."""

ACCELERATOR_BATCH = 128

logger = logging.getLogger(__name__)


def open_embedder(
    reference: Reference,
    device: str | None,
    preparing: Callable[[], None],
    tuning: Tuning = DEFAULT_TUNING,
    *,
    bulk: bool = False,
) -> Embedder:
    """An engine for the model that ``reference`` names, on ``device`` or, if None, on the best one here.

    ``preparing`` is called first where the model must be loaded anew, which takes seconds. Where the device has no
    arithmetic of the precision that ``tuning`` names, the engine computes in f32. With ``bulk`` the engine is for very
    many pictures, else it answers soonest for a single one.
    """
    target = device or best_device()
    if target != "cpu":
        from imsearch.models import loaders

        _check_device(target, loaders.accelerator())
        preparing()
        return TorchEmbedder(loaders.load(reference), target, tuning)
    compiled = CompiledModels.of_user().find(reference)
    if compiled is not None:
        with contextlib.suppress(RuntimeError):  # a damaged cache is made again
            return OpenVinoEmbedder(compiled, tuning, bulk=bulk)
    preparing()
    from imsearch.models import loaders

    loaded = loaders.load(reference)
    try:
        return OpenVinoEmbedder(_compile(loaded), tuning, bulk=bulk)
    except Exception:  # its converters raise their own kinds for what they do not know
        logger.warning("model '%s' could not be compiled; torch runs it instead", reference.name, exc_info=True)
        return TorchEmbedder(loaded, "cpu", tuning)


def compiled_preprocessing(reference: Reference) -> Preprocessing | None:
    """What the model asks of a picture, where that is known without loading it: once it has been compiled."""
    compiled = CompiledModels.of_user().find(reference)
    return compiled.model.preprocessing if compiled is not None else None


def best_device() -> str:
    """The accelerator of this machine, else ``cpu``; torch is asked only where there is a sign of one."""
    signs = (
        os.path.exists("/dev/nvidiactl"),
        os.path.exists("/dev/kfd"),
        shutil.which("nvidia-smi") is not None,
        sys.platform == "darwin",
    )
    if not any(signs):
        return "cpu"
    from imsearch.models import loaders

    return loaders.accelerator() or "cpu"


def _check_device(device: str, found: str | None) -> None:
    kind = device.partition(":")[0]
    if kind not in ("cuda", "mps"):
        raise DeviceUnavailableError(f"there is no device '{device}': name cpu, cuda, cuda:N or mps")
    if kind != found:
        raise DeviceUnavailableError(f"torch finds no {kind} device on this machine; --device cpu always works")


class TorchEmbedder:
    """Runs a model with torch: in half precision on an accelerator, in float32 on a CPU, unless told otherwise."""

    def __init__(self, loaded: "Loaded", device: str, tuning: Tuning = DEFAULT_TUNING) -> None:
        from imsearch.models import loaders

        self.model = loaded.model
        self.precision = "f32" if device == "cpu" else tuning.precision or "f16"
        self.batch_size = tuning.batch_size or (BATCH if device == "cpu" else ACCELERATOR_BATCH)
        try:
            self._run = loaders.runner(loaded, device, self.precision, tuning.threads)
        except ModelError as exc:
            raise DeviceUnavailableError(f"device '{device}' cannot be used: {exc}") from exc

    def embed(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Prepared pictures (n, height, width, 3) to unit-length vectors (n, dimensions)."""
        return unit_length(self._run(_parts(pixels, self.batch_size)), self.model)


class OpenVinoEmbedder:
    """Runs a compiled model on the CPU: in bf16 where it has that natively, else in float32, unless told otherwise."""

    def __init__(self, compiled: CompiledModel, tuning: Tuning = DEFAULT_TUNING, *, bulk: bool = False) -> None:
        self.model = compiled.model
        openvino = import_openvino()
        core = openvino.Core()
        native = tuning.precision != "f32" and "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        self.precision = "bf16" if native and tuning.precision in (None, "bf16") else "f32"
        settings: dict[str, str | int] = {"INFERENCE_PRECISION_HINT": self.precision}
        streams = 1
        if bulk:
            # A core to a batch: where all cores are at one batch, each waits for that which decoding holds up.
            streams = tuning.threads or os.cpu_count() or 1
            settings |= {"NUM_STREAMS": streams, "INFERENCE_NUM_THREADS": streams}
        else:
            settings["PERFORMANCE_HINT"] = "LATENCY"
        if os.access(compiled.folder, os.W_OK):
            settings["CACHE_DIR"] = str(compiled.folder)  # machine code for this CPU, which saves a cold query 0.1 s
        network = core.compile_model(compiled.network, "CPU", settings)
        self._at_a_time = tuning.batch_size or BATCH
        self.batch_size = streams * self._at_a_time
        self._requests = openvino.AsyncInferQueue(network, streams)
        self._requests.set_callback(_keep)

    def embed(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Prepared pictures (n, height, width, 3) to unit-length vectors (n, dimensions)."""
        vectors = np.empty((len(pixels), self.model.dimensions), np.float32)
        for at in range(0, len(pixels), self._at_a_time):
            part = slice(at, at + self._at_a_time)
            self._requests.start_async({0: pixels[part]}, vectors[part])
        self._requests.wait_all()
        return unit_length(vectors, self.model)


def _keep(request: Any, vectors: NDArray[np.float32]) -> None:
    vectors[:] = request.get_output_tensor(0).data


def _parts(pixels: NDArray[np.uint8], size: int) -> list[NDArray[np.uint8]]:
    return [pixels[at : at + size] for at in range(0, len(pixels), size)]


def _compile(loaded: "Loaded") -> CompiledModel:
    """Convert a loaded network to OpenVINO's format, normalisation included, and keep it."""
    from imsearch.models import loaders

    openvino = import_openvino()
    preprocessing = loaded.model.preprocessing
    height, width = preprocessing.output_size
    level = logging.getLogger().level
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # tracing warns of values that it fixes, which is what is wanted
            converted = import_converter().convert_model(loaded.network, example_input=loaders.example(preprocessing))
    finally:
        logging.getLogger().setLevel(level)  # the converter leaves everybody's logging at ERROR
    converted.reshape([-1, 3, height, width])
    steps = openvino.preprocess.PrePostProcessor(converted)
    tensor = steps.input().tensor()
    tensor.set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC")).set_shape([-1, height, width, 3])
    steps.input().preprocess().convert_element_type(openvino.Type.f32).mean(list(preprocessing.mean)).scale(
        list(preprocessing.std)
    )
    steps.input().model().set_layout(openvino.Layout("NCHW"))
    return CompiledModels.of_user().save(loaded.model, loaded.files, steps.build())
