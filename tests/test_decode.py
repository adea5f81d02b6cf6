"""Bytes to upright RGB: every format, every orientation, every kind of damage."""

import datetime
import io
import re
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pillow_heif
import pytest
import torchvision.transforms.functional as plain
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from imsearch.errors import PictureError, ProbeError
from imsearch.images import preprocess
from imsearch.images.convert import from_array, from_pillow
from imsearch.images.decode import decode
from imsearch.images.formats import FORMATS
from imsearch.images.preprocess import prepare, rendering
from imsearch.images.thumbnails import thumbnail
from imsearch.types.preprocessing import Preprocessing

pillow_heif.register_heif_opener()

TURNS: dict[int, Callable[[Image.Image], Image.Image]] = {
    1: lambda image: image,
    2: lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    3: lambda image: image.transpose(Image.Transpose.ROTATE_180),
    4: lambda image: image.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
    5: lambda image: image.transpose(Image.Transpose.TRANSPOSE),
    6: lambda image: image.transpose(Image.Transpose.ROTATE_90),
    7: lambda image: image.transpose(Image.Transpose.TRANSVERSE),
    8: lambda image: image.transpose(Image.Transpose.ROTATE_270),
}
"""How a camera would have stored an upright picture under each EXIF orientation."""


def picture(mode: str = "RGB", size: tuple[int, int] = (60, 40)) -> Image.Image:
    """Smooth, and different in every corner."""
    rows, columns = np.mgrid[: size[1], : size[0]]
    pixels = np.stack([rows * 5, columns * 4, 250 - rows * 3 - columns], axis=-1).astype(np.uint8)
    return Image.fromarray(pixels).convert(mode)


def encode(image: Image.Image, kind: str, **settings: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **settings)
    return buffer.getvalue()


def check(data: bytes, like: Image.Image, kind: str, tolerance: float = 0) -> None:
    found = decode(data)
    assert (found.format, found.image.mode, found.image.size) == (kind, "RGB", like.size)
    difference = np.abs(np.asarray(found.image, np.int16) - np.asarray(like.convert("RGB"), np.int16))
    assert difference.mean() <= tolerance


PLAIN: dict[str, tuple[str, str, dict[str, Any], str, float]] = {
    "JPEG": ("RGB", "JPEG", {"quality": 95}, "jpeg", 2),
    "progressive JPEG": ("RGB", "JPEG", {"quality": 95, "progressive": True}, "jpeg", 2),
    "grey JPEG": ("L", "JPEG", {"quality": 95}, "jpeg", 2),
    "PNG": ("RGB", "PNG", {}, "png", 0),
    "grey PNG": ("L", "PNG", {}, "png", 0),
    "palette PNG": ("P", "PNG", {}, "png", 0),
    "black and white PNG": ("1", "PNG", {}, "png", 0),
    "GIF": ("P", "GIF", {}, "gif", 0),
    "WebP": ("RGB", "WEBP", {"quality": 95}, "webp", 4),
    "lossless WebP": ("RGB", "WEBP", {"lossless": True}, "webp", 0),
    "TIFF": ("RGB", "TIFF", {}, "tiff", 0),
    "TIFF with LZW": ("RGB", "TIFF", {"compression": "tiff_lzw"}, "tiff", 0),
    "BMP": ("RGB", "BMP", {}, "bmp", 0),
    "PPM": ("RGB", "PPM", {}, "pnm", 0),
    "PGM": ("L", "PPM", {}, "pnm", 0),
    "PBM": ("1", "PPM", {}, "pnm", 0),
    "JPEG 2000": ("RGB", "JPEG2000", {}, "jpeg2000", 1),
    "JPEG 2000 codestream": ("RGB", "JPEG2000", {"no_jp2": True}, "jpeg2000", 1),
    "AVIF": ("RGB", "AVIF", {"quality": 95}, "avif", 4),
    "HEIC": ("RGB", "HEIF", {"quality": 95}, "heif", 4),
}


