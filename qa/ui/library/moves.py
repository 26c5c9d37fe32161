"""Moves files of the corpus folder, each so that it can be undone: into `index/removed`, or to another name.

Nothing is deleted, and no file takes the place of another. A removed file waits for a rebuild, like one that was
deleted by hand.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sqlite3
import stat
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path, PurePosixPath

from ...corpus.folders import Corpus, Folders
from ...corpus.records import FileRecord
from ...corpus.storing import safe_name
from ...errors import CorpusError
from ...formats import supported
from ...system.files import sha256_of, sync
from ..feedback.tables import feedback_path, opened

_SCHEMA = """CREATE TABLE IF NOT EXISTS moves (
    id INTEGER PRIMARY KEY, time TEXT NOT NULL, path TEXT NOT NULL, place TEXT NOT NULL, removed INTEGER NOT NULL,
    sha256 TEXT NOT NULL, undone INTEGER NOT NULL DEFAULT 0)"""
_COLUMNS = "id, time, path, place, removed, sha256"
_moving = threading.Lock()


@dataclass(frozen=True, slots=True)
class Move:
    """A file that was at `path` below the corpus folder, at a `time` (ISO 8601, UTC).

    It is at `place`: a name in `index/removed` if it was `removed`, else a path below the corpus folder. `sha256` is
    that of its bytes.
    """

    number: int
    time: str
    path: str
    place: str
    removed: bool
    sha256: str


class Moves:
    """The moves of files of one corpus, kept in a table of `feedback.sqlite`. Safe to use from several threads."""

    def __init__(self, corpus: Corpus, index: Path) -> None:
        self._folders = Folders.of(corpus)
        self.removed_folder = index / "removed"
        self._path = feedback_path(index)

    def remove(self, file: FileRecord) -> Move:
        """Move a file to `index/removed/<time>-<name>`.

        Raises CorpusError if it is not the file that the record describes or cannot be moved, and StoreError.
        """
        with _moving, _moved(file.path):  # two visitors may remove the same file at once
            source, sha256 = self._source(file)
            self.removed_folder.mkdir(parents=True, exist_ok=True)
            target = self._free_name(source.name)
            return self._carry_out(source, target, Move(0, _now(), file.path, target.name, True, sha256))

    def rename(self, file: FileRecord, name: str, text_files: Sequence[str] = ()) -> Move:
        """Give a file another name in its folder; its ending stays, since that says how it is read.

        Raises CorpusError if that is impossible, and StoreError.
        """
        ending = PurePosixPath(file.path).suffix
        if not name or safe_name(name) != name:
            raise CorpusError(f"{name!r} cannot be the name of a file: use letters, digits, spaces, - and _.")
        if PurePosixPath(name).suffix != ending or (ending and not supported(name, text_files)):
            raise CorpusError(f"The ending of {PurePosixPath(file.path).name} says how it is read: keep {ending!r}.")
        with _moving, _moved(file.path):
            source, sha256 = self._source(file)
            place = str(PurePosixPath(file.path).with_name(name))
            return self._carry_out(source, source.with_name(name), Move(0, _now(), file.path, place, False, sha256))

    def undo(self, number: int) -> Move:
        """Move a file back to where it was. Raises CorpusError if that is impossible, and StoreError."""
        with self._opened() as database:
            row = database.execute(f"SELECT {_COLUMNS} FROM moves WHERE id = ? AND NOT undone", (number,)).fetchone()
        if row is None:
            raise CorpusError("This was undone already: reload the page.")
        move = _move_of(row)
        with _moving, _moved(move.path):
            target, root = self._place(move.path)
            source = self.removed_folder / move.place if move.removed else self._place(move.place)[0]
            if not _is_file(source) or sha256_of(source) != move.sha256:
                raise CorpusError(f"{PurePosixPath(move.place).name} is gone or has changed: move it back yourself.")
            _check_inside(target, root)
            target.parent.mkdir(parents=True, exist_ok=True)
            _move(source, target)
            with self._opened() as database:
                database.execute("UPDATE moves SET undone = 1 WHERE id = ?", (number,))
        return move

    def removed(self) -> tuple[Move, ...]:
        """Return the removals that can be undone, the latest first. Raises StoreError."""
        if not self._path.exists():
            return ()
        with self._opened() as database:
            rows = database.execute(
                f"SELECT {_COLUMNS} FROM moves WHERE removed AND NOT undone ORDER BY id DESC"
            ).fetchall()
        return tuple(move for move in map(_move_of, rows) if _is_file(self.removed_folder / move.place))

    def _place(self, path: str) -> tuple[Path, Path]:
        """Return where the file of a path is, and its folder, resolved. Raises OSError if there is no such folder."""
        folder, below = self._folders.split(path)
        root = folder.resolve(strict=True)
        return root / below, root

    def _source(self, file: FileRecord) -> tuple[Path, str]:
        """Return the file of a record and its sha256, if it is still that file. Raises CorpusError and OSError."""
        source, root = self._place(file.path)
        _check_inside(source, root)
        sha256 = sha256_of(source) if _is_file(source) else ""
        facts = source.lstat() if sha256 else None
        # Files that were never read have no hash.
        is_same = file.sha256 == sha256 or (
            not file.sha256 and facts is not None and (facts.st_size, facts.st_mtime_ns) == (file.size, file.mtime_ns)
        )
        if not sha256 or not is_same:
            raise CorpusError(f"{file.path} has changed since it was listed: reload the page, and look at it again.")
        return source, sha256

    def _carry_out(self, source: Path, target: Path, move: Move) -> Move:
        """Write the move down, then do it: a crash in between leaves a line about a file that is where it was."""
        values = (move.time, move.path, move.place, move.removed, move.sha256)
        with self._opened() as database:
            number = database.execute(
                "INSERT INTO moves (time, path, place, removed, sha256) VALUES (?, ?, ?, ?, ?)", values
            ).lastrowid
        try:
            _move(source, target)
        except OSError:
            with self._opened() as database:
                database.execute("DELETE FROM moves WHERE id = ?", (number,))
            raise
        return _move_of((number, *values))

    def _free_name(self, name: str) -> Path:
        stamp = f"{datetime.now().astimezone():%Y%m%d-%H%M%S}"
        number, target = 1, self.removed_folder / f"{stamp}-{name}"
        while os.path.lexists(target):
            number += 1
            target = self.removed_folder / f"{stamp}-{number}-{name}"
        return target

    def _opened(self) -> contextlib.AbstractContextManager[sqlite3.Connection]:
        return opened(self._path, _SCHEMA, "The list of moved files cannot be used")


def _move_of(row: Sequence[object]) -> Move:
    number, time, path, place, removed, sha256 = row
    return Move(int(str(number)), str(time), str(path), str(place), bool(removed), str(sha256))


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


@contextlib.contextmanager
def _moved(path: str) -> Iterator[None]:
    """Turn what the system refuses into a sentence about the file."""
    try:
        yield
    except FileExistsError as error:
        raise CorpusError(f"There is a file of this name already, so {path} cannot take it: choose another.") from error
    except OSError as error:
        raise CorpusError(f"{path} cannot be moved ({error.strerror}): move it in the folder yourself.") from error


def _check_inside(place: Path, root: Path) -> None:
    parent = place.parent
    while not parent.exists() and parent != root:  # a folder that is to be made again
        parent = parent.parent
    if not parent.resolve().is_relative_to(root) or ".." in place.parts or place == root:
        raise CorpusError(f"{place.name} is outside the folder of articles: move it yourself.")


def _is_file(place: Path) -> bool:
    try:
        return stat.S_ISREG(place.lstat().st_mode)
    except OSError:
        return False


def _move(place: Path, target: Path) -> None:
    """Rename, but replace nothing; to another file system, copy, and unlink once the copy would survive a power cut.

    Raises FileExistsError if the target exists.
    """
    try:
        _rename(place, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        copy = target.with_name(f".{target.name}")
        try:
            shutil.copy2(place, copy)
            if sha256_of(copy) != sha256_of(place):
                raise OSError(errno.EBUSY, "it is being written") from None
            sync(copy)
            _rename(copy, target)
        finally:
            copy.unlink(missing_ok=True)
        sync(target.parent)
        sync(target.parent.parent)
        place.unlink()


def _rename(place: Path, target: Path) -> None:
    """Rename by a second link, which fails if the target exists; where there are no links, look first."""
    try:
        os.link(place, target)
    except (FileExistsError, FileNotFoundError):
        raise
    except OSError as error:
        if error.errno == errno.EXDEV:
            raise
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from error
        place.rename(target)
        return
    try:
        place.unlink()
    except OSError:
        target.unlink()
        raise
