"""Running models: compiled and kept, or by torch."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from imsearch.errors import DeviceUnavailableError, ModelError
from imsearch.models.engines.torch import TorchEmbedder, accelerator
from imsearch.models.loaders.loading import load
from imsearch.models.loaders.network import Loaded, normalize
from imsearch.models.model import CPU_BATCH, Embedder, Model, unit_length
from imsearch.models.names import parse
from imsearch.models.opening import open_embedder, open_loaded
from imsearch.types.events import Event, PreparingModel
from imsearch.types.options import Tuning
from imsearch.types.preprocessing import Preprocessing


def pixels(count: int, side: int = 64) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (count, side, side, 3), np.uint8)


@pytest.fixture
def model_folder(tmp_path: Path, tiny_vit: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model of this test alone, and a cache of its own."""
    monkeypatch.setenv("IMSEARCH_CACHE", str(tmp_path / "cache"))
    return Path(shutil.copytree(tiny_vit, tmp_path / "model"))


def opened(folder: Path) -> tuple[Embedder, bool]:
    """An embedder, and whether its model had to be prepared."""
    events: list[Event] = []
    embedder = open_embedder(parse(str(folder)), "cpu", listener=events.append)
    assert events in ([], [PreparingModel(str(folder))])
    return embedder, bool(events)


def test_rows_are_unit_vectors_whatever_their_batch(model_folder: Path) -> None:
    embedder, _ = opened(model_folder)
    batch = pixels(21)
    vectors = embedder.embed(batch)
    assert vectors.shape == (21, 48)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    for at in (0, 7, 8, 20):
        np.testing.assert_allclose(embedder.embed(batch[at : at + 1])[0], vectors[at], atol=1e-5)


def test_openvino_says_what_torch_says(model_folder: Path) -> None:
    embedder = open_embedder(parse(str(model_folder)), "cpu", Tuning("f32"))
    on_torch = TorchEmbedder(load(parse(str(model_folder))), "cpu")
    assert embedder.model == on_torch.model
    assert (embedder.precision, on_torch.precision) == ("f32", "f32")
    np.testing.assert_allclose(embedder.embed(pixels(9)), on_torch.embed(pixels(9)), atol=2e-5)


@pytest.mark.parametrize("tuning", [Tuning(), Tuning(batch_size=3, threads=1), Tuning(batch_size=2, threads=3)])
def test_in_bulk_rows_are_the_same_and_in_order(model_folder: Path, tuning: Tuning) -> None:
    embedder, _ = opened(model_folder)
    bulk = open_embedder(parse(str(model_folder)), "cpu", tuning, bulk=True)
    assert bulk.batch_size == (tuning.batch_size or CPU_BATCH) * (tuning.threads or os.cpu_count() or 1)
    np.testing.assert_allclose(bulk.embed(pixels(21)), embedder.embed(pixels(21)), atol=1e-5)


@pytest.mark.parametrize("precision", ["f32", "bf16", "f16"])
def test_an_engine_says_in_which_precision_it_runs(model_folder: Path, precision: str) -> None:
    """A CPU without bf16 of its own, and every CPU for f16, falls back on f32, whose vectors are as good."""
    exact, _ = opened(model_folder)
    embedder = open_embedder(parse(str(model_folder)), "cpu", Tuning(precision))
    assert embedder.precision in ({"bf16", "f32"} if precision == "bf16" else {"f32"})
    assert (embedder.embed(pixels(9)) * exact.embed(pixels(9))).sum(axis=1).min() > 0.98


def test_torch_takes_batches_of_any_size(model_folder: Path) -> None:
    loaded = load(parse(str(model_folder)))
    expected = TorchEmbedder(loaded, "cpu").embed(pixels(7))
    for size in (1, 3, 7, 64):
        embedder = TorchEmbedder(loaded, "cpu", Tuning(batch_size=size))
        assert embedder.batch_size == size
        np.testing.assert_allclose(embedder.embed(pixels(7)), expected, atol=1e-5)


