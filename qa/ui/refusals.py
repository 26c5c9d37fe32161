"""A request that is not answered: its status and one sentence, said as whoever asked can read it."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Scope

_LITTLE = 1_000_000  # bytes that are rather received and forgotten than a connection closed
_UPLOAD = "/gradio_api/upload"  # what is answered there, the page shows as it is


class Refused(Exception):
    """A request that is not answered: its status, one sentence that ends with what to do, and headers."""

    def __init__(self, status: int, reason: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.headers = dict(headers or {})


def refusal(scope: Scope, refused: Refused) -> Response:
    """The answer: `{"error": …}` for programs, else text; where much would still be sent, the connection ends."""
    asked = Headers(scope=scope)
    length = asked.get("content-length", "0")
    is_little = "transfer-encoding" not in asked and length.isdecimal() and int(length[:20]) <= _LITTLE
    headers = refused.headers if is_little and refused.status != 413 else {**refused.headers, "connection": "close"}
    path = scope["path"]
    if path == "/openapi.json" or (path.startswith(("/api/", "/gradio_api/")) and path != _UPLOAD):
        return JSONResponse({"error": str(refused)}, refused.status, headers)
    return PlainTextResponse(str(refused), refused.status, headers)
