"""What probes may cost and reach: one policy, whatever a probe is and however it is named."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

import imsearch


@pytest.fixture
def indexed(library: imsearch.Library, indexed_album: Path) -> imsearch.Library:
    """A library of a dozen photographs, for its owner."""
    return library


@pytest.fixture
def address(stripes: bytes) -> Iterator[str]:
    """A web server of this computer with a picture."""

    class Picture(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(stripes)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Picture) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/picture.jpg"
        server.shutdown()
        thread.join()


def test_ones_own_probes_may_be_anywhere(indexed: imsearch.Library, address: str, stripes: bytes) -> None:
    expected = indexed.query(stripes)
    assert indexed.query(address) == expected
    assert indexed.query(imsearch.Url(address)) == expected


def test_strangers_reach_neither_this_computer_nor_its_network(
    indexed: imsearch.Library, address: str, stripes: bytes, photos: list[Path]
) -> None:
    with imsearch.open(indexed.path, policy=imsearch.STRANGERS) as library:
        assert library.query(stripes) == indexed.query(stripes)
        digest = library.query(stripes, 1)[0].digest
        assert library.query(imsearch.Indexed(digest), 1)[0].digest == digest
        for probe in (address, imsearch.Url(address), address.replace("http", "HTTP")):
            with pytest.raises(imsearch.ProbeError, match=r"127\.0\.0\.1 is not a public address"):
                library.query(probe)
        for local in (photos[0], str(photos[0]), imsearch.CLIPBOARD):
            with pytest.raises(imsearch.ProbeRefusedError, match="refused here") as refused:
                library.query(local)
            assert refused.value.probe
        with pytest.raises(imsearch.ProbeRefusedError):
            library.similarity(stripes, str(photos[0]))


def test_web_addresses_can_be_refused_altogether(indexed: imsearch.Library, address: str) -> None:
    policy = imsearch.ProbePolicy(addresses="none")
    with (
        imsearch.open(indexed.path, policy=policy) as library,
        pytest.raises(imsearch.ProbeRefusedError, match="web addresses are refused"),
    ):
        library.query(address)


def test_a_picture_on_the_web_has_a_limit(indexed: imsearch.Library, address: str) -> None:
    policy = imsearch.ProbePolicy(most_bytes=100)
    with imsearch.open(indexed.path, policy=policy) as library, pytest.raises(imsearch.ProbeError, match="larger than"):
        library.query(address)


def test_an_answer_names_the_address(indexed: imsearch.Library, address: str) -> None:
    (answer,) = indexed.query_many([imsearch.Url(address)])
    assert answer.probe == address