@pytest.mark.parametrize(("mode", "encoder", "options", "kind", "tolerance"), PLAIN.values(), ids=PLAIN)
def test_formats(mode: str, encoder: str, options: dict[str, Any], kind: str, tolerance: float) -> None:
    image = picture(mode)
    check(encode(image, encoder, **options), image, kind, tolerance)


def test_every_format_is_tried() -> None:
    assert {kind for *_, kind, _ in PLAIN.values()} == set(FORMATS)


def test_cmyk() -> None:
    found = decode(encode(picture("CMYK"), "JPEG", quality=95)).image
    assert np.abs(np.asarray(found, np.int16) - np.asarray(picture(), np.int16)).mean() < 4


def test_plain_text_pnm() -> None:
    ascii_grey = b"P2\n# a comment\n3 2\n15\n0 5 10\n15 10 5\n"
    assert np.asarray(decode(ascii_grey).image)[..., 0].tolist() == [[0, 85, 170], [255, 170, 85]]


@pytest.mark.parametrize("encoder", ["PNG", "TIFF", "PPM"])
def test_sixteen_bits_keep_their_levels(encoder: str) -> None:
    levels = (np.arange(256, dtype=np.uint16) * 257).reshape(16, 16)
    found = decode(encode(Image.fromarray(levels), encoder)).image
    assert np.asarray(found)[..., 1].tolist() == np.arange(256).reshape(16, 16).tolist()


def test_sixteen_bit_colour() -> None:
    header = struct.pack(">IIBBBBB", 2, 1, 16, 2, 0, 0, 0)
    row = b"\0" + struct.pack(">6H", 0, 0x8080, 0xFFFF, 0x1010, 0x2020, 0x3030)
    data = png((b"IHDR", header), (b"IDAT", zlib.compress(row)), (b"IEND", b""))
    assert np.asarray(decode(data).image).tolist() == [[[0, 128, 255], [16, 32, 48]]]


def test_floats_are_stretched_to_their_range() -> None:
    values = np.linspace(-3, 9, 60, dtype=np.float32).reshape(6, 10)
    found = np.asarray(decode(encode(Image.fromarray(values), "TIFF")).image)[..., 0]
    assert (found.min(), found.max()) == (0, 255)
    assert (np.diff(found.ravel().astype(int)) >= 0).all()


def test_what_is_transparent_becomes_white() -> None:
    layer = picture().convert("RGBA")
    layer.putalpha(Image.fromarray(np.where(np.mgrid[:40, :60][1] < 30, 0, 255).astype(np.uint8)))
    expected = picture()
    expected.paste((255, 255, 255), (0, 0, 30, 40))
    for encoder, options in (("PNG", {}), ("WEBP", {"lossless": True}), ("TIFF", {})):
        check(encode(layer, encoder, **options), expected, encoder.lower())
    grey = layer.convert("LA")
    assert np.asarray(decode(encode(grey, "PNG")).image)[0, 0].tolist() == [255, 255, 255]
    palette = Image.new("P", (4, 4), 1)
    palette.putpalette([9, 9, 9, 200, 0, 0])
    assert np.asarray(decode(encode(palette, "PNG", transparency=1)).image)[0, 0].tolist() == [255, 255, 255]
    assert np.asarray(decode(encode(palette, "PNG", transparency=0)).image)[0, 0].tolist() == [200, 0, 0]


@pytest.mark.parametrize(("encoder", "options"), [("GIF", {}), ("PNG", {}), ("WEBP", {"lossless": True}), ("AVIF", {})])
def test_animations_give_their_first_frame(encoder: str, options: dict[str, Any]) -> None:
    frames = [Image.new("RGB", (32, 32), colour) for colour in ((200, 0, 0), (0, 200, 0), (0, 0, 200))]
    data = encode(frames[0], encoder, save_all=True, append_images=frames[1:], duration=100, **options)
    with Image.open(io.BytesIO(data)) as opened:
        assert getattr(opened, "n_frames", 1) == 3
    red, green, blue = np.asarray(decode(data).image)[16, 16].tolist()
    assert red > 180
    assert max(green, blue) < 20


