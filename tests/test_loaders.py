"""Embeddings equal those of the field's plain code on the same files, for weights in the libraries' own formats."""

import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torchvision
import transformers
from PIL import Image

from imsearch.errors import UnknownModelError, UnsupportedModelError, WeightsUnavailableError
from imsearch.images.decode import decode
from imsearch.images.preprocess import prepare
from imsearch.models.engines.openvino import OpenVinoEmbedder
from imsearch.models.engines.torch import TorchEmbedder
from imsearch.models.families import packaged
from imsearch.models.families.torchvision import cache
from imsearch.models.loaders.loading import load
from imsearch.models.model import Embedder
from imsearch.models.names import parse
from imsearch.models.opening import open_embedder
from imsearch.types.options import Tuning

SMALL: dict[str, Any] = {"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 3, "intermediate_size": 96}
SMALL_DINO: dict[str, Any] = {"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 3}
SMALL_CNN: dict[str, Any] = {"hidden_sizes": [16, 32, 48, 64], "depths": [1, 1, 2, 1]}
SMALL_TEXT: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 32,
}
T = transformers


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        pytest.fail("a model was looked for on the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture(scope="module")
def files(photos: list[Path]) -> list[Path]:
    """Upright opaque JPEGs of several shapes, for which plain code does nothing else than ours."""
    return [photo for photo in photos if photo.suffix == ".jpg"][:9]


def spread(network: torch.nn.Module) -> torch.nn.Module:
    """Seeded weights wide enough that different pictures give clearly different vectors."""
    torch.manual_seed(5)
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim > 1:
                parameter.normal_(0, 1.4 / parameter[0].numel() ** 0.5)
    return network.eval()


def embed(embedder: Embedder, files: list[Path]) -> np.ndarray:
    pictures = [decode(path.read_bytes()).image for path in files]
    return embedder.embed(np.stack([prepare(picture, embedder.model.preprocessing) for picture in pictures]))


def embedder(name: str) -> Embedder:
    return open_embedder(parse(name), "cpu", Tuning("f32"))


def check_equal(ours: np.ndarray, plain: torch.Tensor, least: float = 0.9999) -> None:
    unit = torch.nn.functional.normalize(plain.flatten(1), dim=1).numpy()
    assert ours.shape == unit.shape
    assert (ours * unit).sum(axis=1).min() >= least
    between = (unit @ unit.T)[np.triu_indices(len(unit), 1)]
    assert between.min() < 0.998, "the network tells no pictures apart, so equality says nothing"
    # The part in which pictures differ must agree too, or a wrong crop could hide behind a large common part.
    centred, ours_centred = unit - unit.mean(axis=0), ours - ours.mean(axis=0)
    cosines = (
        (centred * ours_centred).sum(axis=1) / np.linalg.norm(centred, axis=1) / np.linalg.norm(ours_centred, axis=1)
    )
    assert cosines.min() >= 0.995


def plain_torchvision(name: str, network: torch.nn.Module, files: list[Path]) -> torch.Tensor:
    transforms = torchvision.models.get_model_weights(name).DEFAULT.transforms()
    pictures = []
    for path in files:
        with Image.open(path) as picture:
            pictures.append(transforms(picture.convert("RGB")))
    with torch.inference_mode():
        outputs: torch.Tensor = network(torch.stack(pictures))
    return outputs


def save_as_fetched(name: str, network: torch.nn.Module) -> Path:
    """Put weights where torchvision would have put those that it fetched."""
    url = torchvision.models.get_model_weights(name).DEFAULT.url
    path = cache() / Path(url).name
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(network.state_dict(), path)
    return path


@pytest.fixture(scope="module")
def resnet18() -> torch.nn.Module:
    network = spread(torchvision.models.resnet18())
    save_as_fetched("resnet18", network)
    return network


def test_resnet18_pooled_and_logits(resnet18: torch.nn.Module, files: list[Path]) -> None:
    logits = plain_torchvision("resnet18", resnet18, files)
    assert logits.shape[1] == 1000
    check_equal(embed(embedder("resnet18:logits"), files), logits)
    pooled = torch.nn.Sequential(*list(resnet18.children())[:-1])
    features = plain_torchvision("resnet18", pooled, files)
    assert features.flatten(1).shape[1] == 512
    check_equal(embed(embedder("resnet18"), files), features)


@pytest.mark.parametrize(
    "name", ["mobilenet_v3_small", "efficientnet_b0", "shufflenet_v2_x0_5", "squeezenet1_1", "swin_t", "inception_v3"]
)
def test_other_torchvision_models(name: str, files: list[Path]) -> None:
    settings = {"aux_logits": True, "transform_input": True, "init_weights": False} if name == "inception_v3" else {}
    network = spread(torchvision.models.get_model(name, weights=None, **settings))
    path = save_as_fetched(name, network)
    try:
        check_equal(embed(embedder(f"{name}:logits"), files), plain_torchvision(name, network, files))
        pooled = load(parse(name))
        assert 64 <= pooled.model.dimensions < 2049
        assert pooled.model.kind == ("ViT" if name == "swin_t" else "CNN")
    finally:
        path.unlink()


@pytest.mark.parametrize("wrap", ["bare", "model", "state_dict", "module.", "safetensors"])
def test_a_finetuned_checkpoint_loads_by_path(wrap: str, tmp_path: Path, files: list[Path]) -> None:
    network = spread(torchvision.models.resnet18(num_classes=10))
    state: dict[str, Any] = network.state_dict()
    if wrap == "safetensors":
        from safetensors.torch import save_file

        path = tmp_path / "mine.safetensors"
        save_file(state, path)
    else:
        path = tmp_path / "mine.pth"
        if wrap == "module.":
            state = {f"module.{key}": value for key, value in state.items()}
        torch.save({wrap: state} if wrap in ("model", "state_dict") else state, path)
    found = embed(embedder(f"resnet18@{path}:logits"), files)
    check_equal(found, plain_torchvision("resnet18", network, files))


def pooler(outputs: Any) -> torch.Tensor:
    pooled: torch.Tensor = outputs.pooler_output
    return pooled.flatten(1)


def first_token(outputs: Any) -> torch.Tensor:
    tokens: torch.Tensor = outputs.last_hidden_state
    return tokens[:, 0]


def clip() -> torch.nn.Module:
    text = {**SMALL_TEXT, "vocab_size": 99, "bos_token_id": 1, "eos_token_id": 2}
    return T.CLIPModel(T.CLIPConfig(text_config=text, vision_config={**SMALL, "patch_size": 32}, projection_dim=40))


def siglip() -> torch.nn.Module:
    return T.SiglipModel(
        T.SiglipConfig(text_config={**SMALL_TEXT, "hidden_size": 48, "vocab_size": 99}, vision_config=SMALL)
    )


def bit() -> Any:
    return T.BitImageProcessor(size={"shortest_edge": 256}, crop_size={"height": 224, "width": 224})


def convnext(side: int) -> Callable[[], Any]:
    return lambda: T.ConvNextImageProcessor(size={"shortest_edge": side}, crop_pct=0.875)


HUGGING_FACE: dict[str, tuple[Callable[[], torch.nn.Module], Callable[[], Any], Callable[[Any], torch.Tensor]]] = {
    "ViT": (lambda: T.ViTModel(T.ViTConfig(**SMALL)), T.ViTImageProcessor, first_token),
    "DINO": (
        lambda: T.ViTModel(T.ViTConfig(**SMALL), add_pooling_layer=False),
        lambda: T.ViTImageProcessor(resample=3),
        first_token,
    ),
    "DeiT": (lambda: T.DeiTModel(T.DeiTConfig(**SMALL)), T.DeiTImageProcessor, first_token),
    "DINOv2": (lambda: T.Dinov2Model(T.Dinov2Config(**SMALL_DINO)), bit, pooler),
    "DINOv2 with registers": (
        lambda: T.Dinov2WithRegistersModel(T.Dinov2WithRegistersConfig(**SMALL_DINO)),
        bit,
        pooler,
    ),
    "BEiT": (lambda: T.BeitModel(T.BeitConfig(**SMALL)), T.BeitImageProcessor, pooler),
    "Swin": (
        lambda: T.SwinModel(T.SwinConfig(embed_dim=24, depths=[1, 1, 2, 1], num_heads=[1, 2, 4, 8])),
        lambda: T.ViTImageProcessor(resample=3),
        pooler,
    ),
    "ConvNeXt 224": (lambda: T.ConvNextModel(T.ConvNextConfig(**SMALL_CNN)), convnext(224), pooler),
    "ConvNeXt 384": (lambda: T.ConvNextModel(T.ConvNextConfig(**SMALL_CNN)), convnext(384), pooler),
    "ResNet": (
        lambda: T.ResNetModel(T.ResNetConfig(embedding_size=16, hidden_sizes=[16, 32, 48, 64], depths=[1, 1, 1, 1])),
        convnext(224),
        pooler,
    ),
    "CLIP": (clip, T.CLIPImageProcessor, pooler),
    "SigLIP": (siglip, T.SiglipImageProcessor, pooler),
}


def plain_transformers(
    folder: Path, files: list[Path], pool: Callable[[Any], torch.Tensor], *, tower: bool = False
) -> torch.Tensor:
    processor = T.AutoImageProcessor.from_pretrained(folder)  # type: ignore[no-untyped-call]
    network = T.AutoModel.from_pretrained(folder).eval()
    network = network.vision_model if tower else network
    pictures = []
    for path in files:
        with Image.open(path) as picture:
            pictures.append(picture.convert("RGB"))
    inputs = processor(images=pictures, return_tensors="pt")
    with torch.inference_mode():
        run = network.get_image_features if hasattr(network, "get_image_features") else network
        return pool(run(**inputs))


def saved(folder: Path, network: torch.nn.Module, processor: Any) -> Path:
    network.save_pretrained(folder)  # type: ignore[operator]
    processor.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("architecture", HUGGING_FACE)
def test_hugging_face_models(architecture: str, tmp_path: Path, files: list[Path]) -> None:
    build, processor, pool = HUGGING_FACE[architecture]
    folder = saved(tmp_path / "model", spread(build()), processor())
    plain = plain_transformers(folder, files, pool)
    compiled = embedder(str(folder))
    assert isinstance(compiled, OpenVinoEmbedder)
    check_equal(embed(compiled, files), plain)
    on_torch = TorchEmbedder(load(parse(str(folder))), "cpu")
    check_equal(embed(on_torch, files), plain)
    assert compiled.model == on_torch.model


def test_outputs_can_be_chosen(tmp_path: Path, files: list[Path]) -> None:
    vit = saved(tmp_path / "vit", spread(T.ViTModel(T.ViTConfig(**SMALL))), T.ViTImageProcessor())
    deit = saved(tmp_path / "deit", spread(T.DeiTModel(T.DeiTConfig(**SMALL))), T.DeiTImageProcessor())
    both = saved(tmp_path / "clip", spread(clip()), T.CLIPImageProcessor())
    check_equal(embed(embedder(f"{vit}:pooler"), files), plain_transformers(vit, files, pooler))
    mean = plain_transformers(vit, files, lambda outputs: outputs.last_hidden_state[:, 1:].mean(dim=1))
    check_equal(embed(embedder(f"{vit}:mean"), files), mean)
    mean = plain_transformers(deit, files, lambda outputs: outputs.last_hidden_state[:, 2:].mean(dim=1))
    check_equal(embed(embedder(f"{deit}:mean"), files), mean)
    check_equal(embed(embedder(f"{both}:pooler"), files), plain_transformers(both, files, pooler, tower=True))
    with pytest.raises(UnsupportedModelError, match="no output 'projection'"):
        embedder(f"{vit}:projection")


def test_a_cached_hub_model_loads_by_its_id(tmp_path: Path, files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    snapshot = tmp_path / "models--someone--some-vit" / "snapshots" / "abc123"
    saved(snapshot, spread(T.ViTModel(T.ViTConfig(**SMALL))), T.ViTImageProcessor())
    (snapshot.parents[1] / "refs").mkdir()
    (snapshot.parents[1] / "refs" / "main").write_text("abc123")
    check_equal(embed(embedder("someone/some-vit"), files), plain_transformers(snapshot, files, first_token))


def test_the_default_equals_timm_with_the_same_weights(files: list[Path]) -> None:
    import timm

    network: Any = timm.create_model("tf_efficientnet_lite2", pretrained=False, num_classes=1000)
    path = packaged.weights()
    assert path is not None
    weights = torch.load(path, weights_only=True)
    network.load_state_dict(dict(zip(network.state_dict(), weights.values(), strict=True)))
    network.reset_classifier(0)
    transforms = torchvision.transforms.Compose(
        [
            torchvision.transforms.Resize(292, torchvision.transforms.InterpolationMode.BICUBIC),
            torchvision.transforms.CenterCrop(260),
            torchvision.transforms.PILToTensor(),
        ]
    )
    pictures = []
    for path in files:
        with Image.open(path) as picture:
            pictures.append((transforms(picture.convert("RGB")).float() - 127) / 128)
    with torch.inference_mode():
        check_equal(embed(embedder("efficientnet-lite2"), files), network.eval()(torch.stack(pictures)))


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("resnet99", UnknownModelError, "no model 'resnet99': it is neither"),
        ("vgg11", WeightsUnavailableError, r"'vgg11'.*vgg11@FILE.*get_model\('vgg11'"),
        ("google/vit-base-patch16-224-in21k", WeightsUnavailableError, r"local folder.*hf download google/vit"),
        ("nobody/nothing", WeightsUnavailableError, "hf download nobody/nothing"),
    ],
)
def test_models_that_cannot_be_had(name: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        embedder(name)


def test_files_that_are_no_models(tmp_path: Path, tiny_vit: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(WeightsUnavailableError, match="save_pretrained"):
        embedder(str(tmp_path / "empty"))
    (tmp_path / "text.pth").write_text("no weights")
    with pytest.raises(WeightsUnavailableError, match=r"text\.pth cannot be read as weights"):
        embedder(f"resnet18@{tmp_path / 'text.pth'}")
    torch.save(torchvision.models.squeezenet1_1().state_dict(), tmp_path / "other.pth")
    with pytest.raises(UnsupportedModelError, match="does not hold the weights of a 'resnet18'"):
        embedder(f"resnet18@{tmp_path / 'other.pth'}")
    text = T.BertModel(T.BertConfig(**SMALL_TEXT, vocab_size=99))
    text.save_pretrained(tmp_path / "bert")
    with pytest.raises(UnsupportedModelError, match="does not load as an image model"):
        embedder(str(tmp_path / "bert"))
    shutil.copytree(tiny_vit, tmp_path / "damaged")
    (tmp_path / "damaged" / "model.safetensors").write_bytes(b"\0" * 100)
    with pytest.raises(UnsupportedModelError, match="does not load"):
        embedder(str(tmp_path / "damaged"))
    (tmp_path / "damaged.safetensors").write_bytes(b"\0" * 100)
    with pytest.raises(WeightsUnavailableError, match="cannot be read as weights"):
        embedder(f"resnet18@{tmp_path / 'damaged.safetensors'}")
