"""Which file to keep, and what is said of it."""

import datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imsearch.catalog.rows import HeldFile
from imsearch.duplicates.keep import NAMED, Candidate, choose, rules_named
from imsearch.errors import UsageError
from imsearch.images.facts import PictureFacts
from imsearch.images.moments import Moment

SECOND = 10**9


def held(path: bytes = b"/a/1.jpg", **facts: object) -> HeldFile:
    values = {
        "size": 1000,
        "mtime_ns": 1_600_000_000 * SECOND,
        "content_id": 1,
        "digest": b"1",
        "width": 40,
        "height": 30,
        "format": "jpeg",
        "taken": None,
        **facts,
    }
    return HeldFile(path=path, **values)  # type: ignore[arg-type]


def kept(*files: HeldFile | Candidate, keep: tuple[str, ...] = (), prefer: tuple[bytes, ...] = ()) -> tuple[bytes, str]:
    candidates = [file if isinstance(file, Candidate) else Candidate(file) for file in files]
    file, reason = choose(candidates, rules_named(keep, prefer))
    return file.path, reason


CAMERA = PictureFacts(camera="Maker Model", taken=Moment(datetime.datetime(2019, 7, 4, 18, 3, 11)))
"""What a camera notes."""


files = st.builds(
    held,
    path=st.sampled_from([b"/a/1.jpg", b"/a/22.jpg", b"/b/1.png", b"/b/c/1.heic", b"/b/\xff.gif", b"/c"]),
    size=st.integers(1, 3),
    mtime_ns=st.integers(1, 3).map(lambda value: value * SECOND),
    width=st.integers(1, 3),
    format=st.sampled_from(["jpeg", "png", "tiff", "heif", "webp", "gif", "unheard of"]),
    taken=st.sampled_from([None, "2019-07-04T18:03:11", "1970-01-01T00:00:01", "0001-01-01T00:00:00"]),
)


candidates = st.builds(
    Candidate,
    files,
    st.sampled_from([PictureFacts(), CAMERA, PictureFacts(camera="Maker Model"), PictureFacts(edited_with="GIMP")]),
    st.integers(0, 2),
)


@given(
    st.lists(candidates, min_size=2, max_size=6, unique_by=lambda candidate: candidate.file.path),
    st.lists(st.sampled_from([*NAMED]), max_size=4),
    st.lists(st.sampled_from([b"/a", b"/b", b"/b/c"]), max_size=2),
    st.randoms(use_true_random=False),
)
def test_one_is_kept_whatever_the_order(
    some: list[Candidate], keep: list[str], prefer: list[bytes], random: Random
) -> None:
    rules = rules_named(keep, prefer)
    chosen, reason = choose(some, rules)
    assert chosen in [candidate.file for candidate in some]
    assert reason
    assert choose(random.sample(some, len(some)), rules)[0] == chosen


def test_the_largest_then_the_best_format_then_bytes_then_the_oldest_then_the_shortest_path() -> None:
    small = held(b"/small.png", format="png", width=20, height=15, taken="2001-01-01T00:00:00", size=9000)
    jpeg, png = held(b"/a.jpg", size=2000), held(b"/a.png", format="png")
    assert kept(small, jpeg) == (b"/a.jpg", "largest: 40 x 30 against 20 x 15")
    assert kept(small, jpeg, png) == (
        b"/a.png",
        "largest: 40 x 30 against 20 x 15; best format: png (lossless) against jpeg",
    )
    assert kept(jpeg, held(b"/b.jpg")) == (b"/a.jpg", "most bytes: 2,000 bytes against 1,000 bytes")
    taken = held(b"/longer/a.jpg", taken="2019-07-04T18:03:11")
    assert kept(taken, held(b"/b.jpg", taken="2020-01-01T00:00:00")) == (
        b"/longer/a.jpg",
        "oldest: taken 2019-07-04 18:03:11 against taken 2020-01-01 00:00:00",
    )
    later = held(b"/c.jpg", taken="2019-07-04T18:03:11", mtime_ns=1_700_000_000 * SECOND)
    assert kept(taken, later)[1].startswith("oldest file: changed 2020-09-1")
    assert kept(held(b"/long.jpg"), held(b"/b.jpg")) == (b"/b.jpg", "shortest path: 6 characters against 9 characters")
    assert kept(held(b"/c.jpg"), held(b"/b.jpg")) == (b"/b.jpg", "first by name: /b.jpg against /c.jpg")


