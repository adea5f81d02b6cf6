"""Running loaded networks with torch: on an accelerator, or on a CPU if they cannot be compiled."""

import contextlib
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from imsearch.errors import DeviceUnavailableError
from imsearch.models.loaders.network import Loaded, normalize
from imsearch.models.model import CPU_BATCH, unit_length
from imsearch.types.options import DEFAULT_TUNING, Tuning

ACCELERATOR_BATCH = 128

_HALF = {"f16": torch.float16, "bf16": torch.bfloat16}


def accelerator() -> str | None:
    """The torch name of this machine's accelerator, or None."""
    if torch.cuda.is_available():
        return "cuda"
    if torch.backends.mps.is_available():
        return "mps"
    return None


class TorchEmbedder:
    """Runs a model with torch: in f16 on an accelerator, in f32 on a CPU, unless ``tuning`` names a precision.

    Raises `DeviceUnavailableError` where torch has no such device.
    """

    def __init__(self, loaded: Loaded, device: str, tuning: Tuning = DEFAULT_TUNING) -> None:
        self.model = loaded.model
        self.precision = tuning.precision or ("f32" if device == "cpu" else "f16")
        self.batch_size = tuning.batch_size or (CPU_BATCH if device == "cpu" else ACCELERATOR_BATCH)
        self._device = device
        try:
            self._kind = torch.device(device).type
            self._network = loaded.network.to(device).to(memory_format=torch.channels_last)
            self._uploads = torch.cuda.Stream(device) if self._kind == "cuda" else None  # type: ignore[no-untyped-call]
        except (RuntimeError, AssertionError) as exc:
            raise DeviceUnavailableError(
                f"device '{device}' cannot be used: {exc}", model=self.model.name, device=device
            ) from exc
        self._threads = tuning.threads if self._kind == "cpu" else None

    def embed(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embed prepared pictures, uint8 (n, height, width, 3), as unit-length vectors, float32 (n, dimensions)."""
        half = _HALF.get(self.precision)
        with (
            _threads(self._threads),
            torch.inference_mode(),
            torch.autocast(self._kind, half, enabled=half is not None),
        ):
            rows = [
                self._network(normalize(self._upload(part), self.model.preprocessing)).float()
                for part in self._parts(pixels)
            ]
            vectors: NDArray[np.float32] = torch.cat(rows).cpu().numpy()  # only here is the device waited for
        return unit_length(vectors, self.model)

    def _parts(self, pixels: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
        for at in range(0, len(pixels), self.batch_size):
            yield pixels[at : at + self.batch_size]

    def _upload(self, part: NDArray[np.uint8]) -> torch.Tensor:
        pixels = torch.from_numpy(part)
        if self._uploads is None:
            return pixels.to(self._device)
        with torch.cuda.stream(self._uploads):  # while the network still computes the part before
            pixels = pixels.pin_memory().to(self._device, non_blocking=True)
        running = torch.cuda.current_stream(self._device)
        running.wait_stream(self._uploads)
        pixels.record_stream(running)
        return pixels


@contextlib.contextmanager
def _threads(count: int | None) -> Iterator[None]:
    """Let torch use ``count`` threads in the block. As this is a setting of the whole process, it is restored after."""
    before = torch.get_num_threads()
    if count is not None:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        if count is not None:
            torch.set_num_threads(before)
