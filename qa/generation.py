"""One generation on disk, opened: its manifest, its passages, both searches, and the check that it is whole.

It only reads. It knows nothing about how generations are built or which of them answers.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .errors import StoreError
from .faiss_index import DenseIndex
from .lexical import LexicalIndex
from .types import Candidates, Document, FileRecord, Passage, QueryTerm, Section, Span, Vectors, title_from_path

FORMAT_VERSION = 2
_BLOCK = 10_000  # rows that are looked at together
REBUILD = "run `qa build --full`"
PASSAGES, VECTORS, LEXICAL, MANIFEST = "passages.sqlite", "vectors.faiss", "lexical", "manifest.json"

PASSAGE_COLUMNS = """p.id, d.path, p.ordinal, p.start, p."end", p.text,
    d.title, p.section, p.page, p.sentences, d.language, p.key FROM passages p JOIN documents d ON d.id = p.document"""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation says of itself; `files` maps each of its files to (size in bytes, sha256).

    `reading` says how the corpus was read: with another program or setting it would be read anew.
    `encoder_languages` are those that its encoder was made for (ISO 639-1), empty where that is not known.

    In JSON it ends with the sha256 of the rest, so that its own damage shows too.
    """

    id: str
    created: str
    encoder: Mapping[str, Any]
    passage_settings: Mapping[str, Any]
    reading: Mapping[str, Any]
    records: tuple[FileRecord, ...]
    documents: int
    passages: int
    files: Mapping[str, tuple[int, str]]
    encoder_languages: tuple[str, ...] = ()
    format_version: int = FORMAT_VERSION

    def as_json(self) -> dict[str, Any]:
        data = {name: getattr(self, name) for name in ("format_version", "id", "created")}
        data["encoder"], data["passage_settings"] = dict(self.encoder), dict(self.passage_settings)
        data["reading"] = dict(self.reading)
        data["encoder_languages"] = list(self.encoder_languages)
        data["counts"] = {"documents": self.documents, "passages": self.passages}
        data["documents"] = [asdict(record) for record in self.records]
        data["files"] = {name: {"size": size, "sha256": sha} for name, (size, sha) in self.files.items()}
        data["sha256"] = _json_sha256(data)
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Manifest:
        """Raises StoreError for another format version, and KeyError, TypeError or ValueError if malformed."""
        if data["format_version"] != FORMAT_VERSION:
            raise StoreError(
                f"The index has format version {data['format_version']!r} and this program reads "
                f"{FORMAT_VERSION}: {REBUILD}, or use the program that built it."
            )
        if data["sha256"] != _json_sha256({name: value for name, value in data.items() if name != "sha256"}):
            raise ValueError("altered")
        return cls(
            id=str(data["id"]),
            created=str(data["created"]),
            encoder=dict(data["encoder"]),
            passage_settings=dict(data["passage_settings"]),
            reading=dict(data["reading"]),
            records=tuple(FileRecord(**record) for record in data["documents"]),
            documents=int(data["counts"]["documents"]),
            passages=int(data["counts"]["passages"]),
            encoder_languages=tuple(map(str, data["encoder_languages"])),
            files={name: (int(file["size"]), str(file["sha256"])) for name, file in data["files"].items()},
        )


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """A document's file, the title to show, and author, date, URL … as far as it has them."""

    file: FileRecord
    title: str
    metadata: Mapping[str, str]


