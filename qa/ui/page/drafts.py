"""The drafts that the page checks: a text comes through its channel, a file by itself as `POST /draft?name=…`."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, BinaryIO

import gradio as gr
import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ...check.reading import MOST_CHARACTERS, PASTED, TOO_LONG, check_draft
from ...engine import Engine
from ...errors import ConfigError, QAError
from ...strings.spoken import speaking
from ..answers.checked_html import checked_html
from ..failures import in_page, unexpected
from ..web import bodies
from ..web.readers import language_of
from ..web.refusals import LOG_IN_FIRST, Refused, refusal
from . import views
from .events import number_in, text_in

logger = logging.getLogger(__name__)

ADDRESS = "/draft"
_LONGEST_NAME = 200  # characters of the end, which has the extension
_MOST_OF_FILE = 500_000  # characters of the text of a file: about 170 pages, or three minutes of one processor


class Drafts:
    """Checks drafts, one after another, so that questions do not wait for several; an ASGI application for ADDRESS.

    `is_known` tells from cookies whether a visitor is logged in, or need not be.
    """

    def __init__(self, engine: Engine, is_known: Callable[[Mapping[str, str]], bool] = lambda cookies: True) -> None:
        self._engine = engine
        self._is_known = is_known
        self._checking = threading.Lock()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="drafts")

    def close(self) -> None:
        """Start no further checks of files."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def typed(self, event: gr.EventData) -> dict[str, Any]:
        """Return what the articles say of a text; the page numbers its requests (`serial`), and shows the last."""
        text = text_in(event, "text")
        return {"serial": number_in(event, "serial"), "html": self._html(lambda: _pasted(text))}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            response = await self._of_file(Request(scope), receive)
        except Refused as refused:
            response = refusal(scope, refused)
        await response(scope, receive, send)

    async def _of_file(self, request: Request, receive: Receive) -> Response:
        if not await run_in_threadpool(self._is_known, request.cookies):
            raise Refused(401, LOG_IN_FIRST)
        if request.method != "POST":
            raise Refused(405, f"{request.method} is not supported here: use POST.", {"allow": "POST"})
        bodies.check_kind(request.headers, (bodies.BYTES,))
        bodies.check_size(request.headers, self._engine.config.max_file_bytes)
        name = request.query_params.get("name", "")[-_LONGEST_NAME:].replace("/", "_")
        language = language_of(request.query_params, request.cookies, request.headers)
        with await bodies.received(receive, self._engine.config.max_file_bytes) as file:
            html = await asyncio.get_running_loop().run_in_executor(self._pool, self._spoken, language, name, file)
        return Response(orjson.dumps({"html": html}), media_type=bodies.JSON, headers={"cache-control": "no-store"})

    def _spoken(self, language: str, name: str, file: BinaryIO) -> str:
        with speaking(language):
            return self._html(lambda: (name, file.read()))

    def _html(self, draft: Callable[[], tuple[str, bytes]]) -> str:
        try:
            name, data = draft()
            with self._checking:
                return checked_html(check_draft(self._engine, name, data, most=_MOST_OF_FILE))
        except QAError as error:
            return views.problem_html(in_page(error, self._engine.can_build))
        except Exception as error:  # an edge: the page says what went wrong
            logger.exception("a draft could not be checked")
            return views.problem_html(unexpected(error, "check it again"))


def _pasted(text: str) -> tuple[str, bytes]:
    """The name and the bytes of a text. Raises ConfigError if there is none, or too much of it."""
    if not text.strip():
        raise ConfigError("There is no text: paste what you wrote.")
    if len(text) > MOST_CHARACTERS:
        raise ConfigError(TOO_LONG)
    return PASTED, text.encode("utf-8", "replace")
