"""Reviewing groups of duplicates: what a decision does to the files, to its group and to later searches."""

import shutil
from pathlib import Path

import pytest
from PIL import Image

import imsearch
from imsearch.duplicates.review import BY_HAND, Decision, Review
from imsearch.errors import NotInGroupError, OnePictureError, UnknownGroupError


@pytest.fixture
def copies(library: imsearch.Library, album: Path) -> dict[str, Path]:
    """Files of an indexed album: a photograph (kept), the same again, half its size; and another one's twin."""
    first, second = sorted(album.iterdir())[:2]
    with Image.open(first) as picture:
        picture.resize((picture.width // 2, picture.height // 2)).save(album / "zz-half.jpg", quality=80)
    paths = {
        "kept": first,
        "same": Path(shutil.copy2(first, album / "zz-the-same-again.jpg")),
        "half": album / "zz-half.jpg",
        "second": second,
        "twin": Path(shutil.copy2(second, album / "zz-twin-of-the-second.jpg")),
    }
    library.index(album)
    return paths


@pytest.fixture
def review(library: imsearch.Library, copies: dict[str, Path]) -> Review:
    return Review(library, library.duplicates())


def number_of(review: Review, path: Path) -> int:
    """The number of the group that holds a file."""
    numbers = range(1, len(review) + 1)
    return next(n for n in numbers if str(path) in {file.path for file in review.group(n).group.files})


def test_a_group_says_which_of_its_files_the_library_still_has(
    review: Review, library: imsearch.Library, copies: dict[str, Path], album: Path, stripes: bytes
) -> None:
    assert len(review) == 2
    number = number_of(review, copies["kept"])
    reviewed = review.group(number)
    assert (reviewed.number, reviewed.decision) == (number, None)
    assert reviewed.here == {str(copies[name]) for name in ("kept", "same", "half")}
    copies["same"].write_bytes(stripes)
    copies["half"].unlink()
    library.index(album)
    assert review.group(number).here == {str(copies["kept"])}


def test_the_file_that_the_rules_chose_is_kept_for_their_reason(
    review: Review, library: imsearch.Library, copies: dict[str, Path]
) -> None:
    number = number_of(review, copies["kept"])
    reason = review.group(number).group.reason
    report = review.keep_file(number, str(copies["kept"]))
    assert {*report.moved} == {str(copies["same"]), str(copies["half"])}
    reviewed = review.group(number)
    assert (reviewed.decision, reviewed.group.reason) == ("kept", reason)
    assert reviewed.here == {str(copies["kept"])}
    assert [group.kept.path for group in library.duplicates()] == [
        review.group(number_of(review, copies["twin"])).group.kept.path
    ]


def test_another_file_can_be_kept(review: Review, copies: dict[str, Path]) -> None:
    number = number_of(review, copies["kept"])
    report = review.keep_file(number, str(copies["half"]))
    assert {*report.moved} == {str(copies["kept"]), str(copies["same"])}
    group = review.group(number).group
    assert (group.kept.path, group.reason) == (str(copies["half"]), BY_HAND)
    assert {file.relation for file in group.rest} == {"copy"}
    assert copies["half"].exists()


def test_a_group_of_which_a_file_was_skipped_is_not_decided(
    review: Review, copies: dict[str, Path], stripes: bytes
) -> None:
    number = number_of(review, copies["kept"])
    copies["half"].write_bytes(stripes)
    report = review.keep_file(number, str(copies["kept"]))
    assert (report.moved, [skip.path for skip in report.skipped]) == ((str(copies["same"]),), [str(copies["half"])])
    assert review.group(number).decision is None
    report = review.keep_file(number, str(copies["same"]))
    assert report.moved == ()  # as the one to keep is gone by now
    assert copies["kept"].exists()


def test_what_was_indexed_anew_is_left_alone(
    review: Review, library: imsearch.Library, copies: dict[str, Path], album: Path, stripes: bytes
) -> None:
    copies["same"].write_bytes(stripes)
    library.index(album)
    report = review.keep_file(number_of(review, copies["kept"]), str(copies["kept"]))
    assert (report.moved, report.skipped) == ((str(copies["half"]),), ())
    assert copies["same"].read_bytes() == stripes


def test_only_a_file_of_the_group_can_be_kept(review: Review, copies: dict[str, Path]) -> None:
    number = number_of(review, copies["kept"])
    with pytest.raises(NotInGroupError, match="has no file") as raised:
        review.keep_file(number, str(copies["twin"]))
    assert (raised.value.group, raised.value.path) == (number, str(copies["twin"]))
    for wrong in (0, 3, -1):
        with pytest.raises(UnknownGroupError, match="there is no group") as unknown:
            review.keep_file(wrong, str(copies["kept"]))
        assert unknown.value.group == wrong
    assert all(path.exists() for path in copies.values())


def test_different_pictures_stay_apart_until_that_is_taken_back(
    review: Review, library: imsearch.Library, copies: dict[str, Path]
) -> None:
    number = number_of(review, copies["half"])
    assert review.mark_different(number) == 1
    assert review.mark_different(number) == 0
    assert review.group(number).decision == "different"
    again = Review(library, library.duplicates())
    assert {file.path for file in again.group(number_of(again, copies["kept"])).group.files} == {
        str(copies["kept"]),
        str(copies["same"]),
    }
    assert review.forget_different(number) == 1
    assert review.forget_different(number) == 0
    assert review.group(number).decision is None
    assert library.different() == []


def test_files_with_the_same_bytes_cannot_be_different(review: Review, copies: dict[str, Path]) -> None:
    number = number_of(review, copies["twin"])
    for decide in (review.mark_different, review.forget_different):
        with pytest.raises(OnePictureError, match="same bytes") as raised:
            decide(number)
        assert raised.value.group == number
    assert review.group(number).decision is None


def test_a_review_goes_on_where_another_ended(library: imsearch.Library, copies: dict[str, Path]) -> None:
    groups, decisions = library.duplicates(), dict[int, Decision]()
    first = Review(library, groups, decisions)
    number = number_of(first, copies["half"])
    first.mark_different(number)
    twins = number_of(first, copies["twin"])
    first.keep_file(twins, str(copies["twin"]))
    later = Review(library, groups, decisions)
    assert [later.group(each).decision for each in (number, twins)] == ["different", "kept"]
    assert later.group(twins).group.kept.path == str(copies["twin"])
    first.forget_different(number)
    assert first.keep_file(number, str(copies["half"])).skipped == ()
    assert later.forget_different(number) == 0
    assert later.group(number).decision == "kept"  # which taking back the other decision leaves
