"""The pinned questions and their changes for other programs: `GET /api/watchlist` (JSON) and `/api/watchlist.rss`."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ...errors import QAError
from ...watchlist.feed import as_rss
from ...watchlist.pins import Watchlist
from ..access.callers import Callers
from ..access.tokens import ASK
from ..failures import for_programs, unexpected
from ..web import bodies
from ..web.refusals import Refused, refusal
from ..web.visitors import owner_of

logger = logging.getLogger(__name__)

ADDRESSES = ("/api/watchlist", "/api/watchlist.rss")
_MOST = 100  # changes
_METHODS = ("GET", "HEAD")


class WatchlistFeeds:
    """An ASGI application for ADDRESSES.

    A user who logs in gets his own pins, a token those of the command line. In a chat that only its owner reaches
    (`is_owner`), both are the same; in one without accounts that others reach, a browser gets its own by its cookie.
    `reached` tells the address of the chat under which a request has come.
    """

    def __init__(self, index: Path, callers: Callers, is_owner: bool, reached: Callable[[Scope], str]) -> None:
        self._index = index
        self._callers = callers
        self._is_owner = is_owner
        self._reached = reached

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            response = await self._answer(Request(scope))
        except Refused as refused:
            response = refusal(scope, refused)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        owner = await self._owner(request)
        if request.method not in _METHODS:
            raise Refused(405, f"{request.method} is not supported here: use GET.", {"allow": ", ".join(_METHODS)})
        is_rss, chat = request.scope["path"].endswith(".rss"), self._reached(request.scope)
        try:
            data = await run_in_threadpool(_read, Watchlist(self._index, owner), chat, is_rss)
        except QAError as error:
            raise Refused(503, for_programs(error)) from error
        except Exception as error:
            logger.exception("the pinned questions could not be read")
            raise Refused(500, unexpected(error, "send the request again")) from error
        kind = "application/rss+xml; charset=utf-8" if is_rss else bodies.JSON
        return Response(data, media_type=kind, headers={"cache-control": "no-store"})

    async def _owner(self, request: Request) -> str:
        caller = await self._callers.admit(request.scope, ASK)
        if self._is_owner or caller.kind == "token":
            return ""
        owner = owner_of(caller.name if caller.kind == "user" else None, request.cookies)
        return owner or self._of_token(request)

    def _of_token(self, request: Request) -> str:
        """Nobody knows whose pins are wanted: a token says so. Raises Refused without one."""
        self._callers.holder(request.scope, ASK)
        return ""


def _read(pinned: Watchlist, chat: str, is_rss: bool) -> bytes:
    changes = [change.at(chat) for change in pinned.changes(_MOST)]
    if is_rss:
        return as_rss(changes, chat).encode()
    pins = [pin.at(chat).as_json() for pin in pinned.pins()]
    return orjson.dumps({"pins": pins, "changes": [change.as_json() for change in changes]})