def test_the_number_of_torch_threads_is_that_of_a_run_alone(model_folder: Path) -> None:
    before = torch.get_num_threads()
    seen: list[int] = []

    class Counting(torch.nn.Module):
        def forward(self, batch: torch.Tensor) -> torch.Tensor:
            seen.append(torch.get_num_threads())
            return batch.mean(dim=(2, 3)) + 3

    loaded = load(parse(str(model_folder)))
    counting = TorchEmbedder(Loaded(loaded.model, Counting(), ()), "cpu", Tuning(threads=before + 1))
    assert torch.get_num_threads() == before
    counting.embed(pixels(2))
    assert (seen, torch.get_num_threads()) == ([before + 1], before)


@pytest.mark.parametrize(("precision", "least"), [("f32", 0.99999), ("bf16", 0.98)])
def test_torch_runs_in_the_precision_it_is_given(model_folder: Path, precision: str, least: float) -> None:
    loaded = load(parse(str(model_folder)))
    expected = TorchEmbedder(loaded, "cpu").embed(pixels(5))
    embedder = TorchEmbedder(loaded, "cpu", Tuning(precision))
    vectors = embedder.embed(pixels(5))
    assert embedder.precision == precision
    assert vectors.dtype == np.float32
    assert (vectors * expected).sum(axis=1).min() > least
    assert (precision == "f32") == np.array_equal(vectors, expected)


def test_normalized_pixels_keep_their_order_in_memory(model_folder: Path) -> None:
    preprocessing = Preprocessing(4, (4, 4), "bicubic", (1.0, 2.0, 3.0), (2.0, 4.0, 8.0))
    batch = pixels(2, 4)
    found = normalize(torch.from_numpy(batch), preprocessing)
    expected = (batch - np.array([1, 2, 3], np.float32)) / np.array([2, 4, 8], np.float32)
    np.testing.assert_array_equal(found, expected.transpose(0, 3, 1, 2))
    assert found.is_contiguous(memory_format=torch.channels_last)


def test_a_compiled_model_is_stored(model_folder: Path, tmp_path: Path) -> None:
    first, prepared = opened(model_folder)
    assert prepared
    again, prepared = opened(model_folder)
    assert not prepared
    assert again.model == first.model
    np.testing.assert_array_equal(again.embed(pixels(3)), first.embed(pixels(3)))
    (folder,) = (tmp_path / "cache" / "models").iterdir()
    assert folder.name == first.model.fingerprint


@pytest.mark.parametrize("damage", ["json", "xml", "bin", "gone", "format"])
def test_a_damaged_compiled_model_is_made_again(model_folder: Path, tmp_path: Path, damage: str) -> None:
    expected = opened(model_folder)[0].embed(pixels(3))
    (folder,) = (tmp_path / "cache" / "models").iterdir()
    for blob in folder.glob("*.blob"):
        blob.unlink()
    if damage == "gone":
        shutil.rmtree(folder)
    elif damage == "format":
        description = json.loads((folder / "model.json").read_text())
        (folder / "model.json").write_text(json.dumps({**description, "format": 0}))
    else:
        (folder / f"model.{damage}").write_bytes(b"")
    embedder, prepared = opened(model_folder)
    assert prepared
    np.testing.assert_allclose(embedder.embed(pixels(3)), expected, atol=1e-6)
    assert opened(model_folder)[1] is False


def test_weights_that_are_gone_leave_the_compiled_model(model_folder: Path) -> None:
    expected = opened(model_folder)[0].model
    (model_folder / "model.safetensors").unlink()
    embedder, prepared = opened(model_folder)
    assert (embedder.model, prepared) == (expected, False)


