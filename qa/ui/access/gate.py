"""Checks names and passwords: in a thread of its own, with a brake on wrong ones."""

from __future__ import annotations

import asyncio
import hashlib
import math
import secrets
from base64 import b64decode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from starlette.datastructures import Headers
from starlette.types import Scope

from ...strings.catalogue import counted
from ...system.events import event
from ..web.refusals import Refused
from .accounts import Accounts
from .brake import Brake

_CHALLENGE = {"www-authenticate": 'Basic realm="articles", charset="UTF-8", Bearer realm="articles"'}
_MOST_WAITING = 20  # checks; each takes .2 s of a processor


class Gate:
    """Admits visitors with the right password. It is used in the event loop only."""

    def __init__(self, accounts: Callable[[], Accounts], brake: Brake | None = None) -> None:
        self._accounts = accounts
        self._brake = brake or Brake()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="log-in")
        self._waiting = 0
        self._key = secrets.token_bytes(32)
        self._right: set[bytes] = set()  # what was found right, keyed, so that programs do not wait each time

    @property
    def accounts(self) -> Accounts:
        """Those who may log in now."""
        return self._accounts()

    def close(self) -> None:
        """Start no further checks."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def admit(self, scope: Scope, name: str, password: str) -> str:
        """Return the name of the user whose password this is. Raises Refused for a wrong one, or too many of them."""
        name, address = self.accounts.name(name.strip()), (scope.get("client") or ("",))[0]
        wait = self._brake.begin(address, name)
        if wait > 0:
            seconds = math.ceil(wait)
            words = counted(seconds, "second")
            event("log-in", outcome="braked")
            raise Refused(429, f"Too many wrong log-ins: wait {words}, then try again.", {"retry-after": str(seconds)})
        if not await self._is_right(name, password):
            event("log-in", outcome="wrong")
            raise Refused(401, "The name or the password is wrong: check both and try again.")
        self._brake.succeeded(address, name)
        return name

    async def admit_basic(self, scope: Scope) -> str:
        """Return the user that a request's HTTP Basic names. Raises Refused if it is missing or wrong."""
        given = _basic(scope)
        if given is None:
            raise needed()
        try:
            return await self.admit(scope, *given)
        except Refused as refused:
            raise needed() if refused.status == 401 else refused from refused

    def known(self, scope: Scope) -> str | None:
        """Return the user that a request's HTTP Basic names, if that password was found right before; it is quick."""
        given = _basic(scope)
        if given is None:
            return None
        name = self.accounts.name(given[0].strip())
        return name if self._digest(self.accounts, name, given[1]) in self._right else None

    def _digest(self, accounts: Accounts, name: str, password: str) -> bytes:
        """Return what is remembered of a right password: it is no longer right for an account that has changed."""
        given = f"{name}\0{accounts.hashes.get(name)}\0{password}".encode("utf-8", "surrogatepass")
        return hashlib.blake2b(given, key=self._key).digest()

    async def _is_right(self, name: str, password: str) -> bool:
        accounts = self.accounts
        digest = self._digest(accounts, name, password)
        if digest in self._right:
            return True
        if self._waiting >= _MOST_WAITING:
            raise Refused(503, "Too many log-ins at once: try again in a few seconds.", {"retry-after": "5"})
        self._waiting += 1
        try:
            is_right = await asyncio.get_running_loop().run_in_executor(self._pool, accounts.admit, name, password)
        finally:
            self._waiting -= 1
        if is_right:
            event("log-in", outcome="right")
            self._right.add(digest)
        return is_right


def _basic(scope: Scope) -> tuple[str, str] | None:
    """Return the name and the password that a request's HTTP Basic gives, if it does."""
    scheme, _, given = Headers(scope=scope).get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = b64decode(given.strip(), validate=True).decode().partition(":")
    except ValueError:
        return None
    return (name, password) if colon else None


def needed() -> Refused:
    """Return the refusal of a request that names nobody, or somebody with a wrong password or token."""
    words = "send its name and password as HTTP Basic does, or a token of `qa token add` as Authorization: Bearer."
    return Refused(401, f"This chat needs a log-in: {words}", _CHALLENGE)
