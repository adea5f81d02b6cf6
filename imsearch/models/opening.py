"""Choosing the engine that runs a model, and compiling the model at its first use. Torch is imported only if needed."""

import contextlib
import logging
import os
import shutil
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from imsearch.errors import DeviceUnavailableError
from imsearch.models.compiled import CompiledModels
from imsearch.models.engines.openvino import OpenVinoEmbedder
from imsearch.models.model import Embedder
from imsearch.models.reference import Reference
from imsearch.types.listeners import Listener
from imsearch.types.options import DEFAULT_TUNING, Tuning
from imsearch.types.preprocessing import Preprocessing

if TYPE_CHECKING:
    from imsearch.models.loaders.network import Loaded

logger = logging.getLogger(__name__)


def open_embedder(
    reference: Reference,
    device: str | None = None,
    tuning: Tuning = DEFAULT_TUNING,
    *,
    bulk: bool = False,
    listener: Listener | None = None,
) -> Embedder:
    """An engine for the model that ``reference`` names, on ``device`` or, if None, on the best device of this machine.

    If the model has to be loaded, which takes seconds, ``listener`` is called with `PreparingModel` first. If the
    device does not have the precision that ``tuning`` names, the engine computes in f32. With ``bulk`` the engine is
    fastest for very many pictures, otherwise for a single one.

    Raises `DeviceUnavailableError`, and what loading raises: `UnknownModelError`, `WeightsUnavailableError` or
    `UnsupportedModelError`.
    """
    target = device or best_device()
    if target != "cpu":
        _check_device(target, reference)
    else:
        compiled = CompiledModels.of_user().find(reference)
        if compiled is not None:
            with contextlib.suppress(RuntimeError):  # a damaged file is compiled again below
                return OpenVinoEmbedder(compiled, tuning, bulk=bulk)
    if listener is not None:
        from imsearch.types.events import PreparingModel  # compiled models do without

        listener(PreparingModel(reference.name))
    from imsearch.models.loaders.loading import load

    return open_loaded(load(reference), target, tuning, bulk=bulk)


def open_loaded(loaded: "Loaded", device: str, tuning: Tuning = DEFAULT_TUNING, *, bulk: bool = False) -> Embedder:
    """An engine for a loaded network. For a CPU the network is compiled and stored, if that is possible."""
    from imsearch.models.engines.torch import TorchEmbedder

    if device != "cpu":
        return TorchEmbedder(loaded, device, tuning)
    from imsearch.models.engines.conversion import compile_model

    try:
        return OpenVinoEmbedder(compile_model(loaded, CompiledModels.of_user()), tuning, bulk=bulk)
    except Exception:  # OpenVINO's converters may raise any exception for operations that they do not know
        logger.warning("model '%s' could not be compiled; torch runs it instead", loaded.model.name, exc_info=True)
        return TorchEmbedder(loaded, device, replace(tuning, precision="f32"))


def compiled_preprocessing(reference: Reference) -> Preprocessing | None:
    """The model's preprocessing; None if the model has not been compiled yet, so that it must be loaded first."""
    compiled = CompiledModels.of_user().find(reference)
    return compiled.model.preprocessing if compiled is not None else None


def best_device() -> str:
    """The accelerator of this machine, else ``cpu``. Torch is imported to look for one only if there is a sign."""
    signs = (
        os.path.exists("/dev/nvidiactl"),
        os.path.exists("/dev/kfd"),
        shutil.which("nvidia-smi") is not None,
        sys.platform == "darwin",
    )
    if not any(signs):
        return "cpu"
    from imsearch.models.engines.torch import accelerator

    return accelerator() or "cpu"


def _check_device(device: str, reference: Reference) -> None:
    from imsearch.models.engines.torch import accelerator

    kind = device.partition(":")[0]
    found = accelerator()
    choices = ("cpu",) if found is None else ("cpu", found)
    if kind not in ("cuda", "mps"):
        raise DeviceUnavailableError(
            f"there is no device '{device}': devices are cpu, cuda, cuda:N and mps",
            model=reference.name,
            device=device,
            choices=choices,
        )
    if kind != found:
        raise DeviceUnavailableError(
            f"torch finds no {kind} device on this machine", model=reference.name, device=device, choices=choices
        )
