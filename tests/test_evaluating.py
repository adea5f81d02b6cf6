"""Evaluations of real pictures, beside what queries to a library of one's own give."""

import shutil
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import imsearch
from imsearch.evaluation.collection import evenly, read_collection
from imsearch.evaluation.edits import EDITS
from imsearch.evaluation.plot import check_plot, write_plot
from imsearch.evaluation.run import seconds_per_query


@pytest.fixture
def classes(tmp_path: Path, photos: list[Path]) -> Path:
    """Animals, landscapes and things in folders of their own, and one picture that is in none."""
    folder = tmp_path / "classes"
    for photo in photos:
        if photo.parent.name in ("animals", "landscapes", "things"):
            (folder / photo.parent.name).mkdir(parents=True, exist_ok=True)
            shutil.copy(photo, folder / photo.parent.name)
    shutil.copy(photos[0].parents[1] / "space" / "rocket.jpg", folder)
    return folder


def plain_average_precisions(folder: Path, model: str, library: Path) -> dict[str, float]:
    """By asking a library with each picture of a class, as a person would."""
    found = {}
    with imsearch.open(library, model=model) as opened:
        opened.index(folder)
        for probe in sorted(folder.glob("*/*")):
            hits = [Path(hit.path) for hit in opened.query(probe, k=100) if hit.path != str(probe)]
            right = [hit.parent == probe.parent for hit in hits]
            precisions = [sum(right[:rank]) / rank for rank in range(1, len(right) + 1) if right[rank - 1]]
            found[str(probe)] = sum(precisions) / len(precisions)
    return found


def test_classes_are_measured_as_queries_would(classes: Path, tiny_model: str, tmp_path: Path) -> None:
    (evaluation,) = imsearch.evaluate(classes, models=[tiny_model])
    expected = plain_average_precisions(classes, tiny_model, tmp_path / "library")
    assert evaluation.quality.questions == len(expected) == 14
    assert evaluation.quality.mean_average_precision.mean == pytest.approx(np.mean(list(expected.values())))
    for name, quality in evaluation.groups.items():
        of_class = [value for path, value in expected.items() if Path(path).parent.name == name]
        assert quality.questions == len(of_class)
        assert quality.mean_average_precision.mean == pytest.approx(np.mean(of_class))
    worst_first = [quality.mean_average_precision.mean for quality in evaluation.groups.values()]
    assert worst_first == sorted(worst_first)
    assert (evaluation.model, evaluation.kind, evaluation.dimensions) == (tiny_model, "CNN", 48)
    assert (evaluation.asked, evaluation.pictures, evaluation.skipped) == ("classes", 15, ())
    assert evaluation.images_per_second > 0
    assert evaluation.seconds_per_query > 0
    assert len(evaluation.curve.recall) == len(evaluation.curve.precision) == 101
    assert list(evaluation.quality.recall) == [1, 5, 10]


def test_identical_files_are_one_picture(classes: Path, tiny_model: str) -> None:
    (before,) = imsearch.evaluate(classes, models=[tiny_model])
    first = sorted((classes / "animals").iterdir())[0]
    shutil.copy(first, classes / "animals" / f"copy of {first.name}")
    shutil.copy(first, classes / f"copy of {first.name}")
    (after,) = imsearch.evaluate(classes, models=[tiny_model])
    assert (after.quality, after.groups, after.curve) == (before.quality, before.groups, before.curve)


def test_a_picture_alone_in_its_class_is_only_a_wrong_hit(classes: Path, tiny_model: str) -> None:
    (before,) = imsearch.evaluate(classes, models=[tiny_model])
    (classes / "space").mkdir()
    (classes / "rocket.jpg").rename(classes / "space" / "rocket.jpg")
    (after,) = imsearch.evaluate(classes, models=[tiny_model])
    assert (after.quality, after.groups, after.pictures) == (before.quality, before.groups, before.pictures)


