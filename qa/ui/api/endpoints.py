"""The HTTP API: `POST /api/ask`, `POST /api/search`, `GET /api/status`, and their description at `/openapi.json`.

What is answered is in `calls`, its form in `schema`, and which other sites' pages are kept out in `web.security`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from ...config import CHAT
from ...errors import QAError, QuestionError
from ...system.version import __version__
from ..access.callers import Callers
from ..failures import for_programs, unexpected
from ..web import bodies
from ..web.refusals import DESCRIPTION, Refused, refusal
from .calls import Call
from .comparison_schema import Checked, CheckRequest, Conflicts
from .request_schema import AskRequest, ListRequest, ReadRequest, SearchRequest
from .schema import Answer, Listing, Reading, Refusal, SearchResult, Status
from .watchlist import add_watchlist

logger = logging.getLogger(__name__)

# Requests that are answered at once; others queue. Much of an answer is Python, which runs in one thread at a time:
# of 64 at once on two processors, 2 threads answered 79 a second, 3 of them 84, 4 of them 87, and 8 of them 75.
_AT_ONCE = 3

Answered = Callable[[Request, BaseModel | None], Awaitable[Response]]


class Endpoints:
    """An ASGI application for `/openapi.json` and all paths below `/api/`: one for each call, by its name.

    If there are accounts, every request needs a log-in (HTTP Basic) or a token, also one for an address that does not
    exist.
    """

    def __init__(
        self,
        calls: Callable[[str], Sequence[Call]],
        callers: Callers | None = None,
        reached: Callable[[Scope], str] = lambda scope: CHAT,
    ) -> None:
        """Offer the calls for an address of the chat; `reached` tells that under which a request has reached it."""
        self._callers = callers
        self._reached = reached
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="api")
        self._api = _Api(needs_login=callers is not None and callers.need_login)
        self._calls = calls
        for number, call in enumerate(calls(CHAT)):
            _ADD[call.__name__](self._api, partial(self._answered, number))

    def close(self) -> None:
        """Start no further calls."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._callers is not None:
            try:
                await self._callers.admit(scope)
            except Refused as refused:
                await refusal(scope, refused)(scope, receive, send)
                return
        await self._api(scope, receive, send)

    async def _answered(self, number: int, http: Request, request: BaseModel | None) -> Response:
        """Run a call with the values that a request gives; those that it leaves out have the call's defaults."""
        call = self._calls(self._reached(http.scope))[number]
        given = {} if request is None else {name: getattr(request, name) for name in request.model_fields_set}
        json = await asyncio.get_running_loop().run_in_executor(self._pool, _json_of, call, given)
        return Response(json, media_type=bodies.JSON)


