"""What earlier generations contained and the current one does not, in one SQLite file beside them.

A file that is the same in both is stored nowhere but in the current generation. So a kept state costs what was changed
after it. Whatever the file lacks or loses, the current generation answers: it is written after each publication, in one
transaction, and nothing else depends on it.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ...corpus.records import FileRecord
from ...errors import StoreError
from ...system.lacking import remedy
from ...text.stored import parse_json, typed
from ..manifest import Manifest, record_from_json, record_json
from ..rows import MALFORMED
from ..states import State, outdated
from . import layout
from .contents import Content, content_of
from .generation import Generation
from .history_file import NAME, clear, content_number, forget, opened, states_in, time_of

logger = logging.getLogger(__name__)

_GENERATIONS = """SELECT o.path, o.facts, n.facts FROM old.files o LEFT JOIN new.files n ON n.path = o.path
    WHERE n.facts IS NULL OR n.facts <> o.facts OR :every
    UNION ALL SELECT n.path, NULL, n.facts FROM new.files n LEFT JOIN old.files o ON o.path = n.path
    WHERE o.path IS NULL"""


@dataclass(frozen=True, slots=True)
class Past:
    """A state as it can be written again.

    `ended` are the files that have changed since, each with what it yielded, if it did; `lasting` are the paths of
    those that the generation `newest` contains as they were.
    """

    manifest: Manifest
    newest: Generation
    ended: tuple[tuple[FileRecord, Content | None], ...]
    lasting: tuple[str, ...]


class History:
    """The history of one index folder; each call opens the file and closes it again."""

    def __init__(self, index: Path) -> None:
        self._index = index
        self._path = index / NAME

    def record(self, days: int) -> bool:
        """Store what the newest published generations no longer contain, and forget what is older than `days`.

        Only while `writing`. Returns whether it succeeded: otherwise the generations are needed to try again. With 0
        days nothing is kept.
        """
        try:
            if days <= 0:
                self._path.unlink(missing_ok=True)
            else:
                self._record(days)
        except (OSError, sqlite3.OperationalError) as error:
            logger.warning(
                "Earlier states could not be kept (%s): %s, and build again.", error, remedy(error, self._index)
            )
            return False
        except (StoreError, sqlite3.DatabaseError, *MALFORMED) as error:
            logger.warning("Earlier states are no longer kept, since their history cannot be read (%s).", error)
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)
        return True

    def states(self) -> tuple[State, ...]:
        """The states that can be asked, the oldest first, the present one last. Raises StoreError."""
        if not self._path.exists():
            return ()
        with opened(self._path) as database:
            return states_in(database)

    def past(self, state: State) -> Past | None:
        """A state as it can be written again; None if it is not kept any more. Raises StoreError."""
        if not self._path.exists():
            return None
        with opened(self._path) as database:
            number = int(state.generation)
            row = database.execute("SELECT manifest, created FROM states WHERE id = ?", (number,)).fetchone()
            if row is None or row[1] != state.created.isoformat():
                return None
            (newest,) = database.execute("SELECT max(id) FROM states").fetchone()
            rows = database.execute(
                "SELECT v.record, c.sha256, c.documents, c.vectors FROM versions v LEFT JOIN contents c "
                "ON c.id = v.content WHERE ? BETWEEN v.first AND v.last", (number,),
            ).fetchall()  # fmt: skip
            begun = dict(database.execute("SELECT path, first FROM versions WHERE last IS NULL"))
            ended = tuple((record_from_json(record), _content(*content)) for record, *content in rows)
            manifest = _manifest(row[0], state)
        generation = self._generation(f"{newest:06d}")
        lasting = tuple(path for path in generation.records if begun.get(path, 0) <= number)
        return Past(manifest, generation, ended, lasting)

    def versions(self, path: str) -> list[tuple[int, int | None, FileRecord | None, Content | None]]:
        """The versions of a file, the oldest first: its first and last state, its record and its content.

        The version of the newest state has neither record nor content, and no last state.
        """
        if not self._path.exists():
            return []
        with opened(self._path) as database:
            rows = database.execute(
                "SELECT v.first, v.last, v.record, c.sha256, c.documents, c.vectors FROM versions v LEFT JOIN contents "
                "c ON c.id = v.content WHERE v.path = ? ORDER BY v.first", (path,),
            ).fetchall()  # fmt: skip
            return [
                (first, last, record and record_from_json(record), _content(*content))
                for first, last, record, *content in rows
            ]

    def size(self) -> int:
        """The bytes of the file."""
        return self._path.stat().st_size if self._path.exists() else 0

    def forget(self) -> None:
        """Delete everything. Raises OSError."""
        self._path.unlink(missing_ok=True)

    def _generation(self, number: str) -> Generation:
        """A published generation, to be read and not searched. Raises StoreError."""
        return Generation(self._index / "generations" / number, is_searched=False)

    # --- recording

    def _record(self, days: int) -> None:
        published = [folder.name for folder in layout.published_folders(self._index)]
        current = layout.current_id(self._index)
        published = published[: published.index(current) + 1] if current in published else []
        if not self._path.exists() and len(published) < 2:
            return  # there is nothing but the present
        with opened(self._path, writing=True) as database:
            last = self._last_recorded(database, published)
            waiting = [name for name in published if last is None or int(name) > int(last)]
            if last is None and waiting:
                last = waiting.pop(0)
                with contextlib.closing(self._generation(last)) as generation:
                    _add_state(database, generation.manifest, 0)
            for name in waiting:
                self._add(database, str(last), name)
                last = name
            forget(database, outdated(states_in(database), datetime.now(timezone.utc), days))

    def _last_recorded(self, database: sqlite3.Connection, published: Sequence[str]) -> str | None:
        """The newest state, if its generation is still there to be compared with; otherwise everything is forgotten."""
        row = database.execute("SELECT id, created FROM states ORDER BY id DESC LIMIT 1").fetchone()
        if row is None:
            return None
        name = f"{row[0]:06d}"
        if name in published:
            with contextlib.closing(self._generation(name)) as generation:
                if time_of(generation.manifest.created).isoformat() == row[1]:
                    return name
        clear(database)
        return None

    def _add(self, database: sqlite3.Connection, before: str, after: str) -> None:
        """Add the state after the newest one."""
        with contextlib.closing(self._generation(before)) as old, contextlib.closing(self._generation(after)) as new:
            if old.manifest.encoder != new.manifest.encoder:
                clear(database)  # embeddings of two encoders cannot be compared with one question
                _add_state(database, new.manifest, 0)
                return
            changed = 0
            for path, former, now in list(_differing(database, old, new)):
                if former is not None and now is not None and _is_same(old, new, former, now):
                    continue
                changed += 1
                if former is not None:
                    _end(database, int(before), former, content_of(old, path))
                if now is not None:
                    database.execute("INSERT INTO versions (path, first) VALUES (?, ?)", (path, int(after)))
            database.execute(
                "UPDATE states SET ended = ? WHERE id = ?", (time_of(new.manifest.created).isoformat(), int(before))
            )
            _add_state(database, new.manifest, changed)


def _differing(
    database: sqlite3.Connection, old: Generation, new: Generation
) -> Iterator[tuple[str, FileRecord | None, FileRecord | None]]:
    """The files whose records are not the same in two generations: all of them if these were not read alike."""
    every = (old.manifest.reading, old.manifest.passage_settings) != (
        new.manifest.reading,
        new.manifest.passage_settings,
    )
    with contextlib.closing(sqlite3.connect(":memory:", uri=True)) as both:
        both.execute("ATTACH ? AS old", (old.passages_uri,))
        both.execute("ATTACH ? AS new", (new.passages_uri,))
        for path, former, now in both.execute(_GENERATIONS, {"every": every}):
            yield path, former and record_from_json(former), now and record_from_json(now)


def _is_same(old: Generation, new: Generation, former: FileRecord, now: FileRecord) -> bool:
    """Whether a file yielded the same, and only its times are others."""
    timeless = [replace(each, mtime_ns=0, ctime_ns=0, indexed="") for each in (former, now)]
    if timeless[0] != timeless[1]:
        return False
    if (old.manifest.reading, old.manifest.passage_settings) == (new.manifest.reading, new.manifest.passage_settings):
        return True
    contents = content_of(old, former.path), content_of(new, now.path)
    return (contents[0] and contents[0].sha256) == (contents[1] and contents[1].sha256)


def _end(database: sqlite3.Connection, last: int, record: FileRecord, content: Content | None) -> None:
    """Store a file as it was until the state `last`."""
    number = None
    if content is not None:
        number = content_number(database, content)
    begun = database.execute("SELECT first FROM versions WHERE path = ? AND last IS NULL", (record.path,)).fetchone()
    database.execute(
        "INSERT OR REPLACE INTO versions VALUES (?, ?, ?, ?, ?)",
        (record.path, 0 if begun is None else begun[0], last, record_json(record), number),
    )


def _add_state(database: sqlite3.Connection, manifest: Manifest, changed: int) -> None:
    head = {
        "encoder": dict(manifest.encoder),
        "passage_settings": dict(manifest.passage_settings),
        "reading": dict(manifest.reading),
        "encoder_languages": list(manifest.encoder_languages),
    }
    created = time_of(manifest.created).isoformat()
    database.execute(
        "INSERT INTO states VALUES (?, ?, NULL, ?, ?)", (int(manifest.id), created, changed, json.dumps(head))
    )


def _content(sha256: bytes | None, documents: bytes, vectors: bytes) -> Content | None:
    return None if sha256 is None else Content(sha256, documents, vectors)


def _manifest(raw: Any, state: State) -> Manifest:
    head = parse_json(raw, dict)
    return Manifest(
        id=state.generation,
        created=state.created.isoformat(),
        encoder=typed(head["encoder"], dict),
        passage_settings=typed(head["passage_settings"], dict),
        reading=typed(head["reading"], dict),
        documents=0,
        passages=0,
        files={},
        languages=(),
        encoder_languages=tuple(typed(head["encoder_languages"], list)),
    )
