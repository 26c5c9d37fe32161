"""Stores conversations on this machine, in `index/conversations.sqlite`.

Each belongs to an owner, and no method returns or changes a conversation of another one.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

from ...errors import StoreError
from ...system.lacking import remedy
from ...text.folding import folded
from ..rendering.html import printable
from .exchange import Exchange
from .records import from_json, to_json

MOST_BYTES = 200_000_000  # of all conversations together; the oldest ones make room
LONGEST_TITLE = 200  # characters
_VERSION = 1
_KEPT_DELETED = timedelta(hours=1)  # a conversation can be restored for that long
_UNREADABLE = "This answer was stored by another version of the program and cannot be shown: ask again."
_SCHEMA = """
CREATE TABLE IF NOT EXISTS conversations (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, title TEXT NOT NULL, folded TEXT NOT NULL,
    updated TEXT NOT NULL, revision INTEGER NOT NULL, deleted TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS by_owner ON conversations (owner, updated);
CREATE TABLE IF NOT EXISTS turns (
    conversation TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE, number INTEGER NOT NULL,
    revision INTEGER NOT NULL, question TEXT NOT NULL, folded TEXT NOT NULL, record TEXT NOT NULL,
    PRIMARY KEY (conversation, number));
CREATE TABLE IF NOT EXISTS forgetful (owner TEXT PRIMARY KEY);
"""


@dataclass(frozen=True, slots=True)
class Past:
    """A stored conversation as a list shows it; `turn` is the first that has the words that were looked for (or 0)."""

    id: str
    title: str
    updated: str
    turns: int
    turn: int = 0


class History:
    """The conversations of all owners. Safe to use from several threads and processes.

    Every method raises StoreError if the file cannot be used; one for a single conversation returns None or False if
    that does not exist, or belongs to another owner.
    """

    def __init__(self, path: Path, most_bytes: int = MOST_BYTES) -> None:
        self.path = path
        self._most_bytes = most_bytes

    # --- one conversation

    def begin(self, owner: str, exchange: Exchange) -> str:
        """Store a conversation that begins with an exchange, and return its id, which nobody can guess."""
        name = secrets.token_urlsafe(12)
        title = _title(exchange.question)
        with self._changing() as database:
            self._make_room(database)
            database.execute(
                "INSERT INTO conversations (id, owner, title, folded, updated, revision) VALUES (?, ?, ?, ?, ?, 1)",
                (name, owner, title, folded(title), _now()),
            )
            _write(database, name, 1, exchange)
        return name

    def add(self, owner: str, name: str, exchange: Exchange) -> Exchange | None:
        """Append an exchange, and return it with its number."""
        with self._changing() as database:
            revision = _next_revision(database, owner, name, _now())
            if revision is None:
                return None
            (last,) = database.execute(
                "SELECT coalesce(max(number), 0) FROM turns WHERE conversation = ?", (name,)
            ).fetchone()
            exchange = replace(exchange, number=last + 1)
            _write(database, name, revision, exchange)
        return exchange

    def put(self, owner: str, name: str, exchange: Exchange) -> bool:
        """Replace the exchange of the same number."""
        with self._changing() as database:
            revision = _next_revision(database, owner, name)
            if revision is None:
                return False
            _write(database, name, revision, exchange)
        return True

    def since(self, owner: str, name: str, revision: int = 0) -> tuple[int, tuple[Exchange, ...]] | None:
        """Return the present revision of a conversation, and the exchanges that changed since an earlier one."""
        with self._open() as database:
            found = database.execute(f"SELECT revision FROM conversations WHERE {_OWN}", (name, owner)).fetchone()
            if found is None:
                return None
            rows = database.execute(
                "SELECT number, question, record FROM turns WHERE conversation = ? AND revision > ? ORDER BY number",
                (name, revision),
            ).fetchall()
        return found[0], tuple(_exchange(*row) for row in rows)

    def title(self, owner: str, name: str) -> str | None:
        """Return the title of a conversation."""
        with self._open() as database:
            found = database.execute(f"SELECT title FROM conversations WHERE {_OWN}", (name, owner)).fetchone()
        return None if found is None else str(found[0])

    def rename(self, owner: str, name: str, title: str) -> bool:
        """Give a conversation another title; one without characters changes nothing."""
        title = _title(title)
        with self._changing() as database:
            if not title or _next_revision(database, owner, name) is None:
                return False
            database.execute(
                "UPDATE conversations SET title = ?, folded = ? WHERE id = ?", (title, folded(title), name)
            )
        return True

    # --- all conversations of an owner

    def past(self, owner: str, words: str = "", most: int = 500) -> tuple[Past, ...]:
        """Return the conversations with all of these words in their title, questions and answers, the latest first."""
        wanted = folded(words).split()
        has_words = "".join(
            " AND (instr(c.folded, ?) OR EXISTS (SELECT 1 FROM turns WHERE conversation = c.id AND instr(folded, ?)))"
            for _ in wanted
        )
        with self._open() as database:
            found = database.execute(
                "SELECT c.id, c.title, c.updated, (SELECT count(*) FROM turns WHERE conversation = c.id)"
                f" FROM conversations c WHERE c.owner = ? AND c.deleted = ''{has_words}"
                " ORDER BY c.updated DESC, c.rowid DESC LIMIT ?",
                (owner, *(word for word in wanted for _ in range(2)), most),
            ).fetchall()
            return tuple(
                Past(name, title, updated, turns, _first_with(database, name, wanted))
                for name, title, updated, turns in found
            )

    def delete(self, owner: str, name: str = "") -> tuple[str, ...]:
        """Delete a conversation, or all of them, and return their ids, by which they can be restored for an hour."""
        with self._changing() as database:
            chosen = database.execute(
                "SELECT id FROM conversations WHERE owner = ? AND deleted = '' AND (id = ? OR ? = '')",
                (owner, name, name),
            ).fetchall()
            database.executemany(
                "UPDATE conversations SET deleted = ? WHERE id = ?", [(_now(), each) for (each,) in chosen]
            )
        return tuple(each for (each,) in chosen)

    def restore(self, owner: str, names: Sequence[str]) -> None:
        """Undo a deletion."""
        with self._changing() as database:
            database.executemany(
                "UPDATE conversations SET deleted = '' WHERE id = ? AND owner = ?", [(name, owner) for name in names]
            )

    def forget_deleted(self, kept: timedelta = _KEPT_DELETED) -> None:
        """Erase the conversations that were deleted longer ago than this, from the file too."""
        if not self.path.exists():
            return
        with self._changing() as database:
            erased = database.execute(
                "DELETE FROM conversations WHERE deleted <> '' AND deleted <= ?", (_now(-kept),)
            ).rowcount
        if erased:
            with self._open() as database:
                database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def keeps(self, owner: str) -> bool:
        """Whether this owner wants conversations to be stored."""
        with self._open() as database:
            return database.execute("SELECT 1 FROM forgetful WHERE owner = ?", (owner,)).fetchone() is None

    def keep(self, owner: str, wanted: bool) -> None:
        """Store conversations of this owner from now on, or no longer; those that are stored stay."""
        with self._changing() as database:
            if wanted:
                database.execute("DELETE FROM forgetful WHERE owner = ?", (owner,))
            else:
                database.execute("INSERT OR IGNORE INTO forgetful VALUES (?)", (owner,))

    # --- the file

    @contextlib.contextmanager
    def _open(self, creates: bool = False) -> Iterator[sqlite3.Connection]:
        """Open the file; where there is none, an empty database in memory unless this `creates` it."""
        try:
            if creates and not self.path.exists():
                self.path.parent.mkdir(parents=True, exist_ok=True)
                os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))  # questions are nobody else's business
            place = self.path if self.path.exists() else ":memory:"
            with contextlib.closing(sqlite3.connect(place, timeout=10, isolation_level=None)) as database:
                _prepare(database)
                yield database
        except (OSError, sqlite3.Error) as error:
            raise StoreError(
                f"Conversations cannot be stored or read ({error}): {remedy(error, self.path.parent)}."
            ) from error

    @contextlib.contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        """Open the file for a change that happens as a whole or not at all."""
        with self._open(creates=True) as database:
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
            except BaseException:
                with contextlib.suppress(sqlite3.Error):  # a full disk has ended it already
                    database.execute("ROLLBACK")
                raise
            database.execute("COMMIT")

    def _make_room(self, database: sqlite3.Connection) -> None:
        """Erase the oldest conversations if all of them together are too large."""
        while _size(database) > self._most_bytes:
            oldest = database.execute(
                "DELETE FROM conversations WHERE id IN "
                "(SELECT id FROM conversations ORDER BY deleted = '', updated LIMIT 10)"
            )
            if not oldest.rowcount:
                return


_OWN = "id = ? AND owner = ? AND deleted = ''"


def _prepare(database: sqlite3.Connection) -> None:
    database.execute("PRAGMA foreign_keys = ON")
    database.execute("PRAGMA secure_delete = ON")  # what was deleted is overwritten
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version > _VERSION:
        raise sqlite3.NotSupportedError("a newer version of the program wrote it")
    if version < _VERSION:
        database.execute("PRAGMA journal_mode = WAL").fetchall()
        database.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {_VERSION}; COMMIT")


def _next_revision(database: sqlite3.Connection, owner: str, name: str, updated: str = "") -> int | None:
    database.execute(
        f"UPDATE conversations SET revision = revision + 1, updated = max(updated, ?) WHERE {_OWN}",
        (updated, name, owner),
    )
    found = database.execute(f"SELECT revision FROM conversations WHERE {_OWN}", (name, owner)).fetchone()
    return None if found is None else int(found[0])


def _write(database: sqlite3.Connection, name: str, revision: int, exchange: Exchange) -> None:
    lead = exchange.answer.lead if exchange.answer is not None else None
    question = printable(exchange.question)
    found_by = folded(f"{question}\n{printable(lead.text)}" if lead is not None else question)
    database.execute(
        "INSERT OR REPLACE INTO turns (conversation, number, revision, question, folded, record)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (name, exchange.number, revision, question, found_by, to_json(exchange)),
    )


def _exchange(number: int, question: str, record: str) -> Exchange:
    try:
        return from_json(Exchange, record)
    except ValueError:
        return Exchange(number, question, problem=_UNREADABLE)


def _first_with(database: sqlite3.Connection, name: str, words: Sequence[str]) -> int:
    """The number of the first turn with most of the words; 0 if none has one."""
    if not words:
        return 0
    count = " + ".join("(instr(folded, ?) > 0)" for _ in words)
    found = database.execute(
        f"SELECT number, {count} AS has FROM turns WHERE conversation = ? ORDER BY has DESC, number LIMIT 1",
        (*words, name),
    ).fetchone()
    return found[0] if found and found[1] else 0


def _size(database: sqlite3.Connection) -> int:
    """The bytes in use."""
    (pages,), (free,), (size,) = (
        database.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def _title(text: str) -> str:
    return " ".join(printable(text).split())[:LONGEST_TITLE]


def _now(moved: timedelta = timedelta(0)) -> str:
    return (datetime.now(timezone.utc) + moved).isoformat(timespec="milliseconds")
