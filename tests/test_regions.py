"""Regions: where they are put, and that a probe of one thing finds the scene that holds it."""

import contextlib
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image

import imsearch
from imsearch import Filters, Region
from imsearch.catalog.reader import CatalogReader
from imsearch.catalog.rows import NewContent, NewFile
from imsearch.catalog.writer import CatalogWriter
from imsearch.embedding.reading import PIXELS, Decoded, Task, process
from imsearch.embedding.regions import COUNT, choose_regions
from imsearch.models.loaders.activity import ActivityNetwork
from imsearch.models.names import activity_of, parse
from imsearch.models.opening import open_embedder
from imsearch.search.ranking import ProbeVectors, Ranker
from imsearch.types.preprocessing import Preprocessing
from imsearch.vectors.faiss_index import FaissIndex


@settings(deadline=None)
@given(
    arrays(np.float32, st.tuples(st.integers(2, 12), st.integers(2, 12)), elements=st.floats(0, 1, width=32)),
    st.integers(1, 6000),
    st.integers(1, 6000),
)
def test_regions_are_different_squares_inside_the_picture(activity: np.ndarray, width: int, height: int) -> None:
    regions = choose_regions(activity, width, height)
    assert 1 <= len(regions) <= COUNT
    assert len(set(regions)) == len(regions)
    for region in regions:
        assert region.width == region.height >= 1
        assert 0 <= region.x <= width - region.width
        assert 0 <= region.y <= height - region.height


@pytest.mark.parametrize(("row", "column"), [(0, 0), (0, 8), (8, 0), (8, 8), (4, 4)])
def test_the_first_region_holds_the_only_active_place(row: int, column: int) -> None:
    activity = np.zeros((9, 9), np.float32)
    activity[row, column] = 1
    first = choose_regions(activity, 1600, 900)[0]
    x, y = (column + 0.5) * 1600 / 9, (row + 0.5) * 900 / 9
    assert first.x <= x <= first.x + first.width
    assert first.y <= y <= first.y + first.height


def test_an_object_anywhere_in_an_evenly_active_picture_overlaps_a_region() -> None:
    regions = choose_regions(np.ones((9, 9), np.float32), 400, 300)
    side = regions[0].width
    for x in range(0, 400 - side, 10):
        for y in range(0, 300 - side, 10):
            assert max(overlap(region, Region(x, y, side, side)) for region in regions) > 0.35


def test_reading_for_regions_gives_all_of_the_picture_and_the_same_pixels(photos: list[Path], tmp_path: Path) -> None:
    preprocessing = Preprocessing(64, (56, 56), "bicubic", (0, 0, 0), (1, 1, 1))
    with Image.open(next(path for path in photos if path.name == "bridge.jpg")) as photo:
        photo.resize((4001, 1503)).save(tmp_path / "large.jpg")
    task = Task(bytes(tmp_path / "large.jpg"), frozenset())
    plain, given = process(task, preprocessing), process(task, preprocessing, regions=True)
    assert isinstance(plain, Decoded)
    assert isinstance(given, Decoded)
    assert plain.whole is None
    assert given.whole is not None
    height, width, _ = given.whole.shape
    assert 0.99 * PIXELS <= height * width <= PIXELS
    assert width / height == pytest.approx(4001 / 1503, rel=2e-3)
    assert np.abs(plain.pixels.astype(int) - given.pixels).mean() < 4


@pytest.fixture(scope="module")
def indexed(
    tmp_path_factory: pytest.TempPathFactory, tiny_model: str, photos: list[Path]
) -> Iterator[imsearch.Library]:
    with imsearch.open(tmp_path_factory.mktemp("regions") / "library", model=tiny_model) as library:
        library.index(photos[0].parents[1], regions=True)
        yield library


