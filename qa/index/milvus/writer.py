"""Writes one generation to a Milvus server, while more files are read and encoded, and publishes it by an alias."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...corpus.records import FileRecord, Part
from ...errors import Remedy, StoreError, UnreachableError
from ...models.protocols import Vectors
from ...sandbox.wire import document_json
from ...system.background import BackgroundQueue
from ...text.document import Document
from ...text.passage import Passage, searched
from ..manifest import Manifest, record_json
from ..protocols import Rows
from ..rows import is_literal
from ..vocabulary import CountedVocabulary, acronyms_of
from ..writer import Taken, Writer, Written
from . import facts as milvus_facts
from . import rows as milvus_rows
from .connection import READING, WRITING
from .facts import LEAST_ROWS, STATE, fact_rows, hashed, pair_rows, word_rows
from .generation import MilvusGeneration
from .rows import (
    ACRONYMS,
    FORM,
    MANIFEST,
    RECORDS,
    TERMS,
    WORDS,
    Batches,
    facts_of,
    fitted,
    passage_row,
    searched_columns,
)

if TYPE_CHECKING:
    from .store import MilvusStore


_MOST_WAITING = 2_000  # passages that wait to be written
_BLOCK = 50  # documents read at a time: they may be long
_PATIENCE = 0.7  # seconds that a running insertion has when a build ends


class MilvusWriter(Writer):
    """Writes one generation; a background thread sends its rows to the server.

    No more than _MOST_WAITING passages and one file wait for that thread.
    """

    def __init__(
        self,
        store: MilvusStore,
        folder: Path,
        manifest: Manifest,
        previous: MilvusGeneration | None,
        step: Callable[[], None],
    ) -> None:
        super().__init__(folder, manifest, previous, step)
        self._store = store
        self._old = previous
        self._writing = BackgroundQueue(_MOST_WAITING, step)
        self._is_over = False
        self._tokenizer = store.server.word_tokenizer()
        # What only the thread changes, until all is written:
        self._generation: str | None = None  # the new generation, until it is published
        self._batches = Batches(store.server, self._check)
        self._vocabulary = CountedVocabulary()

    def release(self, error: BaseException | None) -> None:
        super().release(error)
        self._is_over = True
        self._writing.end(_PATIENCE)
        if self._generation is not None and not isinstance(error, UnreachableError):
            with contextlib.suppress(StoreError):  # the next build drops it
                self._store.drop(self._generation, READING)

    def insert(self, record: FileRecord, documents: Sequence[Written], vectors: Rows, part: Part) -> None:
        self._writing.add(partial(self._insert_new, record, documents, vectors[:], part), len(vectors))

    def copy(self, run: Sequence[Taken], part: Part) -> None:
        self._writing.add(partial(self._insert_taken, run, part), len(part.passages))

    def finish(self, keep: int) -> str:
        """Check the counts of what was written, and make it current by one switch. Raises StoreError."""
        self._writing.add(self._insert_rest)
        self._writing.finish()
        server, generation = self._store.server, self._generation_id()
        collection = self._store.collection(generation)
        indexes = {collection: milvus_rows.indexes(self._tokenizer), facts_of(collection): milvus_facts.INDEXES}
        server.prepare(indexes, self.step)
        for name, expected in self._batches.counts.items():
            if (counted := server.count(name)) != expected:
                raise StoreError(
                    f"The new index failed its check ({name} holds {counted} rows, not {expected}); "
                    "the last one still answers",
                    Remedy.FULL_BUILD,
                )
        new = self._store.open(generation, WRITING)
        self._store.copy_withdrawals(new)
        self.step()
        self._store.switch(generation)
        self._generation = None
        self._store.copy_withdrawals(new)  # what was withdrawn while it was switched
        self._store.prune(keep)
        return new.id

    # --- in the thread

    def _generation_id(self) -> str:
        """The id of the new generation; its collections are created before the first row."""
        if self._generation is None:
            self._check()
            self._generation = self._store.next_id()
            collection, server = self._store.collection(self._generation), self._store.server
            dimension, searched = int(self.manifest.encoder["dimension"]), ("terms", "sparse")
            fields = milvus_rows.fields(dimension, self._tokenizer)
            server.create(collection, fields, searched if self._tokenizer else None)
            server.create(facts_of(collection), milvus_facts.FIELDS)
        return self._generation

    def _check(self) -> None:
        """Raise StoreError to end the thread if the build has ended."""
        if self._is_over:
            raise StoreError("The build has ended: build again.")

    def _insert_new(
        self,
        record: FileRecord,
        documents: Sequence[tuple[Document, Sequence[Passage]]],
        vectors: Vectors,
        part: Part,
    ) -> None:
        """A file's documents and passages, with the numbers of `part`."""
        document_number, number = part.documents.start, part.passages.start
        # Rounded as they are on disk, so that cosines are those of an index there.
        rows = iter(vectors.astype(np.float16).astype(np.float32))
        for document, passages in documents:
            pairs = [list(pair) for pair in acronyms_of(document)]
            head = {
                "path": document.path, "title": document.title, "language": document.language,
                "metadata": dict(document.metadata), "file": record.as_json(), "acronyms": pairs,
            }  # fmt: skip
            body = json.dumps(document_json(replace(document, blocks=())), ensure_ascii=False)
            self._insert_document(document_number, head, body)
            document_number += 1
            for order, passage in enumerate(passages):
                if not is_literal(passage, document.text):
                    raise StoreError(f"A passage of {document.path} is no part of it", Remedy.FULL_BUILD)
                self._insert_passage(passage_row(number, passage, order, record.sha256, next(rows)))
                number += 1

    def _insert_taken(self, run: Sequence[Taken], part: Part) -> None:
        """Files in a row in the last generation, with the numbers of `part` here."""
        if self._old is None:
            raise StoreError("There is no index to take files over from", Remedy.FULL_BUILD)
        document_number, number = part.documents.start, part.passages.start
        first, last = run[0].part, run[-1].part
        documents = _documents(self._old, range(first.documents.start, last.documents.stop))
        passages = self._old.full_rows(range(first.passages.start, last.passages.stop))
        for taken in run:
            for head, body in islice(documents, len(taken.part.documents)):
                head = {**head, "path": taken.moved(head["path"]), "file": taken.record.as_json()}
                self._insert_document(document_number, head, body)
                document_number += 1
            for row in islice(passages, len(taken.part.passages)):
                moved = {**row, "id": number, "document": taken.moved(row["document"])}
                if taken.is_renamed:
                    moved |= searched_columns(_searched(moved), moved["language"])
                self._insert_passage(moved)
                number += 1

    def _insert_document(self, number: int, head: Mapping[str, Any], body: str) -> None:
        facts = facts_of(self._store.collection(self._generation_id()))
        self._vocabulary.add_document(head["language"], map(tuple, head["acronyms"]))
        self._batches.add(facts, fact_rows(f"head:{number}", json.dumps(head, ensure_ascii=False)))
        self._batches.add(facts, fact_rows(f"body:{number}", body))
        self._batches.add(facts, fact_rows(f"path:{hashed(head['path'])}", str(number)))

    def _insert_passage(self, passage: Mapping[str, Any]) -> None:
        collection = self._store.collection(self._generation_id())
        self._vocabulary.add_passage(passage["terms"].split(), _searched(passage))
        self._batches.add(collection, [fitted(passage, bool(self._tokenizer))])

    def _insert_rest(self) -> None:
        """The facts about all files together."""
        generation, vocabulary, batches = self._generation_id(), self._vocabulary, self._batches
        facts = facts_of(self._store.collection(generation))
        manifest = self.completed(generation, sorted(vocabulary.languages), {})
        head = {"form": FORM, "manifest": manifest.as_json(), "terms": vocabulary.length}
        batches.add(facts, fact_rows(RECORDS, "\n".join(map(record_json, self.records))))
        batches.add(facts, pair_rows(ACRONYMS, vocabulary.pairs))
        batches.add(facts, word_rows(TERMS, vocabulary.terms))
        batches.add(facts, word_rows(WORDS, vocabulary.words))
        batches.add(facts, fact_rows(MANIFEST, json.dumps(head, ensure_ascii=False)))
        batches.add(facts, fact_rows(STATE, ""))
        batches.add(facts, fact_rows(LEAST_ROWS, f"{batches.counts[facts] + 1} {len(self.everything.passages)}"))
        batches.finish()


def _searched(row: Mapping[str, Any]) -> str:
    return searched(row["document"], row["title"], json.loads(row["section"]), row["text"], row["labels"])


def _documents(generation: MilvusGeneration, numbers: range) -> Iterator[tuple[dict[str, Any], str]]:
    """The heads and the stored JSON of these documents, in order. Raises StoreError if one is missing."""
    for start in range(0, len(numbers), _BLOCK):
        some = numbers[start : start + _BLOCK]
        heads, bodies = generation.raw_heads(some), generation.bodies(some)
        for number in some:
            if number not in heads or number not in bodies:
                raise StoreError("An article is missing in the last index", Remedy.FULL_BUILD)
            yield heads[number], bodies[number]
