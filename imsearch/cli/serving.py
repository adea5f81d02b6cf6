"""Running the server: the only module outside `imsearch.server` that imports its packages."""

import ipaddress
import logging
import os
import secrets
import signal
import socket
import sys
import webbrowser
from collections.abc import Sequence
from pathlib import Path

import uvicorn

import imsearch
from imsearch.cli.output.terminal import note
from imsearch.library import Library
from imsearch.server.app import create_app
from imsearch.server.middleware import access
from imsearch.server.protocol import LimitedHttpProtocol
from imsearch.server.routes.runs import Runs
from imsearch.server.settings import LOOPBACK_NAMES, Settings

TOKEN = "IMSEARCH_TOKEN"  # noqa: S105  the name of a variable
"""The environment variable that holds the server's token."""

ANYWHERE = ("0.0.0.0", "::", "")  # noqa: S104  these are recognized, not bound to
GRACE_SECONDS = 10
"""How long running requests may take to end when the server stops."""


def run_server(
    library: Library,
    folders: Sequence[Path],
    *,
    host: str,
    port: int,
    names: Sequence[str],
    browser: bool,
) -> None:
    """Serve a library until interrupted. Raises `UsageError` for what cannot be served or bound to."""
    for folder in folders:
        if not folder.exists():
            raise imsearch.UsageError(f"{folder}: no such file or folder")
    on_loopback = is_loopback(host)
    # Another name means that a proxy passes on requests of anybody, so a token is needed even on loopback.
    token = os.environ.get(TOKEN) or (None if on_loopback and not names else secrets.token_urlsafe(32))
    settings = Settings(
        token=token,
        hosts=host_names(host, names),
        folders=tuple(os.path.abspath(folder) for folder in folders),
    )
    with listening(host, port) as listener:
        shown = f"[{host}]" if ":" in host else host if host not in ANYWHERE else socket.gethostname()
        address = f"http://{shown}:{listener.getsockname()[1]}/"
        app = create_app(library, settings)
        config = uvicorn.Config(
            app,
            http=LimitedHttpProtocol,
            ws="none",
            log_config=access.LOGGING,
            access_log=False,  # we have our own
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        if sys.stderr.isatty():
            logging.getLogger(access.__name__).setLevel(logging.WARNING)  # a line for each request is for programs
        note(f"imsearch is at {address}" + (f"#token={token}" if token and not os.environ.get(TOKEN) else ""))
        note("Ctrl-C stops it")
        if browser and on_loopback and sys.stderr.isatty():
            webbrowser.open(address)
        for stopping in (signal.SIGINT, signal.SIGTERM):
            signal.signal(stopping, signal.SIG_IGN)  # uvicorn has its own while it runs, and raises them again after
        _Server(config, app.state.runs).run(sockets=[listener])
    note("stopped")


class _Server(uvicorn.Server):
    """Ends runs and their streams of events as soon as it stops, as uvicorn waits for the end of all streams."""

    def __init__(self, config: uvicorn.Config, runs: Runs) -> None:
        super().__init__(config)
        self._runs = runs

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._runs.stop()
        await super().shutdown(sockets)


def is_loopback(host: str) -> bool:
    """Whether only this computer can reach an address. Raises `UsageError` for a text that is no address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError as exc:
        raise imsearch.UsageError(f"--host is an address of this computer, such as 0.0.0.0, not '{host}'") from exc


def host_names(host: str, names: Sequence[str]) -> frozenset[str]:
    """The names that a Host header may have: those of loopback, the address that is bound, and ``names``."""
    bound = {f"[{host}]" if ":" in host else host}
    if host in ANYWHERE:
        bound = {socket.gethostname().lower()}
    return LOOPBACK_NAMES | bound | {name.lower() for name in names}


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens at an address and port. Raises `UsageError` where that fails."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as exc:
        raise imsearch.UsageError(
            f"port {port} of {host} cannot be listened on: {exc.strerror or exc}. Name another with --port"
        ) from exc
