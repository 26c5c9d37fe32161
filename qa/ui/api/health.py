"""`/healthz` says that the process lives, `/readyz` that it can answer: for supervisors, containers and proxies."""

from __future__ import annotations

import asyncio
import logging
import time

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from ...engine import Engine
from ...errors import QAError
from ..failures import LastError, for_programs, unexpected
from ..web.refusals import Refused, refusal

logger = logging.getLogger(__name__)

ALIVE, READY = "/healthz", "/readyz"
_FRESH = 1.0  # seconds for which a state is told again


class Health:
    """An ASGI application for both addresses; neither needs a log-in, and only `tells` says why it is not ready."""

    def __init__(self, engine: Engine, tells: bool) -> None:
        self._engine = engine
        self._tells = tells
        self._problem = ""
        self._until = 0.0
        self._lock = asyncio.Lock()
        self._last = LastError()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (await self._response(scope))(scope, receive, send)

    async def _response(self, scope: Scope) -> Response:
        if scope["method"] not in ("GET", "HEAD"):
            allowed = {"allow": "GET, HEAD"}
            return refusal(scope, Refused(405, f"{scope['method']} is not supported here: use GET.", allowed))
        headers = {"cache-control": "no-store"}
        if scope["path"] == ALIVE:
            return JSONResponse({"status": "ok"}, headers=headers)
        async with self._lock:
            if time.monotonic() > self._until:
                self._problem = await run_in_threadpool(self._found)
                self._until = time.monotonic() + _FRESH
        if not self._problem:
            return JSONResponse({"status": "ready"}, headers=headers)
        reason = {"reason": self._problem} if self._tells else {}
        return JSONResponse({"status": "not ready", **reason}, 503, headers)

    def _found(self) -> str:
        """Open the index and the models, unless they are; return what is wrong in one sentence, or ""."""
        try:
            self._engine.preflight()
            _ = self._engine.encoder, self._engine.reader
        except QAError as error:
            return for_programs(error)
        except Exception as error:  # an edge: it is asked again and again
            if self._last.is_other(error):
                logger.exception("whether the chat can answer could not be determined")
            return unexpected(error, "restart the chat if this persists")
        self._last.clear()
        return ""
