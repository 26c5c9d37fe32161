"""One generation on disk, opened: SQLite for rows, FAISS for vectors and tantivy for postings."""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...corpus.records import FileRecord, Head
from ...errors import Remedy, StoreError
from ...models.protocols import Vectors
from ...text.document import Document
from ...text.stored import parse_json, typed
from ...text.terms import Word
from ..generation import OpenGeneration
from ..manifest import check_file, files_sha256, read_manifest, record_from_json
from ..protocols import Embedding, Pool, Sought
from ..rows import document_of_row, labels_of_row
from ..verification import blocks
from ..vocabulary import Vocabulary
from . import taking
from .checking import Checking
from .dense import VECTORS, DenseIndex
from .intact import is_intact
from .lexical import LexicalIndex

_SPARE = 2  # this many times as many texts are taken as would contain the wanted ones, if these were spread evenly
PASSAGES, LEXICAL, LEXICAL_IDS = "passages.sqlite", "lexical", "lexical.ids"

_PASSAGES = """SELECT p.id, d.path, p.ordinal, p.start, p."end", p.text,
    d.title, p.section, p.page, p.sentences, d.language, p.key, p.checksum, d.metadata
    FROM passages p JOIN documents d ON d.id = p.document WHERE p.id IN"""

_MISCOUNTED = """WITH counted AS (SELECT d.file AS file, count(*) AS passages FROM passages p
        JOIN documents d ON d.id = p.document GROUP BY d.file),
    recorded AS (SELECT path, json_extract(facts, '$.passages') AS passages FROM files)
    SELECT r.path, coalesce(c.passages, 0), r.passages FROM recorded r LEFT JOIN counted c ON c.file = r.path
    WHERE coalesce(c.passages, 0) IS NOT r.passages"""


