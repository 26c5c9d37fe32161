"""The SQLite file in which a history is: its tables, and a digest by which damage to them is noticed."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from ...errors import StoreError
from ..rows import MALFORMED
from ..states import State
from .contents import Content

NAME = "history.sqlite"
_FORMAT = 1
_WAIT = 30.0  # seconds for another process that writes
# `versions` has a row for each file that ended with the state `last`, with its record and content, and, without these,
# one for each file of the current generation that has begun with `first`, unless it was there from the start (0).
_SCHEMA = """
CREATE TABLE states (id INTEGER PRIMARY KEY, created TEXT NOT NULL, ended TEXT, changed INTEGER NOT NULL,
    manifest TEXT NOT NULL);
CREATE TABLE contents (id INTEGER PRIMARY KEY, sha256 BLOB NOT NULL UNIQUE, documents BLOB NOT NULL,
    vectors BLOB NOT NULL);
CREATE TABLE versions (path TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER, record TEXT,
    content INTEGER REFERENCES contents(id), PRIMARY KEY (path, first)) WITHOUT ROWID;
"""
# Of all rows of the two tables that say when something was so; contents have their own SHA-256, row by row.
_DIGEST = "CREATE TABLE IF NOT EXISTS digest (sha256 BLOB NOT NULL)"
_DIGESTED = ("SELECT * FROM states ORDER BY id", "SELECT * FROM versions ORDER BY path, first")
# The size of a version counts for the last kept state that it was part of.
_STATES = """SELECT s.id, s.created, s.ended, s.changed, (
        SELECT coalesce(sum(length(c.documents) + length(c.vectors)), 0) FROM versions v JOIN contents c
        ON c.id = v.content WHERE s.id = (SELECT max(t.id) FROM states t WHERE t.id BETWEEN v.first AND v.last))
    FROM states s ORDER BY s.id"""


@contextlib.contextmanager
def opened(path: Path, writing: bool = False) -> Iterator[sqlite3.Connection]:
    """The database, in one transaction. Raises StoreError if it cannot be read, and sqlite3.Error while writing."""
    try:
        database = sqlite3.connect(path, timeout=_WAIT, isolation_level=None)
        with contextlib.closing(database):
            if writing:
                database.execute("PRAGMA secure_delete = ON")  # what is forgotten is not to be found in the file
                database.execute("PRAGMA auto_vacuum = FULL")  # has an effect before the first table alone
            database.execute("BEGIN IMMEDIATE" if writing else "BEGIN")
            (version,) = database.execute("PRAGMA user_version").fetchone()
            if version == 0 and writing:
                for statement in _SCHEMA.split(";"):
                    database.execute(statement)
                database.execute(f"PRAGMA user_version = {_FORMAT}")
            elif version != _FORMAT:
                raise ValueError(f"{NAME} has format {version}")
            _check_digest(database)
            yield database
            if writing:
                database.execute(_DIGEST)
                database.execute("DELETE FROM digest")
                database.execute("INSERT INTO digest VALUES (?)", (_digest(database),))
            database.execute("COMMIT")
    except (sqlite3.Error, *MALFORMED) as error:
        if writing:
            raise
        raise StoreError(
            f"The earlier states cannot be read ({error}): run `qa verify`, which drops what is damaged, "
            "and they are kept anew from then on."
        ) from error


def _check_digest(database: sqlite3.Connection) -> None:
    """Raise ValueError if the tables that say when something was so are not as they were written.

    A new file has no digest yet, nor has one of an earlier version.
    """
    if database.execute("SELECT 1 FROM sqlite_master WHERE name = 'digest'").fetchone() is None:
        return
    if database.execute("SELECT sha256 FROM digest").fetchall() != [(_digest(database),)]:
        raise ValueError(f"{NAME} is not as it was written")


def _digest(database: sqlite3.Connection) -> bytes:
    digest = hashlib.sha256()
    for table in _DIGESTED:
        for row in database.execute(table):
            digest.update(repr(row).encode())
    return digest.digest()


def states_in(database: sqlite3.Connection) -> tuple[State, ...]:
    """The states that can be asked, the oldest first."""
    return tuple(
        State(f"{number:06d}", time_of(created), None if ended is None else time_of(ended), changed, size)
        for number, created, ended, changed, size in database.execute(_STATES)
    )


def content_number(database: sqlite3.Connection, content: Content) -> int:
    """Store a content, unless it is there already; returns its number."""
    values = (content.sha256, content.documents, content.vectors)
    database.execute("INSERT OR IGNORE INTO contents (sha256, documents, vectors) VALUES (?, ?, ?)", values)
    (number,) = database.execute("SELECT id FROM contents WHERE sha256 = ?", (content.sha256,)).fetchone()
    return int(number)


def forget(database: sqlite3.Connection, generations: Iterable[str]) -> None:
    """Forget the states of these generations, and what no other state contains."""
    database.executemany("DELETE FROM states WHERE id = ?", [(int(generation),) for generation in generations])
    database.execute(
        "DELETE FROM versions WHERE last IS NOT NULL AND NOT EXISTS "
        "(SELECT 1 FROM states WHERE id BETWEEN versions.first AND versions.last)"
    )
    database.execute("DELETE FROM contents WHERE id NOT IN (SELECT content FROM versions WHERE content IS NOT NULL)")


def clear(database: sqlite3.Connection) -> None:
    """Forget everything."""
    for table in ("versions", "contents", "states"):
        database.execute(f"DELETE FROM {table}")


def time_of(text: str) -> datetime:
    """A time as it is stored, in ISO 8601."""
    return datetime.fromisoformat(text)
