"""OpenAI's API, as far as it lists models and completes chats: `/v1/models` and `/v1/chat/completions`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from ...ask.answer import Answer
from ...engine import Engine
from ...errors import QAError, QuestionError
from ..access.callers import Callers
from ..failures import for_programs, unexpected
from ..web import bodies
from ..web.refusals import OPENAI, Refused, openai_error, refusal
from .calls import answer_to
from .completions import MODEL, WrongRequest, asked_in, chunks, completion, model, models

logger = logging.getLogger(__name__)

_AT_ONCE = 3  # questions; others wait (see `api.endpoints`)
_MODELS, _CHAT = f"{OPENAI}models", f"{OPENAI}chat/completions"
_METHODS = {_MODELS: "GET", f"{_MODELS}/{MODEL}": "GET", _CHAT: "POST"}


class OpenAiApi:
    """An ASGI application for all paths below `/v1/`; with accounts, a token (the API key) or a log-in is needed.

    `reached` gives the address by which a request reached the chat.
    """

    def __init__(self, engine: Engine, callers: Callers | None, reached: Callable[[Scope], str]) -> None:
        self._engine = engine
        self._callers = callers
        self._reached = reached
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="completion")

    def close(self) -> None:
        """Answer no further questions."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._answered(request)
        except Refused as refused:
            response = refusal(scope, refused)
        except WrongRequest as error:
            status = 404 if error.code else 400
            response = _failed(str(error), status, error.param, error.code or None)
        except QuestionError as error:
            response = _failed(str(error), 400, "messages")
        except QAError as error:  # the index or its encoder: the same request may succeed later
            response = _failed(for_programs(error), 503, code="index_not_ready")
        except Exception as error:  # an edge: the program is told
            logger.exception("a chat could not be completed")
            response = _failed(unexpected(error, "send the request again"), 500)
        await response(scope, receive, send)

    async def _answered(self, request: Request) -> Response:
        """Return what a request is answered with. Raises Refused and QAError."""
        if self._callers is not None:
            await self._callers.admit(request.scope)
        path = request.scope["path"]
        method = _METHODS.get(path)
        if method is None and path.startswith(f"{_MODELS}/"):
            raise WrongRequest(f"There is no such model: use {MODEL!r}.", "model", "model_not_found")
        if method is None:
            raise Refused(404, f"There is nothing at this address: use {_MODELS} or {_CHAT}.")
        if request.method not in (method, "HEAD" if method == "GET" else method):
            raise Refused(405, f"{request.method} is not supported here: use {method}.", {"allow": method})
        if method == "GET":
            return JSONResponse(models() if path == _MODELS else model())
        bodies.check_kind(request.headers, (bodies.JSON,))
        bodies.check_size(request.headers, bodies.MOST_BYTES)
        asked = asked_in(_parsed(await bodies.read(request.receive, bodies.MOST_BYTES)))
        call = partial(
            answer_to, self._engine, self._reached(request.scope), asked.question,
            conversation=list(asked.conversation), **asked.options,
        )  # fmt: skip
        answer: Answer = await asyncio.get_running_loop().run_in_executor(self._pool, call)
        if asked.stream:
            headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
            return StreamingResponse(chunks(answer), headers=headers, media_type="text/event-stream")
        return Response(orjson.dumps(completion(answer)), media_type=bodies.JSON)


def _parsed(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise WrongRequest(f"The request body is not valid JSON ({error}): send an object.", "body") from error


def _failed(message: str, status: int, param: str | None = None, code: str | None = None) -> Response:
    return JSONResponse({"error": openai_error(message, status, param, code)}, status)
