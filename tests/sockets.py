"""A server on a real socket, and requests to it byte by byte."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPMessage, HTTPResponse
from threading import Thread

import uvicorn
from starlette.types import ASGIApp

from imsearch.server.protocol import LimitedHttpProtocol

SECONDS = 30
"""After which a test that hangs fails."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: HTTPMessage
    body: bytes


@contextmanager
def serving(app: ASGIApp, protocol: type[LimitedHttpProtocol] = LimitedHttpProtocol) -> Iterator[int]:
    """Run an app; what is given is its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(app, http=protocol, ws="none", log_config=None, access_log=False, lifespan="off")
        server = uvicorn.Server(config)
        thread = Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), SECONDS)


def answer_on(connection: socket.socket, method: str = "GET") -> Answer:
    with HTTPResponse(connection, method=method) as response:
        response.begin()
        return Answer(response.status, response.headers, response.read())


def ask(port: int, raw: bytes) -> Answer:
    """Send these bytes, and read one answer."""
    with connected(port) as connection:
        connection.sendall(raw)
        return answer_on(connection, raw.split(b" ", 1)[0].decode("latin-1"))


def request(method: str, path: str, *headers: str, host: str | None = "localhost", body: bytes = b"") -> bytes:
    """The bytes of a request; the headers are lines, and what they hold is not checked."""
    lines = [f"{method} {path} HTTP/1.1"]
    if host is not None:
        lines.append(f"Host: {host}")
    lines += headers
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
