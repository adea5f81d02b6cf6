"""Options as values, and the keyword arguments that stand for them."""

import dataclasses
from pathlib import Path
from typing import get_type_hints

import pytest

import imsearch
from imsearch.types.options import DuplicateKeywords, IndexKeywords, QueryKeywords


@pytest.mark.parametrize(
    ("options", "keywords", "besides"),
    [
        (imsearch.IndexOptions, IndexKeywords, set()),
        (imsearch.QueryOptions, QueryKeywords, {"k"}),
        (imsearch.DuplicateOptions, DuplicateKeywords, {"under"}),
    ],
)
def test_keywords_are_the_fields_of_their_options(options: type, keywords: type, besides: set[str]) -> None:
    fields = {field.name for field in dataclasses.fields(options) if field.init}
    assert fields == set(get_type_hints(keywords)) | besides


def test_options_are_checked_when_they_are_made() -> None:
    for make, argument in (
        (lambda: imsearch.QueryOptions(k=0), "k"),
        (lambda: imsearch.QueryOptions.of(crop="nonsense"), "crop"),
        (lambda: imsearch.IndexOptions(precision="int8"), "precision"),
        (lambda: imsearch.IndexOptions(batch_size=0), "batch_size"),
        (lambda: imsearch.IndexOptions(threads=-1), "threads"),
    ):
        with pytest.raises(imsearch.UsageError) as told:
            make()
        assert told.value.argument == argument


def test_a_value_does_what_its_keywords_do(library: imsearch.Library, indexed_album: Path, stripes: bytes) -> None:
    keywords = library.query(stripes, 3, crop="10%,10%,50%,50%", min_score=-1.0)
    options = imsearch.QueryOptions.of(3, "10%,10%,50%,50%", -1.0)
    (answer,) = library.query_many([stripes], options=options)
    assert answer.hits == keywords
    (indexed_album / "new.jpg").write_bytes(stripes)
    assert library.index(indexed_album, options=imsearch.IndexOptions(exclude=["new*"])).added == 0
    assert library.index(indexed_album, exclude=["other*"]).added == 1
    (indexed_album / "same.jpg").write_bytes(stripes)
    library.index(indexed_album)
    named = imsearch.DuplicateOptions(under=indexed_album / "same.jpg", keep=["oldest"])
    assert library.duplicates(options=named) == library.duplicates(indexed_album / "same.jpg", keep=["oldest"])
