"""Stores pinned questions with what their answers were, and the changes that were noticed, beside the index."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

from ..errors import QAError, QuestionError, StoreError
from .changes import Change, Standing

MOST_PINS, MOST_OF_ONE = 1_000, 200  # of all owners together, and of one who is not the command line's
_MOST_CHANGES = 10_000  # that are kept, the newest
_RESTORABLE = timedelta(hours=1)  # how long a removed pin can be restored
_SCHEMA = """
CREATE TABLE IF NOT EXISTS pins (
    owner TEXT NOT NULL, key TEXT NOT NULL, question TEXT NOT NULL, scope TEXT NOT NULL, added TEXT NOT NULL,
    standing TEXT NOT NULL, removed TEXT, PRIMARY KEY (owner, key));
CREATE TABLE IF NOT EXISTS changes (
    id INTEGER PRIMARY KEY, owner TEXT NOT NULL, pin TEXT NOT NULL, seen TEXT NOT NULL, before TEXT NOT NULL,
    after TEXT NOT NULL, is_new INTEGER NOT NULL DEFAULT 1);
"""
_CHANGES = """
SELECT question, before, after, seen, pin, changes.owner, is_new FROM changes
JOIN pins ON pins.owner = changes.owner AND pins.key = changes.pin AND removed IS NULL
"""


@dataclass(frozen=True, slots=True)
class Pin:
    """A pinned question, with the scope that it is asked in, when it was added, and what its answer was last.

    `owner` is whose it is: "" for the command line, and for a chat that only its owner reaches.
    """

    question: str
    scope: Mapping[str, object]
    added: str
    standing: Standing
    owner: str = ""

    @property
    def key(self) -> str:
        """What names it among those of its owner."""
        return key_of(self.question, self.scope)

    def at(self, chat: str) -> Pin:
        """The same with a link to the chat at this address."""
        return replace(self, standing=self.standing.at(chat))

    def as_json(self) -> dict[str, object]:
        """One entry of `pins` in `qa watchlist list --json`."""
        now = self.standing.as_json()
        return {"question": self.question, "scope": dict(self.scope), "added": self.added, "standing": now}


def key_of(question: str, scope: Mapping[str, object]) -> str:
    """What names a pin: the same for the same question in the same scope."""
    return hashlib.sha256(json.dumps([question, dict(scope)], sort_keys=True).encode()).hexdigest()[:20]


class Watchlist:
    """The pinned questions of one owner, beside an index. Safe to use from several threads and processes.

    All methods raise StoreError.
    """

    def __init__(self, index: Path, owner: str = "") -> None:
        self._path = path_of(index)
        self._owner = owner

    def add(self, question: str, scope: Mapping[str, object], now: Standing) -> None:
        """Pin a question in a scope, whose answer is this now; what was pinned already gets this answer.

        Raises QuestionError if there are too many.
        """
        key = key_of(question, scope)
        with self._opened() as database:
            _erase(database)
            others = "FROM pins WHERE removed IS NULL AND (owner <> ? OR key <> ?)"
            counted = f"SELECT count(*), count(CASE WHEN owner = ? THEN 1 END) {others}"
            pinned, own = database.execute(counted, (self._owner, self._owner, key)).fetchone()
            if pinned >= MOST_PINS or (self._owner and own >= MOST_OF_ONE):
                most = MOST_PINS if pinned >= MOST_PINS else MOST_OF_ONE
                raise QuestionError(f"{most:,} questions are pinned already: remove one before you pin another.")
            _forget(database, "removed IS NOT NULL AND owner = ? AND key = ?", (self._owner, key))
            row = (self._owner, key, question, json.dumps(dict(scope)), _now(), _stored(now))
            database.execute("INSERT OR REPLACE INTO pins VALUES (?, ?, ?, ?, ?, ?, NULL)", row)

    def remove(self, question: str) -> bool:
        """Remove a pinned question in all scopes, with its changes; whether it was there."""
        keys = [pin.key for pin in self.pins() if pin.question == question]
        for key in keys:
            self.unpin(key)
        return bool(keys)

    def unpin(self, key: str) -> Pin | None:
        """Remove a pin with its changes, and return it; for an hour it can be restored."""
        pin = next((pin for pin in self.pins() if pin.key == key), None)
        if pin is not None:
            with self._opened() as database:
                _erase(database)
                row = (_now(), self._owner, key)
                database.execute("UPDATE pins SET removed = ? WHERE owner = ? AND key = ?", row)
        return pin

    def restore(self, key: str) -> None:
        """Undo `unpin`; nothing if it is too late."""
        with self._opened() as database:
            database.execute("UPDATE pins SET removed = NULL WHERE owner = ? AND key = ?", (self._owner, key))

    def pins(self) -> list[Pin]:
        """All pinned questions, in the order in which they were added."""
        return pins_of(self._path, self._owner)

    def changes(self, most: int = 100) -> list[Change]:
        """The changes that were noticed, the newest first."""
        if not self._path.exists():
            return []
        with self._opened() as database:
            wanted = f"{_CHANGES} WHERE changes.owner = ? ORDER BY id DESC LIMIT ?"
            rows = database.execute(wanted, (self._owner, most)).fetchall()
        return [
            Change(question, _known(before), _known(after), seen, pin, owner, bool(is_new))
            for question, before, after, seen, pin, owner, is_new in rows
        ]

    def unseen(self) -> int:
        """How many changes the owner has not seen yet."""
        return sum(change.is_new for change in self.changes(_MOST_CHANGES))

    def see(self) -> None:
        """Take all changes as seen."""
        if self.unseen():
            with self._opened() as database:
                database.execute("UPDATE changes SET is_new = 0 WHERE owner = ?", (self._owner,))

    def _opened(self) -> contextlib.AbstractContextManager[sqlite3.Connection]:
        return _opened(self._path)


def path_of(index: Path) -> Path:
    """The file of all pins of an index."""
    return index / "watchlist.sqlite"


def pins_of(path: Path, owner: str | None = None) -> list[Pin]:
    """The pins in a file, of one owner or of all, in the order in which they were added. Raises StoreError."""
    if not path.exists():
        return []
    wanted = "SELECT question, scope, added, standing, owner FROM pins WHERE removed IS NULL AND ? IN (owner, '*')"
    with _opened(path) as database:
        rows = database.execute(f"{wanted} ORDER BY added, rowid", ("*" if owner is None else owner,)).fetchall()
    return [
        Pin(question, json.loads(scope), added, _known(state), owner) for question, scope, added, state, owner in rows
    ]


def keep(path: Path, pin: Pin, now: Standing, is_changed: bool) -> Change | None:
    """Store what the answer to a pinned question is now; return the change if it is one.

    Does nothing if another program has stored an answer meanwhile. Raises StoreError.
    """
    change = Change(pin.question, pin.standing, now, _now(), pin.key, pin.owner) if is_changed else None
    with _opened(path) as database:
        row = (_stored(now), pin.owner, pin.key, _stored(pin.standing))
        known = "UPDATE pins SET standing = ? WHERE owner = ? AND key = ? AND standing = ?"
        if not database.execute(known, row).rowcount or change is None:
            return None
        values = (pin.owner, pin.key, change.seen, _stored(change.before), _stored(change.after))
        database.execute("INSERT INTO changes (owner, pin, seen, before, after) VALUES (?, ?, ?, ?, ?)", values)
        kept = "SELECT id FROM changes ORDER BY id DESC LIMIT ?"
        database.execute(f"DELETE FROM changes WHERE id NOT IN ({kept})", (_MOST_CHANGES,))
    return change


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(sqlite3.connect(path, timeout=10)) as database, database:
            database.executescript(_SCHEMA)
            yield database
    except QAError:
        raise
    except (OSError, sqlite3.Error, ValueError) as error:
        raise StoreError(f"{str(path)!r} cannot be read or written ({error}): move it away or free space.") from error


def _erase(database: sqlite3.Connection) -> None:
    """Forget what was removed so long ago that it can no longer be restored."""
    before = (datetime.now(timezone.utc) - _RESTORABLE).isoformat(timespec="seconds")
    _forget(database, "removed < ?", (before,))


def _forget(database: sqlite3.Connection, which: str, values: Sequence[str]) -> None:
    """Delete the pins that a condition holds for, with their changes."""
    of_none = "NOT EXISTS (SELECT 1 FROM pins WHERE pins.owner = changes.owner AND key = pin)"
    if database.execute(f"DELETE FROM pins WHERE {which}", values).rowcount:
        database.execute(f"DELETE FROM changes WHERE {of_none}")


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def _stored(state: Standing) -> str:
    return json.dumps(state.as_json(), ensure_ascii=False)


def _known(state: str) -> Standing:
    return Standing(**json.loads(state))
