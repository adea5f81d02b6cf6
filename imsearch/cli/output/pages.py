"""A contact sheet: one HTML file with thumbnails, scores and links, and nothing outside it."""

import base64
import html
import os
import urllib.parse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import imsearch
from imsearch.formatting import drawing
from imsearch.formatting.wording import changes, printable
from imsearch.images.thumbnails import thumbnail
from imsearch.search.probes import read_probe
from imsearch.types.hits import Answer, Hit
from imsearch.types.probes import Crop

THUMBNAIL_SIDE = 320

_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>imsearch</title>
<style>
:root { color-scheme: light dark; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem; }
h2 { font-size: 1.05rem; overflow-wrap: anywhere; margin: 0 0 .5rem; }
section { margin-bottom: 3rem; }
.probe img { max-height: 14rem; max-width: 100%; border-radius: 6px; }
ol { display: grid; grid-template-columns: repeat(auto-fill, minmax(12rem, 1fr)); gap: 1.25rem; list-style: none;
     padding: 0; }
li a { color: inherit; text-decoration: none; display: block; }
.frame { position: relative; }
.frame img { display: block; }
.frame svg { position: absolute; inset: 0; width: 100%; height: 100%; fill: none; stroke: #e22; }
.frame rect { stroke-width: 3px; vector-effect: non-scaling-stroke; }
li img, .gone { width: 100%; aspect-ratio: 4 / 3; object-fit: contain; border-radius: 6px; background: #8882; }
.gone { display: grid; place-items: center; }
li.wide { grid-column: 1 / -1; max-width: 46rem; }
.match { display: block; width: 100%; height: auto; margin-bottom: .4rem; fill: none; }
.match polygon { stroke: #fb0; stroke-width: 2px; vector-effect: non-scaling-stroke; stroke-linejoin: round; }
.match .halo { stroke: #0009; stroke-width: 4px; }
.match path { stroke: #0ad; stroke-width: 1px; stroke-opacity: .45; vector-effect: non-scaling-stroke; }
.badge { display: inline-block; padding: 0 .5em; border-radius: 1em; border: 1px solid; font-size: .85rem;
         font-weight: 600; }
.exact { background: #1a7f37; border-color: #1a7f37; color: #fff; }
.copy { background: #0b62c4; border-color: #0b62c4; color: #fff; }
.score { font-variant-numeric: tabular-nums; font-weight: 600; }
.path { overflow-wrap: anywhere; font-size: .85rem; }
.facts { opacity: .7; font-size: .85rem; }
.error { color: #c33; }
.goes { opacity: .6; }
</style>
</head>
<body>
"""

_FOOT = "</body>\n</html>\n"


def write_answers(path: Path, answers: Sequence[Answer], sources: Sequence[Any], crop: Crop | None = None) -> None:
    """Write the page for answers to ``sources``, all with the same ``crop``.

    Raises `UsageError` where it cannot be written.
    """
    write_page(path, (_section(*both, crop) for both in zip(answers, sources, strict=True)))


def write_page(path: Path, sections: Iterable[str]) -> None:
    """Write a page of sections as they come. Raises `UsageError` where it cannot be written."""
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(_HEAD)
            for section in sections:
                file.write(section + "\n")
            file.write(_FOOT)
    except OSError as exc:
        raise imsearch.UsageError(f"{path} cannot be written: {exc.strerror or exc}") from exc


def _section(answer: Answer, source: Any, crop: Crop | None) -> str:
    title = f"<h2>{html.escape(printable(answer.probe))}</h2>"
    if answer.error is not None:
        return f'<section>{title}<p class="error">{html.escape(printable(str(answer.error)))}</p></section>'
    probe = _read(source, crop)
    items = "\n".join(_item(hit, probe) for hit in answer.hits) or "<li>no hits</li>"
    return f'<section>{title}<div class="probe">{_image(probe, "the probe")}</div><ol>{items}</ol></section>'


def _item(hit: Hit, probe: drawing.Side | None) -> str:
    facts = f"{hit.width} &times; {hit.height}" + (f", {hit.taken:%Y-%m-%d %H:%M}" if hit.taken else "")
    score = f"{hit.score:.3f}"
    if hit.proof is None:
        return item(hit.path, _frame(hit), score, facts)
    verdict = hit.proof.verdict
    label = f'<span class="badge {verdict}">{verdict}</span> {score}'
    how = " &middot; ".join(filter(None, (changes(hit.proof), facts)))
    shown = _read(hit.path) if hit.proof.transform is not None else None
    if probe is None or shown is None:
        return item(hit.path, _frame(hit), label, how)
    return item(hit.path, drawing.draw(hit.proof, probe, shown, printable(hit.path)), label, how, "wide")


def item(path: str, picture: str, label: str, facts: str, style: str = "") -> str:
    """A picture of a list with its link: ``picture``, ``label`` and ``facts`` are HTML."""
    link = html.escape("file://" + urllib.parse.quote(os.fsencode(os.path.abspath(path)).replace(b"\\", b"/")))
    return (
        f'<li class="{style}"><a href="{link}">{picture}'
        f'<div><span class="score">{label}</span> <span class="facts">{facts}</span></div>'
        f'<div class="path">{html.escape(printable(path))}</div></a></li>'
    )


def thumbnail_of(path: str) -> str:
    """The picture of a file in a list, as HTML."""
    return _image(_read(path), printable(path))


def _frame(hit: Hit) -> str:
    return f'<div class="frame">{thumbnail_of(hit.path)}{_outline(hit)}</div>'


def _outline(hit: Hit) -> str:
    """The region of a hit over its thumbnail, which is fitted into the same frame in the same way."""
    if hit.region is None:
        return ""
    x, y, width, height = hit.region.x, hit.region.y, hit.region.width, hit.region.height
    return (
        f'<svg viewBox="0 0 {hit.width} {hit.height}"><rect x="{x}" y="{y}" width="{width}" height="{height}"/></svg>'
    )


def _read(source: Any, crop: Crop | None = None) -> drawing.Side | None:
    """A picture as it is drawn, or None where it cannot be read now."""
    try:
        probe = read_probe(source, crop)
    except imsearch.ImsearchError:
        return None
    data = base64.b64encode(thumbnail(probe.image, THUMBNAIL_SIDE)).decode()
    return drawing.Side(probe.width, probe.height, f"data:image/jpeg;base64,{data}")


def _image(picture: drawing.Side | None, name: str) -> str:
    if picture is None:
        return '<div class="gone">out of reach</div>'
    return f'<img alt="{html.escape(name)}" src="{picture.address}">'
