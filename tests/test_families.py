"""Families of copies, of judgments made up at random: what may go is shown by what stays."""

from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from imsearch.catalog.rows import HeldFile
from imsearch.duplicates.families import Component, Family
from imsearch.duplicates.keep import rules_named
from imsearch.images.facts import PictureFacts
from imsearch.verify.judgment import Judgment

PICTURES = range(1, 8)
PAIRS = list(combinations(PICTURES, 2))

Judged = dict[tuple[int, int], Judgment]

IDENTITY = tuple(np.eye(3).ravel().tolist())
PART = (0.5, 0.0, 40.0, 0.0, 0.5, 30.0, 0.0, 0.0, 1.0)
"""The first picture is a part of the second."""

judgments = st.builds(
    Judgment,
    copy=st.booleans(),
    matrix=st.sampled_from([IDENTITY, PART, tuple(np.linalg.inv(np.reshape(PART, (3, 3))).ravel().tolist())]),
    agreement=st.just(0.99),
    changed=st.sampled_from([0.0, 0.0, 0.0, 0.1]),
    softness=st.sampled_from([0.0, 0.0, 2.0, -2.0]),
    grey=st.sampled_from([(False, False), (False, False), (True, False)]),
)


def held(content: int, folder: bytes = b"/a", **values: object) -> HeldFile:
    facts = {"size": 1000, "mtime_ns": 10**18, "width": 640, "height": 480, "format": "jpeg", "taken": None, **values}
    path = b"%s/%d.jpg" % (folder, content)
    return HeldFile(path=path, content_id=content, digest=b"%032d" % content, **facts)  # type: ignore[arg-type]


def families_of(
    files: list[HeldFile],
    judged: Judged,
    different: set[tuple[int, int]] | None = None,
    facts: dict[int, PictureFacts] | None = None,
    keep: tuple[str, ...] = (),
    shared: dict[tuple[int, int], float] | None = None,
) -> tuple[list[Family], list[tuple[int, int]]]:
    """The families, and the pairs that had to be judged for them. All judgments are known, and told when asked for."""
    by_content: dict[int, list[HeldFile]] = {}
    for file in files:
        by_content.setdefault(file.content_id, []).append(file)
    known: Judged = {}
    component = Component(by_content, facts or {}, known, shared or {}, different or set(), rules_named(keep, []))
    asked: list[tuple[int, int]] = []
    while wanted := component.wanted():
        assert not set(wanted) & set(asked)  # none twice
        asked += wanted
        known.update({pair: judged.get(pair, Judgment()) for pair in wanted})
        component.settle()
    return component.families, asked


def between(one: int, other: int, judged: Judged) -> Judgment:
    """The judgment of two pictures, in this order."""
    pair = (min(one, other), max(one, other))
    judgment = judged.get(pair, Judgment())
    return judgment if one < other else judgment.reversed()


some_files = st.lists(
    st.builds(
        held,
        st.sampled_from(PICTURES),
        width=st.sampled_from([320, 640]),
        height=st.sampled_from([240, 480]),
        size=st.integers(1, 3),
    ),
    min_size=1,
    max_size=len(PICTURES),
    unique_by=lambda file: file.content_id,
)
some_judged = st.dictionaries(st.sampled_from(PAIRS), judgments)
decisions = st.sets(st.sampled_from(PAIRS), max_size=5)
some_facts = st.dictionaries(
    st.sampled_from(PICTURES),
    st.sampled_from([PictureFacts(camera="Maker"), PictureFacts(frames=2), PictureFacts(raw=True)]),
    max_size=3,
)


@given(some_files, some_judged, decisions, some_facts)
def test_every_picture_is_in_one_family(
    files: list[HeldFile], judged: Judged, different: set[tuple[int, int]], facts: dict[int, PictureFacts]
) -> None:
    families, _ = families_of(files, judged, different, facts)
    members = [content for family in families for content in (family.content, *family.copies)]
    assert sorted(members) == sorted(file.content_id for file in files)
    assert all(family.kept.content_id == family.content for family in families)


