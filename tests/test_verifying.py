"""What is shown about two pictures: features, alignments, pixels, verdicts, and the cache of it."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from comparing import appearance_in, features_in, probe_of, proof_of
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

import imsearch
from imsearch.catalog.cache import JUDGMENTS, Cache
from imsearch.duplicates.judge import FeatureJudge, PicturePair
from imsearch.evaluation import edits
from imsearch.images import convert, decode
from imsearch.images.facts import NO_FACTS, PictureFacts
from imsearch.sources.digests import digest_of
from imsearch.verify import alignment, vision
from imsearch.verify.contents import Content
from imsearch.verify.cores import Cores
from imsearch.verify.features import COUNT, Appearance, Features, features_of_probe, unpack
from imsearch.verify.order import Verified, ordered
from imsearch.verify.pixels import coarse_agreement
from imsearch.verify.planes import SIDE
from imsearch.verify.proof import compare
from imsearch.verify.store import FeatureStore


@pytest.fixture(scope="module")
def originals() -> list[Image.Image]:
    """Photographs with something to see in them, all different."""
    folder = Path(__file__).parents[1] / "data" / "photos"
    paths = sorted(path for path in folder.rglob("*.jpg"))[:16]
    return [decode.decode(path.read_bytes()).image for path in paths]


@pytest.fixture(scope="module")
def photo(originals: list[Image.Image]) -> Image.Image:
    """The one with the most features."""
    return max(originals[:8], key=lambda image: len(features_in(image).points))


# Features


def test_features_are_of_the_picture_and_come_back_from_bytes(photo: Image.Image) -> None:
    features = features_in(photo)
    assert 50 < len(features.points) <= COUNT
    width, height = features.extent
    assert max(width, height) == pytest.approx(SIDE)
    assert np.all((features.points >= 0) & (features.points <= [width, height]))
    np.testing.assert_allclose(np.linalg.norm(features.descriptors / 255.0, axis=1), 1, atol=0.02)
    again = unpack(features.packed())
    assert isinstance(again, Features)
    np.testing.assert_array_equal(again.descriptors, features.descriptors)
    np.testing.assert_allclose(again.points, features.points, atol=0.005)
    np.testing.assert_array_equal(again.drawn().color, features.drawn().color)
    np.testing.assert_array_equal(again.half, features.half)
    np.testing.assert_array_equal(again.tiny, features.tiny)
    assert again.packed() == features.packed()


def test_an_appearance_comes_back_without_features(photo: Image.Image) -> None:
    facts = PictureFacts(camera="Maker Model", frames=2, luma_table=tuple(range(64)))
    appearance = appearance_in(photo, facts)
    again = unpack(appearance.packed())
    assert type(again) is Appearance
    assert again.facts == facts
    assert (again.width, again.height, again.compressed) == (photo.width, photo.height, appearance.compressed)


def test_mirrored_descriptors_are_those_of_mirrored_pixels(photo: Image.Image) -> None:
    grey = convert.grey(photo.resize((300, 300 * photo.height // photo.width)))
    _, _, plain = vision.detect(grey)
    _, _, mirrored = vision.detect(np.ascontiguousarray(grey[:, ::-1]))
    similar = (plain[:, alignment.MIRROR] / 255.0) @ (mirrored / 255.0).T
    assert np.median(similar.max(axis=1)) > 0.99
    assert np.median(((plain / 255.0) @ (mirrored / 255.0).T).max(axis=1)) < 0.95


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (40, 1), (700, 5)])
def test_pictures_with_nothing_in_them_are_compared_too(photo: Image.Image, size: tuple[int, int]) -> None:
    empty = Image.new("RGB", size, (200, 10, 10))
    assert proof_of(empty, photo).verdict == "similar"
    assert proof_of(photo, empty).verdict == "similar"
    assert proof_of(empty, empty).verdict == "similar"


# Alignments


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("quarters", range(4))
def test_whole_pictures_are_laid_on_each_other(photo: Image.Image, quarters: int, mirrored: bool) -> None:
    """The corners of the turned picture lie where those of the original were brought from."""
    turned = ImageOps.mirror(photo) if mirrored else photo
    turned = turned.rotate(90 * quarters, expand=True)
    probe, hit = features_in(turned), features_in(photo)
    (found,) = alignment.whole(probe, [hit], 0.8)
    assert found is not None
    assert coarse_agreement(probe, hit, found.matrix) > 0.95


@settings(max_examples=25, deadline=None)
@given(
    degrees=st.floats(0, 360),
    scale=st.floats(0.7, 1.5),
    mirrored=st.booleans(),
    left=st.floats(0, 0.3),
    top=st.floats(0, 0.3),
)
def test_the_transform_that_was_done_is_found(
    photo: Image.Image, degrees: float, scale: float, mirrored: bool, left: float, top: float
) -> None:
    """Against where the middle of a part that was cut out, turned and scaled was in the original."""
    x, y = round(left * photo.width), round(top * photo.height)
    box = (x, y, round(x + 0.7 * photo.width), round(y + 0.7 * photo.height))
    part = photo.crop(box)
    if mirrored:
        part = ImageOps.mirror(part)
    part = part.resize(
        (max(1, round(part.width * scale)), max(1, round(part.height * scale))), Image.Resampling.LANCZOS
    )
    turned = part.rotate(-degrees, Image.Resampling.BICUBIC, expand=True)  # Pillow turns counter-clockwise
    turned = ImageOps.fit(turned, (turned.width // 2, turned.height // 2), bleed=0.25)  # few black corners
    proof = proof_of(turned, photo)
    assert proof.verdict == "copy"
    assert proof.transform is not None
    assert proof.transform.mirrored == mirrored
    off = abs(proof.transform.turned - degrees) % 360
    assert min(off, 360 - off) < 1.5
    assert proof.transform.scale == pytest.approx(scale, rel=0.03)
    assert proof.probe_overlap > 0.95
    # The centre of the probe is the centre of the part.
    middle = np.array(proof.transform.matrix) @ [turned.width / 2, turned.height / 2, 1]
    expected = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]
    np.testing.assert_allclose(middle[:2] / middle[2], expected, atol=0.02 * max(photo.size))


def test_a_crop_tells_where_it_was(photo: Image.Image) -> None:
    width, height = photo.size
    box = (width // 4, height // 5, width // 4 + width // 2, height // 5 + height // 2)
    proof = proof_of(photo.crop(box), photo)
    assert proof.verdict == "copy"
    assert proof.probe_overlap > 0.97
    assert proof.hit_overlap == pytest.approx(0.25, abs=0.03)
    assert proof.quadrilateral is not None
    expected = [(box[0], box[1]), (box[2], box[1]), (box[2], box[3]), (box[0], box[3])]
    np.testing.assert_allclose(proof.quadrilateral, expected, atol=0.015 * max(photo.size))
    back = proof_of(photo, photo.crop(box))
    assert (back.verdict, back.hit_overlap > 0.97) == ("copy", True)
    assert back.probe_overlap == pytest.approx(0.25, abs=0.03)
    for x, y, there_x, there_y in proof.matches:
        assert (there_x, there_y) == pytest.approx((x + box[0], y + box[1]), abs=0.02 * max(photo.size))


def test_a_fold_is_no_view_of_a_picture() -> None:
    points = np.array([[0, 0], [100, 0], [100, 80], [0, 80]], np.float32)
    assert alignment.plausible(np.eye(3), points)
    assert alignment.plausible(np.diag([-1.0, 1.0, 1.0]), points)
    assert not alignment.plausible(np.array([[1, 0, 0], [0, 1, 0], [-0.02, 0, 1.0]]), points)  # through the horizon
    assert not alignment.plausible(np.diag([1.0, 0.1, 1.0]), points)
    assert not alignment.plausible(np.diag([0.01, 0.01, 1.0]), points)


# Verdicts


@pytest.mark.parametrize("edit", edits.EDITS)
def test_edited_copies_are_proven(originals: list[Image.Image], edit: str) -> None:
    found = [proof_of(edits.edited(image, edit, b"%d" % at), image) for at, image in enumerate(originals)]
    proven = sum(proof.verdict == "copy" for proof in found)
    assert proven >= {"crop20": 0.8}.get(edit, 0.9) * len(found)


@pytest.mark.parametrize("slant", [0.1, 0.2])
def test_pictures_seen_aslant_are_copies_and_photographed(originals: list[Image.Image], slant: float) -> None:
    """As when a print lies on a table: everything lies in one plane."""
    proven = []
    for original in originals:
        image = ImageOps.contain(original, (640, 640))
        width, height = image.size
        view = (1 + slant / 3, slant / 4, 0, slant / 5, 1 + slant / 2, 0, slant / 2 / width, 1.5 * slant / height)
        seen = image.transform(image.size, Image.Transform.PERSPECTIVE, view, Image.Resampling.BICUBIC, fillcolor="tan")
        proof = proof_of(seen, original)
        proven.append(proof.verdict == "copy")
        assert proof.photographed == (proof.verdict == "copy")
    assert np.mean(proven) >= 0.8


def test_a_scene_with_depth_seen_aslant_is_not_a_copy(photo: Image.Image) -> None:
    """Two halves that lie at other depths, each in a plane of its own."""
    image = ImageOps.contain(photo, (640, 640))
    width, height = image.size
    near, far = (
        image.transform(
            image.size,
            Image.Transform.PERSPECTIVE,
            (1.05, 0.06, shift, 0.05, 1.1, 0, 0.1 / width, 0.3 / height),
            Image.Resampling.BICUBIC,
        )
        for shift in (0, -6)
    )
    scene = near.copy()
    for left in range(0, width, 80):  # as trees before a wall
        scene.paste(far.crop((left, 0, left + 40, height)), (left, 0))
    proof = proof_of(scene, photo)
    assert proof.verdict == "similar"
    assert proof_of(near, photo).verdict == "copy"


def test_other_photographs_are_not_copies(originals: list[Image.Image]) -> None:
    features = [features_in(image) for image in originals]
    for at, image in enumerate(originals):
        others = [other for place, other in enumerate(features) if place != at]
        for comparison in compare(features_of_probe(probe_of(image)), others):
            assert comparison is None or not comparison.is_copy


def test_pixels_do_not_mind_light_and_hidden_parts_but_do_mind_another_picture(
    photo: Image.Image, originals: list[Image.Image]
) -> None:
    here = features_in(photo)
    darker = features_in(photo.point(lambda level: level * 0.6 + 20))
    assert coarse_agreement(darker, here, np.eye(3)) > 0.97
    hidden = photo.copy()
    hidden.paste((255, 255, 255), (0, 0, photo.width, photo.height // 3))
    assert coarse_agreement(features_in(hidden), here, np.eye(3)) > 0.97
    other = next(image for image in originals if image is not photo).resize(photo.size)
    assert coarse_agreement(features_in(other), here, np.eye(3)) < 0.5
    moved = np.array([[1, 0, 6.0], [0, 1, 6.0], [0, 0, 1]])
    assert coarse_agreement(here, here, moved) < 0.9 * coarse_agreement(here, here, np.eye(3))


# The library


@pytest.fixture
def cores() -> Iterator[Cores]:
    with contextlib.closing(Cores()) as opened:
        yield opened


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    with contextlib.closing(Cache(tmp_path, JUDGMENTS)) as opened:
        yield opened


@pytest.fixture
def store(tmp_path: Path, cores: Cores) -> Iterator[FeatureStore]:
    with contextlib.closing(FeatureStore(tmp_path, cores)) as opened:
        yield opened


def content(path: Path) -> Content:
    return Content(digest_of(path.read_bytes()), os.fsencode(path))


def test_features_are_read_once_and_cached(store: FeatureStore, album: Path) -> None:
    contents = [content(path) for path in sorted(album.iterdir())]
    first = store.features(contents)
    assert all(each is not None for each in first)
    shutil.rmtree(album)
    again = store.features(contents)
    assert [each and each.packed() for each in again] == [each and each.packed() for each in first]
    assert store.features([Content(b"unknown", b"/nowhere")]) == [None]


def test_a_file_that_has_changed_is_not_looked_at(store: FeatureStore, album: Path) -> None:
    one, other = sorted(album.iterdir())[:2]
    asked = content(one)
    shutil.copy(other, one)
    assert store.features([asked]) == [None]
    assert store.appearances([asked]) == [None]


def test_appearances_become_features_when_those_are_wanted(store: FeatureStore, album: Path) -> None:
    asked = [content(sorted(album.iterdir())[0])]
    (appearance,) = store.appearances(asked)
    (features,) = store.features(asked)
    assert type(appearance) is Appearance
    assert isinstance(features, Features)
    assert type(store.appearances(asked)[0]) is Features  # of which less is wanted now, and more is cached


def test_opencv_has_one_thread_while_pictures_are_compared_and_its_own_again_afterwards(cores: Cores) -> None:
    before = vision.threads()
    vision.set_threads(3)
    try:
        assert cores.compare(threads_of_opencv, range(4)) == [1] * 4
        assert cores.read(threads_of_opencv, range(4)) == [1] * 4
        with cores.comparing():
            assert cores.read(threads_of_opencv, range(4)) == [1] * 4
            assert vision.threads() == 1
        assert vision.threads() == 3
        with pytest.raises(ZeroDivisionError):
            cores.compare(divided_by, [1, 0])
        assert vision.threads() == 3
    finally:
        vision.set_threads(before)


def threads_of_opencv(_: int) -> int:
    return vision.threads()


def divided_by(number: int) -> float:
    return 1 / number


def test_the_judge_answers_each_pair(store: FeatureStore, cores: Cores, cache: Cache, album: Path) -> None:
    one, other = sorted(album.iterdir())[:2]
    with Image.open(one) as picture:
        picture.reduce(2).save(album / "half.png")
        part_of(picture).save(album / "part.png")
    contents = {path.name: content(path) for path in album.iterdir()}
    gone = Content(b"gone", b"/nowhere")
    judge = FeatureJudge(store, cores, cache)

    def ask(first: Content, second: Content, closely: bool) -> bool:
        (judgment,) = judge.judgments([PicturePair(first, second, closely)])
        return judgment.copy

    first = contents[one.name]
    assert ask(first, contents["half.png"], False)  # a whole picture
    assert ask(first, contents["part.png"], True)
    assert not ask(first, contents[other.name], True)
    assert not ask(first, gone, True)
    assert not ask(gone, first, False)
    pairs = [PicturePair(first, each, each.path != gone.path) for each in contents.values() if each != first]
    together = [judgment.copy for judgment in judge.judgments(pairs)]
    assert together == [ask(pair.first, pair.second, pair.closely) for pair in pairs]
    facts = judge.facts([first, gone])
    assert (facts[0].quality is not None, facts[1]) == (True, NO_FACTS)


def part_of(picture: Image.Image) -> Image.Image:
    """A part with two thirds of the sides."""
    width, height = picture.size
    return picture.crop((width // 5, height // 6, width * 5 // 6, height * 4 // 5))


def test_judgments_are_kept_until_a_pair_is_to_be_compared_closely(
    store: FeatureStore, cores: Cores, cache: Cache, album: Path
) -> None:
    one = sorted(album.iterdir())[0]
    with Image.open(one) as picture:
        part_of(picture).save(album / "part.png")
    as_wholes = PicturePair(content(one), content(album / "part.png"), closely=False)
    closely = PicturePair(as_wholes.first, as_wholes.second, closely=True)
    judge = FeatureJudge(store, cores, cache)
    assert [judgment.copy for judgment in judge.judgments([as_wholes])] == [False]
    (judgment,) = judge.judgments([closely])
    assert judgment.copy
    shutil.rmtree(album)
    again = FeatureJudge(store, cores, cache)
    assert list(again.judgments([as_wholes, closely])) == [judgment, judgment]


def test_hits_come_in_the_order_of_what_was_shown() -> None:
    identity = imsearch.Transform(False, 0.0, 1.0, ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)))
    verified = {
        "same": Verified(imsearch.Proof("exact", transform=identity)),
        "copy": Verified(imsearch.Proof("copy", inliers=20, transform=identity), 0.9),
        "better": Verified(imsearch.Proof("copy", inliers=20, transform=identity), 0.95),
        "aligned": Verified(imsearch.Proof("similar", inliers=30, transform=identity)),
        "chance": Verified(imsearch.Proof("similar", inliers=9)),
        "nothing": Verified(imsearch.Proof("similar")),
    }
    expected = ["/probe", "/other", "/better", "/copy", "/aligned", "/chance", "/nothing", "/first", "/second"]
    digests = {"/probe": "same", "/other": "same", "/first": "not compared", "/second": "not compared"}
    scores = {"/probe": 0.1, "/nothing": 0.2, "/chance": 0.3, "/first": 0.99, "/second": 0.99}
    hits = [
        imsearch.Hit(rank, path, digests.get(path, path[1:]), scores.get(path, 0.5), 4, 3, "jpeg", None)
        for rank, path in enumerate(sorted(expected), 1)
    ]
    found = ordered(hits, verified, "same", "/probe")
    assert [hit.path for hit in found] == expected
    assert [hit.rank for hit in found] == list(range(1, 10))
    assert [hit.proof for hit in found[-2:]] == [None, None]
    assert all(hit.proof == verified[hit.digest].proof for hit in found[:-2])


def test_a_query_puts_the_same_picture_first_then_copies(library: imsearch.Library, album: Path) -> None:
    original = sorted(album.iterdir())[0]
    with Image.open(original) as picture:
        picture.save(album / "pixels.png")
        ImageOps.mirror(picture).save(album / "mirrored.jpg", quality=80)
    library.index(album)
    hits = library.query(original, k=14, verify=True)
    proofs = {Path(hit.path).name: hit.proof for hit in hits}
    assert [Path(hit.path) for hit in hits[:3]] == [original, album / "pixels.png", album / "mirrored.jpg"]
    assert [hit.proof.verdict for hit in hits[:3] if hit.proof] == ["exact", "exact", "copy"]
    assert all(proof is not None and proof.verdict == "similar" for proof in list(proofs.values())[3:])
    assert len(hits) == 14
    assert [hit.rank for hit in hits] == list(range(1, 15))
    turned = proofs["mirrored.jpg"]
    assert turned is not None
    assert turned.transform is not None
    assert turned.transform.mirrored
    assert turned.transform.turned == pytest.approx(0, abs=1)
    plain = {hit.path: hit.score for hit in library.query(original, k=14)}
    for hit in hits:
        assert hit.score == pytest.approx(plain[hit.path], abs=1e-5)


def test_a_verified_query_keeps_to_filters_crops_and_scores(library: imsearch.Library, album: Path) -> None:
    original = sorted(album.iterdir())[0]
    with Image.open(original) as picture:
        picture.save(album / "pixels.png")
    library.index(album)
    (hit,) = library.query(original, verify=True, filters=imsearch.Filters(formats=("png",)))
    assert (Path(hit.path).name, hit.proof and hit.proof.verdict) == ("pixels.png", "exact")
    best = library.query(original, verify=True, crop="20%,20%,60%,60%")[0]
    assert Path(best.path) in (original, album / "pixels.png")
    assert best.proof is not None
    assert (best.proof.verdict, round(best.proof.hit_overlap, 1)) == ("copy", 0.4)
    assert all(hit.score >= 0.9 for hit in library.query(original, verify=True, min_score=0.9))
    assert all(hit.proof is None for hit in library.query(original))
    assert library.info().cache_bytes > sum(path.stat().st_size for path in library.path.glob("candidates-*"))
    os.remove(album / "pixels.png")
    after = library.query(sorted(album.iterdir())[1], k=13, verify=True)  # a file that is gone costs its proof alone
    assert len(after) == 13


def test_a_probe_that_cannot_be_had_costs_only_its_own_answer(library: imsearch.Library, indexed_album: Path) -> None:
    good = sorted(indexed_album.iterdir())[0]
    bad, right = library.query_many(["/no/such.jpg", good], verify=True)
    assert isinstance(bad.error, imsearch.ProbeError)
    assert Path(right.hits[0].path) == good
