"""Runs the page and the HTTP API as a server: the middleware in front of both, start and stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from importlib.resources import files
from pathlib import Path

import gradio as gr
from fastapi import FastAPI
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from ..config.chat import local_url
from ..corpus.folders import Folders, corpus_of
from ..engine import Engine
from ..errors import ConfigError
from ..system.machine import is_loopback
from .access.address import bind, check_access
from .access.callers import Callers
from .access.login import Cookie, Login, Members
from .access.tokens import Tokens
from .api import pages
from .api.calls import IN_GRADIO, calls
from .api.endpoints import Endpoints
from .api.health import ALIVE, READY, Health
from .api.mcp_http import ADDRESSES as MCP
from .api.mcp_http import McpEndpoint
from .api.metrics import PATH, Metrics, check_metrics
from .api.openai_api import OpenAiApi
from .api.watchlist import ADDRESSES as WATCHLIST
from .api.watchlist import WatchlistFeeds
from .page.channels import UPLOAD, build_app, wires
from .page.chat import Chat
from .page.drafts import ADDRESS as DRAFT
from .page.drafts import Drafts
from .page.pushed import Pushed
from .page.shell import Shell
from .page.switch import PATH as SWITCH
from .page.switch import Switch
from .sources.articles import Articles
from .web.bundle import login_style
from .web.connections import Connections, Listener, Patience, room_for_connections
from .web.doors import Doors, file_places, most_upload, routes
from .web.feed import EVENTS, Feed
from .web.isolation import isolate
from .web.limits import Limited, RateLimit
from .web.observed import Observed
from .web.operation import AS_USUAL, Operation
from .web.public import PublicUrl, is_near, reached_at
from .web.refusals import DESCRIPTION, OPENAI
from .web.security import Guard


class Server:
    """One chat server; its `url` is valid from the start, because the constructor binds the port."""

    def __init__(
        self,
        chat: Chat,
        host: str,
        port: int,
        auth: str | None = None,
        auth_file: Path | None = None,
        public: PublicUrl | None = None,
        operation: Operation = AS_USUAL,
        patience: Patience | None = None,
        switch: Switch | None = None,
    ) -> None:
        """Bind the port. Raises ConfigError if that is impossible, or others could enter without a log-in.

        Visitors log in as `user:password` (`auth`), or with an account of `auth_file`; through a proxy they reach the
        chat at `public`. `operation` says how much they may ask; slow connections are waited for with `patience`.
        `switch` opens the chats of other libraries.
        """
        check_access(host, auth, auth_file)
        check_metrics(operation.metrics)
        self._socket = bind(host, port)
        bound_port = self._socket.getsockname()[1]
        self.url = local_url(host, bound_port)
        cookie_path, secure = (public.cookie_path, public.scheme == "https") if public else ("/", False)
        self._members = None
        if auth is not None or auth_file is not None:
            try:
                cookie = Cookie(f"qa-session-{bound_port}", cookie_path, secure)
                self._members = Members(chat.engine.config.index, cookie, auth, auth_file)
            except ConfigError:
                self._socket.close()
                raise
        members, engine = self._members, chat.engine
        callers = Callers(Tokens(engine.config.index), members)
        chat.address = f"{public or self.url}/"
        reached = partial(reached_at, self.url) if public is None else lambda scope: chat.address
        self._endpoints = Endpoints(partial(calls, engine), callers, reached)
        self._openai = OpenAiApi(engine, callers, reached)
        self._articles = Articles(engine, _known(members))
        self._drafts = Drafts(engine, _known(members))
        most = room_for_connections()
        is_shared = is_near if public else lambda address: False  # a proxy on this machine or beside it
        connections = Connections(most, max(1, most // 2), is_shared, patience)
        self._metrics = _metrics(operation, engine, callers, connections)
        health = Health(engine, tells=members is None and public is None)
        is_owner = members is None and public is None  # nobody else can reach the chat
        pinned = WatchlistFeeds(engine.config.index, callers, is_owner, reached)
        own: dict[str, ASGIApp] = {  # the first that fits answers
            pages.ADDRESS: pages.Pages(engine.config, callers, engine.can_build, chat.remember_added),
            **dict.fromkeys(WATCHLIST, pinned),
            "/api/{name:path}": self._endpoints,
            DESCRIPTION: self._endpoints,
            "/articles/{name:path}": self._articles,
            DRAFT: self._drafts,
            ALIVE: health,
            READY: health,
            **dict.fromkeys(MCP, McpEndpoint(engine, callers, reached)),
            f"{OPENAI}{{name:path}}": self._openai,
        }
        if self._metrics is not None:
            own[PATH] = self._metrics
        if switch is not None:
            own[SWITCH] = switch
        # In a running loop: without one Gradio creates event loops of its own and leaves them open.
        app = asyncio.run(_application(chat, host, bound_port, members, self._drafts, own, public, switch))
        limit = operation.limit_for(is_loopback(host) and public is None)
        around = partial(_around, callers, operation, RateLimit(limit) if limit else None, set())
        guard = Guard(app, is_loopback(host), public, around, frozenset({pages.ADDRESS}))
        self._listener = Listener(guard, connections)

    def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Serve until `stop` or an interrupt; call `ready` once requests are accepted."""
        self._listener.ready = ready
        try:
            self._listener.run(sockets=[self._socket])
        finally:
            self._endpoints.close()
            self._articles.close()
            self._drafts.close()
            if self._metrics is not None:
                self._metrics.close()
            self._openai.close()
            if self._members is not None:
                self._members.close()
            self._socket.close()

    def stop(self) -> None:
        """Make `run` return; for another thread."""
        self._listener.should_exit = True


