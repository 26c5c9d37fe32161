"""Stores pinned questions with what their answers were, and the changes that were noticed, beside the index."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from ..engine import Engine
from ..errors import QAError, QuestionError, StoreError
from .changes import Change, Standing, is_change, standing

MOST_PINS = 1_000
_MOST_CHANGES = 10_000  # that are kept, the newest
_SCHEMA = """
CREATE TABLE IF NOT EXISTS pins (question TEXT PRIMARY KEY, scope TEXT NOT NULL, added TEXT NOT NULL, standing TEXT);
CREATE TABLE IF NOT EXISTS changes (
    id INTEGER PRIMARY KEY, question TEXT NOT NULL, seen TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Pin:
    """A pinned question, with the scope that it is asked in, when it was added, and what its answer was last."""

    question: str
    scope: Mapping[str, object]
    added: str
    standing: Standing | None

    def as_json(self) -> dict[str, object]:
        """One entry of `pins` in `qa watchlist list --json`."""
        now = None if self.standing is None else self.standing.as_json()
        return {"question": self.question, "scope": dict(self.scope), "added": self.added, "standing": now}


class Watchlist:
    """The pinned questions of one index. Safe to use from several processes."""

    def __init__(self, index: Path) -> None:
        self._path = index / "watchlist.sqlite"

    def add(self, question: str, scope: Mapping[str, object], now: Standing) -> None:
        """Pin a question, whose answer is this now; one that is pinned already gets this scope and answer.

        Raises QuestionError if there are too many.
        """
        with self._opened() as database:
            count = database.execute("SELECT count(*) FROM pins WHERE question <> ?", (question,)).fetchone()[0]
            if count >= MOST_PINS:
                raise QuestionError(
                    f"{MOST_PINS:,} questions are pinned already: remove one with `qa watchlist remove`."
                )
            row = (question, json.dumps(dict(scope)), _now(), _stored(now))
            database.execute("INSERT OR REPLACE INTO pins VALUES (?, ?, ?, ?)", row)

    def remove(self, question: str) -> bool:
        """Remove a pinned question and its changes; whether it was there."""
        with self._opened() as database:
            database.execute("DELETE FROM changes WHERE question = ?", (question,))
            return database.execute("DELETE FROM pins WHERE question = ?", (question,)).rowcount > 0

    def pins(self) -> list[Pin]:
        """All pinned questions, in the order in which they were added."""
        if not self._path.exists():
            return []
        with self._opened() as database:
            rows = database.execute(
                "SELECT question, scope, added, standing FROM pins ORDER BY added, question"
            ).fetchall()
        return [Pin(question, json.loads(scope), added, _read(state)) for question, scope, added, state in rows]

    def changes(self, most: int = 100) -> list[Change]:
        """The changes that were noticed, the newest first."""
        if not self._path.exists():
            return []
        wanted = "SELECT question, before, after, seen FROM changes ORDER BY id DESC LIMIT ?"
        with self._opened() as database:
            rows = database.execute(wanted, (most,)).fetchall()
        return [Change(question, _known(before), _known(after), seen) for question, before, after, seen in rows]

    def check(self, engine: Engine) -> list[Change]:
        """Ask every pinned question again, and store and return what has changed.

        A question that cannot be asked any more, because its scope is empty, keeps its last answer. Raises StoreError
        or ModelError.
        """
        found = []
        for pin in self.pins():
            generation = engine.generation
            if pin.standing is not None and pin.standing.generation == generation.id:
                continue
            with contextlib.suppress(QuestionError):
                after = standing(engine, pin.question, pin.scope)
                before = pin.standing
                changed = before is not None and is_change(before, after, generation)
                change = Change(pin.question, before, after, _now()) if changed and before is not None else None
                self._keep(pin.question, after, change)
                found += [change] if change is not None else []
        return found

    def _keep(self, question: str, now: Standing, change: Change | None) -> None:
        with self._opened() as database:
            database.execute("UPDATE pins SET standing = ? WHERE question = ?", (_stored(now), question))
            if change is not None:
                row = (question, change.seen, _stored(change.before), _stored(change.after))
                database.execute("INSERT INTO changes (question, seen, before, after) VALUES (?, ?, ?, ?)", row)
                kept = "SELECT id FROM changes ORDER BY id DESC LIMIT ?"
                database.execute(f"DELETE FROM changes WHERE id NOT IN ({kept})", (_MOST_CHANGES,))

    @contextlib.contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.closing(sqlite3.connect(self._path, timeout=10)) as database, database:
                database.executescript(_SCHEMA)
                yield database
        except QAError:
            raise
        except (OSError, sqlite3.Error, ValueError) as error:
            raise StoreError(
                f"{str(self._path)!r} cannot be read or written ({error}): move it away or free space."
            ) from error


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def _stored(state: Standing) -> str:
    return json.dumps(state.as_json(), ensure_ascii=False)


def _known(state: str) -> Standing:
    return Standing(**json.loads(state))


def _read(state: str | None) -> Standing | None:
    return None if state is None else _known(state)