class Generation:
    """One published build, read-only: a PassageIndex. Safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        """Opens it once every file is seen to be the one that was published; `verify` checks what is in them too.

        Raises StoreError where anything is off. (What reads the files may crash on damaged ones, so they are
        checked first: half a second for a gigabyte.)
        """
        self.folder = folder
        self.manifest = _read_manifest(folder)
        for name, (size, _) in self.manifest.files.items():
            path = folder / name
            if not path.is_file() or path.stat().st_size != size:
                raise StoreError(f"{name} of generation {folder.name} is missing or cut short: {REBUILD}.")
        for name in self.altered_files():
            raise StoreError(f"{name} of generation {folder.name} is not what was published: {REBUILD}.")
        try:
            uri = f"{(folder / PASSAGES).resolve().as_uri()}?mode=ro&immutable=1"
            self._sqlite = sqlite3.connect(uri, uri=True, check_same_thread=False)
        except sqlite3.Error as error:
            raise StoreError(f"{PASSAGES} of generation {folder.name} is damaged: {REBUILD}.") from error
        self._reading = threading.Lock()
        self._dense = DenseIndex(folder / VECTORS)
        languages = [language for (language,) in self._rows("SELECT DISTINCT language FROM documents")]
        self._lexical = LexicalIndex(folder / LEXICAL, languages)
        counts = {self._dense.count(), self._lexical.count(), self.manifest.passages}
        if len(counts) != 1 or self._dense.dimension != self.manifest.encoder.get("dimension"):
            raise StoreError(f"The files of generation {folder.name} do not belong together: {REBUILD}.")
        self._records = {record.path: record for record in self.manifest.records}

    @property
    def id(self) -> str:
        return self.manifest.id

    @property
    def records(self) -> Mapping[str, FileRecord]:
        """What is known of each file, by its path below the corpus folder."""
        return self._records

    def close(self) -> None:
        self._sqlite.close()

    def __del__(self) -> None:
        # A reader may still hold a generation that was replaced: it closes when the last one lets go.
        if hasattr(self, "_sqlite"):
            self._sqlite.close()

    def count(self) -> int:
        return self._dense.count()

    def search(self, dense: Vectors, text: str, k: int) -> Candidates:
        near, _ = self._dense.search(dense, k)
        worded, bm25 = self._lexical.search(text, k)
        ids = np.union1d(near, worded).astype(np.int64)
        scores = np.zeros(len(ids), dtype=np.float32)
        scores[np.searchsorted(ids, worded)] = bm25
        # Exact for all, those that only BM25 found included: a missing cosine is not a low one.
        return Candidates(ids, self._dense.scores(dense, ids), scores)

    def query_terms(self, text: str) -> tuple[QueryTerm, ...]:
        return self._lexical.query_terms(text)

    def passages(self, ids: Sequence[int]) -> list[Passage]:
        wanted = f"SELECT {PASSAGE_COLUMNS} WHERE p.id IN ({','.join('?' * len(ids))})"
        found = {}
        for row in self._rows(wanted, ids):
            found[row[0]] = passage = passage_of(row)
            if passage.key != row[-1]:  # what is cited is checked each time, against what was published
                raise StoreError(f"{PASSAGES} of generation {self.folder.name} is damaged: {REBUILD}.")
        return [found[number] for number in ids]

    def passages_of(self, path: str) -> list[tuple[int, Passage]]:
        """The ids and passages of one document, in its order."""
        rows = self._rows(f"SELECT {PASSAGE_COLUMNS} WHERE d.path = ? ORDER BY p.ordinal", (path,))
        return [(row[0], passage_of(row)) for row in rows]

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
        number, path, title, text, metadata, pages, language = rows[0]
        sections = self._rows(
            'SELECT path, level, start, "end" FROM sections WHERE document = ? ORDER BY ordinal', (number,)
        )
        return Document(
            path=path,
            title=title,
            text=text,
            sections=tuple(Section(tuple(json.loads(p)), lv, Span(s, e)) for p, lv, s, e in sections),
            blocks=(),
            pages=_spans(pages),
            metadata=json.loads(metadata),
            language=language,
        )

    def facts(self, paths: Sequence[str]) -> dict[str, DocumentFacts]:
        """What is known of these documents, without their texts."""
        wanted = f"SELECT path, file, title, metadata FROM documents WHERE path IN ({','.join('?' * len(paths))})"
        return {
            path: DocumentFacts(self._records[file], title or title_from_path(path), json.loads(metadata))
            for path, file, title, metadata in self._rows(wanted, paths)
        }

    def keys(self) -> list[bytes]:
        """The key of every passage, by id."""
        return [row[0] for row in self._rows("SELECT key FROM passages ORDER BY id")]

    def vectors(self, ids: Sequence[int]) -> Vectors:
        """The embeddings of these passages."""
        return self._dense.rows(ids)

    def verify(self) -> list[str]:
        """Everything that is off, one sentence each: checksums, counts, spans, embeddings. Empty when whole."""
        altered = [f"{name} is not what was published" for name in self.altered_files()]
        return altered or self.verify_contents()

    def altered_files(self) -> list[str]:
        """The files whose bytes are not those that the manifest names."""
        files = self.manifest.files.items()
        return [name for name, (_, sha256) in files if file_sha256(self.folder / name) != sha256]

    def verify_contents(self, step: Callable[[], None] = lambda: None) -> list[str]:
        """As `verify`, without reading every file again for its checksum; `step` is called before each document."""
        try:
            return list(self._problems(step))
        except (sqlite3.Error, ValueError, TypeError, StoreError) as error:
            return [f"{PASSAGES} cannot be read ({error})"]

    def _problems(self, step: Callable[[], None]) -> Iterator[str]:
        (state,) = self._rows("PRAGMA quick_check")[0]
        if state != "ok":
            yield f"{PASSAGES} is damaged ({state})"
        (passages,) = self._rows("SELECT count(*) FROM passages")[0]
        (documents,) = self._rows("SELECT count(*) FROM documents")[0]
        if passages != self.manifest.passages or passages != self._dense.count():
            yield f"{passages} passages where the manifest says {self.manifest.passages}"
        if documents != self.manifest.documents:
            yield f"{documents} documents where the manifest says {self.manifest.documents}"
        per_file = "SELECT d.file, count(*) FROM passages p JOIN documents d ON d.id = p.document GROUP BY d.file"
        counted = dict(self._rows(per_file))
        for record in self.manifest.records:
            if counted.get(record.path, 0) != record.passages:
                yield f"{record.path} has {counted.get(record.path, 0)} passages, not {record.passages}"
        expected = 0
        for path in self.documents():
            step()
            text = self._rows("SELECT text FROM documents WHERE path = ?", (path,))[0][0]
            for row in self._rows(f"SELECT {PASSAGE_COLUMNS} WHERE d.path = ? ORDER BY p.id", (path,)):
                passage = passage_of(row)
                inside = 0 <= passage.span.start < passage.span.end <= len(text)
                if row[0] != expected or not inside or passage.span.of(text) != passage.text or passage.key != row[-1]:
                    yield f"passage {row[0]} of {path} is not a literal part of its document"
                if any(not passage.span.start <= s.start < s.end <= passage.span.end for s in passage.sentences):
                    yield f"passage {row[0]} of {path} has a sentence outside itself"
                expected = row[0] + 1
        for start in range(0, self._dense.count(), _BLOCK):
            step()
            lengths = np.linalg.norm(self.vectors(range(start, min(start + _BLOCK, self._dense.count()))), axis=1)
            if not np.all(np.abs(lengths - 1) < 1e-3):
                yield f"{VECTORS} holds rows that are not of unit length"
                return

    def _rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        try:
            with self._reading:
                return self._sqlite.execute(sql, tuple(parameters)).fetchall()
        except sqlite3.DatabaseError as error:
            raise StoreError(f"{PASSAGES} of generation {self.folder.name} is damaged: {REBUILD}.") from error


def _read_manifest(folder: Path) -> Manifest:
    try:
        data = json.loads((folder / MANIFEST).read_text("utf-8"))
        return Manifest.from_json(data)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StoreError(f"The manifest of generation {folder.name} cannot be read: {REBUILD}.") from error


def file_sha256(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError:
        return ""
    return digest.hexdigest()


def _json_sha256(data: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def spans_json(spans: Sequence[Span]) -> str:
    return json.dumps([[span.start, span.end] for span in spans], separators=(",", ":"))


def _spans(raw: str) -> tuple[Span, ...]:
    return tuple(Span(start, end) for start, end in json.loads(raw))


def passage_of(row: Sequence[Any]) -> Passage:
    _, path, ordinal, start, end, text, title, section, page, sentences, language, _ = row
    return Passage(
        document=path,
        order=ordinal,
        span=Span(start, end),
        text=text,
        title=title,
        section=tuple(json.loads(section)),
        page=page,
        sentences=_spans(sentences),
        language=language,
    )
