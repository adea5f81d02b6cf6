"""Real pictures, models small enough to be quick, and libraries made with them."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import toy

import imsearch

if TYPE_CHECKING:
    from playwright.sync_api import Browser

if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # torch in several processes would have them wait for each other

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


@pytest.fixture(scope="session")
def _album_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the album of every test lies, one after the other, so that what was indexed there once fits all of them."""
    folder = tmp_path_factory.mktemp("photos") / "album"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def _indexed_once(
    _album_folder: Path, tmp_path_factory: pytest.TempPathFactory, tiny_model: str, photos: list[Path]
) -> Path:
    """The folder of a library that holds the album. It is there to be copied."""
    _lay_out(_album_folder, photos)
    folder = tmp_path_factory.mktemp("indexed") / "library"
    with imsearch.open(folder, model=tiny_model) as library:
        library.index(_album_folder)
    return folder


def _lay_out(folder: Path, photos: list[Path]) -> None:
    """Empty a folder, and copy a dozen photographs to it with their dates, by which they count as unchanged."""
    folder.mkdir(exist_ok=True)
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    for photo in [path for path in photos if path.suffix == ".jpg"][:12]:
        shutil.copy2(photo, folder)


@pytest.fixture
def album(_album_folder: Path, photos: list[Path]) -> Path:
    """A folder with copies of a dozen photographs, to be changed at will."""
    _lay_out(_album_folder, photos)
    return _album_folder


@pytest.fixture
def policy() -> imsearch.ProbePolicy:
    """What the library of a test lets probes cost and reach."""
    return imsearch.ProbePolicy()


@pytest.fixture
def library(tmp_path: Path, tiny_model: str, policy: imsearch.ProbePolicy) -> Iterator[imsearch.Library]:
    """An empty library with the tiny model."""
    with imsearch.open(tmp_path / "library", model=tiny_model, policy=policy) as opened:
        yield opened


@pytest.fixture
def indexed_album(album: Path, library: imsearch.Library, _indexed_once: Path) -> Path:
    """The album, which the library holds already."""
    shutil.copytree(_indexed_once, library.path)
    return album


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    from browsers import chromium

    with chromium() as opened:
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
