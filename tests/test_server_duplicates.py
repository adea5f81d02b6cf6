"""Groups of duplicates over HTTP: what is found, what goes to the trash, and what a person decides."""

import dataclasses
import json
import os
import shutil
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import filelock
import numpy as np
import pytest
from fastapi import FastAPI
from PIL import Image, ImageOps
from servers import SERVED
from starlette.testclient import TestClient
from test_server import digest, problem

import imsearch
from imsearch.server.app import create_app
from imsearch.server.keys import file_key


@pytest.fixture
def policy() -> imsearch.ProbePolicy:
    """That of a library that is served."""
    return SERVED


@pytest.fixture
def app(library: imsearch.Library) -> FastAPI:
    return create_app(library)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, base_url="http://localhost", raise_server_exceptions=False) as opened:
        yield opened


@pytest.fixture
def copies(library: imsearch.Library, album: Path) -> dict[str, Path]:
    """Files of an indexed album: a photograph (kept), the same again, half its size; and another one's twin."""
    first, second = sorted(album.iterdir())[:2]
    (album / "sub").mkdir()
    with Image.open(first) as picture:
        picture.resize((picture.width // 2, picture.height // 2)).save(album / "sub" / "half.jpg", quality=80)
    paths = {
        "kept": first,
        "same": Path(shutil.copy2(first, album / "sub" / "the-same-again.jpg")),
        "half": album / "sub" / "half.jpg",
        "second": second,
        "twin": Path(shutil.copy2(second, album / "sub" / "a-twin-of-the-second.jpg")),
    }
    library.index(album)
    return paths


def search(client: TestClient, **order: Any) -> str:
    """The address of a finished search for duplicates."""
    response = client.post("/v1/runs/duplicates", json=order)
    assert response.status_code == 202, response.text
    location: str = response.headers["location"]
    events = client.get(f"{location}/events").text
    last = json.loads(events.rsplit("data: ", 1)[1])
    assert last["state"] == "done", last
    assert last["groups"] == client.get(f"{location}/groups").json()["total"]
    return location


def group_of(client: TestClient, location: str, path: Path) -> dict[str, Any]:
    """The group that holds a file."""
    groups = client.get(f"{location}/groups").json()["groups"]
    return next(group for group in groups if str(path) in {file["path"] for file in group["files"]})


@pytest.fixture(autouse=True)
def _empty_trash() -> None:
    """Take out what other tests have moved there: the album of every test has the same path."""
    shutil.rmtree(Path(os.environ["XDG_DATA_HOME"], "Trash"), ignore_errors=True)


def in_trash() -> set[Path]:
    """Where the files in the trash were before."""
    infos = Path(os.environ["XDG_DATA_HOME"], "Trash", "info").glob("*.trashinfo")
    return {
        Path(urllib.parse.unquote(line.removeprefix("Path=")))
        for info in infos
        for line in info.read_text().splitlines()
        if line.startswith("Path=")
    }


# Finding


def test_groups_come_with_all_that_is_known_of_their_files(client: TestClient, copies: dict[str, Path]) -> None:
    location = search(client)
    page = client.get(f"{location}/groups").json()
    assert page["total"] == 2
    assert [group["number"] for group in page["groups"]] == [1, 2]
    group = group_of(client, location, copies["kept"])
    assert (group["kind"], group["mark"], group["decision"]) == ("copies", None, None)
    assert group["reason"].startswith("unedited: shows all against shows less")
    assert group["files"][group["keep"]]["path"] == str(copies["kept"])
    files = {file["path"]: file for file in group["files"]}
    assert {path: file["relation"] for path, file in files.items()} == {
        str(copies["kept"]): "kept",
        str(copies["same"]): "exact",
        str(copies["half"]): "edited",
    }
    half = files[str(copies["half"])]
    with Image.open(copies["half"]) as picture:
        assert (half["width"], half["height"]) == picture.size
    assert half["id"] == digest(copies["half"])
    assert half["file"] == file_key(str(copies["half"]))
    assert half["size"] == copies["half"].stat().st_size
    assert (half["folder"], half["name"]) == (str(copies["half"].parent), "half.jpg")
    assert all(file["here"] for file in group["files"])
    assert client.get(f"/v1/pictures/{half['id']}/thumbnail").status_code == 200
    one = client.get(f"{location}/groups", params={"offset": 1, "limit": 1}).json()
    assert one == {"total": 2, "groups": page["groups"][1:]}
    assert client.get(f"{location}/groups", params={"offset": 2}).json() == {"total": 2, "groups": []}


def test_files_are_compared_with_the_one_that_is_proposed_to_keep(
    client: TestClient, library: imsearch.Library, copies: dict[str, Path], app: FastAPI
) -> None:
    with Image.open(copies["kept"]) as picture:
        width, height = picture.size
        ImageOps.mirror(picture.crop((width // 4, 0, width, height))).save(copies["half"], quality=90)
    library.index(copies["half"].parent)
    location = search(client)
    (run,) = app.state.runs.all()
    place = group_of(client, location, copies["kept"])["number"] - 1
    group = run.groups[place]
    corners = ((1.04, 2.0), (30.0, 2.0), (30.0, 20.0), (1.0, 20.0))
    run.groups[place] = dataclasses.replace(
        group,
        kind="versions",
        files=tuple(
            dataclasses.replace(
                file,
                differs=("changed",),
                proof=dataclasses.replace(file.proof, changed=0.021234, changed_parts=(corners,)),
            )
            if file.proof
            else file
            for file in group.files
        ),
    )
    files = {Path(file["path"]): file for file in group_of(client, location, copies["kept"])["files"]}
    half, same = files[copies["half"]], files[copies["same"]]
    assert half["how"] == "mirrored, cropped to 75 %, 2 % changed"
    assert (half["changed"], half["differs"]) == (0.0212, ["changed"])
    assert half["outlines"] == [[[1.0, 2.0], [30.0, 2.0], [30.0, 20.0], [1.0, 20.0]]]
    assert (same["how"], same["changed"], same["differs"], same["outlines"]) == ("", 0.0, [], [])
    assert same["matrix"] == files[copies["kept"]]["matrix"] == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    matrix = np.asarray(half["matrix"])
    x, y, weight = matrix @ [half["width"], 0, 1]  # what is on its right was on the left
    assert (x / weight, y / weight) == pytest.approx((width // 4, 0), abs=3)


def test_rules_and_paths_are_taken(client: TestClient, copies: dict[str, Path]) -> None:
    location = search(client, under=str(copies["kept"]), prefer=[str(copies["half"].parent)])
    (group,) = client.get(f"{location}/groups").json()["groups"]
    assert group["files"][group["keep"]]["path"] == str(copies["same"])
    assert "largest" in problem(client.post("/v1/runs/duplicates", json={"keep": ["nicest"]}), "invalid", 422)["detail"]
    response = client.post("/v1/runs/duplicates", json={"under": "/none"})
    client.get(response.headers["location"] + "/events")
    last = client.get(response.headers["location"]).json()
    assert last["state"] == "failed"
    assert "knows no picture at or below /none" in last["problem"]["detail"]
    problem(client.get(response.headers["location"] + "/groups"), "no-such-group", 404)


# Marking


def mark(client: TestClient, location: str, path: Path, *stay: Path) -> Any:
    """Mark the files that stay of the group that holds a file."""
    number = group_of(client, location, path)["number"]
    return client.put(f"{location}/groups/{number}/mark", json={"keep": [file_key(str(each)) for each in stay]})


def test_marks_are_kept_with_the_run_until_they_are_taken_away(client: TestClient, copies: dict[str, Path]) -> None:
    location = search(client)
    number = group_of(client, location, copies["kept"])["number"]
    group = mark(client, location, copies["kept"], copies["kept"], copies["half"]).json()
    assert group["mark"] == {
        "keep": [file_key(str(path)) for path in sorted((copies["kept"], copies["half"]))],
        "different": False,
    }
    assert group == group_of(client, location, copies["kept"])
    group = client.put(f"{location}/groups/{number}/mark", json={"different": True}).json()
    assert group["mark"] == {"keep": [], "different": True}
    assert client.delete(f"{location}/groups/{number}/mark").json()["mark"] is None
    for different in (True, False):
        assert client.post(f"{location}/undo").json() == {"groups": [number]}
        assert group_of(client, location, copies["kept"])["mark"]["different"] == different
    assert all(path.exists() for path in copies.values())


def test_a_group_cannot_be_marked_to_go_as_a_whole(
    client: TestClient, library: imsearch.Library, copies: dict[str, Path], album: Path
) -> None:
    location = search(client)
    problem(mark(client, location, copies["kept"]), "invalid", 422)
    copies["half"].unlink()
    library.index(album)
    problem(mark(client, location, copies["kept"], copies["half"]), "nothing-kept", 409)
    number = group_of(client, location, copies["kept"])["number"]
    for wanted in ({}, {"keep": [], "different": True}, {"different": False}):
        problem(client.put(f"{location}/groups/{number}/mark", json=wanted), "invalid", 422)
    assert group_of(client, location, copies["kept"])["mark"] is None


def test_nothing_outside_a_group_is_marked(client: TestClient, copies: dict[str, Path], album: Path) -> None:
    location = search(client)
    number = group_of(client, location, copies["kept"])["number"]
    other = file_key(str(copies["twin"]))
    for key in (other, file_key("/etc/passwd"), file_key(f"{copies['kept']}/../{copies['kept'].name}")):
        problem(client.put(f"{location}/groups/{number}/mark", json={"keep": [key]}), "no-such-file", 404)
    for key in ("", "!", "a"):
        response = client.put(f"{location}/groups/{number}/mark", json={"keep": [key]})
        assert response.status_code in (404, 422)
    for wrong in ("0", "3", "-1"):
        problem(client.put(f"{location}/groups/{wrong}/mark", json={"keep": [other]}), "no-such-group", 404)
        problem(client.delete(f"{location}/groups/{wrong}/mark"), "no-such-group", 404)
    problem(client.put(f"{location}/groups/one/mark", json={"keep": [other]}), "invalid", 422)
    applied = client.post(f"{location}/apply").json()
    assert applied["moved"] == []
    assert not in_trash() & {*album.rglob("*")}


def test_many_groups_are_marked_at_once(client: TestClient, copies: dict[str, Path]) -> None:
    location = search(client)
    sub = str(copies["twin"].parent)
    for order, gone in (
        ({"kind": "exact"}, {"same", "twin"}),
        ({"keep_below": sub}, {"kept", "second"}),
        ({"move_below": sub}, {"same", "half", "twin"}),
    ):
        assert client.post(f"{location}/accept", json=order).json() == {"groups": [1, 2]}
        plan = client.post(f"{location}/apply", json={"dry_run": True}).json()
        assert {file["path"] for file in plan["moved"]} == {str(copies[name]) for name in gone}
        assert sorted(client.post(f"{location}/undo").json()["groups"]) == [1, 2]
    for wrong in (
        {"kind": "edited"},
        {},
        {"keep_below": "sub"},
        {"move_below": "/a\0b"},
        {"keep_below": "/", "kind": "exact"},
    ):
        problem(client.post(f"{location}/accept", json=wrong), "invalid", 422)
    assert all(path.exists() for path in copies.values())


# Applying


def test_only_what_is_marked_moves(client: TestClient, library: imsearch.Library, copies: dict[str, Path]) -> None:
    location = search(client)
    mark(client, location, copies["kept"], copies["same"])
    gone = {copies["kept"], copies["half"]}
    expected = {
        "moved": [
            {"file": file_key(str(copies[name])), "path": str(copies[name]), "relation": relation}
            for name, relation in (("kept", "exact"), ("half", "edited"))
        ],
        "along": [],
        "bytes": sum(path.stat().st_size for path in gone),
        "skipped": [],
        "linked": [],
        "groups": 1,
        "different": 0,
    }
    assert client.post(f"{location}/apply", json={"dry_run": True}).json() == expected
    assert all(path.exists() for path in copies.values())
    assert client.post(f"{location}/apply").json() == expected
    assert in_trash() & {*copies.values()} == gone
    assert not gone & {Path(file.path) for file in library.files()}
    group = group_of(client, location, copies["same"])
    assert (group["mark"], group["decision"]) == (None, "kept")
    assert {Path(file["path"]): file["here"] for file in group["files"]} == {
        copies["same"]: True,
        copies["kept"]: False,
        copies["half"]: False,
    }
    assert copies["twin"].exists()


def test_what_is_not_as_it_was_is_skipped_and_can_be_applied_again(
    client: TestClient, copies: dict[str, Path], stripes: bytes
) -> None:
    location = search(client)
    mark(client, location, copies["kept"], copies["kept"])
    status = copies["half"].stat()
    before = copies["half"].read_bytes()
    copies["half"].write_bytes(stripes)
    applied = client.post(f"{location}/apply").json()
    assert [file["path"] for file in applied["moved"]] == [str(copies["same"])]
    (skip,) = applied["skipped"]
    assert (skip["path"], "has changed" in skip["reason"]) == (str(copies["half"]), True)
    assert (applied["groups"], group_of(client, location, copies["kept"])["decision"]) == (0, None)
    copies["half"].write_bytes(before)
    os.utime(copies["half"], ns=(status.st_atime_ns, status.st_mtime_ns))
    applied = client.post(f"{location}/apply").json()
    assert ([file["path"] for file in applied["moved"]], applied["groups"]) == ([str(copies["half"])], 1)


def test_names_that_are_no_text_are_marked_and_moved(
    client: TestClient, library: imsearch.Library, copies: dict[str, Path], album: Path
) -> None:
    odd = Path(os.fsdecode(os.fsencode(album) + b"/\xff\n.jpg"))
    copies["twin"].rename(odd)
    library.index(album)
    location = search(client)
    group = group_of(client, location, copies["second"])
    (shown,) = (file for file in group["files"] if file["file"] == file_key(str(odd)))
    assert shown["name"] == r"\udcff\n.jpg"
    mark(client, location, copies["second"], copies["second"])
    assert client.post(f"{location}/apply").json()["moved"] == [
        {"file": shown["file"], "path": shown["path"], "relation": "exact"}
    ]
    assert not odd.exists()


def test_links_stay(client: TestClient, library: imsearch.Library, copies: dict[str, Path], album: Path) -> None:
    copies["twin"].unlink()
    copies["twin"].hardlink_to(copies["second"])
    third = Path(shutil.copy(copies["second"], album / "third.jpg"))
    library.index(album)
    location = search(client)
    mark(client, location, copies["second"], copies["second"])
    applied = client.post(f"{location}/apply").json()
    assert [each["path"] for each in applied["moved"]] == [str(third)]
    assert applied["linked"] == [str(copies["twin"])]
    assert copies["twin"].exists()


def test_while_something_else_writes_nothing_is_moved(
    client: TestClient, library: imsearch.Library, copies: dict[str, Path]
) -> None:
    location = search(client)
    client.post(f"{location}/accept", json={"kind": "exact"})
    with filelock.FileLock(library.path / "write.lock"):
        problem(client.post(f"{location}/apply"), "locked", 409)
    assert copies["twin"].exists()
    assert group_of(client, location, copies["twin"])["mark"] is not None


def test_what_was_moved_is_listed_and_brought_back(client: TestClient, copies: dict[str, Path]) -> None:
    assert client.get("/v1/trashed").json() == {"files": []}
    location = search(client)
    client.post(f"{location}/accept", json={"kind": "exact"})
    client.post(f"{location}/apply")
    gone = {str(copies["same"]), str(copies["twin"])}
    files = client.get("/v1/trashed").json()["files"]
    assert {file["path"] for file in files} == gone
    assert {file["bytes"] for file in files} == {copies["kept"].stat().st_size, copies["second"].stat().st_size}
    shutil.copy(copies["half"], copies["twin"])
    problem(client.post("/v1/restore", json={"files": ["!"]}), "invalid", 422)
    restored = client.post("/v1/restore", json={"files": [file_key(str(copies["same"]))]}).json()
    assert (restored["restored"], restored["skipped"]) == ([str(copies["same"])], [])
    restored = client.post("/v1/restore").json()
    assert restored["restored"] == []
    assert [skip["path"] for skip in restored["skipped"]] == [str(copies["twin"])]
    assert copies["same"].read_bytes() == copies["kept"].read_bytes()
    assert group_of(client, location, copies["same"])["decision"] is None
    assert group_of(client, location, copies["twin"])["decision"] == "kept"


# Decisions


def test_what_is_called_different_stays_apart_until_taken_back(client: TestClient, copies: dict[str, Path]) -> None:
    assert client.get("/v1/decisions").json() == {"pairs": []}
    location = search(client)
    number = group_of(client, location, copies["kept"])["number"]
    client.put(f"{location}/groups/{number}/mark", json={"different": True})
    assert client.get("/v1/decisions").json() == {"pairs": []}
    applied = client.post(f"{location}/apply").json()
    assert (applied["different"], applied["moved"]) == (1, [])
    assert group_of(client, location, copies["kept"])["decision"] == "different"
    (pair,) = client.get("/v1/decisions").json()["pairs"]
    assert {*pair.values()} == {str(min(copies["kept"], copies["same"])), str(copies["half"])}
    again = search(client)
    assert {file["path"] for file in group_of(client, again, copies["kept"])["files"]} == {
        str(copies["kept"]),
        str(copies["same"]),
    }
    copies["half"].unlink()  # what was decided is about pictures, wherever they are
    assert client.delete(f"{location}/groups/{number}/mark").json()["decision"] is None
    assert client.get("/v1/decisions").json() == {"pairs": []}


def test_the_same_bytes_cannot_be_called_different(client: TestClient, copies: dict[str, Path]) -> None:
    location = search(client)
    number = group_of(client, location, copies["twin"])["number"]
    response = client.put(f"{location}/groups/{number}/mark", json={"different": True})
    assert "same bytes" in problem(response, "invalid", 409)["detail"]


def test_a_library_that_is_not_there_has_no_decisions(client: TestClient) -> None:
    assert client.get("/v1/decisions").json() == {"pairs": []}


def test_an_index_run_has_no_groups(client: TestClient, library: imsearch.Library, copies: dict[str, Path]) -> None:
    location = client.post("/v1/runs/index", json={}).headers["location"]
    client.get(f"{location}/events")
    problem(client.get(f"{location}/groups"), "no-such-group", 404)
