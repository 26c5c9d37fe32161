"""The calls of programs as plain HTTP: JSON to `/api/ask` and `/api/search`, JSON from them and from `/api/status`.

It knows nothing about what is answered (see `api`), about gradio, or about other sites' pages (see `security`).
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from base64 import b64encode
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from inspect import Parameter, signature
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ..errors import QAError, QuestionError
from . import bodies
from .api import Call
from .refusals import Refused, refusal
from .unexpected import unexpected

logger = logging.getLogger(__name__)

# Requests that are worked on; the others wait in line. Much of an answer is Python, of which one thread runs at a time:
# of 64 at once on two processors, 2 threads answered 79 a second, 3 of them 84, 4 of them 87, and 8 of them 75.
_AT_ONCE = 3


class Endpoints:
    """An ASGI application for all paths below `/api/`, of which `name` is the rest.

    A call with parameters takes POST and one JSON object that names them, one without takes GET. With a log-in, each
    request brings it (HTTP Basic).
    """

    def __init__(self, calls: Sequence[Call], login: tuple[str, str] | None = None) -> None:
        self._calls = {call.__name__: call for call in calls}
        self._login = b"Basic " + b64encode(":".join(login).encode()) if login else b""
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="api")

    def close(self) -> None:
        """Begin nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await self._answer(Request(scope), receive)
            response = Response(answer, media_type=bodies.JSON)
        except Refused as refused:
            response = refusal(scope, refused)
        await response(scope, receive, send)

    async def _answer(self, request: Request, receive: Receive) -> bytes:
        if not secrets.compare_digest(self._login, _authorization(request) if self._login else b""):
            challenge = {"www-authenticate": 'Basic realm="articles", charset="UTF-8"'}
            raise Refused(401, "This chat needs a log-in: send its name and password as HTTP Basic does.", challenge)
        call = self._calls.get(request.path_params["name"])
        if call is None:
            known = ", ".join(f"/api/{name}" for name in self._calls)
            raise Refused(404, f"There is nothing at this address: use one of {known}.")
        parameters = signature(call).parameters
        methods = ("POST",) if parameters else ("GET", "HEAD")
        if request.method not in methods:
            allowed = ", ".join(methods)
            raise Refused(405, f"{request.method} is not answered here: use {methods[0]}.", {"allow": allowed})
        if parameters:
            bodies.check_kind(request.headers, (bodies.JSON,))
        most = bodies.MOST_BYTES if parameters else 0
        bodies.check_size(request.headers, most)
        body = await bodies.read(receive, most) if parameters else b"{}"
        return await asyncio.get_running_loop().run_in_executor(self._pool, _called, call, parameters, body)


def _authorization(request: Request) -> bytes:
    return request.headers.get("authorization", "").encode("latin-1")


def _called(call: Call, parameters: Mapping[str, Parameter], body: bytes) -> bytes:
    """What a call answers to a body, as JSON. Raises Refused."""
    given = _arguments(parameters, body)
    try:
        return orjson.dumps(call(**given))
    except QuestionError as error:
        raise Refused(400, str(error)) from error
    except QAError as error:  # of the index or its encoder: the same request may be answered later
        raise Refused(503, str(error)) from error
    except Exception as error:
        logger.exception("a call failed")
        raise Refused(500, unexpected(error, "send the request again")) from error


def _arguments(parameters: Mapping[str, Parameter], body: bytes) -> dict[str, Any]:
    names = ", ".join(f'"{name}"' for name in parameters)
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refused(400, f"The request is no JSON ({error}): send one object with {names}.") from error
    if not isinstance(given, dict):
        raise Refused(400, f"The request is no JSON object: send one with {names}.")
    unknown = next((name for name in given if name not in parameters), None)
    if unknown is not None:
        raise Refused(400, f"{unknown[:40]!r} is not known here: send {names} alone.")
    missing = next((n for n, each in parameters.items() if each.default is Parameter.empty and n not in given), None)
    if missing is not None:
        raise Refused(400, f'"{missing}" is missing: send one JSON object with it.')
    return given