@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize(("encoder", "tolerance"), [("JPEG", 3), ("PNG", 0), ("TIFF", 0), ("WEBP", 8), ("AVIF", 6)])
def test_orientations_come_out_upright(orientation: int, encoder: str, tolerance: float) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = TURNS[orientation](picture())
    check(encode(stored, encoder, exif=exif), picture(), encoder.lower(), tolerance)


@given(st.integers(-5, 70000))
def test_an_orientation_that_means_nothing_turns_nothing(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation % 65536
    image = picture()
    turned = decode(encode(image, "PNG", exif=exif)).image
    if not 2 <= orientation % 65536 <= 8:
        assert turned.tobytes() == image.tobytes()


def test_when_it_was_taken() -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = "2019:07:04 18:03:11"
    assert decode(encode(picture(), "JPEG", exif=exif)).taken == datetime.datetime(2019, 7, 4, 18, 3, 11)
    for text in ("", "0000:00:00 00:00:00", "yesterday", "2019:02:30 10:00:00"):
        exif.get_ifd(0x8769)[0x9003] = text
        assert decode(encode(picture(), "JPEG", exif=exif)).taken is None
    assert decode(encode(picture(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xffgarbage")).taken is None


@pytest.mark.parametrize(("mode", "encoder", "options", "kind", "_tolerance"), PLAIN.values(), ids=PLAIN)
def test_half_a_file_is_no_picture(
    mode: str, encoder: str, options: dict[str, Any], kind: str, _tolerance: float
) -> None:
    data = encode(picture(mode, (400, 300)), encoder, **options)
    if encoder in ("JPEG2000", "WEBP", "HEIF"):
        with pytest.raises(PictureError, match=r"truncated|damaged|cannot be decoded"):
            decode(data[: len(data) // 8])
    else:
        with pytest.raises(PictureError, match=rf"truncated {kind}|cannot be decoded as {kind}|damaged"):
            decode(data[: len(data) // 2])


MAGIC = [encode(picture(mode), encoder, **options)[:40] for mode, encoder, options, _, _ in PLAIN.values()]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(MAGIC), st.integers(4, 40), st.binary(max_size=300))
def test_broken_bytes_give_a_reason_and_nothing_else(head: bytes, kept: int, rest: bytes) -> None:
    try:
        image = decode(head[:kept] + rest).image
    except PictureError:
        return
    assert image.mode == "RGB"


def exif_with(tag: int, kind: int, count: int, value: int) -> bytes:
    """An EXIF block of one entry, as broken as it is asked for."""
    entry = struct.pack("<HHHII", 1, tag, kind, count, value)
    return b"Exif\0\0II*\0\x08\0\0\0" + entry + bytes(4)


@settings(deadline=None)
@given(
    tag=st.sampled_from([0x0112, 0x8769]),
    kind=st.integers(0, 20),
    count=st.sampled_from([0, 1, 2, 9, 2**16, 2**32 - 1]),
    value=st.sampled_from([0, 1, 6, 8, 26, 2**16, 2**32 - 1]),
)
def test_broken_capture_facts_are_no_reason_to_lose_a_picture(tag: int, kind: int, count: int, value: int) -> None:
    data = encode(picture(), "JPEG", exif=exif_with(tag, kind, count, value))
    assert sorted(decode(data).image.size) == [40, 60]
    assert decode(data, 20).taken is None


def mutated(data: bytes, changes: list[tuple[float, int]]) -> bytes:
    """Bytes changed at places given as shares of the length, most of them in the first part, where headers are."""
    broken = bytearray(data)
    for place, value in changes:
        broken[4 + int(place**3 * (len(data) - 5))] = value
    return bytes(broken)


EXIF = Image.Exif()
EXIF[0x0112] = 6
WHOLE = [
    encode(picture(mode), encoder, **options, **({"exif": EXIF} if encoder in ("JPEG", "PNG", "TIFF", "WEBP") else {}))
    for mode, encoder, options, _, _ in PLAIN.values()
] + [encode(picture(mode), kind) for mode, kind in (("LA", "PNG"), ("RGBA", "WEBP"), ("CMYK", "TIFF"), ("RGBA", "BMP"))]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(WHOLE), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=5))
def test_whatever_is_broken_is_the_fault_of_the_file(data: bytes, changes: list[tuple[float, int]]) -> None:
    """Only Pillow's own exceptions are taken for that: what follows must bear all that Pillow lets through."""
    try:
        found = decode(mutated(data, changes), 16, 4_000_000)
    except PictureError as exc:
        assert not exc.passing  # noqa: PT017
        return
    preprocessing = Preprocessing(16, (12, 12), "bicubic", (0.0,) * 3, (1.0,) * 3)
    assert prepare(found.image, preprocessing, (found.width, found.height)).shape == (12, 12, 3)
    height, width, _ = rendering(found, 200).shape
    assert height * width <= 200


@pytest.mark.parametrize("size", [(1, 5000), (5000, 1), (2, 40_000), (300, 200)])
def test_a_rendering_keeps_to_its_pixels_whatever_the_shape(size: tuple[int, int]) -> None:
    height, width, _ = rendering(decode(encode(Image.new("RGB", size), "PNG")), 200).shape
    assert 0 < height * width <= 200


def test_faults_of_our_own_are_not_the_fault_of_the_file(photos: list[Path]) -> None:
    photo = next(path for path in photos if path.suffix == ".jpg").read_bytes()
    with pytest.raises(TypeError):
        decode(photo, "sixty")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        decode(photo, 60, "many")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="unpack"):
        decode(photo, (1, 2, 3))  # type: ignore[arg-type]


def test_too_little_memory_passes() -> None:
    """In a process of its own, which may not have more."""
    code = (
        "import resource, sys\n"
        "from imsearch.errors import PictureError\n"
        "from imsearch.images.decode import decode\n"
        "data = sys.stdin.buffer.read()\n"
        "pages = int(open('/proc/self/statm').read().split()[0])\n"
        "limit = pages * resource.getpagesize() + (200 << 20)\n"
        "resource.setrlimit(resource.RLIMIT_AS, (limit, limit))\n"
        "try: decode(data)\n"
        "except PictureError as exc: print(exc.passing, exc)\n"
    )
    data = encode(Image.new("RGB", (9000, 9000)), "PNG")
    result = subprocess.run([sys.executable, "-c", code], input=data, capture_output=True)
    assert result.stdout.decode() == "True not enough memory to decode it\n"


def test_no_picture_at_all() -> None:
    with pytest.raises(PictureError, match="zero bytes"):
        decode(b"")
    with pytest.raises(PictureError, match="not a picture"):
        decode(b"just some text, whatever its name says")


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def test_a_bomb_is_refused_before_it_is_decoded() -> None:
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(90_001)) for _ in range(300)) + packer.flush()
    with pytest.raises(PictureError, match=r"too large.*178 megapixels"):
        decode(png((b"IHDR", header), (b"IDAT", rows), (b"IEND", b"")))


XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
def test_an_orientation_that_only_xmp_tells_is_not_applied(kind: str) -> None:
    image, data = picture(), io.BytesIO()
    if kind == "PNG":
        text = PngInfo()
        text.add_itxt("XML:com.adobe.xmp", XMP.decode())
        image.save(data, kind, pnginfo=text)
    elif kind == "TIFF":
        image.save(data, kind, tiffinfo={700: XMP})
    else:
        image.save(data, kind, xmp=XMP)
    found = decode(data.getvalue())
    assert (found.width, found.height) == found.image.size == image.size
    with Image.open(io.BytesIO(data.getvalue())) as opened:
        upright = from_pillow(opened)
        assert upright is not None
        assert upright.size == image.size
        assert any(key in opened.info for key in ("xmp", "XML:com.adobe.xmp")) or kind == "TIFF"


def test_long_compressed_texts_of_a_png_do_not_matter() -> None:
    image, data = picture(), io.BytesIO()
    text = PngInfo()
    text.add_itxt("XML:com.adobe.xmp", "a" * 5_000_000, zip=True)
    text.add_text("Comment", "b" * 3_000_000, zip=True)
    text.add_text("Author", "somebody")
    image.save(data, "PNG", pnginfo=text)
    assert np.array_equal(np.asarray(decode(data.getvalue()).image), np.asarray(image))


INSIDES = re.compile(r"'|\berror -|Error|_|\bNone\b|<|0x|\bb\"")
"""What a reason never has: words of a program about itself."""


def reason_of(data: bytes) -> str:
    """Why bytes cannot be decoded; empty if they can."""
    try:
        decode(data)
    except PictureError as exc:
        return str(exc)
    return ""


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "PPM", "JPEG2000", "AVIF"]), st.data())
def test_what_is_damaged_is_told_in_words(kind: str, data: st.DataObject) -> None:
    whole = bytearray(encode(picture(), kind))
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(1, len(whole)))
    assert not INSIDES.search(reason_of(bytes(whole[:cut])))


