"""ASGI middleware in front of Gradio: admits only requests to the addresses that the page and Gradio's client need.

Address, log-in, method, kind and declared size are checked before the first byte of a body is read.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import bodies
from .bodies import FILES, FORM, JSON, MOST_BYTES
from .received import ReceivedFiles
from .refusals import Refused, refusal

_FORM_BYTES = 10_000  # of a log-in
_FILES_AT_ONCE = 100  # of the largest size that is indexed; many more if they are smaller
_VISITOR = "qa-visitor"  # a cookie, so that a file is accepted only from the visitor who uploaded it

Body = Literal["", "form", "json", "files"]


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
        return {"": (), "form": (FORM, FILES), "json": (JSON,), "files": (FILES,)}[self.body]


def routes(calls: Iterable[str], most_upload: int) -> tuple[Route, ...]:
    """Return all addresses of Gradio that are admitted; none for uploads if `most_upload` is 0."""
    call, word = f"/gradio_api/call/(?:v2/)?(?:{'|'.join(calls)})", r"[\w-]{1,100}"
    upload = [Route("/gradio_api/upload", "files", most_upload), Route("/gradio_api/upload_progress")]
    return (
        Route(r"/|/theme\.css|/gradio_api/theme\.css|/favicon\.ico|/logout", open=True),
        Route(r"/(?:assets|static)/(?:[\w@+-][\w@+.-]*/)*[\w@+-][\w@+.-]*", open=True),  # no part starts with a dot
        Route("/config/?", open=True),  # Gradio's answer says how to log in
        Route("/login/?", "form", _FORM_BYTES, open=True),
        Route("/gradio_api/(?:info/?|app_id|startup-events|queue/data)"),
        Route(f"/gradio_api/heartbeat/{word}"),
        Route("/gradio_api/(?:queue/join|cancel|reset)", "json", MOST_BYTES),
        Route(call, "json", MOST_BYTES),
        Route(f"{call}/{word}"),
        *(upload if most_upload else []),
    )


def most_upload(max_file_bytes: int) -> int:
    """Return how many bytes one upload may contain."""
    return _FILES_AT_ONCE * max_file_bytes


class Doors:
    """Admits requests to Gradio, or refuses them.

    `files` gives, by an event's number, which of its values are files; `is_known` tells from cookies whether a visitor
    is logged in (or need not be).
    """

    def __init__(
        self,
        app: ASGIApp,
        routes: Sequence[Route],
        files: Mapping[int, Sequence[int]],
        is_known: Callable[[Mapping[str, str]], bool],
    ) -> None:
        self._app = app
        self._routes = [(re.compile(route.path), route) for route in routes]
        self._files = files
        self._is_known = is_known
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
        visitor = request.cookies.get(_VISITOR, "")
        if route.body == "json":
            body = self._without_files(scope["path"], visitor, await bodies.read(receive, route.most))
            headers = [(name, value) for name, value in scope["headers"] if name != b"content-length"]
            headers.append((b"content-length", str(len(body)).encode()))
            await self._app({**scope, "headers": headers}, bodies.replayed(body, receive), send)
        elif route.body == "form":
            body = await bodies.read(receive, route.most)
            await self._app(scope, bodies.replayed(body, receive), send)
        elif route.body == "files":
            await self._store(scope, bodies.LimitedForm(receive, route.most), send, visitor)
        else:
            await self._app(scope, receive, send if visitor or scope["path"] != "/" else _introducing(send))

    def _route_of(self, request: Request) -> Route:
        """Return the route of a request that may be admitted. Raises Refused."""
        routes = [route for path, route in self._routes if path.fullmatch(request.scope["path"])]
        if not routes:
            raise Refused(404, "There is nothing at this address: open the chat itself.")
        (route,) = routes
        if not route.open and not self._is_known(request.cookies):
            raise Refused(401, "This chat needs a log-in: open it and log in there.")
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
            event = given.get("fn_index") if path == "/gradio_api/queue/join" else None
            places = self._files.get(event, ()) if isinstance(event, int) else ()
            # What was checked is passed on, not what was sent: Gradio might parse that differently.
            return json.dumps(self._received.admitted(visitor, given, places)).encode()
        except (ValueError, RecursionError) as error:
            raise Refused(400, "The request body is not valid JSON: send one object.") from error

    async def _store(self, scope: Scope, form: bodies.LimitedForm, send: Send, visitor: str) -> None:
        """Let Gradio store an upload, and remember for which visitor."""
        status, answer = 0, bytearray()

        async def forward(message: Message) -> None:
            nonlocal status
            if form.exceeded:
                return  # refused below
            if message["type"] == "http.response.start":
                status = message["status"]
                if status != 200:  # nobody waits for the rest of the body
                    MutableHeaders(raw=message["headers"]).update({"connection": "close"})
            answer.extend(message.get("body", b""))
            if message["type"] == "http.response.body" and not message.get("more_body") and status == 200:
                self._received.add(visitor, json.loads(answer))
            await send(message)

        headers = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        await self._app({**scope, "headers": headers}, form.receive, forward)
        if form.exceeded:
            raise bodies.too_large(form.most)


def file_places(events: Mapping[int, Any], kind: type) -> dict[int, tuple[int, ...]]:
    """Return, by the number of an event, which inputs are components of a kind, for events with any."""
    places = {
        number: tuple(place for place, each in enumerate(event.inputs) if isinstance(each, kind))
        for number, event in events.items()
    }
    return {number: each for number, each in places.items() if each}


def _introducing(send: Send) -> Send:
    """Return a `send` that adds a cookie with a new name for a visitor who has none."""
    name = secrets.token_urlsafe(16)

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message["headers"])
            headers.append("set-cookie", f"{_VISITOR}={name}; Path=/; HttpOnly; SameSite=Strict")
        await send(message)

    return sent
