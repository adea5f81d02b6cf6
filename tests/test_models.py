"""Names of models, and what is known of them without their libraries."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torchvision

from imsearch.errors import UnknownModelError
from imsearch.models.families import torchvision as torchvision_models
from imsearch.models.families.torchvision import cache
from imsearch.models.families.transformers import cached_snapshot
from imsearch.models.loaders.loading import load
from imsearch.models.loaders.network import kind_of
from imsearch.models.loaders.torchvision import classifier
from imsearch.models.names import DEFAULT_MODEL, FAMILIES, activity_of, family_of, known_models, parse
from imsearch.models.reference import Reference


def test_names_are_taken_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my-vit").mkdir()
    (tmp_path / "owner").mkdir()
    (tmp_path / "own weights.pth").touch()
    weights = tmp_path / "own weights.pth"
    expected = {
        "efficientnet-lite2": Reference("efficientnet-lite2", "package", "efficientnet-lite2"),
        "resnet18": Reference("resnet18", "torchvision", "resnet18"),
        "resnet18:logits": Reference("resnet18:logits", "torchvision", "resnet18", output="logits"),
        "resnet18@own weights.pth": Reference(f"resnet18@{weights}", "torchvision", "resnet18", weights),
        "google/vit:cls": Reference("google/vit:cls", "transformers", "google/vit", output="cls"),
        "./my-vit": Reference(f"{tmp_path / 'my-vit'}", "transformers", f"{tmp_path / 'my-vit'}"),
        "my-vit:mean": Reference(
            f"{tmp_path / 'my-vit'}:mean", "transformers", f"{tmp_path / 'my-vit'}", output="mean"
        ),
    }
    for name, reference in expected.items():
        assert parse(name) == reference
        assert parse(reference.name) == reference


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("resnet18:cls", "'pooled' or 'logits'"),
        ("efficientnet-lite2:logits", "has no output"),
        ("./none", "no such model folder"),
        ("/none/at/all", "no such model folder"),
        ("resnet18@none.pth", "no such checkpoint"),
        (__file__, "name its architecture"),
    ],
)
def test_names_that_cannot_be(name: str, message: str) -> None:
    with pytest.raises(UnknownModelError, match=message):
        parse(name)


@pytest.mark.parametrize("name", [name for name in torchvision_models.LISTED if ":" not in name])
def test_what_is_listed_of_torchvision_is_true(name: str) -> None:
    weights = torchvision.models.get_model_weights(name).DEFAULT
    (info,) = [model for model in known_models() if model.name == name]
    preset = weights.transforms()
    assert Path(weights.url).name == torchvision_models.LISTED[name].weights
    assert info.input_size == (preset.crop_size[0], preset.crop_size[0])
    network = torchvision.models.get_model(name, weights=None).eval()
    network.set_submodule(classifier(network), torch.nn.Identity())
    with torch.inference_mode():
        features = network(torch.zeros(1, 3, *info.input_size))
    assert info.dimensions == features.shape[1]
    assert info.parameters == sum(parameter.numel() for parameter in network.parameters())
    assert info.kind == kind_of(network)


def test_the_default_is_here_and_first() -> None:
    first = known_models()[0]
    loaded = load(parse(DEFAULT_MODEL))
    assert (first.name, first.available) == (DEFAULT_MODEL, True)
    assert first.dimensions == loaded.model.dimensions
    assert first.parameters == loaded.model.parameters
    assert first.input_size == loaded.model.preprocessing.output_size


def test_weights_are_seen_when_they_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))

    def available() -> set[str]:
        return {model.name for model in known_models() if model.available} - {DEFAULT_MODEL}

    assert available() == set()
    path = cache() / "resnet18-f37072fd.pth"
    path.parent.mkdir(parents=True)
    path.touch()
    assert available() == {"resnet18", "resnet18:logits"}
    snapshot = tmp_path / "hub" / "models--facebook--dinov2-base" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot.parents[1] / "refs").mkdir()
    (snapshot.parents[1] / "refs" / "main").write_text("abc\n")
    (snapshot / "config.json").write_text("{}")
    assert cached_snapshot("facebook/dinov2-base") is None
    (snapshot / "model-00001-of-00002.safetensors").touch()
    assert cached_snapshot("facebook/dinov2-base") == snapshot
    assert available() == {"resnet18", "resnet18:logits", "facebook/dinov2-base"}


def test_torchvision_agrees_where_its_cache_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("TORCH_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path))
        assert str(cache()) == torch.hub.get_dir() + "/checkpoints"
        monkeypatch.delenv(variable)
    assert str(cache()) == torch.hub.get_dir() + "/checkpoints"


def test_each_family_knows_its_models_by_name() -> None:
    for info in known_models():
        reference = parse(info.name)
        assert (reference.name, reference.family) == (info.name, info.library)
        assert family_of(reference).name == reference.family
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)


def test_an_output_that_a_model_has_not_is_told_with_those_that_it_has() -> None:
    with pytest.raises(UnknownModelError) as raised:
        parse("resnet18:cls")
    assert (raised.value.model, raised.value.choices) == ("resnet18:cls", ("pooled", "logits"))


def test_activity_is_an_output_of_any_model() -> None:
    reference = activity_of(parse("resnet18:logits"))
    assert (reference.name, reference.output) == ("resnet18:logits:activity", "activity")
    assert (reference.source, reference.base) == ("resnet18", "resnet18:logits")


def test_listing_imports_no_library() -> None:
    code = (
        "import sys, imsearch\nassert imsearch.known_models()\n"
        "print({'torch', 'torchvision', 'transformers', 'timm'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"
