"""Checking filters, and bringing them into the form that the catalog compares with."""

import contextlib
import os
import re
import time
from dataclasses import replace

from imsearch.catalog.reader import CatalogReader
from imsearch.errors import UsageError
from imsearch.images import formats
from imsearch.types.options import Filters


def checked(filters: Filters, catalog: CatalogReader) -> Filters:
    """Filters in the form that the catalog compares with. Raises `UsageError` for invalid ones, and for a path at or
    below which the library knows no picture."""
    if filters.under is not None:
        try:
            path = os.path.abspath(os.fsencode(filters.under))
        except (UnicodeEncodeError, ValueError) as exc:
            raise UsageError(f"{filters.under!a} is no path", argument="under", value=filters.under) from exc
        if not catalog.knows_below(path):
            where = os.fsdecode(path)
            raise UsageError(f"the library knows no picture at or below {where}", argument="under", value=where)
    return replace(
        filters,
        taken_after=_date("taken_after", filters.taken_after),
        taken_before=_date("taken_before", filters.taken_before),
        formats=tuple(map(_format, filters.formats)),
    )


def _format(name: str) -> str:
    known = formats.format_named(name)
    if known is None:
        raise UsageError(
            f"there is no format '{name}': name {', '.join(formats.FORMATS)}",
            argument="formats",
            value=name,
            choices=tuple(formats.FORMATS),
        )
    return known


def _date(argument: str, text: str | None) -> str | None:
    """A date as a prefix of the catalog's form of times, so that comparing texts compares times."""
    if text is None:
        return None
    candidate = text.strip().replace(" ", "T")
    full = "0001-01-01T00:00:00"
    if re.fullmatch(r"\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d)?)?)?)?", candidate):
        with contextlib.suppress(ValueError):
            time.strptime(candidate + full[len(candidate) :], "%Y-%m-%dT%H:%M:%S")
            return candidate
    raise UsageError(
        f"a date is YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDTHH:MM, not '{text}'", argument=argument, value=text
    )
