"""Runs started over HTTP: how they go on, how they end, and which folders they may touch."""

import contextlib
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from processes import children, wait_for_end
from servers import SERVED, running
from test_server import problem

import imsearch
from imsearch.server.app import create_app
from imsearch.server.jobs.job import DO_JOB, IndexJob, LibraryAddress
from imsearch.server.jobs.running import Running
from imsearch.server.settings import Settings

MANY = 3000
"""Files of a run that is certainly not over when its first batch is."""


@pytest.fixture
def policy() -> imsearch.ProbePolicy:
    """That of a library that is served."""
    return SERVED


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory, stripes: bytes) -> Path:
    """A folder with enough pictures for a run to be interrupted."""
    folder = tmp_path_factory.mktemp("many")
    for number in range(MANY):
        (folder / f"{number:04}.jpg").write_bytes(stripes + b"%d" % number)
    return folder


@contextlib.contextmanager
def served(library: imsearch.Library, *folders: Path) -> Iterator[tuple[httpx2.Client, FastAPI]]:
    """A real server over a library that may index these folders, and a client of it."""
    app = create_app(library, Settings(folders=tuple(map(str, folders))))
    with running(app) as address, httpx2.Client(base_url=address, timeout=120) as client:
        yield client, app


@contextlib.contextmanager
def watching(client: httpx2.Client, response: Any) -> Iterator[Iterator[dict[str, Any]]]:
    """The states of a run that was just started, until it ends."""
    assert response.status_code == 202, response.text
    with client.stream("GET", response.headers["location"] + "/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        yield states(stream.iter_lines())


def states(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        assert re.match("event: run$|data: |: ping$|$", line), line
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))


def finished(client: httpx2.Client, response: Any) -> dict[str, Any]:
    """A run that was just started, when it has ended."""
    with watching(client, response) as told:
        *_, last = told
    return last


def first_batch(told: Iterator[dict[str, Any]]) -> dict[str, Any]:
    """A run after its first batch."""
    state = next(state for state in told if state["done"])
    assert state["state"] == "running", "the run was over before it could be interrupted: raise MANY"
    return state


# An index run


def test_an_index_run_is_watched_to_its_end(library: imsearch.Library, album: Path) -> None:
    (album / "torn\n.jpg").write_bytes(b"\xff\xd8\xff\xe0 broken")
    pictures = len(list(album.iterdir())) - 1
    with served(library, album) as (client, _):
        response = client.post("/v1/runs/index", json={})
        with watching(client, response) as told:
            first, *_, last = told
        assert first["id"] == last["id"] == response.json()["id"]
        assert (first["kind"], first["state"], first["stage"], first["report"]) == (
            "index",
            "running",
            "starting",
            None,
        )
        assert (last["state"], last["stage"], last["problem"]) == ("done", "finished", None)
        assert (last["done"], last["total"], last["embedded"]) == (pictures + 1, pictures + 1, pictures)
        assert last["report"]["added"] == pictures
        assert last["skipped"] == last["report"]["skipped"] == 1
        assert last["skips"][0]["path"] == str(album / "torn") + r"\n.jpg"
        assert "jpeg" in last["skips"][0]["reason"]
        assert client.get(response.headers["location"]).json() == last
        photo = sorted(album.glob("*.jpg"))[0]
        hits = client.post("/v1/query", files={"picture": photo.read_bytes()}, params={"k": 1}).json()["hits"]
        assert hits[0]["path"] == str(photo)
        with watching(client, client.post("/v1/runs/index", json={"retry_failed": True})) as told:
            again = list(told)[-1]
        assert (again["report"]["unchanged"], again["skipped"]) == (pictures, 1)
        assert [run["id"] for run in client.get("/v1/runs").json()["runs"]] == [again["id"], last["id"]]
    assert library.info().files == pictures


