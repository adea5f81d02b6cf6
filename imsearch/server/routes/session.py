"""Routes of sessions: a browser shows the token once, and a cookie from then on."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from imsearch.server.problems import ProblemError, refusals
from imsearch.server.served import ServedDep
from imsearch.server.tokens import COOKIE, is_open, is_same, session_cookie

router = APIRouter(prefix="/v1/session", tags=["session"])


class Token(BaseModel):
    """The token of the server, which opens a session."""

    token: str


class Session(BaseModel):
    """Whether the server demands a token, and whether this request may pass: it has shown the token, or need not."""

    required: bool
    open: bool


@router.get("", summary="Whether a token is demanded")
def read_session(request: Request, served: ServedDep) -> Session:
    """Whether a token is demanded, and whether this browser has shown it."""
    token = served.settings.token
    return Session(required=token is not None, open=is_open(request, token))


@router.post(
    "",
    summary="Show the token",
    status_code=HTTPStatus.NO_CONTENT,
    responses=refusals(400, 401, 408, 413, 422),
)
def open_session(shown: Token, request: Request, response: Response, served: ServedDep) -> None:
    """Show the token, and get a cookie that opens the rest of the API to this browser until the token changes."""
    token = served.settings.token
    if token is None:
        return
    if not is_same(shown.token, token):
        raise ProblemError("unauthorized", HTTPStatus.UNAUTHORIZED, "this is not the server's token")
    response.set_cookie(
        COOKIE,
        session_cookie(token),
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )


@router.delete("", summary="Forget the cookie", status_code=HTTPStatus.NO_CONTENT)
def close_session(request: Request, response: Response) -> None:
    """Make this browser forget the cookie."""
    response.delete_cookie(COOKIE, path="/", secure=request.url.scheme == "https", httponly=True, samesite="strict")
