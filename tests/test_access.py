"""The line in the log, and the numbers, of each request."""

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families
from servers import SERVED
from sockets import SECONDS, ask, connected, request, serving
from starlette.responses import StreamingResponse

import imsearch
from imsearch.server.app import create_app
from imsearch.server.settings import Settings

TOKEN = "a-token-of-31-signs_with+others"
ALLOWED = f"Authorization: Bearer {TOKEN}"


@pytest.fixture
def policy() -> imsearch.ProbePolicy:
    """That of a library that is served."""
    return SERVED


@pytest.fixture
def app(library: imsearch.Library) -> FastAPI:
    """The real app, and a route whose answer breaks off."""
    app = create_app(library, Settings(token=TOKEN))

    @app.get("/break/{name}")
    async def breaking(name: str) -> StreamingResponse:
        async def parts() -> Any:
            yield b"x" * 1000
            raise RuntimeError("the disk is gone")

        return StreamingResponse(parts())

    return app


@pytest.fixture
def port(app: FastAPI) -> Iterator[int]:
    with serving(app) as port:
        yield port


@pytest.fixture
def logged() -> Iterator[Queue[dict[str, Any]]]:
    """What is logged of requests, as it comes: a request is counted and logged only after its answer."""
    records: Queue[dict[str, Any]] = Queue()

    class Collecting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.put(record.__dict__)

    handler = Collecting()
    log = logging.getLogger("imsearch.server.middleware.access")
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    yield records
    log.removeHandler(handler)
    log.setLevel(logging.NOTSET)


def samples(port: int) -> dict[tuple[str, ...], float]:
    """Each number that /metrics gives, by its name and the values of its labels."""
    text = ask(port, request("GET", "/metrics", ALLOWED)).body.decode()
    return {
        (sample.name, *(value for label, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_request_is_logged(port: int, logged: Queue[dict[str, Any]]) -> None:
    answer = ask(port, request("GET", "/healthz?token=secret"))
    line = logged.get(timeout=SECONDS)
    assert (line["method"], line["path"], line["status"], line["client"]) == ("GET", "/healthz", 200, "127.0.0.1")
    assert line["bytes"] == len(answer.body) > 0
    assert line["milliseconds"] > 0
    assert line["request"] == answer.headers["x-request-id"]
    assert "secret" not in str(line)


def test_each_request_has_its_own_number(port: int) -> None:
    raw = request("GET", "/healthz", "X-Request-ID: mine")
    numbers = {ask(port, raw).headers["x-request-id"] for _ in range(3)}
    assert len(numbers) == 3
    assert "mine" not in numbers


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (request("GET", "/v1/openapi.json"), 401),
        (request("GET", "/", host="evil.example"), 421),
        (request("DELETE", "/v1/session", "Origin: null"), 403),
    ],
)
def test_what_is_refused_is_logged(port: int, logged: Queue[dict[str, Any]], raw: bytes, status: int) -> None:
    assert ask(port, raw).status == status
    assert logged.get(timeout=SECONDS)["status"] == status


def test_an_answer_that_breaks_off_is_a_failure(
    port: int, logged: Queue[dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    with connected(port) as connection:
        connection.sendall(request("GET", "/break/one", ALLOWED))
        while connection.recv(65536):
            pass
    line = logged.get(timeout=SECONDS)
    assert (line["status"], line["bytes"]) == (500, 1000)
    failures = [str(record.exc_info[1]) for record in caplog.records if record.exc_info]
    assert failures == ["the disk is gone"]
    assert samples(port)["imsearch_http_requests_total", "GET", "/break/{name}", "500"] == 1


def test_requests_are_counted_by_their_route(port: int, logged: Queue[dict[str, Any]]) -> None:
    for raw in [
        request("GET", "/healthz"),
        request("GET", "/healthz"),
        request("PUT", "/healthz", ALLOWED),
        request("GET", "/v1/session"),
        request("GET", "/page/index.html"),
        request("GET", "/page/none-of-them"),
        request("GET", "/v1/openapi.json"),
    ]:
        ask(port, raw)
        logged.get(timeout=SECONDS)
    found = samples(port)
    assert {key[1:]: value for key, value in found.items() if key[0] == "imsearch_http_requests_total"} == {
        ("GET", "/healthz", "200"): 2,
        ("PUT", "/healthz", "405"): 1,
        ("GET", "/v1/session", "200"): 1,
        ("GET", "/page", "200"): 1,
        ("GET", "/page", "404"): 1,
        ("GET", "none", "401"): 1,
    }
    assert found["imsearch_http_request_seconds_count", "/healthz"] == 3
    assert found["imsearch_http_request_seconds_sum", "/healthz"] > 0


def test_a_scan_makes_no_new_numbers(port: int, logged: Queue[dict[str, Any]]) -> None:
    for number in range(20):
        ask(port, request("GET", f"/wp-admin/{number}.php", ALLOWED))
        ask(port, request("PROPFIND" if number % 2 else "REPORT", f"/{number}", ALLOWED))
        ask(port, request("GET", f"/v1/pictures/{number}/"))
        for _ in range(3):
            logged.get(timeout=SECONDS)
    counted = {key: value for key, value in samples(port).items() if key[0] == "imsearch_http_requests_total"}
    assert counted == {
        ("imsearch_http_requests_total", "GET", "none", "404"): 20,
        ("imsearch_http_requests_total", "other", "none", "404"): 20,
        ("imsearch_http_requests_total", "GET", "none", "401"): 20,
    }


def test_requests_in_flight(port: int) -> None:
    """One waits for its body, for which the server has asked; the other is the one that gets the numbers."""
    waiting = request(
        "POST", "/v1/session", "Content-Type: application/json", "Expect: 100-continue", "Content-Length: 2"
    )
    with connected(port) as connection:
        connection.sendall(waiting)
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        assert samples(port)[("imsearch_http_requests_in_flight",)] == 2


SERVE_AND_ASK = """
import logging.config, sys
import imsearch
from imsearch.server.middleware.access import LOGGING
from imsearch.server.app import create_app
from sockets import ask, request, serving

logging.config.dictConfig(LOGGING)
with imsearch.open(sys.argv[1], policy=imsearch.STRANGERS) as library:
    app = create_app(library)

    @app.get("/fail")
    async def fail():
        raise RuntimeError("line\\n" + '{"status": 200}')

    with serving(app) as port:
        ask(port, request("GET", "/x%0a%7B%22status%22:200%7D%0d%1b%5B31m%e2%80%a8%ff"))
        ask(port, request("GET", "/fail"))
        ask(port, b"nonsense")
"""


def test_lines_on_stderr_cannot_be_forged(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SERVE_AND_ASK, str(tmp_path / "library")],
        capture_output=True,
        env={"PYTHONPATH": f"{Path(imsearch.__file__).parents[1]}:{Path(__file__).parent}"},
        check=True,
        timeout=SECONDS * 2,
    )
    assert done.stderr.isascii()
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [(line["level"], line["logger"], line.get("status")) for line in lines] == [
        ("INFO", "imsearch.server.middleware.access", 404),
        ("ERROR", "imsearch.server.middleware.last_resort", None),
        ("INFO", "imsearch.server.middleware.access", 500),
        ("WARNING", "uvicorn.error", None),
    ]
    assert lines[0]["path"] == '/x\n{"status":200}\r\x1b[31m\u2028\ufffd'
    assert lines[1]["request"] == lines[2]["request"]
    assert "RuntimeError: line" in lines[1]["exc_info"]
    assert all(line["time"].endswith("+00:00") for line in lines)
