"""Who may ask: whoever shows the token, or the cookie of a session that was opened with it."""

import hmac
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel
from starlette.requests import HTTPConnection

from imsearch.server.problems import ProblemError, answers
from imsearch.server.served import ServedDep

COOKIE = "imsearch_session"

router = APIRouter(prefix="/v1/session", tags=["session"])


class Token(BaseModel):
    """What opens a session."""

    token: str


class Session(BaseModel):
    """Whether the server demands a token, and whether this request has shown it (or need not)."""

    required: bool
    open: bool


def is_open(request: HTTPConnection, token: str | None) -> bool:
    """Whether a request may pass: it shows the token or the cookie of a session, or no token is demanded."""
    if token is None:
        return True
    return any(_same(shown, token) for shown in _bearers(request)) or _same(
        request.cookies.get(COOKIE, ""), _cookie_value(token)
    )


@router.get("", summary="Whether a token is demanded")
def read_session(request: Request, served: ServedDep) -> Session:
    """Whether a token is demanded, and whether this browser has shown it."""
    token = served.settings.token
    return Session(required=token is not None, open=is_open(request, token))


@router.post(
    "", summary="Show the token", status_code=HTTPStatus.NO_CONTENT, responses=answers(400, 401, 408, 413, 422)
)
def open_session(shown: Token, request: Request, response: Response, served: ServedDep) -> None:
    """Show the token, and get a cookie that opens the rest of the API to this browser until the token changes."""
    token = served.settings.token
    if token is None:
        return
    if not _same(shown.token, token):
        raise ProblemError("unauthorized", HTTPStatus.UNAUTHORIZED, "this is not the server's token")
    response.set_cookie(
        COOKIE,
        _cookie_value(token),
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )


@router.delete("", summary="Forget the cookie", status_code=HTTPStatus.NO_CONTENT)
def close_session(request: Request, response: Response) -> None:
    """Have this browser forget the cookie."""
    response.delete_cookie(COOKIE, path="/", secure=request.url.scheme == "https", httponly=True, samesite="strict")


def _bearers(request: HTTPConnection) -> list[str]:
    """The token that a request shows. Two Authorization headers are none: proxies disagree on which one counts."""
    values = request.headers.getlist("authorization")
    if len(values) != 1:
        return []
    scheme, _, credentials = values[0].partition(" ")
    return [credentials.strip()] if scheme.lower() == "bearer" else []


def _cookie_value(token: str) -> str:
    """Not the token, so that a stolen cookie does not tell it; made from it, so that it ends with it."""
    return hmac.digest(token.encode(), b"imsearch session", "sha256").hex()


def _same(shown: str, wanted: str) -> bool:
    """Whether two texts are equal, in a time that does not tell how much of them is."""
    return hmac.compare_digest(shown.encode("utf-8", "surrogatepass"), wanted.encode())