def oracle(library: imsearch.Library, probe: np.ndarray) -> dict[str, tuple[float, Region | None]]:
    """The best score of each picture over all stored vectors, and the part that has it."""
    catalog = CatalogReader(library.path)
    (space,) = catalog.spaces()
    best: dict[str, tuple[float, Region | None]] = {}
    for ids, vectors in space.pages():
        scores = dict(zip(ids.tolist(), vectors @ probe / np.linalg.norm(vectors, axis=1), strict=True))
        for match in space.matches(ids):
            score = float(scores[match.embedding_id])
            path = match.path.decode()
            if path not in best or score > best[path][0]:
                best[path] = (score, match.region)
    catalog.close()
    return dict(sorted(best.items(), key=lambda item: -item[1][0]))


@pytest.mark.parametrize("k", [1, 5, 22, 100])
def test_hits_are_pictures_ranked_by_their_best_part(indexed: imsearch.Library, photos: list[Path], k: int) -> None:
    for photo in photos[:6]:
        with Image.open(photo) as opened:
            probe = opened.convert("RGB").crop((10, 10, opened.width // 3, opened.height // 3))
        expected = oracle(indexed, indexed.embed(probe))
        hits = indexed.query(probe, k)
        assert [hit.rank for hit in hits] == list(range(1, min(k, len(photos)) + 1))
        assert [hit.path for hit in hits] == list(expected)[:k]
        best = list(expected.values())[:k]
        assert [hit.region for hit in hits] == [region for _, region in best]
        assert [hit.score for hit in hits] == pytest.approx([score for score, _ in best], abs=1e-5)


def test_filters_and_least_scores_hold_for_regions(indexed: imsearch.Library, photos: list[Path]) -> None:
    with Image.open(photos[2]) as opened:
        probe = opened.convert("RGB").crop((0, 0, opened.width // 2, opened.height // 2))
    expected = oracle(indexed, indexed.embed(probe))
    folder = photos[0].parent
    hits = indexed.query(probe, 50, filters=Filters(under=str(folder)))
    assert [hit.path for hit in hits] == [path for path in expected if Path(path).parent == folder]
    least = list(expected.values())[3][0]
    assert len(indexed.query(probe, 50, min_score=least - 1e-4)) == sum(s >= least - 1e-4 for s, _ in expected.values())


def test_a_picture_finds_itself_as_a_whole(indexed: imsearch.Library, photos: list[Path]) -> None:
    for photo, answer in zip(photos, indexed.query_many(photos, 1), strict=True):
        assert (answer.hits[0].path, answer.hits[0].region) == (str(photo), None)
        assert answer.hits[0].score == pytest.approx(1, abs=1e-6)


def content_of(number: int, whole: NDArray[np.float32], regions: Sequence[NDArray[np.float32]]) -> NewContent:
    """A made-up picture with the vectors of the whole and of its regions, told apart by its number."""
    parts = tuple((Region(at, 0, 9, 9), vector) for at, vector in enumerate(regions))
    return NewContent(bytes([number]) * 32, number, 90, 90, "jpeg", None, whole, parts)


def ranker_of(contents: list[NewContent], folder: Path) -> Ranker:
    """Ranks pictures with regions that are made up, each in a file that is called by its size."""
    with contextlib.closing(CatalogWriter.create(folder)) as writer:
        writer.add_space("model", "print", 8, "f32", regions=True)
        (space,) = CatalogReader(folder).spaces()
        writer.write([NewFile(b"/%02d" % c.size, c.size, 1, c.digest) for c in contents], contents, space)
    return Ranker(space, FaissIndex(space, folder / "vectors.faiss"), Filters())


def test_k_hits_are_found_behind_many_regions_of_one_picture(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    axis = np.eye(8, dtype=np.float32)[0]

    def near(distance: float) -> np.ndarray:
        vector = (axis + distance * rng.normal(size=8)).astype(np.float32)
        unit: np.ndarray = vector / np.linalg.norm(vector)
        return unit

    contents = [
        content_of(number, near(2), [near(spread) for _ in range(16)])
        for number, spread in enumerate([0.001] * 12 + [0.5] * 12, 1)
    ]
    ranker = ranker_of(contents, tmp_path)
    for k in (1, 3, 12, 20, 24, 99):
        (files,) = ranker.rank([ProbeVectors(axis[None])], k)
        assert len({file.match.path for file in files}) == len(files) == min(k, 24)
        assert {file.match.path for file in files[:12]} <= {b"/%02d" % number for number in range(1, 13)}


def test_a_probe_with_two_views_ranks_pictures_by_the_better(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    vectors = rng.normal(size=(40, 6, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
    contents = [content_of(number, whole, parts) for number, (whole, *parts) in enumerate(vectors)]
    ranker = ranker_of(contents, tmp_path)
    views = rng.normal(size=(2, 8)).astype(np.float32)
    views /= np.linalg.norm(views, axis=1, keepdims=True)
    scores = np.max(vectors @ views.T, axis=(1, 2))
    for k in (1, 7, 40, 99):
        (files,) = ranker.rank([ProbeVectors(views)], k)
        assert [file.match.path for file in files] == [b"/%02d" % number for number in np.argsort(-scores)[:k]]
        assert [file.score for file in files] == pytest.approx(np.sort(scores)[::-1][:k], abs=2e-3)


def test_a_view_that_few_pictures_crowd_is_followed_until_the_others_are_found(tmp_path: Path) -> None:
    """The regions of three pictures are what the first view is most like; the fourth picture comes after all of them,
    but before what the second view finds."""
    rng = np.random.default_rng(5)
    views = np.eye(8, dtype=np.float32)[:2]

    def at(cosine: float, view: int) -> NDArray[np.float32]:
        vector = np.zeros(8, np.float32)
        vector[view] = cosine
        rest = np.append(np.zeros(2), rng.normal(size=6))
        unit: NDArray[np.float32] = (vector + rest / np.linalg.norm(rest) * np.sqrt(1 - cosine**2)).astype(np.float32)
        return unit

    wholes = [at(0.9, 0), at(0.9, 0), at(0.9, 0), at(0.7, 0), *(at(0.5 - 0.01 * number, 1) for number in range(12))]
    contents = [
        content_of(number, whole, [at(0.95, 0) if number < 3 else at(0.1, 1) for _ in range(16)])
        for number, whole in enumerate(wholes)
    ]
    (files,) = ranker_of(contents, tmp_path).rank([ProbeVectors(views)], 5)
    assert {file.match.path for file in files[:3]} == {b"/00", b"/01", b"/02"}
    assert [file.match.path for file in files[3:]] == [b"/03", b"/04"]


def test_a_library_takes_regions_later_and_keeps_to_them(
    library: imsearch.Library, album: Path, photos: list[Path]
) -> None:
    library.index(album)
    probe = photos[0]
    before = library.query(probe, 20)
    assert all(hit.region is None for hit in before)
    assert library.info().regions == 0
    assert library.index().unchanged == len(before)
    library.index(regions=True)
    assert library.info().regions == COUNT * library.info().pictures
    assert library.info().region_bytes == 2 * 48 * library.info().regions
    whole = {hit.path: hit.score for hit in before}
    for hit in library.query(probe, 20):
        assert hit.score >= whole[hit.path] - 1e-6
        assert (hit.region is None) == (hit.score == pytest.approx(whole[hit.path], abs=1e-6))
    assert library.index().unchanged == len(before)
    shutil.copy(next(path for path in photos if path.suffix == ".png"), album)
    assert library.index().added == 1
    assert library.info().regions == COUNT * library.info().pictures


def test_a_thing_finds_the_scene_that_holds_it(tmp_path: Path, photos: list[Path]) -> None:
    """With the default model: things of 5 to 9 % of a collage, at its edges too, where no centre crop reaches."""
    by_name = {photo.stem: photo for photo in photos}
    places = {"clock": (40, 330), "cat": (860, 60), "fig": (820, 610), "dahlia": (420, 30)}
    with Image.open(by_name["wine-cellar"]) as background:
        collage = background.convert("RGB").resize((1200, 900))
    things = {}
    for name, place in places.items():
        with Image.open(by_name[name]) as opened:
            picture = opened.convert("RGB")
            picture.thumbnail((300, 260))
            collage.paste(picture, place)
            things[name] = picture
    folder = tmp_path / "pictures"
    folder.mkdir()
    collage.save(folder / "collage.png")
    for photo in photos:
        if photo.stem not in {*places, "clock-blurred"}:
            shutil.copy(photo, folder)
    with imsearch.open(tmp_path / "library") as library:
        library.index(folder, regions=True)
        for name, thing in things.items():
            (hit,) = library.query(thing, 1)
            assert Path(hit.path).name == "collage.png", name
            assert hit.region is not None
            assert overlap(hit.region, Region(*places[name], *thing.size)) > 0.3, name


def overlap(one: Region, other: Region) -> float:
    """What they share, as a part of the smaller."""
    wide = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    high = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    smaller = min(one.width * one.height, other.width * other.height)
    return max(0, wide) * max(0, high) / smaller


@pytest.mark.parametrize("size", [(1, 1), (3, 900), (900, 3), (2000, 40)])
def test_pictures_of_any_shape_get_regions(
    library: imsearch.Library, tmp_path: Path, photos: list[Path], size: tuple[int, int]
) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    with Image.open(photos[0]) as photo:
        photo.convert("RGB").resize(size).save(folder / "odd.png")
    assert library.index(folder, regions=True).embedded == 1
    assert 1 <= library.info().regions <= COUNT
    assert library.query(photos[0], 1)[0].path == str(folder / "odd.png")


def test_a_model_without_a_map_is_told_and_changes_nothing(tmp_path: Path, album: Path) -> None:
    from transformers import ViTConfig, ViTImageProcessor, ViTModel

    folder = tmp_path / "oblong-vit"
    sizes: dict[str, Any] = {
        "hidden_size": 24,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 24,
    }
    ViTModel(ViTConfig(image_size=(32, 64), patch_size=16, **sizes)).save_pretrained(folder)
    ViTImageProcessor(size={"height": 32, "width": 64}).save_pretrained(folder)
    with imsearch.open(tmp_path / "library", model=str(folder)) as library:
        with pytest.raises(imsearch.UnsupportedModelError, match="without regions, or with a convolutional model"):
            library.index(album, regions=True)
        assert not library.path.exists()
        assert library.index(album).added == 12
        with pytest.raises(imsearch.UnsupportedModelError, match="shows no map"):
            library.index(regions=True)
        assert library.index().unchanged == 12


@pytest.mark.parametrize("name", ["resnet18", "swin_t", "convnext_tiny"])
def test_torchvision_networks_show_where_they_are_active(name: str) -> None:
    import torch
    import torchvision

    torch.manual_seed(1)
    network = ActivityNetwork(torchvision.models.get_model(name, weights=None).eval(), name)
    picture = torch.zeros(1, 3, 224, 224)
    picture[:, :, :96, 128:] = torch.rand(3, 96, 96)
    with torch.inference_mode():
        shown = network(picture)
        assert torch.equal(network(picture), shown)
    assert shown.shape == (1, 49)
    assert (shown >= 0).all()


def test_the_default_model_is_most_active_where_something_is() -> None:
    activity = open_embedder(activity_of(parse("efficientnet-lite2")), "cpu")
    picture = np.full((1, 260, 260, 3), 128, np.uint8)
    picture[0, :110, 150:] = (
        np.random.default_rng(0).integers(0, 256, (11, 11, 3), np.uint8).repeat(10, 0).repeat(10, 1)
    )
    (cells,) = activity.embed(picture)
    row, column = divmod(int(cells.argmax()), 9)
    assert row <= 4
    assert column >= 4
