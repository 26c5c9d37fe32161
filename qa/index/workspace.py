"""The index folder of this machine: a lock for the builder, and the hidden folders of unfinished builds."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from ..errors import BusyError, StoreError
from ..system.lacking import remedy

_TMP = ".tmp-"


def new_folder(index: Path) -> Path:
    """Make a hidden folder for a new build. Raises StoreError."""
    folder = index / "generations" / f"{_TMP}{os.getpid()}-{time.time_ns()}"
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise unwritable(index, error) from error
    return folder


def unwritable(index: Path, error: Exception) -> StoreError:
    """The error to raise if the index folder cannot be written."""
    words, advice = getattr(error, "strerror", None) or error, remedy(error, index)
    return StoreError(
        f"The index folder {str(index)!r} cannot be written ({words}): {advice}, or name another with --index."
    )


@contextlib.contextmanager
def locked(index: Path, wait: float = 0) -> Iterator[None]:
    """Lock an index folder for one writer. Raises BusyError if another process has it still after `wait` seconds."""
    try:
        index.mkdir(parents=True, exist_ok=True)
        lock = FileLock(index / ".lock", timeout=wait)
        with lock:
            yield
    except Timeout as error:
        raise BusyError("Another build of this index is running: wait for it to end, then build again.") from error
    except OSError as error:
        raise unwritable(index, error) from error


def unfinished(index: Path) -> list[Path]:
    """The hidden folders of unfinished builds, oldest first; only while the index is locked."""
    return sorted((index / "generations").glob(f"{_TMP}*"), key=lambda path: path.stat().st_mtime_ns)
