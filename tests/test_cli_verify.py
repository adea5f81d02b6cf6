"""`imsearch query --verify` as it is typed: what people and programs see of the proofs."""

import html
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageOps
from test_cli import on_a_terminal, run

WITHOUT_OPENCV = "import sys; sys.modules['cv2'] = None\nfrom imsearch.cli import main; main()"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, photos: list[Path]) -> Path:
    """The photographs in a library with the model that comes along."""
    folder = tmp_path_factory.mktemp("verified") / "library"
    result = run("index", photos[0].parents[1], "--library", folder)
    assert result.returncode == 0, result.stderr
    return folder


@pytest.fixture(scope="module")
def original(photos: list[Path]) -> Path:
    (photo,) = (path for path in photos if path.name == "picos-de-europa.jpg")
    return photo


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory, original: Path) -> dict[str, Path]:
    """The photograph turned, mirrored, cropped, set into a frame, and all of its pixels in another file."""
    folder = tmp_path_factory.mktemp("edited")
    with Image.open(original) as picture:
        width, height = picture.size
        copies = {
            "turned 90° right": picture.transpose(Image.Transpose.ROTATE_270),
            "mirrored": ImageOps.mirror(picture),
            "cropped to 25 %": picture.crop((width // 4, height // 4, width * 3 // 4, height * 3 // 4)),
            "32 % of a larger picture": ImageOps.expand(picture, width // 3, (200, 180, 150)),
            "half the size": picture.resize((width // 2, height // 2)),
        }
        picture.save(folder / "same.png")
    for number, copy in enumerate(copies.values()):
        copy.save(folder / f"{number}.jpg", quality=80)
    return {"same": folder / "same.png"} | {words: folder / f"{at}.jpg" for at, words in enumerate(copies)}


def seen_on_a_terminal(*arguments: object) -> str:
    return re.sub(r"\x1b\[[\d;]*m", "", on_a_terminal(*arguments))


def test_a_person_sees_the_verdict_and_what_was_done(library: Path, original: Path, edited: dict[str, Path]) -> None:
    seen = seen_on_a_terminal("query", *edited.values(), "-k", 2, "--verify", "--library", library)
    assert len(re.findall(r"^ +verdict +how +score +size +path", seen, re.MULTILINE)) == len(edited)
    for words in [*edited][1:]:
        assert re.search(rf"^1  copy     {words} +\d\.\d\d\d", seen, re.MULTILINE), words
    assert re.search(r"^1  exact +\d\.\d\d\d +800 x 600", seen, re.MULTILINE)
    assert re.search(r"^2  similar +\d\.\d\d\d", seen, re.MULTILINE)


def test_a_preview_shows_it_too(library: Path, edited: dict[str, Path]) -> None:
    seen = seen_on_a_terminal("query", edited["mirrored"], "-k", 1, "--verify", "--preview", "--library", library)
    assert re.search(r"copy +\r?\n.* mirrored", seen)


def test_through_a_pipe_the_verdict_is_one_more_field(library: Path, original: Path, edited: dict[str, Path]) -> None:
    ask = ("query", edited["mirrored"], "-k", 2, "--library", library)
    first, second = (line.split("\t") for line in run(*ask, "--verify").stdout.decode().splitlines())
    assert first[1:] == [str(original), "copy"]
    assert second[2:] == ["similar"]
    assert all(len(line.split("\t")) == 2 for line in run(*ask).stdout.decode().splitlines())
    assert run(*ask, "--verify", "--paths").stdout.decode().splitlines()[0] == str(original)


def test_json_has_the_documented_shape(library: Path, original: Path, edited: dict[str, Path]) -> None:
    answer = json.loads(run("query", edited["mirrored"], "-k", 2, "--verify", "--json", "--library", library).stdout)
    first, second = answer["hits"]
    proof = ["verdict", "agreement", "inliers", "overlap", "transform", "quadrilateral"]
    proof += ["changed", "changed_parts", "photographed", "apart"]
    for hit in (first, second):
        assert list(hit) == ["rank", "path", "score", "width", "height", "format", "taken", "region", *proof]
    assert (first["path"], first["verdict"]) == (str(original), "copy")
    assert first["agreement"] > 0.9
    assert first["inliers"] > 20
    assert first["overlap"] == {"probe": pytest.approx(1, abs=0.03), "hit": pytest.approx(1, abs=0.03)}
    assert list(first["transform"]) == ["mirrored", "turned", "scale", "matrix"]
    assert first["transform"]["mirrored"] is True
    assert [len(row) for row in first["transform"]["matrix"]] == [3, 3, 3]
    assert first["quadrilateral"][0] == pytest.approx([800, 0], abs=6)  # the probe's top left is the hit's top right
    assert (second["verdict"], second["transform"], second["quadrilateral"]) == ("similar", None, None)
    assert second["overlap"] == {"probe": 0.0, "hit": 0.0}


def test_the_page_draws_each_match(library: Path, edited: dict[str, Path], original: Path, tmp_path: Path) -> None:
    odd = tmp_path / "album" / "<b>&'\".jpg"
    odd.parent.mkdir()
    shutil.copy(original, odd)
    (tmp_path / "library").mkdir()
    shutil.copytree(library, tmp_path / "library", dirs_exist_ok=True)
    assert run("index", odd.parent, "--library", tmp_path / "library").returncode == 0
    sheet = tmp_path / "sheet.html"
    ask = ("query", edited["cropped to 25 %"], "-k", 4, "--verify", "--library", tmp_path / "library")
    assert run(*ask, "--html", sheet).returncode == 0
    page = sheet.read_text()
    drawings = re.findall(r'<svg class="match" role="img".*?</svg>', page, re.DOTALL)
    assert len(drawings) == 2  # the photograph and its twin; the others are not aligned
    for drawn in drawings:
        assert drawn.count("<image ") == 2
        assert drawn.count('href="data:image/jpeg;base64,') == 2
        assert drawn.count('<polygon class="halo"') == 2
        assert drawn.count("<polygon points=") == 2
        assert drawn.count("<path d=") > 5
        assert re.search(r"<title>copy: the probe on the left, .* \(cropped to 25 %\)</title>", drawn)
    assert page.count('<span class="badge copy">copy</span>') == 2
    assert page.count('<span class="badge similar">similar</span>') == 2
    assert "<b>&'\".jpg" in html.unescape(page)
    assert "<b>&" not in page
    assert "http" not in page.replace("http-equiv", "").replace('xmlns="http://www.w3.org/2000/svg"', "")


def test_the_page_draws_the_part_that_was_asked_with(library: Path, original: Path, tmp_path: Path) -> None:
    ask = ("query", original, "--crop", "50%,50%,50%,50%", "-k", 1, "--verify", "--library", library)
    assert run(*ask, "--html", tmp_path / "sheet.html").returncode == 0
    page = (tmp_path / "sheet.html").read_text()
    in_probe, in_hit = (box(points) for points in re.findall(r'<polygon points="([^"]*)"', page))
    assert in_probe == pytest.approx([0, 62.5, 500, 437.5], abs=6)
    assert in_hit == pytest.approx([774, 250, 1024, 437.5], abs=6)


def box(points: str) -> list[float]:
    """Left, top, right and bottom of a polygon."""
    corners = [[float(number) for number in corner.split(",")] for corner in points.split()]
    return [choose(corner[at] for corner in corners) for choose in (min, max) for at in (0, 1)]


# Without OpenCV


def run_without_opencv(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_OPENCV, *map(str, arguments)], capture_output=True, text=True, env=os.environ
    )


def test_verifying_says_what_is_missing(library: Path, original: Path) -> None:
    result = run_without_opencv("query", original, "--verify", "--library", library)
    assert (result.returncode, result.stdout) == (2, "")
    assert "needs OpenCV" in result.stderr
    assert "pip install 'imsearch-engine[verify]'" in result.stderr
    assert run_without_opencv("query", original, "-k", 1, "--library", library).returncode == 0


def test_duplicates_say_that_only_exact_copies_are_found(library: Path) -> None:
    result = run_without_opencv("duplicates", "--library", library)
    assert (result.returncode, result.stdout) == (0, "")
    assert result.stderr == (
        "only exact copies: edited ones are told with OpenCV, which comes with: pip install 'imsearch-engine[verify]'\n"
        "0 groups of copies\n"
    )
    assert "OpenCV" not in run("duplicates", "--library", library).stderr.decode()