def _json_of(call: Call, given: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(call(**given))
    except QAError:
        raise
    except Exception as error:
        logger.exception("a call failed")
        raise Refused(500, unexpected(error, "send the request again")) from error


# --- the routes


class _Api(FastAPI):
    """The routes and what they refuse; neither it nor anything that it serves loads from another host."""

    def __init__(self, needs_login: bool) -> None:
        super().__init__(
            title="Ask your own articles",
            summary="Answers quoted from the articles in a folder, with citations.",
            version=__version__,
            openapi_url=DESCRIPTION,
            docs_url=None,  # these pages load their scripts from a CDN
            redoc_url=None,
            redirect_slashes=False,
            separate_input_output_schemas=False,  # the scope of a request and that of its answer are of one form
            exception_handlers={
                HTTPException: _no_route,
                Refused: _refused,
                QuestionError: partial(_failed, 400),
                QAError: partial(_failed, 503),  # the index or its encoder: the same request may succeed later
            },
        )
        self.router.route_class = _CheckedRoute
        self._needs_login = needs_login

    def openapi(self) -> dict[str, Any]:
        """Return the description of the calls, of the pinned questions, and of the log-in that they need."""
        if self.openapi_schema:
            return self.openapi_schema
        described = super().openapi()
        if statuses := described["paths"].get("/api/status"):
            answers = statuses["get"]["responses"]
            add_watchlist(described, {status: answers[status] for status in ("4XX", "5XX")})
        if self._needs_login:
            kinds = ("basic", "bearer")
            described["components"]["securitySchemes"] = {kind: {"type": "http", "scheme": kind} for kind in kinds}
            described["security"] = [{kind: []} for kind in kinds]
        return described


def _add_ask(api: FastAPI, answered: Answered) -> None:
    @api.post("/api/ask", response_model=Answer, responses=_REFUSALS, operation_id="ask", summary="Answer a question")
    async def ask(http: Request, request: AskRequest) -> Response:
        """Answer a question from the articles, with citations. What was said before it goes into `conversation`."""
        return await answered(http, request)


def _add_search(api: FastAPI, answered: Answered) -> None:
    @api.post(
        "/api/search", response_model=SearchResult, responses=_REFUSALS, operation_id="search", summary="Find passages"
    )
    async def search(http: Request, request: SearchRequest) -> Response:
        """Return the best passages for a query, in order, without an answer."""
        return await answered(http, request)


def _add_articles(api: FastAPI, answered: Answered) -> None:
    @api.post(
        "/api/articles", response_model=Listing, responses=_REFUSALS, operation_id="articles", summary="List articles"
    )
    async def articles(http: Request, request: ListRequest) -> Response:
        """Return the articles in a scope, by path, with what is known of each."""
        return await answered(http, request)


def _add_read(api: FastAPI, answered: Answered) -> None:
    @api.post("/api/read", response_model=Reading, responses=_REFUSALS, operation_id="read", summary="Read an article")
    async def read(http: Request, request: ReadRequest) -> Response:
        """Return the text of an article: one page, or from `start` to `end`, at most 20,000 characters of it."""
        return await answered(http, request)


def _add_status(api: FastAPI, answered: Answered) -> None:
    @api.head("/api/status", include_in_schema=False)
    @api.get("/api/status", response_model=Status, responses=_REFUSALS, operation_id="status", summary="List the files")
    async def status(http: Request) -> Response:
        """Return the state of the index and of every file."""
        return await answered(http, None)


def _add_check(api: FastAPI, answered: Answered) -> None:
    @api.post("/api/check", response_model=Checked, responses=_REFUSALS, operation_id="check", summary="Check a draft")
    async def check(http: Request, request: CheckRequest) -> Response:
        """Compare each quotation and statement of a text with the articles; one draft is compared at a time."""
        return await answered(http, request)


def _add_conflicts(api: FastAPI, answered: Answered) -> None:
    @api.head("/api/conflicts", include_in_schema=False)
    @api.get(
        "/api/conflicts",
        response_model=Conflicts,
        responses=_REFUSALS,
        operation_id="conflicts",
        summary="List conflicts",
    )
    async def conflicts(http: Request) -> Response:
        """List where two articles give different values for the same thing.

        The articles are compared once for each state of the index, which may take minutes; meanwhile, other requests
        for this are refused with 503.
        """
        return await answered(http, None)


_ADD = {
    "ask": _add_ask,
    "search": _add_search,
    "articles": _add_articles,
    "read": _add_read,
    "status": _add_status,
    "check": _add_check,
    "conflicts": _add_conflicts,
}
_REFUSALS: dict[int | str, dict[str, Any]] = {
    "4XX": {
        "model": Refusal,
        "description": "Refused. 400: the question or the body cannot be understood; 401: the log-in or token is "
        "missing or wrong; 403: the request comes from another site's page, or its token does not allow it; 404, "
        "405: no such address or method; 413: the body is too large; 415: the body is not declared as JSON.",
    },
    "5XX": {
        "model": Refusal,
        "description": "Failed. 500: an unexpected error; 503: the index is missing or cannot be used as it is, "
        "or the same work is being done for another request.",
    },
}


# --- what is refused


class _CheckedRoute(APIRoute):
    """A route that checks kind and size of a request's body before it reads it, and reads no more than is allowed."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()
        model = self.body_field.field_info.annotation if self.body_field else None
        names = [f'"{name}"' for name in getattr(model, "model_fields", ())]

        async def checked(request: Request) -> Response:
            if not names:
                bodies.check_size(request.headers, 0)
                return await answer(request)
            bodies.check_kind(request.headers, (bodies.JSON,))
            bodies.check_size(request.headers, bodies.MOST_BYTES)
            body = await bodies.read(request.receive, bodies.MOST_BYTES)
            try:
                return await answer(_Read(request, body, _parsed(body, names)))
            except RequestValidationError as error:
                raise _misnamed(error, names) from error

        return checked


class _Read(Request):
    """A request whose body was read and parsed."""

    def __init__(self, request: Request, body: bytes, parsed: dict[str, Any]) -> None:
        super().__init__(request.scope)
        self._bytes, self._parsed = body, parsed

    async def body(self) -> bytes:
        return self._bytes

    async def json(self) -> dict[str, Any]:
        return self._parsed


def _parsed(body: bytes, names: Sequence[str]) -> dict[str, Any]:
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        problem = f"The request body is not valid JSON ({error}): send an object with {', '.join(names)}."
        raise Refused(400, problem) from error
    if not isinstance(parsed, dict):
        raise Refused(400, f"The request body is not a JSON object: send one with {', '.join(names)}.")
    return parsed


def _misnamed(error: RequestValidationError, names: Sequence[str]) -> Refused:
    """Word which name of a body is unknown, or else missing: nothing else is checked against the model."""
    by_kind = {problem["type"]: str(problem["loc"][-1]) for problem in reversed(error.errors())}
    unknown = by_kind.get("extra_forbidden")
    if unknown is not None:
        return Refused(400, f"{unknown[:40]!r} is not a known name: send only {', '.join(names)}.")
    return Refused(400, f'"{by_kind["missing"]}" is missing: send a JSON object with it.')


async def _refused(request: Request, refused: Any) -> Response:
    return refusal(request.scope, refused)


async def _failed(status: int, request: Request, error: Any) -> Response:
    return refusal(request.scope, Refused(status, for_programs(error)))


async def _no_route(request: Request, error: Any) -> Response:
    """Refuse an address or a method that does not exist by naming those that do."""
    routes = [route for route in request.app.routes if isinstance(route, Route | APIRoute)]
    path = request.scope["path"]
    methods = sorted(method for route in routes if route.path == path for method in route.methods or ())
    if methods:
        allowed = {"allow": ", ".join(methods)}
        return refusal(
            request.scope, Refused(405, f"{request.method} is not supported here: use {methods[0]}.", allowed)
        )
    known = ", ".join(dict.fromkeys(route.path for route in routes if route.path != DESCRIPTION))
    return refusal(request.scope, Refused(404, f"There is nothing at this address: use one of {known}."))
