"""Points in time as cameras note them: to the second or finer, with or without a zone."""

import datetime
import re

import msgspec

_NOTED = re.compile(
    r"(\d{4})[:/.-](\d\d)[:/.-](\d\d)[ T](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?\s*(Z|[+-]\d\d:?\d\d)?", re.ASCII
)
_ZONE = re.compile(r"([+-])(\d\d):?(\d\d)", re.ASCII)
_FRACTION = re.compile(r"\d{1,9}", re.ASCII)


class Moment(msgspec.Struct, frozen=True, array_like=True):
    """A point in time, as precise as it was noted.

    ``local`` is the time on the camera's clock, to the second and without a zone; ``fraction`` holds the digits after
    the second, as many as were noted; ``zone`` is in minutes east of UTC, None where none was noted.
    """

    local: datetime.datetime
    fraction: str = ""
    zone: int | None = None


def moment_of(text: str, fraction: str = "", zone: str = "") -> Moment | None:
    """The point in time that a text of EXIF (``2019:07:04 18:03:11``) or XMP (``2019-07-04T18:03:11.57+02:00``) names.

    EXIF notes the digits after the second and the zone (``+02:00``) apart. None where the text is no time.
    """
    noted = _NOTED.match(text)
    if noted is None:
        return None
    year, month, day, hour, minute, second = map(int, noted.groups()[:6])
    inner, at = noted.groups()[6:]
    try:
        local = datetime.datetime(year, month, day, hour, minute, second)
    except ValueError:  # an empty clock notes 0000:00:00
        return None
    finer = _FRACTION.match(inner or fraction)
    return Moment(local, finer[0] if finer else "", _minutes(at or zone))


def _minutes(zone: str) -> int | None:
    """The minutes east of UTC of a zone; None where the text is none."""
    if zone == "Z":
        return 0
    noted = _ZONE.match(zone)
    if noted is None:
        return None
    minutes = int(noted[2]) * 60 + int(noted[3])
    return -minutes if noted[1] == "-" else minutes


def differ(one: Moment, other: Moment) -> bool:
    """Whether two notes cannot be of the same point in time.

    They are compared at the precision that both have: a file that lost its hundredths is no other shot. The same local
    time is never different, as editors stamp their own zone on it; otherwise zones count where both are noted.
    """
    digits = min(len(one.fraction), len(other.fraction))
    if one.fraction[:digits] != other.fraction[:digits]:
        return True
    zones = 0 if one.zone is None or other.zone is None else one.zone - other.zone
    return one.local - other.local not in (datetime.timedelta(0), datetime.timedelta(minutes=zones))


def told(one: Moment, other: Moment) -> tuple[str, str]:
    """Both in words, the earlier local time first: without the date where it is the same, with the zone where both
    have another one."""
    dated = one.local.date() != other.local.date()
    zoned = one.zone is not None and other.zone is not None and one.zone != other.zone
    first, second = sorted((one, other), key=lambda moment: (moment.local, moment.fraction, moment.zone or 0))
    return _told(first, dated=dated, zoned=zoned), _told(second, dated=dated, zoned=zoned)


def _told(moment: Moment, *, dated: bool, zoned: bool) -> str:
    clock = moment.local.isoformat(" ") if dated else moment.local.time().isoformat()
    fraction = f".{moment.fraction}" if moment.fraction else ""
    zone = moment.zone or 0
    offset = f"{'-' if zone < 0 else '+'}{abs(zone) // 60:02}:{abs(zone) % 60:02}" if zoned else ""
    return clock + fraction + offset
