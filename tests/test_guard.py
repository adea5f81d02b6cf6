"""Who is let to the routes, and what every answer says to a browser; by requests that attack."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI, Request, UploadFile
from servers import SERVED
from sockets import Answer, answer_on, ask, connected, request, serving
from starlette.responses import StreamingResponse

import imsearch
from imsearch.server.app import create_app
from imsearch.server.settings import Settings

TOKEN = "a-token-of-31-signs_with+others"
OTHER_TOKEN = "another-token-of-many-characters"
MOST = 100_000

SECURITY_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; img-src 'self' blob: data:; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


def app_with_echoes(library: imsearch.Library, settings: Settings) -> FastAPI:
    """The real app, and routes that tell what reached them, or fail."""
    app = create_app(library, settings)

    @app.post("/echo/body")
    async def body(request: Request) -> int:
        return len(await request.body())

    @app.post("/echo/upload")
    async def upload(picture: UploadFile) -> int:
        return len(await picture.read())

    @app.get("/fail")
    async def fail() -> None:
        raise RuntimeError("the secret of the house")

    return app


@pytest.fixture(scope="module")
def shared_library(tmp_path_factory: pytest.TempPathFactory, tiny_model: str) -> Iterator[imsearch.Library]:
    with imsearch.open(tmp_path_factory.mktemp("guard") / "library", model=tiny_model, policy=SERVED) as opened:
        yield opened


@pytest.fixture(scope="module")
def local(shared_library: imsearch.Library) -> Iterator[int]:
    """The port of a server on loopback, without a token."""
    with serving(app_with_echoes(shared_library, Settings(max_bytes=MOST))) as port:
        yield port


@pytest.fixture(scope="module")
def tokened(shared_library: imsearch.Library) -> Iterator[int]:
    """The port of a server that wants a token and is known as pics.example too."""
    hosts = frozenset({"localhost", "pics.example"})
    with serving(app_with_echoes(shared_library, Settings(token=TOKEN, hosts=hosts))) as port:
        yield port


def problem(answer: Answer) -> tuple[int, str]:
    """Status and name of a problem document, which tells its own status rightly."""
    assert answer.headers["content-type"] == "application/problem+json"
    document = json.loads(answer.body)
    assert document["status"] == answer.status
    return answer.status, document["type"].removeprefix("urn:imsearch:problem:")


# Host


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST", "localhost:8787", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:8787"]
)
def test_names_of_this_computer_are_answered(local: int, host: str) -> None:
    assert ask(local, request("GET", "/healthz", host=host)).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8787",
        "localhost.evil.example",
        "127.0.0.1.nip.io",
        "localhost.",
        "0.0.0.0",
        "127.0.0.2",
        "127.1",
        "2130706433",
        "[::ffff:127.0.0.1]",
        "[::1",
        "::1",
        "localhost:",
        "localhost:port",
        "localhost@evil.example",
        "evil.example@localhost",
        "localhost/evil",
        "localhost,evil.example",
        "localhost evil.example",
        "l\u043ecalhost".encode().decode("latin-1"),  # a Cyrillic o
        "",
        None,
    ],
)
def test_other_names_are_refused(local: int, host: str | None) -> None:
    """As DNS rebinding has them: the browser believes that it talks to the attacker's own site."""
    assert problem(ask(local, request("GET", "/v1/session", host=host))) == (421, "wrong-host")


def test_two_names_are_refused(local: int) -> None:
    assert problem(ask(local, request("GET", "/", "Host: evil.example"))) == (421, "wrong-host")


def test_a_refused_name_tells_how_to_allow_it(local: int, tokened: int) -> None:
    refused = json.loads(ask(local, request("GET", "/", host="pics.example:80")).body)
    assert "imsearch serve --allow-host pics.example" in refused["hint"]
    assert ask(tokened, request("GET", "/healthz", host="pics.example:80")).status == 200


# Requests that a page of another site has the browser send


