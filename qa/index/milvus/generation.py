"""One generation on Milvus, opened: a collection of passages, and one of facts about documents, files and words.

No text of an article or a question is ever part of an expression that the server evaluates: words and paths are numbers
and hashes there.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from ...corpus.records import FileRecord, Head
from ...errors import Remedy, StoreError
from ...models.protocols import Vectors
from ...sandbox.wire import document_from_json
from ...text.document import Document
from ...text.stored import parse_json, typed
from ..generation import OpenGeneration
from ..manifest import Manifest, record_from_json
from ..protocols import Embedding, Pool, Sought
from ..rows import checked
from ..vocabulary import Vocabulary
from . import search
from .client import Server
from .connection import READING, WRITING
from .facts import LEAST_ROWS, Facts, damaged, fact_rows, hashed
from .rows import COLUMNS, FORM, MANIFEST, PUBLISHED, RECORDS, UNLABELLED, facts_of
from .vocabulary import MilvusVocabulary
from .withdrawal import Mark, Marks, is_hidden

_BLOCK = 1_000  # rows that are read at a time
# Seconds for which all rows are assumed to be loaded once they were counted: at least, and as a multiple of the time
# that counting took. (Milvus Lite reads every row for it.)
_FRESH, _SELDOM = 1.0, 20.0
_NEVER = (float("-inf"), float("-inf"))


class MilvusGeneration(OpenGeneration):
    """One published build on a server, read-only. Safe to use from several threads."""

    def __init__(self, server: Server, collection: str, seconds: float = READING) -> None:
        """Reads the manifest within `seconds`. Raises StoreError."""
        self.collection = collection
        self._server = server
        self._facts = Facts(server, facts_of(collection))
        with self.reading():
            data = parse_json(self._facts.one(MANIFEST, seconds), dict)
            form = data.get("form")
            if form not in (FORM, UNLABELLED):
                raise StoreError(f"{collection} is of another version of this program", Remedy.FULL_BUILD_ELSEWHERE)
            self.manifest = Manifest.from_json(typed(data["manifest"], dict))
            self._length = typed(data["terms"], int)
        self._columns = [name for name in COLUMNS if form == FORM or name != "labels"]
        self._marks = Marks(server, self._facts)
        self._vocabulary = MilvusVocabulary(server, self._facts)
        # When all rows were last seen to be loaded, and until when that is assumed (monotonic).
        self._counted = _NEVER

    @cached_property
    def searches_words(self) -> bool:
        """Whether the server finds passages by their words."""
        fields = self._server.call("describe_collection", self.collection)["fields"]
        return any(field["name"] == "sparse" for field in fields)

    # --- rows

    def files(self) -> Iterator[FileRecord]:
        return map(record_from_json, filter(None, self._facts.one(RECORDS, WRITING).split("\n")))

    def withdrawn(self, seconds: float = READING) -> frozenset[str]:
        return frozenset(mark.file for mark in self._marks.read(seconds))

    def heads(self, wanted: Sequence[int] | Sequence[str]) -> dict[int, Head]:
        paths = [each for each in wanted if isinstance(each, str)]
        if paths:
            heads = self.raw_heads(self._numbers(paths).values(), READING)
        else:
            hidden = self._marks.current(WRITING)
            heads = self.raw_heads(number for number in map(int, wanted) if not is_hidden(number, hidden))
        with self.reading():
            return {
                number: Head(
                    typed(head["path"], str),
                    typed(head["title"], str),
                    typed(head["metadata"], dict),
                    FileRecord.from_json(head["file"]),
                )
                for number, head in heads.items()
            }

    def body(self, wanted: int | str) -> tuple[int, Document] | None:
        if isinstance(wanted, str):
            number = self._numbers([wanted]).get(wanted)
            if number is None or (body := self._facts.get([f"body:{number}"]).get(f"body:{number}")) is None:
                return None
            with self.reading():
                return number, replace(_document(body), path=wanted)
        head, body = f"head:{wanted}", f"body:{wanted}"
        values = self._facts.get([head, body], WRITING)
        if len(values) < 2:
            return None
        with self.reading():  # its file may have been renamed since it was written: only the head says so
            return wanted, replace(_document(values[body]), path=typed(parse_json(values[head], dict)["path"], str))

    def rows(self, ids: Sequence[int]) -> list[tuple[Any, ...]]:
        rows = self.columns(ids, self._columns)
        if len(rows) < len(set(ids)):
            self._counted = _NEVER
            self._check()
            rows = self.columns(ids, self._columns)  # they may have been loaded meanwhile
        if missing := set(ids) - {row["id"] for row in rows}:
            raise StoreError(f"{len(missing)} of the passages found were withdrawn meanwhile: ask again.")
        with self.reading():
            return [_row(row) for row in rows]

    def languages(self, ids: Sequence[int]) -> list[str]:
        language_of = {row["id"]: str(row["language"]) for row in self.columns(ids, ("id", "language"))}
        return [language_of.get(number, "") for number in ids]  # unknown if it was withdrawn meanwhile

    def documents_of(self, ids: range) -> list[str]:
        document_of = {row["id"]: str(row["document"]) for row in self.columns(ids, ("id", "document"))}
        return [document_of.get(number, "") for number in ids]  # in none if it was withdrawn meanwhile

    def keys(self) -> list[bytes]:
        """The key of every passage, by id; empty if it was withdrawn."""
        key_of = {row["id"]: row["key"] for row in self.columns(range(self.count()), ("id", "key"))}
        with self.reading():
            return [bytes.fromhex(key_of.get(number, "")) for number in range(self.count())]

    # --- vectors and postings

    def vectors(self, ids: Sequence[int]) -> Vectors:
        vector_of = {row["id"]: row["vector"] for row in self.columns(ids, ("id", "vector"))}
        with self.reading():
            rows = [vector_of[number] for number in ids]
            return np.array(rows, dtype=np.float32).reshape(len(rows), int(self.manifest.encoder["dimension"]))

    @property
    def vocabulary(self) -> Vocabulary:
        return self._vocabulary

    def candidates(self, embedding: Embedding, sought: Sought, k: int) -> Pool:
        searched = search.Searched(
            self._server, self.collection, self.count(), self._length, lambda: self.searches_words, self._marks,
            self._check,
        )  # fmt: skip
        return search.candidates(searched, embedding, sought, k)

    # --- what a build reads

    def columns(self, ids: Sequence[int], names: Sequence[str]) -> list[dict[str, Any]]:
        """These fields of these passages' rows; those that were withdrawn are left out."""
        rows: list[dict[str, Any]] = []
        for start in range(0, len(ids), _BLOCK):
            some = list(ids[start : start + _BLOCK])
            rows += map(dict, self._call("get", ids=some, output_fields=list(names), seconds=WRITING))
        return rows

    def raw_heads(self, numbers: Iterable[int], seconds: float = WRITING) -> dict[int, dict[str, Any]]:
        """The stored heads of the documents with these numbers, withdrawn ones included."""
        keys = {f"head:{number}": number for number in numbers}
        values = self._facts.get(keys, seconds) if keys else {}
        with self.reading():
            return {keys[key]: parse_json(value, dict) for key, value in values.items()}

    def bodies(self, numbers: Iterable[int]) -> dict[int, str]:
        """The documents with these numbers, as they are stored."""
        keys = {f"body:{number}": number for number in numbers}
        return {keys[key]: value for key, value in self._facts.get(keys, WRITING).items()}

    def full_rows(self, ids: range) -> Iterator[dict[str, Any]]:
        """The rows of these passages in order, for the next generation to take over. Raises StoreError."""
        with self.reading():
            counted = 0
            for start in range(0, len(ids), _BLOCK):
                block = self.columns(
                    ids[start : start + _BLOCK], [*self._columns, "vector", "sha256", "terms", "words"]
                )
                for row in sorted(block, key=lambda row: int(row["id"])):
                    checked(_row(row))  # the next build does not check it again
                    counted += 1
                    yield {"labels": "", **row, "vector": list(row["vector"]), "words": list(row["words"])}
            if counted != len(ids):
                raise ValueError(f"{counted} rows of {len(ids)}")

    def published(self) -> float | None:
        """When the generation was published (seconds since 1970); None if that is not known."""
        published = self._facts.get([PUBLISHED], WRITING).get(PUBLISHED)
        with self.reading():
            return None if published is None else float(published)

    # --- withdrawal

    def withdraw(self, file: str) -> None:
        """Mark a file as withdrawn; returns when no reader finds it any more. Nothing is deleted during a build."""
        if (part := self.parts().get(file)) is not None:
            self._marks.write(Mark(file, part))

    def delete_withdrawn(self) -> None:
        """Delete the documents and passages of files that were withdrawn, while nobody builds."""
        for mark in self._marks.read(WRITING):
            if mark.is_deleted:
                continue
            heads = self.raw_heads(mark.part.documents)
            keys = [key for number in mark.part.documents for key in (f"head:{number}", f"body:{number}")]
            keys += [f"path:{hashed(head['path'])}" for head in heads.values()]
            rows = self._facts.rows_of(keys)
            self._expect(len(rows))
            self._delete(self.collection, list(mark.part.passages))
            self._delete(self._facts.collection, rows)
            self._marks.write(replace(mark, is_deleted=True))

    def _expect(self, lost: int) -> None:
        """Lower the expected number of rows by `lost` facts and all marked passages, which are about to be deleted."""
        passages = self.count() - sum(len(mark.part.passages) for mark in self._marks.read(WRITING))
        least = self._facts.least(WRITING)[0] - lost
        rows = list(fact_rows(LEAST_ROWS, f"{least} {passages}"))
        self._server.call("upsert", self._facts.collection, rows, seconds=WRITING)
        self._server.count(self._facts.collection)  # which waits until what was written is visible

    def _delete(self, collection: str, ids: Sequence[int | str]) -> None:
        for start in range(0, len(ids), _BLOCK):
            self._server.call("delete", collection, ids=ids[start : start + _BLOCK], seconds=WRITING)
        self._server.count(collection)  # which waits until what was deleted is gone

    # --- verification

    def altered(self) -> list[str]:
        marks = self._marks.read(WRITING)
        # What is withdrawn is there, is gone, or, if a deletion was interrupted, is there in part.
        most = self.count() - sum(len(mark.part.passages) for mark in marks if mark.is_deleted)
        least = self.count() - sum(len(mark.part.passages) for mark in marks)
        counted = self._server.count(self.collection)
        return [] if least <= counted <= most else [f"{counted} passages where the manifest says {most}"]

    def damage(self) -> StoreError:
        return damaged(self.collection)

    def _check(self) -> None:
        """Return if all rows are loaded, or were a moment ago. Raises UnreachableError."""
        begun = time.monotonic()
        counted, until = self._counted
        if until <= begun or counted <= self._server.failed:
            self._facts.check()
            self._server.until_loaded(self.collection, lambda count: count >= self._facts.least()[1])
            self._counted = begun, begun + max(_FRESH, _SELDOM * (time.monotonic() - begun))

    def _numbers(self, paths: Sequence[str]) -> dict[str, int]:
        """The numbers of the documents with these paths that exist and are not withdrawn."""
        if not paths:
            return {}
        keys = {f"path:{hashed(path)}": path for path in paths}
        values, hidden = self._server.in_parallel(partial(self._facts.get, keys), self._marks.current)
        if len(values) < len(keys):
            self._facts.check()
            values = self._facts.get(keys)  # they may have been loaded meanwhile
        with self.reading():
            numbers = {keys[key]: int(value) for key, value in values.items()}
        return {path: number for path, number in numbers.items() if not is_hidden(number, hidden)}

    def _call(self, method: str, *arguments: Any, **named: Any) -> Any:
        # A published generation changes only by withdrawal, which waits until every reader sees it.
        return self._server.call(method, self.collection, *arguments, consistency_level="Eventually", **named)


def _row(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """A passage's row as `rows.checked` takes it; raises ValueError or KeyError if it differs from what was written."""
    names = ("id", "document", "position", "start", "end", "text", "title", "section")
    key = bytes.fromhex(typed(row["key"], str))
    place = (*map(row.__getitem__, names), row["page"] or None, row["sentences"])
    return (*place, row["language"], key, row["checksum"], row.get("labels", ""))


def _document(body: str) -> Document:
    """The document of stored JSON. Raises ValueError or KeyError if it is invalid."""
    data = parse_json(body, dict)
    try:
        return document_from_json(data)
    except TypeError as error:  # its error for an invalid document
        raise ValueError(str(error)) from error
