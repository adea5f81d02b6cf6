"""Files that belong to a picture: the raw data and the film of the same shot, and sidecars.

Cameras, phones and programs name such files like the picture, in its folder: ``IMG_1.NEF`` and ``IMG_1.MOV`` beside
``IMG_1.JPG`` are of the same shot; ``IMG_1.xmp``, ``IMG_1.JPG.xmp`` and ``IMG_1.JPG.supplemental-metadata.json`` say
something of it. Upper and lower case are the same.
"""

import os
import re
from collections import defaultdict
from dataclasses import dataclass, field

from imsearch.images.formats import claims_to_be_a_picture

_RAW = "3fr arw cr2 cr3 crw dcr dng erf fff gpr iiq kdc mef mos mrw nef nrw orf pef raf raw rw2 rwl sr2 srf srw x3f"

_RAW_ENDINGS = frozenset(f".{name}" for name in _RAW.split())
"""Endings of files with raw data of cameras."""

_FILM_ENDINGS = frozenset({".mov", ".mp4"})
"""Endings of the films of live and motion photos."""

_SIDECAR_ENDINGS = frozenset({".xmp", ".aae", ".json"})
"""Endings of sidecars: of most programs that develop raw data, of Apple's, and of exports from Google Photos."""

_CAMERA_ENDINGS = frozenset({".jpg", ".jpeg", ".heic", ".heif", ".hif"})
"""Endings of pictures that cameras write beside raw data."""

_EXPORT = "supplemental-metadata"
"""What Google Photos adds to the name of a picture, or the beginning of it where the name is long."""

_NUMBERED = re.compile(r"(?P<stem>.+)(?P<ending>\.[^.()]+)(?P<number>\(\d+\))")


def is_raw(path: str) -> bool:
    """Whether the ending of a file's name is that of raw data of a camera."""
    return _ending(path) in _RAW_ENDINGS


@dataclass(frozen=True, slots=True)
class Shot:
    """The files of one folder whose names without ending are the same, as paths: pictures, ``raws`` and ``films``."""

    pictures: tuple[str, ...]
    raws: tuple[str, ...]
    films: tuple[str, ...]

    def partners(self, path: str) -> tuple[str, ...]:
        """The other data of the shot that must not be lost with the file at ``path``, which is one of the shot's.

        Of a picture, these are raw data and films. Of raw data, they are pictures that a camera writes, and films.
        """
        if path in self.raws:
            return (*(picture for picture in self.pictures if _ending(picture) in _CAMERA_ENDINGS), *self.films)
        return (*self.raws, *self.films)

    def like(self, path: str) -> tuple[str, ...]:
        """The files of the shot that are of the same sort as the file at ``path``, which need not be one of them."""
        ending = _ending(path)
        return self.raws if ending in _RAW_ENDINGS else self.films if ending in _FILM_ENDINGS else self.pictures


@dataclass(slots=True)
class _Names:
    """The names in a folder: by stem, and sidecars by the names and stems, all in lower case, that they belong to."""

    by_stem: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    sidecars: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


class Surroundings:
    """What lies beside pictures. Each folder is listed once, so an instance serves one plan and not the next."""

    def __init__(self) -> None:
        self._folders: dict[str, _Names] = {}

    def shot(self, path: str) -> Shot:
        """The shot that a file belongs to, itself included. Raises `OSError` where its folder cannot be listed."""
        folder, name = os.path.split(path)
        paths = [os.path.join(folder, other) for other in self._names(folder).by_stem.get(_stem(name), ())]
        films = tuple(each for each in paths if _ending(each) in _FILM_ENDINGS)
        raws = tuple(each for each in paths if is_raw(each))
        return Shot(tuple(each for each in paths if each not in raws and each not in films), raws, films)

    def sidecars(self, path: str) -> tuple[str, ...]:
        """The sidecars of a file, sorted. Raises `OSError` where its folder cannot be listed."""
        folder, name = os.path.split(path)
        sidecars = self._names(folder).sidecars
        found = {*sidecars.get(name.lower(), ()), *sidecars.get(_stem(name), ())}
        return tuple(os.path.join(folder, sidecar) for sidecar in sorted(found))

    def owners(self, sidecar: str) -> frozenset[str]:
        """The pictures and raw data that a sidecar belongs to. Raises `OSError` where its folder cannot be listed."""
        folder, name = os.path.split(sidecar)
        by_stem = self._names(folder).by_stem
        found: set[str] = set()
        for key in _belongs_to(name):
            found.update(by_stem.get(key, ()))
            found.update(other for other in by_stem.get(_stem(key), ()) if other.lower() == key)
        return frozenset(os.path.join(folder, other) for other in found if _ending(other) not in _FILM_ENDINGS)

    def _names(self, folder: str) -> _Names:
        if folder not in self._folders:
            names = _Names()
            for name in sorted(os.listdir(folder)):
                for key in _belongs_to(name):
                    names.sidecars[key].append(name)
                if is_raw(name) or _ending(name) in _FILM_ENDINGS or claims_to_be_a_picture(os.fsencode(name)):
                    names.by_stem[_stem(name)].append(name)
            self._folders[folder] = names
        return self._folders[folder]


def _ending(path: str) -> str:
    return os.path.splitext(path)[1].lower()


def _stem(name: str) -> str:
    """A name without its ending, in lower case."""
    return os.path.splitext(name)[0].lower()


def _belongs_to(name: str) -> set[str]:
    """The names and stems, in lower case, of the pictures that a file is a sidecar of; none where it is no sidecar."""
    if _ending(name) not in _SIDECAR_ENDINGS:
        return set()
    base = _stem(name)
    numbered = _NUMBERED.fullmatch(base)
    if numbered is None:
        return {base, _unexported(base)}
    picture = _unexported(numbered["stem"] + numbered["ending"])
    stem, ending = os.path.splitext(picture)
    return {base, f"{stem}{numbered['number']}{ending}"}


def _unexported(base: str) -> str:
    """``img_1.jpg`` of ``img_1.jpg.supplemental-metadata``; other names as they are."""
    name, _, added = base.rpartition(".")
    return name if added and _EXPORT.startswith(added) and "." in name else base
