"""The choice of the model that a library is used with, and the engines that run it."""

from imsearch.backends.backend import Backend
from imsearch.catalog.space import VectorSpace
from imsearch.models import names
from imsearch.models.embedders import Embedders
from imsearch.models.model import Embedder
from imsearch.models.reference import Reference
from imsearch.types.listeners import Listener
from imsearch.types.options import Tuning


class ModelChoice:
    """The model named when the library was opened, else that of its first vector space, else the default model.

    Engines compute in the precision of the library's vectors of that model, if it has any. Nothing is loaded, or even
    looked for, before one of the ``for_...`` methods is called; these raise what
    `imsearch.models.opening.open_embedder` raises.
    """

    def __init__(self, backend: Backend, embedders: Embedders, model: str | None) -> None:
        self._backend = backend
        self._embedders = embedders
        self._named = None if model is None else names.parse(model)

    def name(self) -> str:
        """The name of the model."""
        if self._named is not None:
            return self._named.name
        spaces = self._backend.catalog().spaces() if self._backend.exists() else []
        return spaces[0].model if spaces else names.DEFAULT_MODEL

    def reference(self) -> Reference:
        """The parsed name of the model. Raises `UnknownModelError`."""
        return self._named or names.parse(self.name())

    def space(self) -> VectorSpace | None:
        """The vector space of the model, if the library has one."""
        return self._backend.catalog().space(self.name()) if self._backend.exists() else None

    def for_queries(self) -> Embedder:
        """The engine for queries: for single pictures, from many threads."""
        return self._embedders.for_queries(self.reference(), self._precision())

    def for_indexing(self, tuning: Tuning, listener: Listener) -> Embedder:
        """The engine for index runs: for very many pictures."""
        return self._embedders.for_indexing(self.reference(), self._precision(), tuning, listener)

    def for_activity(self, tuning: Tuning, listener: Listener) -> Embedder:
        """The engine by whose output regions are chosen."""
        return self._embedders.for_activity(self.reference(), self._precision(), tuning, listener)

    def _precision(self) -> str | None:
        space = self.space()
        return None if space is None else space.precision
