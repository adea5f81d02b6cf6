"""Errors as problem documents (RFC 9457)."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from imsearch.errors import (
    DiskFullError,
    ImsearchError,
    LibraryLockedError,
    LibraryNotFoundError,
    NotInGroupError,
    OnePictureError,
    OutOfReachError,
    PictureError,
    ProbeError,
    UnknownGroupError,
    UnknownPictureError,
    UsageError,
)
from imsearch.formatting.wording import printable

MEDIA_TYPE = "application/problem+json"

_BY_STATUS: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: "unauthorized",
    HTTPStatus.FORBIDDEN: "forbidden",
    HTTPStatus.NOT_FOUND: "not-found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method-not-allowed",
    HTTPStatus.REQUEST_TIMEOUT: "too-slow",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too-large",
    HTTPStatus.SERVICE_UNAVAILABLE: "busy",
}

_OF_ERRORS: tuple[tuple[type[ImsearchError], str, HTTPStatus], ...] = (
    (UsageError, "invalid", HTTPStatus.UNPROCESSABLE_ENTITY),
    (ProbeError, "probe", HTTPStatus.UNPROCESSABLE_ENTITY),
    (PictureError, "probe", HTTPStatus.UNPROCESSABLE_ENTITY),
    (UnknownPictureError, "no-such-picture", HTTPStatus.NOT_FOUND),
    (OutOfReachError, "gone", HTTPStatus.GONE),
    (UnknownGroupError, "no-such-group", HTTPStatus.NOT_FOUND),
    (NotInGroupError, "no-such-file", HTTPStatus.NOT_FOUND),
    (OnePictureError, "invalid", HTTPStatus.CONFLICT),
    (LibraryNotFoundError, "empty-library", HTTPStatus.CONFLICT),
    (LibraryLockedError, "locked", HTTPStatus.CONFLICT),
    (DiskFullError, "failed", HTTPStatus.INSUFFICIENT_STORAGE),
    (ImsearchError, "failed", HTTPStatus.INTERNAL_SERVER_ERROR),
)


class ProblemError(Exception):
    """An error that has its own name and status."""

    def __init__(
        self, name: str, status: int, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any
    ) -> None:
        super().__init__(detail)
        self.name = name
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})
        self.members = members


def document(name: str, status: int, detail: str, **members: Any) -> dict[str, Any]:
    """A problem document; ``detail`` is for people."""
    return {
        "type": f"urn:imsearch:problem:{name}",
        "title": name.replace("-", " ").capitalize(),
        "status": int(status),
        "detail": printable(detail),
        **members,
    }


def problem_of(exc: Exception) -> ProblemError:
    """What an exception is to whoever asked. One that nobody foresaw tells nothing of itself."""
    if isinstance(exc, ProblemError):
        return exc
    if isinstance(exc, HTTPException):
        name = _BY_STATUS.get(exc.status_code, "invalid")
        return ProblemError(name, exc.status_code, str(exc.detail), headers=exc.headers)
    for kind, name, status in _OF_ERRORS:
        if isinstance(exc, kind):
            return ProblemError(name, status, str(exc))
    return ProblemError("failed", HTTPStatus.INTERNAL_SERVER_ERROR, "the server failed; its log says why")


class ProblemDocument(BaseModel):
    """A problem document (RFC 9457); ``type`` is what programs go by, ``detail`` is for people."""

    model_config = {
        "extra": "allow",
        "json_schema_extra": {
            "examples": [document("probe", HTTPStatus.UNPROCESSABLE_ENTITY, "the picture cannot be used: truncated")]
        },
    }

    type: str
    title: str
    status: int
    detail: str


_SCHEMA = ProblemDocument.model_json_schema()


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Problem documents with these statuses, for the description of a route."""
    return {
        int(status): {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": _SCHEMA}}}
        for status in statuses
    }


def response(exc: Exception) -> JSONResponse:
    """A problem document as an answer."""
    problem = problem_of(exc)
    return JSONResponse(
        document(problem.name, problem.status, problem.detail, **problem.members),
        problem.status,
        problem.headers,
        MEDIA_TYPE,
    )


def install(app: FastAPI) -> None:
    """Have an app answer with problem documents only."""

    @app.exception_handler(ProblemError)
    @app.exception_handler(HTTPException)
    @app.exception_handler(ImsearchError)
    @app.exception_handler(Exception)
    async def on_error(request: Request, exc: Exception) -> JSONResponse:
        return response(exc)

    @app.exception_handler(RequestValidationError)
    async def on_invalid(request: Request, exc: RequestValidationError) -> JSONResponse:
        errors = [
            {"where": ".".join(map(str, error["loc"])), "message": printable(str(error["msg"]))}
            for error in exc.errors()
        ]
        detail = "; ".join(f"{error['where']}: {error['message']}" for error in errors)
        return response(ProblemError("invalid", HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors=errors))
