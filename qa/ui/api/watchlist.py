"""The pinned questions and their changes for other programs: `GET /api/watchlist` (JSON) and `/api/watchlist.rss`."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
from pydantic import Field
from pydantic.json_schema import models_json_schema
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
from .request_schema import Closed, Filters

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


# --- their description -----------------------------------------------------------------------------------------------


class StandingAnswer(Closed):
    """What the answer to a pinned question is in one generation."""

    words: str = Field(description="The sentence that answers, or the statement; empty if there is none.")
    shown: str = Field(description="The whole quotation.")
    document: str
    title: str
    date: str = Field(description="The one that the article gives; empty if it gives none.")
    link: str = Field(description="The URL that opens the article in the chat; empty without an answer.")
    confidence: float
    generation: str
    built: str = Field(description="When the generation was built, in ISO 8601.")


class Pin(Closed):
    """A pinned question and its present answer."""

    question: str
    scope: Filters
    added: str
    standing: StandingAnswer


class Change(Closed):
    """A pinned question whose answer is another one than it was."""

    question: str
    seen: str = Field(description="When that was noticed, in ISO 8601.")
    before: StandingAnswer
    after: StandingAnswer


class Pinned(Closed):
    """The pinned questions of the caller, and what has changed about their answers, the newest first."""

    pins: list[Pin]
    changes: list[Change]


def add_watchlist(description: dict[str, Any], refusals: dict[str, Any]) -> None:
    """Add both addresses to a description; `refusals` are the responses that all calls have."""
    _, made = models_json_schema([(Pinned, "serialization")], ref_template="#/components/schemas/{model}")
    description["components"]["schemas"] |= made["$defs"]
    json = {"application/json": {"schema": {"$ref": f"#/components/schemas/{Pinned.__name__}"}}}
    rss = {"application/rss+xml": {"schema": {"type": "string"}}}
    for path, operation, summary, content in (
        ("/api/watchlist", "watchlist", "List the pinned questions", json),
        ("/api/watchlist.rss", "watchlist_feed", "Follow the changes of their answers as RSS 2.0", rss),
    ):
        found = {"description": "Successful Response", "content": content}
        get = {"summary": summary, "operationId": operation, "responses": {"200": found, **refusals}}
        description["paths"][path] = {"get": get}
