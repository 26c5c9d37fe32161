"""Tokens by which programs may use the chat, in `index/tokens.sqlite`: shown once, and stored as hashes."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from ...errors import ConfigError, StoreError
from .sessions import digest

ASK, ADD, METRICS = "ask", "add", "metrics"
SCOPES = (ASK, ADD, METRICS)  # what a token may do: ask and read, add articles, read the metrics
PREFIX = "qa_"  # so that programs that look for secrets in files find them
_NAME = re.compile(r"[^\s\x00-\x1f\x7f](?:[^\x00-\x1f\x7f]{0,98}[^\s\x00-\x1f\x7f])?")
_USED_EVERY = 3_600.0  # seconds: how exactly the last use is stored
_SCHEMA = """
CREATE TABLE IF NOT EXISTS tokens (
    name TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, scopes TEXT NOT NULL, created REAL NOT NULL,
    expires REAL, used REAL);
"""


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token; times are seconds since 1970, None if it never expires or was never used."""

    name: str
    scopes: tuple[str, ...]
    created: float
    expires: float | None
    used: float | None

    def as_json(self) -> dict[str, object]:
        """Return it with times in ISO 8601 (UTC)."""
        return {
            "name": self.name,
            "scopes": list(self.scopes),
            "created": day_and_time(self.created),
            "expires": day_and_time(self.expires),
            "used": day_and_time(self.used),
        }


class Tokens:
    """The tokens of one index; each call reads the file, so what another process adds or revokes counts at once."""

    def __init__(self, index: Path, clock: Callable[[], float] = time.time) -> None:
        self._path = index / "tokens.sqlite"
        self._clock = clock

    def add(self, name: str, scopes: Sequence[str] = (ASK,), days: float | None = None) -> str:
        """Store a new token that may do `scopes` and expires after `days`; return it, which nobody can do again.

        Raises ConfigError if there is one of this name, StoreError if it cannot be stored.
        """
        if not _NAME.fullmatch(name):
            raise ConfigError(f"The name {name[:40]!r} is not valid: use up to 100 characters on one line.")
        unknown = [scope for scope in scopes if scope not in SCOPES]
        if unknown or not scopes:
            raise ConfigError(f"A token cannot be given {unknown or 'no scope'}: choose of {', '.join(SCOPES)}.")
        token = PREFIX + secrets.token_urlsafe(32)
        now = self._clock()
        kept = " ".join(scope for scope in SCOPES if scope in scopes)
        row = (name, digest(token), kept, now, None if days is None else now + days * 86_400)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))  # nobody else may read it
            with closing(self._connected("rw")) as database, database:
                database.executescript(_SCHEMA)
                database.execute("INSERT INTO tokens VALUES (?, ?, ?, ?, ?, NULL)", row)
        except sqlite3.IntegrityError as error:
            raise ConfigError(f"There is a token {name!r} already: choose another name, or revoke that one.") from error
        except (OSError, sqlite3.Error) as error:
            raise self._failed("written", error) from error
        return token

    def revoke(self, name: str) -> None:
        """Forget a token. Raises ConfigError if there is none of this name, StoreError if that cannot be stored."""
        count = 0
        if self._path.exists():
            try:
                with closing(self._connected("rw")) as database, database:
                    count = database.execute("DELETE FROM tokens WHERE name = ?", (name,)).rowcount
            except sqlite3.Error as error:
                raise self._failed("written", error) from error
        if not count:
            raise ConfigError(f"There is no token {name!r}: see `qa token list`.")

    def all(self) -> list[Token]:
        """Return every token, by name. Raises StoreError."""
        return self._read("ORDER BY name", ())

    def find(self, token: str) -> Token | None:
        """Return what is known of a token; None if it is unknown, revoked or expired. Raises StoreError."""
        if not token.startswith(PREFIX):
            return None
        now = self._clock()
        for found in self._read("WHERE hash = ?", (digest(token),)):
            if found.expires is not None and found.expires < now:
                return None
            if found.used is None or now - found.used > _USED_EVERY:
                # If the index cannot be written, it is not known when the token was used.
                with (
                    contextlib.suppress(sqlite3.OperationalError),
                    closing(self._connected("rw")) as database,
                    database,
                ):
                    database.execute("UPDATE tokens SET used = ? WHERE name = ?", (now, found.name))
            return found
        return None

    def _read(self, where: str, values: tuple[str, ...]) -> list[Token]:
        if not self._path.exists():
            return []
        try:
            with closing(self._connected("ro")) as database:
                rows = database.execute(
                    f"SELECT name, scopes, created, expires, used FROM tokens {where}", values
                ).fetchall()
        except sqlite3.Error as error:
            raise self._failed("read", error) from error
        return [Token(name, tuple(scopes.split()), *times) for name, scopes, *times in rows]

    def _connected(self, mode: str) -> sqlite3.Connection:
        return sqlite3.connect(f"{self._path.resolve().as_uri()}?mode={mode}", uri=True, timeout=2)

    def _failed(self, what: str, error: Exception) -> StoreError:
        return StoreError(
            f"The tokens in {str(self._path)!r} cannot be {what} ({error}): check the file and its folder."
        )


def day_and_time(seconds: float | None) -> str | None:
    """Return a time in ISO 8601 (UTC), to the second."""
    return None if seconds is None else datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="seconds")