async def _application(
    chat: Chat,
    host: str,
    port: int,
    members: Members | None,
    drafts: Drafts,
    own: Mapping[str, ASGIApp],
    public: PublicUrl | None,
    switch: Switch | None,
) -> ASGIApp:
    """Return the page and what has addresses of its `own`."""
    config = chat.engine.config
    isolate()
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    is_owner = members is None and public is None  # nobody else can reach the chat
    page = build_app(chat.engine, chat, is_owner, drafts)
    gr.mount_gradio_app(
        app,
        page,
        path="/",
        server_name=host,
        server_port=port,
        root_path=str(public) if public else None,
        auth_dependency=None if members is None else lambda request: members.name_of(request.cookies),
        footer_links=[],
        run_history=False,
        blocked_paths=[str(folder.resolve()) for folder in (*Folders.of(corpus_of(config)).paths, config.index)],
        favicon_path=str(Path(str(files("qa.ui"))) / "assets" / "favicon.png"),
        show_error=True,
        max_file_size=10 * config.max_file_bytes,  # `store_file` refuses what is over the limit, with a reason
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        enable_monitoring=False,
    )
    # Gradio checks paths only if it believes that it was launched, which a mounted page is not.
    page.has_launched = True
    open_routes = routes(IN_GRADIO, most_upload(config.max_file_bytes) if chat.engine.can_build else 0)
    (mount,) = (route for route in app.routes if isinstance(route, Mount))
    feed = Feed(Pushed(chat), _known(members))
    chat.wake = feed.wake
    shell = Shell(wires(page), chat.engine.can_build, members is not None, is_owner, switch, config.max_file_bytes)
    cookie_path = public.cookie_path if public else "/"
    doors = Doors(
        _Own({"/": shell, EVENTS: feed}, mount.app),
        open_routes,
        file_places(page.fns, UPLOAD),
        _known(members),
        cookie_path,
    )
    mount.app = doors if members is None else Login(doors, members, login_style())
    app.routes[:0] = [Route(path, each) for path, each in own.items()]  # before Gradio's, which take everything
    return app


def _metrics(operation: Operation, engine: Engine, callers: Callers, connections: Connections) -> Metrics | None:
    if operation.metrics == "off":
        return None
    return Metrics(engine, None if operation.metrics == "open" else callers, connections.counts)


def _around(callers: Callers, operation: Operation, limit: RateLimit | None, routes: set[str], app: ASGIApp) -> ASGIApp:
    """Return an application with its limit, that tells of its requests if anybody listens."""
    if limit is not None:
        app = Limited(app, limit, callers.sender)
    return Observed(app, callers.sender, routes) if operation.is_observed else app


def _known(members: Members | None) -> Callable[[Mapping[str, str]], bool]:
    """Return what tells from cookies whether a visitor is logged in, or need not be."""
    return lambda cookies: members is None or members.name_of(cookies) is not None


class _Own:
    """An ASGI application that answers some addresses itself."""

    def __init__(self, own: Mapping[str, ASGIApp], others: ASGIApp) -> None:
        self._own = own
        self._others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._own.get(scope.get("path", ""), self._others)(scope, receive, send)
