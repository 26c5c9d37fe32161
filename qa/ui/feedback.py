"""Stores users' ratings of answers on this machine, in `index/feedback.sqlite`."""

from __future__ import annotations

import contextlib
import sqlite3
from datetime import datetime, timezone
from pathlib import Path
from typing import Literal

from ..errors import StoreError

Verdict = Literal["up", "down"]

_SCHEMA = """CREATE TABLE IF NOT EXISTS feedback (
    id INTEGER PRIMARY KEY, time TEXT NOT NULL, generation TEXT NOT NULL, question TEXT NOT NULL,
    document TEXT NOT NULL, verdict TEXT NOT NULL CHECK (verdict IN ('up', 'down')))"""


class Feedback:
    """The verdicts on answers from one index. Safe to use from several threads and processes."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, question: str, generation: str, document: str, verdict: Verdict) -> None:
        """Store one verdict; `document` is the one cited first, or "". Raises StoreError if it cannot be written."""
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.closing(sqlite3.connect(self._path, timeout=10)) as database, database:
                database.execute(_SCHEMA)
                database.execute(
                    "INSERT INTO feedback (time, generation, question, document, verdict) VALUES (?, ?, ?, ?, ?)",
                    (now, generation, question, document, verdict),
                )
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"Your rating could not be stored ({error}): free some disk space.") from error

    def rows(self) -> list[tuple[str, str, str, str, str]]:
        """Return (time, generation, question, document, verdict) of each verdict, oldest first."""
        if not self._path.exists():
            return []
        with contextlib.closing(sqlite3.connect(self._path, timeout=10)) as database:
            return database.execute(
                "SELECT time, generation, question, document, verdict FROM feedback ORDER BY id"
            ).fetchall()
