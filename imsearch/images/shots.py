"""Whether cameras tell two pictures apart as two shots.

Edited copies must not be told apart. So only that counts which editors keep from the original, and what is missing on
one side says nothing: copies lose their facts on the way.
"""

from collections.abc import Callable

from imsearch.images.facts import PictureFacts
from imsearch.images.makernotes import ShotId
from imsearch.images.moments import differ, told

_REASONS: dict[ShotId, Callable[[str, str], str]] = {
    "shutter count": "shutter counts {} and {}".format,
    "sequence number": "shots {} and {} of a burst".format,
    "file number": "file numbers {} and {} of the camera".format,
    "image number": "image numbers {} and {} of the camera".format,
    "cataloged number": "image numbers {} and {} of the camera".format,
    "photo id": "two photo ids of the phone".format,
    "image id": "two image ids of the camera".format,
    "group id": "two group ids of the phone".format,
    "uptime": "two times since the phone was started".format,
    "burst": "pictures of two bursts".format,
}
"""What unlike ids are called, the most telling first."""


def told_apart(one: PictureFacts, other: PictureFacts) -> str | None:
    """The reason, in words, why two pictures are two shots by what their cameras noted; None where nothing says so.

    - The serial numbers of their bodies are unlike: no two cameras take one picture. Names of cameras do not count, as
      software rewrites them.
    - They were taken at different times (`differ`). Editors keep the time of capture; the time of the last change,
      which they set, is not looked at. A time of capture that was corrected later does not count, where the time of
      digitization, which stayed, shows it.
    - Ids of the same kind are unlike; `ShotId` says why each counts.

    The reason is the same in either order.
    """
    reason = _by_serial(one, other) or _by_time(one, other) or _by_ids(one, other)
    bursts = one.ids.get("burst"), other.ids.get("burst")
    same_burst = bursts[0] is not None and bursts[0] == bursts[1]
    return "two pictures of one burst" if reason is not None and same_burst else reason


def _by_serial(one: PictureFacts, other: PictureFacts) -> str | None:
    if one.serial is None or other.serial is None or one.serial == other.serial:
        return None
    return "cameras with the serial numbers {} and {}".format(*sorted((one.serial, other.serial)))


def _by_time(one: PictureFacts, other: PictureFacts) -> str | None:
    if one.taken is None or other.taken is None or not differ(one.taken, other.taken) or _redated(one, other):
        return None
    return "taken at {} and {}".format(*told(one.taken, other.taken))


def _redated(one: PictureFacts, other: PictureFacts) -> bool:
    """Whether the times of capture differ because somebody corrected one of them.

    Programs that correct it, and people who date their scans, leave the time of digitization. A camera notes the same
    time as both, a scanner only that one. So it is equal in both files then, and still the time of capture in one.
    """
    if one.taken is None or other.taken is None or one.digitized is None or other.digitized is None:
        return False
    finest = min(len(one.taken.fraction), len(other.taken.fraction))
    if (
        differ(one.digitized, other.digitized)
        or min(len(one.digitized.fraction), len(other.digitized.fraction)) < finest
    ):
        return False
    return not (differ(one.taken, one.digitized) and differ(other.taken, other.digitized))


def _by_ids(one: PictureFacts, other: PictureFacts) -> str | None:
    for kind, reason in _REASONS.items():
        if kind in one.ids and kind in other.ids and one.ids[kind] != other.ids[kind]:
            return reason(*sorted((one.ids[kind], other.ids[kind]), key=_in_order))
    return None


def _in_order(text: str) -> tuple[int, str]:
    """The order of numbers by their digits, and of other ids."""
    return len(text), text
