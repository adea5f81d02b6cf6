"""The gate for queries: how many wait and how many are answered at a time."""

from anyio import CapacityLimiter, to_thread
from starlette.datastructures import UploadFile

from imsearch.library import Library
from imsearch.server.parameters import QueryParameters
from imsearch.server.problems import ProblemError
from imsearch.server.schemas.answers import QueryAnswer
from imsearch.types.probes import Indexed, Url

THREADS = 32
"""The most plain queries that are answered at a time, in a thread each."""

PREVIEW_SIDE = 640


class Gate:
    """Answers queries by a library: plain queries in parallel, verified ones one at a time, as each uses all cores.

    At most ``max_waiting`` queries wait or run at the same time.
    """

    def __init__(self, library: Library, max_waiting: int) -> None:
        self._library = library
        self._max_waiting = max_waiting
        self._inside = 0
        self._plain = CapacityLimiter(THREADS)
        self._verified = CapacityLimiter(1)

    async def answer(self, probe: UploadFile | Url | Indexed, parameters: QueryParameters) -> QueryAnswer:
        """The library's answer to a probe. It waits for its turn; an upload is read only then.

        Raises `ProblemError` where too many queries wait already, and what `Library.query` raises.
        """
        if self._inside >= self._max_waiting:
            raise ProblemError(
                "busy", 503, "too many queries at a time: ask again in a moment", headers={"Retry-After": "1"}
            )
        self._inside += 1
        try:
            limiter = self._verified if parameters.verify else self._plain
            return await to_thread.run_sync(self._answer, probe, parameters, limiter=limiter)
        finally:
            self._inside -= 1

    def _answer(self, asked: UploadFile | Url | Indexed, parameters: QueryParameters) -> QueryAnswer:
        probe = self._read(asked)
        (answer,) = self._library.query_many([probe], options=parameters.options())
        if answer.error is not None:
            raise answer.error
        preview = None
        if parameters.preview and isinstance(probe, bytes):
            preview = self._library.probes.preview(probe, PREVIEW_SIDE)
        return QueryAnswer.of(answer, self._library.model, preview)

    def _read(self, asked: UploadFile | Url | Indexed) -> bytes | Indexed:
        """The bytes of a probe, read once for the query and its preview; an indexed picture stays as it is."""
        match asked:
            case UploadFile():
                return asked.file.read()
            case Url():
                return self._library.probes.fetch(asked)
            case Indexed():
                return asked
