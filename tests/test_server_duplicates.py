"""Groups of duplicates over HTTP: what is found, what goes to the trash, and what a person decides."""

import json
import os
import shutil
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import filelock
import pytest
from PIL import Image
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
def client(library: imsearch.Library) -> Iterator[TestClient]:
    with TestClient(create_app(library), base_url="http://localhost", raise_server_exceptions=False) as opened:
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
    assert (group["kind"], group["decision"]) == ("copy", None)
    assert "largest" in group["reason"]
    assert group["files"][group["keep"]]["path"] == str(copies["kept"])
    files = {file["path"]: file for file in group["files"]}
    assert {path: file["relation"] for path, file in files.items()} == {
        str(copies["kept"]): "kept",
        str(copies["same"]): "exact",
        str(copies["half"]): "copy",
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


# Keeping one


def test_all_but_the_kept_file_go_to_the_trash(
    client: TestClient, library: imsearch.Library, copies: dict[str, Path]
) -> None:
    location = search(client)
    number = group_of(client, location, copies["kept"])["number"]
    gone = {copies["kept"], copies["half"]}
    size = sum(path.stat().st_size for path in gone)
    response = client.post(f"{location}/groups/{number}/keep", json={"file": file_key(str(copies["same"]))}).json()
    assert {*response["moved"]} == {str(path) for path in gone}
    assert (response["bytes"], response["skipped"], response["linked"]) == (size, [], [])
    assert in_trash() & {*copies.values()} == gone
    assert copies["same"].exists()
    assert not gone & {Path(file.path) for file in library.files()}
    group = response["group"]
    assert group == group_of(client, location, copies["same"])
    assert (group["decision"], group["files"][group["keep"]]["path"]) == ("kept", str(copies["same"]))
    assert {Path(file["path"]): (file["relation"], file["here"]) for file in group["files"]} == {
        copies["same"]: ("kept", True),
        copies["kept"]: ("exact", False),
        copies["half"]: ("copy", False),
    }
    assert copies["twin"].exists()


def test_what_is_not_as_it_was_is_skipped(client: TestClient, copies: dict[str, Path], stripes: bytes) -> None:
    location = search(client)
    number = group_of(client, location, copies["kept"])["number"]
    copies["half"].write_bytes(stripes)
    choice = {"file": file_key(str(copies["kept"]))}
    response = client.post(f"{location}/groups/{number}/keep", json=choice).json()
    assert response["moved"] == [str(copies["same"])]
    (skip,) = response["skipped"]
    assert skip["path"] == str(copies["half"])
    assert "has changed" in skip["reason"]
    assert response["group"]["decision"] is None
    choice = {"file": file_key(str(copies["same"]))}
    response = client.post(f"{location}/groups/{number}/keep", json=choice).json()
    assert response["moved"] == []  # as the one to keep is gone by now
    assert copies["kept"].exists()
    assert copies["half"].read_bytes() == stripes
    assert in_trash() & {*copies.values()} == {copies["same"]}


def test_what_was_indexed_anew_is_left_alone(
    client: TestClient, library: imsearch.Library, copies: dict[str, Path], album: Path, stripes: bytes
) -> None:
    location = search(client)
    number = group_of(client, location, copies["kept"])["number"]
    copies["same"].write_bytes(stripes)
    library.index(album)
    here = {file["path"]: file["here"] for file in group_of(client, location, copies["kept"])["files"]}
    assert here == {str(copies["kept"]): True, str(copies["same"]): False, str(copies["half"]): True}
    choice = {"file": file_key(str(copies["kept"]))}
    response = client.post(f"{location}/groups/{number}/keep", json=choice).json()
    assert (response["moved"], response["skipped"]) == ([str(copies["half"])], [])
    assert copies["same"].exists()


def test_nothing_outside_a_group_is_moved(client: TestClient, copies: dict[str, Path], album: Path) -> None:
    location = search(client)
    number = group_of(client, location, copies["kept"])["number"]
    other = file_key(str(copies["twin"]))
    for key in (other, file_key("/etc/passwd"), file_key(f"{copies['kept']}/../{copies['kept'].name}")):
        problem(client.post(f"{location}/groups/{number}/keep", json={"file": key}), "no-such-file", 404)
    for key in ("", "!", "a"):
        response = client.post(f"{location}/groups/{number}/keep", json={"file": key})
        assert response.status_code in (404, 422)
    for wrong in ("0", "3", "-1"):
        problem(client.post(f"{location}/groups/{wrong}/keep", json={"file": other}), "no-such-group", 404)
    problem(client.post(f"{location}/groups/one/keep", json={"file": other}), "invalid", 422)
    assert not in_trash() & {*album.rglob("*")}
    assert all(path.exists() for path in copies.values())


def test_names_that_are_no_text_are_kept_and_moved(
    client: TestClient, library: imsearch.Library, copies: dict[str, Path], album: Path
) -> None:
    odd = Path(os.fsdecode(os.fsencode(album) + b"/\xff\n.jpg"))
    copies["twin"].rename(odd)
    library.index(album)
    location = search(client)
    group = group_of(client, location, copies["second"])
    (shown,) = (file for file in group["files"] if file["file"] == file_key(str(odd)))
    assert shown["name"] == r"\udcff\n.jpg"
    choice = {"file": file_key(str(copies["second"]))}
    response = client.post(f"{location}/groups/{group['number']}/keep", json=choice).json()
    assert response["moved"] == [shown["path"]]
    assert not odd.exists()


def test_links_stay(client: TestClient, library: imsearch.Library, copies: dict[str, Path], album: Path) -> None:
    copies["twin"].unlink()
    copies["twin"].hardlink_to(copies["second"])
    library.index(album)
    location = search(client)
    group = group_of(client, location, copies["second"])
    choice = {"file": file_key(str(copies["second"]))}
    response = client.post(f"{location}/groups/{group['number']}/keep", json=choice).json()
    assert (response["moved"], response["linked"]) == ([], [str(copies["twin"])])
    assert copies["twin"].exists()


def test_while_something_else_writes_nothing_is_moved(
    client: TestClient, library: imsearch.Library, copies: dict[str, Path]
) -> None:
    location = search(client)
    with filelock.FileLock(library.path / "write.lock"):
        choice = {"file": file_key(str(copies["second"]))}
        number = group_of(client, location, copies["second"])["number"]
        problem(client.post(f"{location}/groups/{number}/keep", json=choice), "locked", 409)
        number = group_of(client, location, copies["kept"])["number"]
        problem(client.post(f"{location}/groups/{number}/different"), "locked", 409)
    assert copies["twin"].exists()
    assert group_of(client, location, copies["kept"])["decision"] is None


# Decisions


def test_what_is_called_different_stays_apart_until_taken_back(client: TestClient, copies: dict[str, Path]) -> None:
    assert client.get("/v1/decisions").json() == {"pairs": []}
    location = search(client)
    number = group_of(client, location, copies["kept"])["number"]
    decided = client.post(f"{location}/groups/{number}/different").json()
    assert (decided["pairs"], decided["group"]["decision"]) == (1, "different")
    (pair,) = client.get("/v1/decisions").json()["pairs"]
    assert {*pair.values()} == {str(min(copies["kept"], copies["same"])), str(copies["half"])}
    again = search(client)
    assert {file["path"] for file in group_of(client, again, copies["kept"])["files"]} == {
        str(copies["kept"]),
        str(copies["same"]),
    }
    copies["half"].unlink()  # what was decided is about pictures, wherever they are
    taken_back = client.delete(f"{location}/groups/{number}/different").json()
    assert (taken_back["pairs"], taken_back["group"]["decision"]) == (1, None)
    assert client.get("/v1/decisions").json() == {"pairs": []}
    assert client.delete(f"{location}/groups/{number}/different").json()["pairs"] == 0


def test_the_same_bytes_cannot_be_called_different(client: TestClient, copies: dict[str, Path]) -> None:
    location = search(client)
    number = group_of(client, location, copies["twin"])["number"]
    for ask in (client.post, client.delete):
        assert "same bytes" in problem(ask(f"{location}/groups/{number}/different"), "invalid", 409)["detail"]


def test_a_library_that_is_not_there_has_no_decisions(client: TestClient) -> None:
    assert client.get("/v1/decisions").json() == {"pairs": []}


def test_an_index_run_has_no_groups(client: TestClient, library: imsearch.Library, copies: dict[str, Path]) -> None:
    location = client.post("/v1/runs/index", json={}).headers["location"]
    client.get(f"{location}/events")
    problem(client.get(f"{location}/groups"), "no-such-group", 404)
