"""Queries against plain NumPy over the library's own embeddings."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import imsearch
from imsearch import Filters
from imsearch.catalog.reader import CatalogReader
from imsearch.search.ranking import FIRST_VIEW, ProbeVectors, Ranker
from imsearch.vectors.faiss_index import FaissIndex


@pytest.fixture(scope="module")
def indexed(
    tmp_path_factory: pytest.TempPathFactory, tiny_model: str, photos: list[Path]
) -> Iterator[imsearch.Library]:
    with imsearch.open(tmp_path_factory.mktemp("searching") / "library", model=tiny_model) as library:
        library.index(photos[0].parents[1])
        yield library


@pytest.fixture(scope="module")
def vectors(indexed: imsearch.Library, photos: list[Path]) -> dict[str, np.ndarray]:
    return {str(photo): indexed.embed(photo) for photo in photos}


@pytest.fixture(scope="module")
def probe(photos: list[Path]) -> Image.Image:
    """A crop of a photograph, which is in no library."""
    with Image.open(photos[3]) as photo:
        return photo.convert("RGB").crop((20, 20, photo.width * 2 // 3, photo.height * 2 // 3))


def expected(vectors: dict[str, np.ndarray], vector: np.ndarray) -> dict[str, float]:
    scores = {path: float(vector @ other) for path, other in vectors.items()}
    return dict(sorted(scores.items(), key=lambda item: -item[1]))


@pytest.mark.parametrize("k", [1, 5, 23, 1000])
def test_ranks_and_scores_are_those_of_all_cosines(
    indexed: imsearch.Library, vectors: dict[str, np.ndarray], probe: Image.Image, k: int
) -> None:
    scores = expected(vectors, indexed.embed(probe))
    hits = indexed.query(probe, k)
    assert [hit.rank for hit in hits] == list(range(1, min(k, len(vectors)) + 1))
    assert [hit.score for hit in hits] == pytest.approx([scores[hit.path] for hit in hits], abs=3e-4)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert [hit.score for hit in hits] == pytest.approx(list(scores.values())[:k], abs=3e-4)


def test_every_picture_finds_itself_first(indexed: imsearch.Library, photos: list[Path]) -> None:
    for photo, answer in zip(photos, indexed.query_many(photos, 3), strict=True):
        assert answer.error is None
        assert (answer.probe, answer.hits[0].path) == (str(photo), str(photo))
        assert answer.hits[0].score == pytest.approx(1, abs=1e-6)


def test_a_probe_in_the_library_gets_the_score_that_its_pixels_get(
    indexed: imsearch.Library, photos: list[Path]
) -> None:
    """Its stored vector is taken, and must say what embedding it anew says, as far as bf16 does twice."""
    with Image.open(photos[5]) as photo:
        anew = indexed.query(photo.convert("RGB"), 23)
    for one, other in zip(indexed.query(photos[5], 23), anew, strict=True):
        assert one.score == pytest.approx(other.score, abs=2e-3)


@pytest.mark.parametrize("count", [1, 6, 23, 50])
def test_views_take_turns(
    indexed: imsearch.Library, vectors: dict[str, np.ndarray], photos: list[Path], count: int, tmp_path: Path
) -> None:
    """Against dealing them out by hand: three of the first view, one of each other, who comes early comes early."""
    views = np.stack([vectors[str(photos[at])] for at in (0, 7, 13)])
    ranked = [list(expected(vectors, view)) for view in views]
    turns: dict[str, int] = {}
    for turn in range(len(photos)):
        for view, paths in enumerate(ranked):
            taken = FIRST_VIEW if view == 0 else 1
            for path in paths[turn * taken : (turn + 1) * taken]:
                turns.setdefault(path, turn)
    dealt = sorted(turns, key=lambda path: (turns[path], ranked[0].index(path)))
    with contextlib.closing(CatalogReader(indexed.path)) as catalog:
        (space,) = catalog.spaces()
        ranker = Ranker(space, FaissIndex(space, tmp_path / "vectors.faiss"), Filters())
        (found,) = ranker.rank([ProbeVectors(views, in_turns=True)], count)
    assert [file.match.path.decode() for file in found] == dealt[:count]
    for file in found:
        assert file.score == pytest.approx(float(views[0] @ vectors[file.match.path.decode()]), abs=3e-4)


def test_equal_contents_are_told_apart_by_path(tmp_path: Path, tiny_model: str, photos: list[Path]) -> None:
    with Image.open(photos[0]) as photo:
        photo.save(tmp_path / "a same pixels.png")
        photo.save(tmp_path / "z same pixels.bmp")
    for name in ("b.jpg", "c.jpg", "d.jpg"):
        shutil.copy(photos[0], tmp_path / name)
    with imsearch.open(tmp_path / "library", model=tiny_model) as library:
        library.index(tmp_path)
        paths = [Path(hit.path).name for hit in library.query(tmp_path / "c.jpg", 10)]
        assert paths[:3] == ["c.jpg", "b.jpg", "d.jpg"]
        assert set(paths[3:]) == {"a same pixels.png", "z same pixels.bmp"}
        assert [hit.rank for hit in library.query(tmp_path / "c.jpg", 2)] == [1, 2]


def test_removed_pictures_never_take_the_place_of_hits(
    tmp_path: Path, tiny_model: str, photos: list[Path], probe: Image.Image
) -> None:
    """Also while the snapshot on disk and the one in memory still know them."""
    folder = tmp_path / "pictures"
    shutil.copytree(photos[0].parents[1], folder)
    with (
        imsearch.open(tmp_path / "library", model=tiny_model) as library,
        imsearch.open(tmp_path / "library", model=tiny_model) as reader,
    ):
        library.index(folder)
        ranked = [hit.path for hit in reader.query(probe, 23)]
        for path in ranked[:15]:
            library.remove(path)
        assert [hit.path for hit in reader.query(probe, 5)] == ranked[15:20]
        assert [hit.path for hit in library.query(probe, 50)] == ranked[15:]


def test_additions_are_seen_by_the_next_query(tmp_path: Path, tiny_model: str, album: Path, stripes: bytes) -> None:
    with (
        imsearch.open(tmp_path / "library", model=tiny_model) as library,
        imsearch.open(tmp_path / "library", model=tiny_model) as reader,
    ):
        library.index(album)
        assert reader.query(stripes, 1)[0].score < 0.999
        (album / "stripes.jpg").write_bytes(stripes)
        library.index(album)
        assert reader.query(stripes, 1)[0].path == str(album / "stripes.jpg")


def test_filters_leave_every_hit_that_passes(
    indexed: imsearch.Library, photos: list[Path], probe: Image.Image, vectors: dict[str, np.ndarray]
) -> None:
    animals = str(photos[0].parent)
    scores = expected(vectors, indexed.embed(probe))
    hits = indexed.query(probe, 100, filters=Filters(under=animals))
    assert [hit.path for hit in hits] == [path for path in scores if path.startswith(animals)]
    (hit,) = indexed.query(probe, 100, filters=Filters(formats=("tif",)))
    assert Path(hit.path).suffix == ".tif"
    (hit,) = indexed.query(probe, 1, filters=Filters(formats=("tiff",)))
    assert hit.rank == 1
    assert indexed.query(probe, 5, filters=Filters(formats=("gif",))) == []
    wide = indexed.query(probe, 100, filters=Filters(min_width=700, min_height=500))
    everything = indexed.query(probe, 100)
    assert {hit.path for hit in wide} == {hit.path for hit in everything if hit.width >= 700 and hit.height >= 500}
    assert 0 < len(wide) < len(everything)
    with pytest.raises(imsearch.UsageError, match="knows no picture at or below /nowhere"):
        indexed.query(probe, 5, filters=Filters(under="/nowhere"))
    for odd in ("\ud800", "a\0b"):
        with pytest.raises(imsearch.UsageError, match=r"no path|knows no picture"):
            indexed.query(probe, 5, filters=Filters(under=odd))


def test_dates_and_least_scores(tmp_path: Path, tiny_model: str, probe: Image.Image) -> None:
    for year in (2018, 2019, 2020):
        exif = Image.Exif()
        exif.get_ifd(0x8769)[0x9003] = f"{year}:07:04 18:03:11"
        probe.rotate(year - 2018).save(tmp_path / f"{year}.jpg", exif=exif)
    probe.save(tmp_path / "undated.jpg")
    with imsearch.open(tmp_path / "library", model=tiny_model) as library:
        library.index(tmp_path)

        def found(**filters: str) -> set[str]:
            return {Path(hit.path).stem for hit in library.query(probe, 10, filters=Filters(**filters))}  # type: ignore[arg-type]

        assert found(taken_after="2019") == {"2019", "2020"}
        assert found(taken_after="2019-07-04", taken_before="2020-01") == {"2019"}
        assert found(taken_before="2019-07-04T18:03:11") == {"2018"}
        assert found(taken_before="2019-07-04 18:04") == {"2018", "2019"}
        assert found() == {"2018", "2019", "2020", "undated"}
        hits = library.query(probe, 10)
        assert library.query(probe, 10, min_score=hits[1].score) == hits[:2]
        assert library.query(probe, 10, min_score=1.0 + 1e-9) == []
        assert {hit.taken.year for hit in hits if hit.taken} == {2018, 2019, 2020}


def test_a_crop_asks_with_a_part(indexed: imsearch.Library, photos: list[Path]) -> None:
    with Image.open(photos[4]) as photo:
        width, height = photo.size
        part = photo.convert("RGB").crop((width // 4, height // 4, width * 3 // 4, height * 3 // 4))
    by_crop = indexed.query(photos[4], 5, crop=f"{width // 4},{height // 4},{width * 3 // 4 - width // 4},50%")
    for one, other in zip(by_crop, indexed.query(part, 5), strict=True):
        assert one.path == other.path
        assert one.score == pytest.approx(other.score, abs=2e-3)
    assert by_crop[0].score < 0.9999


def test_a_large_probe_is_decoded_as_indexed_pictures_are(tmp_path: Path, tiny_model: str, photos: list[Path]) -> None:
    with Image.open(photos[2]) as photo:
        large = photo.convert("RGB").resize((photo.width * 6, photo.height * 6), Image.Resampling.LANCZOS)
    for folder, quality in (("indexed", 90), ("probes", 91)):
        (tmp_path / folder).mkdir()
        large.save(tmp_path / folder / "large.jpg", quality=quality)
    with imsearch.open(tmp_path / "library", model=tiny_model) as library:
        library.index(tmp_path / "indexed")
        (hit,) = library.query(tmp_path / "probes" / "large.jpg", 1)
        assert hit.score > 0.9999
        assert (hit.width, hit.height) == large.size
        by_pixels = library.query(large, 1)[0].score
        assert by_pixels == pytest.approx(hit.score, abs=2e-3)
        np.testing.assert_allclose(
            library.embed(tmp_path / "probes" / "large.jpg") @ library.embed(large), 1, atol=2e-3
        )