@pytest.mark.parametrize(
    "headers",
    [
        ("Origin: http://evil.example",),
        ("Origin: null",),
        ("Origin: https://localhost",),
        ("Origin: http://localhost:9999",),
        ("Origin: http://localhost.evil.example",),
        ("Origin: http://localhost@evil.example",),
        ("Origin: ",),
        ("Origin: http://localhost", "Origin: http://evil.example"),
        ("Sec-Fetch-Site: cross-site",),
        ("Sec-Fetch-Site: same-site",),
        ("Sec-Fetch-Site: nonsense",),
        ("Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: cross-site"),
        ("Origin: http://localhost", "Sec-Fetch-Site: cross-site"),
        ("Origin: http://evil.example", "Sec-Fetch-Site: same-origin"),
        ("Origin: http://evil.example", "Content-Type: application/x-www-form-urlencoded"),
        ("Origin: http://evil.example", "Content-Type: text/plain"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_what_other_sites_send_is_refused(local: int, method: str, headers: tuple[str, ...]) -> None:
    assert problem(ask(local, request(method, "/v1/session", *headers, body=b"{}"))) == (403, "forbidden")


@pytest.mark.parametrize(
    "headers",
    [
        (),
        ("Origin: http://localhost:8787",),
        ("Origin: http://localhost:8787", "Sec-Fetch-Site: same-origin"),
        ("Sec-Fetch-Site: none",),
    ],
)
def test_what_the_page_or_no_page_sends_is_answered(local: int, headers: tuple[str, ...]) -> None:
    assert ask(local, request("POST", "/echo/body", *headers, host="localhost:8787", body=b"abc")).body == b"3"


def test_another_site_may_lead_here(local: int) -> None:
    assert ask(local, request("GET", "/", "Sec-Fetch-Site: cross-site")).status == 200


def test_no_other_site_is_let_to_read(local: int) -> None:
    preflight = request("OPTIONS", "/v1/session", "Origin: http://evil.example", "Access-Control-Request-Method: POST")
    for raw in (preflight, request("GET", "/v1/session", "Origin: http://evil.example")):
        assert not [name for name in ask(local, raw).headers if name.lower().startswith("access-control-")]


# The token


@pytest.mark.parametrize(
    "headers",
    [
        (),
        ("Authorization: ",),
        ("Authorization: Bearer",),
        ("Authorization: Bearer ",),
        (f"Authorization: Bearer {OTHER_TOKEN}",),
        (f"Authorization: Bearer {TOKEN[:-1]}",),
        (f"Authorization: Bearer {TOKEN}x",),
        (f"Authorization: Bearer {TOKEN.upper()}",),
        (f"Authorization: Bearer {TOKEN} {TOKEN}",),
        (f"Authorization: Bearer {TOKEN}, Bearer {TOKEN}",),
        (f"Authorization: Bearer {TOKEN}", f"Authorization: Bearer {TOKEN}"),
        (f"Authorization: Bearer {TOKEN}", f"Authorization: Bearer {OTHER_TOKEN}"),
        (f"Authorization: Basic {TOKEN}",),
        (f"Authorization: {TOKEN}",),
        ("Authorization: Bearer ключ-из-многих-букв".encode().decode("latin-1"),),
        ("Authorization: Bearer \xff\xfe",),
        (f"Cookie: imsearch_session={TOKEN}",),
        ("Cookie: imsearch_session=",),
        ('Cookie: imsearch_session="\\377"',),
        (f"X-Authorization: Bearer {TOKEN}",),
    ],
)
def test_no_token_no_answer(tokened: int, headers: tuple[str, ...]) -> None:
    answer = ask(tokened, request("GET", "/metrics", *headers))
    assert problem(answer) == (401, "unauthorized")
    assert answer.headers["www-authenticate"] == 'Bearer realm="imsearch"'
    assert TOKEN.encode() not in answer.body


@pytest.mark.parametrize(
    "path",
    [
        "/metrics",
        "/v1/openapi.json",
        "/v1/nonsense",
        "/v1/session/",
        "/v1/session/x",
        "/v1//session",
        "//",
        "//healthz",
        "/HEALTHZ",
        "/healthz/",
        "/healthz/../metrics",
        "/healthz%00",
        "/./metrics",
        "/metrics?/page/",
        "/metrics;/page/",
        "/pageant",
        "/docs",
    ],
)
def test_a_path_that_looks_open_is_not(tokened: int, path: str) -> None:
    assert problem(ask(tokened, request("GET", path))) == (401, "unauthorized")


@pytest.mark.parametrize("path", ["/", "/healthz", "/v1/session"])
def test_what_is_open_needs_no_token(tokened: int, path: str) -> None:
    assert ask(tokened, request("GET", path)).status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/page/../metrics",
        "/page/%2e%2e/metrics",
        "/page/%2e%2e%2fmetrics",
        "/page/..%5c..%5capp.py",
        "/page/..\\..\\app.py",
        "/page/../app.py",
        "/page/%2e%2e/app.py",
        "/page/%252e%252e/app.py",
        "/page/....//app.py",
        "/page//etc/passwd",
        "/page/%2fetc/passwd",
        "/page/../../../../../../../../etc/passwd",
        "/page/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/page/%00",
        "/page/index.html%00.png",
        "/page/%ff%fe",
        "/page/",
        "/page/" + "a" * 5000,
    ],
)
def test_the_page_s_folder_leads_nowhere_else(tokened: int, path: str) -> None:
    assert problem(ask(tokened, request("GET", path))) == (404, "not-found")


def test_the_token_opens(tokened: int) -> None:
    assert ask(tokened, request("GET", "/metrics", f"Authorization: Bearer {TOKEN}")).status == 200
    assert ask(tokened, request("GET", "/metrics", f"authorization: bearer  {TOKEN}")).status == 200


@pytest.mark.parametrize(
    "token", [None, "", " " * 20, "short", "fifteen-letters", "with space in the middle", "é" * 20, "a\n" * 10]
)
def test_tokens_are_long_and_fit_a_header(token: str | None) -> None:
    if token is None:
        assert Settings().token is None
        return
    with pytest.raises(imsearch.UsageError, match="at least 16 characters"):
        Settings(token=token)


def test_settings_do_not_show_the_token() -> None:
    assert TOKEN not in repr(Settings(token=TOKEN))


# Sessions


def open_session(port: int, token: object, *headers: str) -> Answer:
    body = json.dumps({"token": token}).encode()
    return ask(port, request("POST", "/v1/session", "Content-Type: application/json", *headers, body=body))


def cookie_of(answer: Answer) -> str:
    return answer.headers["set-cookie"].split(";")[0]


def test_a_session_opens_with_the_token(tokened: int) -> None:
    answer = open_session(tokened, TOKEN)
    assert answer.status == 204
    attributes = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")[1:]}
    assert attributes == {"httponly", "samesite=strict", "path=/"}
    assert TOKEN not in str(answer.headers)
    cookie = f"Cookie: theme=dark; {cookie_of(answer)}"
    assert ask(tokened, request("GET", "/metrics", cookie)).status == 200
    assert json.loads(ask(tokened, request("GET", "/v1/session", cookie)).body) == {"required": True, "open": True}
    assert json.loads(ask(tokened, request("GET", "/v1/session")).body) == {"required": True, "open": False}


def test_a_session_s_cookie_is_no_pass_for_other_sites(tokened: int) -> None:
    cookie = f"Cookie: {cookie_of(open_session(tokened, TOKEN))}"
    raw = request("POST", "/echo/body", cookie, "Origin: http://evil.example", body=b"x")
    assert problem(ask(tokened, raw)) == (403, "forbidden")


def test_behind_tls_the_cookie_is_secure_and_the_origin_https(tokened: int) -> None:
    answer = open_session(tokened, TOKEN, "X-Forwarded-Proto: https", "Origin: https://localhost")
    assert answer.status == 204
    assert "; secure" in answer.headers["set-cookie"].lower()
    assert problem(open_session(tokened, TOKEN, "X-Forwarded-Proto: https", "Origin: http://localhost"))[0] == 403


def test_a_session_ends_when_the_token_changes(shared_library: imsearch.Library, tokened: int) -> None:
    with serving(create_app(shared_library, Settings(token=OTHER_TOKEN))) as port:
        cookie = cookie_of(open_session(port, OTHER_TOKEN))
        assert ask(port, request("GET", "/metrics", f"Cookie: {cookie}")).status == 200
    assert problem(ask(tokened, request("GET", "/metrics", f"Cookie: {cookie}"))) == (401, "unauthorized")


def test_a_session_can_be_closed(tokened: int) -> None:
    answer = ask(tokened, request("DELETE", "/v1/session"))
    assert answer.status == 204
    assert "max-age=0" in answer.headers["set-cookie"].lower()


@pytest.mark.parametrize("token", ["", OTHER_TOKEN, TOKEN + "\n", "ключ", "\ud800", "\0", "x" * 100_000])
def test_a_wrong_token_opens_no_session(tokened: int, token: str) -> None:
    answer = open_session(tokened, token)
    assert problem(answer)[0] in (401, 413, 422)
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("token", [None, 1, [TOKEN], {"token": TOKEN}])
def test_no_token_at_all_is_invalid(tokened: int, token: object) -> None:
    assert problem(open_session(tokened, token)) == (422, "invalid")


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 15_000, b"\xff\xfe", b'{"token": 1e999}', b'{"token": NaN}'])
def test_what_is_no_json_is_invalid(tokened: int, body: bytes) -> None:
    answer = ask(tokened, request("POST", "/v1/session", "Content-Type: application/json", body=body))
    assert problem(answer)[0] in (400, 422)


