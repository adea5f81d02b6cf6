"""Real pictures, models small enough to be quick, and libraries made with them."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import toy

import imsearch

PHOTOS = Path(__file__).parents[1] / "data" / "photos"


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep compiled models of the tests apart from the user's, and the user's library and trash out of reach."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IMSEARCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("IMSEARCH_LIBRARY", str(tmp_path_factory.mktemp("default") / "library"))
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        patch.setenv("HF_HUB_CACHE", str(tmp_path_factory.mktemp("hub")))
        patch.setenv("TORCH_HOME", str(tmp_path_factory.mktemp("torch")))
        yield


@pytest.fixture(scope="session")
def photos() -> list[Path]:
    """The real photographs that come with the project."""
    return sorted(path for path in PHOTOS.rglob("*") if path.is_file())


@pytest.fixture(scope="session")
def tiny_model(_own_cache: None) -> str:
    """A model that is quick and needs no torch: see `toy`."""
    toy.save()
    return toy.NAME


@pytest.fixture(scope="session")
def tiny_vit(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A ViT of two layers with seeded random weights, in the format of the transformers library."""
    import torch
    from transformers import ViTConfig, ViTImageProcessor, ViTModel

    torch.manual_seed(7)
    folder = tmp_path_factory.mktemp("models") / "tiny-vit"
    config = ViTConfig(
        hidden_size=48,
        num_hidden_layers=2,
        num_attention_heads=3,
        intermediate_size=96,
        image_size=64,
        patch_size=16,
    )
    ViTModel(config).save_pretrained(folder)
    ViTImageProcessor(size={"height": 64, "width": 64}).save_pretrained(folder)
    return str(folder)


@pytest.fixture
def album(tmp_path: Path, photos: list[Path]) -> Path:
    """A folder with copies of a dozen photographs, to be changed at will."""
    folder = tmp_path / "album"
    folder.mkdir()
    for photo in [path for path in photos if path.suffix == ".jpg"][:12]:
        shutil.copy(photo, folder / photo.name)
    return folder


@pytest.fixture
def library(tmp_path: Path, tiny_model: str) -> Iterator[imsearch.Library]:
    """An empty library with the tiny model."""
    with imsearch.open(tmp_path / "library", model=tiny_model) as opened:
        yield opened


@pytest.fixture(scope="session")
def stripes() -> bytes:
    """A JPEG that is none of the photographs."""
    import io

    import numpy as np
    from PIL import Image

    rows, columns = np.mgrid[:120, :160]
    pixels = np.stack([rows * 2, columns, (rows + columns) % 256], axis=-1).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()
