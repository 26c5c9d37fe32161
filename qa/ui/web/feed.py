"""Pushes what all pages show of the index to every open page, as server-sent events.

An open page holds one connection, and no thread: one task looks for changes while any page is open.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from .readers import language_of

logger = logging.getLogger(__name__)

EVENTS = "/events"  # the address
_QUICK, _SLOW = 0.6, 5.0  # seconds between two looks while something is in progress, and otherwise
_ALIVE = 25.0  # seconds after which a line without a meaning shows a proxy that the connection is in use


class Feed:
    """An ASGI application that streams `state`, which returns JSON by language and whether nothing is in progress.

    `wake` makes it look at once; it may be called from any thread. A stream ends when the cookies of its visitor are no
    longer ones that `is_known`: after a log-out, or when a user is removed.
    """

    def __init__(
        self,
        state: Callable[[Sequence[str]], tuple[Mapping[str, str], bool]],
        is_known: Callable[[Mapping[str, str]], bool] = lambda cookies: True,
    ) -> None:
        self._state = state
        self._is_known = is_known
        self._json: Mapping[str, str] = {}
        self._changed = asyncio.Event()  # replaced at every change
        self._due = asyncio.Event()
        self._open: Counter[str] = Counter()  # pages, by language
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        if request.method == "HEAD":
            await StreamingResponse(iter(()), media_type="text/event-stream")(scope, receive, send)
            return
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        language = language_of(request.query_params, request.cookies, request.headers)
        events = self._events(language, request.cookies)
        await StreamingResponse(events, headers=headers, media_type="text/event-stream")(scope, receive, send)

    def wake(self) -> None:
        """Look for changes now."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended, and so have the pages
                self._loop.call_soon_threadsafe(self._due.set)

    async def _events(self, language: str, cookies: Mapping[str, str]) -> AsyncIterator[str]:
        self._loop = asyncio.get_running_loop()
        self._open[language] += 1
        if self._task is None or self._task.done():
            self._json = {}  # it may be old
            self._task = asyncio.create_task(self._look())
        elif language not in self._json:
            self._due.set()
        sent = ""
        try:
            yield "retry: 2000\n\n"  # milliseconds after which a page that lost the connection tries again
            while True:
                changed = self._changed
                if not self._is_known(cookies):
                    return
                if self._json.get(language, sent) != sent:
                    sent = self._json[language]
                    yield f"data: {sent}\n\n"
                    continue
                try:
                    await asyncio.wait_for(changed.wait(), _ALIVE)
                except asyncio.TimeoutError:
                    yield ":\n\n"
        finally:
            self._open[language] -= 1
            self._due.set()

    async def _look(self) -> None:
        while languages := [language for language, pages in self._open.items() if pages > 0]:
            self._due.clear()
            json: Mapping[str, str]
            try:
                json, settled = await run_in_threadpool(self._state, languages)
            except Exception:
                logger.exception("the state of the index could not be shown")
                json, settled = self._json, True
            if json != self._json:
                self._json = json
                self._changed.set()
                self._changed = asyncio.Event()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._due.wait(), _SLOW if settled else _QUICK)