@given(some_files, some_judged, decisions, some_facts)
def test_each_copy_was_judged_with_what_is_kept_and_has_nothing_of_its_own(
    files: list[HeldFile], judged: Judged, different: set[tuple[int, int]], facts: dict[int, PictureFacts]
) -> None:
    families, asked = families_of(files, judged, different, facts)
    for family in families:
        for content, member in family.copies.items():
            assert (min(content, family.content), max(content, family.content)) in asked
            assert member.judgment == between(content, family.content, judged)
            assert member.judgment.copy
            assert member.judgment.changed == 0
            assert member.differs == ()
            assert facts.get(content, PictureFacts()).frames == 1
            assert not facts.get(content, PictureFacts()).raw


@given(some_files, some_judged, decisions, some_facts)
def test_versions_are_copies_of_what_is_kept_and_are_kept_themselves(
    files: list[HeldFile], judged: Judged, different: set[tuple[int, int]], facts: dict[int, PictureFacts]
) -> None:
    families, _ = families_of(files, judged, different, facts)
    kept = {family.content for family in families}
    found = [content for family in families for content in family.versions]
    assert len(found) == len(set(found))
    for family in families:
        for content, member in family.versions.items():
            assert content in kept
            assert member.judgment == between(content, family.content, judged)
            assert member.judgment.copy


@given(some_files, some_judged, decisions)
def test_two_that_a_person_called_different_never_share_a_group(
    files: list[HeldFile], judged: Judged, different: set[tuple[int, int]]
) -> None:
    families, _ = families_of(files, judged, different)
    groups = [{family.content, *family.copies} for family in families]
    groups += [{family.content, *family.versions} for family in families]
    assert not any({*pair} <= group for group in groups for pair in different)


@given(some_files, some_judged, decisions)
def test_the_order_of_files_does_not_matter(
    files: list[HeldFile], judged: Judged, different: set[tuple[int, int]]
) -> None:
    first, _ = families_of(files, judged, different)
    again, _ = families_of(files[::-1], judged, different)

    def told(families: list[Family]) -> list[tuple[int, list[int], list[int]]]:
        return [(family.content, sorted(family.copies), sorted(family.versions)) for family in families]

    assert told(first) == told(again)


def test_a_chain_does_not_make_a_family() -> None:
    """1 and 2, and 2 and 3 are copies, 1 and 3 are not, whichever of them is kept."""
    copy = Judgment(copy=True, matrix=IDENTITY, agreement=0.99)
    judged = {(1, 2): copy, (2, 3): copy}
    for kept in (1, 2, 3):
        files = [held(content, size=2000 if content == kept else 1000) for content in (1, 2, 3)]
        families, asked = families_of(files, judged)
        assert families[0].content == kept
        if kept == 2:
            assert [sorted(family.copies) for family in families] == [[1, 3]]
            continue
        assert not any({1, 3} <= {family.content, *family.copies} for family in families)
        assert not any({1, 3} <= {family.content, *family.versions} for family in families)
        assert (1, 3) in asked


def test_versions_that_differ_in_other_ways_are_not_judged_with_each_other() -> None:
    """A captioned picture shows nothing of what lies beside the original, and is no grey one."""
    grey = Judgment(copy=True, matrix=IDENTITY, agreement=0.99, grey=(False, True))
    changed = Judgment(copy=True, matrix=IDENTITY, agreement=0.99, changed=0.1)
    larger = Judgment(copy=True, matrix=PART, agreement=0.99)
    judged = {(1, 2): grey, (1, 3): changed, (1, 4): changed, (1, 5): larger}
    files = [held(1, size=9000), held(2), held(3), held(4), held(5, width=320, height=240)]
    facts = {1: PictureFacts(camera="Canon")}
    families, asked = families_of(files, judged, facts=facts)
    assert [family.content for family in families if family.versions] == [1]
    assert set(families[0].versions) == {2, 3, 4, 5}
    assert set(asked) == {(1, 2), (1, 3), (1, 4), (1, 5), (3, 4)}


