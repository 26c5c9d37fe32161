"""Tells of each request what it was for, how it ended, and how long its answer took to begin."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ...system.events import event

_PART = re.compile(r"[a-z_.-]{1,20}")
_MOST = 100  # different routes
_OTHER = "other"
_SESSIONS = "/gradio_api/heartbeat/"  # what follows it is any word that a visitor makes up


class Observed:
    """ASGI middleware that tells of each request; `who` names its sender, and `routes` has those told before."""

    def __init__(self, app: ASGIApp, who: Callable[[Scope], str | None], routes: set[str]) -> None:
        self._app = app
        self._who = who
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status, seconds = time.perf_counter(), 0, 0.0

        async def sent(message: Message) -> None:
            nonlocal status, seconds
            if message["type"] == "http.response.start":
                status, seconds = message["status"], time.perf_counter() - begun
                self._tell(scope, status, seconds)
            await send(message)

        try:
            await self._app(scope, receive, sent)
        finally:
            if not status:  # the sender has gone, or it failed
                self._tell(scope, 0, time.perf_counter() - begun)

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        event(
            "request",
            method=scope["method"] if scope["method"] in _METHODS else _OTHER,
            route=self._route(scope["path"], 0 < status < 400),
            status=status,
            ms=round(seconds * 1_000, 1),
            address=(scope.get("client") or ("",))[0],
            sender=self._who(scope),
        )

    def _route(self, path: str, is_right: bool) -> str:
        """Return what an address is for: its first words, without the names of anything. There are few of them.

        Only what was answered becomes a route, so that nobody makes up many.
        """
        parts = path.split("/")[1 : 3 if path.startswith(_SESSIONS) else 4]
        words = [part for part in parts if _PART.fullmatch(part)]
        route = "/" + "/".join(words)
        if is_right and len(self._routes) < _MOST:
            self._routes.add(route)
        return route if route in self._routes else _OTHER


_METHODS = ("GET", "HEAD", "POST", "OPTIONS")