def test_what_a_camera_wrote_goes_before_all_that_was_made_of_it() -> None:
    """Whatever is larger, better stored or older."""
    camera = Candidate(held(b"/camera.jpg", width=20, size=10), CAMERA)
    sent = held(b"/sent.png", width=400, size=10**6, format="png", mtime_ns=1)
    assert kept(camera, sent) == (b"/camera.jpg", "original: camera and date noted against no camera or date noted")
    dated = Candidate(held(b"/dated.jpg", width=400), PictureFacts(taken=CAMERA.taken))
    assert kept(dated, camera) == (b"/camera.jpg", "original: camera and date noted against date noted")
    edited = PictureFacts(camera=CAMERA.camera, taken=CAMERA.taken, edited_with="GIMP 2.10")
    finished = Candidate(held(b"/finished.tif", width=400, format="tiff"), edited)
    assert kept(finished, camera) == (b"/camera.jpg", "original: camera and date noted against edited with GIMP 2.10")


def test_what_others_were_made_of_goes_before_what_is_larger() -> None:
    cropped = Candidate(held(b"/cropped.png", width=400, format="png"), shown_by=1)
    whole = held(b"/whole.jpg", width=40)
    assert kept(cropped, whole) == (b"/whole.jpg", "unedited: shows all against shows less than another one")


def test_those_who_finish_their_pictures_keep_the_edited_ones() -> None:
    camera = Candidate(held(b"/camera.jpg"), CAMERA)
    finished = Candidate(held(b"/finished.jpg", width=20), PictureFacts(edited_with="GIMP 2.10"))
    cropped = Candidate(held(b"/cropped.jpg", width=30), shown_by=1)
    assert kept(camera, finished, cropped, keep=("edited",)) == (
        b"/finished.jpg",
        "edited: edited with GIMP 2.10 against made from another one",
    )
    assert kept(camera, cropped, keep=("edited",))[0] == b"/cropped.jpg"
    assert kept(camera, finished, cropped)[0] == b"/camera.jpg"


def test_a_named_rule_goes_before_the_others() -> None:
    old = held(b"/old.jpg", taken="2001-01-01T00:00:00", width=4)
    large = held(b"/large.jpg", mtime_ns=1_700_000_000 * SECOND)
    assert kept(old, large)[0] == b"/large.jpg"
    path, reason = kept(old, large, keep=("oldest",))
    assert path == b"/old.jpg"
    assert reason.startswith("oldest: taken 2001-01-01 00:00:00 against changed 2023-11-1")
    assert kept(old, large, keep=("best-format", "oldest"))[0] == b"/old.jpg"
    with pytest.raises(
        UsageError,
        match=r"no rule 'newest'.*original, most-frames, unedited, earlier-generation, shows-most, .*, oldest, edited",
    ):
        rules_named(["newest"], [])


def test_preferred_folders_go_before_all_rules_the_first_named_first() -> None:
    inside, second = held(b"/best/x.jpg", width=1), held(b"/good/x.jpg", width=2)
    outside = held(b"/bestial/x.png", format="png")
    assert kept(inside, outside, prefer=(b"/best",)) == (b"/best/x.jpg", "preferred: below /best against elsewhere")
    assert kept(inside, second, outside, prefer=(b"/good", b"/best")) == (
        b"/good/x.jpg",
        "preferred: below /good against below /best",
    )
    assert kept(second, outside, prefer=(b"/nowhere",))[0] == b"/bestial/x.png"
