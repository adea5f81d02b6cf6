"""A search for duplicates in a library, with all that it needs."""

from imsearch.backends.backend import Backend
from imsearch.catalog.space import VectorSpace
from imsearch.duplicates.find import FindDuplicates
from imsearch.duplicates.hashing import complete_hashes
from imsearch.duplicates.judge import FeatureJudge
from imsearch.duplicates.known_pairs import KnownPairs
from imsearch.duplicates.proposals import Proposals
from imsearch.duplicates.protect import protecting
from imsearch.duplicates.word_pairs import complete_descriptions
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

    Missing perceptual hashes and descriptions are made first, where they are needed. Raises what `FindDuplicates`
    raises.
    """
    catalog = backend.catalog()
    digests = dict(catalog.digests())
    judge = FeatureJudge.of(verification)
    wanted = judge is not None or options.series
    hashes = complete_hashes(backend, listener) if wanted else ContentHashes.of({})
    words = None if judge is None else verification.verifier().words
    descriptions = {} if words is None else complete_descriptions(catalog, digests, words, listener)
    proposals = Proposals(digests, space, index, hashes, descriptions, KnownPairs(backend.folder), listener)
    search = FindDuplicates(catalog, proposals, judge, options, listener)
    return protecting(search.run(), options.protect)
