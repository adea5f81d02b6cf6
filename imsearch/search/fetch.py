"""Fetching probes from the web, by http(s) URLs, with limits on time, size and addresses."""

import contextlib
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator

import httpcore2
import httpx2

from imsearch.errors import ProbeError

SECONDS = 30.0
"""How long fetching a URL may take altogether."""

BYTES = 100 << 20
"""The most bytes that are read from a URL."""

REDIRECTS = 5
"""How many redirects are followed."""

PORTS = frozenset({80, 443})
"""The ports below `FREE_PORTS` that URLs of strangers may name. Other low ports belong to services that do not speak
HTTP (mail, files, remote login), and nobody should be able to make a server connect to those."""

FREE_PORTS = 1024
"""The lowest port that a user without privileges may run a web server on."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Rule = Callable[[Address], bool]
Resolver = Callable[[str, int], Iterable[str]]

_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def is_public(address: Address) -> bool:
    """Whether an address belongs to the open internet, and packets to it end nowhere else.

    Some IPv6 addresses carry an IPv4 address that the packets end at. For NAT64 and 6to4, that one must be public too.
    Addresses of the other kinds (mapped, compatible, Teredo) never count as public, as no web server has one.
    """
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not address.is_multicast
    if address in _NAT64:
        return is_public(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
    carried = address.sixtofour
    return address in _GLOBAL_UNICAST and address.is_global and (carried is None or is_public(carried))


def resolve(host: str, port: int) -> list[str]:
    """The addresses that the system knows for a host, best first; the host may be an address itself."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def fetch(
    url: str,
    *,
    public_only: bool = False,
    allowed: Rule = is_public,
    resolve: Resolver = resolve,
    seconds: float = SECONDS,
    most: int = BYTES,
) -> bytes:
    """Fetch an http(s) URL. Returns at most ``most`` bytes, or raises `ProbeError`.

    The error says whether the URL took longer than ``seconds``, has more bytes, is refused, or cannot be fetched.

    With ``public_only``, for URLs that strangers name, connections are made only to ``allowed`` addresses, for
    redirects too: ``resolve`` is called once per connection, all addresses that it returns must be allowed, and the
    connection is made to one of them, not to the name. Proxies and certificates from the environment are then ignored.
    """
    deadline = time.monotonic() + seconds
    too_slow = ProbeError(f"{url} took longer than {seconds:g} s")
    data = bytearray()
    try:
        with _client(public_only, _Backend(allowed, resolve, deadline), seconds) as client:
            for chunk in _body(client, url, plain=public_only):
                data += chunk
                if len(data) > most:
                    raise ProbeError(f"{url} is larger than {most >> 20} MiB")
                if time.monotonic() > deadline:
                    raise too_slow
    except (httpx2.TimeoutException, httpcore2.TimeoutException) as exc:
        raise too_slow from exc
    except (
        httpx2.HTTPError,
        httpx2.InvalidURL,
        httpcore2.NetworkError,
        httpcore2.ProtocolError,
        UnicodeError,
    ) as exc:
        raise ProbeError(f"{url} cannot be fetched: {exc}") from exc
    return bytes(data)


def _client(public_only: bool, backend: "_Backend", seconds: float) -> httpx2.Client:
    headers = {"User-Agent": "imsearch"}
    if not public_only:
        return httpx2.Client(timeout=seconds, headers=headers)
    headers["Accept-Encoding"] = "identity"
    return httpx2.Client(timeout=seconds, headers=headers, trust_env=False, transport=_Transport(backend))


def _body(client: httpx2.Client, url: str, *, plain: bool) -> Iterator[bytes]:
    """The body of the response after all redirects, in parts. Bodies of redirects are not read, as they have no limit.

    With ``plain`` a compressed body is an error, as 1 MB of it can become 1 GB.
    """
    request = client.build_request("GET", url)
    for _ in range(REDIRECTS + 1):
        with contextlib.closing(client.send(request, stream=True)) as response:
            if response.next_request is not None:
                request = response.next_request
                continue
            if not response.is_success:
                raise ProbeError(f"{url} answered {response.status_code} {response.reason_phrase}")
            if plain and response.headers.get("Content-Encoding", "identity").lower() != "identity":
                raise ProbeError(f"{url} cannot be fetched: it comes compressed, and was asked for as it is")
            yield from response.iter_bytes()
            return
    raise ProbeError(f"{url} cannot be fetched: more than {REDIRECTS} redirects")


class _Transport(httpx2.BaseTransport):
    """Sends requests over connections that ``backend`` opens; httpx2's own transport does not let us choose one."""

    def __init__(self, backend: "_Backend") -> None:
        self._pool = httpcore2.ConnectionPool(
            ssl_context=httpx2.create_ssl_context(trust_env=False), network_backend=backend
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url
        if url.scheme not in ("http", "https"):
            raise ProbeError(f"refused: {url.scheme} is neither http nor https")
        if url.userinfo:
            raise ProbeError(f"refused: the address at {url.host} has a user name or a password in it")
        if url.port is not None and url.port not in PORTS and url.port < FREE_PORTS:
            raise ProbeError(f"refused: port {url.port} of {url.host} is not one of the web's")
        answer = self._pool.handle_request(
            httpcore2.Request(
                request.method,
                httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                extensions=request.extensions,
            )
        )
        return httpx2.Response(
            answer.status, headers=answer.headers, stream=_Body(answer), extensions=answer.extensions
        )

    def close(self) -> None:
        self._pool.close()


class _Body(httpx2.SyncByteStream):
    """The body of a response."""

    def __init__(self, answer: httpcore2.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        return self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


class _Backend(httpcore2.NetworkBackend):
    """Opens connections to allowed addresses only; they end at the deadline."""

    def __init__(self, allowed: Rule, resolver: Resolver, deadline: float) -> None:
        self._allowed = allowed
        self._resolve = resolver
        self._deadline = deadline
        self._sockets = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        failed: httpcore2.NetworkError | None = None
        for address in self._checked(host, port):
            try:
                left = _left(self._deadline)
                stream = self._sockets.connect_tcp(address, port, left, local_address, socket_options)
            except httpcore2.NetworkError as exc:
                failed = exc
            else:
                return _Stream(stream, self._deadline)
        raise failed or httpcore2.ConnectError(f"{host} has no address")

    def _checked(self, host: str, port: int) -> list[str]:
        """The addresses of a host. If one is not allowed, the host is refused: a name with both public and private
        addresses is a way to attack."""
        try:
            addresses = list(self._resolve(host, port))
        except (OSError, UnicodeError) as exc:
            raise httpcore2.ConnectError(f"{host} has no address") from exc
        for address in addresses:
            if not self._allowed(ipaddress.ip_address(address)):
                where = address if address == host else f"{host} is at {address}, which"
                raise ProbeError(f"refused: {where} is not a public address")
        return addresses


class _Stream(httpcore2.NetworkStream):
    """A connection that ends at a deadline. httpx2's own timeout is per read, so slow bytes could extend it forever."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, _left(self._deadline)), self._deadline)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


def _left(deadline: float) -> float:
    """Seconds until a deadline. Raises `httpcore2.ReadTimeout` where it has passed, as a slow read does."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore2.ReadTimeout("the deadline has passed")
    return left
