"""The target of a query: a vector space, its vector index, and the model that made its vectors."""

from dataclasses import dataclass

from imsearch.backends.backend import Backend
from imsearch.backends.choice import ModelChoice
from imsearch.catalog.space import VectorSpace
from imsearch.errors import LibraryNotFoundError, VectorSpaceNotFoundError
from imsearch.models.compiled import CompiledModels
from imsearch.models.model import Embedder
from imsearch.types.preprocessing import Preprocessing
from imsearch.vectors.index import VectorIndex


@dataclass(frozen=True, slots=True)
class SearchTarget:
    """A vector space, its vector index and its model: everything that a search needs.

    ``backend`` is where the library lives.
    """

    space: VectorSpace
    index: VectorIndex
    model: ModelChoice
    backend: Backend

    @classmethod
    def of(cls, backend: Backend, model: ModelChoice) -> "SearchTarget":
        """The target for a model. Raises `LibraryNotFoundError`, and `VectorSpaceNotFoundError` where the library has
        no vectors of it."""
        catalog, name = backend.catalog(), model.name()
        space = catalog.space(name)
        if space is not None:
            return cls(space, backend.vector_index(space), model, backend)
        others = [each.model for each in catalog.spaces()]
        if not others:
            raise LibraryNotFoundError(
                f"the library at {backend.address} is empty", library=backend.address, empty=True
            )
        raise VectorSpaceNotFoundError(
            f"this library has no vectors of '{name}', only of {', '.join(map(repr, others))}",
            model=name,
            available=others,
        )

    def embedder(self) -> Embedder:
        """The engine for queries. Raises `ModelMismatchError` where the model is not the one that made the vectors."""
        embedder = self.model.for_queries()
        self.space.check(embedder.model.name, embedder.model.fingerprint)
        return embedder

    def preprocessing(self) -> Preprocessing | None:
        """The model's preprocessing; None if the model has not been compiled yet, so that it must be loaded first."""
        compiled = CompiledModels.of_user().find(self.model.reference())
        return None if compiled is None else compiled.model.preprocessing
