"""Finds what is damaged in the earlier states of an index folder, and keeps what is whole.

A content of the history that is damaged is taken from a generation that still has it, if one does; otherwise the states
that it was part of are no longer kept. Generations that are kept whole, and states that were written again, are removed
if they are damaged: the history has what they contain.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import StoreError
from ...system.lacking import remedy
from ..rows import MALFORMED
from ..states import State, shown
from . import layout
from .contents import Content, content_of, is_whole
from .generation import Generation
from .history_file import NAME, content_number, forget, opened, states_in
from .past import STATES

_NEW = f"{NAME}.new"


@dataclass(frozen=True, slots=True)
class _Version:
    """A file as it was from one state to another, by their numbers, and the number of its content."""

    path: str
    first: int
    last: int
    content: int


class Mending:
    """The earlier states of one index folder, which are read again; nothing is written before `mend`."""

    def __init__(self, index: Path) -> None:
        self._index = index
        self._path = index / NAME

    def is_needed(self) -> bool:
        """Whether anything is damaged."""
        return self._is_damaged() or any(True for _ in self._damaged_folders())

    def mend(self) -> list[str]:
        """Restore or drop what is damaged; only while `writing`. Returns what became of it, one sentence each.

        Raises StoreError if the folder cannot be written.
        """
        said = []
        try:
            # First, so that nothing is restored from them.
            for folder, words in list(self._damaged_folders()):
                shutil.rmtree(folder)
                said.append(words)
            if self._is_damaged():
                said += self._mended()
        except (OSError, sqlite3.OperationalError) as error:
            raise StoreError(
                f"The earlier states are damaged and could not be mended ({error}): {remedy(error, self._index)}, "
                "and verify again."
            ) from error
        return said

    # --- the history

    def _is_damaged(self) -> bool:
        if not self._path.exists():
            return False
        try:
            with opened(self._path) as database:
                return bool(_lost(database)) or not _is_sound(database)
        except StoreError:
            return True

    def _mended(self) -> list[str]:
        new = self._path.with_name(_NEW)
        new.unlink(missing_ok=True)
        try:
            with opened(self._path) as old, opened(new, writing=True) as database:
                said = self._copied(old, database)
        except (StoreError, sqlite3.DatabaseError, *MALFORMED) as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            new.unlink(missing_ok=True)
            self._path.unlink()
            return ["The history of the index was damaged, and no earlier state is kept: the next build begins anew."]
        new.replace(self._path)
        return said or ["The history of the index was damaged: it was written again, and all states are kept."]

    def _copied(self, old: sqlite3.Connection, database: sqlite3.Connection) -> list[str]:
        """Copy what is whole into a new file, with what can be restored. Returns what was not whole."""
        said, states = [], _states_in_order(old)
        contents: dict[int, Content] = {}
        gone: dict[int, str] = {}  # the states that are no longer kept, with the file for which they are not
        lost = _lost(old)
        for version in _versions(old):
            if version.content not in lost:
                continue
            content = contents.get(version.content) or self._restored(version, states)
            if content is not None:
                contents[version.content] = content
                said.append(f"{version.path} as it was {_until(states, version)} was damaged, and was restored.")
            else:
                gone |= dict.fromkeys((n for n in states if version.first <= n <= version.last), version.path)
        for row in old.execute("SELECT * FROM states"):
            database.execute("INSERT INTO states VALUES (?, ?, ?, ?, ?)", row)
        numbers = {number: content_number(database, content) for number, content in _all(old, contents, lost)}
        for *values, number in old.execute("SELECT * FROM versions"):
            database.execute("INSERT INTO versions VALUES (?, ?, ?, ?, ?)", (*values, numbers.get(number)))
        forget(database, (f"{number:06d}" for number in gone))
        for number, path in sorted(gone.items()):
            said.append(
                f"The state of {shown(states[number].created)} is no longer kept, since {path} as it was then is "
                "damaged: ask for a later time."
            )
        return said

    def _restored(self, version: _Version, states: Mapping[int, State]) -> Content | None:
        """A content as a generation has it that was current while the file was so; None if none is left."""
        for number, state in states.items():
            if not version.first <= number <= version.last:
                continue
            for folder in (self._index, self._index / STATES / state.generation):
                with contextlib.suppress(StoreError, KeyError):
                    generation = Generation(folder / "generations" / state.generation, is_searched=False)
                    with contextlib.closing(generation):
                        if generation.manifest.created == state.created.isoformat():
                            return content_of(generation, version.path)
        return None

    # --- generations

    def _damaged_folders(self) -> Iterator[tuple[Path, str]]:
        """Each generation of an earlier state that is damaged, with what it means that it is removed."""
        current = layout.current_id(self._index)
        for folder in layout.published_folders(self._index):
            if folder.name != current and _is_altered(folder):
                words = f"Generation {int(folder.name)}, which is not the current one, was damaged, and was removed."
                yield folder, words
        for place in sorted((self._index / STATES).glob("[0-9]*")):
            if any(map(_is_altered, layout.published_folders(place))):
                words = f"The state of generation {int(place.name)} was damaged: it is written again when it is asked."
                yield place, words


def _is_altered(folder: Path) -> bool:
    try:
        with contextlib.closing(Generation(folder, is_searched=False)) as generation:
            return bool(generation.altered())
    except StoreError:
        return True


def _states_in_order(database: sqlite3.Connection) -> dict[int, State]:
    return {int(state.generation): state for state in states_in(database)}


def _versions(database: sqlite3.Connection) -> Sequence[_Version]:
    rows = database.execute("SELECT path, first, last, content FROM versions WHERE content IS NOT NULL")
    return [_Version(*row) for row in rows]


def _lost(database: sqlite3.Connection) -> set[int]:
    """The numbers of the contents that are not what was stored."""
    numbers = {version.content for version in _versions(database)}
    return {number for number in numbers if _whole(database, number) is None}


def _whole(database: sqlite3.Connection, number: int) -> Content | None:
    sql = "SELECT sha256, documents, vectors FROM contents WHERE id = ?"
    try:
        row = database.execute(sql, (number,)).fetchone()
    except sqlite3.DatabaseError:
        return None
    content = None if row is None else Content(*row)
    return content if content is not None and is_whole(content) else None


def _all(
    database: sqlite3.Connection, restored: Mapping[int, Content], lost: set[int]
) -> Iterator[tuple[int, Content]]:
    """Each content that is whole, or was restored, with its number."""
    yield from restored.items()
    for number in {version.content for version in _versions(database)} - lost:
        if (content := _whole(database, number)) is not None:
            yield number, content


def _is_sound(database: sqlite3.Connection) -> bool:
    """Whether SQLite finds the file in order."""
    return bool(database.execute("PRAGMA integrity_check(1)").fetchone() == ("ok",))


def _until(states: Mapping[int, State], version: _Version) -> str:
    ended = states[version.last].ended if version.last in states else None
    return "before" if ended is None else f"until {shown(ended)}"
