"""`imsearch serve` as a process: where it listens, to whom it answers, how it stops."""

import inspect
import json
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import uvicorn

import imsearch
from imsearch.cli.serving import host_names, is_loopback

COMMAND = [sys.executable, "-c", "from imsearch.cli import main; main()", "serve"]

Start = Callable[..., tuple["subprocess.Popen[str]", str]]


@pytest.fixture
def start(library: imsearch.Library) -> Iterator[Start]:
    """Starts a server; gives its process and the address that it tells."""
    processes: list[subprocess.Popen[str]] = []

    def run(*arguments: str) -> tuple["subprocess.Popen[str]", str]:
        command = [*COMMAND, "--library", str(library.path), "--port", "0"]
        process = subprocess.Popen([*command, "--no-browser", *arguments], stderr=subprocess.PIPE, text=True)
        processes.append(process)
        assert process.stderr is not None
        told = process.stderr.readline()
        assert process.stderr.readline() == "Ctrl-C stops it\n"
        return process, re.sub(r"^imsearch is at (http://\S+)\n$", r"\1", told)

    yield run
    for process in processes:
        process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()


def test_uvicorn_shuts_down_by_the_method_that_is_overridden() -> None:
    assert inspect.iscoroutinefunction(uvicorn.Server.shutdown)
    assert list(inspect.signature(uvicorn.Server.shutdown).parameters) == ["self", "sockets"]


@pytest.mark.parametrize("stopping", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_the_library_and_stops_when_told(
    start: Start, library: imsearch.Library, indexed_album: Path, stopping: signal.Signals
) -> None:
    process, address = start()
    assert address.startswith("http://127.0.0.1:")
    with urllib.request.urlopen(f"{address}healthz") as answer:
        assert json.load(answer) == {"status": "ok"}
    with urllib.request.urlopen(f"{address}v1/library") as answer:
        assert json.load(answer)["pictures"] == len(list(indexed_album.iterdir()))
    process.send_signal(stopping)
    _, told = process.communicate()
    assert told.splitlines()[-1] == "stopped"
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["no such folder"], "no such file or folder"),
        (["--host", "example.org"], "0.0.0.0"),
        (["--host", "203.0.113.7"], "cannot be listened on"),
    ],
)
def test_what_cannot_be_served_is_told(tmp_path: Path, arguments: list[str], reason: str) -> None:
    command = [*COMMAND, "--library", str(tmp_path / "l"), "--no-browser"]
    result = subprocess.run([*command, *arguments], capture_output=True, text=True)
    assert result.returncode == 2
    assert reason in result.stderr


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [*COMMAND, "--library", str(tmp_path / "l"), "--port", port]
        result = subprocess.run([*command, "--no-browser"], capture_output=True, text=True)
    assert result.returncode == 2
    assert "--port" in result.stderr


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.9.1"])
def test_only_this_computer_reaches_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5"])
def test_others_reach_the_rest(host: str) -> None:
    assert not is_loopback(host)


def test_names_it_answers_under() -> None:
    assert host_names("127.0.0.1", []) == {"localhost", "127.0.0.1", "[::1]"}
    assert host_names("192.168.1.5", ["Photos.Example"]) >= {"192.168.1.5", "photos.example"}
    assert host_names("fd00::5", []) >= {"[fd00::5]"}
    assert socket.gethostname().lower() in host_names("0.0.0.0", [])
