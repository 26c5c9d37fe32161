"""Remembers who is logged in, in `index/sessions.sqlite`, so that a restart logs nobody out."""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

from ...errors import StoreError
from ...system.lacking import remedy
from .accounts import Accounts

logger = logging.getLogger(__name__)

LASTS = 30 * 24 * 3_600  # seconds
_MOST = 10_000  # sessions; the oldest end first
_SCHEMA = """
CREATE TABLE IF NOT EXISTS salt (one INTEGER PRIMARY KEY CHECK (one = 1), salt BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS sessions (
    token TEXT PRIMARY KEY, name TEXT NOT NULL, account TEXT NOT NULL, expires REAL NOT NULL);
"""


class Sessions:
    """The sessions of visitors, of which only the hash of the cookie is stored. Safe for several threads and processes.

    If the file cannot be used, sessions last until the program ends, and the log says so.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._lock = threading.Lock()
        self._clock = clock
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database, self.salt = _opened(path)
        except (OSError, sqlite3.Error) as error:
            logger.warning("%s cannot be used (%s): a restart will log everyone out. Move the file away.", path, error)
            self._database, self.salt = _opened(None)

    def begin(self, name: str, accounts: Accounts) -> str:
        """Begin a session of a user; return its secret token."""
        token = secrets.token_urlsafe(32)
        now = self._clock()
        row = (digest(token), name, digest(accounts.hashes.get(name, "")), now + LASTS)
        try:
            self._store(row, now)
        except sqlite3.Error as error:
            logger.warning("a session cannot be stored (%s): a restart will log everyone out.", error)
            with self._lock:
                self._database.close()
                self._database, _ = _opened(None)
            self._store(row, now)
        return token

    def _store(self, row: tuple[str, str, str, float], now: float) -> None:
        with self._lock, self._database:
            self._database.execute("DELETE FROM sessions WHERE expires < ?", (now,))
            self._database.execute(
                "DELETE FROM sessions WHERE token IN "
                "(SELECT token FROM sessions ORDER BY expires DESC LIMIT -1 OFFSET ?)",
                (_MOST - 1,),
            )
            self._database.execute("INSERT INTO sessions VALUES (?, ?, ?, ?)", row)

    def name_of(self, token: str, accounts: Accounts) -> str | None:
        """Return whose session this is; None if it ended, or the user's password was changed since it began."""
        try:
            with self._lock:
                row = self._database.execute(
                    "SELECT name, account, expires FROM sessions WHERE token = ?", (digest(token),)
                ).fetchone()
        except sqlite3.Error as error:
            logger.warning("the sessions cannot be read (%s): log in again.", error)
            return None
        if row is None or row[2] < self._clock():
            return None
        name: str = row[0]
        known = accounts.hashes.get(name)
        return name if known is not None and secrets.compare_digest(digest(known), row[1]) else None

    def end(self, token: str) -> None:
        """End one session; others of the same user go on. Raises StoreError if that cannot be stored."""
        try:
            with self._lock, self._database:
                self._database.execute("DELETE FROM sessions WHERE token = ?", (digest(token),))
        except sqlite3.Error as error:
            raise StoreError(f"The log-out could not be stored ({error}): {remedy(error)}, and try again.") from error

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()


def _opened(path: Path | None) -> tuple[sqlite3.Connection, bytes]:
    """Return the database and the salt for passwords that are given without a file; in memory without a path."""
    if path is not None:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # nobody else may read it
    database = sqlite3.connect(path or ":memory:", timeout=2, check_same_thread=False)
    try:
        with database:
            database.executescript(_SCHEMA)
            database.execute("INSERT OR IGNORE INTO salt VALUES (1, ?)", (secrets.token_bytes(16),))
        salt: bytes = database.execute("SELECT salt FROM salt").fetchone()[0]
    except sqlite3.Error:
        database.close()
        raise
    return database, salt


def digest(text: str) -> str:
    """What is stored of a secret that nobody can guess (256 random bits, or a hash), so it need not be slow to make."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
