"""Errors as problem documents (RFC 9457), the form in which clients get them."""

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
    IndexedPictureError,
    LibraryLockedError,
    LibraryNotFoundError,
    ModelError,
    NothingKeptError,
    NotInGroupError,
    OnePictureError,
    OutOfReachError,
    PictureError,
    ProbeError,
    UnknownGroupError,
    UnknownPictureError,
    UsageError,
    VectorSpaceNotFoundError,
)
from imsearch.formatting.wording import printable
from imsearch.server import hints

MEDIA_TYPE = "application/problem+json"

_NAMES_BY_STATUS: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: "unauthorized",
    HTTPStatus.FORBIDDEN: "forbidden",
    HTTPStatus.NOT_FOUND: "not-found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method-not-allowed",
    HTTPStatus.REQUEST_TIMEOUT: "too-slow",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too-large",
    HTTPStatus.SERVICE_UNAVAILABLE: "busy",
}

_NAMES_BY_ERROR: tuple[tuple[type[ImsearchError], str, HTTPStatus], ...] = (
    (UsageError, "invalid", HTTPStatus.UNPROCESSABLE_ENTITY),
    (VectorSpaceNotFoundError, "invalid", HTTPStatus.UNPROCESSABLE_ENTITY),
    (ProbeError, "probe", HTTPStatus.UNPROCESSABLE_ENTITY),
    (PictureError, "probe", HTTPStatus.UNPROCESSABLE_ENTITY),
    (UnknownPictureError, "no-such-picture", HTTPStatus.NOT_FOUND),
    (OutOfReachError, "gone", HTTPStatus.GONE),
    (UnknownGroupError, "no-such-group", HTTPStatus.NOT_FOUND),
    (NotInGroupError, "no-such-file", HTTPStatus.NOT_FOUND),
    (NothingKeptError, "nothing-kept", HTTPStatus.CONFLICT),
    (OnePictureError, "invalid", HTTPStatus.CONFLICT),
    (LibraryNotFoundError, "empty-library", HTTPStatus.CONFLICT),
    (LibraryLockedError, "locked", HTTPStatus.CONFLICT),
    (DiskFullError, "failed", HTTPStatus.INSUFFICIENT_STORAGE),
    (ImsearchError, "failed", HTTPStatus.INTERNAL_SERVER_ERROR),
)


class ProblemError(Exception):
    """An error as a client gets it.

    ``name`` is the kind of problem and ``status`` the HTTP status of the answer. For people, ``detail`` says what is
    wrong and ``hint`` what to do about it, by default the hint for the name. ``members`` are for programs.
    """

    def __init__(
        self,
        name: str,
        status: int,
        detail: str,
        *,
        hint: str = "",
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail)
        self.name = name
        self.status = int(status)
        self.detail = detail
        self.hint = hint or hints.BY_NAME.get(name, "")
        self.headers = dict(headers or {})
        self.members = members

    def document(self) -> dict[str, Any]:
        """The problem document, as a JSON object."""
        document = {
            "type": f"urn:imsearch:problem:{self.name}",
            "title": self.name.replace("-", " ").capitalize(),
            "status": self.status,
            "detail": printable(self.detail),
        }
        if self.hint:
            document["hint"] = self.hint
        return document | self.members


def problem_of(exc: Exception) -> ProblemError:
    """The problem that a client gets for an exception. That for an unexpected exception reveals nothing about it."""
    match exc:
        case ProblemError():
            return exc
        case HTTPException():
            name = _NAMES_BY_STATUS.get(exc.status_code, "invalid")
            return ProblemError(name, exc.status_code, str(exc.detail), headers=exc.headers)
        case ImsearchError():
            return _problem_of_error(exc)
        case _:
            return ProblemError("failed", HTTPStatus.INTERNAL_SERVER_ERROR, "the server failed; its log says why")


def _problem_of_error(error: ImsearchError) -> ProblemError:
    name, status = next((name, status) for kind, name, status in _NAMES_BY_ERROR if isinstance(error, kind))
    return ProblemError(name, status, str(error), hint=hints.BY_ERROR.get(type(error), ""), **_members(error))


def _members(error: ImsearchError) -> dict[str, Any]:
    """The fields of an error that are of use to programs."""
    members: dict[str, Any] = {}
    match error:
        case UsageError():
            members = {"argument": error.argument, "choices": [printable(choice) for choice in error.choices]}
        case IndexedPictureError():
            members = {"id": printable(error.digest)}
        case ModelError():
            members = {"model": printable(error.model)}
    return {name: value for name, value in members.items() if value}


class ProblemDocument(BaseModel):
    """A problem document (RFC 9457). Programs should look at ``type``. For people, ``detail`` says what is wrong, and
    ``hint`` what they can do about it. An error about a parameter has its name in ``argument`` and, if they can be
    listed, its valid values in ``choices``; an error about a picture has its ``id``; one about a model has its name in
    ``model``."""

    model_config = {
        "extra": "allow",
        "json_schema_extra": {
            "examples": [
                ProblemError(
                    "probe", HTTPStatus.UNPROCESSABLE_ENTITY, "the picture cannot be used: truncated"
                ).document()
            ]
        },
    }

    type: str
    title: str
    status: int
    detail: str
    hint: str | None = None


_SCHEMA = ProblemDocument.model_json_schema()


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problem documents that a route may answer with, by status, for the description of the API."""
    return {
        int(status): {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": _SCHEMA}}}
        for status in statuses
    }


def response(exc: Exception) -> JSONResponse:
    """The answer to an exception: its problem document."""
    problem = problem_of(exc)
    return JSONResponse(problem.document(), problem.status, problem.headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make an app answer every error with a problem document."""

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
