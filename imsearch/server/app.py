"""The web application: routes, what guards them, and the page."""

from importlib import resources

from fastapi import FastAPI
from starlette.responses import FileResponse
from starlette.staticfiles import StaticFiles

import imsearch
from imsearch.library import Library
from imsearch.server import pictures, problems, queries
from imsearch.server.served import Served
from imsearch.server.settings import Settings

PAGE = resources.files("imsearch.server") / "page"


def create_app(library: Library, settings: Settings | None = None) -> FastAPI:
    """The HTTP API and the page over ``library``, to be run by an ASGI server.

    The library stays the caller's to close, after the app.
    """
    app = FastAPI(
        title="imsearch",
        version=imsearch.__version__,
        summary="Reverse image search over your own folders",
        openapi_url="/v1/openapi.json",
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
    )
    app.state.served = Served(library, settings or Settings())
    app.state.gate = queries.Gate(app.state.served.settings.max_waiting)
    problems.install(app)
    app.include_router(queries.router)
    app.include_router(pictures.router)

    @app.get("/healthz", tags=["running"])
    def health() -> dict[str, str]:
        """Whether the server is up."""
        return {"status": "ok"}

    @app.get("/", include_in_schema=False)
    def page() -> FileResponse:
        return FileResponse(str(PAGE / "index.html"))

    app.mount("/page", StaticFiles(directory=str(PAGE)))
    return app
