"""Runs the page and the HTTP API as a server: the middleware in front of both, start and stop."""

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

from ..system.machine import is_loopback
from .address import bind, check_access
from .calls import calls
from .chat import Chat
from .doors import Doors, file_places, most_upload, routes
from .endpoints import Endpoints
from .isolation import isolate
from .page import asset, build_app
from .refusals import DESCRIPTION
from .security import Guard

_FONTS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "Helvetica Neue", "Arial", "sans-serif")
_MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "DejaVu Sans Mono", "monospace")


class Server:
    """One chat server; its `url` is valid from the start, because the constructor binds the port."""

    def __init__(self, chat: Chat, host: str, port: int, auth: str | None = None) -> None:
        """Bind the port. Raises ConfigError if that is impossible, or others could enter without a log-in."""
        login = check_access(host, auth)
        self._socket = bind(host, port)
        bound_port = self._socket.getsockname()[1]
        named = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - includes the loopback address
        shown = f"[{named}]" if ":" in named else named
        self.url = f"http://{shown}:{bound_port}"
        self._endpoints = Endpoints(calls(chat.engine), login)
        # In a running loop: without one Gradio creates event loops of its own and leaves them open.
        app = asyncio.run(_application(chat, host, bound_port, login, self._endpoints))
        self._uvicorn = _Uvicorn(
            uvicorn.Config(
                app, log_level="critical", lifespan="on", ws="none", timeout_graceful_shutdown=1, access_log=False
            )
        )

    def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Serve until `stop` or an interrupt; call `ready` once requests are accepted."""
        self._uvicorn.ready = ready
        try:
            self._uvicorn.run(sockets=[self._socket])
        finally:
            self._endpoints.close()
            self._socket.close()

    def stop(self) -> None:
        """Make `run` return; for another thread."""
        self._uvicorn.should_exit = True


async def _application(
    chat: Chat, host: str, port: int, login: tuple[str, str] | None, endpoints: Endpoints
) -> ASGIApp:
    config = chat.engine.config
    isolate()
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    page = build_app(chat.engine, chat)
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
        max_file_size=10 * config.max_file_bytes,  # `save_upload` refuses what is over the limit, with a reason
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        enable_monitoring=False,
        theme=gr.themes.Base(font=_FONTS, font_mono=_MONO),
        head=f"<style>{asset('style.css')}</style>",
    )
    # Gradio checks paths only if it believes that it was launched, which a mounted page is not.
    page.has_launched = True
    names = [call.__name__ for call in calls(chat.engine)]
    open_routes = routes(names, most_upload(config.max_file_bytes) if chat.engine.can_build else 0)
    (mount,) = (route for route in app.routes if isinstance(route, Mount))
    # `page.app` is another application, to which nobody logs in.
    mount.app = Doors(mount.app, open_routes, file_places(page.fns, gr.File), partial(_is_known, mount.app))
    # Before Gradio's, which take everything.
    app.routes[:0] = [Route("/api/{name:path}", endpoints), Route(DESCRIPTION, endpoints)]
    return Guard(app, only_local=is_loopback(host))


def _is_known(app: App, cookies: Mapping[str, str]) -> bool:
    """Return whether these cookies are of a visitor who is logged in, or nobody needs to be; as Gradio decides it."""
    names = (f"access-token-{app.cookie_id}", f"access-token-unsecure-{app.cookie_id}")
    return app.auth is None or any(cookies.get(name) in app.tokens for name in names)


class _Uvicorn(uvicorn.Server):
    ready: Callable[[], None] = staticmethod(lambda: None)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.ready()
