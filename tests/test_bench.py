"""The parts of `scripts/bench` on tiny inputs: they must go on working while what they measure changes."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import imsearch
from benchmarks import duplicates, edits, inside, pictures, regions, search
from benchmarks.generator import Generator, likeness, unit
from benchmarks.report import Report, in_turn
from imsearch.models.names import parse
from imsearch.models.opening import open_embedder

COUNT = 500


@pytest.fixture(scope="module")
def real() -> NDArray[np.float32]:
    """Vectors in 30 clusters, as embeddings are."""
    rng = np.random.default_rng(3)
    centres = rng.standard_normal((30, 48))
    return unit((np.repeat(centres, 10, axis=0) + 0.4 * rng.standard_normal((300, 48))).astype(np.float32))


def test_generated_vectors_are_unit_length_and_follow_their_seed(real: NDArray[np.float32]) -> None:
    page = Generator(real, 1).page(0, COUNT)
    assert page.dtype == np.float16
    assert page.shape == (COUNT, 48)
    np.testing.assert_allclose(np.linalg.norm(page.astype(np.float32), axis=1), 1, atol=2e-3)
    np.testing.assert_array_equal(page, Generator(real, 1).page(0, COUNT))
    assert not np.array_equal(page, Generator(real, 2).page(0, COUNT))
    assert not np.array_equal(page, Generator(real, 1).page(1, COUNT))
    assert [len(part) for part in Generator(real, 1).pages(20_500)] == [20_000, 500]


def test_generated_vectors_lie_as_real_ones_do(real: NDArray[np.float32]) -> None:
    generated = likeness(Generator(real, 1).page(0, len(real)).astype(np.float32))
    uniform = likeness(unit(np.random.default_rng(5).standard_normal(real.shape).astype(np.float32)))
    wanted = likeness(real)
    assert abs(generated.similarities[1][1] - wanted.similarities[1][1]) < 0.15
    assert uniform.similarities[1][1] < wanted.similarities[1][1] - 0.3
    assert abs(generated.dimension - wanted.dimension) < abs(uniform.dimension - wanted.dimension)


def test_a_filled_library_answers_queries(
    tmp_path: Path, real: NDArray[np.float32], library: imsearch.Library, indexed_album: Path
) -> None:
    with imsearch.open(tmp_path / "filled", model=library.model) as filled:
        model = open_embedder(parse(library.model), "cpu").model  # the tiny one, which has 48 dimensions too
        vectors = np.concatenate(list(Generator(real, 1).pages(COUNT)))
        sizes: list[int] = []
        times = inside.fill(filled.path, [vectors], model, "f32", lambda count, size: sizes.append(size))
        assert len(times) == -(-COUNT // 64)
        assert sizes[0] > COUNT * 48 * 2
        assert len(filled.query(next(indexed_album.iterdir()), k=7)) == 7
        assert filled.info().files == COUNT

    probes = Generator(real, 2).page(0, 20).astype(np.float32)
    probes /= np.linalg.norm(probes, axis=1, keepdims=True)
    true = search.truths(vectors, probes)
    searcher = inside.Searcher(tmp_path / "filled", library.model)
    try:
        for share in (None, 0.1, 0.5):
            filters = None if share is None else inside.date_filter(share)[0]
            for at, probe in enumerate(probes):
                numbers = [inside.number_of(hit.path) for hit in searcher.hits(probe, search.K, filters)]
                assert true["all" if share is None else str(share)].recall(at, numbers) >= 0.9  # near ties may swap
        inside.add(tmp_path / "filled", probes[:1].astype(np.float16), COUNT)
        assert inside.number_of(searcher.hits(probes[0], 1)[0].path) == COUNT
    finally:
        searcher.close()


def test_made_pictures_have_their_size_and_are_all_different(tmp_path: Path, photos: list[Path]) -> None:
    kind = pictures.Kind("tiny", 80, 60, 3.0)
    paths = pictures.make([path for path in photos if path.suffix == ".jpg"][:2], tmp_path, kind, 6)
    assert len({path.read_bytes() for path in paths}) == 6
    for path in paths:
        with Image.open(path) as image:
            assert sorted(image.size) == [60, 80]


def test_edited_copies_are_counted(tmp_path: Path, library: imsearch.Library, album: Path) -> None:
    made = duplicates.make(sorted(album.iterdir()), tmp_path / "edited", 12 + 2 * len(edits.EDITS))
    assert len({copy.read_bytes() for _, copy, _ in made}) == 2 * len(edits.EDITS)
    library.index(album, tmp_path / "edited")
    report = Report(tmp_path / "report", {"runs": 1})
    duplicates.measure(report, library.path, made, library.model)
    shares = [report.figure(duplicates.SECTION, f"cosine 0.60: {name}") for name in edits.EDITS]
    assert all(share is not None and 0 <= share.median <= 1 for share in shares)
    reached = report.figure(duplicates.SECTION, "cosine 0.60: edited copies that pairs lead to")
    assert reached is not None
    assert reached.median > 0.5


def test_a_report_is_kept_as_json_and_as_a_table(tmp_path: Path) -> None:
    report = Report(tmp_path, {"runs": 3})
    report.add("Starts", "a cold query", [0.25, 0.2, 0.4], "s", 3)
    report.add("Sizes", "pictures", 12_345, digits=0)
    report.save()
    assert "| a cold query | 0.250 s | 0.200 to 0.400 |" in (tmp_path / "table.md").read_text()
    assert "| pictures | 12,345 |  |" in (tmp_path / "table.md").read_text()
    assert [each["median"] for each in json.loads((tmp_path / "results.json").read_text())["figures"]] == [0.25, 12345]


def test_plots_are_drawn_of_what_was_measured(tmp_path: Path) -> None:
    from benchmarks import plots

    report = Report(tmp_path, {"runs": 2})
    rates = {"imsearch": [4.6, 6.0], "rclip": [40.0, 41.0]}
    asked = {"recall": 0.99, "p50": 1.0, "p99": 3.0}
    report.curves |= {
        "indexing": {"small": {name: [3.2, 60.0] for name in ("decode", "model", "shared", "index")}},
        "queries": {1000: [0.4, 0.5]},
        "growth": {"pictures": [64, 128], "milliseconds": [[1, 2, 3], [1, 2, 3]], "bytes": [(64, 9000), (128, 17000)]},
        "search": {1000: {"all": asked, "0.1": asked}},
        "peers": {"indexing, 12 MP": rates, "query": rates},
    }
    names = plots.draw(report)
    assert names == ["indexing.png", "queries.png", "growth.png", "search.png", "peers.png"]
    for name in names:
        with Image.open(tmp_path / name) as image:
            assert image.width > 800


def test_measurements_are_made_in_turn() -> None:
    order: list[str] = []

    def measure(name: str) -> float:
        order.append(name)
        return float(len(order))

    values = in_turn(3, one=lambda: measure("one"), two=lambda: measure("two"))
    assert order == ["one", "two", "two", "one", "one", "two"]
    assert values == {"one": [1, 4, 5], "two": [2, 3, 6]}


def test_cuts_are_parts_of_their_picture_and_the_same_each_time(tmp_path: Path, photos: list[Path]) -> None:
    source = photos[0]
    cuts = list(regions.cut_from(source, source.parents[1], tmp_path / "once"))
    again = list(regions.cut_from(source, source.parents[1], tmp_path / "again"))
    assert [cut.box for cut in cuts] == [cut.box for cut in again]
    assert {cut.group for cut in cuts} == {source.parent.name}
    with Image.open(source) as opened:
        picture = opened.convert("RGB")
    for cut, area in zip(cuts, regions.AREAS, strict=True):
        with Image.open(cut.path) as part:
            np.testing.assert_array_equal(np.asarray(part), np.asarray(picture.crop(cut.box)))
            assert part.width * part.height == pytest.approx(area * picture.width * picture.height, rel=0.05)
