"""Logs visitors in and out: the log-in page, the cookie of a session, and `POST /login` and `/logout`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl

from markupsafe import Markup
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ...errors import ConfigError, StoreError
from ...strings.spoken import speaking
from ..answers.templating import render
from ..web import bodies
from ..web.readers import VARIES, language_of
from ..web.refusals import Refused, refusal
from ..web.security import policy
from .accounts import Accounts, CurrentAccounts
from .gate import Gate
from .sessions import LASTS, Sessions

_FORM_BYTES = 10_000
_ADDRESSES = ("/login", "/logout")


@dataclass(frozen=True, slots=True)
class Cookie:
    """The cookie that holds the token of a session; two chats on one machine need different names."""

    name: str
    path: str = "/"
    secure: bool = False

    def set(self, response: Response, token: str) -> None:
        response.set_cookie(
            self.name, token, LASTS, path=self.path, secure=self.secure, httponly=True, samesite="strict"
        )

    def delete(self, response: Response) -> None:
        response.delete_cookie(self.name, self.path, secure=self.secure, httponly=True, samesite="strict")


class Members:
    """Who may log in, and who is logged in."""

    def __init__(self, index: Path, cookie: Cookie, auth: str | None = None, auth_file: Path | None = None) -> None:
        """Take the account `user:password` (`auth`), those of a file, or both. Raises ConfigError."""
        self.sessions = Sessions(index / "sessions.sqlite")
        try:
            given = {} if auth is None else Accounts.of(auth, self.sessions.salt).hashes
            accounts = CurrentAccounts(auth_file, given)
        except ConfigError:
            self.sessions.close()
            raise
        self.cookie = cookie
        self.gate = Gate(accounts.now)

    def name_of(self, cookies: Mapping[str, str]) -> str | None:
        """Return the name of the user who is logged in with these cookies."""
        token = cookies.get(self.cookie.name)
        return None if token is None else self.sessions.name_of(token, self.gate.accounts)

    def close(self) -> None:
        """Check no further passwords, and close the sessions' file."""
        self.gate.close()
        self.sessions.close()


class Login:
    """ASGI middleware in front of the page; without a session, the page is the form to log in."""

    def __init__(self, app: ASGIApp, members: Members, style: str) -> None:
        self._app = app
        self._members = members
        self._style = Markup(style)  # noqa: S704 - a file of the program
        self._headers = {"content-security-policy": policy(self._form())}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"] if scope["type"] == "http" else ""
        if path.removesuffix("/") in _ADDRESSES:
            response = await self._post(path.removesuffix("/"), Request(scope, receive))
        elif (
            path == "/" and scope["method"] in ("GET", "HEAD") and self._members.name_of(Request(scope).cookies) is None
        ):
            response = self._page(scope, scope["query_string"].decode("latin-1"))
        else:
            await self._app(scope, receive, send)
            return
        await response(scope, receive, send)

    async def _post(self, path: str, request: Request) -> Response:
        try:
            if request.method in ("GET", "HEAD") and path == "/login":  # the form's address, opened or reloaded
                return RedirectResponse("./", 303)
            if request.method != "POST":
                raise Refused(405, f"{request.method} is not supported here: use POST.", {"allow": "POST"})
            bodies.check_size(request.headers, _FORM_BYTES)
            if path == "/logout":
                return self._log_out(request)
            bodies.check_kind(request.headers, (bodies.FORM,))
            form = _parsed(await bodies.read(request.receive, _FORM_BYTES))
        except Refused as refused:
            return refusal(request.scope, refused)
        return await self._log_in(request, form)

    async def _log_in(self, request: Request, form: Mapping[str, str]) -> Response:
        typed, password = form.get("username", ""), form.get("password", "")
        query = form.get("query", "")
        try:
            name = await self._members.gate.admit(request.scope, typed, password)
        except Refused as refused:
            if not _is_page(request.headers):
                return JSONResponse({"error": str(refused)}, refused.status, refused.headers)
            return self._page(request.scope, query, typed, refused)
        response = _done(request.headers, f"./?{query}" if query else "./")
        members = self._members
        members.cookie.set(response, members.sessions.begin(name, members.gate.accounts))
        return response

    def _log_out(self, request: Request) -> Response:
        try:
            self._members.sessions.end(request.cookies.get(self._members.cookie.name, ""))
        except StoreError as error:
            raise Refused(503, str(error)) from error
        response = _done(request.headers, "./")
        self._members.cookie.delete(response)
        return response

    def _page(self, scope: Scope, query: str, name: str = "", refused: Refused | None = None) -> Response:
        """Return the form. A link on another site leads to a page that opens itself once more.

        A browser sends the cookie (SameSite=Strict) only if the request comes from this site.
        """
        is_linked = refused is None and Headers(scope=scope).get("sec-fetch-site") in ("cross-site", "same-site")
        request = Request(scope)
        language = language_of(request.query_params, request.cookies, request.headers)
        with speaking(language):
            page = self._form(is_linked, name, str(refused) if refused else "", query)
        status, headers = (refused.status, refused.headers) if refused else (200, {})
        return HTMLResponse(page, status, {**headers, **self._headers, "content-language": language, "vary": VARIES})

    def _form(self, is_linked: bool = False, name: str = "", problem: str = "", query: str = "") -> str:
        return render("login.html", is_linked=is_linked, name=name, problem=problem, query=query, style=self._style)


def _parsed(body: bytes) -> Mapping[str, str]:
    try:
        return dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=10))
    except ValueError as error:
        raise Refused(400, "The form cannot be read: send username and password.") from error


def _is_page(headers: Headers) -> bool:
    """Return whether a person sees the answer, rather than a program such as Gradio's client."""
    return "text/html" in headers.get("accept", "")


def _done(headers: Headers, place: str) -> Response:
    return RedirectResponse(place, 303) if _is_page(headers) else JSONResponse({"success": True})
