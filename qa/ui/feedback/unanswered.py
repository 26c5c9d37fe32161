"""Stores the questions that the chat did not answer, in `index/feedback.sqlite`; only if a person asked for it."""

from __future__ import annotations

import sqlite3
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from ...ask.answer import Answer
from .tables import opened

_SCHEMA = """CREATE TABLE IF NOT EXISTS unanswered (
    id INTEGER PRIMARY KEY, time TEXT NOT NULL, question TEXT NOT NULL, carried TEXT NOT NULL, nearest TEXT NOT NULL)"""


@dataclass(frozen=True, slots=True)
class UnansweredQuestion:
    """A question that was not answered, at a `time` (ISO 8601, UTC).

    `carried` are the words of its conversation that it was searched with, separated by spaces; `nearest` is the
    document that came closest, or "".
    """

    time: str
    question: str
    carried: str
    nearest: str


class Unanswered:
    """The questions that were not answered from one index. Safe to use from several threads and processes."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, answer: Answer) -> None:
        """Store the question of an answer that found nothing. Raises StoreError."""
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        nearest = answer.citations[0].document if answer.citations else ""
        with self._opened() as database:
            database.execute(
                "INSERT INTO unanswered (time, question, carried, nearest) VALUES (?, ?, ?, ?)",
                (now, answer.question, " ".join(answer.carried), nearest),
            )

    def read(self) -> tuple[UnansweredQuestion, ...]:
        """Return the questions, oldest first. Raises StoreError."""
        if not self._path.exists():
            return ()
        with self._opened() as database:
            rows = database.execute("SELECT time, question, carried, nearest FROM unanswered ORDER BY id").fetchall()
        return tuple(UnansweredQuestion(*row) for row in rows)

    def forget(self) -> int:
        """Delete all of them, and return how many there were. Raises StoreError."""
        if not self._path.exists():
            return 0
        with self._opened() as database:
            database.execute("PRAGMA secure_delete = ON")
            return database.execute("DELETE FROM unanswered").rowcount

    def _opened(self) -> AbstractContextManager[sqlite3.Connection]:
        failed = "The list of unanswered questions cannot be used"
        return opened(self._path, _SCHEMA, failed, "{}, or unset QA_GAPS")
