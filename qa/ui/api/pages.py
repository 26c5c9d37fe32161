"""Takes in pages as a browser shows them: `POST /api/pages`, for the bookmarklet and the extension.

Unlike anywhere else, a page of any site may send here; what lets it in is a token that was made for adding articles.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from email.errors import MessageError
from email.header import decode_header, make_header
from email.parser import BytesHeaderParser

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ...config import Config
from ...corpus.folders import Folders, corpus_of
from ...corpus.snapshot import snapshot, snapshot_name
from ...corpus.storing import Stored, store
from ...errors import QAError
from ...text.web_address import web_address
from ..access.callers import Callers
from ..access.tokens import ADD
from ..failures import for_programs, unexpected
from ..web import bodies
from ..web.refusals import Refused, refusal

logger = logging.getLogger(__name__)

ADDRESS = "/api/pages"
_MHTML = "multipart/related"
_AT_ONCE = 2  # bodies in memory
_SENT_AT_ONCE = 4  # bodies that one token sends; more wait, and however slow they are, other tokens do not
_ESCAPES = 2  # how much larger a page may be as JSON
_HEADERS = {
    "access-control-allow-origin": "*",  # without credentials: neither cookies nor stored log-ins are sent
    "access-control-allow-methods": "POST",
    "access-control-allow-headers": "authorization, content-type",
    "access-control-max-age": "600",
}
_FIELDS = ("address", "title", "html")


class Pages:
    """An ASGI application for ADDRESS, which stores each page in the first folder of articles.

    `remember` is told the path and the sha256 of each file that was written.
    """

    def __init__(self, config: Config, callers: Callers, can_build: bool, remember: Callable[[str, str], None]) -> None:
        self._config = config
        self._callers = callers
        self._can_build = can_build
        self._remember = remember
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._sending: dict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(_SENT_AT_ONCE))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response: ASGIApp
        try:
            response = await self._answer(Request(scope, receive))
        except Refused as refused:
            response = refusal(scope, refused)
        await response(scope, receive, _with_permission(scope, send))

    async def _answer(self, request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(status_code=204)
        if request.method != "POST":
            raise Refused(405, f"{request.method} is not supported here: use POST.", {"allow": "OPTIONS, POST"})
        if not self._can_build:
            raise Refused(403, "Articles cannot be added in this chat: add them where its index is built.")
        sender = self._callers.holder(request.scope, ADD)
        bodies.check_kind(request.headers, (bodies.JSON, _MHTML))
        is_json = request.headers["content-type"].lower().startswith(bodies.JSON)
        most = self._config.max_file_bytes * (_ESCAPES if is_json else 1)
        bodies.check_size(request.headers, most)
        try:
            async with self._sending[sender.name]:
                file = await bodies.received(request.receive, most)
                with file:
                    async with self._room:
                        stored = await run_in_threadpool(lambda: self._stored(file.read(), is_json))
        except OSError as error:
            logger.exception("a page could not be received")
            raise Refused(503, unexpected(error, "add it again")) from error
        given = {"document": stored.name, "added": bool(stored.sha256), "words": stored.words}
        return JSONResponse(given, 201 if stored.sha256 else 200)

    def _stored(self, body: bytes, is_json: bool) -> Stored:
        """Store a page. Raises Refused."""
        address, title, data = _from_json(body) if is_json else _from_mhtml(body)
        config, folder = self._config, Folders.of(corpus_of(self._config)).all[0]
        try:
            stored = store(data, snapshot_name(title, address), folder.path, config.max_file_bytes, config.text_files)
            if not stored.saved:
                raise Refused(400, f"The page is {stored.words}: save it in your browser and add that file.")
            stored = replace(stored, name=folder.key(stored.name))
            if stored.sha256:
                self._remember(stored.name, stored.sha256)
        except QAError as error:
            raise Refused(503, for_programs(error)) from error
        except Refused:
            raise
        except Exception as error:  # an edge: the log has the details
            logger.exception("a page could not be added")
            raise Refused(500, unexpected(error, "add it again")) from error
        return stored


def _from_json(body: bytes) -> tuple[str, str, bytes]:
    """The address, the title and the file of a page that was sent as its HTML."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused(400, f"The request body is not valid JSON: send an object with {', '.join(_FIELDS)}.") from error
    if not isinstance(given, dict) or not all(isinstance(given.get(name), str) for name in _FIELDS):
        raise Refused(400, f"The request body is not an object with the texts {', '.join(_FIELDS)}: send one.")
    address, title = _checked(given["address"]), given["title"]
    html = given["html"].encode("utf-8", "replace")
    return address, title, snapshot(address, title, html, "utf-8", datetime.now(timezone.utc).astimezone())


def _from_mhtml(body: bytes) -> tuple[str, str, bytes]:
    """The address and the title that are written in a page that a browser has saved whole, and the page itself."""
    try:
        head = BytesHeaderParser().parsebytes(body)
        if head.get_content_type() != _MHTML:
            raise Refused(400, "The request body is not a page that a browser has saved (MHTML): send one.")
        title = str(make_header(decode_header(str(head.get("Subject") or ""))))
    except (MessageError, ValueError, LookupError) as error:
        raise Refused(400, "The headers of the saved page cannot be read: save it again.") from error
    return _checked(str(head.get("Snapshot-Content-Location") or "")), " ".join(title.split()), body


def _checked(text: str) -> str:
    address = web_address(text)
    if address is None:
        raise Refused(400, "Only pages of the web are added here: drop other files into the Library.")
    return address


def _with_permission(scope: Scope, send: Send) -> Send:
    """Return a `send` that lets a page of any site send its content and read the answer."""
    asks = any(name == b"access-control-request-private-network" for name, _ in scope["headers"])

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message["headers"])
            headers.update(_HEADERS)
            if asks:
                headers["access-control-allow-private-network"] = "true"
        await send(message)

    return sent
