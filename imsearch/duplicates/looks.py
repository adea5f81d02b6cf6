"""Looking at two copies with all of their pixels, for what the sizes at which they were compared do not show."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from imsearch.duplicates.relations import FINER, more_pixels
from imsearch.images.convert import grey
from imsearch.images.facts import PictureFacts
from imsearch.verify.contents import Content
from imsearch.verify.enlargement import is_enlarged
from imsearch.verify.generations import is_later, may_be_later
from imsearch.verify.judgment import Judgment

if TYPE_CHECKING:
    from imsearch.verify.features import Appearance


@dataclass(frozen=True, slots=True)
class Look:
    """Two copies that are to be looked at, their appearances, and their judgment so far."""

    first: Content
    second: Content
    one: "Appearance"
    other: "Appearance"
    judgment: Judgment


def completed_by(look: Look) -> Judgment:
    """The judgment after a look at two copies: which one was enlarged, which one was compressed again, and whether
    something was changed that is too small to be seen otherwise. Only what matters is looked for."""
    from imsearch.verify.closeup import CloserLook, shows_more, side_for  # imports OpenCV, which need not be installed

    one, other, judgment, back = look.one, look.other, look.judgment, look.judgment.reversed()
    enlarging = _may_be_enlarged(one, other, judgment), _may_be_enlarged(other, one, back)
    repeating = _may_be_later(one, other, judgment), _may_be_later(other, one, back)
    closer = judgment.changed == 0 and shows_more(one, other)
    if not (any(enlarging) or any(repeating) or closer):
        return judgment
    first, second = look.first.read(), look.second.read()
    if first is None or second is None or judgment.matrix is None:
        return judgment
    if closer:
        seen = CloserLook.at(first.image, second.image, judgment.homography, side_for(one, other))
        judgment = replace(judgment, changed=seen.changed, parts=seen.parts)
    return replace(
        judgment,
        enlarged=(
            enlarging[0] and is_enlarged(first.image, more_pixels(one, other, judgment)),
            enlarging[1] and is_enlarged(second.image, more_pixels(other, one, back)),
        ),
        later=(
            repeating[0] and is_later(grey(first.image), one.facts, other.facts),
            repeating[1] and is_later(grey(second.image), other.facts, one.facts),
        ),
    )


def _is_original(facts: PictureFacts) -> bool:
    return facts.camera is not None and facts.edited_with is None


def _may_be_enlarged(picture: "Appearance", other: "Appearance", judgment: Judgment) -> bool:
    """Whether it matters if a picture was enlarged: the other one is as the camera wrote it, and would be kept but for
    the greater size of this one."""
    larger = more_pixels(picture, other, judgment) > FINER
    return larger and _is_original(other.facts) and not _is_original(picture.facts)


def _may_be_later(picture: "Appearance", other: "Appearance", judgment: Judgment) -> bool:
    """Whether a picture can have been made from the other one by compressing it again."""
    same_size = (picture.width, picture.height) == (other.width, other.height)
    return same_size and judgment.is_in_place and may_be_later(picture.facts, other.facts)