def test_one_of_two_crops_is_a_version_of_the_other() -> None:
    """Each shows something that the other does not."""
    beside = (1.0, 0.0, 60.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    families, _ = families_of([held(1), held(2)], {(1, 2): Judgment(copy=True, matrix=beside, agreement=0.99)})
    assert [(family.copies, len(family.versions)) for family in families] == [({}, 1), ({}, 0)]
    (member,) = families[0].versions.values()
    assert member.differs == ("field-of-view",)


def test_the_original_is_kept_over_a_crop_that_was_made_larger() -> None:
    """The judgments of the pairs that the search has found are known by then."""
    whole, part = held(1), held(2, width=1600, height=1200)
    judgment = Judgment(copy=True, matrix=tuple(np.linalg.inv(np.reshape(PART, (3, 3))).ravel().tolist()))
    known: Judged = {(1, 2): judgment}
    component = Component({1: [whole], 2: [part]}, {}, known, {}, set(), rules_named([], []))
    assert component.wanted() == []
    assert component.families[0].content == 1


def test_a_camera_file_is_kept_and_its_derivatives_are_its_copies() -> None:
    copy = Judgment(copy=True, matrix=IDENTITY, agreement=0.99)
    files = [held(1, size=10), held(2, size=2000), held(3, size=3000)]
    judged = dict.fromkeys([(1, 2), (2, 3), (1, 3)], copy)
    families, _ = families_of(files, judged, facts={1: PictureFacts(camera="Maker Model")})
    assert [(family.content, sorted(family.copies)) for family in families] == [(1, [2, 3])]
    assert "camera" in families[0].reason


def same(changed: float = 0.0) -> Judgment:
    return Judgment(copy=True, matrix=IDENTITY, agreement=0.99, changed=changed)


def test_a_picture_that_differs_from_most_others_is_not_kept() -> None:
    """1 has a watermark, and more bytes than all; 2 to 5 are the same."""
    judged = {(1, other): same(changed=0.1) for other in (2, 3, 4, 5)} | {
        pair: same() for pair in combinations((2, 3, 4, 5), 2)
    }
    files = [held(1, size=9000), held(2, size=3000), held(3, size=2000), held(4), held(5)]
    families, _ = families_of(files, judged)
    assert [(family.content, sorted(family.copies)) for family in families] == [(2, [3, 4, 5]), (1, [])]
    assert set(families[0].versions) == {1}
    assert "known to show all of 3 others against known to show all of no others" in families[0].reason


def test_of_pictures_of_one_size_the_one_that_is_most_like_the_others_is_kept() -> None:
    judged = {pair: same() for pair in combinations((1, 2, 3), 2)}
    files = [held(1, size=9000), held(2, size=2000), held(3, size=3000)]
    families, asked = families_of(files, judged, shared={(1, 2): 80.0, (2, 3): 90.0, (1, 3): 40.0})
    assert [(family.content, sorted(family.copies)) for family in families] == [(2, [1, 3])]
    assert "shares 170 details" in families[0].reason
    assert set(asked) == {(1, 2), (2, 3)}


def test_few_pictures_are_tried_where_all_differ() -> None:
    """Each of many pictures has something that the others have not."""
    judged = {pair: same(changed=0.1) for pair in PAIRS}
    files = [held(content) for content in PICTURES]
    families, _ = families_of(files, judged)
    assert len(families) == len(PICTURES)
    component = Component({file.content_id: [file] for file in files}, {}, {}, {}, set(), rules_named([], []))
    first = component.wanted()
    assert len(first) == len(PICTURES) - 1


def test_what_is_turned_or_mirrored_against_most_others_is_not_kept() -> None:
    """1 is the mirror image of the others, with more bytes and details; its copies are proven one by one."""
    mirrored = Judgment(copy=True, matrix=(-1.0, 0.0, 320.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0), agreement=0.99)
    judged = {pair: mirrored if 1 in pair else same() for pair in combinations((1, 2, 3, 4), 2)}
    files = [held(1, size=9000), held(2, size=3000), held(3, size=2000), held(4)]
    families, asked = families_of(files, judged, shared={(1, 2): 50.0, (1, 3): 50.0, (1, 4): 50.0})
    assert [(family.content, sorted(family.copies)) for family in families] == [(2, [1, 3, 4])]
    assert "upright: lies like 2 others against turned or mirrored" in families[0].reason
    assert len(asked) == len(judged) - 1
