"""The page → a running server: address, log-in, what stands before it, start and stop.

It knows nothing about what the page shows.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping
from functools import partial
from importlib.resources import files
from pathlib import Path

import gradio as gr
import uvicorn
from fastapi import FastAPI
from gradio.routes import App
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from ..errors import ConfigError
from ..system.machine import is_loopback
from .api import calls
from .desk import Desk
from .doors import Doors, file_places, most_upload, routes
from .endpoints import DESCRIPTION, Endpoints
from .isolation import isolate
from .page import asset, build_app
from .security import Guard

_FONTS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "Helvetica Neue", "Arial", "sans-serif")
_MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "DejaVu Sans Mono", "monospace")


class Server:
    """One chat server. `url` is known as soon as it is made: the port is taken then."""

    def __init__(self, desk: Desk, host: str, port: int, auth: str | None = None) -> None:
        """Takes the port. Raises ConfigError for an address that cannot be had or may not be used so."""
        login = check_access(host, auth)
        self._socket = bind(host, port)
        taken = self._socket.getsockname()[1]
        named = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - for all, so for this machine too
        shown = f"[{named}]" if ":" in named else named
        self.url = f"http://{shown}:{taken}"
        self._endpoints = Endpoints(calls(desk.engine), login)
        # In a running loop: without one gradio makes event loops of its own and leaves them open.
        app = asyncio.run(_application(desk, host, taken, login, self._endpoints))
        self._uvicorn = _Uvicorn(
            uvicorn.Config(
                app, log_level="critical", lifespan="on", ws="none", timeout_graceful_shutdown=1, access_log=False
            )
        )

    def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Serve until `stop` or an interrupt; `ready` is called once requests are answered."""
        self._uvicorn.ready = ready
        try:
            self._uvicorn.run(sockets=[self._socket])
        finally:
            self._endpoints.close()
            self._socket.close()

    def stop(self) -> None:
        """End `run`, from another thread."""
        self._uvicorn.should_exit = True


async def _application(
    desk: Desk, host: str, port: int, login: tuple[str, str] | None, endpoints: Endpoints
) -> ASGIApp:
    config = desk.engine.config
    isolate()
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    page = build_app(desk.engine, desk)
    gr.mount_gradio_app(
        app,
        page,
        path="/",
        server_name=host,
        server_port=port,
        auth=login,
        footer_links=[],
        run_history=False,
        blocked_paths=[str(config.corpus.resolve()), str(config.index.resolve())],
        favicon_path=str(Path(str(files("qa.ui"))) / "assets" / "favicon.svg"),
        show_error=True,
        max_file_size=10 * config.max_file_bytes,  # what is over the limit is refused by us, with a reason
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        enable_monitoring=False,
        theme=gr.themes.Base(font=_FONTS, font_mono=_MONO),
        head=f"<style>{asset('style.css')}</style>",
    )
    # gradio looks at paths only where it thinks that it was launched by itself, which a mounted page is not.
    page.has_launched = True
    names = [call.__name__ for call in calls(desk.engine)]
    open_routes = routes(names, most_upload(config.max_file_bytes) if desk.engine.can_build else 0)
    (mount,) = (route for route in app.routes if isinstance(route, Mount))
    # `page.app` is another one, that nobody logs in to.
    mount.app = Doors(mount.app, open_routes, file_places(page.fns, gr.File), partial(_is_known, mount.app))
    # Before Gradio's, which take everything.
    app.routes[:0] = [Route("/api/{name:path}", endpoints), Route(DESCRIPTION, endpoints)]
    return Guard(app, only_local=is_loopback(host))


def _is_known(app: App, cookies: Mapping[str, str]) -> bool:
    """Whether these are of somebody who has logged in, or nobody needs to: as gradio finds it out for a part of it."""
    names = (f"access-token-{app.cookie_id}", f"access-token-unsecure-{app.cookie_id}")
    return app.auth is None or any(cookies.get(name) in app.tokens for name in names)


class _Uvicorn(uvicorn.Server):
    ready: Callable[[], None] = staticmethod(lambda: None)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.ready()


def check_access(host: str, auth: str | None) -> tuple[str, str] | None:
    """The user and password that visitors need. Raises ConfigError where the chat would be open to others."""
    if auth is None:
        if not is_loopback(host):
            raise ConfigError(
                f"{host} can be reached from other computers: add --auth user:password, or leave --host out."
            )
        return None
    user, _, password = auth.partition(":")
    if not user.strip() or not password.strip():
        raise ConfigError("--auth needs a name and a password: give it as --auth user:password.")
    return user.strip(), password


def bind(host: str, port: int) -> socket.socket:
    """A socket on that address; port 0 takes a free one. Raises ConfigError where it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, because asyncio sends small packets without delay on such a socket alone.
    taken = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if socket.has_ipv6 and family == socket.AF_INET6:
            taken.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((host.strip("[]"), port))
        taken.listen(128)  # so that a second server cannot take it too
    except (OSError, OverflowError) as error:
        taken.close()
        if isinstance(error, socket.gaierror):
            raise ConfigError(f"There is no address {host!r} on this machine: name another with --host.") from error
        raise ConfigError(f"Port {port} of {host} cannot be used ({error}): name another with --port.") from error
    return taken