def test_without_a_token_all_is_open(local: int) -> None:
    assert json.loads(ask(local, request("GET", "/v1/session")).body) == {"required": False, "open": True}
    answer = open_session(local, OTHER_TOKEN)
    assert answer.status == 204
    assert "set-cookie" not in answer.headers


# Bodies


def test_a_body_of_the_most_bytes_is_read(local: int) -> None:
    assert ask(local, request("POST", "/echo/body", body=b"x" * MOST)).body == str(MOST).encode()


@pytest.mark.parametrize("path", ["/echo/body", "/echo/upload", "/v1/session", "/nonsense"])
def test_more_is_refused_before_it_comes(local: int, path: str) -> None:
    announced = request("POST", path, f"Content-Length: {MOST + 1}", "Expect: 100-continue")
    assert problem(ask(local, announced)) == (413, "too-large")


@pytest.mark.parametrize("path", ["/echo/body", "/echo/upload"])
def test_more_is_refused_where_it_is_not_announced(local: int, path: str) -> None:
    head = request("POST", path, "Transfer-Encoding: chunked", "Content-Type: multipart/form-data; boundary=part")
    part = b'--part\r\nContent-Disposition: form-data; name="picture"; filename="a.jpg"\r\n\r\n'
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in (part, b"x" * MOST))
    with connected(local) as connection:
        connection.sendall(head + chunks)  # and no end
        assert problem(answer_on(connection)) == (413, "too-large")


