"""Documents and memes that have a design in common and nothing else: pictures that are no copies of each other.

Letters on one letterhead, statements, invoices and forms with other numbers, slides of one master, pages of one book,
and memes of one template. They are drawn, with the font that comes with Pillow. A form is drawn by two random
generators: that of its design, which is the same for all pages, and that of what the page says.
"""

import io
import itertools
import random
from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

PAGE = (620, 877)
SLIDE = (800, 450)
INK = (30, 30, 34)
PAGES = 4
"""Pages of each design; all are paired with each other."""

_SYLLABLES = "ba lo mi ren ta vor sel ka ni dun ters pho ga li mar so we ith ar con pre ble un est ing ter ver tion"

Color = tuple[int, int, int]
Form = Callable[[random.Random, random.Random], Image.Image]


class _Sheet:
    """A page on which one draws from top to bottom; ``y`` is where it goes on."""

    def __init__(self, size: tuple[int, int], ground: Color, margin: int) -> None:
        self.image = Image.new("RGB", size, ground)
        self.drawing = ImageDraw.Draw(self.image)
        self.margin = margin
        self.y = margin

    def text(self, words: str, size: int, color: Color = INK, x: int | None = None, *, right: bool = False) -> None:
        """Text at the left margin or at ``x``, which is its right end with ``right``. The place stays."""
        place = (self.margin if x is None else x, self.y)
        self.drawing.text(place, words, color, ImageFont.load_default(size), anchor="ra" if right else "la")

    def line(self, words: str, size: int, color: Color = INK) -> None:
        self.text(words, size, color)
        self.y += round(size * 1.45)

    def paragraph(self, words: random.Random, size: int, count: int) -> None:
        """Random text, as wide as the margins allow."""
        across = int((self.image.width - 2 * self.margin) / (size * 0.55))
        text = _text(words, count)
        while text and self.y < self.image.height - self.margin:
            end = len(text) if len(text) <= across else max(text.rfind(" ", 0, across), 1)
            self.line(text[:end], size)
            text = text[end:].strip()
        self.y += size

    def rule(self, color: Color = INK) -> None:
        self.drawing.line((self.margin, self.y, self.image.width - self.margin, self.y), color)
        self.y += 8


def _word(rng: random.Random) -> str:
    return "".join(rng.choices(_SYLLABLES.split(), k=rng.randint(1, 3)))


def _text(rng: random.Random, words: int) -> str:
    return " ".join(_word(rng) for _ in range(words)).capitalize() + "."


def _name(rng: random.Random) -> str:
    return f"{_word(rng)} {_word(rng)}".title()


def _date(rng: random.Random) -> str:
    return f"{rng.randint(1, 28):02}.{rng.randint(1, 12):02}.20{rng.randint(10, 25)}"


def _sum(rng: random.Random) -> str:
    return f"{rng.randint(1, 9999):,}.{rng.randint(0, 99):02}"


def _color(rng: random.Random) -> Color:
    return rng.randint(10, 170), rng.randint(10, 170), rng.randint(10, 170)


def _letterhead(design: random.Random) -> _Sheet:
    """A page with the name and the sign of a company."""
    sheet = _Sheet(PAGE, (255, 255, 255), design.randint(44, 70))
    color, size = _color(design), design.randint(22, 32)
    sign = (sheet.image.width - sheet.margin - 60, sheet.y, sheet.image.width - sheet.margin, sheet.y + 60)
    draw = design.choice([sheet.drawing.ellipse, sheet.drawing.rectangle])
    draw(sign, fill=color)
    sheet.line(f"{_name(design)} Ltd.", size, color)
    for _ in range(2):
        sheet.line(f"{_name(design)} {design.randint(1, 99)}, {design.randint(10000, 99999)} {_name(design)}", 11)
    sheet.y += 30
    sheet.rule(color)
    return sheet


def _letter(design: random.Random, page: random.Random) -> Image.Image:
    sheet, size = _letterhead(design), design.randint(12, 14)
    sheet.line(_name(page), size)
    sheet.line(f"{page.randint(10000, 99999)} {_name(page)}", size)
    sheet.text(_date(page), size, x=PAGE[0] - sheet.margin, right=True)
    sheet.y += 50
    for _ in range(page.randint(2, 4)):
        sheet.paragraph(page, size, page.randint(30, 70))
    sheet.line(f"Yours, {_name(design)}", size)
    return sheet.image


def _table(sheet: _Sheet, design: random.Random, page: random.Random, rows: int, *, same_words: bool) -> None:
    """A table with sums; its words are those of the design or of the page."""
    for _ in range(rows):
        name = _name(design), _name(page)
        sheet.text(_date(page), 12)
        sheet.text(name[0 if same_words else 1], 12, x=sheet.margin + 110)
        sheet.text(_sum(page), 12, x=PAGE[0] - sheet.margin, right=True)
        sheet.y += 22
    sheet.rule()
    sheet.text("Total", 14)
    sheet.text(_sum(page), 14, x=PAGE[0] - sheet.margin, right=True)


def _statement(design: random.Random, page: random.Random) -> Image.Image:
    """The same lines with other dates and sums."""
    sheet = _letterhead(design)
    sheet.line(f"Statement {page.randint(1, 12)} of account {design.randint(10**7, 10**8)}", 16)
    sheet.y += 20
    _table(sheet, design, page, design.randint(9, 20), same_words=True)
    return sheet.image


