"""Refusals of requests: a status and one sentence, as JSON for programs and as text for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Scope

from ...strings.sentences import said
from ...strings.spoken import ENGLISH, speaking

_KINDS = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_CODES = {401: "invalid_api_key", 429: "rate_limit_exceeded"}
_LITTLE = 1_000_000  # bytes; a body up to this size is received and dropped, so that the connection can stay open
DESCRIPTION = "/openapi.json"
LOG_IN_FIRST = "This chat needs a log-in: open it and log in there."
OPENAI = "/v1/"  # below it, refusals have the form that clients of OpenAI's API expect
_JSON = (DESCRIPTION, "/mcp", "/mcp/", "/draft")
_UPLOAD = "/gradio_api/upload"  # the page shows the answer of this address as it is


class Refused(Exception):
    """A request that is refused, with a status, one sentence that ends with what to do, and headers."""

    def __init__(self, status: int, reason: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.headers = dict(headers or {})


def openai_error(message: str, status: int, param: str | None = None, code: str | None = None) -> dict[str, Any]:
    """Return the object that says to a client of OpenAI's API what is wrong."""
    kind = _KINDS.get(status, "invalid_request_error" if status < 500 else "server_error")
    return {"message": message, "type": kind, "param": param, "code": code or _CODES.get(status)}


def refusal(scope: Scope, refused: Refused) -> Response:
    """Return the response: `{"error": …}` for programs, else text. It closes the connection if a large body is due."""
    sent = Headers(scope=scope)
    length = sent.get("content-length", "0")
    is_little = "transfer-encoding" not in sent and length.isdecimal() and int(length[:20]) <= _LITTLE
    headers = refused.headers if is_little and refused.status != 413 else {**refused.headers, "connection": "close"}
    path = scope["path"]
    if path.startswith(OPENAI):
        return JSONResponse({"error": openai_error(str(refused), refused.status)}, refused.status, headers)
    if path in _JSON or (path.startswith(("/api/", "/articles/", "/gradio_api/")) and path != _UPLOAD):
        return JSONResponse({"error": _sentence(scope, refused)}, refused.status, headers)
    return PlainTextResponse(_sentence(scope, refused), refused.status, headers)


def _sentence(scope: Scope, refused: Refused) -> str:
    """The sentence in the language of the page that asked; in English for any other program."""
    language = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("language", [ENGLISH])[0]
    with speaking(language):
        return said(str(refused))
