"""Keeps connections from using up the server: time limits for slow senders and readers, and caps on their number.

A connection holds a file descriptor for as long as its other end likes, so what is idle has to go when there are many.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import select
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from ...system.logs import Throttled

logger = logging.getLogger(__name__)

_MOST = 1_000  # connections: some 30 MB
_LEAST = 8
_FOR_FILES = 64  # descriptors that the index, a build and the pages of a PDF may need beside those that are open
_WANTED = 4_096  # descriptors
_BUSY = "This chat has too many connections: close some, then try again."
_SLOW = "The request arrived too slowly: send it again over a faster connection."


@dataclass(frozen=True, slots=True)
class Patience:
    """How many seconds a connection is waited for.

    `head` for a request and its headers; `body` for its body, and more for each `rate` bytes of it that have come;
    `reader` for somebody who takes nothing of an answer.
    """

    head: float = 20.0
    body: float = 30.0
    rate: float = 1_000.0  # bytes a second
    reader: float = 60.0


class Connections:
    """All connections of one server, at most `most`, and at most `most_each` from one address.

    `is_shared` tells the addresses from which many people come, such as that of a proxy: they have no cap of their own.
    It is used in the event loop only.
    """

    def __init__(
        self,
        most: int,
        most_each: int,
        is_shared: Callable[[str], bool] = lambda address: False,
        patience: Patience | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.most = most
        self.most_each = most_each
        self.patience = patience or Patience()
        self.refused = self.dropped = self.slow = 0
        self._is_shared = is_shared
        self._clock = clock
        self._log = Throttled(logger)
        self._open: dict[Connection, None] = {}  # oldest first
        self._by_address: dict[str, dict[Connection, None]] = {}
        self._ending: dict[Connection, None] = {}  # they count for no cap, though they still have their descriptors

    def __len__(self) -> int:
        return len(self._open) + len(self._ending)

    def protocol(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> Connection:
        """Return what talks to one new connection; uvicorn calls it."""
        return Connection(self, config, server_state, app_state, _loop)

    def sweep(self) -> None:
        """End the connections whose time is up; it is called often."""
        now = self._clock()
        slow = [each for each in self._open if each.is_due(now, self.patience)]
        for each in slow:
            each.end(408, _SLOW)
        self.slow += len(slow)
        for each in list(self._ending):
            each.abort_if_stuck(now, self.patience)

    def failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Handle an error of the event loop: without free descriptors, keep some from now on by ending what is idle."""
        error = context.get("exception")
        if not isinstance(error, OSError) or "accept" not in context.get("message", ""):
            loop.default_exception_handler(context)
            return
        self.most = max(_LEAST, min(self.most, len(self) - _FOR_FILES))
        for each in self._idle(self._open)[: max(0, len(self._open) - self.most)]:
            self._drop(each)
        self._log.warning("No connection can be accepted (%s): idle ones are ended. Raise ulimit -n.", error)

    def opened(self, connection: Connection, address: str) -> None:
        """Count a new connection; beyond a cap, end the one that is idle for longest, or refuse the new one."""
        self._open[connection] = None
        same = self._by_address.setdefault(address, {})
        same[connection] = None
        if len(same) > self.most_each and not self._is_shared(address):
            self._make_room(connection, same, f"{self.most_each} from one address")
        elif len(self._open) > self.most:
            self._make_room(connection, self._open, f"{self.most} in all")

    def closed(self, connection: Connection, address: str) -> None:
        """Forget a connection that is closed."""
        self.ending(connection, address)
        self._ending.pop(connection, None)

    def ending(self, connection: Connection, address: str) -> None:
        """Count a connection no longer: it will be closed."""
        self._open.pop(connection, None)
        self._ending[connection] = None
        same = self._by_address.get(address, {})
        same.pop(connection, None)
        if not same:
            self._by_address.pop(address, None)

    def _make_room(self, new: Connection, among: dict[Connection, None], most: str) -> None:
        idle = [each for each in self._idle(among) if each is not new]
        if idle:
            self._drop(idle[0])
            return
        self.refused += 1
        self._log.warning("Connections are refused: there are %s, and none of them is idle.", most)
        new.end(503, _BUSY)

    @staticmethod
    def _idle(among: dict[Connection, None]) -> list[Connection]:
        """Return those that wait for a request of which nothing has come, the one that has waited longest first."""
        idle = (each for each in among if each.is_idle and not each.has_unread)
        return sorted(idle, key=lambda each: each.since)

    def _drop(self, connection: Connection) -> None:
        self.dropped += 1
        connection.end()

    def counts(self) -> tuple[int, int, int, int]:
        """Return how many are open, and how many were refused, ended while idle, and too slow."""
        return len(self), self.refused, self.dropped, self.slow

    def now(self) -> float:
        """Return the time by which connections are measured."""
        return self._clock()


