"""Remembers which files were uploaded, so that whoever may upload can move these again, and no other file."""

from __future__ import annotations

import sqlite3
from contextlib import AbstractContextManager
from pathlib import Path

from ...corpus.documents import has_changed
from ...corpus.folders import Corpus, Folders
from ...corpus.records import FileRecord
from ..feedback.tables import feedback_path, opened

_SCHEMA = """CREATE TABLE IF NOT EXISTS uploads (
    name TEXT PRIMARY KEY, sha256 TEXT NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL)"""


class Uploads:
    """The uploads to one corpus, kept in a table of `feedback.sqlite`. Safe to use from several threads."""

    def __init__(self, corpus: Corpus, index: Path) -> None:
        self._folders = Folders.of(corpus)
        self._path = feedback_path(index)

    def add(self, path: str, sha256: str) -> None:
        """Remember a file by its path in the library, with the sha256 of its bytes. Raises StoreError."""
        with self._opened() as database:
            facts = self._folders.location(path).stat()
            database.execute(
                "INSERT OR REPLACE INTO uploads VALUES (?, ?, ?, ?)", (path, sha256, facts.st_size, facts.st_mtime_ns)
            )

    def present(self) -> dict[str, str]:
        """Return the sha256 of the uploads that are unchanged in the folder, by path. Raises StoreError."""
        if not self._path.exists():
            return {}
        with self._opened() as database:
            rows = database.execute("SELECT name, sha256, size, mtime_ns FROM uploads").fetchall()
        records = [FileRecord(path=name, sha256=sha256, size=size, mtime_ns=time) for name, sha256, size, time in rows]
        return {
            record.path: record.sha256
            for record in records
            if self._is_file(record.path) and not has_changed(self._folders, record)
        }

    def _is_file(self, path: str) -> bool:
        folder = self._folders.folder_of(path)
        return folder is not None and not self._folders.location(path).is_symlink()

    def _opened(self) -> AbstractContextManager[sqlite3.Connection]:
        return opened(self._path, _SCHEMA, "The list of uploads cannot be used")
