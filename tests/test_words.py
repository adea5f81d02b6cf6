"""Visual words: the same for mirrored features, counted as plain counting does, made once, and the pairs that they
propose."""

import contextlib
import math
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from comparing import features_in
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageOps

import imsearch
from imsearch.backends import open_backend
from imsearch.duplicates import word_pairs as pairing
from imsearch.duplicates.word_pairs import complete_descriptions, word_pairs
from imsearch.images.facts import NO_FACTS, PictureFacts
from imsearch.sources.digests import digest_of
from imsearch.types.events import Described, Event
from imsearch.types.listeners import ignore
from imsearch.vectors import word_index
from imsearch.vectors.word_index import ContentWords, SharedWords, WordIndex
from imsearch.verify.alignment import MIRROR
from imsearch.verify.verifier import Verifier
from imsearch.verify.words import Description, words_of

Words = dict[int, set[int]]


def words_in(image: Image.Image) -> set[int]:
    return set(words_of(features_in(image).descriptors).tolist())


def test_mirrored_descriptors_have_the_same_words() -> None:
    descriptors = np.random.default_rng(3).integers(0, 120, (300, 128), np.uint8)
    words = words_of(descriptors)
    assert words.dtype == np.int32
    assert np.array_equal(words, np.unique(words))
    assert np.array_equal(words, words_of(descriptors[:, MIRROR]))
    assert words_of(descriptors[:0]).tolist() == []


def test_copies_share_more_words_than_other_pictures(photos: list[Path]) -> None:
    """A copy shares more with its original than with any other picture, as far as that one has features."""
    pictures = [Image.open(path).convert("RGB") for path in photos]
    words = [words_in(picture) for picture in pictures]
    assert sum(len(own) > 50 for own in words) > 12
    for at, (picture, own) in enumerate(zip(pictures, words, strict=True)):
        width, height = picture.size
        part = picture.crop((width // 5, height // 5, width * 4 // 5, height * 4 // 5))
        covered = picture.copy()
        ImageDraw.Draw(covered).rectangle((0, height * 4 // 5, width, height), fill=(0, 0, 0))
        for copy in (ImageOps.mirror(picture), picture.rotate(90, expand=True), picture.reduce(2), part, covered):
            shared = [len(words_in(copy) & each) for each in words]
            assert int(np.argmax(shared)) == at or len(own) <= 50


# The inverted file

some_words = st.dictionaries(st.integers(1, 60), st.sets(st.integers(0, 30), max_size=12), max_size=12)


def content_words(words: Words) -> ContentWords:
    return ContentWords.of({content: np.array(sorted(each), np.int32) for content, each in words.items()})


def score(one: set[int], other: set[int], words: Words) -> float:
    """How much two pictures share, by plain counting."""
    owners = {word: sum(word in each for each in words.values()) for word in one & other}
    return sum(math.log1p(len(words) / count) / math.log1p(len(words)) for count in owners.values())


def pages(found: Iterator[SharedWords]) -> dict[int, list[tuple[int, float]]]:
    shared: dict[int, list[tuple[int, float]]] = {}
    for page in found:
        for content, other, value in zip(page.contents, page.others, page.scores, strict=True):
            shared.setdefault(int(content), []).append((int(other), float(value)))
    return shared


@given(some_words, st.integers(1, 5), st.integers(1, 40))
def test_the_others_that_share_most_are_those_of_plain_counting(words: Words, k: int, at_once: int) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(word_index, "SCORES_AT_ONCE", at_once)
        found = pages(WordIndex(content_words(words)).sharing(k))
    for content, own in words.items():
        plain = {other: score(own, each, words) for other, each in words.items() if other != content}
        best = sorted((value for value in plain.values() if value > 1e-6), reverse=True)[:k]
        got = found.get(content, [])
        assert [value for _, value in got] == pytest.approx(best, abs=1e-5)
        assert all(plain[other] == pytest.approx(value, abs=1e-5) for other, value in got)
        assert len({other for other, _ in got}) == len(got)


@given(some_words, st.sets(st.integers(1, 60)))
def test_only_the_pairs_of_new_pictures_are_searched_for(words: Words, new: set[int]) -> None:
    known = content_words(words)
    everything = set(word_pairs(known, known.contents, k=12).pairs())
    found = set(word_pairs(known, np.array(sorted(new), np.int64), k=12).pairs())
    assert {pair[:2] for pair in found} == {pair[:2] for pair in everything if new & set(pair[:2])}


# Making them


@pytest.fixture
def verifier(tmp_path: Path) -> Iterator[Verifier]:
    with contextlib.closing(Verifier(tmp_path)) as opened:
        yield opened


def test_words_are_made_once_and_in_time_where_files_can_be_read(
    verifier: Verifier, library: imsearch.Library, indexed_album: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pairing, "BATCH", 5)
    unread = sorted(indexed_album.iterdir())[0]
    digest = digest_of(unread.read_bytes())
    kept = unread.rename(unread.with_suffix(".away"))
    with contextlib.closing(open_backend(library.path)) as backend:
        catalog = backend.catalog()
        digests = dict(catalog.digests())
        events: list[Event] = []
        first = complete_descriptions(catalog, digests, verifier.words, events.append)
        assert events == [Described(done, 12) for done in (5, 10, 12)]
        assert {digests[content] for content in first} == set(digests.values()) - {digest}
        kept.rename(unread)
        again = complete_descriptions(catalog, digests, verifier.words, events.append)
        assert events[3:] == [Described(1, 1)]
        assert again.keys() == digests.keys()
        shutil.rmtree(indexed_album)
        last = complete_descriptions(catalog, digests, verifier.words, ignore)
    assert all(np.array_equal(last[content].words, each.words) for content, each in again.items())
    assert [each.standing for each in last.values()] == [each.standing for each in again.values()]


def test_what_a_camera_wrote_and_what_has_colors_is_more_of_an_original(photos: list[Path]) -> None:
    for path in photos[:6]:
        picture = Image.open(path).convert("RGB")
        grey, camera, edited = (
            ImageOps.grayscale(picture).convert("RGB"),
            PictureFacts(camera="Maker"),
            PictureFacts(camera="Maker", edited_with="Editor"),
        )
        stood = [
            Description.of(features_in(image, facts)).standing
            for image, facts in (
                (grey, edited),
                (grey, NO_FACTS),
                (picture, NO_FACTS),
                (grey, camera),
                (picture, camera),
            )
        ]
        assert stood == [0, 0, 1, 2, 3]
