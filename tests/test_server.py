"""The HTTP API: queries, pictures, thumbnails, and what is answered where that cannot be."""

import base64
import io
import os
import shutil
import socket
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from servers import SERVED
from starlette.testclient import TestClient

import imsearch
from imsearch.server import hints
from imsearch.server.app import create_app
from imsearch.server.keys import file_key, path_of_key
from imsearch.server.problems import MEDIA_TYPE, ProblemError, problem_of
from imsearch.server.settings import Settings


@pytest.fixture
def policy() -> imsearch.ProbePolicy:
    """That of a library that is served."""
    return SERVED


@pytest.fixture
def client(library: imsearch.Library) -> Iterator[TestClient]:
    """The app over an empty library."""
    with TestClient(create_app(library), base_url="http://localhost", raise_server_exceptions=False) as opened:
        yield opened


@pytest.fixture
def filled(client: TestClient, library: imsearch.Library, indexed_album: Path) -> TestClient:
    """The app over a library of a dozen photographs."""
    return client


def digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def problem(response: Any, name: str, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == MEDIA_TYPE
    document: dict[str, Any] = response.json()
    assert document["type"] == f"urn:imsearch:problem:{name}"
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    return document


def upload(client: TestClient, data: bytes, **parameters: Any) -> Any:
    return client.post("/v1/query", files={"picture": ("probe", data)}, params=parameters)


# Queries


def test_an_upload_gets_what_the_library_gives(filled: TestClient, library: imsearch.Library, album: Path) -> None:
    photo = sorted(album.iterdir())[2]
    answer = upload(filled, photo.read_bytes(), k=5).json()
    hits = library.query(photo, k=5)
    assert [(hit["rank"], hit["path"], hit["id"]) for hit in answer["hits"]] == [
        (hit.rank, hit.path, hit.digest) for hit in hits
    ]
    assert [hit["score"] for hit in answer["hits"]] == [round(hit.score, 6) for hit in hits]
    first = answer["hits"][0]
    assert (first["folder"], first["name"]) == (str(album), photo.name)
    assert path_of_key(first["file"]) == str(photo)
    assert (first["width"], first["height"]) == (hits[0].width, hits[0].height)
    assert answer["probe"] == {"width": hits[0].width, "height": hits[0].height, "preview": None}
    assert answer["model"] == library.model
    assert first["region"] is None
    assert first["proof"] is None


def test_parameters_mean_what_they_mean_to_the_library(
    filled: TestClient, library: imsearch.Library, album: Path
) -> None:
    photo = sorted(album.iterdir())[2]
    filters = imsearch.Filters(under=str(album), formats=("jpeg",), min_width=400, min_height=200)
    asked = {"under": str(album), "format": "jpeg", "min_width": 400, "min_height": 200}
    answer = upload(filled, photo.read_bytes(), crop="10%,20%,50%,40%", min_score=0.1, **asked).json()
    hits = library.query(photo, k=20, crop="10%,20%,50%,40%", min_score=0.1, filters=filters)
    assert [hit["path"] for hit in answer["hits"]] == [hit.path for hit in hits]
    width, height = library.query(photo, k=1)[0].width, library.query(photo, k=1)[0].height
    assert abs(answer["probe"]["width"] - width / 2) <= 1
    assert abs(answer["probe"]["height"] - height * 0.4) <= 1
    assert upload(filled, photo.read_bytes(), format=["png", "webp"]).json()["hits"] == []
    assert upload(filled, photo.read_bytes(), taken_after="9999").json()["hits"] == []


def test_a_copy_is_proven_with_its_outline(filled: TestClient, album: Path) -> None:
    photo = max(album.iterdir(), key=lambda path: path.stat().st_size)
    with Image.open(photo) as picture:
        width, height = picture.size
        part = picture.crop((width // 4, height // 4, width, height))
    buffer = io.BytesIO()
    part.save(buffer, "PNG")
    hit = upload(filled, buffer.getvalue(), verify=True, k=3).json()["hits"][0]
    assert hit["name"] == photo.name
    proof = hit["proof"]
    assert proof["verdict"] == "copy"
    assert proof["how"].startswith("cropped to")
    assert 0.5 < proof["overlap"]["hit"] < 0.62
    left, top = proof["shared"]["hit"][0]
    assert abs(left - width // 4) < 3
    assert abs(top - height // 4) < 3
    assert proof["shared"]["probe"][2] == pytest.approx([part.width, part.height], abs=4)
    assert len(proof["quadrilateral"]) == 4
    assert proof["matches"]
    drawing = ElementTree.fromstring(proof["drawing"])
    assert photo.name in (drawing[0].text or "")
    assert [image.get("href") for image in drawing.iter("{http://www.w3.org/2000/svg}image")] == [None, None]


def test_what_was_not_aligned_is_not_drawn(filled: TestClient, stripes: bytes) -> None:
    proofs = [hit["proof"] for hit in upload(filled, stripes, verify=True, k=3).json()["hits"]]
    assert [(proof["verdict"], proof["transform"], proof["drawing"]) for proof in proofs] == [
        ("similar", None, None)
    ] * 3


def test_an_indexed_picture_asks_for_more_like_it(filled: TestClient, library: imsearch.Library, album: Path) -> None:
    photo = sorted(album.iterdir())[4]
    identity = digest(photo)
    answer = filled.get(f"/v1/pictures/{identity}/similar", params={"k": 4}).json()
    assert [hit["path"] for hit in answer["hits"]] == [hit.path for hit in library.query(photo, k=4)]
    problem(filled.get(f"/v1/pictures/{'0' * 64}/similar"), "no-such-picture", 404)
    photo.unlink()
    address = f"/v1/pictures/{answer['hits'][0]['id']}/similar"
    assert filled.get(address, params={"k": 4}).json()["hits"] == answer["hits"]  # its vector is there
    gone = problem(filled.get(address, params={"crop": "0,0,50%,50%"}), "gone", 410)
    assert "index" in gone["hint"]
    assert gone["id"] == identity


@pytest.mark.parametrize(
    "parameters",
    [
        {"k": 0},
        {"k": 201},
        {"k": "many"},
        {"crop": "1,2,3"},
        {"crop": "nan,0,1,1"},
        {"min_score": 2},
        {"taken_after": "yesterday"},
        {"format": "docx"},
        {"min_width": -1},
        {"nonsense": 1},
    ],
)
def test_parameters_that_make_no_sense_are_told(filled: TestClient, stripes: bytes, parameters: dict[str, Any]) -> None:
    assert problem(upload(filled, stripes, **parameters), "invalid", 422)["detail"]


def test_a_probe_comes_back_as_a_small_jpeg_if_wanted(filled: TestClient, photos: list[Path]) -> None:
    (photo,) = [path for path in photos if path.suffix == ".tif"]
    probe = upload(filled, photo.read_bytes(), preview=True, crop="0,0,50%,50%").json()["probe"]
    kind, data = probe["preview"].split(",")
    assert kind == "data:image/jpeg;base64"
    with Image.open(io.BytesIO(base64.b64decode(data))) as small, Image.open(photo) as whole:
        assert small.size == whole.size
        assert (probe["width"], probe["height"]) == (whole.width // 2, whole.height // 2)
    assert upload(filled, photo.read_bytes()).json()["probe"]["preview"] is None


def test_a_problem_with_a_picture_names_it(filled: TestClient) -> None:
    missing = problem(filled.get(f"/v1/pictures/{'0' * 64}"), "no-such-picture", 404)
    assert missing["id"] == "0" * 64


@pytest.mark.parametrize(
    ("error", "members"),
    [
        (imsearch.UsageError("no", argument="k"), {"argument": "k"}),
        (
            imsearch.UsageError("no", argument="keep", choices=("largest",)),
            {"argument": "keep", "choices": ["largest"]},
        ),
        (imsearch.UsageError("no"), {}),
        (imsearch.UnknownPictureError("no", digest="\udcff"), {"id": r"\udcff"}),
        (imsearch.UnknownModelError("no", model="vit"), {"model": "vit"}),
        (imsearch.ProbeError("no", probe="here.jpg"), {}),
    ],
)
def test_fields_of_errors_are_members_of_problems(error: imsearch.ImsearchError, members: dict[str, Any]) -> None:
    known = {"type", "title", "status", "detail", "hint"}
    assert {name: value for name, value in problem_of(error).document().items() if name not in known} == members


@pytest.mark.parametrize("kind", [*hints.BY_ERROR, imsearch.LibraryNotFoundError, imsearch.OutOfReachError])
def test_problems_come_with_a_hint(kind: type[imsearch.ImsearchError]) -> None:
    hint = problem_of(kind("no")).document()["hint"]
    assert hint[0].isupper()
    assert hint.endswith(".")


def test_a_model_without_vectors_is_no_failure_of_the_server(
    library: imsearch.Library, indexed_album: Path, stripes: bytes
) -> None:
    with (
        imsearch.open(library.path, model="resnet18", policy=SERVED) as other,
        TestClient(create_app(other), base_url="http://localhost", raise_server_exceptions=False) as client,
    ):
        assert problem(upload(client, stripes), "invalid", 422)["model"] == "resnet18"


def test_a_crop_outside_is_the_probes_problem(filled: TestClient, stripes: bytes) -> None:
    assert "160 x 120" in problem(upload(filled, stripes, crop="500,500,10,10"), "probe", 422)["detail"]


@pytest.mark.parametrize("data", [b"", b"no picture", b"\xff\xd8\xff\xe0 broken", b"GIF89a"])
def test_what_is_no_picture_is_told_so(filled: TestClient, data: bytes) -> None:
    problem(upload(filled, data), "probe", 422)


def test_a_form_without_a_picture_is_told_so(filled: TestClient) -> None:
    assert "picture" in problem(filled.post("/v1/query"), "invalid", 422)["detail"]
    problem(filled.post("/v1/query", data={"picture": "text"}), "invalid", 422)


def test_an_empty_library_says_what_to_do(client: TestClient, stripes: bytes) -> None:
    assert "/v1/runs/index" in problem(upload(client, stripes), "empty-library", 409)["hint"]
    facts = client.get("/v1/library").json()
    assert facts["exists"] is False
    assert facts["pictures"] == 0


@pytest.mark.parametrize("url", ["ftp://example.org/a.jpg", "file:///etc/passwd", "/etc/passwd", "", "javascript:1"])
def test_only_web_addresses_are_fetched(filled: TestClient, url: str) -> None:
    problem(filled.post("/v1/query/url", json={"url": url}), "invalid", 422)


@pytest.mark.parametrize("preview", [False, True])
def test_only_public_addresses_are_fetched(filled: TestClient, preview: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as private:
        private.setblocking(False)
        url = f"http://127.0.0.1:{private.getsockname()[1]}/a.jpg"
        response = filled.post("/v1/query/url", json={"url": url}, params={"preview": preview})
        assert "not a public address" in problem(response, "probe", 422)["detail"]
        with pytest.raises(BlockingIOError):
            private.accept()


def test_a_library_that_reaches_into_this_network_is_not_served(tmp_path: Path) -> None:
    with (
        imsearch.open(tmp_path / "own") as library,
        pytest.raises(imsearch.UsageError, match="opened with a policy"),
    ):
        create_app(library)


def test_too_many_at_a_time_are_told_to_come_again(
    library: imsearch.Library, indexed_album: Path, stripes: bytes
) -> None:
    with TestClient(create_app(library, Settings(max_waiting=0)), base_url="http://localhost") as client:
        response = upload(client, stripes)
        problem(response, "busy", 503)
        assert response.headers["retry-after"] == "1"


# Pictures


def test_a_picture_names_its_files(filled: TestClient, library: imsearch.Library, album: Path) -> None:
    photo = sorted(album.iterdir())[0]
    shutil.copy(photo, album / "zz <b>copy.jpg")
    library.index(album)
    facts = filled.get(f"/v1/pictures/{digest(photo)}").json()
    assert [file["name"] for file in facts["files"]] == [photo.name, "zz <b>copy.jpg"]
    assert facts["files"][0]["size"] == photo.stat().st_size
    problem(filled.get("/v1/pictures/nothing"), "no-such-picture", 404)


def test_names_that_are_no_text_are_shown_and_asked_for(
    filled: TestClient, library: imsearch.Library, album: Path
) -> None:
    photo = sorted(album.iterdir())[0]
    name = os.fsencode(album) + b"/\xff\n\x1b[31m.jpg"
    photo.rename(os.fsdecode(name))
    library.index(album)
    hit = upload(filled, Path(os.fsdecode(name)).read_bytes(), k=1).json()["hits"][0]
    assert hit["name"] == r"\udcff\n\x1b[31m.jpg"
    assert path_of_key(hit["file"]) == os.fsdecode(name)
    assert filled.get(f"/v1/pictures/{hit['id']}/thumbnail").status_code == 200


def test_a_thumbnail_may_be_kept_for_good(filled: TestClient, album: Path) -> None:
    photo = sorted(album.iterdir())[0]
    address = f"/v1/pictures/{digest(photo)}/thumbnail"
    response = filled.get(address)
    assert response.headers["content-type"] == "image/jpeg"
    assert "immutable" in response.headers["cache-control"]
    assert "private" in response.headers["cache-control"]
    with Image.open(io.BytesIO(response.content)) as small, Image.open(photo) as whole:
        assert max(small.size) <= 320
        reference = whole.convert("RGB").resize(small.size)
        assert np.abs(np.asarray(small, float) - np.asarray(reference, float)).mean() < 8
    tag = response.headers["etag"]
    for sent in (tag, f'"other", W/{tag}'):
        again = filled.get(address, headers={"If-None-Match": sent})
        assert again.status_code == 304
        assert again.content == b""
        assert again.headers["etag"] == tag
    larger = filled.get(address, params={"size": 1280}, headers={"If-None-Match": tag})
    assert larger.status_code == 200
    problem(filled.get(address, params={"size": 5000}), "invalid", 422)


def test_what_left_the_library_is_not_shown(filled: TestClient, library: imsearch.Library, album: Path) -> None:
    photo = sorted(album.iterdir())[0]
    address = f"/v1/pictures/{digest(photo)}/thumbnail"
    tag = filled.get(address).headers["etag"]
    library.remove(photo)
    problem(filled.get(address, headers={"If-None-Match": tag}), "no-such-picture", 404)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/pictures/..%2F..%2Fetc%2Fpasswd/thumbnail",
        "/v1/pictures/%2Fetc%2Fpasswd",
        "/v1/pictures/L2V0Yy9wYXNzd2Q/thumbnail",
        "/page/..%2Fapp.py",
        "/page/../app.py",
        "/page/%2e%2e/app.py",
        "/page/..%5Capp.py",
        "//etc/passwd",
    ],
)
def test_nothing_outside_the_library_can_be_read(filled: TestClient, path: str) -> None:
    response = filled.get(path)
    assert response.status_code == 404
    assert "root:" not in response.text
    assert "create_app" not in response.text


def test_the_library_says_what_can_be_asked_for(filled: TestClient, library: imsearch.Library, album: Path) -> None:
    facts = filled.get("/v1/library").json()
    assert facts["files"] == facts["pictures"] == len(list(album.iterdir()))
    assert facts["roots"] == [{"path": str(album), "reachable": True}]
    assert facts["folders"] == [str(album)]
    assert facts["can_verify"] is True
    assert "jpeg" in facts["formats"]


def test_keys_are_of_any_bytes() -> None:
    for name in (b"/a b.jpg", b"/\xff\xfe", "/größe/ß.jpg".encode(), b"/" + b"x" * 300):
        assert path_of_key(file_key(os.fsdecode(name))) == os.fsdecode(name)
    for key in ("a", "!!", "aaaa=", "é", "YWJ"):
        with pytest.raises(ProblemError):
            path_of_key(key)


def test_the_description_has_an_example_of_every_answer(client: TestClient) -> None:
    document = client.get("/v1/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], (method, path)
            assert operation["tags"], (method, path)


def test_the_metrics_count_what_the_model_did(filled: TestClient, stripes: bytes, album: Path) -> None:
    upload(filled, stripes)
    upload(filled, sorted(album.iterdir())[0].read_bytes())  # whose vector is there
    lines = filled.get("/metrics").text.splitlines()
    assert "imsearch_embedded_pictures_total 1.0" in lines
    assert "imsearch_embedded_batches_total 1.0" in lines
    assert 'imsearch_http_requests_total{method="POST",route="/v1/query",status="200"} 2.0' in lines
