"""The registry of formats: what bytes and names announce."""

import os

import pytest

from imsearch.images.formats import FORMATS, HEAD_BYTES, claims_to_be_a_picture, format_named, sniff

SNIFFED = {
    b"": None,
    b"plain text": None,
    b"\0\0\0\x18ftypisom\0\0\0\0isommp42": None,
    b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif": "avif",
    b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic": "heif",
    b"RIFF\0\0\0\0WAVEfmt ": None,
    b"P6\n1 1\n255\n": "pnm",
    b"P7 is not read": None,
    b"PK\x03\x04": None,
}


@pytest.mark.parametrize(("head", "kind"), SNIFFED.items())
def test_sniff(head: bytes, kind: str | None) -> None:
    assert sniff(head) == kind


def test_a_head_is_enough() -> None:
    container = (60).to_bytes(4, "big") + b"ftypmif1" + bytes(4) + b"none" * 10 + b"avif"
    assert len(container) <= HEAD_BYTES
    assert sniff(container) == "avif"
    assert sniff(container[:40]) == "heif"
    assert sniff((40).to_bytes(4, "big") + container[4:]) == "heif"  # the brands end before that


@pytest.mark.parametrize(
    ("name", "claims"),
    [("a.jpg", True), ("a.JPEG", True), ("a.b.heic", True), ("jpg", False), (".jpg", False), ("a.jpg.txt", False)],
)
def test_names_that_claim_to_be_pictures(name: str, claims: bool) -> None:
    assert claims_to_be_a_picture(os.fsencode(f"/some.png/{name}")) == claims
    assert claims_to_be_a_picture(b"/\xff\xfe/" + os.fsencode(name)) == claims


def test_formats_by_what_people_call_them() -> None:
    assert [format_named(text) for text in ("jpg", ".JPG", "Jpeg", "tif", "heic", "jp2", "ppm", "apng", "dib")] == [
        "jpeg",
        "jpeg",
        "jpeg",
        "tiff",
        "heif",
        "jpeg2000",
        "pnm",
        "png",
        "bmp",
    ]
    assert [format_named(text) for text in ("", ".", "psd", "jpg.png")] == [None] * 4
    assert all(format_named(name) == name for name in FORMATS)


def test_every_format_has_a_name_of_its_own_and_endings_of_its_own() -> None:
    endings = [ending for each in FORMATS.values() for ending in each.endings]
    assert len(endings) == len(set(endings))
    assert all(name == each.name and each.endings and each.plugins for name, each in FORMATS.items())
