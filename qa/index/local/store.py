"""Writing generations: build one beside the others, verify it, publish it by one rename, prune the old.

Layout and promises are DESIGN §6. It knows nothing about how texts are split or encoded.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import numpy as np

from ...corpus.records import FileRecord, Part
from ...errors import NoGenerationError, StoreError
from ...models.protocols import Vectors
from ...system.background import Background
from ...system.files import sync
from ...text import acronyms
from ...text.document import Document
from ...text.passage import Passage, encoded
from ...text.terms import plain_words
from ..manifest import MANIFEST, REBUILD, Manifest, WrittenFile, files_sha256, record_json, write_manifest
from ..rows import row_checksum, row_of, spans_json
from ..workspace import locked, new_folder, unfinished, unwritable
from . import dense, lexical
from .generation import LEXICAL, PASSAGES, WORDED, Generation

_UNKEPT = (".lock", ".part")  # beside a generation while it is written; no part of it
_T = TypeVar("_T")
_REPEATED = {"acronyms": "OR IGNORE"}  # tables whose rows may be given twice
_MOST_UNWRITTEN = 16  # documents that wait for SQLite
_BLOCK = 4_096  # embeddings that are copied at once
_RUN = 1_000  # documents that are copied at once: a build must soon stop when it is asked to

# A word index is extended where it holds so many passages, and no more than this share of them was removed since it was
# written at once: they still count in how frequent terms are.
_LEAST_EXTENDED = 10_000
_MOST_REMOVED = 0.01

# What is read of many documents at once stands before the text, which may be long: SQLite reads a row from its start.
_SCHEMA = """
CREATE TABLE files (path TEXT PRIMARY KEY, facts TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE documents (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, file TEXT NOT NULL, title TEXT NOT NULL,
    language TEXT NOT NULL, text TEXT NOT NULL, metadata TEXT NOT NULL, pages TEXT NOT NULL);
CREATE INDEX documents_of_file ON documents (file);
CREATE TABLE sections (
    document INTEGER NOT NULL REFERENCES documents(id), ordinal INTEGER NOT NULL, level INTEGER NOT NULL,
    path TEXT NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL, PRIMARY KEY (document, ordinal))
    WITHOUT ROWID;
CREATE TABLE passages (
    id INTEGER PRIMARY KEY, document INTEGER NOT NULL REFERENCES documents(id), ordinal INTEGER NOT NULL,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, text TEXT NOT NULL, section TEXT NOT NULL, page INTEGER,
    sentences TEXT NOT NULL, key BLOB NOT NULL, checksum INTEGER NOT NULL);
CREATE INDEX passages_of_document ON passages (document);
CREATE TABLE acronyms (
    document INTEGER NOT NULL REFERENCES documents(id), short TEXT NOT NULL, long TEXT NOT NULL,
    PRIMARY KEY (document, short, long)) WITHOUT ROWID;
CREATE INDEX acronyms_by_short ON acronyms (short, long);
CREATE INDEX acronyms_by_long ON acronyms (long, short);
"""
# What is taken over from the last generation (`old`): numbers are shifted, and of a renamed file the paths changed.
_COPIES = (
    """INSERT INTO documents SELECT id + :documents, coalesce(:file || substr(path, :after), path),
        coalesce(:file, file), title, language, text, metadata, pages
        FROM old.documents WHERE id BETWEEN :first AND :last""",
    """INSERT INTO sections SELECT document + :documents, ordinal, level, path, start, "end"
        FROM old.sections WHERE document BETWEEN :first AND :last""",
    """INSERT INTO passages SELECT id + :passages, document + :documents, ordinal, start, "end", text, section, page,
        sentences, key, checksum FROM old.passages WHERE id BETWEEN :first_passage AND :last_passage""",
    """INSERT INTO acronyms SELECT document + :documents, short, long
        FROM old.acronyms WHERE document BETWEEN :first AND :last""",
)


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
        self._new: list[Part] = []
        self._kept: list[tuple[range, int]] = []  # passages of the last generation, and the first one's new number
        self._run = Part(range(0), range(0))  # taken over next, in one go
        self._is_current = False
        self._writing = Background(_MOST_UNWRITTEN, step)
        self.folder = new_folder(index)
        try:
            self._vectors = dense.DenseWriter(self.folder, int(manifest.encoder["dimension"]))
            self._sqlite = sqlite3.connect(self.folder / PASSAGES, uri=True, check_same_thread=False)
            # Nobody reads it before it is renamed, and `publish` syncs it: no journal is needed.
            self._sqlite.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + _SCHEMA)
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

    def add(
        self, record: FileRecord, documents: Sequence[tuple[Document, Sequence[Passage]]], vectors: Vectors
    ) -> None:
        """Add one file with its documents, and their passages with an embedding each: none where it is not indexed."""
        self._copy_run()
        start = self._documents, self._passages
        for document, passages in documents:
            self._add_document(record.path, document, passages)
        self._vectors.add(vectors)
        part = Part(range(start[0], self._documents), range(start[1], self._passages))
        self._new.append(part)
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
        for statement in _COPIES:
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
        rows = []
        for i, p in enumerate(passages):
            facts = row_of(p, i)
            rows.append((self._passages + i, number, *facts, p.key, row_checksum(*facts, document.language)))
        self._passages += len(passages)
        write = partial(self._insert, documents=[own], sections=sections, acronyms=pairs, passages=rows)
        self._writing.add(write, 1)

    def _insert(self, **tables: Sequence[tuple[Any, ...]]) -> None:
        for table, rows in tables.items():
            if rows:
                places = ", ".join("?" * len(rows[0]))
                self._sqlite.executemany(f"INSERT {_REPEATED.get(table, '')} INTO {table} VALUES ({places})", rows)

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
                new = [number for part in self._new for number in part.passages]
                texts = (text for part in self._new for text in self._texts(part))
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
        number = 1 + max((int(path.name) for path in _published(self._index)), default=0)
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
                f"The new index failed its check ({problem}); the last one still answers: "
                f"free some space and {REBUILD}."
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
        LocalStore(self._index).prune(keep)
        return manifest.id


@dataclass(frozen=True, slots=True)
class LocalStore:
    """The generations of one index folder: a `stores.Store` on this machine's disk."""

    index: Path

    @property
    def description(self) -> None:
        """Nothing that `qa status` would have to say of it."""

    def close(self) -> None:
        """Nothing is held open between two calls."""

    def question(self) -> contextlib.AbstractContextManager[None]:
        """While one question is worked on: a disk needs no bound."""
        return contextlib.nullcontext()

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the index for one writer; raises BusyError where another process has it."""
        with locked(self.index):
            yield

    def writer(
        self, manifest: Manifest, previous: Generation | None = None, step: Callable[[], None] = lambda: None
    ) -> GenerationWriter:
        """One for the next generation, while `writing`; see there."""
        return GenerationWriter(self.index, manifest, previous, step)

    def current_id(self) -> str | None:
        """The id of the generation that answers, or None where nothing was published."""
        try:
            number = (self.index / "CURRENT").read_text("ascii").strip()
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise StoreError(f"{self.index / 'CURRENT'} cannot be read: {REBUILD}.") from error
        if not number:
            raise StoreError(f"{self.index / 'CURRENT'} is empty, which no build leaves behind: {REBUILD}.")
        return number

    def open_current(self) -> Generation:
        """The generation that answers. Raises NoGenerationError before the first build, StoreError if damaged."""
        while (number := self.current_id()) is not None:
            try:
                folder = next((path for path in _published(self.index) if path.name == number), None)
                if folder is None:
                    raise StoreError(f"CURRENT names generation {number[:20]!r}, which is not there: {REBUILD}.")
                return Generation(folder)
            except StoreError:
                if self.current_id() == number:
                    raise  # otherwise newer builds were published, and this one pruned, while it was opened
        raise NoGenerationError("No index was built yet: run `qa build`.")

    def leftovers(self) -> list[Path]:
        """Folders of builds that did not end, oldest first; call it only while `writing`."""
        folders = unfinished(self.index)
        published = _published(self.index)
        with contextlib.suppress(StoreError):
            current = [number for number, path in enumerate(published) if path.name == self.current_id()]
            # What is numbered above CURRENT was cut off between the two renames: nobody has ever read it.
            folders += published[current[0] + 1 :] if current else []
        return sorted(folders, key=lambda path: path.stat().st_mtime_ns)

    def remove_leftovers(self, keep: Path | None = None) -> None:
        """Give back the space of builds that did not end, all but `keep`; call it only while `writing`."""
        for path in self.leftovers():
            if path != keep:
                shutil.rmtree(path, ignore_errors=True)

    def prune(self, keep: int) -> None:
        """Remove all but the last `keep` generations, and what builds that did not end have left."""
        self.remove_leftovers()
        for path in _published(self.index)[: -max(1, keep)]:
            shutil.rmtree(path, ignore_errors=True)

    def withdraw(self, files: Sequence[str]) -> None:
        """Nothing: a published generation is not touched, and the next one is without them."""


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


def _problem(folder: Path, new: Sequence[Part], step: Callable[[], None]) -> str:
    """What is off with a generation that was just written, or nothing; what was taken over was checked before."""
    try:
        written = Generation(folder)
    except StoreError as error:
        return str(error).partition(":")[0]
    problems = written.verify_contents(new, step)
    written.close()
    return problems[0] if problems else ""


def _published(index: Path) -> list[Path]:
    """The folders of the published generations, oldest first."""
    folders = [path for path in (index / "generations").glob("[0-9]*") if path.is_dir()]
    return sorted((path for path in folders if path.name.isdecimal()), key=lambda path: int(path.name))


def _sync_files(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            sync(path)
