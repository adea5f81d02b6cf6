"""`imsearch eval` as it is typed."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from test_cli import on_a_terminal, run


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory, photos: list[Path]) -> Path:
    """Two classes of four pictures."""
    folder = tmp_path_factory.mktemp("eval") / "classes"
    for name in ("animals", "landscapes"):
        (folder / name).mkdir(parents=True)
        for photo in [photo for photo in photos if photo.parent.name == name][:4]:
            shutil.copy(photo, folder / name)
    return folder


def test_json_has_an_object_for_each_model_and_the_plot_is_drawn(classes: Path, tiny_vit: str, tmp_path: Path) -> None:
    plot = tmp_path / "curve.png"
    models = ("--model", tiny_vit, "--model", f"{tiny_vit}:mean")
    result = run("eval", classes, *models, "-k", 2, "-k", 4, "--json", "--plot", plot)
    assert result.returncode == 0, result.stderr
    first, second = (json.loads(line) for line in result.stdout.splitlines())
    assert (first["schema"], first["model"], second["model"]) == (1, tiny_vit, f"{tiny_vit}:mean")
    assert (first["kind"], first["dimensions"], first["asked"], first["pictures"]) == ("ViT", 48, "classes", 8)
    assert set(first["groups"]) == {"animals", "landscapes"}
    assert first["quality"]["questions"] == 8
    assert list(first["quality"]["recall"]) == ["2", "4"]
    for quality in (first["quality"], *first["groups"].values()):
        for value in (quality["mean_average_precision"], quality["precision_at_1"], *quality["recall"].values()):
            assert 0 <= value["low"] <= value["mean"] <= value["high"] <= 1
    assert len(first["curve"]["precision"]) == 101
    assert first["skipped"] == []
    assert result.stderr.decode().splitlines()[-1] == f"wrote {plot}"
    with Image.open(plot, formats=["PNG"]) as drawn:
        assert drawn.width > 800
        assert len(drawn.convert("RGB").getcolors(1 << 24) or ()) > 10


def test_through_a_pipe_there_are_lines_with_tabs(classes: Path, tiny_vit: str) -> None:
    result = run("eval", classes, "--model", tiny_vit, "-k", 3)
    lines = result.stdout.decode().splitlines()
    rows = dict(line.split("\t", 1) for line in lines if "\t" in line)
    assert lines[0] == "8 questions to 8 pictures"
    assert rows["model"] == "tiny-vit"
    assert (rows["kind"], rows["dimensions"]) == ("ViT", "48")
    assert float(rows["images/s"]) > 0
    assert float(rows["ms a query"]) >= 0
    for name in ("mAP", "P@1", "recall@3"):
        assert re.fullmatch(r"[01]\.\d{3} ±0\.\d{3}", rows[name])
    assert rows["class"] == "asked\tmAP\tP@1\trecall@3"
    assert rows["animals"].startswith("4\t")


def test_a_person_at_a_terminal_sees_models_side_by_side(classes: Path, tiny_vit: str) -> None:
    seen = on_a_terminal("eval", classes, "--copies", "--count", 2, "--model", tiny_vit, "--model", f"{tiny_vit}:mean")
    text = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", seen)
    assert re.search(r"model +tiny-vit +tiny-vit:mean", text)
    assert re.search(r"mAP +[01]\.\d{3} ±0\.\d{3} +[01]\.\d{3} ±0\.\d{3}", text)
    assert re.search(r"edit +asked +mAP tiny-vit +mAP tiny-vit:mean", text)
    assert re.search(r"jpeg8 +2 +[01]\.\d{3}", text)
    assert "24/24" in text


def test_what_is_skipped_is_told_once(classes: Path, tiny_model: str, tmp_path: Path) -> None:
    folder = tmp_path / "classes"
    shutil.copytree(classes, folder)
    (folder / "animals" / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing more")
    result = run("eval", folder, "--model", tiny_model, "--model", f"{tiny_model}:mean")
    assert result.returncode == 3
    assert result.stderr.count(b"broken.jpg") == 1
    assert result.stderr.endswith(b"1 file skipped\n")
    labels = tmp_path / "labels.csv"
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.jpg"))
    labels.write_text("path,label\n" + "".join(f"{name},{at % 2}\n" for at, name in enumerate(names)))
    listed = run("eval", folder, "--labels", labels, "--model", tiny_model)
    assert (listed.returncode, listed.stdout.startswith(b"7 questions to 8 pictures\n")) == (3, True)


def test_ctrl_c_leaves_nothing_behind(classes: Path, tiny_model: str, tmp_path: Path) -> None:
    script = (
        "import signal, imsearch, imsearch.cli.output.evaluation as evaluation\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # ignored in background jobs
        "real = evaluation.EvaluationProgress.__call__\n"
        "def call(self, event):\n"
        "    real(self, event)\n"
        "    if isinstance(event, imsearch.Progress):\n"
        "        signal.raise_signal(signal.SIGINT)\n"
        "evaluation.EvaluationProgress.__call__ = call\n"
        "from imsearch.cli import main; main()\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script, "eval", classes, "--model", tiny_model],
        capture_output=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert result.returncode == 128 + signal.SIGINT
    assert result.stderr.endswith(b"interrupted: nothing was measured, and nothing is kept\n")
    assert not list(tmp_path.iterdir())


WRONG = {
    "no such folder": (["{tmp}/none"], 2, "no such folder"),
    "no classes": (["{classes}/animals"], 2, "--copies"),
    "no such labels": (["{classes}", "--labels", "{tmp}/none.csv"], 2, "none.csv cannot be read"),
    "both": (["{classes}", "--labels", "{tmp}/labels.csv", "--copies"], 2, "leave out --labels or --copies"),
    "bad k": (["{classes}", "-k", "0"], 2, "-k"),
    "bad count": (["{classes}", "--copies", "--count", "0"], 2, "--count"),
    "unknown model": (["{classes}", "--model", "nonsense18"], 1, "`imsearch models` lists models"),
    "no weights": (["{classes}", "--model", "resnet18"], 1, "resnet18@FILE"),
    "bad plot": (["{classes}", "--plot", "{tmp}/curve.pdf"], 2, "curve.png"),
}


@pytest.mark.parametrize(("arguments", "code", "message"), WRONG.values(), ids=WRONG)
def test_wrong_input_gets_a_clear_error(
    classes: Path, tmp_path: Path, arguments: list[str], code: int, message: str
) -> None:
    result = run("eval", *(argument.format(classes=classes, tmp=tmp_path) for argument in arguments))
    error = result.stderr.decode()
    assert message in error
    assert "Traceback" not in error
    assert (result.returncode, result.stdout) == (code, b"")
