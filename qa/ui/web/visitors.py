"""Whom a request comes from: a user who has logged in, or else a browser."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping

COOKIE = "qa-visitor"  # names a browser; nobody can guess it
KEPT = 400 * 24 * 3600  # seconds that browsers keep it after the last visit: the longest that they allow
_NAME = re.compile(r"[\w-]{22}", re.ASCII)


def new_name() -> str:
    """Return a name for a browser that has none."""
    return secrets.token_urlsafe(16)


def is_name(name: str) -> bool:
    """Whether a name could be one that `new_name` gave."""
    return _NAME.fullmatch(name) is not None


def owner_of(user: str | None, cookies: Mapping[str, str]) -> str:
    """Return what conversations of this visitor are stored under; empty if nobody can tell whose they are.

    A user has the same conversations in every browser. The stored name of a browser does not tell its cookie.
    """
    if user:
        return f"user:{user}"
    name = cookies.get(COOKIE, "")
    return f"browser:{hashlib.sha256(name.encode()).hexdigest()}" if is_name(name) else ""
