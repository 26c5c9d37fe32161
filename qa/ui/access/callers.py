"""Who sends a request, and what that caller may do: a user, a program with a token, or anyone without accounts."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import Scope

from ...errors import StoreError
from ..web.refusals import Refused
from .gate import needed
from .login import Members
from .tokens import ADD, ASK, METRICS, PREFIX, SCOPES, Tokens

logger = logging.getLogger(__name__)

_DOES = {ASK: "ask", ADD: "add articles", METRICS: "read the metrics"}


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who sends requests: the `kind` ("user", "token" or "anyone"), the name, and what is allowed."""

    kind: str
    name: str
    scopes: tuple[str, ...]


# Whoever can reach a chat without accounts may ask; to add articles, a program needs a token all the same.
_ANYONE = Caller("anyone", "", (ASK, METRICS))


class Callers:
    """Tells from the headers of a request who sends it. It is used in the event loop only."""

    def __init__(self, tokens: Tokens, members: Members | None = None) -> None:
        self._tokens = tokens
        self._members = members

    @property
    def need_login(self) -> bool:
        """Whether nobody may ask without a log-in or a token."""
        return self._members is not None

    async def admit(self, scope: Scope, needs: str = ASK) -> Caller:
        """Return who sends a request, by HTTP Basic or a token (`Authorization: Bearer`).

        Raises Refused without either if there are accounts, for a wrong one, and for a token that does not allow what
        the request `needs` (one of SCOPES).
        """
        caller = self._holder(scope)
        if caller is None and self._members is not None:
            caller = Caller("user", await self._members.gate.admit_basic(scope), SCOPES)
        return _allowed(caller or _ANYONE, needs)

    def holder(self, scope: Scope, needs: str) -> Caller:
        """Return the holder of the token that a request brings, for where nothing else counts.

        No password is checked: pages of other sites may send here, and could try passwords out. Raises Refused.
        """
        try:
            caller = self._holder(scope)
        except Refused as refused:
            raise Refused(401, _WRONG, _BEARER) if refused.status == 401 else refused from refused
        if caller is None:
            raise _needs_token(needs)
        return _allowed(caller, needs)

    def known(self, scope: Scope) -> Caller | None:
        """Return who sends a request if that is known without checking a password: by a session, too."""
        try:
            holder = self._holder(scope)
        except Refused:
            return None
        if holder is not None or self._members is None:
            return holder
        name = self._members.name_of(Request(scope).cookies) or self._members.gate.known(scope)
        return None if name is None else Caller("user", name, SCOPES)

    def sender(self, scope: Scope) -> str | None:
        """Return the kind and name of who sends a request, if `known`."""
        caller = self.known(scope)
        return None if caller is None else f"{caller.kind} {caller.name}"

    def _holder(self, scope: Scope) -> Caller | None:
        """Return the holder of the token that a request brings. Raises Refused for a wrong one."""
        scheme, _, given = Headers(scope=scope).get("authorization", "").partition(" ")
        given = given.strip()
        if scheme.lower() != "bearer":
            return None
        if self._members is None and not given.startswith(PREFIX):
            return None  # programs for other servers send some key, even if none is needed
        try:
            token = self._tokens.find(given)
        except StoreError as error:
            logger.error("%s", error)
            raise Refused(503, "The tokens cannot be read: details are in the log; try again later.") from error
        if token is None:
            raise needed() if self._members is not None else Refused(401, _WRONG, _BEARER)
        return Caller("token", token.name, token.scopes)


def _allowed(caller: Caller, needs: str) -> Caller:
    """Return the caller. Raises Refused unless what the request needs is allowed."""
    if needs in caller.scopes:
        return caller
    if caller is _ANYONE:
        raise _needs_token(needs)
    raise Refused(403, f"This token does not allow to {_DOES[needs]}: {_WANTED.format(needs)}", _INSUFFICIENT)


def _needs_token(needs: str) -> Refused:
    return Refused(401, f"To {_DOES[needs]}, a program needs a token: {_WANTED.format(needs)}", _BEARER)


_BEARER = {"www-authenticate": 'Bearer realm="articles"'}
_INSUFFICIENT = {"www-authenticate": 'Bearer realm="articles", error="insufficient_scope"'}
_WANTED = "make one with `qa token add NAME --scope {}`, and send it as Authorization: Bearer."
_WRONG = "This token is unknown, revoked or expired: make another with `qa token add NAME`."
