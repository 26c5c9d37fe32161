"""Remembers which files were uploaded, and moves one out of the corpus folder into `index/removed`; none is deleted.

A removed file waits for a rebuild, like one that was deleted by hand.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ..corpus.documents import has_changed
from ..corpus.records import FileRecord
from ..errors import CorpusError, StoreError
from ..system.files import sync
from .uploads import Upload

_SCHEMA = """CREATE TABLE IF NOT EXISTS uploads (
    name TEXT PRIMARY KEY, sha256 TEXT NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL)"""
_moving = threading.Lock()


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file directly in the corpus folder, with the bytes that were uploaded."""

    name: str
    sha256: str


class Uploads:
    """The uploads to one corpus, kept in a table of `feedback.sqlite`. Safe to use from several threads."""

    def __init__(self, corpus: Path, index: Path) -> None:
        self._corpus = corpus
        self._removed = index / "removed"
        self._path = index / "feedback.sqlite"

    def add(self, upload: Upload) -> None:
        """Remember a file if this upload wrote it. Raises StoreError."""
        if not upload.sha256:
            return
        with _storing():
            facts = (self._corpus / upload.name).stat()
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.closing(sqlite3.connect(self._path, timeout=10)) as database, database:
                database.execute(_SCHEMA)
                database.execute(
                    "INSERT OR REPLACE INTO uploads VALUES (?, ?, ?, ?)",
                    (upload.name, upload.sha256, facts.st_size, facts.st_mtime_ns),
                )

    def present(self) -> dict[str, UploadedFile]:
        """Return the uploads that are unchanged in the folder, by name. Raises StoreError."""
        if not self._path.exists():
            return {}
        with _storing(), contextlib.closing(sqlite3.connect(self._path, timeout=10)) as database:
            database.execute(_SCHEMA)
            rows = database.execute("SELECT name, sha256, size, mtime_ns FROM uploads").fetchall()
        records = [FileRecord(path=name, sha256=sha256, size=size, mtime_ns=time) for name, sha256, size, time in rows]
        return {
            record.path: UploadedFile(record.path, record.sha256)
            for record in records
            if not (self._corpus / record.path).is_symlink() and not has_changed(self._corpus, record)
        }

    def remove(self, uploaded: UploadedFile) -> Path:
        """Move a file to `index/removed/<time>-<name>` and return that path.

        Raises CorpusError if it has changed since it was uploaded or cannot be moved, and StoreError.
        """
        with _moving:  # two visitors may remove the same file at once
            try:
                place = self._corpus.resolve(strict=True) / uploaded.name
                if not self._is_unchanged(uploaded, place):
                    raise CorpusError(
                        f"{uploaded.name} has changed since it was uploaded: delete it from the folder yourself."
                    )
                self._removed.mkdir(parents=True, exist_ok=True)
                target = self._target(uploaded.name)
                _move(place, target)
            except OSError as error:
                raise CorpusError(
                    f"{uploaded.name} cannot be moved ({error.strerror}): delete it from the folder yourself."
                ) from error
            return target

    def _is_unchanged(self, uploaded: UploadedFile, place: Path) -> bool:
        """Compare the bytes: the folder may have changed between the page and this click."""
        is_there = self.present().get(uploaded.name) == uploaded and Path(uploaded.name).name == uploaded.name
        return is_there and _sha256(place) == uploaded.sha256

    def _target(self, name: str) -> Path:
        stamp = f"{datetime.now().astimezone():%Y%m%d-%H%M%S}"
        number, target = 1, self._removed / f"{stamp}-{name}"
        while os.path.lexists(target):
            number += 1
            target = self._removed / f"{stamp}-{number}-{name}"
        return target


def _move(place: Path, target: Path) -> None:
    """Rename; to another file system, copy, and unlink only once the copy would survive a power cut."""
    try:
        place.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        copy = target.with_name(f".{target.name}")
        try:
            shutil.copy2(place, copy)
            if _sha256(copy) != _sha256(place):
                raise OSError(errno.EBUSY, "it is being written") from None
            sync(copy)
            copy.rename(target)
        finally:
            copy.unlink(missing_ok=True)
        sync(target.parent)
        sync(target.parent.parent)
        place.unlink()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextlib.contextmanager
def _storing() -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"The list of uploads cannot be used ({error}): free some disk space.") from error
