"""ASGI middleware around everything: refuses requests from other sites' pages, and forbids foreign scripts.

Which addresses there are is in `doors` and `endpoints`.
"""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..system.machine import is_loopback
from .refusals import Refused, refusal

# Gradio's page builds its templates with `Function`, hence 'unsafe-eval'. No inline script or handler runs without
# this response's nonce, so markup that was not escaped could still do nothing.
_POLICY = (
    "default-src 'self'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
    "media-src 'none'; object-src 'none'; frame-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), browsing-topics=()",
}
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class Guard:
    """Checks every request and adds headers to every response.

    With `only_local`, requests must name a loopback host: otherwise a page elsewhere could reach a chat on the loopback
    address by pointing its own host name there (DNS rebinding).
    """

    def __init__(self, app: ASGIApp, only_local: bool = True) -> None:
        self._app = app
        self._only_local = only_local

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        nonce = secrets.token_urlsafe(16)
        sender = _HeaderSender(send, nonce)
        problem = self._problem(scope)
        if problem:
            await refusal(scope, Refused(403, problem))(scope, receive, sender.send)
            return
        await self._app(scope, receive, sender.send)

    def _problem(self, scope: Scope) -> str:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if self._only_local and not is_loopback(urlsplit(f"//{host}").hostname or ""):
            return "This chat can be reached only as 127.0.0.1 or localhost: use one of these."
        if scope["method"] not in _SAFE_METHODS:
            origin = headers.get("origin")
            if origin is not None and urlsplit(origin).netloc != host:
                return "This request comes from another site's page: open the chat itself."
            if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
                return "This request comes from another site's page: open the chat itself."
        return ""


class _HeaderSender:
    """Sends a response with the headers; a page is buffered until its scripts have the nonce."""

    def __init__(self, send: Send, nonce: str) -> None:
        self._send = send
        self._nonce = nonce
        self._start: Message | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message["headers"])
            headers.update({**_HEADERS, "content-security-policy": _POLICY.format(nonce=self._nonce)})
            if headers.get("content-type", "").startswith("text/html"):
                headers["cache-control"] = "no-store"  # a nonce is good for one response
                self._start = message
                return
        elif self._start is not None and message["type"] == "http.response.body":
            self._body += message.get("body", b"")
            if message.get("more_body"):
                return
            await self._send_page(self._start)
            return
        await self._send(message)

    async def _send_page(self, start: Message) -> None:
        # Data inside Gradio's page is written without "<", so every such tag is Gradio's own.
        body = self._body.replace(b"<script", f'<script nonce="{self._nonce}"'.encode())
        headers: Any = MutableHeaders(raw=start["headers"])
        headers["content-length"] = str(len(body))
        self._start = None
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})
