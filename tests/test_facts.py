"""What files say about their pictures, and which shots cameras tell apart."""

import datetime
import io
import plistlib
import struct
import time
import zlib
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image, PngImagePlugin

from imsearch.images.decode import decode
from imsearch.images.facts import PictureFacts, facts_of
from imsearch.images.frames import MOST_BLOCKS
from imsearch.images.moments import Moment, differ, moment_of
from imsearch.images.shots import told_apart
from imsearch.images.tiff import MOST_ENTRIES, tiff_of

MAKE, MODEL, SOFTWARE, CHANGED = 0x010F, 0x0110, 0x0131, 0x0132
NEW_SUBFILE, SUB_DIRECTORIES, PHOTOMETRIC, DNG_VERSION = 254, 0x014A, 0x0106, 0xC612
ORIGINAL, ORIGINAL_FRACTION, ORIGINAL_ZONE = 0x9003, 0x9291, 0x9011
DIGITIZED, DIGITIZED_FRACTION = 0x9004, 0x9292
IMAGE_NUMBER, NOTE, IMAGE_ID, SERIAL = 0x9211, 0x927C, 0xA420, 0xA431
SHORT, LONG, UNDEFINED, ASCII = 3, 4, 7, 2


def picture(mode: str = "RGB") -> Image.Image:
    bands = len(Image.new(mode, (1, 1)).getbands())
    pixels = np.random.default_rng(0).integers(0, 255, (48, 64, bands), np.uint8)
    return Image.fromarray(pixels.squeeze(), mode)


