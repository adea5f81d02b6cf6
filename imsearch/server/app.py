"""The web application: the routes, the middleware around them, and the page."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import resources

from anyio import to_thread
from fastapi import FastAPI
from starlette.responses import FileResponse
from starlette.staticfiles import StaticFiles

import imsearch
from imsearch.errors import UsageError
from imsearch.library import Library
from imsearch.server import problems
from imsearch.server.gate import Gate
from imsearch.server.middleware.access import AccessLog
from imsearch.server.middleware.guard import Guard
from imsearch.server.middleware.headers import SecurityHeaders
from imsearch.server.middleware.last_resort import LastResort
from imsearch.server.middleware.metrics import Metrics, metrics_router
from imsearch.server.routes import duplicates, pictures, queries, runs, session
from imsearch.server.served import Served
from imsearch.server.settings import Settings

PAGE = resources.files("imsearch.server") / "web"


def create_app(library: Library, settings: Settings | None = None) -> FastAPI:
    """The HTTP API and the page over ``library``, as an app for an ASGI server.

    The library must be opened with a policy for the probes of strangers, such as `imsearch.STRANGERS`. The caller must
    close it, after the app has ended.

    Raises `UsageError` for a library whose policy allows web addresses of this computer and its network: clients could
    reach those through it.
    """
    if library.probes.policy.addresses == "any":
        raise UsageError("a library must be opened with a policy for the probes of strangers to be served")
    app = FastAPI(
        title="imsearch",
        version=imsearch.__version__,
        summary="Reverse image search over your own folders",
        openapi_url="/v1/openapi.json",
        docs_url=None,  # FastAPI's page for it would load scripts from other sites
        redoc_url=None,
        lifespan=_lifespan,
    )
    settings = settings or Settings()
    app.state.served = Served(library, settings)
    app.state.gate = Gate(library, settings.max_waiting)
    app.state.runs = runs.Runs(library)
    problems.install(app)
    _guard(app, library, settings)
    app.include_router(session.router)
    app.include_router(queries.router)
    app.include_router(pictures.router)
    app.include_router(runs.router)
    app.include_router(duplicates.router)

    @app.get("/healthz", summary="Whether the server is up", tags=["running"])
    def health() -> dict[str, str]:
        """Whether the server is up."""
        return {"status": "ok"}

    @app.get("/", include_in_schema=False)
    def page() -> FileResponse:
        return FileResponse(str(PAGE / "index.html"))

    app.mount("/page", StaticFiles(directory=str(PAGE)))
    return app


def _guard(app: FastAPI, library: Library, settings: Settings) -> None:
    """Put the middleware around the routes."""
    metrics = Metrics(library)
    app.include_router(metrics_router(metrics))
    app.add_middleware(Guard, settings=settings)  # the last one added is the outermost
    app.add_middleware(LastResort)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(AccessLog, metrics=metrics)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    await to_thread.run_sync(app.state.runs.close)
