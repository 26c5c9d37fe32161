"""Refusals of requests: a status and one sentence, as JSON for programs and as text for people."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Scope

_LITTLE = 1_000_000  # bytes; a body up to this size is received and dropped, so that the connection can stay open
DESCRIPTION = "/openapi.json"
_UPLOAD = "/gradio_api/upload"  # the page shows the answer of this address as it is


class Refused(Exception):
    """A request that is refused, with a status, one sentence that ends with what to do, and headers."""

    def __init__(self, status: int, reason: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.headers = dict(headers or {})


def refusal(scope: Scope, refused: Refused) -> Response:
    """Return the response: `{"error": …}` for programs, else text. It closes the connection if a large body is due."""
    sent = Headers(scope=scope)
    length = sent.get("content-length", "0")
    is_little = "transfer-encoding" not in sent and length.isdecimal() and int(length[:20]) <= _LITTLE
    headers = refused.headers if is_little and refused.status != 413 else {**refused.headers, "connection": "close"}
    path = scope["path"]
    if path == DESCRIPTION or (path.startswith(("/api/", "/gradio_api/")) and path != _UPLOAD):
        return JSONResponse({"error": str(refused)}, refused.status, headers)
    return PlainTextResponse(str(refused), refused.status, headers)