def test_a_run_that_is_cancelled_keeps_what_was_done(library: imsearch.Library, many: Path, stripes: bytes) -> None:
    with served(library, many) as (client, _):
        response = client.post("/v1/runs/index", json={"folders": [str(many)]})
        location = response.headers["location"]
        with watching(client, response) as told:
            first_batch(told)
            (process,) = children(DO_JOB.name)
            assert os.getpriority(os.PRIO_PROCESS, process) > os.getpriority(os.PRIO_PROCESS, 0)
            os.kill(process, signal.SIGSTOP)  # so that it is not over before it can be cancelled
            refused = problem(client.post("/v1/runs/index", json={}), "running", 409)
            assert refused["run"] == response.json()["id"]
            assert client.post("/v1/query", files={"picture": stripes}).json()["hits"]
            assert client.delete(location).status_code == 202
            os.kill(process, signal.SIGCONT)
            *_, last = told
        assert (last["state"], last["stage"], last["report"], last["problem"]) == ("cancelled", "finished", None, None)
        kept = library.info().files
        assert 0 < last["embedded"] <= kept < MANY
        assert client.delete(location).json() == last
        following = finished(client, client.post("/v1/runs/index", json={}))
        assert following["report"]["unchanged"] == kept
        assert following["report"]["added"] == MANY - kept


def test_a_process_that_is_killed_fails_its_run_alone(library: imsearch.Library, many: Path) -> None:
    with served(library, many) as (client, _):
        response = client.post("/v1/runs/index", json={})
        with watching(client, response) as told:
            first_batch(told)
            (process,) = children(DO_JOB.name)
            os.kill(process, signal.SIGKILL)
            *_, last = told
        assert last["state"] == "failed"
        assert last["problem"]["type"] == "urn:imsearch:problem:failed"
        assert last["problem"]["detail"].startswith("the process that did it ended unexpectedly")
        assert library.info().files < MANY
        assert finished(client, client.post("/v1/runs/index", json={}))["state"] == "done"
    assert library.info().files == MANY


def test_what_the_library_refuses_is_the_runs_problem(library: imsearch.Library, tmp_path: Path) -> None:
    with served(library, tmp_path) as (client, _):
        last = finished(client, client.post("/v1/runs/index", json={"folders": [str(tmp_path / "none")]}))
        assert last["state"] == "failed"
        assert last["problem"]["type"] == "urn:imsearch:problem:invalid"
        assert last["problem"]["detail"] == f"{tmp_path / 'none'}: no such file or folder"
        last = finished(client, client.post("/v1/runs/duplicates", json={}))
        assert last["problem"]["type"] == "urn:imsearch:problem:empty-library"


@pytest.mark.usefixtures("indexed_album")
def test_pictures_of_an_older_library_are_read_before_they_are_compared(library: imsearch.Library) -> None:
    with contextlib.closing(sqlite3.connect(library.path / "catalog.sqlite3")) as connection:
        connection.execute("DELETE FROM hashes")
        connection.commit()
        with served(library) as (client, _):
            last = finished(client, client.post("/v1/runs/duplicates", json={}))
        assert (last["state"], last["problem"]) == ("done", None)
        assert connection.execute("SELECT count(*) FROM hashes").fetchone() == (12,)


