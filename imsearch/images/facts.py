"""What a file says about its picture beside the pixels that are compared: by what camera and when it was taken, which
shot it is, and what would be lost with the file.

All of it is a stranger's claim, read within limits; what is broken counts as not noted.
"""

import re

import msgspec
from PIL import Image, JpegImagePlugin

from imsearch.errors import PictureError
from imsearch.images.compression import quality_of
from imsearch.images.convert import mode_for
from imsearch.images.decode import opening
from imsearch.images.formats import HEAD_BYTES, sniff
from imsearch.images.frames import frames_in, frames_in_gif, pages_in
from imsearch.images.makernotes import ShotId, ShotIds, filled, noted_by_maker
from imsearch.images.moments import Moment
from imsearch.images.noted import Times, exif_bytes, exif_in, in_xmp, xmp_bytes
from imsearch.images.raw import begins_as_raw, holds_raw
from imsearch.images.tiff import Directory, Tiff, tiff_of

_MAKE, _MODEL, _SOFTWARE = 0x010F, 0x0110, 0x0131
_IMAGE_NUMBER, _IMAGE_ID, _SERIAL = 0x9211, 0xA420, 0xA431

_EDITORS = re.compile(
    r"acdsee|affinity|aperture|canva|capture one|darktable|digikam|dxo|facetune|gimp|imagemagick|instagram|iphoto|"
    r"irfanview|lightroom|luminar|meitu|paint|photo ?editor|photo ?gallery|photo ?scape|photo ?shop|picasa|picsart|"
    r"pixelmator|polarr|rawtherapee|snapseed|vsco|xnview",
    re.IGNORECASE,
)
"""Names of programs that edit pictures, as they put them into EXIF; cameras and phones put the version of their own."""


class PictureFacts(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """What a file says about its picture. A fact that it does not note, or not in a readable way, is None or empty.

    ``camera`` is make and model, ``serial`` the serial number of its body. ``taken`` is the time of capture: when the
    picture came to be or, where that is missing, when it was ``digitized``, which is the time of a scan. ``ids`` tell
    its shot from others. ``edited_with`` is the program that wrote the file, if it is known as an editor.

    ``frames`` counts the frames of an animation, the pages of a TIFF, or the pictures of a HEIF; a JPEG with further
    pictures in it (MPO) counts as one. ``transparent`` says whether the first of them has transparent pixels, and
    ``raw`` whether the file holds the raw data of a sensor.

    ``quality`` is that of compression, in 1..100, and ``luma_table`` the 64 numbers in rows by which brightness was
    quantized; both are of JPEGs only.
    """

    camera: str | None = None
    serial: str | None = None
    taken: Moment | None = None
    digitized: Moment | None = None
    ids: ShotIds = {}
    edited_with: str | None = None
    frames: int = 1
    transparent: bool = False
    raw: bool = False
    quality: int | None = None
    luma_table: tuple[int, ...] | None = None


NO_FACTS = PictureFacts()
"""The facts of a picture that did not come as a file."""


def facts_of(data: bytes) -> PictureFacts:
    """What the bytes of a picture's file say about it. Broken files only say less.

    Files that may have transparent pixels are decoded for it; of others the headers are read. Raises `PictureError`,
    ``passing``, where there is not enough memory.
    """
    tiff = tiff_of(data) if sniff(data[:HEAD_BYTES]) == "tiff" else None
    pages = [] if tiff is None else list(tiff.chain())
    raw = begins_as_raw(data) or (tiff is not None and bool(pages) and holds_raw(tiff, pages))
    exif = xmp = b""
    frames = frames_in_gif(data) if data.startswith(b"GIF8") else pages_in(pages)
    transparent, table = False, None
    try:
        with opening(data) as (image, kind):
            transparent = not raw and _is_transparent(image)
            if kind == "png":
                _read_to_the_end(image)
            exif, xmp = exif_bytes(image), xmp_bytes(image)
            table = _luma_table(image)
            frames = frames if kind in ("jpeg", "gif", "tiff") else frames_in(image)
    except PictureError as exc:
        if exc.passing:
            raise
    noted = _noted(tiff_of(data if tiff else exif), xmp)
    return msgspec.structs.replace(
        noted,
        frames=1 if raw else frames,
        transparent=transparent,
        raw=raw,
        quality=None if table is None else quality_of(table),
        luma_table=table,
    )


def _is_transparent(image: Image.Image) -> bool:
    """Whether a pixel is not opaque."""
    try:
        if mode_for(image) != "RGBA":
            return False
        return image.convert("RGBA").getchannel("A").histogram()[255] < image.width * image.height
    except MemoryError:
        raise
    except Exception:  # Pillow may raise anything on broken bytes
        return False


def _read_to_the_end(image: Image.Image) -> None:
    """Have Pillow read what a PNG has after its pixels, where some programs put EXIF and XMP."""
    try:
        image.load()
    except MemoryError:
        raise
    except Exception:  # as in `_is_transparent`
        return


def _luma_table(image: Image.Image) -> tuple[int, ...] | None:
    """The quantization table of brightness, which is the first one, of a JPEG."""
    if not isinstance(image, JpegImagePlugin.JpegImageFile):
        return None
    table = image.quantization.get(0)
    return None if table is None else tuple(table)


def _noted(tiff: Tiff | None, xmp: bytes) -> PictureFacts:
    """What EXIF, in a TIFF structure, and XMP note."""
    first = None if tiff is None else next(tiff.chain(), None)
    if tiff is None or first is None:
        tiff, first = Tiff(b"", "<"), _NOTHING
    exif, times = exif_in(tiff, first), Times.of(tiff, xmp)
    make, software = first.text(_MAKE), first.text(_SOFTWARE)
    edited_with = software if _EDITORS.search(software) else None
    ids: dict[ShotId, str] = {
        "image number": str(exif.number(_IMAGE_NUMBER) or 0),
        "image id": "" if edited_with else exif.text(_IMAGE_ID).lower(),  # an editor may have given it
        "cataloged number": in_xmp(xmp, "aux:ImageNumber"),
        "burst": in_xmp(xmp, "GCamera:BurstID"),
    }
    return PictureFacts(
        camera=_camera(make, first.text(_MODEL)),
        serial=exif.text(_SERIAL).lstrip("0") or None,
        taken=times.original or times.digitized,
        digitized=times.digitized,
        ids=filled(ids) | noted_by_maker(tiff, exif, make),
        edited_with=edited_with,
    )


_NOTHING = Directory(b"", "<", {}, 0)


def _camera(make: str, model: str) -> str | None:
    """Make and model in one string, without the make twice."""
    named = model.lower().startswith(make.lower().partition(" ")[0])
    return (model if named else f"{make} {model}".strip()) or None
