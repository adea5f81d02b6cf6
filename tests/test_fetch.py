"""Probes from the web, and what a stranger's URL cannot have a server do."""

import contextlib
import gzip
import http.server
import ipaddress
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from imsearch.backends.local import LocalBackend
from imsearch.errors import ProbeError
from imsearch.search.fetch import BYTES, Address, fetch, is_public, resolve
from imsearch.search.pictures import StoredPictures
from imsearch.search.policy import OWN
from imsearch.search.reading import ProbeReader
from imsearch.sources.digests import digest_of
from imsearch.types.probes import Url

OUTSIDE, INSIDE = "127.0.0.1", "127.0.0.2"
"""Two addresses of this computer: the first plays a public one."""


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers every kind of URL that a probe may be."""

    picture = b""

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers)))  # type: ignore[attr-defined]
        match self.path:
            case "/picture":
                self.answer(200, self.picture)
            case "/moved":
                self.answer(302, b"", Location="/picture")
            case "/away":
                self.answer(302, b"", Location="file:///etc/passwd")
            case "/round":
                self.answer(302, b"", Location="/round")
            case "/heavy-redirect":
                self.answer(302, None, Location="/picture")
                self.pour(bytes(1 << 16), pause=0)
            case "/page":
                self.answer(200, b"<html>no picture</html>")
            case "/bomb":
                self.answer(200, gzip.compress(bytes(50 << 20)), **{"Content-Encoding": "gzip"})
            case "/endless":
                self.answer(200, None)
                self.pour(bytes(1 << 16), pause=0)
            case "/slow":
                self.answer(200, None)
                self.pour(b"x", pause=0.05)
            case "/slow-headers":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
                self.pour(b"x", pause=0.05)
            case path if path.startswith("/to?"):
                self.answer(302, b"", Location=path.removeprefix("/to?"))
            case _:
                self.answer(404, b"not here")

    def answer(self, status: int, body: bytes | None, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if body is not None:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.pour(body or b"", pause=None)

    def pour(self, part: bytes, pause: float | None) -> None:
        """Write once, or again and again until the client or the test has had enough."""
        try:
            self.wfile.write(part)
            while pause is not None and not self.server.stopping.wait(pause):  # type: ignore[attr-defined]
                self.wfile.write(part)
        except OSError:
            pass

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(host: str) -> Iterator[http.server.ThreadingHTTPServer]:
    running = http.server.ThreadingHTTPServer((host, 0), Handler)
    running.stopping = threading.Event()  # type: ignore[attr-defined]
    running.asked = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    try:
        yield running
    finally:
        running.stopping.set()  # type: ignore[attr-defined]
        running.shutdown()
        running.server_close()
        thread.join()


@pytest.fixture(scope="module")
def running(stripes: bytes) -> Iterator[http.server.ThreadingHTTPServer]:
    Handler.picture = stripes
    with serving(OUTSIDE) as server:
        yield server


@pytest.fixture
def server(running: http.server.ThreadingHTTPServer) -> str:
    running.asked.clear()  # type: ignore[attr-defined]
    return f"http://{OUTSIDE}:{running.server_port}"


@pytest.fixture
def inside(stripes: bytes) -> Iterator[http.server.ThreadingHTTPServer]:
    with serving(INSIDE) as server:
        yield server


def outside_only(address: Address) -> bool:
    return str(address) == OUTSIDE


def fetch_outside(
    url: str, *, resolver: Callable[[str, int], list[str]] = resolve, seconds: float = 10.0, most: int = BYTES
) -> bytes:
    return fetch(url, public_only=True, allowed=outside_only, resolve=resolver, seconds=seconds, most=most)


Get = Callable[..., bytes]


# From anywhere


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[ProbeReader]:
    """Reads the probes of a person at their own computer."""
    with contextlib.closing(ProbeReader(OWN, StoredPictures(LocalBackend(tmp_path / "library")))) as opened:
        yield opened


def test_urls(server: str, reader: ProbeReader, stripes: bytes) -> None:
    for page in ("/picture", "/moved"):
        probe = reader.read(server + page, None)
        assert reader.read(Url(server + page), None) == probe
        assert (probe.name, probe.path, probe.digest) == (server + page, None, digest_of(stripes))


@pytest.mark.parametrize(
    ("page", "message"),
    [
        ("/none", "answered 404"),
        ("/page", "cannot be used: not a picture"),
        ("/away", "cannot be fetched"),
        ("/round", "cannot be fetched: more than 5 redirects"),
    ],
)
def test_urls_that_give_no_picture(server: str, reader: ProbeReader, page: str, message: str) -> None:
    with pytest.raises(ProbeError, match=f"{page} {message}"):
        reader.read(Url(server + page), None)


@pytest.mark.parametrize("get", [fetch, fetch_outside])
def test_urls_without_end(server: str, get: Get) -> None:
    with pytest.raises(ProbeError, match="larger than 1 MiB"):
        get(server + "/endless", most=1 << 20)
    with pytest.raises(ProbeError, match=r"took longer than 0\.5 s"):
        get(server + "/slow", seconds=0.5)


def test_urls_that_lead_nowhere() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for url in (f"http://127.0.0.1:{port}/x.jpg", "http://", "https://[bad"):
        for get in (fetch, fetch_outside):
            with pytest.raises(ProbeError, match=r"cannot be fetched|refused"):
                get(url, seconds=5)


@pytest.mark.parametrize("get", [fetch, fetch_outside])
def test_what_comes_with_a_redirect_is_not_read(server: str, stripes: bytes, get: Get) -> None:
    assert get(server + "/heavy-redirect", most=1 << 20) == stripes


def test_what_is_counted_is_what_is_unpacked(server: str) -> None:
    with pytest.raises(ProbeError, match="larger than 1 MiB"):
        fetch(server + "/bomb", most=1 << 20)


# From public addresses only


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("64:ff9b::8.8.8.8", True),
        ("2002:808:808::1", None),  # 6to4 of a public address: newer versions of Python call all of 6to4 private
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("100.64.0.1", False),
        ("127.0.0.1", False),
        ("169.254.169.254", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("198.18.0.1", False),
        ("203.0.113.1", False),
        ("224.0.0.1", False),
        ("239.1.1.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("::127.0.0.1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:8.8.8.8", False),
        ("::ffff:0:127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::10.0.0.1", False),
        ("64:ff9b:1::10.0.0.1", False),
        ("100::1", False),
        ("2001::1", False),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", False),
        ("2001:db8::1", False),
        ("2002:7f00:1::", False),
        ("2002:c0a8:101::1", False),
        ("fc00::1", False),
        ("fd00:ec2::254", False),
        ("fe80::1", False),
        ("fe80::1%lo", False),
        ("fec0::1", False),
        ("ff02::1", False),
    ],
)
def test_which_addresses_are_public(address: str, public: bool | None) -> None:
    found = is_public(ipaddress.ip_address(address))
    assert public is None or found == public


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST.",
        "127.1",
        "0x7f000001",
        "2130706433",
        "0177.0.0.1",
        "0",
        "0.0.0.0",
        "169.254.169.254",
        "100.64.0.1",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[fe80::1%lo]",
        "[fe80::1%25lo]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "①②⑦.⓪.⓪.①",
        "127。0。0。1",
    ],
)
def test_no_way_of_writing_an_address_leads_inside(running: http.server.ThreadingHTTPServer, host: str) -> None:
    running.asked.clear()  # type: ignore[attr-defined]
    with pytest.raises(ProbeError, match=r"refused|cannot be fetched"):
        fetch(f"http://{host}:{running.server_port}/picture", public_only=True, seconds=5)
    assert running.asked == []  # type: ignore[attr-defined]


def test_the_refusal_names_the_address_alone() -> None:
    def inner(host: str, port: int) -> list[str]:
        return ["8.8.8.8", "10.0.0.1"]

    with pytest.raises(ProbeError) as refused:
        fetch("http://example.test/x.jpg", public_only=True, resolve=inner)
    assert str(refused.value) == "refused: example.test is at 10.0.0.1, which is not a public address"
    with pytest.raises(ProbeError) as refused:
        fetch("http://10.0.0.1/x.jpg", public_only=True)
    assert str(refused.value) == "refused: 10.0.0.1 is not a public address"


def test_a_name_is_looked_up_once_and_that_address_is_connected_to(
    running: http.server.ThreadingHTTPServer, inside: http.server.ThreadingHTTPServer, stripes: bytes
) -> None:
    """A name server that gives a public address to be checked, and another one to be connected to."""
    running.asked.clear()  # type: ignore[attr-defined]
    answers = iter([[OUTSIDE], [INSIDE]])
    url = f"http://pictures.example.test:{running.server_port}/picture"
    assert fetch_outside(url, resolver=lambda host, port: next(answers)) == stripes
    ((_, headers),) = running.asked  # type: ignore[attr-defined]
    assert headers["Host"] == f"pictures.example.test:{running.server_port}"
    with pytest.raises(ProbeError, match=f"is at {INSIDE}, which is not"):
        fetch_outside(url, resolver=lambda host, port: next(answers))


def test_a_redirect_inside_is_refused(
    server: str, inside: http.server.ThreadingHTTPServer, running: http.server.ThreadingHTTPServer
) -> None:
    with pytest.raises(ProbeError, match=f"refused: {INSIDE} is not a public address"):
        fetch_outside(f"{server}/to?http://{INSIDE}:{inside.server_port}/picture")
    assert inside.asked == []  # type: ignore[attr-defined]
    assert len(running.asked) == 1  # type: ignore[attr-defined]


def test_every_connection_is_checked_afresh(
    running: http.server.ThreadingHTTPServer, inside: http.server.ThreadingHTTPServer
) -> None:
    """A redirect to the same name on another port, by when the name leads inside."""
    answers = iter([[OUTSIDE], [INSIDE]])
    target = f"http://pictures.example.test:{inside.server_port}/picture"
    with pytest.raises(ProbeError, match="not a public address"):
        fetch_outside(
            f"http://pictures.example.test:{running.server_port}/to?{target}", resolver=lambda host, port: next(answers)
        )
    assert inside.asked == []  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("file:///etc/passwd", "cannot be fetched|refused"),
        ("ftp://127.0.0.1/x", "cannot be fetched|refused"),
        ("http://user:secret@127.0.0.1/x", "user name or a password"),
        ("http://127.0.0.1:25/x", "port 25"),
        ("http://127.0.0.1:22/x", "port 22"),
    ],
)
def test_what_is_not_the_web_is_refused(server: str, target: str, message: str) -> None:
    for url in (target, f"{server}/to?{target}"):
        with pytest.raises(ProbeError, match=message) as refused:
            fetch_outside(url)
        assert "secret" not in str(refused.value)


def test_headers_that_never_end_meet_the_deadline(server: str) -> None:
    with pytest.raises(ProbeError, match=r"took longer than 0\.5 s"):
        fetch_outside(server + "/slow-headers", seconds=0.5)


def test_nothing_compressed_is_unpacked(server: str, running: http.server.ThreadingHTTPServer) -> None:
    with pytest.raises(ProbeError, match="comes compressed"):
        fetch_outside(server + "/bomb")
    ((_, headers),) = running.asked  # type: ignore[attr-defined]
    assert headers["Accept-Encoding"] == "identity"


def test_a_proxy_of_the_environment_is_not_asked(
    server: str, inside: http.server.ThreadingHTTPServer, stripes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://{INSIDE}:{inside.server_port}")
    assert fetch_outside(server + "/picture") == stripes
    assert inside.asked == []  # type: ignore[attr-defined]