def test_fingerprints_follow_what_they_cover(model_folder: Path, tmp_path: Path) -> None:
    first = load(parse(str(model_folder))).model
    copy = Path(shutil.copytree(model_folder, tmp_path / "copy"))
    assert load(parse(str(copy))).model.fingerprint == first.fingerprint
    assert load(parse(f"{copy}:mean")).model.fingerprint != first.fingerprint
    settings = json.loads((copy / "preprocessor_config.json").read_text())
    (copy / "preprocessor_config.json").write_text(json.dumps({**settings, "image_mean": [0.4, 0.4, 0.4]}))
    assert load(parse(str(copy))).model.fingerprint != first.fingerprint
    (model_folder / "model.safetensors").touch()
    embedder, prepared = opened(model_folder)
    assert prepared
    assert embedder.model.fingerprint == first.fingerprint


def test_a_compiled_model_needs_neither_torch_nor_the_network(model_folder: Path) -> None:
    opened(model_folder)
    code = (
        "import sys, socket\n"
        "def refuse(*args): raise SystemExit('network')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "import imsearch\n"
        "imsearch.open(model=sys.argv[1]).embed(sys.argv[2])\n"
        "heavy = {'torch', 'torchvision', 'transformers', 'timm', 'openvino_telemetry'}\n"
        "print({name for name in heavy if sys.modules.get(name) is not None})\n"
    )
    photo = Path(__file__).parents[1] / "data/photos/animals/cat.png"
    result = subprocess.run([sys.executable, "-c", code, model_folder, photo], capture_output=True, text=True)
    assert (result.stdout, result.stderr) == ("set()\n", "")


@pytest.mark.skipif(os.name != "posix", reason="there are no such signals")
def test_models_that_were_closed_leave_signals_working(model_folder: Path) -> None:
    """OpenVINO has a stack of its own for signals, and gives back that of whoever had one before."""
    opened(model_folder)
    code = (
        "import signal, sys, imsearch\n"
        "signal.signal(signal.SIGUSR1, lambda *_: print('handled'))\n"
        "models = [imsearch.open(model=sys.argv[1]) for _ in range(3)]\n"
        "[model.embed(sys.argv[2]) for model in models]\n"
        "while models: models.pop(0)\n"  # the first one that came is the first one that goes
        "signal.raise_signal(signal.SIGUSR1)\n"
    )
    photo = Path(__file__).parents[1] / "data/photos/animals/cat.png"
    result = subprocess.run([sys.executable, "-c", code, model_folder, photo], capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (0, "handled\n")


class Untraceable(torch.nn.Module):
    """Something that OpenVINO has no operation for."""

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        vectors: torch.Tensor = torch.special.bessel_j0(batch.mean(dim=(2, 3)) + 1)
        return vectors


def test_torch_runs_what_openvino_cannot(model_folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    loaded = load(parse(str(model_folder)))
    embedder = open_loaded(Loaded(loaded.model, Untraceable(), loaded.files), "cpu", Tuning("bf16"))
    assert isinstance(embedder, TorchEmbedder)
    assert "torch runs it instead" in caplog.text
    assert embedder.precision == "f32"
    assert embedder.embed(pixels(2)).shape == (2, 3)


@pytest.mark.parametrize(
    ("device", "message"),
    [("tpu", "devices are cpu, cuda"), ("mps", "finds no mps device"), ("cuda:7", "no cuda device")],
)
def test_devices_that_are_not_there(model_folder: Path, device: str, message: str) -> None:
    if device.partition(":")[0] == accelerator():
        pytest.skip("this machine has one")
    with pytest.raises(DeviceUnavailableError, match=message) as raised:
        open_embedder(parse(str(model_folder)), device)
    assert (raised.value.model, raised.value.device) == (str(model_folder), device)
    assert raised.value.choices[0] == "cpu"


def test_vectors_without_a_direction_are_an_error() -> None:
    model = Model("odd", "", "CNN", "torchvision", 2, 0, None)  # type: ignore[arg-type]
    for row in ([0, 0], [np.nan, 1], [np.inf, 1]):
        with pytest.raises(ModelError, match="'odd' gave a vector"):
            unit_length(np.array([[1, 0], row], np.float32), model)
