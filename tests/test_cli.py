"""The command line as it is typed: arguments, output, exit codes."""

import fcntl
import json
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path

import pytest
import typer.main

import imsearch
from imsearch.cli.main import app
from imsearch.cli.output import lists
from imsearch.formatting.wording import printable

COMMAND = [sys.executable, "-c", "from imsearch.cli import main; main()"]


def run(*arguments: object, stdin: bytes | None = None, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*COMMAND, *(os.fsencode(str(argument)) for argument in arguments)],
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        env={**os.environ, **environment},
    )


def on_a_terminal(*arguments: object, columns: int = 100) -> str:
    """What a person at a terminal of so many columns sees."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 8 * columns, 1000))
    process = subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**os.environ, "COLUMNS": str(columns), "TERM": "xterm-256color"},
    )
    os.close(slave)
    seen = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:
            break
        if not part:
            break
        seen += part
    os.close(master)
    process.wait()
    return seen.decode()


Ask = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory, tiny_model: str, photos: list[Path]) -> Path:
    folder = tmp_path_factory.mktemp("cli") / "library"
    result = run("index", photos[0].parents[1], "--library", folder, "--model", tiny_model)
    assert result.returncode == 0, result.stderr
    assert re.search(rb"23 added in [\d.]+ s, \d+ images/s", result.stderr)
    return folder


@pytest.fixture
def ask(indexed: Path) -> Ask:
    return lambda *arguments, **keywords: run("query", "--library", indexed, *arguments, **keywords)


def test_index_reports_and_says_what_was_skipped(tmp_path: Path, tiny_model: str, album: Path) -> None:
    (album / "broken\n.jpg").write_bytes(b"\xff\xd8\xff nothing more")
    library = ("--library", tmp_path / "library")
    result = run("index", album, *library, "--model", tiny_model)
    assert result.returncode == 3
    assert result.stdout == b""
    assert rb"broken\n.jpg: " in result.stderr
    assert b"12 added, 1 skipped" in result.stderr
    assert b"imsearch files --failed" in result.stderr
    again = run("index", *library)
    assert again.returncode == 0
    assert b"0 added, 13 unchanged" in again.stderr
    assert run("index", "--retry-failed", *library).returncode == 3
    listed = run("files", "--failed", *library)
    assert listed.stdout.count(b"\n") == 1
    assert len(run("files", "-0", *library).stdout.split(b"\0")) == 13
    assert json.loads(run("files", "--failed", "--json", *library).stdout)["state"] == "unreadable"


def test_plain_lines_paths_and_nul(ask: Ask, photos: list[Path]) -> None:
    lines = ask(photos[0], "-k", 3).stdout.decode().splitlines()
    assert lines[0] == f"1.0000\t{photos[0]}"
    assert len(lines) == 3
    paths = ask(photos[0], "-k", 3, "--paths").stdout
    assert paths == b"".join(line.split("\t")[1].encode() + b"\n" for line in lines)
    assert ask(photos[0], "-k", 3, "-0").stdout == paths.replace(b"\n", b"\0")
    several = ask(photos[0], photos[1], "-k", 1).stdout.decode().splitlines()
    assert several == [f"{photo}\t1.0000\t{photo}" for photo in photos[:2]]


def test_json_has_the_documented_shape(ask: Ask, photos: list[Path], tiny_model: str) -> None:
    result = ask(photos[0], "/none.jpg", photos[1], "-k", 2, "--json")
    assert result.returncode == 3
    first, failed, second = (json.loads(line) for line in result.stdout.splitlines())
    assert list(first) == ["schema", "probe", "model", "seconds", "hits"]
    assert (first["schema"], first["probe"], first["model"]) == (1, str(photos[0]), tiny_model)
    assert list(first["hits"][0]) == ["rank", "path", "score", "width", "height", "format", "taken", "region"]
    assert [hit["rank"] for hit in first["hits"]] == [1, 2]
    assert second["hits"][0] == {**second["hits"][0], "rank": 1, "path": str(photos[1]), "score": 1.0}
    assert (failed["hits"], failed["error"]) == ([], "no such file: /none.jpg")


def test_stdin_and_crop(ask: Ask, photos: list[Path]) -> None:
    data = photos[0].read_bytes()
    assert json.loads(ask("-", "-k", 1, "--json", stdin=data).stdout)["probe"] == "-"
    assert ask("-", "-k", 1, "--paths", stdin=data).stdout.decode() == f"{photos[0]}\n"
    cropped = json.loads(ask(photos[0], "-k", 1, "--json", "--crop", "25%,25%,50%,50%").stdout)
    assert cropped["hits"][0]["score"] < 0.9999
    nothing = ask("-", stdin=b"")
    assert (nothing.returncode, b"standard input" in nothing.stderr) == (1, True)


def test_filters(ask: Ask, photos: list[Path]) -> None:
    folder = photos[0].parent
    found = ask(photos[-1], "--under", folder, "--paths", "-k", 50).stdout.decode().splitlines()
    assert set(found) == {str(photo) for photo in photos if photo.parent == folder}
    assert ask(photos[0], "--format", "webp", "--format", "tif", "--paths").stdout.count(b"\n") == 3
    assert ask(photos[0], "--min-width", 800, "--min-height", 600, "--paths").stdout.count(b"\n") > 0
    nothing = ask(photos[0], "--taken-after", "2999")
    assert (nothing.returncode, nothing.stdout) == (0, b"")
    assert b"no hits" in nothing.stderr
    assert ask(photos[0], "--min-score", "0.99999", "--paths").stdout.decode() == f"{photos[0]}\n"


def test_a_contact_sheet_holds_all_it_shows(ask: Ask, photos: list[Path], tmp_path: Path) -> None:
    probe = tmp_path / "<b>probe&.jpg"
    shutil.copy(photos[0], probe)
    sheet = tmp_path / "sheet.html"
    assert ask(probe, "/none", "-k", 4, "--html", sheet).returncode == 3
    page = sheet.read_text()
    assert page.count("data:image/jpeg;base64,") == 5
    assert page.count('href="file:///') == 4
    assert "&lt;b&gt;probe&amp;.jpg" in page
    assert "<b>probe" not in page
    assert "no such file: /none" in page
    assert "http" not in page.replace("http-equiv", "")
    failed = ask(photos[0], "--html", tmp_path / "none" / "sheet.html")
    assert (failed.returncode, b"cannot be written" in failed.stderr) == (2, True)


def test_index_takes_settings_of_the_machine(tmp_path: Path, tiny_model: str, album: Path) -> None:
    start = ("index", album, "--library", tmp_path / "library", "--model", tiny_model)
    result = run(*start, "--precision", "f32", "--batch-size", 2, "--threads", 1)
    assert (result.returncode, b"12 added" in result.stderr) == (0, True), result.stderr
    for settings, message in {
        ("--precision", "bf16"): "in f32, not bf16.* leave out --precision",
        ("--precision", "double"): "a precision is f32, bf16 or f16, not 'double'",
        ("--batch-size", "0"): "the batch size must be at least 1, not 0",
        ("--threads", "0"): "the number of threads must be at least 1, not 0",
    }.items():
        result = run(*start, *settings)
        assert result.returncode == 2
        assert re.search(message, " ".join(result.stderr.decode().split()))


def test_a_person_at_a_terminal_sees_a_table_and_a_preview(indexed: Path, photos: list[Path]) -> None:
    table = on_a_terminal("query", photos[0], "-k", 2, "--library", indexed)
    assert re.search(r"score\s+size\s+taken\s+path", without_colors(table))
    assert "1.000" in table
    preview = on_a_terminal("query", photos[0], "-k", 2, "--preview", "--library", indexed)
    assert "\x1b[" in preview
    assert "1.000" in preview


@pytest.mark.parametrize("columns", [80, 100])
def test_lines_fit_a_terminal_and_paths_stay_in_one_piece(
    indexed: Path, photos: list[Path], tmp_path: Path, columns: int
) -> None:
    library = tmp_path / "library"
    shutil.copytree(indexed, library)
    probe = tmp_path / f"{'a-long-name-' * 5}.jpg"
    shutil.copy(photos[0], probe)
    assert run("index", probe, "--library", library).returncode == 0
    seen = without_colors(on_a_terminal("query", probe, "-k", 2, "--library", library, columns=columns))
    assert f"   {probe}\r\n" in seen
    assert re.search(r"^1  1\.000 +800 x \d+\s*$", seen, re.MULTILINE)
    listed = without_colors(on_a_terminal("models", columns=columns))
    assert "google/vit-base-patch16-224-in21k" in listed
    assert max(len(line) for line in listed.splitlines()) <= columns
    assert "efficientnet-lite2" in run("models").stdout.decode()


def without_colors(text: str) -> str:
    return re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", text)


def test_a_person_at_a_terminal_sees_progress(tmp_path: Path, tiny_model: str, album: Path) -> None:
    (album / "empty.jpg").touch()
    seen = on_a_terminal("index", album, "--library", tmp_path / "library", "--model", tiny_model)
    assert "indexing" in seen
    assert "13/13" in seen
    assert "1 skipped" in seen
    assert "12 added" in seen


def test_similarity_info_remove(indexed: Path, photos: list[Path], tmp_path: Path, tiny_model: str) -> None:
    copy = tmp_path / "library"
    shutil.copytree(indexed, copy)
    assert run("similarity", photos[0], photos[0], "--library", copy).stdout == b"1.0000\n"
    info = run("info", "--library", copy).stdout.decode()
    for fact in (str(copy), str(photos[0].parents[1]), "23 different pictures", tiny_model, "48 dimensions", "KiB"):
        assert fact in info
    assert json.loads(run("info", "--json", "--library", copy).stdout)["files"] == 23
    removed = run("remove", photos[0], "--library", copy)
    assert (removed.returncode, removed.stderr) == (0, b"forgot 1 file\n")
    assert run("remove", photos[0], "--library", copy).returncode == 2


def test_a_model_that_the_library_was_not_indexed_with_is_wrong_usage(indexed: Path, photos: list[Path]) -> None:
    result = run("query", photos[0], "--library", indexed, "--model", "resnet18")
    assert result.returncode == 2
    assert b"no vectors of 'resnet18'" in result.stderr
    assert b"hint: make them with `imsearch index --model resnet18`" in result.stderr


def test_models(tmp_path: Path) -> None:
    listed = run("models")
    assert re.search(rb"efficientnet-lite2 +CNN +package +1280 +260 x 260 +4\.8 M +here", listed.stdout)
    assert re.search(rb"google/vit-base-patch16-224-in21k +ViT +transformers +768", listed.stdout)
    assert all(json.loads(line)["name"] for line in run("models", "--json").stdout.splitlines())


WRONG = {
    "no library": (["query", "{photo}", "--library", "{tmp}/none"], 1, "imsearch index"),
    "no such probe": (["query", "{tmp}/none.jpg", "--library", "{library}"], 1, "no such file"),
    "folder as probe": (["query", "{tmp}", "--library", "{library}"], 1, "a folder is no probe"),
    "text as probe": (["query", __file__, "--library", "{library}"], 1, "not a picture"),
    "no probe": (["query", "--library", "{library}"], 2, "--clipboard"),
    "bad crop": (["query", "{photo}", "--crop", "1,2", "--library", "{library}"], 2, "X,Y,W,H"),
    "crop outside": (["query", "{photo}", "--crop", "200%,0,10,10", "--library", "{library}"], 1, "outside"),
    "bad k": (["query", "{photo}", "-k", "0", "--library", "{library}"], 2, "-k"),
    "bad date": (["query", "{photo}", "--taken-after", "soon", "--library", "{library}"], 2, "YYYY"),
    "bad format": (["query", "{photo}", "--format", "doc", "--library", "{library}"], 2, "jpeg"),
    "no such folder": (["index", "{tmp}/none", "--library", "{tmp}/new"], 2, "no such file or folder"),
    "nothing to index": (["index", "--library", "{tmp}/new"], 2, "name a folder"),
    "unknown model": (
        ["index", "{tmp}", "--model", "nonsense18", "--library", "{tmp}/new"],
        1,
        "`imsearch models` lists models",
    ),
    "no weights": (["similarity", "{photo}", "{photo}", "--model", "resnet18"], 1, "resnet18@FILE"),
    "no hub weights": (["similarity", "{photo}", "{photo}", "--model", "facebook/dinov2-base"], 1, "hf download"),
    "unknown device": (["similarity", "{photo}", "{photo}", "--device", "tpu"], 1, "cpu, cuda"),
    "no library, a hint": (["info", "--library", "{tmp}/none"], 1, "hint: make one with `imsearch index FOLDER`"),
    "unknown command": (["find"], 2, "No such command"),
    "unknown option": (["query", "--fuzzy"], 2, "--fuzzy"),
}


@pytest.mark.parametrize(("arguments", "code", "message"), WRONG.values(), ids=WRONG)
def test_wrong_input_gets_a_clear_error(
    indexed: Path, photos: list[Path], tmp_path: Path, arguments: list[str], code: int, message: str
) -> None:
    shutil.copy(photos[0], tmp_path / "photo.jpg")
    places = {"photo": photos[0], "tmp": tmp_path, "library": indexed}
    result = run(*(argument.format(**places) for argument in arguments))
    error = result.stderr.decode()
    assert message in error
    assert "Traceback" not in error
    assert result.returncode == code
    assert result.stdout == b""
    assert not (tmp_path / "new").exists()


def test_names_that_are_not_text_come_out_as_they_are(tmp_path: Path, tiny_model: str, album: Path) -> None:
    name = os.path.join(os.fsencode(album), b"odd \xff\n\x1b[31m.jpg")
    shutil.copy(os.fsencode(sorted(album.iterdir())[0]), name)
    library = ("--library", tmp_path / "library")
    assert run("index", album, *library, "--model", tiny_model).returncode == 0
    probe = os.fsdecode(name)
    assert run("query", probe, "-0", "-k", 1, *library).stdout == name + b"\0"
    answer = json.loads(run("query", probe, "--json", "-k", 1, *library).stdout)
    assert os.fsencode(answer["hits"][0]["path"]) == name
    plain = run("query", probe, "-k", 1, *library).stdout
    assert plain.count(b"\n") == 1
    assert b"\x1b" not in plain


def test_text_for_terminals_has_no_control_characters() -> None:
    assert printable("a b ü 图\n\x1b[31m\udcff") == r"a b ü 图\n\x1b[31m\udcff"


def test_a_reader_that_stops_early_is_no_error(indexed: Path, photos: list[Path]) -> None:
    process = subprocess.Popen(
        [*COMMAND, "files", "--library", str(indexed)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 0


def test_ctrl_c_says_that_nothing_is_lost(tmp_path: Path, tiny_model: str, album: Path) -> None:
    photo = min(album.iterdir())
    compiled = run("similarity", photo, photo, "--model", tiny_model)  # which would be told otherwise
    assert compiled.returncode == 0, compiled.stderr
    script = (
        "import signal, imsearch, imsearch.cli.output.progress as progress\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # ignored in background jobs
        "real = progress.IndexProgress.__call__\n"
        "def call(self, event):\n"
        "    real(self, event)\n"
        "    if isinstance(event, imsearch.Scanned):\n"
        "        signal.raise_signal(signal.SIGINT)\n"
        "progress.IndexProgress.__call__ = call\n"
        "from imsearch.cli import main; main()\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script, "index", album, "--library", tmp_path / "library", "--model", tiny_model],
        capture_output=True,
    )
    assert result.returncode == 128 + signal.SIGINT
    assert result.stderr == b"interrupted: what was done is kept, and the next run goes on from there\n"
    assert run("index", album, "--library", tmp_path / "library", "--model", tiny_model).returncode == 0


def test_help_and_version() -> None:
    assert run("--version").stdout.decode() == f"imsearch {imsearch.__version__}\n"
    top = run("--help").stdout.decode()
    commands = typer.main.get_group(app).commands
    assert "duplicates" in commands
    for name in commands:
        assert re.search(rf"^  {name} ", top, re.MULTILINE)
        assert run(name, "--help").returncode == 0
    nothing = run()
    assert (nothing.returncode, nothing.stderr.startswith(b"Usage")) == (2, True)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shell_completion(shell: str) -> None:
    result = run("--show-completion", shell, _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert result.returncode == 0
    assert b"complete" in result.stdout.lower()


def test_how_candidates_are_found_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    info = imsearch.VectorIndexInfo(
        kind="approximate",
        vectors=1_000_000,
        pending=1,
        bytes_per_vector=200,
        components=192,
        lists=4096,
        probed=12,
        depth=100,
        recall=0.9961,
        measured_with=256,
        measured_at=900_000,
    )
    lists.vector_index(info, as_json=False)
    text = capsys.readouterr().out
    for part in ("1,000,000 vectors of 200 bytes, 1 change since", "12 of 4,096 lists", "0.9961", "among 900,000"):
        assert part in text
    lists.vector_index(info, as_json=True)
    assert json.loads(capsys.readouterr().out)["recall"] == 0.9961


@pytest.mark.parametrize("command", [["query"], ["query", "--json"], ["files"], ["info"], ["--version"]])
def test_where_results_cannot_be_written_it_says_so(
    library: imsearch.Library, indexed_album: Path, command: list[str]
) -> None:
    probes = [str(sorted(indexed_album.iterdir())[0])] if command[0] == "query" else []
    words = [*COMMAND, *command, *probes, *([] if command == ["--version"] else ["--library", str(library.path)])]
    with open("/dev/full", "wb") as full:
        ended = subprocess.run(words, stdout=full, stderr=subprocess.PIPE)
    assert (ended.returncode, ended.stderr) == (
        1,
        b"imsearch: the results cannot be written: no space left on device\n",
    )
    closed = subprocess.run(
        ["bash", "-c", '"$@" >&-', "bash", *words], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert (closed.returncode, closed.stderr.count(b"\n")) == (1, 1)
    assert b"the results cannot be written" in closed.stderr


def test_what_has_no_results_needs_no_stdout(library: imsearch.Library, indexed_album: Path) -> None:
    words = [*COMMAND, "index", str(indexed_album), "--library", str(library.path)]
    assert subprocess.run(["bash", "-c", '"$@" >&- 2>&-', "bash", *words], stdin=subprocess.DEVNULL).returncode == 0