def test_labels_stand_for_folders(classes: Path, tiny_model: str, tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    rows = [f'"{path.relative_to(classes)}",{path.parent.name},x' for path in sorted(classes.glob("*/*"))]
    labels.write_text("\n".join(["path,label,note", *rows, ""]), encoding="utf-8-sig")
    (by_folder,) = imsearch.evaluate(classes, models=[tiny_model], ks=[3])
    (by_labels,) = imsearch.evaluate(classes, models=[tiny_model], labels=labels, ks=[3])
    assert (by_labels.quality, by_labels.groups) == (by_folder.quality, by_folder.groups)
    assert list(by_labels.quality.recall) == [3]


def test_a_picture_may_have_several_labels(classes: Path, tiny_model: str, tmp_path: Path) -> None:
    one, two, three = sorted(path.name for path in (classes / "animals").iterdir())[:3]
    labels = tmp_path / "labels.csv"
    labels.write_text(f"path,label\nanimals/{one},a\nanimals/{two},a\nanimals/{two},b\nanimals/{three},b\n")
    (evaluation,) = imsearch.evaluate(classes, models=[tiny_model], labels=labels)
    assert evaluation.quality.questions == 3
    assert {name: quality.questions for name, quality in evaluation.groups.items()} == {"a": 2, "b": 2}


def test_copies_ask_for_their_originals(album: Path, tiny_model: str) -> None:
    events: Counter[str] = Counter()
    asked = []

    def listen(event: object) -> None:
        events[type(event).__name__] += 1
        if isinstance(event, imsearch.Ranked):
            asked.append((event.done, event.total))

    (evaluation,) = imsearch.evaluate(album, models=[tiny_model], copies=True, count=6, listener=listen)
    assert evaluation.asked == "copies"
    assert set(evaluation.groups) == set(EDITS)
    assert evaluation.quality.questions == 6 * len(EDITS) == sum(each.questions for each in evaluation.groups.values())
    assert evaluation.groups["jpeg8"].precision_at_1.mean > evaluation.groups["crop20"].precision_at_1.mean
    for quality in evaluation.groups.values():
        assert quality.recall[1] == quality.precision_at_1
        assert quality.recall[1].mean <= quality.mean_average_precision.mean <= quality.recall[10].mean + 0.1
    reached = [level for level, share in zip(evaluation.curve.recall, evaluation.curve.precision, strict=True) if share]
    assert max(reached) == pytest.approx(evaluation.quality.precision_at_1.mean, abs=0.01)
    assert events["Evaluating"] == 1
    assert events["Progress"] > 0
    assert asked[-1] == (72, 72)
    assert asked == sorted(set(asked))
    (again,) = imsearch.evaluate(album, models=[tiny_model], copies=True, count=6)
    assert (again.quality, again.groups, again.curve) == (evaluation.quality, evaluation.groups, evaluation.curve)


def test_models_stand_side_by_side(classes: Path, tiny_model: str) -> None:
    both = imsearch.evaluate(classes, models=[tiny_model, f"{tiny_model}:mean", tiny_model])
    assert [evaluation.model for evaluation in both] == [tiny_model, f"{tiny_model}:mean"]
    assert both[0].quality != both[1].quality


def test_queries_are_timed_with_pictures_that_the_library_does_not_know(library: imsearch.Library, album: Path) -> None:
    library.index(album)
    assert seconds_per_query(library, read_collection(library)) > 0
    assert library.info().pictures == 0


def test_pictures_are_chosen_evenly() -> None:
    assert evenly(10, 3) == [0, 3, 6]
    assert evenly(3, 3) == evenly(3, 10) == [0, 1, 2]
    assert evenly(3000, 100)[-1] == 2970


def test_unreadable_pictures_are_skipped_and_told(classes: Path, tiny_model: str, tmp_path: Path) -> None:
    (before,) = imsearch.evaluate(classes, models=[tiny_model])
    broken = classes / "animals" / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff nothing more")
    (classes / "animals" / "notes.txt").write_text("no picture")
    told: list[object] = []
    (after,) = imsearch.evaluate(classes, models=[tiny_model], listener=told.append)
    assert (after.quality, after.groups) == (before.quality, before.groups)
    (skip,) = after.skipped
    assert skip.path == str(broken)
    assert skip in told


def test_a_labelled_file_that_is_no_picture_is_told(classes: Path, tiny_model: str, tmp_path: Path) -> None:
    (classes / "notes.txt").write_text("no picture")
    (classes / ".hidden.jpg").write_bytes((classes / "rocket.jpg").read_bytes())
    names = sorted(f"animals/{path.name}" for path in (classes / "animals").iterdir())
    labels = tmp_path / "labels.csv"
    labels.write_text("path,label\n" + "".join(f"{name},a\n" for name in [*names, "notes.txt", ".hidden.jpg"]))
    (evaluation,) = imsearch.evaluate(classes, models=[tiny_model], labels=labels)
    assert [Path(skip.path).name for skip in evaluation.skipped] == [".hidden.jpg", "notes.txt"]
    assert evaluation.quality.questions == len(names)


def test_nothing_is_left_behind(
    classes: Path, tiny_model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    before = sorted(classes.rglob("*"))
    imsearch.evaluate(classes, models=[tiny_model])
    assert not list((tmp_path / "temporary").iterdir())
    assert sorted(classes.rglob("*")) == before


def test_no_room_for_temporary_files_is_told(
    classes: Path, tiny_model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    with pytest.raises(imsearch.LibraryError, match=r"No such file or directory.*TMPDIR"):
        imsearch.evaluate(classes, models=[tiny_model])


LABELS = {
    "no column": ("path,class\nrocket.jpg,a\n", "has no column 'label'"),
    "no header": ("rocket.jpg,a\n", "has no column 'path'"),
    "empty": ("", "has no column 'path'"),
    "header alone": ("path,label\n", "there are no labels"),
    "no such file": ("path,label\nrocket.jpg,a\nnone.jpg,a\n", "line 3: no such file: .*none.jpg"),
    "a folder": ("path,label\nanimals,a\n", "line 2: no such file"),
    "outside": ("path,label\n../x.jpg,a\n", "line 2: ../x.jpg lies outside"),
    "no label": ("path,label\nrocket.jpg,\n", "line 2: a line has a path and a label"),
    "short": ("path,label\nrocket.jpg\n", "line 2: a line has a path and a label"),
    "not text": (b"path,label\n\xff\xfe,a\n", "not in UTF-8"),
    "nul": ('path,label\n"a\0b.jpg",a\n', "line 2: no such file"),
}


@pytest.mark.parametrize(("content", "message"), LABELS.values(), ids=LABELS)
def test_labels_that_cannot_be(classes: Path, tmp_path: Path, content: str | bytes, message: str) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(imsearch.UsageError, match=message):
        imsearch.evaluate(classes, labels=labels)


def test_folders_that_cannot_be_evaluated(tmp_path: Path, album: Path, tiny_model: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "one").mkdir()
    shutil.copytree(album, tmp_path / "one" / "class")
    shutil.copytree(album, tmp_path / "flat")
    singles = tmp_path / "singles"
    for at, photo in enumerate(sorted(album.iterdir())[:2]):
        (singles / str(at)).mkdir(parents=True)
        shutil.copy(photo, singles / str(at))
    (tmp_path / "broken" / "a").mkdir(parents=True)
    (tmp_path / "broken" / "a" / "1.jpg").write_bytes(b"\xff\xd8\xff")
    shutil.copytree(singles / "0", tmp_path / "single")
    for folder, copies, message in (
        ("none", False, "no such folder"),
        ("empty", False, "put each class into a subfolder.*labels.*copies"),
        ("flat", False, "put each class into a subfolder"),
        ("one", False, "all pictures are of one class"),
        ("singles", False, "no class has two different pictures"),
        ("broken", False, "no picture that can be read"),
        ("empty", True, "no picture that can be read"),
        ("single", True, "only one picture"),
    ):
        with pytest.raises(imsearch.UsageError, match=message):
            imsearch.evaluate(tmp_path / folder, models=[tiny_model], copies=copies)


def test_arguments_that_cannot_be(classes: Path, tmp_path: Path, tiny_model: str) -> None:
    for arguments, error, message in (
        ({"labels": tmp_path / "none.csv"}, imsearch.UsageError, "none.csv cannot be read: No such file"),
        ({"labels": tmp_path / "x.csv", "copies": True}, imsearch.UsageError, "without labels"),
        ({"ks": [0]}, imsearch.UsageError, "k must be at least 1, not 0"),
        ({"copies": True, "count": 0}, imsearch.UsageError, "count must be at least 1, not 0"),
        ({"models": [tiny_model, "nonsense18"]}, imsearch.UnknownModelError, "nonsense18"),
        ({"models": ["resnet18"]}, imsearch.WeightsUnavailableError, "resnet18"),
    ):
        seen: list[object] = []
        with pytest.raises(error, match=message):
            imsearch.evaluate(classes, **arguments, listener=seen.append)
        assert not any(isinstance(event, imsearch.Evaluating | imsearch.Scanned) for event in seen)


def test_a_plot_shows_a_curve_for_each_model(classes: Path, tiny_model: str, tmp_path: Path) -> None:
    evaluations = imsearch.evaluate(classes, models=[tiny_model, f"{tiny_model}:mean"])
    for name, drawn in (("one.png", evaluations[:1]), ("two.png", evaluations)):
        write_plot(tmp_path / name, drawn)
    one, two = (
        np.asarray(Image.open(tmp_path / name, formats=["PNG"]).convert("RGB")) for name in ("one.png", "two.png")
    )

    def coloured(pixels: np.ndarray, colour: tuple[int, int, int]) -> int:
        return int((pixels == colour).all(axis=2).sum())

    first, second = (11, 110, 153), (217, 130, 43)
    assert coloured(one, first) > 500
    assert coloured(one, second) == 0
    assert coloured(two, first) > 500
    assert coloured(two, second) > 500


def test_a_plot_that_cannot_be_is_told_before(tmp_path: Path, classes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_plot(tmp_path / "curve.PNG")
    for name, message in (("curve.svg", "call it .*curve.png"), ("none/curve.png", "there is no folder")):
        with pytest.raises(imsearch.UsageError, match=message):
            check_plot(tmp_path / name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(imsearch.UsageError, match=r"pip install 'imsearch-engine\[eval\]'"):
        check_plot(tmp_path / "curve.png")
