"""`imsearch duplicates` as it is typed: what it shows, what it moves to the trash, and what it leaves alone."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import toy
from PIL import Image
from test_cli import on_a_terminal
from trashes import group_of

from imsearch.cli.output import duplicates as output
from imsearch.cli.output.pages import write_groups
from imsearch.formatting.wording import changes
from imsearch.types.duplicates import DuplicateGroup
from imsearch.types.hits import Proof, Transform

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
    number = next(row[0] for row in rows if row[6] == str(copies["kept"]))
    group = [row for row in rows if row[0] == number]
    assert group[0][1:7] == ["copies", "kept", size, "jpeg", bytes_, str(copies["kept"])]
    assert group[0][7].startswith("unedited: shows all against shows less than another one")
    assert [row[2:3] + row[6:7] for row in group[1:]] == [
        ["exact", str(copies["same"])],
        ["edited", str(copies["half"])],
    ]
    assert [row[2] for row in rows if row[0] != group[0][0]] == ["kept", "exact"]
    assert {row[0] for row in rows} == {"1", "2"}
    found, moves, asks = result.stderr.decode().splitlines()
    assert re.sub(r"\([\d.]+ KiB\)", "(...)", found) == (
        "2 groups of copies: 2 exact copies (...) and 1 edited copy (...) beside the files to keep"
    )
    assert moves == "`imsearch duplicates --trash` moves the 2 exact copies to the trash, after a question"
    assert asks == "add --edited to be asked about the 1 edited copy"


def test_what_frees_most_comes_first(run: Run, copies: dict[str, Path], album: Path) -> None:
    sizes = {name: path.stat().st_size for name, path in copies.items()}
    groups = [json.loads(line) for line in run("duplicates", "--json").stdout.splitlines()]
    assert [group["bytes"] for group in groups] == sorted([sizes["same"] + sizes["half"], sizes["twin"]], reverse=True)


def test_what_is_typed_next_fits_what_was_found(run: Run, copies: dict[str, Path], photo: Path) -> None:
    half, twin, none = (run("duplicates", path).stderr.decode() for path in (copies["half"], copies["twin"], photo))
    assert f"`imsearch duplicates {copies['half']} --trash --edited` asks about the 1 edited copy" in half
    assert "exact copies" not in half.splitlines()[-1]
    assert "--edited" not in twin
    assert none == "0 groups of copies\n"


def test_json_and_html(run: Run, copies: dict[str, Path], tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    result = run("duplicates", "--json", "--html", page, copies["half"])
    (group,) = (json.loads(line) for line in result.stdout.splitlines())
    assert list(group) == ["schema", "kind", "keep", "reason", "bytes", "files"]
    assert (group["schema"], group["kind"], group["keep"]) == (2, "copies", str(copies["kept"]))
    assert group["bytes"] == copies["half"].stat().st_size + copies["same"].stat().st_size
    assert set(group["files"][0]) == {
        *("path", "relation", "how", "changed", "differs", "protected"),
        *("size", "width", "height", "format", "taken"),
    }
    assert {file["relation"] for file in group["files"]} == {"kept", "exact", "edited"}
    text = page.read_text()
    assert text.count("data:image/jpeg;base64,") == 3
    assert text.count('href="file:///') == 3
    assert "unedited: shows all" in text
    assert text.rstrip().endswith("</html>")
    failed = run("duplicates", "--html", tmp_path / "none" / "page.html")
    assert (failed.returncode, b"cannot be written" in failed.stderr) == (2, True)


@pytest.fixture
def kinds(copies: dict[str, Path], album: Path) -> list[DuplicateGroup]:
    """A group of each kind: a version that is cropped and colors differ, and two copies with the same bytes."""
    versions = group_of(copies["kept"], copies["half"], kind="versions")
    transform = Transform(False, 0.0, 0.5, ((2.0, 0.0, 0.0), (0.0, 2.0, 0.0), (0.0, 0.0, 1.0)))
    proof = Proof("copy", 0.9, 20, 1.0, 0.43, transform, changed=0.02)
    files = [replace(file, proof=proof, differs=("color",)) if "half" in file.path else file for file in versions.files]
    series = group_of(copies["second"], copies["kept"], kind="series")
    edited = group_of(copies["half"], copies["second"], copies["twin"])
    return [series, replace(versions, files=tuple(files)), edited]


def test_each_kind_is_shown_with_what_is_known_of_its_files(
    kinds: list[DuplicateGroup], copies: dict[str, Path], capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    ordered = output.by_gain(kinds)
    assert [group.kind for group in ordered] == ["copies", "versions", "series"]
    output.show(ordered, as_json=False)
    shown = capsysbinary.readouterr()
    rows = [line.split("\t") for line in shown.out.decode().splitlines()]
    assert [(row[2], Path(row[6]).name, row[7]) for row in rows] == [
        ("kept", "half.jpg", "the first named"),
        ("edited", copies["twin"].name, ""),
        ("edited", copies["second"].name, f"the same bytes as {copies['twin'].name}"),
        ("kept", copies["kept"].name, "the first named"),
        ("version", "half.jpg", f"{changes(ordered[1].rest[0].proof)}; colors differ"),
        ("kept", copies["second"].name, "the first named"),
        ("alike", copies["kept"].name, ""),
    ]
    told = shown.err.decode().splitlines()
    assert told[1:] == ["1 group of versions, each with something of its own: 2 files", "1 series: 2 files"]
    output.show(ordered, as_json=True)
    records = [json.loads(line) for line in capsysbinary.readouterr().out.splitlines()]
    (version,) = (file for file in records[1]["files"] if file["relation"] == "version")
    assert (version["changed"], version["differs"]) == (0.02, ["color"])
    assert "cropped to 43 %" in version["how"]


def test_versions_are_drawn_on_the_page(kinds: list[DuplicateGroup], tmp_path: Path) -> None:
    write_groups(tmp_path / "page.html", kinds)
    page = (tmp_path / "page.html").read_text()
    assert page.count('<svg class="match"') == 1
    assert page.count('class="faded"') == 2
    assert "colors differ" in page


def test_a_person_at_a_terminal_sees_tables(copies: dict[str, Path], place: Path) -> None:
    seen = on_a_terminal("duplicates", "--library", place / "library")
    seen = re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", seen)
    assert re.search(r"\d\. copies: 1 exact, 1 edited \([\d.]+ KiB to gain\)", seen)
    assert re.search(r"size\s+format\s+bytes\s+path", seen)
    for relation in ("keep ", "exact ", "edited ", "   unedited: "):
        assert re.search(f"^{relation}", seen, re.MULTILINE)
    assert "groups of copies" in seen
    assert r"\n" not in seen


def test_a_dry_run_prints_and_moves_nothing(run: Run, copies: dict[str, Path], home: Path) -> None:
    result = run("duplicates", "--dry-run")
    assert result.returncode == 0
    assert {*result.stdout.decode().splitlines()} == {str(copies[name]) for name in ("same", "twin")}
    assert re.search(rb"would move 2 files \([\d.]+ KiB\) to the trash\n", result.stderr)
    assert run("duplicates", "--trash", "--dry-run", stdin=b"y\n").stdout == result.stdout
    copies["half"].with_suffix(".xmp").touch()
    result = run("duplicates", "--dry-run", "--edited")
    goes = {str(copies[name]) for name in ("same", "half", "twin")}
    assert {*result.stdout.decode().splitlines()} == {*goes, str(copies["half"].with_suffix(".xmp"))}
    listed = [json.loads(line) for line in run("duplicates", "--dry-run", "--edited", "--json").stdout.splitlines()]
    assert {each["trash"] for each in listed} == {*result.stdout.decode().splitlines()}
    assert {each["trash"] for each in listed if not each["companion"]} == goes
    assert in_trash(home) == set()
    assert all(path.exists() for path in copies.values())


def test_exact_copies_go_to_the_trash_after_asking_and_leave_the_library(
    run: Run, copies: dict[str, Path], home: Path
) -> None:
    size = sum(copies[name].stat().st_size for name in ("same", "twin"))
    result = run("duplicates", "--trash", stdin=b"y\n")
    assert result.returncode == 0
    assert f"move 2 files ({size / 1024:.1f} KiB), exact copies, to the trash? [y/N]" in result.stderr.decode()
    assert b"moved 2 files" in result.stderr
    assert re.search(rb"not asked about: 1 edited copy \([\d.]+ KiB\); .*--edited", result.stderr)
    assert in_trash(home) == {copies[name].name for name in ("same", "twin")}
    assert all(copies[name].exists() for name in ("kept", "second", "half"))
    files = run("files").stdout.decode().splitlines()
    assert len(files) == 9
    assert str(copies["same"]) not in files
    again = run("duplicates", "--trash")
    assert (again.returncode, b"?" in again.stderr) == (0, False)


@pytest.mark.parametrize(("answers", "gone"), [("yy", "same twin half"), ("yn", "same twin"), ("ny", "half")])
def test_edited_copies_are_asked_about_apart(
    run: Run, copies: dict[str, Path], home: Path, answers: str, gone: str
) -> None:
    result = run("duplicates", "--trash", "--edited", stdin="\n".join([*answers, ""]).encode())
    assert result.returncode == 0
    assert b", exact copies, to the trash? [y/N]" in result.stderr
    assert b", edited copies, to the trash? [y/N]" in result.stderr
    assert in_trash(home) == {copies[name].name for name in gone.split()}


def test_what_goes_along_is_named_before_the_question(run: Run, copies: dict[str, Path], home: Path) -> None:
    sidecar = copies["same"].with_suffix(".xmp")
    sidecar.write_text("a note")
    film = copies["twin"].with_suffix(".mov")
    film.write_bytes(b"a film")
    result = run("duplicates", "--trash", stdin=b"y\n")
    told = result.stderr.decode()
    assert result.returncode == 3
    assert told.index(f"goes along: {sidecar}") < told.index("move 1 file and 1 beside them (")
    assert f"skipped {copies['twin']}: {film.name} beside it is nowhere else" in told
    assert in_trash(home) == {copies["same"].name, sidecar.name}


def test_protected_files_stay(run: Run, copies: dict[str, Path], album: Path) -> None:
    result = run("duplicates", "--dry-run", "--edited", "--protect", album / "sub", "--protect", "/none")
    assert result.stdout.decode() == f"{copies['twin']}\n"
    shown = [json.loads(line) for line in run("duplicates", "--json", "--protect", album / "sub").stdout.splitlines()]
    protected = {file["path"] for group in shown for file in group["files"] if file["protected"]}
    assert protected == {str(copies["same"]), str(copies["half"])}


def test_what_was_moved_is_brought_back(run: Run, copies: dict[str, Path], home: Path, album: Path) -> None:
    before = {path: path.read_bytes() for path in album.rglob("*.jpg")}
    run("duplicates", "--trash", "--edited", stdin=b"y\ny\n")
    assert len(in_trash(home)) == 3
    result = run("duplicates", "restore", copies["same"], copies["twin"])
    assert (result.returncode, result.stderr) == (0, b"brought back 2 files\n")
    assert {*result.stdout.decode().splitlines()} == {str(copies["same"]), str(copies["twin"])}
    copies["half"].write_bytes(b"another")
    result = run("duplicates", "--restore")
    assert (result.returncode, result.stdout) == (3, b"")
    assert f"skipped {copies['half']}: another file is there now" in result.stderr.decode()
    copies["half"].unlink()
    result = run("duplicates", "--restore", "--json", album)
    assert (result.returncode, json.loads(result.stdout)) == (0, {"schema": 2, "restored": str(copies["half"])})
    assert b"`imsearch index` takes 1 picture of them" in result.stderr
    assert {path: path.read_bytes() for path in album.rglob("*.jpg")} == before
    assert run("duplicates", "--restore").stderr == b"brought back 0 files\n"


@pytest.mark.parametrize("answer", [b"n\n", b"\n", b"what?\n"])
def test_any_other_answer_moves_nothing(run: Run, copies: dict[str, Path], home: Path, answer: bytes) -> None:
    result = run("duplicates", "--trash", stdin=answer)
    assert (result.returncode, in_trash(home)) == (0, set())
    assert b"\nnothing was moved\n" in result.stderr


def test_without_an_answer_it_refuses(run: Run, copies: dict[str, Path], home: Path) -> None:
    result = run("duplicates", "--trash")
    assert (result.returncode, in_trash(home)) == (2, set())
    assert b"nobody answered" in result.stderr
    assert b"--dry-run" in result.stderr
    assert len(run("files").stdout.splitlines()) == 11


def test_with_a_path_only_files_there_go(run: Run, copies: dict[str, Path], home: Path) -> None:
    result = run("duplicates", copies["half"].parent, "--trash", stdin=b"y\n")
    assert result.returncode == 0
    assert in_trash(home) == {copies["same"].name}
    assert copies["half"].exists()
    assert copies["twin"].exists()


def test_what_changed_is_left_and_told(run: Run, copies: dict[str, Path], home: Path) -> None:
    with open(copies["same"], "ab") as file:
        file.write(b"more")
    result = run("duplicates", "--trash", "--edited", stdin=b"y\ny\n")
    assert result.returncode == 3
    assert f"skipped {copies['same']}: it has changed since it was indexed" in result.stderr.decode()
    assert in_trash(home) == {copies["half"].name, copies["twin"].name}
    assert copies["same"].exists()


def test_nothing_goes_for_a_file_to_keep_that_is_gone(run: Run, copies: dict[str, Path], home: Path) -> None:
    copies["kept"].unlink()
    result = run("duplicates", copies["kept"].parent / "sub", "--trash", "--edited", stdin=b"y\ny\n")
    assert result.returncode == 3
    assert result.stderr.decode().count(f"the file to keep, {copies['kept']}, cannot be reached") == 2
    assert in_trash(home) == set()


def test_links_to_what_is_kept_are_left(run: Run, album: Path, photo: Path, home: Path) -> None:
    os.link(photo, album / "another-name-for-that-photograph.jpg")
    (album / "a-link-to-that-photograph.jpg").symlink_to(photo)
    shutil.copy(photo, album / "a-copy-of-that-photograph.jpg")
    assert run("index", album).returncode == 0
    result = run("duplicates", photo, "--dry-run")
    assert (result.returncode, result.stdout) == (0, b"")
    result = run("duplicates", "--trash", stdin=b"y\n")
    assert (result.returncode, len(in_trash(home))) == (0, 3)
    assert result.stderr.count(b"is a link to a file that stays") == 2


def test_names_of_one_file_are_no_copies(run: Run, album: Path, photo: Path, home: Path) -> None:
    (album / "a").symlink_to(photo)
    os.link(photo, album / "b.jpg")
    assert run("index", album).returncode == 0
    assert run("duplicates", photo).stdout == b""
    result = run("duplicates", photo, "--trash", stdin=b"y\n")
    assert (result.returncode, in_trash(home), photo.exists()) == (0, set(), True)
    assert b"to the trash?" not in result.stderr


def test_a_kept_link_does_not_cost_its_file(run: Run, album: Path, photo: Path, home: Path) -> None:
    (album / "a").symlink_to(photo)
    shutil.copy(photo, album / "z.jpg")
    assert run("index", album).returncode == 0
    assert run("duplicates", photo).stdout.decode().splitlines()[0].split("\t")[6] == str(album / "a")
    result = run("duplicates", "--trash", stdin=b"y\n")
    assert (result.returncode, photo.exists(), "z.jpg" in in_trash(home)) == (0, True, True)


def test_series_stay(run: Run, album: Path, photo: Path, copies: dict[str, Path], home: Path) -> None:
    with Image.open(photo) as picture:
        toy.near_alike(picture, across=True, down=True).save(album / "near-alike.png")
    assert run("index", album).returncode == 0
    shown = run("duplicates", "--series")
    assert b"1 series: 2 files" in shown.stderr
    result = run("duplicates", "--series", "--trash", "--edited", stdin=b"y\ny\ny\n")
    assert result.returncode == 0
    assert in_trash(home) == {copies[name].name for name in ("same", "half", "twin")}


def test_a_trash_that_cannot_be_had_loses_nothing(run: Run, copies: dict[str, Path], home: Path) -> None:
    (home / "data").write_text("no folder")
    result = run("duplicates", "--trash", "--edited", stdin=b"y\ny\n")
    assert result.returncode == 3
    assert result.stderr.count(b"\nskipped ") == 3
    assert run("duplicates", "--restore").stderr == b"brought back 0 files\n"
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
    assert len(in_trash(home)) == 3
    assert run("duplicates", "--restore", photo.parent).returncode == 0
    assert os.path.exists(name)


def test_trash_is_a_command_too(run: Run, copies: dict[str, Path], home: Path) -> None:
    planned = run("duplicates", "trash", "--dry-run", "--edited", copies["half"])
    assert (planned.returncode, planned.stdout.decode()) == (0, f"{copies['half']}\n")
    assert in_trash(home) == set()
    result = run("duplicates", "trash", copies["half"], "--edited", stdin=b"y\n")
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
        assert b"?" not in result.stderr
        assert b"`imsearch duplicates ./trash --trash` moves" in result.stderr
    assert run("duplicates", "trash", "trash", "--dry-run", "--edited").stdout.count(b"\n") == 2
    assert in_trash(home) == set()


def test_help_shows_the_options_of_the_default_and_all_commands(run: Run) -> None:
    for option in ("--help", "-h"):
        text = run("duplicates", option).stdout.decode()
        for part in ("--keep RULE", "--series", "--trash", "--restore", "--library ADDRESS", "./trash"):
            assert part in text
        for name in ("find", "trash", "restore", "different", "forget-different", "decisions"):
            assert re.search(rf"^  {name} ", text, re.MULTILINE)
            assert run("duplicates", name, "--help").returncode == 0


def test_decisions_are_taken_listed_and_taken_back(run: Run, copies: dict[str, Path], album: Path) -> None:
    kept, half = copies["kept"], copies["half"]
    assert run("duplicates", "different", kept, half).stderr == b"1 pair newly remembered as different\n"
    assert b"edited" not in run("duplicates").stdout
    assert run("remove", album).returncode == 0
    assert run("index", album).returncode == 0
    assert b"edited" not in run("duplicates").stdout
    pair = run("duplicates", "decisions").stdout.decode().split()
    assert {*pair} == {str(kept), str(half)}
    taken_back = run("duplicates", "forget-different", kept, half)
    assert taken_back.stderr == b"1 pair no longer remembered as different\n"
    assert b"edited" in run("duplicates").stdout
    assert run("duplicates", "decisions").stdout == b""


WRONG = {
    "two paths": (["{album}", "{album}/sub"], "unexpected extra argument"),
    "an unknown path": (["/nowhere"], "knows no picture at or below /nowhere"),
    "an unknown rule": (["--keep", "newest"], "no rule 'newest'"),
    "edited copies for nothing": (["--edited"], "--edited goes with --trash or --dry-run"),
    "across folders within one": (["--across-folders", "--within-folder"], "both across folders and within one"),
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
