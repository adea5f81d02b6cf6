"""`imsearch duplicates` as it is typed: what it shows, what it moves to the trash, and what it leaves alone."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import toy
from PIL import Image
from test_cli import on_a_terminal

Run = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a trash of its own."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def running(library: Path, home: Path, model: str) -> Run:
    """Run a command on a library, with a trash in ``home``."""
    environment = {
        **os.environ,
        "HOME": str(home),
        "XDG_DATA_HOME": str(home / "data"),
        "IMSEARCH_LIBRARY": str(library),
    }

    def run(*arguments: object, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
        options = ["--model", model] if arguments[0] == "index" else []
        return subprocess.run(
            [
                sys.executable,
                "-c",
                "from imsearch.cli import main; main()",
                *(os.fsencode(str(argument)) for argument in arguments),
                *options,
            ],
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            env=environment,
        )

    return run


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, tiny_model: str, photos: list[Path]) -> Path:
    """A folder with an indexed album, its library, and what both are made anew from."""
    folder = tmp_path_factory.mktemp("place")
    album = folder / "album"
    (album / "sub").mkdir(parents=True)
    for photo in [path for path in photos if path.suffix == ".jpg"][:8]:
        shutil.copy2(photo, album)
    first, second = sorted(album.glob("*.jpg"))[:2]
    shutil.copy2(first, album / "sub" / "the-same-again.jpg")
    shutil.copy2(second, album / "a-twin-of-the-second.jpg")
    with Image.open(first) as picture:
        picture.resize((picture.width // 2, picture.height // 2)).save(album / "sub" / "half.jpg", quality=70)
    indexed = running(folder / "library", folder, tiny_model)("index", album)
    assert indexed.returncode == 0, indexed.stderr
    for name in ("album", "library"):
        shutil.copytree(folder / name, folder / "fresh" / name)
    return folder


@pytest.fixture
def album(place: Path) -> Path:
    """The album as it was indexed."""
    for name in ("album", "library"):
        shutil.rmtree(place / name)
        shutil.copytree(place / "fresh" / name, place / name)
    return place / "album"


@pytest.fixture
def run(place: Path, home: Path, tiny_model: str) -> Run:
    """Run a command on the library of the album."""
    return running(place / "library", home, tiny_model)


@pytest.fixture
def copies(album: Path) -> dict[str, Path]:
    """One photograph has an exact and an edited copy, and another an exact one."""
    first, second = sorted(path for path in album.glob("*.jpg") if not path.name.startswith("a-twin"))[:2]
    return {
        "kept": first,
        "same": album / "sub" / "the-same-again.jpg",
        "half": album / "sub" / "half.jpg",
        "second": second,
        "twin": album / "a-twin-of-the-second.jpg",
    }


@pytest.fixture
def photo(album: Path, copies: dict[str, Path]) -> Path:
    """A photograph of the album that has no copy yet."""
    return max(path for path in album.glob("*.jpg") if path not in copies.values())


def in_trash(home: Path) -> set[str]:
    folder = home / "data" / "Trash" / "files"
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def test_lines_through_a_pipe(run: Run, copies: dict[str, Path]) -> None:
    result = run("duplicates")
    rows = [line.split("\t") for line in result.stdout.decode().splitlines()]
    assert result.returncode == 0
    with Image.open(copies["kept"]) as picture:
        size = f"{picture.width}x{picture.height}"
    bytes_ = str(copies["kept"].stat().st_size)
    group = [row for row in rows if row[1] == "copy"]
    assert group[0][1:7] == ["copy", "kept", size, "jpeg", bytes_, str(copies["kept"])]
    assert group[0][7].startswith("largest: ")
    assert [row[2:3] + row[6:] for row in group[1:]] == [
        ["copy", str(copies["half"]), ""],
        ["exact", str(copies["same"]), ""],
    ]
    assert [row[2] for row in rows if row[1] == "exact"] == ["kept", "exact"]
    assert {row[0] for row in rows} == {"1", "2"}
    assert re.fullmatch(rb"2 groups of copies: 3 files \([\d.]+ KiB\) beside those to keep\n", result.stderr)


def test_json_and_html(run: Run, copies: dict[str, Path], tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    result = run("duplicates", "--json", "--html", page, copies["half"])
    (group,) = (json.loads(line) for line in result.stdout.splitlines())
    assert list(group) == ["schema", "kind", "keep", "reason", "bytes", "files"]
    assert (group["schema"], group["kind"], group["keep"]) == (1, "copy", str(copies["kept"]))
    assert group["bytes"] == copies["half"].stat().st_size + copies["same"].stat().st_size
    assert list(group["files"][0]) == ["path", "relation", "size", "width", "height", "format", "taken"]
    assert {file["relation"] for file in group["files"]} == {"kept", "exact", "copy"}
    text = page.read_text()
    assert text.count("data:image/jpeg;base64,") == 3
    assert text.count('href="file:///') == 3
    assert "largest: " in text
    assert text.rstrip().endswith("</html>")
    failed = run("duplicates", "--html", tmp_path / "none" / "page.html")
    assert (failed.returncode, b"cannot be written" in failed.stderr) == (2, True)


def test_a_person_at_a_terminal_sees_tables(copies: dict[str, Path], place: Path) -> None:
    seen = on_a_terminal("duplicates", "--library", place / "library")
    seen = re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", seen)
    assert re.search(r"1\. exact copies; keep: \S", seen)
    assert re.search(r"size\s+format\s+bytes\s+taken\s+path", seen)
    assert re.search(r"^keep ", seen, re.MULTILINE)
    assert "groups of copies" in seen
    assert r"\n" not in seen


def test_a_dry_run_prints_and_moves_nothing(run: Run, copies: dict[str, Path], home: Path) -> None:
    result = run("duplicates", "--dry-run")
    assert result.returncode == 0
    assert {*result.stdout.decode().splitlines()} == {str(copies[name]) for name in ("same", "half", "twin")}
    assert re.search(rb"would move 3 files \([\d.]+ KiB\) to the trash\n", result.stderr)
    assert run("duplicates", "--trash", "--dry-run", stdin=b"y\n").stdout == result.stdout
    listed = [json.loads(line) for line in run("duplicates", "--dry-run", "--json").stdout.splitlines()]
    assert {each["trash"] for each in listed} == {*result.stdout.decode().splitlines()}
    assert in_trash(home) == set()
    assert all(path.exists() for path in copies.values())


def test_the_rest_goes_to_the_trash_after_asking_and_leaves_the_library(
    run: Run, copies: dict[str, Path], home: Path
) -> None:
    size = sum(copies[name].stat().st_size for name in ("same", "half", "twin"))
    result = run("duplicates", "--trash", stdin=b"y\n")
    assert result.returncode == 0
    assert f"move 3 files ({size / 1024:.1f} KiB), copies, to the trash? [y/N]" in result.stderr.decode()
    assert b"moved 3 files" in result.stderr
    assert in_trash(home) == {copies[name].name for name in ("same", "half", "twin")}
    assert copies["kept"].exists()
    assert copies["second"].exists()
    files = run("files").stdout.decode().splitlines()
    assert len(files) == 8
    assert str(copies["half"]) not in files
    again = run("duplicates", "--trash")
    assert (again.returncode, again.stdout, again.stderr) == (0, b"", b"0 groups of copies\n")


@pytest.mark.parametrize("answer", [b"n\n", b"\n", b"what?\n"])
def test_any_other_answer_moves_nothing(run: Run, copies: dict[str, Path], home: Path, answer: bytes) -> None:
    result = run("duplicates", "--trash", stdin=answer)
    assert (result.returncode, in_trash(home)) == (0, set())
    assert result.stderr.endswith(b"nothing was moved\n")


def test_without_an_answer_it_refuses(run: Run, copies: dict[str, Path], home: Path) -> None:
    result = run("duplicates", "--trash")
    assert (result.returncode, in_trash(home)) == (2, set())
    assert b"nobody answered" in result.stderr
    assert b"--dry-run" in result.stderr
    assert len(run("files").stdout.splitlines()) == 11


def test_with_a_path_only_files_there_go(run: Run, copies: dict[str, Path], home: Path) -> None:
    result = run("duplicates", copies["half"], "--trash", stdin=b"y\n")
    assert result.returncode == 0
    assert in_trash(home) == {"half.jpg"}
    assert copies["same"].exists()
    assert copies["twin"].exists()


def test_what_changed_is_left_and_told(run: Run, copies: dict[str, Path], home: Path) -> None:
    with open(copies["same"], "ab") as file:
        file.write(b"more")
    result = run("duplicates", "--trash", stdin=b"y\n")
    assert result.returncode == 3
    assert f"skipped {copies['same']}: it has changed since it was indexed" in result.stderr.decode()
    assert in_trash(home) == {copies["half"].name, copies["twin"].name}
    assert copies["same"].exists()


def test_nothing_goes_for_a_file_to_keep_that_is_gone(run: Run, copies: dict[str, Path], home: Path) -> None:
    copies["kept"].unlink()
    result = run("duplicates", copies["kept"].parent / "sub", "--trash", stdin=b"y\n")
    assert result.returncode == 3
    assert result.stderr.decode().count(f"the file to keep, {copies['kept']}, cannot be reached") == 2
    assert in_trash(home) == set()


def test_links_to_what_is_kept_are_left(run: Run, album: Path, photo: Path, home: Path) -> None:
    os.link(photo, album / "another-name-for-that-photograph.jpg")
    (album / "a-link-to-that-photograph.jpg").symlink_to(photo)
    assert run("index", album).returncode == 0
    result = run("duplicates", photo, "--dry-run")
    assert (result.returncode, result.stdout) == (0, b"")
    result = run("duplicates", "--trash", stdin=b"y\n")
    assert (result.returncode, len(in_trash(home))) == (0, 3)
    assert result.stderr.count(b"is a link to a file that stays") == 2


def test_a_kept_link_does_not_cost_its_file(run: Run, album: Path, photo: Path, home: Path) -> None:
    (album / "a").symlink_to(photo)
    assert run("index", album).returncode == 0
    assert run("duplicates", photo).stdout.decode().splitlines()[0].split("\t")[6] == str(album / "a")
    result = run("duplicates", photo, "--trash", stdin=b"y\n")
    assert (result.returncode, in_trash(home), photo.exists()) == (0, set(), True)
    assert b"to the trash?" not in result.stderr


def test_series_are_asked_about_apart(run: Run, album: Path, photo: Path, copies: dict[str, Path], home: Path) -> None:
    with Image.open(photo) as picture:
        toy.near_alike(picture, across=True, down=True).save(album / "near-alike.png")
    assert run("index", album).returncode == 0
    shown = run("duplicates", "--series")
    assert b"series of pictures that are no copies" in shown.stderr
    result = run("duplicates", "--series", "--trash", stdin=b"y\nn\n")
    assert result.returncode == 0
    assert b"pictures of series, which are no copies, to the trash?" in result.stderr
    assert in_trash(home) == {copies[name].name for name in ("same", "half", "twin")}


def test_a_trash_that_cannot_be_had_loses_nothing(run: Run, copies: dict[str, Path], home: Path) -> None:
    (home / "data").write_text("no folder")
    result = run("duplicates", "--trash", stdin=b"y\n")
    assert result.returncode == 3
    assert result.stderr.count(b"\nskipped ") == 3
    assert b"Traceback" not in result.stderr
    assert all(path.exists() for path in copies.values())
    assert len(run("files").stdout.splitlines()) == 11


def test_names_that_are_not_text(run: Run, album: Path, photo: Path, home: Path) -> None:
    name = os.path.join(os.fsencode(album), b"odd \xff\n\x1b[31m.jpg")
    shutil.copy2(os.fsencode(photo), name)
    assert run("index", album).returncode == 0
    shown = run("duplicates", photo).stdout
    assert shown.count(b"\n") == 2
    assert b"\x1b" not in shown
    (group,) = (json.loads(line) for line in run("duplicates", photo, "--json").stdout.splitlines())
    assert name in {os.fsencode(file["path"]) for file in group["files"]}
    assert run("duplicates", "--prefer", photo, "--trash", stdin=b"y\n").returncode == 0
    assert not os.path.exists(name)
    assert len(in_trash(home)) == 4


def test_trash_is_a_command_too(run: Run, copies: dict[str, Path], home: Path) -> None:
    planned = run("duplicates", "trash", "--dry-run", copies["half"])
    assert (planned.returncode, planned.stdout.decode()) == (0, f"{copies['half']}\n")
    assert in_trash(home) == set()
    result = run("duplicates", "trash", copies["half"], stdin=b"y\n")
    assert (result.returncode, in_trash(home)) == (0, {"half.jpg"})
    assert b"to the trash? [y/N]" in result.stderr
    refused = run("duplicates", "trash")
    assert (refused.returncode, b"nobody answered" in refused.stderr) == (2, True)


def test_a_path_may_be_called_like_a_command(
    run: Run, copies: dict[str, Path], album: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (album / "sub").rename(album / "trash")
    assert run("index", album).returncode == 0
    monkeypatch.chdir(album)
    for arguments in (("./trash",), ("find", "trash"), ("--json", "trash")):
        result = run("duplicates", *arguments)
        assert (result.returncode, b"half.jpg" in result.stdout) == (0, True), arguments
        assert b"to the trash" not in result.stderr
    assert run("duplicates", "trash", "trash", "--dry-run").stdout.count(b"\n") == 2
    assert in_trash(home) == set()


def test_help_shows_the_options_of_the_default_and_all_commands(run: Run) -> None:
    for option in ("--help", "-h"):
        text = run("duplicates", option).stdout.decode()
        for part in ("--keep RULE", "--series", "--trash", "--library ADDRESS", "./trash"):
            assert part in text
        for name in ("find", "trash", "different", "forget-different", "decisions"):
            assert re.search(rf"^  {name} ", text, re.MULTILINE)
            assert run("duplicates", name, "--help").returncode == 0


def test_decisions_are_taken_listed_and_taken_back(run: Run, copies: dict[str, Path], album: Path) -> None:
    kept, half = copies["kept"], copies["half"]
    assert run("duplicates", "different", kept, half).stderr == b"1 pair newly remembered as different\n"
    assert b"copy" not in run("duplicates").stdout
    assert run("remove", album).returncode == 0
    assert run("index", album).returncode == 0
    assert b"copy" not in run("duplicates").stdout
    pair = run("duplicates", "decisions").stdout.decode().split()
    assert {*pair} == {str(kept), str(half)}
    taken_back = run("duplicates", "forget-different", kept, half)
    assert taken_back.stderr == b"1 pair no longer remembered as different\n"
    assert b"copy" in run("duplicates").stdout
    assert run("duplicates", "decisions").stdout == b""


WRONG = {
    "two paths": (["{album}", "{album}/sub"], "unexpected extra argument"),
    "an unknown path": (["/nowhere"], "knows no picture at or below /nowhere"),
    "an unknown rule": (["--keep", "newest"], "no rule 'newest'"),
    "a flag that is a command now": (["--list-different"], "No such option"),
    "one picture": (["different", "{album}/sub/half.jpg"], "name two or more pictures"),
}


@pytest.mark.parametrize(("arguments", "message"), WRONG.values(), ids=WRONG)
def test_wrong_input_gets_a_clear_error(
    run: Run, copies: dict[str, Path], album: Path, arguments: list[str], message: str
) -> None:
    result = run("duplicates", *(argument.format(album=album) for argument in arguments))
    assert (result.returncode, result.stdout) == (2, b"")
    assert message in result.stderr.decode()
