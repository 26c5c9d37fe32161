"""Keeps what was read from pictures beside the index, so that no page is recognised twice.

A page is found by the bytes of its file, and by the picture and the settings that the sandbox names: a rebuild, a moved
file or another encoder finds it, another language does not. A process that a hostile file has taken over can only leave
wrong pages for that file, and few enough that most of the others stay.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import sqlite3
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

NAME = "recognised.sqlite"
_MOST_BYTES = 200_000_000  # compressed: some 20,000 pages
_MOST_PAGE_BYTES = 4_000_000  # of the JSON of one page
_MOST_FILE_BYTES = 40_000_000  # of the JSON of the pages that one file adds: 500 full ones take 30 MB
_KEPT = 0.9  # of the bytes remain after the pages that were not used for longest are dropped
_COUNTED_EVERY = 32  # pages
_DAY = 86_400  # seconds: how exactly it is known when a page was used
_SCHEMA = """CREATE TABLE IF NOT EXISTS pages (key BLOB PRIMARY KEY, used INTEGER NOT NULL, page BLOB NOT NULL)"""


class KeptPages(Protocol):
    """Where pages are kept by their keys."""

    def get(self, key: bytes) -> Any:
        """The JSON value that was kept with this key; None if there is none."""
        ...

    def put(self, key: bytes, page: Any) -> int:
        """Keep a JSON value; returns its size in bytes."""
        ...


class ReadPages:
    """The pages in one file, made with the first of them. Safe to use from several threads and processes.

    If the file cannot be read or written, pages are recognised again, which only takes time.
    """

    def __init__(self, index: Path, most_bytes: int = _MOST_BYTES) -> None:
        """`index` is the folder of the index, whether its generations are in it or on a server."""
        self._path = index / NAME
        self._most_bytes = most_bytes
        self.added = 0  # pages that were kept since this object was made

    def get(self, key: bytes) -> Any:
        """The JSON value that was kept with this key; None if there is none."""
        return self._within(lambda database: _read(database, key)) if self._path.exists() else None

    def put(self, key: bytes, page: Any) -> int:
        """Keep a JSON value, unless it is very large; the least recently used ones make room for it.

        Returns its size in bytes.
        """
        data = json.dumps(page, ensure_ascii=False).encode()
        if len(data) > _MOST_PAGE_BYTES:
            return len(data)

        def write(database: sqlite3.Connection) -> None:
            row = (key, int(time.time()), zlib.compress(data))
            database.execute("INSERT OR REPLACE INTO pages VALUES (?, ?, ?)", row)
            if self.added % _COUNTED_EVERY == 0:
                self._make_room(database)
            self.added += 1

        self._within(write)
        return len(data)

    def _make_room(self, database: sqlite3.Connection) -> None:
        (size,) = database.execute("SELECT TOTAL(LENGTH(page)) FROM pages").fetchone()
        if size <= self._most_bytes:
            return
        dropped, excess = [], size - _KEPT * self._most_bytes
        for key, length in database.execute("SELECT key, LENGTH(page) FROM pages ORDER BY used, rowid"):
            if excess <= 0:
                break
            dropped.append((key,))
            excess -= length
        database.executemany("DELETE FROM pages WHERE key = ?", dropped)

    def _within(self, work: Callable[[sqlite3.Connection], Any]) -> Any:
        """Do something in one transaction; None if it fails. If the file is damaged, it is made anew."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.closing(sqlite3.connect(self._path, timeout=10)) as database, database:
                database.execute(_SCHEMA)
                return work(database)
        except (sqlite3.OperationalError, OSError) as error:  # locked, full, read-only
            self._warn(error)
        except (sqlite3.DatabaseError, zlib.error, ValueError) as error:
            self._warn(error)
            with contextlib.suppress(OSError):
                self._path.unlink()
        return None

    def _warn(self, error: Exception) -> None:
        message = "What was read from images cannot be kept in %s (%s): they are read again when they are needed."
        logging.getLogger(__name__).warning(message, self._path, error)


def _read(database: sqlite3.Connection, key: bytes) -> Any:
    row = database.execute("SELECT page, used FROM pages WHERE key = ?", (key,)).fetchone()
    if row is None:
        return None
    page, used = row
    if used < (now := int(time.time())) - _DAY:
        database.execute("UPDATE pages SET used = ? WHERE key = ?", (now, key))
    return json.loads(zlib.decompress(page))


class SentPages:
    """Pages that were read for another machine, which keeps them, until they are taken to be sent to it."""

    def __init__(self) -> None:
        self._pages: list[tuple[str, Any]] = []

    def get(self, key: bytes) -> Any:
        """None: what the other machine keeps is not known here."""
        return None

    def put(self, key: bytes, page: Any) -> int:
        """Keep a JSON value until it is taken, unless it is very large; returns its size in bytes."""
        size = len(json.dumps(page, ensure_ascii=False).encode())
        if size <= _MOST_PAGE_BYTES:
            self._pages.append((key.hex(), page))
        return size

    def take(self) -> list[tuple[str, Any]]:
        """The pages that were put since the last call, each with its key in hexadecimal digits."""
        taken, self._pages = self._pages, []
        return taken


class PagesOfFile:
    """The pages of one file; `pages` is None if none are kept."""

    def __init__(self, pages: KeptPages | None, data: bytes) -> None:
        self._pages = pages
        self._data = data
        self._sha256 = b""
        self._room = _MOST_FILE_BYTES

    def recall(self, picture: str) -> Any:
        """The JSON value of the page with this picture; None if it is not known."""
        return None if self._pages is None else self._pages.get(self._key(picture))

    def keep(self, picture: str, page: Any) -> None:
        """Keep the JSON value of the page with this picture, unless the file has added too many."""
        if self._pages is not None and self._room > 0:
            self._room -= self._pages.put(self._key(picture), page)

    def _key(self, picture: str) -> bytes:
        self._sha256 = self._sha256 or hashlib.sha256(self._data).digest()
        return hashlib.sha256(self._sha256 + picture.encode()).digest()
