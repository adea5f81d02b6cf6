"""What comes before a request's body: in how much time, and how much of it."""

import asyncio
import inspect
import socket
from collections.abc import Iterator

import pytest
import uvicorn
from sockets import answer_on, ask, connected, request, serving
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from imsearch.server.protocol import LimitedHttpProtocol


async def length(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


async def refuse(request: Request) -> PlainTextResponse:
    return PlainTextResponse("no", 403)


APP = Starlette(routes=[Route("/", length, methods=["GET", "POST"]), Route("/refuse", refuse, methods=["POST"])])


class Hurried(LimitedHttpProtocol):
    head_seconds = 1.0


class Patient(LimitedHttpProtocol):
    head_seconds = 3600.0


@pytest.fixture(scope="module")
def hurried() -> Iterator[int]:
    with serving(APP, Hurried) as port:
        yield port


@pytest.fixture(scope="module")
def patient() -> Iterator[int]:
    with serving(APP, Patient) as port:
        yield port


def is_closed(connection: socket.socket) -> bool:
    """Wait for the end of what the server sends; the connection's own time-out fails the test."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize(
    "begun", [b"", b"GE", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: a"]
)
def test_a_connection_without_a_whole_head_is_closed(hurried: int, begun: bytes) -> None:
    with connected(hurried) as connection:
        connection.sendall(begun)
        assert is_closed(connection)


def test_a_second_head_has_the_same_time(hurried: int) -> None:
    with connected(hurried) as connection:
        connection.sendall(request("GET", "/"))
        assert answer_on(connection).status == 200
        connection.sendall(b"GET / HTTP/1.1\r\nHost: ")
        assert is_closed(connection)


def test_what_was_refused_may_end_in_the_same_time(hurried: int) -> None:
    with connected(hurried) as connection:
        connection.sendall(request("POST", "/refuse", "Content-Length: 1000000000") + b"x" * 100_000)
        assert answer_on(connection).status == 403
        assert is_closed(connection)


def test_a_request_after_a_refused_one_is_answered(patient: int) -> None:
    """What is left of the refused one is longer than a head may be."""
    refused = request("POST", "/refuse", body=b"x" * 1_000_000)
    with connected(patient) as connection:
        connection.sendall(refused[:1000])
        assert answer_on(connection).status == 403
        connection.sendall(refused[1000:] + request("POST", "/", body=b"12345"))
        assert answer_on(connection).body == b"5"


def test_no_deadline_holds_for_a_whole_request(hurried: int) -> None:
    """Its body ends only after the deadline for the head of another connection, opened later, has closed that one."""
    with connected(hurried) as slow:
        slow.sendall(request("POST", "/", "Content-Length: 3") + b"a")
        with connected(hurried) as later:
            assert is_closed(later)
        slow.sendall(b"bc")
        assert answer_on(slow).body == b"3"


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(request("GET", "/" + "a" * 40_000), id="address"),
        pytest.param(request("GET", "/", "X-Long: " + "a" * 40_000), id="header"),
        pytest.param(request("GET", "/", *[f"X-{n}: {'a' * 100}" for n in range(500)]), id="headers"),
        pytest.param(b"GET / HTTP/1.1\r\nX-Endless: " + b"a" * 1_000_000, id="endless header"),
        pytest.param(b"GET /" + b"a" * 1_000_000, id="endless address"),
        pytest.param(
            request("POST", "/", "Transfer-Encoding: chunked") + b"0\r\nX-Endless: " + b"a" * 1_000_000, id="trailer"
        ),
        pytest.param(
            request("POST", "/", "Transfer-Encoding: chunked") + b"0\r\n" + b"X-A: aaaaaaaaaa\r\n" * 5000, id="trailers"
        ),
    ],
)
def test_a_head_without_end_is_refused(patient: int, raw: bytes) -> None:
    with connected(patient) as connection:
        try:
            connection.sendall(raw)
            assert answer_on(connection).status == 400
        except (ConnectionResetError, BrokenPipeError):
            pass  # it did not wait for the rest
        assert is_closed(connection)


def test_a_long_head_within_the_limit_is_answered(patient: int) -> None:
    assert ask(patient, request("GET", "/?" + "a" * 12_000, "X-Long: " + "a" * 16_000)).status == 200


def test_each_request_has_its_own_limit(patient: int) -> None:
    with connected(patient) as connection:
        for _ in range(4):
            connection.sendall(request("GET", "/", "X-Long: " + "a" * 16_000))
            assert answer_on(connection).status == 200


def test_a_body_in_small_chunks_is_no_head(patient: int) -> None:
    chunks = b"1\r\na\r\n" * 50_000 + b"0\r\n\r\n"
    assert ask(patient, request("POST", "/", "Transfer-Encoding: chunked") + chunks).body == b"50000"


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", id="TLS"),
        pytest.param(request("CONNECT", "example.org:443"), id="CONNECT"),
        pytest.param(request("GET", "http://localhost"), id="no path"),
        pytest.param(request("POST", "/", "Transfer-Encoding: chunked", body=b"0\r\n\r\n"), id="two lengths"),
        pytest.param(request("POST", "/", "Content-Length: 1", body=b"abc"), id="lengths that differ"),
        pytest.param(request("GET", "/", "X-Split: a\nX-B : b"), id="space before colon"),
        pytest.param(request("GET", "/", "X-Nul: a\0b"), id="NUL in a header"),
        pytest.param(request("GET", "/\0"), id="NUL in the path"),
    ],
)
def test_what_is_no_http_is_refused(patient: int, raw: bytes) -> None:
    with connected(patient) as connection:
        connection.sendall(raw)
        assert answer_on(connection).status == 400
        assert is_closed(connection)


# Insides of uvicorn that are relied on: these fail where a version beyond the cap in pyproject.toml has changed them.


OVERRIDDEN = [
    "connection_lost",
    "connection_made",
    "data_received",
    "on_body",
    "on_header",
    "on_headers_complete",
    "on_message_begin",
    "on_url",
]


def test_the_methods_that_are_overridden_are_those_of_uvicorn() -> None:
    methods = [name for name, value in vars(LimitedHttpProtocol).items() if callable(value) and name[0] != "_"]
    assert sorted(methods) == OVERRIDDEN


@pytest.mark.parametrize("name", OVERRIDDEN)
def test_an_overridden_method_has_the_parameters_of_uvicorns(name: str) -> None:
    ours, theirs = (
        list(inspect.signature(getattr(kind, name)).parameters) for kind in (LimitedHttpProtocol, HttpToolsProtocol)
    )
    assert ours == theirs


def test_uvicorn_tells_what_is_asked_of_a_connection() -> None:
    loop = asyncio.new_event_loop()
    protocol = HttpToolsProtocol(uvicorn.Config(APP), ServerState(), {}, loop)
    assert protocol.loop is loop
    assert protocol.transport is None, "it is set when a connection is made"
    assert protocol.cycle is None, "it is set when there is a first request"
    assert list(inspect.signature(protocol.send_400_response).parameters) == ["msg"]
    loop.close()
    nothing = dict.fromkeys(inspect.signature(RequestResponseCycle).parameters)
    assert RequestResponseCycle(**nothing).response_complete is False
