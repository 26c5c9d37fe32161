"""Writes one generation in a hidden folder, then verifies and publishes it."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np

from ...corpus.records import FileRecord, Part
from ...errors import Remedy, StoreError
from ...system.background import BackgroundQueue
from ...system.files import sync
from ...text.document import Document
from ...text.packed import keys_of
from ...text.passage import Passage, searched
from ..manifest import FAISS_FORMAT_VERSION, MANIFEST, Manifest, WrittenFile, files_sha256, record_json, write_manifest
from ..protocols import Rows
from ..rows import labels_of_row, path_from_json, row_checksum, row_of, spans_json
from ..vocabulary import acronyms_of
from ..workspace import new_folder, unwritable
from ..writer import Taken, Writer, Written
from . import intact, layout, lexical, taking
from .dense import VECTORS
from .dense_writer import DenseWriter
from .generation import LEXICAL, LEXICAL_IDS, PASSAGES, Generation
from .schema import COPIES, REPEATED, SCHEMA

_UNKEPT = (".lock", ".part")  # files next to a generation while it is written, not part of it
_T = TypeVar("_T")
_MOST_UNWRITTEN = 4  # blocks of rows waiting for SQLite
_MOST_ROWS = 1_000  # rows that are written together, or thousands of characters of documents
_BLOCK = 4_096  # embeddings that are copied at once

# A word index is extended if it has at least this many passages, and no more than this share of them was removed since
# it was last rewritten, because removed passages still count in the frequencies of terms.
_LEAST_EXTENDED = 10_000
_MOST_REMOVED = 0.01


class Place(Protocol):
    """The index folder that a generation is written to, and what removes older ones from it."""

    @property
    def index(self) -> Path: ...

    def prune(self, keep: int) -> None: ...


class GenerationWriter(Writer):
    """Writes one generation in a hidden folder next to the published ones.

    It gets the next number, unless `manifest` has an id.

    Only the next build reads what an interrupted build leaves in its folder (see `journal`), and removes it. The files
    of `previous` must be unaltered.
    """

    failures = (OSError, sqlite3.Error)

    def __init__(
        self,
        store: Place,
        manifest: Manifest,
        previous: Generation | None = None,
        step: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(new_folder(store.index), manifest, previous, step)
        self._store = store
        self._old = previous
        self._new: dict[str, Part] = {}  # what was inserted, by file
        self._renamed: list[range] = []  # passages whose words have changed, because the name of their file has
        self._kept: list[tuple[range, int]] = []  # passages of the last generation, and the first one's new number
        self._copies: taking.Copies = {}  # files of the last generation that are part of this one
        self._is_current = False
        self._rows: dict[str, list[tuple[Any, ...]]] = {}  # of each table, to be inserted together
        self._waiting = 0  # rows among them, and thousands of characters
        self._writing = BackgroundQueue(_MOST_UNWRITTEN, step)
        try:
            self._vectors = DenseWriter(
                self.folder, int(manifest.encoder["dimension"]), previous.dense if previous else None
            )
            self._sqlite = sqlite3.connect(self.folder / PASSAGES, uri=True, check_same_thread=False)
            # Nobody reads it before it is renamed, and `finish` syncs it: no journal is needed.
            self._sqlite.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + SCHEMA)
            if previous is not None:
                self._sqlite.execute("ATTACH ? AS old", (previous.passages_uri,))
        except (OSError, sqlite3.Error) as error:
            for name in ("_vectors", "_sqlite"):
                if hasattr(self, name):
                    getattr(self, name).close()
            shutil.rmtree(self.folder, ignore_errors=True)
            raise unwritable(store.index, error) from error

    def release(self, error: BaseException | None) -> None:
        self._writing.end()
        self._vectors.close()
        self._sqlite.close()
        if isinstance(error, (*self.failures, StoreError)) and not self._is_current and self._is_old_whole():
            shutil.rmtree(self.folder, ignore_errors=True)  # most often a full disk: give the space back

    def _is_old_whole(self) -> bool:
        """Whether nothing has changed the last generation meanwhile; otherwise the build begins again at once."""
        return self._old is None or self._old.is_as_published()

    def insert(self, record: FileRecord, documents: Sequence[Written], vectors: Rows, part: Part) -> None:
        passage = part.passages.start
        for number, (document, passages) in zip(part.documents, documents, strict=True):
            self._add_document(record.path, number, document, passages, passage)
            passage += len(passages)
        for first in range(0, len(vectors), _BLOCK):
            self.step()
            self._vectors.add(vectors[first : first + _BLOCK])
        self._new[record.path] = part

    def copy(self, run: Sequence[Taken], part: Part) -> None:
        document, passage = part.documents.start, part.passages.start
        for file, together in groupby(run, lambda taken: (taken.record.path, taken.path) if taken.is_renamed else None):
            parts = [taken.part for taken in together]
            old = Part(
                range(parts[0].documents.start, parts[-1].documents.stop),
                range(parts[0].passages.start, parts[-1].passages.stop),
            )
            self._copy_part(old, document, passage, file)
            document += len(old.documents)
            passage += len(old.passages)

    def _copy_part(self, old: Part, document: int, passage: int, renamed: tuple[str, str] | None) -> None:
        """Copy a part of the last generation to these numbers; `renamed` are the paths of a file, now and there."""
        documents, passages = old.documents, old.passages
        values = {
            "documents": document - documents.start, "first": documents.start, "last": documents.stop - 1,
            "passages": passage - passages.start, "first_passage": passages.start, "last_passage": passages.stop - 1,
            "file": renamed and renamed[0], "after": len(renamed[1]) + 1 if renamed else 0,
        }  # fmt: skip
        if documents:
            self._insert_waiting()
            self._writing.add(partial(self._copy_rows, values))
        for start in range(0, len(passages), _BLOCK):
            self.step()
            self._vectors.copy(passages[start : start + _BLOCK])
        if renamed is None:
            self._kept.append((passages, passage))
        else:
            self._renamed.append(range(passage, passage + len(passages)))

    def _copy_rows(self, values: Mapping[str, Any]) -> None:
        for statement in COPIES:
            self._sqlite.execute(statement, values)

    def _add_document(
        self, file: str, number: int, document: Document, passages: Sequence[Passage], first: int
    ) -> None:
        own = (
            number, document.path, file, document.title, document.language, document.text,
            json.dumps(dict(document.metadata)), spans_json(document.pages),
        )  # fmt: skip
        sections = [
            (number, i, s.level, json.dumps(s.path), s.span.start, s.span.end) for i, s in enumerate(document.sections)
        ]
        pairs = [(number, *pair) for pair in acronyms_of(document)]
        self._insert(len(document.text) // 1_000, documents=[own], sections=sections, acronyms=pairs)
        for i, (p, key) in enumerate(zip(passages, keys_of(passages), strict=True)):
            facts = row_of(p, i)
            self._insert(passages=[(first + i, number, *facts, key, row_checksum(*facts, document.language))])

    def _insert(self, size: int = 0, **tables: Sequence[tuple[Any, ...]]) -> None:
        """Insert rows with those of other documents; `size` is how many further rows they take the place of."""
        for table, rows in tables.items():
            self._rows.setdefault(table, []).extend(rows)
            size += len(rows)
        self._waiting += size
        if self._waiting >= _MOST_ROWS:
            self.step()
            self._insert_waiting()

    def _insert_waiting(self) -> None:
        rows, self._rows, self._waiting = self._rows, {}, 0
        self._writing.add(partial(self._insert_rows, rows), 1)

    def _insert_rows(self, tables: Mapping[str, Sequence[tuple[Any, ...]]]) -> None:
        for table, rows in tables.items():
            if rows:
                places = ", ".join("?" * len(rows[0]))
                self._sqlite.executemany(f"INSERT {REPEATED.get(table, '')} INTO {table} VALUES ({places})", rows)

    def _texts(self, passages: range) -> Iterator[tuple[str, str]]:
        """The searchable text and the language of each of these passages, by id."""
        joined = "passages p JOIN documents d ON d.id = p.document WHERE p.id >= ? AND p.id < ?"
        wanted = f"SELECT d.path, d.title, p.section, p.text, d.metadata, d.language FROM {joined} ORDER BY p.id"
        for path, title, section, text, metadata, language in self._sqlite.execute(
            wanted, (passages.start, passages.stop)
        ):
            labels = labels_of_row(path, metadata, title)
            yield searched(path, title, path_from_json(section), text, labels), language

    def _languages(self) -> tuple[str, ...]:
        """The languages of the documents."""
        rows = self._sqlite.execute("SELECT DISTINCT language FROM documents ORDER BY language")
        return tuple(language for (language,) in rows)

    def _write_words(self, languages: Sequence[str]) -> None:
        """Extend the last word index if enough of it is left and the languages are the same; else write a new one."""
        folder, old = self.folder / LEXICAL, self._old
        if old is not None and old.count() >= _LEAST_EXTENDED and old.manifest.languages == languages:
            before = old.lexical_ids()
            number_of = np.empty(old.count(), dtype=np.int64)
            number_of[before[before >= 0]] = np.flatnonzero(before >= 0)
            after = np.full(len(before), -1, dtype=np.int64)
            for kept, start in self._kept:
                after[number_of[kept.start : kept.stop]] = np.arange(start, start + len(kept))
            if (after < 0).sum() <= _MOST_REMOVED * old.count():
                ranges = [*(part.passages for part in self._new.values()), *self._renamed]
                new = [number for passages in ranges for number in passages]
                texts = (text for passages in ranges for text in self._texts(passages))
                numbered = zip(range(len(after), len(after) + len(new)), texts, strict=True)
                removed = np.flatnonzero((after < 0) & (before >= 0)).tolist()
                self._copies = old.copy_words(folder)
                lexical.extend_index(folder, removed, _stepping(numbered, self.step))
                np.concatenate([after, np.array(new, dtype=np.int64)]).astype("<i4").tofile(self.folder / LEXICAL_IDS)
                return
        everything = self._texts(self.everything.passages)
        lexical.write_index(folder, _stepping(everything, self.step))

    def finish(self, keep: int) -> str:
        """Write both indexes, verify everything, and make it current by one rename."""
        files = [(record.path, record_json(record)) for record in self.records]
        self._insert_waiting()
        self._writing.add(partial(self._insert_rows, {"files": files}))
        try:
            self.step()
            self._vectors.finish()
            self._writing.finish()
            self._sqlite.commit()
            languages = self._languages()
            self._write_words(languages)
        except (RuntimeError, ValueError) as error:  # raised by faiss and tantivy if they cannot write
            raise OSError(str(error)) from error
        self._sqlite.close()
        if self._old is not None and not self._is_old_whole():  # SQLite takes what is missing at the end for zeros
            raise StoreError(f"Generation {self._old.folder.name} was changed while it was read", Remedy.FULL_BUILD)
        mode = (self.folder / PASSAGES).stat().st_mode
        for path in (self.folder / LEXICAL).iterdir():
            path.chmod(mode)  # tantivy lets nobody else read some of its files, whatever the umask
        self.step()
        index = self._store.index
        number = 1 + max((int(path.name) for path in layout.published_folders(index)), default=0)
        manifest = self.completed(self.manifest.id or f"{number:06d}", languages, _written(self.folder, self._copies))
        manifest = replace(manifest, format_version=FAISS_FORMAT_VERSION)
        write_manifest(self.folder / MANIFEST, manifest, (facts for _, facts in files))
        intact.remember(self.folder / VECTORS, manifest.files[VECTORS].sha256)
        with ThreadPoolExecutor(1) as executor:
            synced = executor.submit(_sync_files, self.folder)
            problem = _problem(self.folder, self._new, self.step)
            synced.result()
        if problem:
            raise StoreError(
                f"The new index failed its check ({problem}); the last one still answers",
                Remedy.FULL_BUILD,
                "free some space and {}",
            )
        for path in self.folder.glob("*.part"):
            path.unlink()  # a finished build needs nothing to resume from
        for path in (self.folder / LEXICAL, self.folder):
            sync(path)
        current = index / ".CURRENT.new"
        current.write_text(f"{manifest.id}\n", "ascii")
        sync(current)
        self.folder = self.folder.rename(self.folder.with_name(manifest.id))
        sync(self.folder.parent)
        current.replace(index / "CURRENT")
        self._is_current = True
        sync(index)
        self._store.prune(keep)
        return manifest.id


def _stepping(items: Iterable[_T], step: Callable[[], None]) -> Iterator[_T]:
    """Yield the items, with a call of `step` before every hundredth."""
    for number, item in enumerate(items):
        if number % 100 == 0:
            step()
        yield item


def _written(folder: Path, copies: taking.Copies) -> dict[str, WrittenFile]:
    """The files of a generation by name, without locks and without what an unfinished build would be resumed from."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.endswith(_UNKEPT)]
    known = {path: copy.sha256 for path, copy in copies.items() if path in paths and copy.is_current(path)}
    new = [path for path in paths if path not in known]
    known |= zip(new, files_sha256(new), strict=True)
    files = {}
    for path in paths:
        stat = path.stat()
        files[path.relative_to(folder).as_posix()] = WrittenFile(stat.st_size, stat.st_mtime_ns, known[path])
    return files


def _problem(folder: Path, new: Mapping[str, Part], step: Callable[[], None]) -> str:
    """The first problem of a new generation, or an empty string; what was taken over was checked before."""
    try:
        written = Generation(folder)
    except StoreError as error:
        return error.problem
    problems = written.verify_contents(new, step)
    written.close()
    return problems[0] if problems else ""


def _sync_files(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            sync(path)
