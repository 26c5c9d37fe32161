"""What users said of answers: `index/feedback.sqlite`, made when the first verdict comes.

It stays on this machine. It knows nothing about screens.
"""

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
    """The verdicts on one index. Safe to use from several threads and processes."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, question: str, generation: str, document: str, verdict: Verdict) -> None:
        """Keep one verdict; `document` is the one cited first, or "". Raises StoreError if it cannot be written."""
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
            raise StoreError(f"The verdict could not be stored ({error}): free some space beside the index.") from error

    def rows(self) -> list[tuple[str, str, str, str, str]]:
        """(time, generation, question, document, verdict) of each verdict, oldest first."""
        if not self._path.exists():
            return []
        with contextlib.closing(sqlite3.connect(self._path, timeout=10)) as database:
            return database.execute(
                "SELECT time, generation, question, document, verdict FROM feedback ORDER BY id"
            ).fetchall()