def saved(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def exif(first: dict[int, Any] | None = None, inner: dict[int, Any] | None = None) -> Image.Exif:
    """EXIF with tags of its first directory and of its Exif directory."""
    made = Image.Exif()
    made.update(first or {})
    made.get_ifd(ExifTags.IFD.Exif).update(inner or {})
    return made


def noted(first: dict[int, Any] | None = None, inner: dict[int, Any] | None = None, **options: Any) -> PictureFacts:
    """The facts of a JPEG with such EXIF."""
    return facts_of(saved(picture(), exif=exif(first, inner), **options))


CAMERA = {MAKE: "Canon", MODEL: "Canon EOS R5"}
SHOT = {
    ORIGINAL: "2019:07:04 18:03:11",
    ORIGINAL_FRACTION: "57",
    ORIGINAL_ZONE: "+02:00",
    DIGITIZED: "2019:07:04 18:03:12",
    DIGITIZED_FRACTION: "5",
    IMAGE_NUMBER: 24,
    IMAGE_ID: "72AE2CD63D6C4AE1678418BE48230029",
    SERIAL: "0042",
}
TAKEN = Moment(datetime.datetime(2019, 7, 4, 18, 3, 11), "57", 120)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_every_format_that_has_exif_says_what_the_camera_noted(kind: str) -> None:
    if kind == "HEIF":
        pytest.importorskip("pillow_heif").register_heif_opener()
    facts = facts_of(saved(picture(), kind, exif=exif(CAMERA, SHOT).tobytes()))
    assert facts.camera == "Canon EOS R5"
    assert facts.serial == "42"
    assert facts.taken == TAKEN
    assert facts.digitized == Moment(datetime.datetime(2019, 7, 4, 18, 3, 12), "5")
    assert facts.ids == {"image number": "24", "image id": "72ae2cd63d6c4ae1678418be48230029"}


def test_a_picture_that_notes_nothing_has_no_facts() -> None:
    assert facts_of(saved(picture(), "PNG")) == PictureFacts()


def test_png_is_read_behind_its_pixels_and_in_the_way_of_imagemagick() -> None:
    profile = exif(CAMERA, SHOT).tobytes()
    late = saved(picture(), "PNG")
    end = late.index(b"IEND") - 4
    chunk = b"eXIf" + profile.removeprefix(b"Exif\0\0")
    crc = struct.pack(">I", zlib.crc32(chunk))
    late = late[:end] + struct.pack(">I", len(chunk) - 4) + chunk + crc + late[end:]
    text = PngImagePlugin.PngInfo()
    text.add_text("Raw profile type exif", f"\nexif\n{len(profile)}\n{profile.hex()}\n")
    for data in (late, saved(picture(), "PNG", pnginfo=text)):
        assert facts_of(data).taken == TAKEN


def test_the_time_is_the_one_that_is_indexed() -> None:
    data = saved(picture(), exif=exif(CAMERA, SHOT))
    taken = facts_of(data).taken
    assert taken is not None
    assert taken.local == decode(data).taken


CHANGED = 0x0132
CREATED = b'<rdf:Description xmp:CreateDate="2019-07-04T10:00:00+0000" photoshop:DateCreated="2019-07-03T09:00:00"/>'


@pytest.mark.parametrize(
    ("first", "inner", "xmp", "expected"),
    [
        ({CHANGED: "2020:01:01 00:00:00"}, {ORIGINAL: "2019:07:04 18:03:11"}, CREATED, "2019-07-04T18:03:11"),
        ({CHANGED: "2020:01:01 00:00:00"}, {DIGITIZED: "2019/07/04 18:03:12"}, CREATED, "2019-07-04T18:03:12"),
        ({CHANGED: "2020:01:01 00:00:00"}, {ORIGINAL: "0000:00:00 00:00:00"}, CREATED, "2019-07-03T09:00:00"),
        ({}, {}, b"<xmp:CreateDate>2019-07-04T10:00:00+0000</xmp:CreateDate>", "2019-07-04T10:00:00"),
        ({CHANGED: "2019:07:04 18:03:13"}, {}, b"", "2019-07-04T18:03:13"),
        ({CHANGED: "2019:07:04 18:03:13"}, {ORIGINAL: "2900:01:01 00:00:00"}, b"", "2019-07-04T18:03:13"),
        ({CHANGED: "2900:01:01 00:00:00"}, {}, b"", None),
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_a_picture_was_taken_when_the_best_note_says(
    kind: str, first: dict[int, str], inner: dict[int, str], xmp: bytes, expected: str | None
) -> None:
    options = {"xmp": xmp} if xmp else {}
    taken = decode(saved(picture(), kind, exif=exif(first, inner), **options)).taken
    assert (None if taken is None else taken.isoformat()) == expected


def test_a_scan_was_taken_when_it_was_digitized() -> None:
    facts = noted(inner={DIGITIZED: "2019:07:04 18:03:12"})
    assert facts.taken == facts.digitized == Moment(datetime.datetime(2019, 7, 4, 18, 3, 12))


XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description exif:DateTimeOriginal="2019-07-04T18:03:11.57+02:00" aux:ImageNumber='4711'>
<GCamera:BurstID>6f1a</GCamera:BurstID></rdf:Description></rdf:RDF></x:xmpmeta>"""


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_xmp_says_what_exif_does_not(kind: str) -> None:
    text = PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", XMP)
    options: dict[str, Any] = {"pnginfo": text} if kind == "PNG" else {"xmp": XMP.encode()}
    if kind == "TIFF":
        options = {"tiffinfo": {700: XMP.encode()}}
    facts = facts_of(saved(picture(), kind, **options))
    assert facts.taken == TAKEN
    assert facts.ids == {"cataloged number": "4711", "burst": "6f1a"}


def test_editors_are_named_and_their_image_ids_do_not_count() -> None:
    assert noted({SOFTWARE: "Ver.1.02"}, {IMAGE_ID: "5a"}).ids == {"image id": "5a"}
    edited = noted({SOFTWARE: "Adobe Photoshop 23.0 (Windows)"}, {IMAGE_ID: "5b"})
    assert edited.edited_with == "Adobe Photoshop 23.0 (Windows)"
    assert edited.ids == {}


# What makers note


def directory(*entries: tuple[int, int, int, bytes], order: str = "<", base: int = 0) -> bytes:
    """A TIFF directory of tags, types, counts and values, with the longer values behind it. ``base`` is its offset."""
    fields, behind = b"", b""
    end = base + 2 + 12 * len(entries) + 4
    for tag, kind, count, value in entries:
        field = value.ljust(4, b"\0")
        if len(value) > 4:
            field = struct.pack(order + "I", end + len(behind))
            behind += value
        fields += struct.pack(order + "HHI", tag, kind, count) + field
    return struct.pack(order + "H", len(entries)) + fields + b"\0\0\0\0" + behind


def number(tag: int, value: int, kind: int = LONG, order: str = "<") -> tuple[int, int, int, bytes]:
    return tag, kind, 1, struct.pack(order + ("I" if kind == LONG else "H"), value)


def text(tag: int, value: str) -> tuple[int, int, int, bytes]:
    return tag, ASCII, len(value) + 1, value.encode() + b"\0"


UPTIME = plistlib.dumps({"value": 39772089846958, "timescale": 1000000000, "epoch": 0}, fmt=plistlib.FMT_BINARY)
APPLE = directory(
    (0x03, UNDEFINED, len(UPTIME), UPTIME),
    text(0x0B, "B0B0"),
    text(0x15, "ABCD"),
    text(0x2B, "EF01"),
    order=">",
    base=14,
)
DATE, CLOCK, COUNT = 0x07E30704, 0x12030B00, 4711
PENTAX = directory(
    (0x06, UNDEFINED, 4, struct.pack(">I", DATE)),
    (0x07, UNDEFINED, 3, struct.pack(">I", CLOCK)[:3]),
    (0x5D, UNDEFINED, 4, struct.pack(">I", COUNT ^ DATE ^ (0xFFFFFFFF - CLOCK))),
    order=">",
)
NIKON = b"Nikon\0\2\x10\0\0MM\0*\0\0\0\x08" + directory(number(0xA7, 4711, order=">"), order=">", base=8)
SEQUENCE_OF_OLYMPUS = (0x0200, LONG, 3, struct.pack("<3I", 2, 3, 0))


@pytest.mark.parametrize(
    ("make", "note", "ids"),
    [
        (
            "Apple",
            b"Apple iOS\0\0\1MM" + APPLE,
            {"uptime": "39772089846958/1000000000", "burst": "B0B0", "group id": "ABCD", "photo id": "EF01"},
        ),
        ("NIKON CORPORATION", NIKON, {"shutter count": "4711"}),
        ("Canon", directory(number(0x08, 1181861)), {"file number": "1181861"}),
        ("SONY", b"SONY DSC \0\0\0" + directory(number(0xB04A, 3, SHORT)), {"sequence number": "3"}),
        ("SONY", directory(number(0xB04A, 3, SHORT)), {"sequence number": "3"}),
        ("SONY", directory(number(0xB04A, 0, SHORT)), {}),
        ("Panasonic", b"Panasonic\0\0\0" + directory(number(0x2B, 7)), {"sequence number": "7"}),
        ("PENTAX", b"AOC\0MM" + PENTAX, {"shutter count": "4711"}),
        (
            "FUJIFILM",
            b"FUJIFILM\x0c\0\0\0" + directory(number(0x1101, 2, SHORT), number(0x1438, 0x8005, SHORT)),
            {"sequence number": "2", "shutter count": "5"},
        ),
        ("OLYMPUS CORPORATION", b"OLYMPUS\0II\3\0" + directory(SEQUENCE_OF_OLYMPUS, base=12), {"sequence number": "3"}),
        (
            "OM Digital Solutions",
            b"OM SYSTEM\0\0\0II\4\0" + directory(SEQUENCE_OF_OLYMPUS, base=16),
            {"sequence number": "3"},
        ),
        ("Abc", NIKON, {}),
    ],
)
def test_the_notes_of_makers_say_which_shot_it_is(make: str, note: bytes, ids: dict[str, str]) -> None:
    made = exif({MAKE: make}, {NOTE: note})
    made.endian = ">" if make == "NIKON CORPORATION" else "<"
    assert facts_of(saved(picture(), exif=made)).ids == ids


@pytest.mark.parametrize(("drive", "ids"), [(0, {}), (5, {"file number": "1181861"})])
def test_the_number_of_a_file_is_that_of_the_shot_only_where_the_camera_took_several(
    drive: int, ids: dict[str, str]
) -> None:
    def tiff(at: int) -> bytes:
        settings = (0x01, SHORT, 8, struct.pack("<8H", 16, 0, 0, 0, 0, drive, 0, 0))
        note = directory(settings, number(0x08, 1181861), base=at)
        inner = directory((NOTE, UNDEFINED, len(note), note), base=44)
        first = directory((MAKE, ASCII, 6, b"Canon\0"), number(0x8769, 44), base=8)
        return b"II*\0\x08\0\0\0" + first + inner

    data = tiff(44 + 18)
    assert data[44:46] == b"\1\0"
    assert facts_of(data).ids == ids


# What is lost with a file


def frames_of(kind: str, count: int, **options: Any) -> bytes:
    images = [Image.new("RGB", (32, 24), (80 * index, 0, 0)) for index in range(count)]
    return saved(images[0], kind, save_all=True, append_images=images[1:], **options)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF", "TIFF"])
def test_frames_and_pages_are_counted(kind: str) -> None:
    assert facts_of(frames_of(kind, 3)).frames == 3
    assert facts_of(saved(picture(), kind)).frames == 1


def test_pictures_beside_the_one_in_a_jpeg_are_not_counted() -> None:
    data = frames_of("MPO", 2)
    assert facts_of(data).frames == 1
    assert facts_of(data).quality == 75


def test_smaller_renderings_of_a_page_are_no_pages() -> None:
    whole, small = Image.new("L", (64, 48)), Image.new("L", (32, 24))
    whole.encoderinfo = {}
    small.encoderinfo = {"tiffinfo": {NEW_SUBFILE: 1}}
    assert facts_of(saved(whole, "TIFF", save_all=True, append_images=[small])).frames == 1


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "AVIF", "GIF"])
def test_transparent_pixels_are_seen(kind: str) -> None:
    image = picture("RGBA")
    image.putalpha(255)
    assert not facts_of(saved(image, kind)).transparent
    image.putpixel((5, 5), (0, 0, 0, 0))
    assert facts_of(saved(image, kind)).transparent


def test_a_transparent_color_of_a_palette_is_seen() -> None:
    image = picture("L").convert("P")
    assert facts_of(saved(image, "PNG", transparency=image.getpixel((0, 0)))).transparent


@pytest.mark.parametrize(
    "tags",
    [
        {DNG_VERSION: b"\1\4\0\0"},
        {MAKE: "NIKON CORPORATION", NEW_SUBFILE: 1},
    ],
)
def test_tiffs_that_hold_raw_data_are_seen(tags: dict[int, Any]) -> None:
    assert facts_of(saved(picture(), "TIFF", tiffinfo=tags)).raw
    assert not facts_of(saved(picture(), "TIFF", tiffinfo={MAKE: "NIKON CORPORATION"})).raw


@pytest.mark.parametrize(("photometric", "raw"), [(32803, True), (34892, True), (2, False)])
def test_pixels_of_a_sensor_are_seen_in_a_directory_below(photometric: int, raw: bool) -> None:
    below = directory(number(PHOTOMETRIC, photometric, SHORT))
    first = directory(number(PHOTOMETRIC, 2, SHORT), number(SUB_DIRECTORIES, 38), base=8)
    assert facts_of(b"II*\0\x08\0\0\0" + first + below).raw is raw


@pytest.mark.parametrize(
    "begin",
    [b"II*\0\x10\0\0\0CR\2\0", b"FUJIFILMCCD-RAW 0201", b"IIU\0\x18\0\0\0", b"IIRO\x08\0\0\0", b"\0\0\0\x18ftypcrx "],
)
def test_other_raw_formats_are_known_by_their_beginning(begin: bytes) -> None:
    assert facts_of(begin.ljust(200, b"\0")).raw


# Compression


def test_the_quality_of_a_jpeg_is_that_which_it_was_saved_with() -> None:
    data = [saved(picture(), quality=quality) for quality in range(1, 101)]
    assert [facts_of(each).quality for each in data] == list(range(1, 101))


def test_tables_of_other_encoders_get_the_nearest_quality() -> None:
    finer = [max(1, value * 2 // 5 + place % 2) for place, value in enumerate(table_of(50))]
    quality = facts_of(saved(picture(), qtables=[finer])).quality
    assert quality is not None
    assert 77 <= quality <= 81


def table_of(quality: int) -> tuple[int, ...]:
    table = facts_of(saved(picture(), quality=quality)).luma_table
    assert table is not None
    return table


def test_the_table_is_in_rows() -> None:
    assert table_of(50)[:10] == (16, 11, 10, 16, 24, 40, 51, 61, 12, 12)
    assert facts_of(saved(picture(), "WEBP")).luma_table is None


# Claims


@given(st.data())
def test_broken_files_only_say_less(data: st.DataObject) -> None:
    good = data.draw(st.sampled_from(GOOD))
    bad = bytearray(good[: data.draw(st.integers(0, len(good)))])
    for place in data.draw(st.lists(st.integers(0, max(0, len(bad) - 1)), max_size=8)):
        bad[place : place + 1] = data.draw(st.binary(min_size=1, max_size=4))
    facts_of(bytes(bad))


GOOD = [
    saved(picture(), exif=exif({MAKE: "Apple"}, {**SHOT, NOTE: b"Apple iOS\0\0\1MM" + APPLE})),
    saved(picture(), exif=exif({MAKE: "PENTAX"}, {**SHOT, NOTE: b"AOC\0MM" + PENTAX})),
    saved(picture(), "TIFF", exif=exif({MAKE: "NIKON CORPORATION"}, {**SHOT, NOTE: NIKON})),
    frames_of("GIF", 3),
    saved(picture("RGBA"), "PNG", exif=exif(CAMERA, SHOT)),
]


def long_note() -> bytes:
    first = directory((MAKE, ASCII, 4, b"Abc\0"), number(0x8769, 38), base=8)
    return b"II*\0\x08\0\0\0" + first + directory((NOTE, UNDEFINED, 0xFFFFFFFF, b"\x3c\0\0\0"))


def long_chain() -> bytes:
    return b"II*\0\x08\0\0\0" + b"".join(struct.pack("<HI", 0, 14 + 6 * step) for step in range(3_000_000))


def ring() -> bytes:
    return b"II*\0\x08\0\0\0" + struct.pack("<HI", 0, 14) + struct.pack("<HI", 0, 8)


def wide_directories() -> bytes:
    """Directories of as many entries as there can be, one in the other."""
    return b"II*\0\x08\0\0\0" + b"\xff\xff" * 500_000


def many_frames() -> bytes:
    head = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + bytes(6)
    return head + (b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\2\2\x44\1\0") * 2_000_000


@pytest.mark.parametrize("made", [long_note, long_chain, ring, wide_directories, many_frames])
def test_claims_of_a_file_cost_no_more_than_a_picture(made: Callable[[], bytes]) -> None:
    data = made()
    begun = time.process_time()
    facts_of(data)
    assert time.process_time() - begun < 3


def test_frames_are_counted_to_a_limit() -> None:
    assert 1000 < facts_of(many_frames()).frames < MOST_BLOCKS


def test_no_more_entries_are_read_than_there_may_be() -> None:
    page = struct.pack("<HHII", NEW_SUBFILE, LONG, 1, 0)
    pages = b"".join(struct.pack("<H", 1) + page + struct.pack("<I", 26 + 18 * step) for step in range(MOST_ENTRIES))
    tiff = tiff_of(b"II*\0\x08\0\0\0" + pages)
    assert tiff is not None
    assert sum(1 for _ in tiff.chain()) == MOST_ENTRIES // 2


def test_big_tiffs_are_read() -> None:
    facts = facts_of(saved(picture(), "TIFF", big_tiff=True, tiffinfo={MAKE: "Canon", MODEL: "EOS"}))
    assert facts.camera == "Canon EOS"


def test_facts_pack_small() -> None:
    facts = noted(CAMERA, SHOT)
    packed = msgspec.msgpack.encode(facts)
    assert msgspec.msgpack.decode(packed, type=PictureFacts) == facts
    assert len(packed) < 300


# Which shots are told apart


def at(clock: str, **more: Any) -> PictureFacts:
    return PictureFacts(taken=moment_of(f"2019:07:04 {clock}"), **more)


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        (at("12:00:00"), at("12:00:02"), "taken at 12:00:00 and 12:00:02"),
        (at("12:00:00.10"), at("12:00:00.2"), "taken at 12:00:00.10 and 12:00:00.2"),
        (
            at("12:00:00"),
            PictureFacts(taken=moment_of("2019:07:05 12:00:00")),
            "taken at 2019-07-04 12:00:00 and 2019-07-05 12:00:00",
        ),
        (at("12:00:00+02:00"), at("12:30:00Z"), "taken at 12:00:00+02:00 and 12:30:00+00:00"),
        (at("12:00:00+02:00"), at("10:00:00"), "taken at 10:00:00 and 12:00:00"),
        (at("12:00:00"), at("12:00:00.9"), None),
        (at("12:00:00.57"), at("12:00:00.5"), None),
        (at("12:00:00+02:00"), at("10:00:00Z"), None),
        (at("12:00:00+02:00"), at("12:00:00Z"), None),
        (at("12:00:00+02:00"), at("12:00:00"), None),
        (at("12:00:00"), PictureFacts(), None),
        (PictureFacts(serial="1"), PictureFacts(serial="2"), "cameras with the serial numbers 1 and 2"),
        (PictureFacts(camera="NIKON D70"), PictureFacts(camera="Nikon D70"), None),
        (
            PictureFacts(ids={"shutter count": "999"}),
            PictureFacts(ids={"shutter count": "1000"}),
            "shutter counts 999 and 1000",
        ),
        (PictureFacts(ids={"shutter count": "1"}), PictureFacts(ids={"sequence number": "2"}), None),
        (PictureFacts(ids={"burst": "a"}), PictureFacts(ids={"burst": "b"}), "pictures of two bursts"),
        (PictureFacts(ids={"burst": "a"}), PictureFacts(ids={"burst": "a"}), None),
        (
            PictureFacts(ids={"burst": "a", "uptime": "1"}),
            PictureFacts(ids={"burst": "a", "uptime": "2"}),
            "two pictures of one burst",
        ),
        (at("12:00:00.1", ids={"burst": "a"}), at("12:00:00.2", ids={"burst": "a"}), "two pictures of one burst"),
    ],
)
def test_cameras_tell_two_shots_apart(one: PictureFacts, other: PictureFacts, reason: str | None) -> None:
    assert told_apart(one, other) == told_apart(other, one) == reason


def test_a_corrected_time_makes_no_other_shot() -> None:
    camera = at("12:00:00", digitized=moment_of("2019:07:04 12:00:00"))
    corrected = at("13:00:00", digitized=moment_of("2019:07:04 12:00:00"))
    assert told_apart(camera, corrected) is None
    scan = PictureFacts(taken=moment_of("2019:07:04 12:00:00"), digitized=moment_of("2019:07:04 12:00:00"))
    dated = PictureFacts(taken=moment_of("1985:06:01 00:00:00"), digitized=moment_of("2019:07:04 12:00:00"))
    assert told_apart(scan, dated) is None


def test_a_time_of_digitization_that_is_coarser_or_that_of_an_export_corrects_nothing() -> None:
    coarse = moment_of("2019:07:04 12:00:00")
    assert told_apart(at("12:00:00.1", digitized=coarse), at("12:00:00.2", digitized=coarse))
    export = moment_of("2020:01:01 00:00:00")
    assert told_apart(at("12:00:00", digitized=export), at("12:00:02", digitized=export))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_edited_copies_are_not_told_apart(kind: str) -> None:
    """Whatever an editor changes, and whatever it leaves out."""
    note = b"Apple iOS\0\0\1MM" + APPLE
    data = saved(picture(), exif=exif({MAKE: "Apple", CHANGED: "2019:07:04 18:03:11"}, {**SHOT, NOTE: note}))
    kept = Image.open(io.BytesIO(data)).getexif()
    kept[CHANGED] = "2024:01:01 10:00:00"
    kept[SOFTWARE] = "GIMP 2.10"
    inner = kept.get_ifd(ExifTags.IFD.Exif)
    cropped = picture().crop((4, 4, 60, 40))
    assert told_apart(facts_of(data), facts_of(saved(cropped, kind, exif=kept))) is None
    for tag in list(inner):
        less = exif({SOFTWARE: "GIMP 2.10"}, {each: value for each, value in inner.items() if each != tag})
        assert told_apart(facts_of(data), facts_of(saved(cropped, kind, exif=less))) is None
    assert told_apart(facts_of(data), facts_of(saved(cropped, kind))) is None


moments = st.builds(
    Moment,
    st.sampled_from([datetime.datetime(2019, 7, 4, 12, 0, second) for second in (0, 1)])
    | st.datetimes(datetime.datetime(1, 1, 1)).map(lambda each: each.replace(microsecond=0)),
    st.sampled_from(["", "0", "5", "57"]) | st.text("0123456789", max_size=9),
    st.none() | st.sampled_from([0, 60, -90]),
)
ids = st.dictionaries(
    st.sampled_from(["shutter count", "sequence number", "image id", "burst", "uptime"]),
    st.sampled_from(["1", "2"]),
)
facts = st.builds(
    PictureFacts,
    serial=st.none() | st.sampled_from(["1", "2"]),
    taken=st.none() | moments,
    digitized=st.none() | moments,
    ids=ids,
)


@given(facts, facts)
def test_the_order_makes_no_difference(one: PictureFacts, other: PictureFacts) -> None:
    assert told_apart(one, other) == told_apart(other, one)


@given(facts, st.sets(st.sampled_from(["serial", "taken", "digitized", "ids"])), st.integers(0, 9), st.booleans())
def test_a_picture_is_not_told_apart_from_itself_with_less_facts(
    whole: PictureFacts, lost: set[str], digits: int, zoned: bool
) -> None:
    empty = PictureFacts()
    less = msgspec.structs.replace(whole, **{name: getattr(empty, name) for name in lost})
    if less.taken is not None:
        zone = less.taken.zone if zoned else None
        coarse = msgspec.structs.replace(less.taken, fraction=less.taken.fraction[:digits], zone=zone)
        less = msgspec.structs.replace(less, taken=coarse)
    assert told_apart(whole, less) is None


@given(facts, facts, st.sampled_from(["serial", "taken", "ids"]))
def test_a_lost_fact_never_tells_apart(one: PictureFacts, other: PictureFacts, lost: str) -> None:
    if told_apart(one, other) is None:
        less = msgspec.structs.replace(one, **{lost: getattr(PictureFacts(), lost)})
        assert told_apart(less, other) is None


@given(moments, moments)
def test_different_times_differ_either_way(one: Moment, other: Moment) -> None:
    assert differ(one, other) == differ(other, one)
    assert not differ(one, one)
