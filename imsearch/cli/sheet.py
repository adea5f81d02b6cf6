"""A contact sheet: one HTML file with thumbnails, scores and links, and nothing outside it."""

import base64
import html
import os
import urllib.parse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import imsearch
from imsearch.cli.present import printable
from imsearch.images.decode import thumbnail
from imsearch.images.probe import read_probe
from imsearch.records import Answer, Hit

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


def write_sheet(path: Path, answers: Sequence[tuple[Answer, Any]]) -> None:
    """Write the page for answers and the probes that got them. Raises `UsageError` where it cannot be written."""
    write_page(path, (_section(answer, source) for answer, source in answers))


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


def _section(answer: Answer, source: Any) -> str:
    title = f"<h2>{html.escape(printable(answer.probe))}</h2>"
    if answer.error is not None:
        return f'<section>{title}<p class="error">{html.escape(printable(str(answer.error)))}</p></section>'
    items = "\n".join(_item(hit) for hit in answer.hits) or "<li>no hits</li>"
    return f'<section>{title}<div class="probe">{_picture(source, "the probe")}</div><ol>{items}</ol></section>'


def _item(hit: Hit) -> str:
    taken = f", {hit.taken:%Y-%m-%d %H:%M}" if hit.taken else ""
    return item(hit.path, f"{hit.score:.3f}", f"{hit.width} &times; {hit.height}{taken}", over=_outline(hit))


def item(path: str, label: str, facts: str, style: str = "", over: str = "") -> str:
    """A picture of a list with its link: ``label``, ``facts`` and what lies ``over`` the thumbnail are HTML."""
    link = html.escape("file://" + urllib.parse.quote(os.fsencode(os.path.abspath(path)).replace(b"\\", b"/")))
    name = html.escape(printable(path))
    return (
        f'<li class="{style}"><a href="{link}"><div class="frame">{_picture(path, name)}{over}</div>'
        f'<div><span class="score">{label}</span> <span class="facts">{facts}</span></div>'
        f'<div class="path">{name}</div></a></li>'
    )


def _outline(hit: Hit) -> str:
    """The region of a hit over its thumbnail, which is fitted into the same frame in the same way."""
    if hit.region is None:
        return ""
    x, y, width, height = hit.region.x, hit.region.y, hit.region.width, hit.region.height
    return (
        f'<svg viewBox="0 0 {hit.width} {hit.height}"><rect x="{x}" y="{y}" width="{width}" height="{height}"/></svg>'
    )


def _picture(source: Any, name: str) -> str:
    try:
        data = thumbnail(read_probe(source).image, THUMBNAIL_SIDE)
    except imsearch.ImsearchError:
        return '<div class="gone">out of reach</div>'
    return f'<img alt="{name}" src="data:image/jpeg;base64,{base64.b64encode(data).decode()}">'