def test_strangers_may_send_little(tokened: int) -> None:
    """What is parsed before anybody has shown the token must cost next to nothing."""
    nested = b"[" * 20_000
    raw = request("POST", "/v1/session", "Content-Type: application/json", body=nested)
    assert problem(ask(tokened, raw)) == (413, "too-large")
    assert ask(tokened, request("POST", "/echo/body", f"Authorization: Bearer {TOKEN}", body=nested)).body == b"20000"


@pytest.mark.parametrize("path", ["/echo/body", "/echo/upload"])
def test_a_body_that_does_not_come_is_not_waited_for(shared_library: imsearch.Library, path: str) -> None:
    app = app_with_echoes(shared_library, Settings(body_seconds=0.2))
    head = request("POST", path, "Content-Length: 10", "Content-Type: multipart/form-data; boundary=part")
    with serving(app) as port, connected(port) as connection:
        connection.sendall(head + b"--p")
        answer = answer_on(connection)
        assert problem(answer) == (408, "too-slow")
        assert answer.headers["connection"] == "close"
        assert connection.recv(1) == b""


def test_a_long_answer_has_no_deadline(shared_library: imsearch.Library) -> None:
    """It goes on after a body that was wanted later has had its time."""
    app = app_with_echoes(shared_library, Settings(body_seconds=0.2))
    go_on = asyncio.Event()

    @app.get("/long")
    async def long() -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            yield b"first"
            await go_on.wait()
            yield b"last"

        return StreamingResponse(parts())

    @app.post("/go-on")
    async def let_go_on() -> None:
        go_on.set()

    with serving(app) as port, connected(port) as connection:
        connection.sendall(request("GET", "/long"))
        received = b""
        while b"first" not in received:
            received += connection.recv(65536)
        assert ask(port, request("POST", "/echo/body", "Content-Length: 1")).status == 408
        assert ask(port, request("POST", "/go-on")).status == 200
        while not received.endswith(b"0\r\n\r\n"):
            part = connection.recv(65536)
            assert part, received
            received += part
        assert b"last" in received