def test_a_bug_fails_its_run_and_is_told_to_the_log_alone(
    album: Path, tiny_model: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """No library can have such an address, and nobody can give it to the server."""
    run = Running(LibraryAddress(f"{tmp_path}/a\0b", tiny_model, None), IndexJob((str(album),), False))
    run.join()
    ended = run.snapshot()
    assert ended.problem is not None
    assert (ended.state, ended.problem.detail) == ("failed", "the server failed; its log says why")
    assert "ValueError: embedded null byte" in caplog.text
    assert not children(DO_JOB.name)


# Ends of the server


def test_a_run_ends_with_its_server(library: imsearch.Library, many: Path) -> None:
    with served(library, many) as (client, app):
        response = client.post("/v1/runs/index", json={})
        with watching(client, response) as told:
            first_batch(told)
        run = app.state.runs.find(response.json()["id"])
    assert run.snapshot().state == "cancelled"
    assert not children(DO_JOB.name)
    assert 0 < library.info().files < MANY


@pytest.mark.parametrize("stopping", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_however_the_server_ends_its_run_does(
    library: imsearch.Library, many: Path, tiny_model: str, stopping: signal.Signals
) -> None:
    command = "from imsearch.cli import main; main()"
    arguments = ["--library", str(library.path), "--model", tiny_model, "--port", "0", "--no-browser", str(many)]
    process = subprocess.Popen(
        [sys.executable, "-c", command, "serve", *arguments], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stderr is not None
    address = process.stderr.readline().split()[-1]
    with (
        httpx2.Client(base_url=address, timeout=120) as client,
        watching(client, client.post("/v1/runs/index", json={})) as told,
    ):
        first_batch(told)
        (run,) = children(DO_JOB.name, process.pid)
        end = os.pidfd_open(run)
        os.killpg(process.pid, stopping)  # as a terminal does
        with contextlib.suppress(httpx2.HTTPError):  # killed, it cannot end its answers
            assert all(state["state"] != "done" for state in told)
    _, said = process.communicate()
    wait_for_end(end)
    assert process.returncode == (0 if stopping != signal.SIGKILL else -signal.SIGKILL)
    assert "running task" not in said  # uvicorn says so where it had to wait for a stream
    assert "Traceback" not in said
    assert 0 < library.info().files < MANY
    library.remove(many)  # nobody else writes


def test_a_watcher_that_goes_leaves_nothing(library: imsearch.Library, many: Path) -> None:
    with served(library, many) as (client, app):
        response = client.post("/v1/runs/index", json={})
        run = app.state.runs.find(response.json()["id"])
        with watching(client, response) as first:
            next(first)
            for _ in range(3):
                with watching(client, response) as told:
                    next(told)
            assert run.watchers
            first_batch(first)
            client.delete(response.headers["location"])
            for state in first:
                last = state
    assert last["state"] == "cancelled"
    assert not run.watchers


# Folders


def test_only_allowed_folders_are_indexed(library: imsearch.Library, album: Path, tmp_path: Path) -> None:
    outside = tmp_path / "album-too"
    shutil.copytree(album, outside)
    (album / "link").symlink_to(outside)
    (album / "sub").mkdir()
    with served(library, album) as (client, _):
        for folder in (outside, album / ".." / outside.name, album / "link", album / "link" / "x", tmp_path, "/"):
            refused = problem(
                client.post("/v1/runs/index", json={"folders": [str(album), str(folder)]}), "forbidden", 403
            )
            assert "imsearch serve" in refused["hint"]
        for folder in ("album", "", ".", "~", "/\0"):
            problem(client.post("/v1/runs/index", json={"folders": [folder]}), "invalid", 422)
        problem(client.post("/v1/runs/index", json={"folder": str(album)}), "invalid", 422)
        assert client.get("/v1/runs").json() == {"runs": []}
        inside = [str(album / "sub"), str(album / "sub" / ".." / sorted(album.glob("*.jpg"))[0].name)]
        assert finished(client, client.post("/v1/runs/index", json={"folders": inside}))["report"]["added"] == 1


def test_roots_may_be_indexed_by_any_name(library: imsearch.Library, album: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(album)
    library.index(link)
    with served(library) as (client, _):
        for folders in ([], [str(link)], [str(album)]):
            last = finished(client, client.post("/v1/runs/index", json={"folders": folders}))
            assert last["state"] == "done", last
        assert client.get("/v1/library").json()["folders"] == [str(album), str(link)]


def test_without_any_folder_it_is_told_how_to_name_one(library: imsearch.Library) -> None:
    with served(library) as (client, _):
        assert "imsearch serve FOLDER" in problem(client.post("/v1/runs/index", json={}), "invalid", 422)["hint"]


def test_folders_whose_names_are_no_text_are_indexed(library: imsearch.Library, album: Path, tmp_path: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\n"))
    album.rename(odd)
    pictures = len(list(odd.iterdir()))
    (odd / "torn.jpg").write_bytes(b"\xff\xd8\xff\xe0 broken")
    with served(library, odd) as (client, _):
        (shown,) = client.get("/v1/library").json()["folders"]
        last = finished(client, client.post("/v1/runs/index", json={"folders": [shown]}))
        assert last["report"]["added"] == pictures
        assert [skip["path"] for skip in last["skips"]] == [f"{shown}/torn.jpg"]
        assert finished(client, client.post("/v1/runs/index", json={}))["report"]["unchanged"] == pictures + 1
    assert all(Path(file.path).parent == odd for file in library.files())


def test_a_run_that_there_is_not_is_told_so(library: imsearch.Library) -> None:
    with served(library) as (client, _):
        for path in ("/v1/runs/none", "/v1/runs/none/events", "/v1/runs/none/groups"):
            problem(client.get(path), "no-such-run", 404)
        problem(client.delete("/v1/runs/none"), "no-such-run", 404)
