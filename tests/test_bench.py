"""The parts of `scripts/bench` on tiny inputs: they must go on working while what they measure changes."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

import imsearch
import imsearch.verify.evidence
from benchmarks import (
    documents,
    duplicates,
    edits,
    evidence,
    fitting,
    inside,
    pairing,
    pictures,
    regions,
    search,
    unseen,
    verdicts,
)
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
    made = duplicates.make(sorted(album.iterdir()), tmp_path / "edited", 12 + 2 * edits.FILES)
    assert len({copy.read_bytes() for _, copy, _ in made}) == 2 * len(edits.NAMES)
    library.index(album, tmp_path / "edited")
    report = Report(tmp_path / "report", {"runs": 1})
    duplicates.measure(report, library.path, made, library.model)

    def share(name: str) -> float:
        figure = report.figure(duplicates.SECTION, name)
        assert figure is not None
        return figure.median

    assert all(0 <= share(f"cosine 0.60: {name}") <= 1 for name in edits.NAMES)
    assert share("cosine 0.60: edited copies that pairs lead to") > 0.5
    assert share("mirrored: in a group with the original") == 1
    assert share("mirrored: led to by groups from the original") == 1
    gone = [share(f"mirrored: {what}") for what in ("proposed for the trash", "the original is proposed instead")]
    assert sum(gone) == 1
    assert share("caption: proposed for the trash") == 0
    assert share("drawing on white: the original is proposed instead") == 0
    assert share("all edits: proven by query --verify") > 0.5
    assert share("groups with two different originals") == 0


def test_every_edit_is_written(tmp_path: Path) -> None:
    small = tmp_path / "small.png"
    Image.effect_noise((30, 20), 80).save(small)
    made = list(edits.make([small], tmp_path / "edited"))
    assert [name for _, _, name in made] == edits.NAMES
    sizes = {}
    for _, copy, name in made:
        with Image.open(copy) as image:
            sizes[name] = image.size
    assert sizes["64 pixels"] == (30, 20)  # nothing is enlarged
    assert sizes["crop to 50 % of the sides"] == (15, 10)
    assert sizes["quarter turn"] == (20, 30)
    assert sizes["collage"] == (60, 40)
    original, copy, _ = made[-1]
    with Image.open(original) as png, Image.open(copy) as jpeg:
        assert png.getpixel((0, 0)) == (0, 0, 0, 0)
        assert jpeg.getpixel((0, 0)) == (255, 255, 255)


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


def test_verdicts_are_counted_by_edit_and_by_what_pairs_are_taken_for(
    tmp_path: Path, photos: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "thing"
    folder.mkdir()
    for number, photo in enumerate(photos[:2]):
        with Image.open(photo) as opened:
            opened.convert("RGB").save(folder / f"{number}.png")
            opened.convert("RGB").reduce(2).save(folder / f"{number}-small.png")  # a copy among what should be none
    verdicts.main([str(tmp_path), "--series", str(tmp_path), "--pictures", "1", "--pairs", "1", "--designs", "0"])
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert "mirror         proven 1.000   of 1" in lines
    assert lines.count("1 copies, 0 versions, 0 similar of 1 pairs") >= 1  # the nearest pair
    recall = next(line for line in lines if line.startswith("recall"))
    assert recall.split(",")[0].endswith(f"of {len(verdicts.NAMES)}")


def test_the_nearest_pairs_are_those_that_look_alike(tmp_path: Path, photos: list[Path]) -> None:
    with Image.open(photos[0]) as one, Image.open(photos[1]) as other:
        made = {
            "a": one.convert("RGB"),
            "b": other.convert("RGB"),
            "c": one.convert("RGB").point(lambda level: level // 2),
        }
    (tmp_path / "elsewhere").mkdir()
    for name, image in made.items():
        image.save(tmp_path / f"{name}.png")
    made["a"].save(tmp_path / "elsewhere" / "a.png")
    sources = pictures.sources_in(tmp_path)
    assert pairing.nearest_pairs(sources, 1) == [(tmp_path / "a.png", tmp_path / "c.png")]
    assert len(pairing.random_pairs(sources, 100, seed=1)) == 3


@pytest.mark.parametrize("form", documents.FORMS)
def test_documents_of_one_design_share_it_and_nothing_else(form: str) -> None:
    for one, other in documents.pairs(form, 1):
        equal = (np.asarray(one) == np.asarray(other)).all(axis=2).mean()
        assert 0.5 < equal < 1
    again, _ = next(documents.pairs(form, 1))
    np.testing.assert_array_equal(np.asarray(again), np.asarray(next(documents.pairs(form, 1))[0]))
    scanned, _ = next(documents.pairs(form, 1, scanned=True))
    assert scanned.size == again.size
    assert (np.asarray(scanned) != np.asarray(again)).any(axis=2).mean() > 0.3


@pytest.mark.parametrize(("name", "narrowed"), [("tilted 5 %", 0.05), ("tilted 20 %", 0.2)])
def test_a_tilted_picture_is_narrower_at_its_far_edge(name: str, narrowed: float) -> None:
    tilted = np.asarray(unseen.HARD[name](Image.new("RGB", (400, 200), "white")))
    white = np.asarray((tilted > 250).all(axis=2))
    assert white[1].mean() == pytest.approx(1 - 2 * narrowed, abs=0.02)
    assert white[-2].mean() == pytest.approx(1, abs=0.02)
    assert len(tilted) == round(200 * (1 - 0.6 * narrowed))


@given(seed=st.integers(0, 10_000), signs=st.lists(st.sampled_from([-1.0, 1.0]), min_size=3, max_size=3))
@settings(max_examples=30, deadline=None)
def test_a_fit_is_the_best_one_with_the_signs(seed: int, signs: list[float]) -> None:
    rng = np.random.default_rng(seed)
    terms = rng.normal([0, 5, -2], [1, 0.1, 30], (80, 3))
    copy = np.asarray((terms - [0, 5, -2]) / [1, 0.1, 30] @ rng.normal(size=3) + rng.normal(0, 1, 80) > 0.4)
    copy[:2] = True, False
    fit = fitting.fitted(terms, copy, np.array(signs))
    assert (fit.weights * signs >= 0).all()

    def loss(weights: NDArray[np.float64], bias: float) -> float:
        shares = np.where(copy, (~copy).sum() / copy.sum(), 1.0)
        losses = np.logaddexp(0, np.where(copy, -1, 1) * (terms @ weights + bias)) * shares / shares.mean()
        return float(losses.sum() + fitting.RIDGE / 2 * ((weights * terms.std(axis=0)) ** 2).sum())

    least = loss(fit.weights, fit.bias)
    for at, sign, deviation in zip(range(3), signs, terms.std(axis=0), strict=True):
        for step in (-0.01, 0.01):
            other = fit.weights.copy()
            other[at] = max(sign * (other[at] + step / deviation), 0) * sign
            moved = fit.bias - (other[at] - fit.weights[at]) * terms[:, at].mean()
            assert loss(other, float(moved)) >= least - 1e-6


def test_scores_come_of_fits_to_other_groups() -> None:
    groups = np.repeat(np.arange(20), 5)
    copy = np.repeat(np.arange(20) % 2 == 0, 5)
    names = np.eye(20)[groups]  # each group can be learned by heart, which does not help with others
    scores = fitting.cross_validated(names, copy, np.ones(20), groups)
    assert fitting.area_under_curve(fitting.fitted(names, copy, np.ones(20)).scores(names), copy) == 1
    assert fitting.area_under_curve(scores, copy) <= 0.6
    least = fitting.threshold(np.arange(100.0), copy, false=2)
    assert (np.arange(100.0)[~copy] > least).sum() == 2


def test_evidence_is_fitted_to_pairs_of_files(
    tmp_path: Path, photos: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    lines = []
    for number, photo in enumerate(photos[:2]):
        with Image.open(photo) as opened:
            opened.convert("RGB").reduce(2).save(tmp_path / f"{number}.png")
        lines.append({"a": str(photo), "b": f"{number}.png", "copy": True, "kind": "half", "set": "halves"})
    lines.append({"a": str(photos[0]), "b": str(photos[1]), "copy": False, "set": "others"})
    lines.append({"a": str(photos[0]), "b": "missing.jpg", "copy": True, "set": "gone"})
    (tmp_path / "pairs.jsonl").write_text("\n".join(map(json.dumps, lines)))
    pairs = evidence.pairs_in(tmp_path / "pairs.jsonl", ["gone"])
    found = [evidence.terms_of(pair) for pair in pairs]
    assert [len(each) for each in found[:2]] == [len(evidence.TERMS)] * 2
    assert found[2] == "cannot be aligned"
    assert [pair.set for pair in evidence.spread(pairs, 2)] == ["others", "halves"]

    terms = np.vstack([np.array(found[:2], float), np.zeros((2, len(evidence.TERMS)))])
    pairs = [*pairs, pairs[-1]]
    fit = evidence.fit_and_show(
        [*pairs, *(evidence.Pair(Path("c"), Path(str(at)), at > 1) for at in range(4))],
        np.vstack([terms, terms[::-1]]),
        false=1,
    )
    assert "recall" in capsys.readouterr().out
    source = Path(imsearch.verify.evidence.__file__).read_text()
    written = evidence.with_weights(source, fit)
    assert f"BIAS = {fit.bias:.2f}\n" in written
    assert written.count("\n") == source.count("\n")
    with pytest.raises(ValueError, match="WEIGHTS"):
        evidence.with_weights("", fit)