class Generation(OpenGeneration):
    """One published build in its own folder, read-only. Safe to use from several threads."""

    def __init__(self, folder: Path, words: bool = True, is_searched: bool = True) -> None:
        """Open a folder whose files have the sizes and modification times of the manifest.

        A file with another time (it may have been copied) is read and compared with its checksum, and so is the FAISS
        index unless that was done before (`intact`), since FAISS is given no file that is damaged. The others are not
        read, so that opening does not take longer for more articles: each row is checked when it is read, and
        `checked_in_background` and `verify` check everything. If it is not `is_searched`, no file is mapped and nothing
        can be searched for. Without `words` the word index, which may be damaged, is left out altogether. Raises
        StoreError if a file differs.
        """
        self.folder = folder
        self.manifest = read_manifest(folder)
        self._files = {name: file for name, file in self.manifest.files.items() if words or not _is_of_words(name)}
        for name, file in self._files.items():
            check_file(folder, name, file, is_intact if name == VECTORS else None)
        self.dense = DenseIndex(folder, int(self.manifest.encoder.get("dimension", 0)), self.manifest.passages)
        if is_searched:
            self._lexical = LexicalIndex(folder / LEXICAL)
        self._lexical_ids = _read_lexical_ids(folder) if LEXICAL_IDS in self._files else None
        if is_searched and self._lexical.count() != self.manifest.passages:
            raise StoreError(f"The files of generation {folder.name} do not belong together", Remedy.FULL_BUILD)
        try:
            self._sqlite = sqlite3.connect(self.passages_uri, uri=True, check_same_thread=False)
        except sqlite3.Error as error:
            raise self.damage() from error
        self._reading = threading.Lock()
        self._checking: Checking | None = None
        # The last text and its words, the last phrases and the passages with them: a question asks several times.
        self._last_read: tuple[str, tuple[Sequence[Word], Counter[str]]] = "", ((), Counter())
        self._last: tuple[object, NDArray[np.bool_]] = None, np.empty(0, dtype=np.bool_)

    @property
    def passages_uri(self) -> str:
        """The URI by which SQLite opens the passages read-only."""
        return f"{(self.folder / PASSAGES).resolve().as_uri()}?mode=ro&immutable=1"

    def close(self) -> None:
        self._end()
        for name in ("dense", "_lexical"):  # Windows renames no folder with a file that is mapped
            self.__dict__.pop(name, None)

    def __del__(self) -> None:
        # A reader may still use a generation that was replaced: it closes when the last one lets go.
        if hasattr(self, "_sqlite"):
            self._end()

    def _end(self) -> None:
        self._sqlite.close()
        if self._checking is not None:
            self._checking.close()

    # --- rows

    def files(self) -> Iterator[FileRecord]:
        return (record_from_json(facts) for (facts,) in self._rows("SELECT facts FROM files ORDER BY path"))

    def heads(self, wanted: Sequence[int] | Sequence[str]) -> dict[int, Head]:
        column = "d.path" if wanted and isinstance(wanted[0], str) else "d.id"
        rows = self._rows(
            f"""SELECT d.id, d.path, d.title, d.metadata, f.facts FROM documents d JOIN files f ON f.path = d.file
            WHERE {column} IN ({_places(wanted)})""",
            wanted,
        )
        with self.reading():
            files = {facts: record_from_json(facts) for facts in {row[-1] for row in rows}}  # one for many documents
            return {
                number: Head(typed(path, str), typed(title, str), parse_json(metadata, dict), files[facts])
                for number, path, title, metadata, facts in rows
            }

    def body(self, wanted: int | str) -> tuple[int, Document] | None:
        column = "path" if isinstance(wanted, str) else "id"
        rows = self._rows(
            f"SELECT id, path, title, text, metadata, pages, language FROM documents WHERE {column} = ?", (wanted,)
        )
        if not rows:
            return None
        number, *row = rows[0]
        sections = self._rows(
            'SELECT path, level, start, "end" FROM sections WHERE document = ? ORDER BY ordinal', (number,)
        )
        with self.reading():
            return typed(number, int), document_of_row(row, sections)

    def rows(self, ids: Sequence[int]) -> list[Any]:
        rows = self._rows(f"{_PASSAGES} ({_places(ids)})", ids)
        return [(*row[:-1], labels_of_row(row[1], row[-1], row[6])) for row in rows]

    def languages(self, ids: Sequence[int]) -> list[str]:
        joined = "passages p JOIN documents d ON d.id = p.document"
        rows = self._rows(f"SELECT p.id, d.language FROM {joined} WHERE p.id IN ({_places(ids)})", ids)
        language_of: dict[int, str] = dict(rows)
        return [language_of.get(number, "") for number in ids]

    def paths(self) -> dict[int, str]:
        return dict(self._rows("SELECT id, path FROM documents ORDER BY id"))

    def documents_of(self, ids: range) -> list[str]:
        paths: list[str] = []
        for some in blocks(ids):
            rows = self._rows(
                "SELECT p.id, d.path FROM passages p JOIN documents d ON d.id = p.document "
                f"WHERE p.id IN ({_places(some)})", some,
            )  # fmt: skip
            path_of: dict[int, str] = dict(rows)
            paths += [path_of[number] for number in some]
        return paths

    def keys(self) -> list[bytes]:
        return [row[0] for row in self._rows("SELECT key FROM passages ORDER BY id")]

    # --- vectors

    def vectors(self, ids: Sequence[int]) -> Vectors:
        return self.dense.rows(ids)

    # --- postings

    @property
    def vocabulary(self) -> Vocabulary:
        self._require_whole()
        return _Vocabulary(self)  # made each time: a generation that refers to itself is not closed when it is let go

    def _read(self, text: str) -> tuple[Sequence[Word], Counter[str]]:
        last, found = self._last_read
        if text != last:
            found = super()._read(text)
            self._last_read = text, found
        return found

    def candidates(self, embedding: Embedding, sought: Sought, k: int) -> Pool:
        self._require_whole()
        by_words, bm25 = self._by_words(sought, k)
        marked = sought.within
        if sought.is_literal:
            allowed = self._containing(sought.phrases, sought.excluded)
            marked = allowed if marked is None else marked & allowed
        vector = embedding()  # words are searched for while it is made
        near, _ = self.dense.search(vector, k, marked)
        ids = np.union1d(near, by_words).astype(np.int64)
        scores = np.zeros(len(ids), dtype=np.float32)
        scores[np.searchsorted(ids, by_words)] = bm25
        # Exact for all, including those that only BM25 found: a missing cosine is not a low one.
        return Pool(ids, self.dense.scores(vector, ids), scores, np.isin(ids, near))

    def _by_words(self, sought: Sought, k: int) -> tuple[NDArray[np.int64], Vectors]:
        """The passages with the best `k` BM25 scores, best first, and these scores.

        The word index knows no marks: as many of its best are taken as contain `k` marked passages.
        """
        if sought.within is None:
            numbers, scores = self._lexical.best(sought, k)
            return self._passages(numbers), scores
        limit = k
        if inside := int(sought.within.sum()):
            limit = min(self.count(), _SPARE * k * self.count() // inside)
        while True:
            numbers, scores = self._lexical.best(sought, limit)
            passages = self._passages(numbers)
            marked = sought.within[passages]
            if marked.sum() >= k or len(numbers) < limit or limit >= self.count():
                return passages[marked][:k], scores[marked][:k]
            limit = min(4 * limit, self.count())

    def lexical_ids(self) -> NDArray[np.int64]:
        """The passage id of each number in the word index; -1 if the passage was removed.

        A word index that was written at once uses passage ids; one that was extended keeps its old numbers.
        """
        return np.arange(self.count(), dtype=np.int64) if self._lexical_ids is None else self._lexical_ids

    def allows(self, sought: Sought, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        return self._containing(sought.phrases, sought.excluded)[ids]

    def contains(self, phrase: str) -> bool:
        return self._lexical.contains(phrase)

    def _containing(self, phrases: tuple[str, ...], excluded: tuple[str, ...]) -> NDArray[np.bool_]:
        """Of each passage whether it contains all phrases and nothing excluded."""
        last, allowed = self._last
        if last == (phrases, excluded):
            return allowed
        allowed = np.ones(self.count(), dtype=np.bool_)
        for phrase in phrases:
            containing = np.zeros(self.count(), dtype=np.bool_)
            containing[self._passages(self._lexical.containing(phrase))] = True
            allowed &= containing
        for words in excluded:
            allowed[self._passages(self._lexical.containing(words))] = False
        self._last = (phrases, excluded), allowed
        return allowed

    def _passages(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """The ids of the passages with these numbers of the word index."""
        most = self.count() if self._lexical_ids is None else len(self._lexical_ids)
        if len(numbers) and not 0 <= numbers.min() <= numbers.max() < most:
            raise self.damage(f"{LEXICAL}/")
        if self._lexical_ids is None:
            return numbers
        ids = self._lexical_ids[numbers]
        if len(ids) and not 0 <= ids.min() <= ids.max() < self.count():
            raise self.damage(LEXICAL_IDS)
        return ids

    # --- verification

    def checked_in_background(self) -> Generation:
        self._checking = self._checking or Checking(self.folder, self.manifest.files)
        return self

    def _require_whole(self) -> None:
        if self._checking is not None:
            self._checking.require()

    def is_as_published(self) -> bool:
        """Whether nothing shows that another program has changed its files since it was opened."""
        return taking.is_as_published(self.folder, self._files)

    def copy_words(self, folder: Path) -> taking.Copies:
        """Copy the files of the word index to a new folder. Raises StoreError if one is not what was published."""
        words = {name: file for name, file in self._files.items() if name.startswith(f"{LEXICAL}/")}
        return taking.copy(self.folder, words, folder)

    def altered(self) -> list[str]:
        """One sentence for each file whose checksum is not that of the manifest."""
        files = self._files
        checksums = files_sha256([self.folder / name for name in files])
        pairs = zip(files, checksums, strict=True)
        return [f"{name} is not what was published" for name, sha256 in pairs if sha256 != files[name].sha256]

    def faults(self) -> Iterator[str]:
        (state,) = self._rows("PRAGMA quick_check")[0]
        if state != "ok":
            yield f"{PASSAGES} is damaged ({state})"
        self.dense.count()  # raises if FAISS finds another number of rows
        for table in ("documents", "passages"):
            count, least, most = self._rows(f"SELECT count(*), min(id), max(id) FROM {table}")[0]
            expected = getattr(self.manifest, table)
            if count != expected:
                yield f"{count} {table} where the manifest says {expected}"
            elif count and (least, most) != (0, count - 1):
                yield f"{table} are not numbered from 0 to {count - 1}"
        for path, counted, expected in self._rows(_MISCOUNTED):
            yield f"{path} has {counted} passages, not {expected}"

    def damage(self, name: str = PASSAGES) -> StoreError:
        return StoreError(f"{name} of generation {self.folder.name} is damaged", Remedy.FULL_BUILD)

    def _rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        try:
            with self._reading:
                return self._sqlite.execute(sql, tuple(parameters)).fetchall()
        except sqlite3.ProgrammingError:
            raise  # a mistake of the program, whatever the file contains
        except sqlite3.DatabaseError as error:
            raise self.damage() from error


class _Vocabulary:
    """What the word index and the table of acronyms contain."""

    def __init__(self, generation: Generation) -> None:
        self._generation = generation

    def frequencies(self, field: Literal["terms", "words"], values: Iterable[str]) -> Mapping[str, int]:
        return self._generation._lexical.frequencies(field, values)

    def beginning(self, starts: Iterable[str]) -> Mapping[str, int]:
        return self._generation._lexical.beginning(starts)

    def acronyms(self, texts: Iterable[str]) -> list[tuple[str, str]]:
        wanted = sorted(texts)
        either = (f"SELECT short, long FROM acronyms WHERE {name} IN ({_places(wanted)})" for name in ("short", "long"))
        return [
            (str(short), str(long))
            for short, long in self._generation._rows(" UNION ".join(either), (*wanted, *wanted))
        ]


def _is_of_words(name: str) -> bool:
    return name == LEXICAL_IDS or name.startswith(f"{LEXICAL}/")


def _places(values: Sequence[Any]) -> str:
    return ",".join("?" * len(values))


def _read_lexical_ids(folder: Path) -> NDArray[np.int64]:
    try:
        return np.fromfile(folder / LEXICAL_IDS, dtype="<i4").astype(np.int64)
    except OSError as error:
        raise StoreError(f"{LEXICAL_IDS} of generation {folder.name} is damaged", Remedy.FULL_BUILD) from error
