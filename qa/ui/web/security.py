"""ASGI middleware around everything: refuses requests from other sites' pages, and forbids foreign scripts.

Which addresses there are is in `doors` and `api.endpoints`.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ...system.machine import is_loopback
from .public import PublicUrl, host_name, host_of, origin_of, without_forwarded
from .refusals import Refused, refusal

_POLICY = (
    "default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",  # with "no-referrer", a form would be sent without its origin
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), browsing-topics=()",
}
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def policy(page: str = "") -> str:
    """Return a Content-Security-Policy that runs the scripts of this page alone, into which nothing was inserted.

    Markup that was not escaped could then still do nothing, and no text is evaluated as a script.
    """
    digests = [b64encode(sha256(script.encode()).digest()).decode() for script in _SCRIPT.findall(page)]
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests) or "'none'"
    return _POLICY.format(scripts=allowed)


class Guard:
    """Checks every request and adds headers to every response.

    With `only_local`, requests must name a loopback host, or that of the `public` address: otherwise a page elsewhere
    could reach a chat on the loopback address by pointing its own host name there (DNS rebinding). What is `around` the
    application sees refused requests too, and each as its sender made it. To the paths in `open_to_pages` the pages of
    all sites may send.
    """

    def __init__(
        self,
        app: ASGIApp,
        only_local: bool = True,
        public: PublicUrl | None = None,
        around: Callable[[ASGIApp], ASGIApp] = lambda app: app,
        open_to_pages: frozenset[str] = frozenset(),
    ) -> None:
        self._app = app
        self._around = around
        self._open_to_pages = open_to_pages
        self._only_local = only_local
        self._public = public

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        app = self._app
        if self._public is not None:
            scope = self._public.seen(scope)
            if not scope["path"]:  # relative addresses would miss the last part of the path
                app = RedirectResponse(f"{self._public}/", 308)
        scope = without_forwarded(scope)
        try:
            self._check(scope)
        except Refused as refused:
            app = refusal(scope, refused)
        await self._around(app)(scope, receive, _with_headers(send))

    def _check(self, scope: Scope) -> None:
        """Raise Refused for a request that names another host, or that another site's page has sent."""
        headers = Headers(scope=scope)
        given = headers.getlist("host")
        host = host_of(given[0]) if len(given) == 1 else None
        if host is None and any(given):
            raise Refused(400, "The request does not name one valid host: open the chat by its address.")
        if self._only_local and not self._is_ours(host or ""):
            also = f" or at {self._public}" if self._public else ""
            raise Refused(403, f"This chat can be reached only as 127.0.0.1 or localhost{also}: use one of these.")
        if scope["path"] in self._open_to_pages:
            return
        site = headers.get("sec-fetch-site", "same-origin")
        is_opened = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
        if scope["method"] not in _SAFE_METHODS:
            self._check_origin(headers.get("origin"), host)
            is_opened = False
        if site not in ("same-origin", "none") and not is_opened:
            raise _other_site()

    def _is_ours(self, host: str) -> bool:
        return is_loopback(host_name(host)) or (
            self._public is not None and host_name(self._public.host) == host_name(host)
        )

    def _check_origin(self, header: str | None, host: str | None) -> None:
        if header is None:
            return
        origin = origin_of(header)
        if origin is None and header != "null":
            raise Refused(400, "The request does not name a valid origin: open the chat by its address.")
        known = {origin_of(f"{scheme}://{host}") for scheme in ("http", "https")}
        if self._public is not None:
            known.add((self._public.scheme, self._public.host))
        if origin is None or origin not in known:
            raise _other_site()


def _other_site() -> Refused:
    return Refused(403, "This request comes from another site's page: open the chat itself.")


def _with_headers(send: Send) -> Send:
    """Return a `send` that adds the headers of every response."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message["headers"])
            headers.update(_HEADERS)
            headers.setdefault("content-security-policy", _DEFAULT)  # a page and a file have their own
            if headers.get("content-type", "").startswith("text/html"):
                headers["cache-control"] = "no-store"
        await send(message)

    return sent


_DEFAULT = policy()
