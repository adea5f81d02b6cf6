"""The engines of one library: one for queries, others for index runs."""

import threading
from dataclasses import replace

from imsearch.errors import UsageError
from imsearch.models import names
from imsearch.models.batching import BatchingEmbedder
from imsearch.models.model import Embedder
from imsearch.models.opening import open_embedder
from imsearch.models.reference import Reference
from imsearch.types.listeners import Listener, ignore
from imsearch.types.options import DEFAULT_TUNING, Tuning


class Embedders:
    """Opens engines for the models of a library and keeps the opened ones. Safe to use from several threads.

    ``device`` is where models run; None chooses automatically. In all methods ``precision`` is that of the library's
    vectors of the model, None where it has none yet. Methods that open engines raise what
    `imsearch.models.opening.open_embedder` raises.
    """

    def __init__(self, device: str | None) -> None:
        self.device = device
        self._lock = threading.Lock()
        self._for_queries: BatchingEmbedder | None = None
        self._for_runs: dict[tuple[str, Tuning], Embedder] = {}

    @property
    def embedded(self) -> tuple[int, int]:
        """How many pictures have been embedded for queries, and in how many batches."""
        embedder = self._for_queries
        return (0, 0) if embedder is None else (embedder.pictures, embedder.batches)

    def for_queries(self, reference: Reference, precision: str | None) -> BatchingEmbedder:
        """The engine for queries. It runs on the CPU unless a device was named, as the CPU embeds a single picture
        before an accelerator has even started."""
        with self._lock:
            found = self._for_queries
            stale = found is not None and precision not in (None, found.precision)  # opened before there were vectors
            if found is None or stale:
                tuning = replace(DEFAULT_TUNING, precision=precision)
                opened = open_embedder(reference, self.device or "cpu", tuning)
                found = self._for_queries = BatchingEmbedder(opened)
            return found

    def for_indexing(
        self, reference: Reference, precision: str | None, tuning: Tuning, listener: Listener = ignore
    ) -> Embedder:
        """The engine for index runs, which embed very many pictures. Raises `UsageError` where ``tuning`` names a
        precision that this machine does not have."""
        chosen = tuning if precision is None else replace(tuning, precision=precision)
        key = reference.name, chosen
        if key not in self._for_runs:
            opened = open_embedder(reference, self.device, chosen, bulk=True, listener=listener)
            if precision is None and tuning.precision not in (None, opened.precision):
                raise UsageError(
                    f"'{reference.name}' runs in {opened.precision} on this machine, not in {tuning.precision}",
                    argument="precision",
                    value=tuning.precision,
                    choices=[opened.precision],
                )
            self._for_runs = {at: each for at, each in self._for_runs.items() if at[1] == chosen} | {key: opened}
        return self._for_runs[key]

    def for_activity(
        self, reference: Reference, precision: str | None, tuning: Tuning, listener: Listener = ignore
    ) -> Embedder:
        """The engine for index runs that gives the activity of the network, by which regions are chosen."""
        return self.for_indexing(names.activity_of(reference), precision, tuning, listener)

    def close(self) -> None:
        """Release all engines."""
        with self._lock:
            self._for_queries = None
            self._for_runs = {}
