"""Compiled models: written once, found by name, and gone when what they were made from changes."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from imsearch.models.compiled import CompiledModels
from imsearch.models.engines.openvino import OpenVinoEmbedder
from imsearch.models.model import Model
from imsearch.models.names import parse
from imsearch.models.openvino_import import import_openvino
from imsearch.types.preprocessing import Preprocessing

MODEL = Model("means", "f" * 64, "CNN", "torchvision", 3, 0, Preprocessing(8, (8, 8), "box", (0.0,) * 3, (1.0,) * 3))


def means() -> object:
    """A network without weights: the mean of each channel."""
    openvino = import_openvino()
    pixels = openvino.opset13.parameter([-1, 8, 8, 3], openvino.Type.u8)
    numbers = openvino.opset13.convert(pixels, openvino.Type.f32)
    return openvino.Model([openvino.opset13.reduce_mean(numbers, np.array([1, 2]), False)], [pixels], "means")


@pytest.fixture
def models(tmp_path: Path) -> CompiledModels:
    return CompiledModels(tmp_path / "models")


def test_what_was_saved_is_found_and_runs(models: CompiledModels, tmp_path: Path) -> None:
    assert models.find(parse("means")) is None
    saved = models.save(MODEL, [], means())
    assert models.find(parse("means")) == saved
    assert models.find(parse("medians")) is None
    assert saved.folder == tmp_path / "models" / MODEL.fingerprint
    pixels = np.random.default_rng(1).integers(0, 256, (5, 8, 8, 3), np.uint8)
    expected = pixels.mean(axis=(1, 2))
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(OpenVinoEmbedder(saved).embed(pixels), expected, atol=0.01)


def test_saving_again_replaces(models: CompiledModels, tmp_path: Path) -> None:
    (tmp_path / "weights").write_text("old")
    models.save(MODEL, [tmp_path / "weights"], means())
    (tmp_path / "weights").write_text("newer")
    assert models.find(parse("means")) is None
    saved = models.save(MODEL, [tmp_path / "weights"], means())
    assert models.find(parse("means")) == saved
    assert [path.name for path in (tmp_path / "models").iterdir()] == [MODEL.fingerprint]


def test_a_model_outlives_its_files(models: CompiledModels, tmp_path: Path) -> None:
    (tmp_path / "weights").write_text("some")
    saved = models.save(MODEL, [tmp_path / "weights"], means())
    (tmp_path / "weights").unlink()
    assert models.find(parse("means")) == saved


REPORTS = """
import sys, socket
asked = []
socket.socket.connect = socket.getaddrinfo = lambda *of: asked.append(of)
from imsearch.models.openvino_import import import_converter, import_openvino
{first}
import_openvino()
assert import_converter().convert_model
assert import_openvino().Core
assert None not in sys.modules.values()
assert ("openvino_telemetry" in sys.modules) == {reports}
import openvino_telemetry
print(asked, sys.modules["openvino.tools.ovc"].telemetry.__class__.__module__)
"""


@pytest.mark.parametrize("first", ["", "import openvino_telemetry"])
def test_importing_openvino_reports_nothing_and_hides_nothing_for_long(first: str, tmp_path: Path) -> None:
    code = REPORTS.format(first=first, reports=bool(first))
    environment = {"HOME": str(tmp_path), "PATH": ""}
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert (result.stdout, result.stderr) == ("[] openvino.tools.ovc.telemetry_stub\n", "")
