"""MCP over streamable HTTP at `/mcp` and `/mcp/`, in the chat's server: without a session, each request by itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from ...errors import ConfigError
from ..failures import unexpected
from ..web import bodies
from ..web.refusals import Refused, refusal

if TYPE_CHECKING:  # `qa mcp` asks this module whether it can start, and loads neither
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

    from ...engine import Engine
    from ..access.callers import Callers

logger = logging.getLogger(__name__)

ADDRESSES = ("/mcp", "/mcp/")  # some hosts write the slash; a redirect would lose the body
MISSING = "MCP needs a package that is not installed: run `pip install 'qa-articles[mcp]'`."


class McpEndpoint:
    """An ASGI application; what it needs is loaded, in a thread, when the first assistant comes.

    `reached` gives the address by which a request reached the chat. Other requests are refused, and whoever may not
    ask is too.
    """

    def __init__(self, engine: Engine, callers: Callers | None, reached: Callable[[Scope], str]) -> None:
        self._engine = engine
        self._callers = callers
        self._reached = reached
        self._manager: asyncio.Future[StreamableHTTPSessionManager] | None = None
        self._task: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app: ASGIApp
        try:
            app = await self._admitted(Request(scope))
        except Refused as refused:
            app = refusal(scope, refused)
        except Exception as error:  # an edge: the assistant is told
            logger.exception("MCP could not be started")
            app = refusal(scope, Refused(500, unexpected(error, "restart the chat if this persists")))
        await app(scope, receive, send)

    async def _admitted(self, request: Request) -> ASGIApp:
        """Return what answers a request. Raises Refused."""
        if self._callers is not None:
            await self._callers.admit(request.scope)
        if request.method != "POST":  # there is no stream that the server begins, and no session to end
            raise Refused(405, f"{request.method} is not supported here: use POST.", {"allow": "POST"})
        bodies.check_kind(request.headers, (bodies.JSON,))
        bodies.check_size(request.headers, bodies.MOST_BYTES)
        try:
            needed()
        except ConfigError as error:
            raise Refused(501, str(error)) from error
        return (await self._started()).handle_request

    async def _started(self) -> StreamableHTTPSessionManager:
        """Return what serves MCP, which runs in a task of its own until the server ends."""
        if self._manager is None or (self._manager.done() and self._manager.exception() is not None):
            self._manager = asyncio.get_running_loop().create_future()
            self._task = asyncio.create_task(self._run(self._manager))
        return await asyncio.shield(self._manager)

    async def _run(self, started: asyncio.Future[StreamableHTTPSessionManager]) -> None:
        try:
            manager = await asyncio.to_thread(self._made)
            async with manager.run():
                started.set_result(manager)
                await asyncio.Event().wait()
        except Exception as error:
            if started.done():
                logger.exception("MCP ended")
                self._manager = None
            else:
                started.set_exception(error)

    def _made(self) -> StreamableHTTPSessionManager:
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

        from .mcp_server import server_of

        return StreamableHTTPSessionManager(
            server_of(lambda: self._engine, self._chat),
            json_response=True,
            stateless=True,
            max_request_body_size=bodies.MOST_BYTES,
        )

    def _chat(self, request: Any) -> str:
        return self._engine.config.chat if request is None else self._reached(request.scope)


def needed() -> None:
    """Raise ConfigError if the package that speaks MCP is not installed."""
    if find_spec("mcp") is None:
        raise ConfigError(MISSING)
