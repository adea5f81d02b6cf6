"""Reviewing groups of duplicates: what a person marks, how it is undone, and what applying it does to the files."""

import dataclasses
import shutil
import typing
from pathlib import Path

import filelock
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import imsearch
from imsearch.duplicates.accept import copies_but, exact_copies
from imsearch.duplicates.applying import BY_HAND, plan_of
from imsearch.duplicates.marks import Mark, ReviewState
from imsearch.duplicates.review import Review
from imsearch.errors import (
    LibraryLockedError,
    NothingKeptError,
    NotInGroupError,
    OnePictureError,
    UnknownGroupError,
)
from imsearch.types.duplicates import DuplicateFile, DuplicateGroup, GroupKind


@pytest.fixture
def copies(library: imsearch.Library, album: Path) -> dict[str, Path]:
    """Files of an indexed album: a photograph (kept), the same again, half its size; and another one's twin."""
    first, second = sorted(album.iterdir())[:2]
    (album / "sub").mkdir()
    with Image.open(first) as picture:
        picture.resize((picture.width // 2, picture.height // 2)).save(album / "sub" / "half.jpg", quality=80)
    paths = {
        "kept": first,
        "same": Path(shutil.copy2(first, album / "sub" / "the-same-again.jpg")),
        "half": album / "sub" / "half.jpg",
        "second": second,
        "twin": Path(shutil.copy2(second, album / "sub" / "twin-of-the-second.jpg")),
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


def paths_of(copies: dict[str, Path], *names: str) -> set[str]:
    return {str(copies[name]) for name in names}


def there(copies: dict[str, Path]) -> set[str]:
    """The names of the files that have not been moved."""
    return {name for name, path in copies.items() if path.exists()}


# Marks


def test_a_group_says_which_of_its_files_the_library_still_has(
    review: Review, library: imsearch.Library, copies: dict[str, Path], album: Path, stripes: bytes
) -> None:
    assert len(review) == 2
    number = number_of(review, copies["kept"])
    reviewed = review.group(number)
    assert (reviewed.number, reviewed.mark, reviewed.decision) == (number, None, None)
    assert reviewed.here == paths_of(copies, "kept", "same", "half")
    copies["same"].write_bytes(stripes)
    copies["half"].unlink()
    library.index(album)
    assert review.group(number).here == paths_of(copies, "kept")


def test_nothing_moves_before_marks_are_applied(
    review: Review, library: imsearch.Library, copies: dict[str, Path]
) -> None:
    first, second = number_of(review, copies["kept"]), number_of(review, copies["second"])
    review.call_different(first)
    review.keep(second, [str(copies["twin"])])
    review.keep(first, [str(copies["kept"]), str(copies["half"])])
    assert review.group(first).mark == Mark(frozenset(paths_of(copies, "kept", "half")))
    plan = review.plan()
    assert {file.path for file in plan.moved} == paths_of(copies, "same", "second")
    assert (plan.settled, plan.different, plan.skipped) == ((1, 2), (), ())
    assert there(copies) == copies.keys()
    assert library.different() == []
    assert review.group(first).decision is None


def test_marks_are_replaced_taken_away_and_undone(review: Review, copies: dict[str, Path]) -> None:
    number = number_of(review, copies["kept"])
    assert review.undo() == ()
    review.keep(number, [str(copies["kept"])])
    review.keep(number, [str(copies["kept"])])  # which changes nothing
    review.call_different(number)
    review.unmark(number)
    marks = [review.group(number).mark]
    while (undone := review.undo()) == (number,):
        marks.append(review.group(number).mark)
    assert undone == ()
    assert marks == [None, Mark(different=True), Mark(frozenset(paths_of(copies, "kept"))), None]


def test_one_file_of_a_group_stays_whatever_is_marked(
    review: Review, library: imsearch.Library, copies: dict[str, Path], album: Path
) -> None:
    number = number_of(review, copies["kept"])
    with pytest.raises(NothingKeptError, match="must stay"):
        review.keep(number, [])
    copies["half"].unlink()
    library.index(album)
    with pytest.raises(NothingKeptError, match="must stay") as raised:
        review.keep(number, [str(copies["half"])])
    assert raised.value.group == number
    assert review.group(number).mark is None


def test_only_files_of_the_group_can_be_marked(review: Review, copies: dict[str, Path]) -> None:
    number = number_of(review, copies["kept"])
    with pytest.raises(NotInGroupError, match="has no file") as raised:
        review.keep(number, [str(copies["kept"]), str(copies["twin"])])
    assert (raised.value.group, raised.value.path) == (number, str(copies["twin"]))
    for wrong in (0, 3, -1):
        with pytest.raises(UnknownGroupError, match="there is no group") as unknown:
            review.keep(wrong, [str(copies["kept"])])
        assert unknown.value.group == wrong
    assert review.plan().moved == ()


def test_files_with_the_same_bytes_cannot_be_different(review: Review, copies: dict[str, Path]) -> None:
    number = number_of(review, copies["twin"])
    with pytest.raises(OnePictureError, match="same bytes") as raised:
        review.call_different(number)
    assert raised.value.group == number
    assert review.group(number).mark is None


@given(
    st.lists(st.dictionaries(st.integers(1, 4), st.sampled_from([None, Mark(frozenset("a")), Mark(different=True)])))
)
def test_undoing_everything_leads_back_through_every_state(changes: list[dict[int, Mark | None]]) -> None:
    state = ReviewState()
    seen: list[dict[int, Mark]] = [{}]
    for change in changes:
        state.change(change)
        if state.marks() != seen[-1]:
            seen.append(state.marks())
    while seen:
        assert state.marks() == seen.pop()
        state.undo()
    assert state.marks() == {}


# Many at once


def test_all_exact_copies_are_accepted_at_once_and_undone_at_once(review: Review, copies: dict[str, Path]) -> None:
    assert review.accept_exact() == (1, 2)
    assert {file.path for file in review.plan().moved} == paths_of(copies, "same", "twin")
    assert {file.relation for file in review.plan().moved} == {"exact"}
    assert review.accept_exact() == ()
    assert {*review.undo()} == {1, 2}
    assert review.plan().moved == ()


def test_what_a_person_has_marked_is_not_marked_again(review: Review, copies: dict[str, Path]) -> None:
    number = number_of(review, copies["kept"])
    review.keep(number, [str(copies["same"])])
    assert review.accept_exact() == (number_of(review, copies["twin"]),)
    assert review.group(number).mark == Mark(frozenset(paths_of(copies, "same")))


def test_a_folder_is_kept_or_cleared(review: Review, copies: dict[str, Path], album: Path) -> None:
    assert review.accept_keeping(str(album / "sub")) == (1, 2)
    assert {file.path for file in review.plan().moved} == paths_of(copies, "kept", "second")
    review.undo()
    assert review.accept_moving(str(album / "sub")) == (1, 2)
    assert {file.path for file in review.plan().moved} == paths_of(copies, "same", "half", "twin")
    review.undo()
    for folder in ("/nowhere", str(album / "su")):
        assert review.accept_keeping(folder) == review.accept_moving(folder) == ()


def file(path: str, digest: str) -> DuplicateFile:
    return DuplicateFile(path, digest, "kept", 1, 0, 4, 3, "jpeg", None)


KINDS = st.sampled_from(typing.get_args(GroupKind))


@st.composite
def groups(draw: st.DrawFn) -> DuplicateGroup:
    digests = draw(st.lists(st.sampled_from("abc"), min_size=2, max_size=6))
    folders = draw(st.lists(st.sampled_from(["/in", "/out"]), min_size=len(digests), max_size=len(digests)))
    files = [file(f"{folder}/{at}", digest) for at, (folder, digest) in enumerate(zip(folders, digests, strict=True))]
    kind = draw(KINDS)
    keep = draw(st.integers(0, len(files) - 1))
    return DuplicateGroup(kind, tuple(files), keep, "").keeping(keep, "")


@given(groups(), st.data())
def test_whatever_goes_with_many_others_is_shown_by_what_stays(group: DuplicateGroup, data: st.DataObject) -> None:
    here = data.draw(st.frozensets(st.sampled_from([file.path for file in group.files])))
    for gone in (exact_copies(group, here), copies_but(group, here, lambda file: file.path.startswith("/in"))):
        assert gone <= here
        staying = {file.digest for file in group.files if file.path in here - gone}
        for each in group.files:
            if each.path in gone:
                assert group.kind == "copies"
                assert each.digest in staying or group.kept.digest in staying
    if len(here) == len(group.files):
        assert exact_copies(group, here) == {file.path for file in group.proposed()}


# Applying


def test_what_is_marked_moves_and_nothing_else(
    review: Review, library: imsearch.Library, copies: dict[str, Path]
) -> None:
    number = number_of(review, copies["kept"])
    reason = review.group(number).group.reason
    review.keep(number, [str(copies["kept"]), str(copies["half"])])
    applied = review.apply()
    assert [(file.path, file.relation) for file in applied.moved] == [(str(copies["same"]), "exact")]
    assert (applied.size, applied.settled) == (copies["kept"].stat().st_size, (number,))
    assert there(copies) == copies.keys() - {"same"}
    reviewed = review.group(number)
    assert (reviewed.mark, reviewed.decision, reviewed.group.reason) == (None, "kept", reason)
    assert reviewed.here == paths_of(copies, "kept", "half")
    assert str(copies["same"]) not in {file.path for file in library.files()}
    assert review.undo() == ()
    assert review.apply().moved == ()


def test_another_file_than_the_proposed_one_can_stay(review: Review, copies: dict[str, Path]) -> None:
    review.keep(number_of(review, copies["kept"]), [str(copies["half"])])
    moved = {file.path: file.relation for file in review.apply().moved}
    assert moved == {str(copies["kept"]): "edited", str(copies["same"]): "edited"}
    assert there(copies) == {"half", "second", "twin"}


def test_a_group_of_which_a_file_was_skipped_keeps_its_mark(
    review: Review, copies: dict[str, Path], stripes: bytes
) -> None:
    number = number_of(review, copies["kept"])
    review.keep(number, [str(copies["kept"])])
    before = copies["half"].read_bytes()
    copies["half"].write_bytes(stripes)
    applied = review.apply()
    assert [file.path for file in applied.moved] == [str(copies["same"])]
    assert [skip.path for skip in applied.skipped] == [str(copies["half"])]
    assert applied.settled == ()
    assert review.group(number).mark == Mark(frozenset(paths_of(copies, "kept")))
    assert copies["half"].read_bytes() == stripes != before


def test_what_was_indexed_anew_is_left_alone(
    review: Review, library: imsearch.Library, copies: dict[str, Path], album: Path, stripes: bytes
) -> None:
    review.keep(number_of(review, copies["kept"]), [str(copies["kept"])])
    copies["same"].write_bytes(stripes)
    library.index(album)
    applied = review.apply()
    assert ([file.path for file in applied.moved], applied.skipped) == ([str(copies["half"])], ())
    assert copies["same"].read_bytes() == stripes


def test_nothing_goes_where_what_was_to_stay_is_gone(
    review: Review, library: imsearch.Library, copies: dict[str, Path], album: Path
) -> None:
    number = number_of(review, copies["second"])
    review.keep(number, [str(copies["second"])])
    copies["second"].unlink()
    library.index(album)
    (skip,) = review.apply().skipped
    assert (skip.path, "is left" in skip.reason) == (str(copies["twin"]), True)
    assert copies["twin"].exists()


@pytest.fixture
def overlapping(library: imsearch.Library, copies: dict[str, Path]) -> Review:
    """A review of a group of copies and a series that share a file, the kept one."""
    found = library.duplicates()
    copied = next(group for group in found if str(copies["kept"]) in {file.path for file in group.files})
    twins = next(group for group in found if group is not copied)
    files = tuple(sorted((copied.kept, twins.kept), key=lambda file: file.path))
    return Review(library, [copied, dataclasses.replace(twins, kind="series", files=files, keep=0)])


def test_a_file_that_stays_in_one_group_is_not_moved_by_another(overlapping: Review, copies: dict[str, Path]) -> None:
    overlapping.keep(1, [str(copies["kept"])])
    overlapping.keep(2, [str(copies["second"])])
    applied = overlapping.apply()
    assert {file.path for file in applied.moved} == paths_of(copies, "same", "half")
    assert [(skip.path, skip.reason) for skip in applied.skipped] == [
        (str(copies["kept"]), "it is marked to stay in group 1")
    ]
    assert (applied.settled, overlapping.group(2).mark is None) == ((1,), False)


def test_a_file_that_goes_in_two_groups_is_moved_once(overlapping: Review, copies: dict[str, Path]) -> None:
    overlapping.keep(1, [str(copies["half"])])
    overlapping.keep(2, [str(copies["second"])])
    applied = overlapping.apply()
    assert sorted(file.path for file in applied.moved) == sorted(paths_of(copies, "kept", "same"))
    assert (applied.skipped, applied.settled) == ((), (1, 2))


def test_marks_stay_while_something_else_writes(
    review: Review, library: imsearch.Library, copies: dict[str, Path]
) -> None:
    review.accept_exact()
    with filelock.FileLock(library.path / "write.lock"), pytest.raises(LibraryLockedError):
        review.apply()
    assert there(copies) == copies.keys()
    assert len(review.apply().moved) == 2


def test_different_pictures_stay_apart_until_that_is_taken_back(
    review: Review, library: imsearch.Library, copies: dict[str, Path]
) -> None:
    number = number_of(review, copies["half"])
    review.call_different(number)
    assert review.apply().different == (number,)
    assert len(library.different()) == 1
    assert review.group(number).decision == "different"
    again = Review(library, library.duplicates())
    assert {file.path for file in again.group(number_of(again, copies["kept"])).group.files} == paths_of(
        copies, "kept", "same"
    )
    review.unmark(number)
    assert (review.group(number).decision, library.different()) == (None, [])


def test_a_review_goes_on_where_another_ended(library: imsearch.Library, copies: dict[str, Path]) -> None:
    groups, state = library.duplicates(), ReviewState()
    first = Review(library, groups, state)
    number = number_of(first, copies["half"])
    first.keep(number, [str(copies["half"])])
    later = Review(library, groups, state)
    assert later.group(number).mark == Mark(frozenset(paths_of(copies, "half")))
    assert later.undo() == (number,)
    assert first.group(number).mark is None


def test_groups_of_files_that_are_back_are_open_again(review: Review, copies: dict[str, Path]) -> None:
    review.accept_exact()
    moved = {file.path for file in review.apply().moved}
    assert {review.group(number).decision for number in (1, 2)} == {"kept"}
    review.reopen(moved & paths_of(copies, "twin"))
    assert review.group(number_of(review, copies["twin"])).decision is None
    assert review.group(number_of(review, copies["kept"])).decision == "kept"


def test_the_reason_says_so_where_a_person_has_chosen(review: Review, copies: dict[str, Path]) -> None:
    number = number_of(review, copies["kept"])
    reason = review.group(number).group.reason
    for names, kept, why in ((["kept", "half"], "kept", reason), (["half"], "half", BY_HAND)):
        review.keep(number, paths_of(copies, *names))
        group = plan_of([review.group(number)]).groups[number]
        assert (group.kept.path, group.reason) == (str(copies[kept]), why)
        assert {file.path for file in group.proposed()} == paths_of(copies, *({"kept", "same", "half"} - {*names}))
