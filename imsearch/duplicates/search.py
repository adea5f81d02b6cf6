"""A search for duplicates in a library, with all that it needs."""

from imsearch.backends.backend import Backend
from imsearch.catalog.space import VectorSpace
from imsearch.duplicates.find import FindDuplicates
from imsearch.duplicates.hashing import complete_hashes
from imsearch.duplicates.judge import FeatureJudge
from imsearch.duplicates.known_pairs import KnownPairs
from imsearch.duplicates.protect import protecting
from imsearch.types.duplicates import DuplicateGroup
from imsearch.types.listeners import Listener
from imsearch.types.options import DuplicateOptions
from imsearch.vectors.hash_index import ContentHashes
from imsearch.vectors.index import VectorIndex
from imsearch.verify.opening import Verification


def find_duplicates(
    backend: Backend,
    space: VectorSpace,
    index: VectorIndex,
    verification: Verification,
    options: DuplicateOptions,
    listener: Listener,
) -> list[DuplicateGroup]:
    """The groups of copies, versions and, where asked for, series among the pictures of a vector space.

    Missing perceptual hashes are computed first, if pairs are looked for at all. Raises what `FindDuplicates` raises.
    """
    judge = FeatureJudge.of(verification)
    pairs_wanted = judge is not None or options.series
    hashes = complete_hashes(backend, listener) if pairs_wanted else ContentHashes.of({})
    known = KnownPairs(backend.folder)
    search = FindDuplicates(backend.catalog(), space, index, known, hashes, judge, options, listener)
    return protecting(search.run(), options.protect)
