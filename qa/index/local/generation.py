"""One generation on disk, opened: its passages, both searches, and the check that it is whole.

It only reads. It knows nothing about how generations are built or which of them answers.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...corpus.records import DocumentFacts, FileRecord, Part, parts_of
from ...errors import StoreError
from ...models.protocols import Vectors
from ...text.document import Document, title_from_path
from ...text.passage import Passage
from ...text.query_term import QueryTerm
from ...text.spelling import nearest
from ...text.stored import loaded, typed
from ...text.terms import plain_words, possible_acronyms
from ..manifest import REBUILD, file_sha256, files_sha256, read_manifest, record_from_json
from ..protocols import Candidates, Embedding, Query
from ..rows import UNSOUND, checked, document_of_row, has_stray_sentence, is_literal
from .dense import ROWS, DenseIndex, Stored
from .lexical import LexicalIndex

_BLOCK = 10_000  # rows that are looked at together
_READ = 1_000  # passages that are read together
PASSAGES, LEXICAL, WORDED = "passages.sqlite", "lexical", "lexical.ids"

PASSAGE_COLUMNS = """p.id, d.path, p.ordinal, p.start, p."end", p.text,
    d.title, p.section, p.page, p.sentences, d.language, p.key, p.checksum
    FROM passages p JOIN documents d ON d.id = p.document"""


class Generation:
    """One published build, read-only: a PassageIndex. Safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        """Opens it once every file is seen to be the one that was published, by its size and the time of its change.

        A file that says another time (it may have been copied) is read and compared with its checksum. The others
        are not read, so that opening takes no longer for many articles; what is read of them later is checked then,
        and `verify` checks all. Raises StoreError where anything is off.
        """
        self.folder = folder
        self.manifest = read_manifest(folder)
        for name, file in self.manifest.files.items():
            try:
                facts = (folder / name).stat()
            except OSError:
                facts = None
            if facts is None or facts.st_size != file.size:
                raise StoreError(f"{name} of generation {folder.name} is missing or cut short: {REBUILD}.")
            if facts.st_mtime_ns != file.mtime_ns and file_sha256(folder / name) != file.sha256:
                raise StoreError(f"{name} of generation {folder.name} is not what was published: {REBUILD}.")
        self._dense = DenseIndex(folder, int(self.manifest.encoder.get("dimension", 0)))
        self._lexical = LexicalIndex(folder / LEXICAL, self.manifest.languages)
        self._worded = _worded(folder) if WORDED in self.manifest.files else None
        if {self._dense.count(), self._lexical.count()} != {self.manifest.passages}:
            raise StoreError(f"The files of generation {folder.name} do not belong together: {REBUILD}.")
        try:
            self._sqlite = sqlite3.connect(self.passages_uri, uri=True, check_same_thread=False)
        except sqlite3.Error as error:
            raise self._damaged(PASSAGES) from error
        self._reading = threading.Lock()

    @property
    def id(self) -> str:
        return self.manifest.id

    @property
    def passages_uri(self) -> str:
        """The name by which SQLite opens the passages to read them."""
        return f"{(self.folder / PASSAGES).resolve().as_uri()}?mode=ro&immutable=1"

    @cached_property
    def records(self) -> Mapping[str, FileRecord]:
        """What is known of each file, by its path below the corpus folder, in order."""
        rows = self._rows("SELECT path, facts FROM files ORDER BY path")
        with self._sound():
            return {typed(path, str): record_from_json(facts) for path, facts in rows}

    def parts(self) -> dict[str, Part]:
        """Which documents and passages each file gave, by its path."""
        return self._parts

    @cached_property
    def _parts(self) -> dict[str, Part]:
        return parts_of(self.records)

    def close(self) -> None:
        self._sqlite.close()
        for name in ("_dense", "_lexical"):  # Windows renames no folder with a file that is mapped
            self.__dict__.pop(name, None)

    def __del__(self) -> None:
        # A reader may still hold a generation that was replaced: it closes when the last one lets go.
        if hasattr(self, "_sqlite"):
            self._sqlite.close()

    def count(self) -> int:
        return self._dense.count()

    def search(self, embedding: Embedding, query: Query, k: int) -> Candidates:
        acronyms = self._acronyms(query.text)
        worded, bm25 = self._lexical.search(query.text, k, acronyms)
        allowed = self._allowed(query)
        dense = embedding()
        near, _ = self._dense.search(dense, k)
        if allowed is not None:
            # Beside the pool of all, by which scores are scaled: what is allowed may stand anywhere.
            near = np.concatenate([near, self._dense.search_allowed(dense, k, allowed)[0]])
            others, scores = self._lexical.search(query.text, k, acronyms, query.phrases, query.excluded)
            worded, bm25 = np.concatenate([worded, others]), np.concatenate([bm25, scores])
        worded = self._passages(worded)
        ids = np.union1d(near, worded).astype(np.int64)
        scores = np.zeros(len(ids), dtype=np.float32)
        scores[np.searchsorted(ids, worded)] = bm25
        # Exact for all, those that only BM25 found included: a missing cosine is not a low one.
        return Candidates(ids, self._dense.scores(dense, ids), scores, None if allowed is None else allowed[ids])

    def holds(self, phrase: str) -> bool:
        return bool(len(self._passages(self._lexical.holding(phrase))))

    def nearest_word(self, word: str) -> str | None:
        """The word of the articles that one was meant to be that they do not hold in any form; None where none is."""
        if self._lexical.is_known(word):
            return None
        return nearest("".join(plain_words(word)), self._lexical.frequencies, self._lexical.beginning)

    def _passages(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """The ids of the passages with these numbers of the word index."""
        most = self.count() if self._worded is None else len(self._worded)
        if len(numbers) and not 0 <= numbers.min() <= numbers.max() < most:
            raise self._damaged(f"{LEXICAL}/")
        if self._worded is None:
            return numbers
        found = self._worded[numbers]
        if len(found) and not 0 <= found.min() <= found.max() < self.count():
            raise self._damaged(WORDED)
        return found

    def _allowed(self, query: Query) -> NDArray[np.bool_] | None:
        """Of each passage whether it holds the phrases of a query and nothing that it excludes; None without either."""
        if not query.phrases and not query.excluded:
            return None
        allowed = np.ones(self.count(), dtype=np.bool_)
        for phrase in query.phrases:
            holding = np.zeros(self.count(), dtype=np.bool_)
            holding[self._passages(self._lexical.holding(phrase))] = True
            allowed &= holding
        for words in query.excluded:
            allowed[self._passages(self._lexical.holding(words))] = False
        return allowed

    def _acronyms(self, text: str) -> list[tuple[str, str]]:
        """The acronyms of the articles that a question uses or spells out: short and long forms in plain words."""
        shorts, longs = possible_acronyms(text)
        found = {
            (str(short), str(long))
            for column, keys in (("short", shorts), ("long", longs))
            for short, long in self._rows(
                f"SELECT DISTINCT short, long FROM acronyms WHERE {column} IN ({','.join('?' * len(keys))})",
                sorted(keys),
            )
        }
        return sorted(found)

    def worded(self) -> NDArray[np.int64]:
        """The passage of each number that the word index uses; -1 where it was removed.

        They are the same where that index was written at once; where it was extended, the numbers stayed.
        """
        return np.arange(self.count(), dtype=np.int64) if self._worded is None else self._worded

    def query_terms(self, text: str) -> tuple[QueryTerm, ...]:
        return self._lexical.query_terms(text, self._acronyms(text))

    def passages(self, ids: Sequence[int]) -> list[Passage]:
        wanted = f"SELECT {PASSAGE_COLUMNS} WHERE p.id IN ({','.join('?' * len(ids))})"
        rows = self._rows(wanted, ids)
        with self._sound():
            found = {row[0]: checked(row) for row in rows}  # what is cited is checked each time
            return [found[number] for number in ids]

    def passages_of(self, path: str) -> list[tuple[int, Passage]]:
        """The ids and passages of one document, in its order."""
        rows = self._rows(f"SELECT {PASSAGE_COLUMNS} WHERE d.path = ? ORDER BY p.ordinal", (path,))
        with self._sound():
            return [(row[0], checked(row)) for row in rows]

    def documents(self, file: str | None = None) -> Iterator[str]:
        """The paths of the documents, in order: of one file, or of all."""
        last, limit = -1, 1000
        wanted = "" if file is None else "file = ? AND "
        while True:
            sql = f"SELECT id, path FROM documents WHERE {wanted}id > ? ORDER BY id LIMIT {limit}"
            rows = self._rows(sql, (last,) if file is None else (file, last))
            yield from (path for _, path in rows)
            if len(rows) < limit:
                return
            last = rows[-1][0]

    def document(self, path: str) -> Document | None:
        """A document with its text and sections (without blocks), or None where it is not in this generation."""
        rows = self._rows(
            "SELECT id, path, title, text, metadata, pages, language FROM documents WHERE path = ?", (path,)
        )
        if not rows:
            return None
        number, *row = rows[0]
        sections = self._rows(
            'SELECT path, level, start, "end" FROM sections WHERE document = ? ORDER BY ordinal', (number,)
        )
        with self._sound():
            return document_of_row(row, sections)

    def facts(self, paths: Sequence[str]) -> dict[str, DocumentFacts]:
        """What is known of these documents, without their texts."""
        wanted = f"""SELECT d.path, f.facts, d.title, d.metadata FROM documents d JOIN files f ON f.path = d.file
            WHERE d.path IN ({",".join("?" * len(paths))})"""
        rows = self._rows(wanted, paths)
        with self._sound():
            return {
                path: DocumentFacts(
                    record_from_json(facts), typed(title, str) or title_from_path(path), loaded(metadata, dict)
                )
                for path, facts, title, metadata in rows
            }

    def keys(self) -> list[bytes]:
        """The key of every passage, by id."""
        return [row[0] for row in self._rows("SELECT key FROM passages ORDER BY id")]

    def vectors(self, ids: Sequence[int]) -> Vectors:
        """The embeddings of these passages."""
        return self._dense.rows(ids)

    def stored_vectors(self, ids: range) -> Stored:
        """The embeddings of these passages as they are on disk."""
        return self._dense.stored(ids)

    def verify(self) -> list[str]:
        """Everything that is off, one sentence each: checksums, counts, spans, embeddings. Empty when whole."""
        return self.altered() or self.verify_contents()

    def altered(self) -> list[str]:
        """The files whose bytes are not those that the manifest names, a sentence for each."""
        files = self.manifest.files
        found = files_sha256([self.folder / name for name in files])
        pairs = zip(files, found, strict=True)
        return [f"{name} is not what was published" for name, sha256 in pairs if sha256 != files[name].sha256]

    def verify_contents(
        self, parts: Sequence[Part] | None = None, step: Callable[[], None] = lambda: None
    ) -> list[str]:
        """As `verify`, without the checksums; of documents, passages and embeddings only `parts`, if they are given.

        `step` is called before each document.
        """
        whole = Part(range(self.manifest.documents), range(self.manifest.passages))
        try:
            return list(self._problems([whole] if parts is None else parts, step))
        except (*UNSOUND, StoreError) as error:
            return [f"{PASSAGES} cannot be read ({error})"]

    def _problems(self, parts: Sequence[Part], step: Callable[[], None]) -> Iterator[str]:
        (state,) = self._rows("PRAGMA quick_check")[0]
        if state != "ok":
            yield f"{PASSAGES} is damaged ({state})"
        for table in ("documents", "passages"):
            count, least, most = self._rows(f"SELECT count(*), min(id), max(id) FROM {table}")[0]
            expected = getattr(self.manifest, table)
            if count != expected:
                yield f"{count} {table} where the manifest says {expected}"
            elif count and (least, most) != (0, count - 1):
                yield f"{table} are not numbered from 0 to {count - 1}"
        per_file = "SELECT d.file, count(*) FROM passages p JOIN documents d ON d.id = p.document GROUP BY d.file"
        counted = dict(self._rows(per_file))
        for record in self.records.values():
            if counted.get(record.path, 0) != record.passages:
                yield f"{record.path} has {counted.get(record.path, 0)} passages, not {record.passages}"
        for part in parts:
            expected = part.passages.start
            for document in part.documents:
                step()
                path, text = self._rows("SELECT path, text FROM documents WHERE id = ?", (document,))[0]
                for row in self._passage_rows(document):
                    passage = checked(row)
                    if row[0] != expected or not is_literal(passage, typed(text, str)):
                        yield f"passage {row[0]} of {path} is not a literal part of its document"
                    if has_stray_sentence(passage):
                        yield f"passage {row[0]} of {path} has a sentence outside itself"
                    expected = row[0] + 1
            for start in range(part.passages.start, part.passages.stop, _BLOCK):
                step()
                lengths = np.linalg.norm(self.vectors(range(start, min(start + _BLOCK, part.passages.stop))), axis=1)
                if not np.all(np.abs(lengths - 1) < 1e-3):
                    yield f"{ROWS} holds rows that are not of unit length"
                    return

    def _passage_rows(self, document: int) -> Iterator[Any]:
        """The rows of one document's passages, in order; not all at once, since it may be very long."""
        wanted = f"SELECT {PASSAGE_COLUMNS} WHERE p.document = ? AND p.id > ? ORDER BY p.id LIMIT {_READ}"
        last = -1
        while rows := self._rows(wanted, (document, last)):
            yield from rows
            if len(rows) < _READ:
                return
            last = rows[-1][0]

    @contextlib.contextmanager
    def _sound(self) -> Iterator[None]:
        """Turns what rows that are not as they were written lead to into a StoreError."""
        try:
            yield
        except UNSOUND as error:
            raise self._damaged(PASSAGES) from error

    def _damaged(self, name: str) -> StoreError:
        return StoreError(f"{name} of generation {self.folder.name} is damaged: {REBUILD}.")

    def _rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        try:
            with self._reading:
                return self._sqlite.execute(sql, tuple(parameters)).fetchall()
        except sqlite3.ProgrammingError:
            raise  # a mistake of the program, whatever the file holds
        except sqlite3.DatabaseError as error:
            raise self._damaged(PASSAGES) from error


def _worded(folder: Path) -> NDArray[np.int64]:
    try:
        return np.fromfile(folder / WORDED, dtype="<i4").astype(np.int64)
    except OSError as error:
        raise StoreError(f"{WORDED} of generation {folder.name} is damaged: {REBUILD}.") from error
