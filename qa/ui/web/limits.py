"""Limits how many requests each user, token or address may send in a minute."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from ...strings.catalogue import counted
from ...system.events import event
from .public import network_of
from .refusals import Refused, refusal

_MOST = 10_000  # remembered senders
_LITTLE = 0.1  # what a request costs that only reads: a page has some ten of them
_FREE = ("/healthz", "/readyz")


class RateLimit:
    """Gives each sender so many requests a minute, all at once if they were saved up. Not thread-safe."""

    def __init__(self, per_minute: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = max(1.0, per_minute)
        self._rate = per_minute / 60
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}  # by sender: what was left and when, the oldest first

    def take(self, sender: str, cost: float = 1.0) -> float:
        """Count a request; or return the seconds after which one of this cost is admitted, and count nothing."""
        now = self._clock()
        left, seen = self._left.pop(sender, (self._most, now))
        left = min(self._most, left + (now - seen) * self._rate)
        is_admitted = left >= cost
        self._left[sender] = (left - cost if is_admitted else left, now)
        while len(self._left) > _MOST:
            del self._left[next(iter(self._left))]
        return 0.0 if is_admitted else (cost - left) / self._rate


class Limited:
    """ASGI middleware that refuses requests beyond a limit; `who` names the sender of a request, if that is known."""

    def __init__(self, app: ASGIApp, limit: RateLimit, who: Callable[[Scope], str | None]) -> None:
        self._app = app
        self._limit = limit
        self._who = who

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in _FREE:
            cost = _LITTLE if scope["method"] in ("GET", "HEAD", "OPTIONS") else 1.0
            sender = self._who(scope) or f"address {network_of((scope.get('client') or ('',))[0])}"
            wait = self._limit.take(sender, cost)
            if wait > 0:
                event("limited", sender=sender)
                await refusal(scope, _too_many(math.ceil(wait)))(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _too_many(seconds: int) -> Refused:
    words = counted(seconds, "second")
    return Refused(429, f"Too many requests: wait {words}, then try again.", {"retry-after": str(seconds)})
