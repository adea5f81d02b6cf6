"""What the README tells people to type is run, and what it says of the command line is true."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

from imsearch.cli.main import app
from imsearch.cli.output.answer_lines import proof_values
from imsearch.types.hits import Proof

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout to run in, with a program `imsearch` on the path."""
    folder = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "data", folder / "data")
    (folder / "bin").mkdir()
    program = folder / "bin" / "imsearch"
    program.write_text(f"#!{sys.executable}\nfrom imsearch.cli import main\nmain()\n")
    program.chmod(0o755)
    return folder


def environment(place: Path) -> dict[str, str]:
    return {
        **os.environ,
        "PATH": f"{place / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "IMSEARCH_LIBRARY": str(place / "library"),
    }


@pytest.mark.parametrize("block", [block for block in blocks("sh") if "data/photos" in block and "clone" not in block])
def test_commands(place: Path, block: str) -> None:
    indexed_before = [] if block.startswith("imsearch index") else ["imsearch index data/photos"]
    for line in [*indexed_before, *block.splitlines()]:
        result = subprocess.run(line, shell=True, cwd=place, env=environment(place), capture_output=True, text=True)
        assert result.returncode == 0, (line, result.stderr)


def test_python(place: Path) -> None:
    (code,) = blocks("python")
    result = subprocess.run(
        [sys.executable, "-c", code + "\nprint(vector.shape, vector.dtype)"],
        cwd=place,
        env=environment(place),
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    first, *_, last = result.stdout.splitlines()
    assert first == f"1.000  {place / 'data/photos/animals/cat.png'}"
    assert last == "(1280,) float32"


def test_every_command_is_named() -> None:
    for name in typer.main.get_group(app).commands:
        if name != "remove":
            assert f"imsearch {name}" in README


def test_every_key_of_a_proof_is_explained() -> None:
    for key in proof_values(Proof("similar")):
        assert re.search(rf"^\| `{key}` \|", README, re.MULTILINE), key


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("https://") or (ROOT / target).exists(), target


def test_the_first_screen_names_both_scripts() -> None:
    screen = README.splitlines()[:24]
    for script in ("./scripts/quickstart", "./scripts/test"):
        assert any(line.startswith(script) for line in screen)
        assert os.access(ROOT / script, os.X_OK)


def test_every_photograph_has_its_source() -> None:
    listed = set(re.findall(r"^\| ([\w/.-]+\.\w+) \|", (ROOT / "data/SOURCES.md").read_text(), re.MULTILINE))
    there = {
        path.relative_to(ROOT / "data/photos").as_posix()
        for path in (ROOT / "data/photos").rglob("*")
        if path.is_file()
    }
    assert listed == there