# Every answer


@pytest.mark.parametrize(
    "raw",
    [
        request("GET", "/"),
        request("GET", "/healthz"),
        request("GET", "/page/index.html"),
        request("GET", "/nonsense"),
        request("PUT", "/healthz"),
        request("GET", "/", host="evil.example"),
        request("POST", "/v1/session", "Origin: null"),
        request("POST", "/v1/session", body=b"{"),
        request("POST", "/echo/body", f"Content-Length: {MOST + 1}"),
        request("GET", "/fail"),
    ],
)
def test_every_answer_has_the_headers(local: int, raw: bytes) -> None:
    answer = ask(local, raw)
    assert {name: answer.headers.get_all(name) for name in SECURITY_HEADERS} == {
        name: [value] for name, value in SECURITY_HEADERS.items()
    }


@pytest.mark.parametrize(
    "raw",
    [
        request("GET", "/page%0d%0aX-Evil:%201"),
        request("GET", "/healthz/%0d%0aX-Evil:%201"),
        request("GET", "/nonsense%0d%0aX-Evil:%201?%0d%0aX-Evil:%201"),
        request("GET", "/", "X-Request-ID: 1%0d%0aX-Evil: 1"),
        request("GET", "/healthz", "X-Request-ID: a", "X-Evil: 1"),
        request("GET", "/healthz", host="localhost%0d%0aX-Evil: 1"),
        request("GET", "/healthz", host="localhost\r\nX-Evil: 1"),
        request("GET", "/healthz", host="localhost\nX-Evil: 1"),
        request("GET", "/healthz", host="localhost\rX-Evil: 1"),
    ],
)
def test_nothing_asked_becomes_a_header(local: int, raw: bytes) -> None:
    answer = ask(local, raw)
    assert "x-evil" not in answer.headers
    assert answer.headers.get("x-request-id") != "a"


def test_a_failure_tells_nothing_of_itself_but_to_the_log(local: int, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        answer = ask(local, request("GET", "/fail"))
    assert problem(answer) == (500, "failed")
    assert b"secret" not in answer.body
    told = [record for record in caplog.records if record.exc_info]
    assert [str(record.exc_info[1]) for record in told if record.exc_info] == ["the secret of the house"]
    assert told[0].__dict__["request"] == answer.headers["x-request-id"]


def test_the_page_is_there(local: int) -> None:
    page = Path(imsearch.__file__).parent / "server" / "web" / "index.html"
    assert ask(local, request("GET", "/")).body == page.read_bytes()
