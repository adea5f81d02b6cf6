"""A toy model for tests, which neither needs torch nor takes noticeable time.

It is a compiled model like any other, stored where the product stores them, so that `imsearch.open(path,
model=toy.NAME)` finds it in every process that has the same ``IMSEARCH_CACHE``.
"""

import importlib
from typing import Any

import numpy as np
from PIL import Image

from imsearch.models.compiled import CompiledModels
from imsearch.models.model import Model
from imsearch.models.names import activity_of, parse
from imsearch.models.openvino_import import import_openvino
from imsearch.models.reference import Reference
from imsearch.types.preprocessing import Preprocessing

openvino = import_openvino()
ops = importlib.import_module("openvino.opset8")

NAME = "toy/layout"
OTHER = "toy/layout:mean"
"""Another output of the toy, whose vectors differ from the usual ones."""

SIDE = 64
CELLS = 4
DIMENSIONS = 3 * CELLS * CELLS

_PREPROCESSING = Preprocessing((SIDE, SIDE), None, "bicubic", (0, 0, 0), (1, 1, 1))


def save() -> None:
    """Put the toy among the compiled models: its usual output, another, and its map of active cells."""
    reference = parse(NAME)
    models = CompiledModels.of_user()
    models.save(_model(reference, DIMENSIONS), [], _layout(average=0.15))
    models.save(_model(parse(OTHER), DIMENSIONS), [], _layout(average=0.5))
    models.save(_model(activity_of(reference), CELLS * CELLS), [], _activity())


def near_alike(picture: Image.Image, *, across: bool, down: bool) -> Image.Image:
    """A picture that is the same to the toy, and no copy: the inside of each cell is flipped."""
    size = SIDE  # of a cell, so that it has pixels to flip
    pixels = np.asarray(picture.convert("RGB").resize((CELLS * size, CELLS * size)))
    cells = pixels.reshape(CELLS, size, CELLS, size, 3)
    flipped = cells[:, :: -1 if down else 1, :, :: -1 if across else 1]
    return Image.fromarray(flipped.reshape(pixels.shape))


def _model(reference: Reference, dimensions: int) -> Model:
    fingerprint = reference.name.replace("/", "-").replace(":", "-")
    return Model(reference.name, fingerprint, "CNN", "transformers", dimensions, 0, _PREPROCESSING)


def _layout(average: float) -> Any:
    """The mean colors of a grid's cells, with only a share ``average`` left of the whole picture's mean color.

    This is a color layout as in MPEG-7. A seeded rotation spreads it over all dimensions, as in vectors of networks.
    """
    pixels, colors = _cells()
    cells = CELLS * CELLS
    averaging = np.kron(np.full((cells, cells), 1 / cells), np.eye(3))
    rotation, _ = np.linalg.qr(np.random.default_rng(7).normal(size=(DIMENSIONS, DIMENSIONS)))
    weights = (np.eye(DIMENSIONS) - (1 - average) * averaging) @ rotation
    flat = ops.reshape(colors, np.array([-1, DIMENSIONS]), special_zero=False)
    vectors = ops.matmul(flat, weights.astype(np.float32), transpose_a=False, transpose_b=False)
    bias = np.full((1, DIMENSIONS), 0.01, np.float32)  # so that no picture's vector is zero
    return openvino.Model([ops.add(vectors, bias)], [pixels], "layout")


def _activity() -> Any:
    """How far the color of each cell is from that of the whole picture."""
    pixels, colors = _cells()
    average = ops.reduce_mean(colors, np.array([1, 2]), keep_dims=True)
    distances = ops.reduce_sum(ops.abs(ops.subtract(colors, average)), np.array([3]), keep_dims=False)
    flat = ops.reshape(distances, np.array([-1, CELLS * CELLS]), special_zero=False)
    return openvino.Model([ops.add(flat, np.full((1, 1), 0.01, np.float32))], [pixels], "activity")


def _cells() -> tuple[Any, Any]:
    """The input, uint8 (n, SIDE, SIDE, 3), and the mean colors of its cells in -1..1, (n, CELLS, CELLS, 3)."""
    pixels = ops.parameter([-1, SIDE, SIDE, 3], np.uint8)
    centered = ops.divide(ops.subtract(ops.convert(pixels, np.float32), np.float32(127.5)), np.float32(127.5))
    size = SIDE // CELLS
    grid = ops.reshape(centered, np.array([-1, CELLS, size, CELLS, size, 3]), special_zero=False)
    return pixels, ops.reduce_mean(grid, np.array([2, 4]), keep_dims=False)
