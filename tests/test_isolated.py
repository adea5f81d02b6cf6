"""Probes decoded in processes of their own, with real processes that crash, hang and are filled."""

import io
import os
import resource
import signal
import struct
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from processes import PATIENCE, children

import imsearch
from imsearch.errors import PictureError, ProbeError
from imsearch.images import decode, thumbnails
from imsearch.search.isolated import READ_PROBES, SPARE, IsolatedReader
from imsearch.search.probes import PreparedProbe, read_probe
from imsearch.types.preprocessing import Preprocessing
from imsearch.types.probes import Crop

PREPROCESSING = Preprocessing(64, (48, 48), "bicubic", (0.0,) * 3, (1.0,) * 3)
WANTED = (PREPROCESSING, PREPROCESSING.squeezed)
WORK = READ_PROBES.name


@pytest.fixture
def reader() -> Iterator[IsolatedReader]:
    opened = IsolatedReader(workers=1)
    yield opened
    opened.close()


def only_worker() -> int:
    """The number of the only process that reads probes for this one."""
    (worker,) = children(WORK)
    return worker


def png_of_zeros(width: int, height: int) -> bytes:
    """A black picture that is a thousand times smaller than its pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer = zlib.compressobj(9)
    row = bytes(1 + 3 * width)
    packed = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def one_of_each_format(photos: list[Path]) -> list[Path]:
    return list({path.suffix: path for path in photos}.values())


def test_probes_are_those_read_in_this_process(photos: list[Path], reader: IsolatedReader) -> None:
    crop = Crop.parse("10%,20%,50%,40%")
    for photo in one_of_each_format(photos):
        for source in (photo, photo.read_bytes()):
            for part in (None, crop):
                expected, found = read_probe(source, part), reader.read(source, part)
                assert found.image.tobytes() == expected.image.tobytes()
                for one in (found, reader.prepare(source, part, WANTED)):
                    facts = (one.name, one.width, one.height, one.digest, one.path)
                    assert facts == (expected.name, expected.width, expected.height, expected.digest, expected.path)
                prepared = reader.prepare(source, part, WANTED)
                shown = read_probe(source, part, PREPROCESSING)
                assert isinstance(prepared, PreparedProbe)
                for each in (PREPROCESSING, PREPROCESSING.squeezed):
                    np.testing.assert_array_equal(prepared.prepared(each), shown.prepared(each))


def test_pictures_too_large_for_the_shared_memory(reader: IsolatedReader) -> None:
    buffer = io.BytesIO()
    noise = np.random.default_rng(1).integers(0, 256, (1500, 2000, 3), np.uint8)
    Image.fromarray(noise).save(buffer, "BMP")
    np.testing.assert_array_equal(np.asarray(reader.read(buffer.getvalue()).image), noise)


def test_answers_are_those_of_a_library_that_decodes_itself(
    library: imsearch.Library, tiny_model: str, indexed_album: Path, photos: list[Path]
) -> None:
    with imsearch.open(library.path, model=tiny_model, policy=imsearch.ProbePolicy(isolated=True)) as isolated:
        for photo in one_of_each_format(photos):
            np.testing.assert_array_equal(isolated.embed(photo), library.embed(photo))
            data = photo.read_bytes()
            for crop in (None, "10%,10%,50%,50%"):
                assert isolated.query(data, crop=crop) == library.query(data, crop=crop)
        with pytest.raises(ProbeError, match="the picture cannot be used: not a picture"):
            isolated.query(b"text")


def test_reasons_are_those_of_this_process(photos: list[Path], reader: IsolatedReader, stripes: bytes) -> None:
    for source, crop in [
        (b"", None),
        (b"text", None),
        (stripes[:1500], None),
        (photos[0].parent, None),
        ("none.jpg", None),
        (stripes, Crop.parse("1000,1000,5,5")),
    ]:
        with pytest.raises(ProbeError) as expected:
            read_probe(source, crop)
        for get in (reader.read, lambda source, crop: reader.prepare(source, crop, WANTED)):
            with pytest.raises(ProbeError) as found:
                get(source, crop)
            assert str(found.value) == str(expected.value)


def test_thumbnails(photos: list[Path], reader: IsolatedReader) -> None:
    data = photos[0].read_bytes()
    expected = thumbnails.thumbnail(decode.decode(data, 100).image, 100)
    assert reader.thumbnail(data, 100) == expected
    with pytest.raises(PictureError, match="not a picture"):
        reader.thumbnail(b"text", 100)


def test_a_crash_costs_one_probe(stripes: bytes, reader: IsolatedReader) -> None:
    for sent, reason in (
        (signal.SIGSEGV, r"the decoder crashed on it \(SIGSEGV\)"),
        (signal.SIGKILL, r"the process that read it was killed \(SIGKILL\)"),
    ):
        reader.read(stripes)
        worker = only_worker()
        os.kill(worker, signal.SIGSTOP)  # as in a decoder that hangs
        with ThreadPoolExecutor(1) as threads:
            outcome = threads.submit(reader.read, stripes)
            os.kill(worker, sent)
            os.kill(worker, signal.SIGCONT)
            with pytest.raises(ProbeError, match=f"cannot be used: {reason}") as raised:
                outcome.result(PATIENCE)
        assert raised.value.probe == "the picture"
        assert reader.read(stripes).width == 160


def test_a_hang_costs_one_probe(stripes: bytes) -> None:
    reader = IsolatedReader(workers=1, seconds=3)
    try:
        reader.read(stripes)
        os.kill(only_worker(), signal.SIGSTOP)
        with pytest.raises(ProbeError, match="cannot be used: reading it took longer than 3 s"):
            reader.read(stripes)
        assert reader.read(stripes).width == 160
    finally:
        reader.close()


def peak_of_worker() -> int:
    """The most memory that the worker has had, in bytes."""
    status = Path(f"/proc/{only_worker()}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) * 1024


def test_a_bomb_is_refused_before_it_is_decoded(reader: IsolatedReader, stripes: bytes) -> None:
    reader.read(stripes)
    before = peak_of_worker()
    bomb = png_of_zeros(12_000, 10_000)
    for data, message in (
        (png_of_zeros(20_000, 20_000), "too large: over the limit of 100 megapixels"),
        (bomb, "too large: over the limit of 100 megapixels"),
    ):
        with pytest.raises(ProbeError, match=message):
            reader.read(data)
        with pytest.raises(ProbeError, match=message):
            reader.prepare(data, None, WANTED)
    with pytest.raises(PictureError, match="too large"):
        reader.thumbnail(png_of_zeros(20_000, 20_000), 100)
    assert peak_of_worker() < before + 8 * len(bomb) + (20 << 20)
    assert read_probe(png_of_zeros(2000, 1000)).width == 2000


def test_a_worker_is_held_to_its_memory(reader: IsolatedReader, stripes: bytes) -> None:
    reader.read(stripes)
    worker = only_worker()
    most, _ = resource.prlimit(worker, resource.RLIMIT_AS)
    assert SPARE < most < SPARE + (4 << 30)
    resource.prlimit(worker, resource.RLIMIT_AS, (600 << 20, 600 << 20))
    with pytest.raises(ProbeError, match=r"not enough memory|crashed"):
        reader.read(png_of_zeros(10_000, 9_000))
    assert reader.read(stripes).width == 160


def test_many_threads_at_once(photos: list[Path]) -> None:
    reader = IsolatedReader(workers=2)
    some = one_of_each_format(photos) + photos[:6]
    expected = [read_probe(photo).digest for photo in some]
    try:
        with ThreadPoolExecutor(16) as threads:
            for _ in range(3):
                found = threads.map(lambda photo: reader.prepare(photo, None, WANTED), some)
                assert [probe.digest for probe in found] == expected
    finally:
        reader.close()


def test_no_process_before_the_first_probe_nor_after_the_last(stripes: bytes) -> None:
    reader = IsolatedReader(workers=2)
    assert not children(WORK)
    reader.read(stripes)
    assert len(children(WORK)) == 1
    reader.close()
    assert not children(WORK)
    reader.close()
