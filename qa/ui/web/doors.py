"""ASGI middleware in front of Gradio: admits only requests to the addresses that the page and Gradio's client need.

Address, log-in, method, kind and declared size are checked before the first byte of a body is read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ...system.lacking import machine_error
from . import bodies
from .bodies import FILES, JSON, MOST_BYTES
from .feed import EVENTS
from .received import ReceivedFiles
from .refusals import LOG_IN_FIRST, Refused, refusal
from .visitors import COOKIE, KEPT, is_name, new_name

_FILES_AT_ONCE = 100  # of the largest size that is indexed; many more if they are smaller

_NOT_STORED = "The upload could not be stored: details are in the log; upload it again."
_SESSION = re.compile(r"[\w-]{1,100}", re.ASCII)

_EVENT = {"fn_index", "session_hash", "data", "event_data", "simple_format"}

Body = Literal["", "json", "files"]


@dataclass(frozen=True, slots=True)
class Route:
    """An address: its whole path as a pattern, and a `body` of at most `most` bytes. `open` needs no log-in."""

    path: str
    body: Body = ""
    most: int = 0
    open: bool = False

    @property
    def methods(self) -> tuple[str, ...]:
        return ("POST",) if self.body else ("GET", "HEAD")

    @property
    def kinds(self) -> tuple[str, ...]:
        return {"": (), "json": (JSON,), "files": (FILES,)}[self.body]


def routes(calls: Iterable[str], most_upload: int) -> tuple[Route, ...]:
    """Return all addresses of Gradio that are admitted; none for uploads if `most_upload` is 0."""
    call, word = f"/gradio_api/call/(?:v2/)?(?:{'|'.join(calls)})", r"[\w-]{1,100}"
    return (
        Route(r"/|/favicon\.ico", open=True),
        Route("/config/?", open=True),  # Gradio's client learns from its answer that it has to log in
        Route("/gradio_api/(?:info/?|app_id|startup-events|queue/data)"),
        Route(f"/gradio_api/heartbeat/{word}"),
        Route("/gradio_api/(?:queue/join|cancel|reset)", "json", MOST_BYTES),
        Route(EVENTS),
        Route(call, "json", MOST_BYTES),
        Route(f"{call}/{word}"),
        *([Route("/gradio_api/upload", "files", most_upload)] if most_upload else []),
    )


def most_upload(max_file_bytes: int) -> int:
    """Return how many bytes one upload may contain."""
    return _FILES_AT_ONCE * max_file_bytes


class Doors:
    """Admits requests to Gradio, or refuses them.

    `files` gives, by the number of each event, which of its values are files; `is_known` tells from cookies whether a
    visitor is logged in (or need not be).
    """

    def __init__(
        self,
        app: ASGIApp,
        routes: Sequence[Route],
        files: Mapping[int, Sequence[int]],
        is_known: Callable[[Mapping[str, str]], bool],
        cookie_path: str = "/",
    ) -> None:
        self._app = app
        self._routes = [(re.compile(route.path), route) for route in routes]
        self._files = files
        self._is_known = is_known
        self._cookie_path = cookie_path
        self._received = ReceivedFiles()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            await self._admit(scope, receive, send)
        except Refused as refused:
            await refusal(scope, refused)(scope, receive, send)

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        route = self._route_of(request)
        visitor = request.cookies.get(COOKIE, "")
        if route.body == "json":
            body = self._without_files(scope["path"], visitor, await bodies.read(receive, route.most))
            headers = [(name, value) for name, value in scope["headers"] if name != b"content-length"]
            headers.append((b"content-length", str(len(body)).encode()))
            await self._app({**scope, "headers": headers}, bodies.replayed(body, receive), send)
        elif route.body == "files":
            await self._store(scope, bodies.LimitedForm(receive, route.most), send, visitor)
        else:
            await self._app(scope, receive, _naming(visitor, send, self._cookie_path) if scope["path"] == "/" else send)

    def _route_of(self, request: Request) -> Route:
        """Return the route of a request that may be admitted. Raises Refused."""
        routes = [route for path, route in self._routes if path.fullmatch(request.scope["path"])]
        if not routes:
            raise Refused(404, "There is nothing at this address: open the chat itself.")
        (route,) = routes
        if not route.open and not self._is_known(request.cookies):
            raise Refused(401, LOG_IN_FIRST)
        if request.method not in route.methods:
            allowed = {"allow": ", ".join(route.methods)}
            raise Refused(405, f"{request.method} is not supported here: use {route.methods[0]}.", allowed)
        if route.body:
            bodies.check_kind(request.headers, route.kinds)
        bodies.check_size(request.headers, route.most)
        return route

    def _without_files(self, path: str, visitor: str, body: bytes) -> bytes:
        try:
            given = json.loads(body)
            if not isinstance(given, dict):
                raise Refused(400, "The request body is not a JSON object: send one.")
            event = _checked(given, self._files) if path == "/gradio_api/queue/join" else None
            places = self._files[event] if event is not None else ()
            # What was checked is passed on, not what was sent: Gradio might parse that differently.
            admitted = self._received.admitted(visitor, given, places)
            if event is not None:
                admitted["event_data"] = admitted.get("event_data") or {}
            return json.dumps(admitted).encode()
        except (ValueError, RecursionError) as error:
            raise Refused(400, "The request body is not valid JSON: send one object.") from error

    async def _store(self, scope: Scope, form: bodies.LimitedForm, send: Send, visitor: str) -> None:
        """Let Gradio store an upload, and remember for which visitor."""
        status, answer, is_failed = 0, bytearray(), False

        async def forward(message: Message) -> None:
            nonlocal status, is_failed
            if form.exceeded or is_failed:
                return  # refused below
            if message["type"] == "http.response.start":
                status = message["status"]
                if is_failed := status >= 500:
                    return
                if status != 200:  # nobody waits for the rest of the body
                    MutableHeaders(raw=message["headers"]).update({"connection": "close"})
            answer.extend(message.get("body", b""))
            if message["type"] == "http.response.body" and not message.get("more_body") and status == 200:
                self._received.add(visitor, json.loads(answer))
            await send(message)

        headers = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        try:
            await self._app({**scope, "headers": headers}, form.receive, forward)
        except OSError as error:  # as when the disk for temporary files is full
            if status < 500:
                raise
            known = machine_error(error, names=False)
            raise Refused(503, f"{known} After that, upload it again." if known else _NOT_STORED) from error
        if form.exceeded:
            raise bodies.too_large(form.most)
        if is_failed:
            raise Refused(500, _NOT_STORED)


def _checked(given: dict[str, Any], known: Mapping[int, Sequence[int]]) -> int:
    """Return the number of the event that a request is for, and leave in the request only what an event consists of.

    Raises Refused if it has not the form of a known one: Gradio would write a traceback into the log.
    """
    event, session = given.get("fn_index"), given.get("session_hash")
    if not isinstance(event, int) or isinstance(event, bool) or event not in known:
        raise Refused(400, "The request names no event of the page: send fn_index, its number.")
    if not isinstance(session, str) or not _SESSION.fullmatch(session):
        raise Refused(400, "The request names no session: send session_hash, letters and digits.")
    more = None if known[event] else given.get("event_data")  # with files it repeats them, and is dropped
    if not isinstance(given.get("data"), list) or not isinstance(more, dict | None):
        raise Refused(400, "The request has not the form of an event: send data, a list, and event_data, an object.")
    for name in given.keys() - _EVENT:
        del given[name]
    return event


def file_places(events: Mapping[int, Any], channel: str) -> dict[int, tuple[int, ...]]:
    """Return, by the number of each event, which of its inputs are the channel of this name."""
    return {
        number: tuple(place for place, each in enumerate(event.inputs) if each.elem_id == f"qa-channel-{channel}")
        for number, event in events.items()
    }


def _naming(visitor: str, send: Send, path: str) -> Send:
    """Return a `send` that adds the cookie that names a visitor: from now on for long, or a new one."""
    name = visitor if is_name(visitor) else new_name()

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message["headers"])
            # Lax: without it, who comes by a link on another site would get a new name, and lose the conversations.
            headers.append("set-cookie", f"{COOKIE}={name}; Max-Age={KEPT}; Path={path}; HttpOnly; SameSite=Lax")
        await send(message)

    return sent
