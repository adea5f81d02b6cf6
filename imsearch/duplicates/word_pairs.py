"""Pairs of pictures that share visual words: copies that were cropped, covered in part, or put into another picture."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from imsearch.catalog.reader import CatalogReader
from imsearch.duplicates.files import content_of, files_by_content
from imsearch.duplicates.pairs import NearPairs, united
from imsearch.types.events import Described
from imsearch.types.listeners import Listener
from imsearch.vectors.word_index import ContentWords, WordIndex

if TYPE_CHECKING:
    from imsearch.verify.word_store import WordStore
    from imsearch.verify.words import Description

NEIGHBORS = 5
"""How many partners each picture gets: the ones that share most words with it. docs/duplicates.md says what that finds
and costs."""

BATCH = 256
"""Pictures that are described together."""


def complete_descriptions(
    catalog: CatalogReader, digests: Mapping[int, bytes], store: "WordStore", listener: Listener
) -> dict[int, "Description"]:
    """The descriptions of contents, by their ids, as ``digests`` are: what is not known is made of files.

    Contents without a readable file are left out. The listener gets a `Described` event for each batch.
    """
    known = store.known(digests.values())
    missing = [content for content, digest in digests.items() if digest not in known]
    for begin in range(0, len(missing), BATCH):
        files = files_by_content(catalog, missing[begin : begin + BATCH])
        known |= store.made([content_of(held) for held in files.values()])
        listener(Described(min(begin + BATCH, len(missing)), len(missing)))
    return {content: known[digest] for content, digest in digests.items() if digest in known}


def word_pairs(words: ContentWords, of: NDArray[np.int64], *, k: int = NEIGHBORS) -> NearPairs:
    """Pairs of contents, one of which is among the ``k`` that share most words with the other; only those of the
    contents ``of`` are searched for, int64 (n,). The score is that of `WordIndex.sharing`."""
    wanted = np.isin(words.contents, of)
    found = WordIndex(words).sharing(k, wanted) if wanted.any() else []
    return united([NearPairs(page.contents, page.others, page.scores) for page in found])
