"""The page: our own HTML, styles and scripts, complete as it arrives; what it talks to are the `channels`."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.types import Receive, Scope, Send

from ...formats import extensions
from ...strings.spoken import ENGLISH, speaking
from ..answers.templating import render
from ..conversations.history import MOST_BYTES
from ..web.bundle import script, style
from ..web.readers import VARIES, language_of
from ..web.security import policy
from .switch import Switch


class Shell:
    """ASGI application that answers with the page, the same for all who read a language, and compressed once."""

    def __init__(
        self,
        channels: Mapping[str, Any],
        can_build: bool,
        can_log_out: bool = False,
        is_owner: bool = True,
        switch: Switch | None = None,
        draft_bytes: int = 0,
    ) -> None:
        self._make = partial(shell_html, can_build, can_log_out, is_owner, channels, switch, draft_bytes)
        self._pages: dict[str, _Page] = {}  # by language, each made when somebody first reads it
        self._page(ENGLISH)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        page = self._page(language_of(request.query_params, request.cookies, request.headers))
        if "gzip" in request.headers.get("accept-encoding", ""):
            response = HTMLResponse(page.compressed, headers={**page.headers, "content-encoding": "gzip"})
        else:
            response = HTMLResponse(page.html, headers=page.headers)
        await response(scope, receive, send)

    def _page(self, language: str) -> _Page:
        if language not in self._pages:
            with speaking(language):
                html = self._make()
            headers = {"content-security-policy": policy(html), "content-language": language, "vary": VARIES}
            self._pages[language] = _Page(html.encode(), gzip.compress(html.encode()), headers)
        return self._pages[language]


@dataclass(frozen=True, slots=True)
class _Page:
    html: bytes
    compressed: bytes
    headers: dict[str, str]


def shell_html(
    can_build: bool,
    can_log_out: bool = False,
    is_owner: bool = True,
    channels: Mapping[str, Any] | None = None,
    switch: Switch | None = None,
    draft_bytes: int = 0,
) -> str:
    """Return the page; only an owner sees what users say of the answers. It offers the libraries of the `switch`.

    The file of a draft may have at most `draft_bytes`.
    """
    return render(
        "shell.html",
        channels=orjson.dumps(channels or {}).decode(),
        can_build=can_build,
        can_log_out=can_log_out,
        has_reviews=is_owner,
        switch=switch,
        history_bytes=MOST_BYTES,
        draft_kinds=",".join(extensions()),
        draft_bytes=draft_bytes,
        style=style(),
        script=script(),
    )
