"""Opens the tables of `index/feedback.sqlite`, each of which belongs to one module."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from ...errors import StoreError
from ...system.lacking import remedy


def feedback_path(index: Path) -> Path:
    """Return the file with what users did and said, beside an index."""
    return index / "feedback.sqlite"


@contextlib.contextmanager
def opened(path: Path, schema: str, failed: str, advice: str = "{}") -> Iterator[sqlite3.Connection]:
    """Open a file whose table is created by `schema` if it is missing; what is done in it happens as a whole.

    If the system or SQLite refuses something, StoreError says what `failed`, why, and what to do: `advice`, with the
    remedy at `{}`.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(sqlite3.connect(path, timeout=10)) as database, database:
            database.execute(schema)
            yield database
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{failed} ({error}): {advice.format(remedy(error, path.parent))}.") from error
