"""Nothing that is proposed for the trash shows anything that the file to keep does not.

This is asserted by how the pictures were made, pixel by pixel, and not by what was judged of them. Each picture is made
together with a map: which place of its photograph each pixel shows, or which thing of its own (a caption, a bar, a
page around it, another picture).
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

import imsearch
from imsearch.images import decode

Box = tuple[int, int, int, int]

WATERMARK, LOGO, PAGE, OTHERS = 1, 2, 3, 10
"""Things that pictures have of their own. Each caption and each bar is another one, counted from the last number."""


@dataclass(frozen=True)
class Made:
    """A picture of which it is known how it was made of a photograph.

    ``places`` (height, width, 3) holds the place in the photograph, in its pixels, that each pixel shows, negative
    where it shows something else, and the number of the thing that it shows instead or in addition, 0 for none.
    ``colored`` is false for a picture that has lost its colors. In each direction, it has ``scale`` pixels for each
    pixel of the photograph, and ``detail`` is how many it would need for its finest detail.
    """

    image: Image.Image
    places: NDArray[np.float32]
    colored: bool = True
    scale: float = 1.0
    detail: float = 1.0
    history: str = ""


def original(image: Image.Image) -> Made:
    across, down = np.meshgrid(np.arange(image.width) + 0.5, np.arange(image.height) + 0.5)
    return Made(image, np.stack([across, down, np.zeros_like(across)], axis=-1).astype(np.float32))


def moved(
    made: Made, change: Callable[[Image.Image], Image.Image], again: Callable[[NDArray[np.float32]], object]
) -> Made:
    return replace(made, image=change(made.image), places=np.ascontiguousarray(again(made.places), np.float32))


# What is done to pictures


def cropped(made: Made, rng: random.Random) -> Made:
    width, height = made.image.size
    left, top = rng.randint(0, width // 6), rng.randint(0, height // 6)
    box = (left, top, width - rng.randint(0, width // 6), height - rng.randint(0, height // 6))
    return moved(made, lambda image: image.crop(box), lambda places: places[box[1] : box[3], box[0] : box[2]])


def resized(made: Made, rng: random.Random) -> Made:
    share = rng.uniform(0.4, 0.9)
    size = round(made.image.width * share), round(made.image.height * share)
    smaller = moved(
        made,
        lambda image: image.resize(size, Image.Resampling.LANCZOS),
        lambda places: cv2.resize(places, size, interpolation=cv2.INTER_NEAREST),
    )
    return replace(smaller, scale=made.scale * share, detail=min(made.detail, made.scale * share))


def enlarged(made: Made, rng: random.Random) -> Made:
    size = round(made.image.width * 1.5), round(made.image.height * 1.5)
    larger = moved(
        made,
        lambda image: image.resize(size, Image.Resampling.BICUBIC),
        lambda places: cv2.resize(places, size, interpolation=cv2.INTER_NEAREST),
    )
    return replace(larger, scale=made.scale * 1.5)


def turned(made: Made, rng: random.Random) -> Made:
    quarters = rng.randint(1, 3)
    transposed = (Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270)[quarters - 1]
    return moved(made, lambda image: image.transpose(transposed), lambda places: np.rot90(places, quarters))


def mirrored(made: Made, rng: random.Random) -> Made:
    return moved(made, ImageOps.mirror, lambda places: places[:, ::-1])


def blurred(made: Made, rng: random.Random) -> Made:
    sigma = rng.uniform(1, 3)
    soft = replace(made, image=made.image.filter(ImageFilter.GaussianBlur(sigma)))
    return replace(soft, detail=min(made.detail, made.scale / (1 + sigma)))


def grey(made: Made, rng: random.Random) -> Made:
    return replace(made, image=ImageOps.grayscale(made.image).convert("RGB"), colored=False)


def recolored(made: Made, rng: random.Random) -> Made:
    gammas = [rng.uniform(0.7, 1.3) for _ in range(3)]
    levels = [int(255 * (level / 255) ** gamma) for gamma in gammas for level in range(256)]
    return replace(made, image=made.image.point(levels))


def _drawn_over(made: Made, image: Image.Image, box: Box, thing: int) -> Made:
    places = made.places.copy()
    places[max(0, box[1]) : box[3], max(0, box[0]) : box[2]] = -1, -1, thing
    return replace(made, image=image, places=places)


def captioned(made: Made, rng: random.Random) -> Made:
    image = made.image.copy()
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(max(14, image.width // 10))
    text = " ".join(rng.sample(["WHEN", "YOU", "SEE", "THE", "SAME", "OLD", "THING"], 3))
    place = (image.width // 20, round(image.height * rng.uniform(0.05, 0.8)))
    draw.text(place, text, (255, 255, 255), font, stroke_width=3, stroke_fill=(0, 0, 0))
    left, top, right, bottom = map(int, draw.textbbox(place, text, font, stroke_width=3))
    return _drawn_over(made, image, (left, top, right, bottom), rng.randint(OTHERS, 10**6))


def barred(made: Made, rng: random.Random) -> Made:
    image = made.image.copy()
    width, height = image.size
    left, top = rng.randint(0, width // 2), rng.randint(0, height // 2)
    box = (left, top, left + width // 4, top + height // 8)
    image.paste(rng.choice([(0, 0, 0), (255, 255, 255), (200, 20, 20)]), box)
    return _drawn_over(made, image, box, rng.randint(OTHERS, 10**6))


def with_logo(made: Made, rng: random.Random) -> Made:
    image = made.image.copy()
    side = max(24, image.width // 8)
    left, top = image.width - side - 8, image.height - side - 8
    draw = ImageDraw.Draw(image)
    draw.ellipse((left, top, left + side, top + side), fill=(240, 200, 30), outline=(0, 0, 0), width=3)
    draw.text((left + side // 4, top + side // 4), "XY", (0, 0, 120), ImageFont.load_default(max(10, side // 2)))
    return _drawn_over(made, image, (left, top, left + side, top + side), LOGO)


def watermarked(made: Made, rng: random.Random) -> Made:
    """Pale words all over it. They hide nothing, but are its own."""
    layer = Image.new("RGBA", made.image.size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(layer)
    font = ImageFont.load_default(max(12, made.image.width // 12))
    for top in range(0, made.image.height, made.image.height // 4):
        draw.text((10, top), "SAMPLE  SAMPLE", (255, 255, 255, 110), font)
    image = Image.alpha_composite(made.image.convert("RGBA"), layer).convert("RGB")
    places = made.places.copy()
    places[..., 2] = np.where(places[..., 2] == 0, WATERMARK, places[..., 2])
    return replace(made, image=image, places=places)


def _placed(made: Made, page: Image.Image, corner: tuple[int, int], thing: int = 0) -> Made:
    """The picture on a page that it does not fill."""
    page.paste(made.image, corner)
    places = np.full((page.height, page.width, 3), (-1, -1, thing), np.float32)
    left, top = corner
    places[top : top + made.image.height, left : left + made.image.width] = made.places
    return replace(made, image=page, places=places)


def framed(made: Made, rng: random.Random) -> Made:
    border = max(4, made.image.width // 12)
    page = Image.new("RGB", (made.image.width + 2 * border, made.image.height + 2 * border), (255, 255, 255))
    return _placed(made, page, (border, border))


def screenshot(made: Made, rng: random.Random) -> Made:
    page = Image.new("RGB", (made.image.width, made.image.height + 120), (245, 245, 245))
    draw = ImageDraw.Draw(page)
    draw.rectangle((0, 0, page.width, 50), fill=(40, 90, 160))
    draw.text((12, 12), "Album", (255, 255, 255), ImageFont.load_default(20))
    draw.text((12, page.height - 50), "Like   Reply   Share", (90, 90, 90), ImageFont.load_default(20))
    return _placed(made, page, (0, 50), PAGE)


EDITS: list[Callable[[Made, random.Random], Made]] = [
    cropped,
    cropped,
    resized,
    enlarged,
    turned,
    mirrored,
    blurred,
    grey,
    recolored,
    captioned,
    barred,
    with_logo,
    watermarked,
    framed,
    screenshot,
]


def several(photo: Made, rng: random.Random) -> list[Made]:
    """The photograph, each edit of it, and as many pictures of two or three edits."""
    made = [photo] + [replace(edit(photo, rng), history=edit.__name__) for edit in EDITS]
    for _ in EDITS:
        each, names = photo, []
        for edit in rng.sample(EDITS, rng.randint(2, 3)):
            each = edit(each, rng)
            names.append(edit.__name__)
        made.append(replace(each, history=", ".join(names)))
    return made


def collage(pictures: list[Made], which: int) -> Made:
    """Two photographs side by side, as a picture of one of them."""
    tiles = [ImageOps.fit(each.image, (400, 400)) for each in pictures]
    page = Image.new("RGB", (800, 400))
    for at, tile in enumerate(tiles):
        page.paste(tile, (400 * at, 0))
    image = pictures[which].image
    share = 400 / min(image.size)
    left, top = (image.width - 400 / share) / 2, (image.height - 400 / share) / 2
    places = np.full((400, 800, 3), (-1, -1, OTHERS), np.float32)
    across, down = np.meshgrid(np.arange(400) / share + left, np.arange(400) / share + top)
    places[:, 400 * which : 400 * which + 400] = np.stack([across, down, np.zeros_like(across)], axis=-1)
    return Made(page, places, scale=share, detail=min(1.0, share), history="collage")


# What a file shows

CELL = 10
"""The side, in pixels of the photograph, of the squares that are looked at."""


def shown(made: Made, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Which squares of a photograph of this ``size`` a picture shows, (rows, columns)."""
    width, height = size
    seen = made.places[made.places[..., 0] >= 0].astype(int) // CELL
    squares = np.zeros((height // CELL + 1, width // CELL + 1), bool)
    squares[seen[:, 1], seen[:, 0]] = True
    return squares


def things_in(made: Made) -> set[int]:
    """The things of its own that cover a two hundredth of a picture or more. What is left of one in a narrow strip at
    the edge, after a crop, is not counted: nothing of the photograph is lost with it."""
    height, width = made.places.shape[:2]
    inner = made.places[height // 16 : -height // 16, width // 16 : -width // 16, 2].astype(int)
    things, counts = np.unique(inner, return_counts=True)
    return {int(thing) for thing, count in zip(things, counts, strict=True) if thing and count > inner.size / 200}


def lost(going: Made, kept: Made, size: tuple[int, int]) -> list[str]:
    """What is lost if a picture goes and the other one stays, in words."""
    only = shown(going, size) & ~cv2.dilate(shown(kept, size).astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    found = []
    things = things_in(going) - things_in(kept)
    if things:
        found.append(f"things of its own: {things}")
    if only.any():
        found.append(f"{only.sum()} squares of the photograph")
    if going.colored and not kept.colored:
        found.append("its colors")
    if going.detail > 1.5 * kept.detail or going.detail > 1.1 * min(kept.scale, 1.0):
        found.append(f"detail: {going.detail:.2f} against {kept.detail:.2f}")
    return found


Library = dict[str, tuple[int, Made]]
"""By the name of each file, the number of its photograph and how it was made."""


def laid_out(folder: Path, photographs: list[Made], rng: random.Random) -> Library:
    """Save many pictures of each photograph, and collages of two of them, in formats and qualities at random."""
    folder.mkdir()
    made: Library = {}
    for number, photo in enumerate(photographs):
        pictures = several(photo, rng)
        if number:
            pictures.append(collage(photographs[number - 1 : number + 1], 1))
        for each in pictures:
            name = f"{number}-{len(made):03d}" + rng.choice([".jpg", ".jpg", ".png", ".webp"])
            each.image.save(folder / name, quality=rng.choice([60, 75, 88, 95]))
            made[name] = (number, each)
    return made


def faults_in(group: imsearch.DuplicateGroup, made: Library, photographs: list[Made]) -> list[str]:
    """What is wrong with a group, in words: a file of another photograph, or one that goes although it has something
    that the file to keep has not."""
    kept_name = Path(group.kept.path).name
    number, kept = made[kept_name]
    found = []
    for file in group.files:
        other, each = made[Path(file.path).name]
        if other != number and "collage" not in (each.history, kept.history):
            found.append(f"{file.path} is of another photograph than {kept_name}")
    for file in group.proposed(edited=True):
        each = made[Path(file.path).name][1]
        for what in lost(each, kept, photographs[number].image.size):
            found.append(f"{Path(file.path).name} ({each.history}) for {kept_name} ({kept.history}): {what}")
    return found


@pytest.mark.parametrize("names", [("dogs", "clock", "brook"), ("summer-palace", "dogs", "bird")])
def test_what_may_go_is_shown_by_what_stays(
    library: imsearch.Library, tmp_path: Path, photos: list[Path], names: tuple[str, ...]
) -> None:
    paths = {path.stem: path for path in photos}
    photographs = [original(decode.decode(paths[name].read_bytes()).image) for name in names]
    made = laid_out(tmp_path / "pictures", photographs, random.Random(names[0]))
    library.index(tmp_path / "pictures")
    groups = library.duplicates()
    faults = [fault for group in groups for fault in faults_in(group, made, photographs)]
    assert not faults, "\n".join(faults)
    assert sum(len(group.proposed(edited=True)) for group in groups) > len(made) / 5
