"""Opens the chat of another library of the user: `POST /libraries?name=work` says where, and starts it if need be."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from ...errors import QAError
from ..failures import in_page, unexpected
from ..web.refusals import Refused, refusal

PATH = "/libraries"
_OWN_SITE = ("same-origin", "none", "")  # a page of another site starts nothing
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Switch:
    """ASGI application for PATH. `names` are those of all libraries, `current` that of this chat or empty.

    `open` starts the chat of a library, unless it runs, and returns its address; it is called in a thread.
    """

    names: Sequence[str]
    current: str
    open: Callable[[str], str]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            response: Response = JSONResponse({"url": await asyncio.to_thread(self._opened, Request(scope))})
        except Refused as refused:
            response = refusal(scope, refused)
        await response(scope, receive, send)

    def _opened(self, request: Request) -> str:
        name = request.query_params.get("name", "")
        if request.method != "POST":
            raise Refused(405, f"{request.method} is not supported here: use POST.", {"allow": "POST"})
        if request.headers.get("sec-fetch-site", "") not in _OWN_SITE:
            raise Refused(403, "Another site cannot open a library: choose it in the chat.")
        if name not in self.names:
            raise Refused(404, "There is no such library: restart the chat if it was added since, or open another.")
        try:
            return self.open(name)
        except QAError as error:
            raise Refused(503, in_page(error)) from error
        except Exception as error:  # an edge: the chat that is open goes on
            logger.exception("the library could not be opened")
            raise Refused(500, unexpected(error, "open it again, or start its chat by itself")) from error