def _invoice(design: random.Random, page: random.Random) -> Image.Image:
    sheet = _letterhead(design)
    sheet.line(_name(page), 12)
    sheet.line(f"{page.randint(10000, 99999)} {_name(page)}", 12)
    sheet.y += 30
    sheet.line(f"Invoice {page.randint(1000, 9999)} of {_date(page)}", 18)
    _table(sheet, design, page, page.randint(2, 8), same_words=False)
    return sheet.image


def _form(design: random.Random, page: random.Random) -> Image.Image:
    """The same boxes, filled in otherwise."""
    sheet = _Sheet(PAGE, (255, 255, 255), 40)
    sheet.line(f"Form {design.randint(100, 999)}: {_name(design)}", 20)
    for _ in range(design.randint(10, 14)):
        sheet.line(_name(design), 10)
        box = (sheet.margin, sheet.y, design.randint(300, PAGE[0] - sheet.margin), sheet.y + 26)
        sheet.drawing.rectangle(box, outline=INK)
        sheet.y += 5
        sheet.text(page.choice([_name(page), _date(page), _sum(page)]), 14, (20, 30, 120), sheet.margin + 8)
        sheet.y += 34
    return sheet.image


def _slide(design: random.Random, page: random.Random) -> Image.Image:
    """Title and points of a talk on its master."""
    sheet, color = _Sheet(SLIDE, (250, 250, 246), 40), _color(design)
    sheet.drawing.rectangle((0, 0, SLIDE[0], 64), fill=color)
    sheet.drawing.rectangle((0, SLIDE[1] - 26, SLIDE[0], SLIDE[1]), fill=color)
    sheet.drawing.text((40, SLIDE[1] - 22), f"{_name(design)}, {_date(design)}", "white", ImageFont.load_default(13))
    sheet.y = 14
    sheet.text(_text(page, 3), 28, (255, 255, 255))
    sheet.y = 100
    for _ in range(page.randint(3, 6)):
        sheet.line(f"- {_text(page, page.randint(3, 7))}", 20)
        sheet.y += 12
    return sheet.image


def _page(design: random.Random, page: random.Random) -> Image.Image:
    """A page of a book."""
    sheet, size = _Sheet(PAGE, (252, 250, 244), design.randint(50, 80)), design.randint(12, 15)
    sheet.line(_name(design), 11)
    sheet.y += 20
    while sheet.y < PAGE[1] - sheet.margin:
        sheet.paragraph(page, size, page.randint(25, 90))
    return sheet.image


def _meme(design: random.Random, page: random.Random) -> Image.Image:
    """A drawn scene, the same each time, under two captions."""
    texture = np.random.default_rng(design.randrange(2**32))
    light = Image.fromarray(texture.integers(0, 255, (9, 12, 3), np.uint8)).resize((600, 450), Image.Resampling.BICUBIC)
    drawing = ImageDraw.Draw(light)
    for _ in range(18):
        left, top = design.randint(0, 560), design.randint(0, 400)
        draw = design.choice([drawing.ellipse, drawing.rectangle])
        draw((left, top, left + design.randint(15, 200), top + design.randint(15, 150)), fill=_color(design))
    grain = texture.normal(0, 12, (450, 600, 1))
    image = Image.fromarray(
        np.clip(np.asarray(light.filter(ImageFilter.GaussianBlur(1))) + grain, 0, 255).astype(np.uint8)
    )
    drawing = ImageDraw.Draw(image)
    for y in (16, 380):
        words = _text(page, page.randint(2, 4)).upper()
        font = ImageFont.load_default(page.randint(30, 40))
        drawing.text((300, y), words, "white", font, anchor="ma", stroke_width=3, stroke_fill="black")
    return image


FORMS: dict[str, Form] = {
    "letters": _letter,
    "statements": _statement,
    "invoices": _invoice,
    "forms": _form,
    "slides": _slide,
    "pages": _page,
    "memes": _meme,
}


def pairs(form: str, designs: int, *, scanned: bool = False) -> Iterator[tuple[Image.Image, Image.Image]]:
    """All pairs of the pages of each of so many designs, as RGB images; no pair shows the same page."""
    for number in range(designs):
        pages = [_drawn(form, number, page) for page in range(PAGES)]
        if scanned:
            pages = [as_scanned(image, random.Random(page)) for page, image in enumerate(pages)]  # noqa: S311
        yield from itertools.combinations(pages, 2)


def _drawn(form: str, design: int, page: int) -> Image.Image:
    return FORMS[form](random.Random(f"{form} {design}"), random.Random(f"{form} {design} {page}"))  # noqa: S311


def as_scanned(page: Image.Image, rng: random.Random) -> Image.Image:
    """The page a little crooked, soft and dirty, as a JPEG."""
    turned = page.rotate(rng.uniform(-0.8, 0.8), Image.Resampling.BICUBIC, fillcolor=page.getpixel((0, 0)))
    noise = np.random.default_rng(rng.randrange(2**32)).normal(0, 7, (page.height, page.width, 1))
    shade = Image.linear_gradient("L").resize(page.size).point(lambda level: 225 + level // 9)
    soft = np.asarray(ImageChops.multiply(turned.filter(ImageFilter.GaussianBlur(0.6)), shade.convert("RGB")))
    buffer = io.BytesIO()
    Image.fromarray(np.clip(soft + noise, 0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=75)
    return Image.open(buffer).convert("RGB")
