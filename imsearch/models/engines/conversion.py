"""Converting a loaded network to a compiled model."""

import contextlib
import logging
import warnings
from collections.abc import Iterator
from typing import Any

from imsearch.models.compiled import CompiledModel, CompiledModels
from imsearch.models.loaders.network import Loaded, example
from imsearch.models.openvino_import import import_converter, import_openvino


def compile_model(loaded: Loaded, models: CompiledModels) -> CompiledModel:
    """Convert a loaded network to OpenVINO's format, normalization included, and store it among ``models``.

    Raises whatever OpenVINO raises for operations that it does not know.
    """
    openvino = import_openvino()
    preprocessing = loaded.model.preprocessing
    height, width = preprocessing.output_size
    with _quiet():
        converted: Any = import_converter().convert_model(loaded.network, example_input=example(preprocessing))
    converted.reshape([-1, 3, height, width])
    steps = openvino.preprocess.PrePostProcessor(converted)
    tensor = steps.input().tensor()
    tensor.set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC")).set_shape([-1, height, width, 3])
    steps.input().preprocess().convert_element_type(openvino.Type.f32).mean(list(preprocessing.mean)).scale(
        list(preprocessing.std)
    )
    steps.input().model().set_layout(openvino.Layout("NCHW"))
    return models.save(loaded.model, loaded.files, steps.build())


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Suppress the warnings of tracing, which are about values that become constants, as they should. Also restore the
    log level of the process, which the converter leaves at ERROR."""
    level = logging.getLogger().level
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.getLogger().setLevel(level)
