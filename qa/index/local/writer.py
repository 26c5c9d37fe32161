"""Writes one generation in a hidden folder, then verifies and publishes it."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import numpy as np

from ...corpus.records import FileRecord, Part
from ...errors import Remedy, StoreError
from ...system.background import Background
from ...system.files import sync
from ...text import acronyms
from ...text.document import Document
from ...text.passage import Passage, encoded
from ...text.terms import plain_words
from ..manifest import MANIFEST, Manifest, WrittenFile, files_sha256, record_json, write_manifest
from ..protocols import Rows
from ..rows import row_checksum, row_of, spans_json
from ..workspace import new_folder, unwritable
from . import dense, layout, lexical
from .generation import LEXICAL, PASSAGES, WORDED, Generation
from .schema import COPIES, REPEATED, SCHEMA

_UNKEPT = (".lock", ".part")  # beside a generation while it is written; no part of it
_T = TypeVar("_T")
_MOST_UNWRITTEN = 16  # documents, or parts of long ones, that wait for SQLite
_MOST_ROWS = 1_000  # passages that are written together
_BLOCK = 4_096  # embeddings that are copied at once
_RUN = 1_000  # documents that are copied at once: a build must soon stop when it is asked to


# A word index is extended where it holds so many passages, and no more than this share of them was removed since it was
# written at once: they still count in how frequent terms are.
_LEAST_EXTENDED = 10_000
_MOST_REMOVED = 0.01


class GenerationWriter:
    """Writes one generation in a hidden folder beside the published ones; `publish` makes it the current one.

    Use it in a `with` block. What an interrupted build leaves in its folder is not read by anyone but the
    next build (see `journal`), which removes it. Documents must come sorted by path. `previous` is the generation that
    files may be taken over from; its files must be those that were published. `step` is called often until it is
    published; what it raises leaves the last generation as it was.
    """

    def __init__(
        self,
        index: Path,
        manifest: Manifest,
        previous: Generation | None = None,
        step: Callable[[], None] = lambda: None,
    ) -> None:
        self._generations = index / "generations"
        self._index = index
        self._manifest = manifest
        self._previous = previous
        self._step = step
        self._records: list[FileRecord] = []
        self._passages = 0
        self._documents = 0
        self._new: dict[str, Part] = {}  # what was added, by file
        self._kept: list[tuple[range, int]] = []  # passages of the last generation, and the first one's new number
        self._run = Part(range(0), range(0))  # taken over next, in one go
        self._is_current = False
        self._writing = Background(_MOST_UNWRITTEN, step)
        self.folder = new_folder(index)
        try:
            self._vectors = dense.DenseWriter(self.folder, int(manifest.encoder["dimension"]))
            self._sqlite = sqlite3.connect(self.folder / PASSAGES, uri=True, check_same_thread=False)
            # Nobody reads it before it is renamed, and `publish` syncs it: no journal is needed.
            self._sqlite.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + SCHEMA)
            if previous is not None:
                self._sqlite.execute("ATTACH ? AS old", (previous.passages_uri,))
        except (OSError, sqlite3.Error) as error:
            for name in ("_vectors", "_sqlite"):
                if hasattr(self, name):
                    getattr(self, name).close()
            shutil.rmtree(self.folder, ignore_errors=True)
            raise unwritable(index, error) from error

    def __enter__(self) -> GenerationWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writing.end()
        self._vectors.close()
        self._sqlite.close()
        if isinstance(error, (OSError, sqlite3.Error, StoreError)) and not self._is_current:
            shutil.rmtree(self.folder, ignore_errors=True)  # most often a full disk: give the space back
        if isinstance(error, (OSError, sqlite3.Error)):
            raise StoreError(
                f"The index could not be written ({error}); the last one still answers: "
                "free some space and build again."
            ) from error

    def add(self, record: FileRecord, documents: Sequence[tuple[Document, Sequence[Passage]]], vectors: Rows) -> None:
        """Add one file with its documents, and their passages with an embedding each: none where it is not indexed."""
        self._copy_run()
        start = self._documents, self._passages
        for document, passages in documents:
            self._add_document(record.path, document, passages)
        for first in range(0, len(vectors), _BLOCK):
            self._step()
            self._vectors.add(vectors[first : first + _BLOCK])
        part = Part(range(start[0], self._documents), range(start[1], self._passages))
        self._new[record.path] = part
        self._add_record(record, part)

    def take_over(self, record: FileRecord, part: Part, path: str) -> None:
        """Add one file as the last generation holds it: at `part`, under `path`."""
        run = self._run
        follows = run.documents.stop == part.documents.start and run.passages.stop == part.passages.start
        if path != record.path or not follows or len(run.documents) >= _RUN:
            self._copy_run()
            run = Part(part.documents[:0], part.passages[:0])
        self._run = Part(range(run.documents.start, part.documents.stop), range(run.passages.start, part.passages.stop))
        if path != record.path:
            self._copy_run(record.path, len(path) + 1)
        self._add_record(record, part)

    def _add_record(self, record: FileRecord, part: Part) -> None:
        self._records.append(replace(record, documents=len(part.documents), passages=len(part.passages)))

    def _copy_run(self, file: str | None = None, after: int = 0) -> None:
        """Write what was taken over and not yet copied, after all that is there.

        Where `file` is given, it stands in the paths for what is before their character number `after` (from 1).
        """
        documents, passages = self._run.documents, self._run.passages
        values = {
            "documents": self._documents - documents.start, "first": documents.start, "last": documents.stop - 1,
            "passages": self._passages - passages.start,
            "first_passage": passages.start, "last_passage": passages.stop - 1,
            "file": file, "after": after,
        }  # fmt: skip
        if documents:
            self._writing.add(partial(self._copy, values))
        if passages and self._previous is not None:
            for start in range(0, len(passages), _BLOCK):
                self._step()
                self._vectors.add(self._previous.stored_vectors(passages[start : start + _BLOCK]))
        self._kept.append((passages, self._passages))
        self._documents += len(documents)
        self._passages += len(passages)
        self._run = Part(documents[len(documents) :], passages[len(passages) :])

    def _copy(self, values: Mapping[str, Any]) -> None:
        for statement in COPIES:
            self._sqlite.execute(statement, values)

    def _add_document(self, file: str, document: Document, passages: Sequence[Passage]) -> None:
        number = self._documents
        self._documents += 1
        own = (
            number, document.path, file, document.title, document.language, document.text,
            json.dumps(dict(document.metadata)), spans_json(document.pages),
        )  # fmt: skip
        sections = [
            (number, i, s.level, json.dumps(s.path), s.span.start, s.span.end) for i, s in enumerate(document.sections)
        ]
        pairs = [(number, *(" ".join(plain_words(form)) for form in pair)) for pair in acronyms.find(document.text)]
        self._writing.add(partial(self._insert, documents=[own], sections=sections, acronyms=pairs), 1)
        rows: list[tuple[Any, ...]] = []
        for i, p in enumerate(passages):
            facts = row_of(p, i)
            rows.append((self._passages + i, number, *facts, p.key, row_checksum(*facts, document.language)))
            if len(rows) == _MOST_ROWS:
                self._step()
                self._writing.add(partial(self._insert, passages=rows), 1)
                rows = []
        self._passages += len(passages)
        self._writing.add(partial(self._insert, passages=rows))

    def _insert(self, **tables: Sequence[tuple[Any, ...]]) -> None:
        for table, rows in tables.items():
            if rows:
                places = ", ".join("?" * len(rows[0]))
                self._sqlite.executemany(f"INSERT {REPEATED.get(table, '')} INTO {table} VALUES ({places})", rows)

    @property
    def records(self) -> tuple[FileRecord, ...]:
        """What was added, in order."""
        return tuple(self._records)

    def _texts(self, part: Part) -> Iterator[tuple[str, str]]:
        """What is searched for words in these passages, by id, and its language."""
        joined = "passages p JOIN documents d ON d.id = p.document WHERE p.id >= ? AND p.id < ?"
        wanted = f"SELECT d.title, p.section, p.text, d.language FROM {joined} ORDER BY p.id"
        passages = part.passages
        for title, section, text, language in self._sqlite.execute(wanted, (passages.start, passages.stop)):
            yield encoded(title, json.loads(section), text), language

    def _languages(self) -> tuple[str, ...]:
        """Those of the documents."""
        found = self._sqlite.execute("SELECT DISTINCT language FROM documents ORDER BY language")
        return tuple(language for (language,) in found)

    def _write_words(self, languages: Sequence[str]) -> None:
        """Extend the last generation's word index where that is enough and holds the same languages, or write it."""
        folder, old = self.folder / LEXICAL, self._previous
        if old is not None and old.count() >= _LEAST_EXTENDED and old.manifest.languages == languages:
            before = old.worded()
            number_of = np.empty(old.count(), dtype=np.int64)
            number_of[before[before >= 0]] = np.flatnonzero(before >= 0)
            after = np.full(len(before), -1, dtype=np.int64)
            for kept, start in self._kept:
                after[number_of[kept.start : kept.stop]] = np.arange(start, start + len(kept))
            if (after < 0).sum() <= _MOST_REMOVED * old.count():
                new = [number for part in self._new.values() for number in part.passages]
                texts = (text for part in self._new.values() for text in self._texts(part))
                numbered = zip(range(len(after), len(after) + len(new)), texts, strict=True)
                removed = np.flatnonzero((after < 0) & (before >= 0)).tolist()
                lexical.extend_index(folder, old.folder / LEXICAL, removed, _stepping(numbered, self._step))
                np.concatenate([after, np.array(new, dtype=np.int64)]).astype("<i4").tofile(self.folder / WORDED)
                return
        everything = self._texts(Part(range(self._documents), range(self._passages)))
        lexical.write_index(folder, _stepping(everything, self._step))

    def publish(self, keep: int) -> str:
        """Write both indexes, verify all, make it current by one rename; returns the generation's id.

        Raises StoreError where the check fails.
        """
        self._copy_run()
        files = [(record.path, record_json(record)) for record in self._records]
        self._writing.add(partial(self._insert, files=files))
        try:
            self._step()
            self._vectors.finish()
            self._writing.finish()
            self._sqlite.commit()
            languages = self._languages()
            self._write_words(languages)
        except (RuntimeError, ValueError) as error:  # what faiss and tantivy raise where they cannot write
            raise OSError(str(error)) from error
        self._sqlite.close()
        self._step()
        number = 1 + max((int(path.name) for path in layout.published_folders(self._index)), default=0)
        manifest = replace(
            self._manifest,
            id=f"{number:06d}",
            documents=self._documents,
            passages=self._passages,
            languages=languages,
            files=_written(self.folder),
        )
        write_manifest(self.folder / MANIFEST, manifest, self._records)
        with ThreadPoolExecutor(1) as beside:
            synced = beside.submit(_sync_files, self.folder)
            problem = _problem(self.folder, self._new, self._step)
            synced.result()
        if problem:
            raise StoreError(
                f"The new index failed its check ({problem}); the last one still answers",
                Remedy.FULL_BUILD,
                "free some space and {}",
            )
        for path in self.folder.glob("*.part"):
            path.unlink()  # what an unfinished build would be resumed from is not part of a finished one
        for path in (self.folder / LEXICAL, self.folder):
            sync(path)
        current = self._index / ".CURRENT.new"
        current.write_text(f"{manifest.id}\n", "ascii")
        sync(current)
        self.folder = self.folder.rename(self._generations / manifest.id)
        sync(self._generations)
        current.replace(self._index / "CURRENT")
        self._is_current = True
        sync(self._index)
        layout.prune(self._index, keep)
        return manifest.id


def _stepping(things: Iterable[_T], step: Callable[[], None]) -> Iterator[_T]:
    """The things, with a step before every hundredth."""
    for number, thing in enumerate(things):
        if number % 100 == 0:
            step()
        yield thing


def _written(folder: Path) -> dict[str, WrittenFile]:
    """The files of a generation, by name; neither locks nor what an unfinished build would be resumed from."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.endswith(_UNKEPT)]
    found = {}
    for path, sha256 in zip(paths, files_sha256(paths), strict=True):
        facts = path.stat()
        found[path.relative_to(folder).as_posix()] = WrittenFile(facts.st_size, facts.st_mtime_ns, sha256)
    return found


def _problem(folder: Path, new: Mapping[str, Part], step: Callable[[], None]) -> str:
    """What is off with a generation that was just written, or nothing; what was taken over was checked before."""
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