def tiff(bits: int, side: int, pixels: bytes) -> bytes:
    """A grey TIFF of one strip, without compression."""
    tags = {256: side, 257: side, 258: bits, 259: 1, 262: 1, 273: 200, 277: 1, 278: side, 279: len(pixels)}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    head = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + struct.pack("<I", 0)
    return head.ljust(200, b"\0") + pixels


def test_what_is_not_supported_is_no_damage() -> None:
    assert reason_of(tiff(64, 8, bytes(512))) == "not supported: a TIFF with pixels of a kind that is not read"


def test_levels_of_12_bits_are_not_dark() -> None:
    levels = np.linspace(0, 4095, 64).round().astype(int)
    bits = "".join(f"{level:012b}" for level in levels)
    found = decode(tiff(12, 8, bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))))
    assert np.abs(np.asarray(found.image)[..., 0].ravel() - levels / 4095 * 255).max() <= 1


def test_an_avif_that_claims_too_much_is_too_large() -> None:
    data = bytearray(encode(picture(), "AVIF"))
    at = data.index(b"ispe") + 8
    data[at : at + 8] = struct.pack(">II", 60_000, 60_000)
    with pytest.raises(PictureError, match=r"too large"):
        decode(bytes(data))


def test_heic_without_its_extra_names_the_extra() -> None:
    code = (
        "import sys; sys.modules['pillow_heif'] = None\n"
        "from imsearch.images.decode import decode\n"
        "try: decode(sys.stdin.buffer.read())\n"
        "except Exception as exc: print(exc)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], input=encode(picture(), "HEIF"), capture_output=True)
    assert b"pip install 'imsearch-engine[heif]'" in result.stdout


SIDES = st.integers(1, 300)


@settings(max_examples=150, deadline=None)
@given(
    width=SIDES,
    height=SIDES,
    resize=st.one_of(st.integers(8, 120), st.tuples(st.integers(8, 120), st.integers(8, 120))),
    crop=st.one_of(st.none(), st.tuples(st.integers(1, 140), st.integers(1, 140))),
    interpolation=st.sampled_from(["nearest", "bilinear", "bicubic"]),
)
def test_prepare_is_what_torchvision_does(
    width: int, height: int, resize: Any, crop: tuple[int, int] | None, interpolation: Any
) -> None:
    image = picture(size=(width, height))
    expected = plain.resize(image, resize, plain.InterpolationMode(interpolation))
    expected = expected if crop is None else plain.center_crop(expected, list(crop))
    preprocessing = Preprocessing(resize, crop, interpolation, (0.0,) * 3, (1.0,) * 3)
    np.testing.assert_array_equal(prepare(image, preprocessing), np.asarray(expected))


def test_pixels_and_pillow_images() -> None:
    pixels = np.asarray(picture())
    assert from_array(pixels).tobytes() == picture().tobytes()
    assert from_array(pixels[..., 0]).mode == "RGB"
    clear = np.dstack([pixels, np.zeros(pixels.shape[:2], np.uint8)])
    assert np.asarray(from_array(clear)).min() == 255
    for wrong in (pixels.astype(float), pixels[..., :2], pixels[None], np.zeros((0, 4, 3), np.uint8)):
        with pytest.raises(ProbeError, match="array probe"):
            from_array(wrong)
    assert from_pillow("no image") is None
    turned = TURNS[6](picture())
    turned.getexif()[0x0112] = 6
    found = from_pillow(turned)
    assert found is not None
    assert found.tobytes() == picture().tobytes()


def test_thumbnails_fit() -> None:
    with Image.open(io.BytesIO(thumbnail(picture(size=(600, 200)), 90))) as small:
        assert (small.format, small.size) == ("JPEG", (90, 30))


def test_a_jpeg_is_decoded_no_larger_than_its_model_needs() -> None:
    wide, exif = picture(size=(1600, 1200)), Image.Exif()
    for resize, expected in ((100, (200, 150)), (150, (400, 300)), (700, (1600, 1200)), ((20, 300), (800, 600))):
        found = decode(encode(wide, "JPEG"), resize)
        assert (found.image.size, found.width, found.height) == (expected, 1600, 1200)
    exif[0x0112] = 6
    turned = encode(TURNS[6](wide), "JPEG", exif=exif)  # stored as 1200 x 1600, so that its width becomes its height
    for resize, expected in (((20, 300), (800, 600)), ((300, 20), (800, 600)), ((20, 20), (200, 150))):
        found = decode(turned, resize)
        assert (found.image.size, found.width, found.height) == (expected, 1600, 1200)
    for kind in ("PNG", "WEBP"):
        found = decode(encode(wide, kind), 100)
        assert (found.image.size, found.width, found.height) == ((1600, 1200), 1600, 1200)


@pytest.mark.parametrize("size", [(7, 90), (90, 7), (1, 300), (300, 2), (40, 700)])
@pytest.mark.parametrize("corner", ["round", "truncate"])
@pytest.mark.parametrize("crop", [(24, 24), (40, 24)])
def test_of_a_strip_only_the_middle_is_resized(
    size: tuple[int, int], corner: Literal["round", "truncate"], crop: tuple[int, int]
) -> None:
    image = picture(size=size)
    preprocessing = Preprocessing(32, crop, "bicubic", (0.0,) * 3, (1.0,) * 3, corner)
    whole = prepare(image, preprocessing)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(preprocess, "MOST_RESIZED", 0)
        strip = prepare(image, preprocessing)
    assert strip.shape == whole.shape
    assert np.abs(strip.astype(int) - whole).max() <= 1


def test_a_strip_takes_no_more_memory_than_a_picture() -> None:
    """In a process of its own, which may have little."""
    code = (
        "import resource\n"
        "from PIL import Image\n"
        "from imsearch.images.preprocess import prepare\n"
        "from imsearch.types.preprocessing import Preprocessing\n"
        "preprocessing = Preprocessing(288, (260, 260), 'bicubic', (0.0,) * 3, (1.0,) * 3)\n"
        "prepare(Image.new('RGB', (9, 9)), preprocessing)\n"
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + 2**26, used + 2**26))\n"
        "for size in ((1, 60_000), (60_000, 1), (3, 20_000)):\n"
        "    print(prepare(Image.new('RGB', size), preprocessing).shape)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.split("\n")[:3] == ["(260, 260, 3)"] * 3, result.stderr


def test_decoded_small_a_photograph_prepares_to_the_same_pixels(photos: list[Path]) -> None:
    preprocessing = Preprocessing(64, (56, 56), "bicubic", (0.0,) * 3, (1.0,) * 3)
    smaller = 0
    for data in (path.read_bytes() for path in photos if path.suffix == ".jpg"):
        whole, small = decode(data), decode(data, preprocessing.resize)
        assert (small.width, small.height) == (whole.width, whole.height) == whole.image.size
        smaller += small.image.size < whole.image.size
        from_small = prepare(small.image, preprocessing, (small.width, small.height))
        assert np.abs(prepare(whole.image, preprocessing).astype(int) - from_small).mean() < 1.5
    assert smaller > 10


def test_half_a_jpeg_is_no_picture_when_decoded_small_either() -> None:
    data = encode(picture(size=(800, 600)), "JPEG")
    with pytest.raises(PictureError, match="truncated jpeg"):
        decode(data[: len(data) // 2], 64)
