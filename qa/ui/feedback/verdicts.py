"""Stores users' verdicts on answers on this machine, in `index/feedback.sqlite`, and reads them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any, Literal

from .tables import opened

Verdict = Literal["up", "down"]

_SCHEMA = """CREATE TABLE IF NOT EXISTS feedback (
    id INTEGER PRIMARY KEY, time TEXT NOT NULL, generation TEXT NOT NULL, question TEXT NOT NULL,
    document TEXT NOT NULL, verdict TEXT NOT NULL CHECK (verdict IN ('up', 'down')))"""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet computes a cell that begins with one of these


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict on the answer to a question.

    `document` is the one cited first, or "" if none was cited; `time` is in ISO 8601 (UTC).
    """

    time: str
    generation: str
    question: str
    document: str
    verdict: Verdict

    @property
    def day(self) -> date:
        """The day of the verdict on this machine's clock."""
        return day_of(self.time)


class Feedback:
    """The verdicts on answers from one index. Safe to use from several threads and processes."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, question: str, generation: str, document: str, verdict: Verdict) -> None:
        """Store one verdict; `document` is the one cited first, or "". Raises StoreError if it cannot be written."""
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        with opened(self._path, _SCHEMA, "Your rating could not be stored") as database:
            database.execute(
                "INSERT INTO feedback (time, generation, question, document, verdict) VALUES (?, ?, ?, ?, ?)",
                (now, generation, question, document, verdict),
            )

    def read(
        self, verdict: Verdict | None = None, since: date | None = None, until: date | None = None
    ) -> tuple[Judged, ...]:
        """Return the verdicts of that kind (None: both) from `since` to the end of `until`, oldest first.

        Raises StoreError if the file cannot be read.
        """
        if not self._path.exists():
            return ()
        failed = f"The ratings in {str(self._path)!r} cannot be read"
        with opened(self._path, _SCHEMA, failed) as database:
            rows = database.execute(
                "SELECT time, generation, question, document, verdict FROM feedback ORDER BY id"
            ).fetchall()
        found = (Judged(*row) for row in rows)
        return tuple(
            each
            for each in found
            if (verdict is None or each.verdict == verdict)
            and (since is None or since <= each.day)
            and (until is None or each.day <= until)
        )


def as_json(judged: Iterable[Judged]) -> dict[str, Any]:
    """Return the object of `qa feedback --json`."""
    verdicts = [asdict(each) for each in judged]
    counts = {kind: sum(each["verdict"] == kind for each in verdicts) for kind in ("up", "down")}
    return {"counts": counts, "verdicts": [{**each, "document": each["document"] or None} for each in verdicts]}


def as_csv(judged: Iterable[Judged]) -> str:
    """Return the verdicts as CSV with a header; a text that a spreadsheet would compute begins with an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(Judged.__slots__)
    for each in judged:
        values = asdict(each).values()
        writer.writerow([f"'{value}" if value.startswith(_FORMULA) else value for value in values])
    return out.getvalue()


def day_of(time: str) -> date:
    """Return the day of an ISO time on this machine's clock."""
    return datetime.fromisoformat(time).astimezone().date()
