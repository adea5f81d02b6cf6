"""uvicorn's HTTP/1.1 protocol, with limits on the head of a request: its address and headers."""

from asyncio import TimerHandle, Transport

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class LimitedHttpProtocol(HttpToolsProtocol):
    """A connection that is closed if the head of a request does not arrive in time or is too long.

    uvicorn itself waits for a head without limit, and its parser keeps everything that it has read of one. Pass this
    class to ``uvicorn.Config(http=...)``. After an answer, the rest of the request's body counts as the next head, so a
    client that was refused has the same time to finish sending. `Guard` sets the deadline for a body that is read.
    """

    head_seconds: float = 10.0
    """The most time from a connection, or from the first bytes after an answer, to the end of the next head."""

    head_bytes: int = 32 << 10
    """The most bytes of the address and all headers of a request, including trailers."""

    _deadline: TimerHandle | None = None
    _head = 0  # bytes of the address and the headers of this message so far
    _unparsed = 0  # bytes since the last callback of the parser, such as those of a header that does not end

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for the head of the first request."""
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting for a head."""
        self._head_is_here()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse bytes that have arrived, and refuse a header that is too long."""
        self._unparsed += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._unparsed > self.head_bytes:
            self.send_400_response("Header too long.")
        elif self._deadline is None and (self.cycle is None or self.cycle.response_complete):
            self._expect_head()

    def on_message_begin(self) -> None:
        """Begin to count the bytes of a head."""
        self._head = self._unparsed = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Count a part of the address."""
        self._count(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header or a trailer."""
        self._count(name + value)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Stop waiting for the head, which is complete, and let the request be answered."""
        self._head_is_here()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take in a part of the body, which does not count."""
        self._unparsed = 0
        super().on_body(body)

    def _expect_head(self) -> None:
        self._deadline = self.loop.call_later(self.head_seconds, self.transport.close)

    def _head_is_here(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _count(self, part: bytes) -> None:
        self._unparsed = 0
        self._head += len(part)
        if self._head > self.head_bytes:
            raise ValueError("too long a head")  # the parser passes it on, and uvicorn answers with 400