class Connection(H11Protocol):
    """One connection: uvicorn's, which remembers what it is waiting for and since when."""

    def __init__(
        self,
        connections: Connections,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._all = connections
        self._address = ""
        self._phase: object = None
        self.since = 0.0  # when this phase began
        self._seen = 0.0
        self._slow = 0.0  # seconds spent waiting for a body, or for a reader
        self._bytes = 0
        self._unsent = 0
        self._ended = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._address = self.client[0] if self.client else ""
        self._phase, self.since = h11.IDLE, self._all.now()
        self._all.opened(self, self._address)

    def connection_lost(self, exc: Exception | None) -> None:
        self._all.closed(self, self._address)
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        self._phase, self.since, self._bytes = h11.IDLE, self._all.now(), 0
        super().on_response_complete()

    def data_received(self, data: bytes) -> None:
        if self._ended:
            return
        self._bytes += len(data)
        super().data_received(data)

    @property
    def is_idle(self) -> bool:
        """Whether it waits for a request."""
        return not self._ended and self.conn.their_state is h11.IDLE and self.conn.our_state is h11.IDLE

    @property
    def has_unread(self) -> bool:
        """Whether something has come that was not yet read: many may be accepted before the first of them is read."""
        connected = self.transport.get_extra_info("socket")
        if connected is None or connected.fileno() < 0:
            return False
        return _is_readable(connected.fileno())

    def abort_if_stuck(self, now: float, patience: Patience) -> None:
        """Close an ended connection whose other end takes nothing of what was said."""
        if now - self.since > patience.head:
            self.transport.abort()

    def is_due(self, now: float, patience: Patience) -> bool:
        """Whether what it waits for has not come in time; it has to be asked again and again."""
        phase = self._sending() if self.conn.their_state is h11.SEND_BODY else self.conn.their_state
        if phase is not self._phase:
            self._phase, self.since, self._seen, self._slow, self._bytes = phase, now, now, 0.0, 0
        passed, self._seen = now - self._seen, now
        if self.is_idle:
            return now - self.since > patience.head
        unsent = self.transport.get_write_buffer_size()
        is_stuck = 0 < unsent == self._unsent
        self._unsent = unsent
        if phase is h11.SEND_BODY:
            self._slow += passed
            return self._slow > patience.body + self._bytes / patience.rate
        self._slow = self._slow + passed if is_stuck else 0.0
        return self._slow > patience.reader

    def end(self, status: int = 0, words: str = "") -> None:
        """End it, with a refusal if no answer has begun."""
        if self._ended:
            return
        is_silent = self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE) and not (self.is_idle and not self._bytes)
        self._ended, self.since = True, self._all.now()
        self._all.ending(self, self._address)
        self._unset_keepalive_if_required()
        if status and (is_silent or status == 503):
            self.transport.write(_refusal(status, words))
        elif self.transport.get_write_buffer_size():
            self.transport.abort()
            return
        self.transport.close()

    def _sending(self) -> object:
        """Return the phase of a request whose body is due: it is not waited for while nobody reads it."""
        return "unread" if self.flow.read_paused else h11.SEND_BODY


class Listener(uvicorn.Server):
    """uvicorn's server with these connections; it calls `ready` once requests are accepted."""

    def __init__(self, app: ASGIApp, connections: Connections) -> None:
        config = uvicorn.Config(
            app,
            http=connections.protocol,  # type: ignore[arg-type]
            loop="asyncio",  # and h11: what else is installed differs in what it tells of a connection
            log_level="critical",
            lifespan="on",
            ws="none",
            backlog=128,  # all of which are tried, one after the other, when descriptors run out
            timeout_graceful_shutdown=1,
            access_log=False,
            proxy_headers=False,  # which headers of a proxy count, is in `public`
        )
        super().__init__(config)
        self._connections = connections
        self.ready: Callable[[], None] = lambda: None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        asyncio.get_running_loop().set_exception_handler(self._connections.failed)
        await super().startup(sockets)
        if self.started:
            self.ready()

    async def on_tick(self, counter: int) -> bool:
        self._connections.sweep()
        return await super().on_tick(counter)


def _refusal(status: int, words: str) -> bytes:
    name = {408: "Request Timeout", 503: "Service Unavailable"}[status]
    body = words.encode()
    head = f"HTTP/1.1 {status} {name}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {len(body)}\r\n"
    return f"{head}connection: close\r\n\r\n".encode() + body


def room_for_connections() -> int:
    """Return how many connections this process has descriptors for, after raising its limit as far as it may."""
    try:
        import resource
    except ImportError:  # Windows, where sockets are not limited so
        return _MOST
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _WANTED if hard == resource.RLIM_INFINITY else min(_WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):  # macOS allows less than it says
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    if soft == resource.RLIM_INFINITY:
        return _MOST
    return max(_LEAST, min(_MOST, soft - _open_descriptors() - _FOR_FILES))


def _is_readable(descriptor: int) -> bool:
    if not hasattr(select, "poll"):  # Windows, where descriptors of any size can be selected
        return bool(select.select([descriptor], [], [], 0)[0])
    asked = select.poll()
    asked.register(descriptor, select.POLLIN)
    return bool(asked.poll(0))


def _open_descriptors() -> int:
    folder = Path("/dev/fd")
    return len(list(folder.iterdir())) if folder.is_dir() else _FOR_FILES
