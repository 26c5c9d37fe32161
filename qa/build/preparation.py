"""Prepares a file for indexing: its record, and its documents with their passages.

This runs in a thread, or on another machine, from which the result comes back as JSON.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, Protocol

from ..corpus import documents
from ..corpus.documents import CorpusFile
from ..corpus.records import FileRecord
from ..corpus.works import Work, without_claims
from ..models.protocols import Vectors
from ..sandbox.parsing import ParseFile
from ..sandbox.wire import document_from_json, document_json, passages_from_json, passages_json
from ..text.document import Document
from ..text.packed import PackedPassages, keyed, keys_of
from ..text.passage import Passage
from ..text.passages import PassageSettings, Splitting


@dataclass(frozen=True, slots=True)
class PreparedFile:
    """A file's record and its documents with their passages; `embeddings` contains those already computed, by key.

    `seconds` is how long it took on this machine; 0 if it was prepared elsewhere.
    """

    record: FileRecord
    documents: Sequence[tuple[Document, Sequence[Passage]]] = ()
    embeddings: Mapping[bytes, Vectors] = field(default_factory=dict)
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """The JSON value, without the embeddings."""
        pairs = [[document_json(document), passages_json(passages)] for document, passages in self.documents]
        return {"record": self.record.as_json(), "documents": pairs}

    def passages(self) -> Iterator[Passage]:
        """The passages of all documents, in order."""
        return (passage for _, passages in self.documents for passage in passages)

    def keyed(self) -> Iterator[tuple[bytes, str]]:
        """The key and the encoded text of each passage, in order."""
        return chain.from_iterable(keyed(passages) for _, passages in self.documents)

    def keys(self) -> list[bytes]:
        """The key of each passage, in order."""
        return [key for _, passages in self.documents for key in keys_of(passages)]

    def count(self) -> int:
        """The number of passages."""
        return sum(len(passages) for _, passages in self.documents)

    def as_work(self, work: Work | None) -> PreparedFile:
        """The file with what a reference manager says of it, unless it has several documents, and nowhere else."""
        if work is None or len(self.documents) != 1:
            return replace(self, documents=[(without_claims(document), rest) for document, rest in self.documents])
        ((document, passages),) = self.documents
        described = work.describe(document)
        record = replace(documents.describe(self.record, [described]), documents=self.record.documents)
        return replace(self, record=record, documents=((described, PackedPassages(described, passages)),))

    @classmethod
    def from_json(cls, data: dict[str, Any], embeddings: Mapping[bytes, Vectors]) -> PreparedFile:
        """The file of a JSON value. Raises KeyError, TypeError or ValueError if it is invalid, down to its spans."""
        pairs: list[tuple[Document, Sequence[Passage]]] = []
        for document_data, passages in data["documents"]:
            document = document_from_json(document_data)
            pairs.append((document, passages_from_json(document, passages)))
        return cls(FileRecord(**data["record"]), pairs, embeddings)


class RemoteWorkers(Protocol):
    """Other machines that prepare files."""

    def prepare(
        self, files: Sequence[CorpusFile], created: str, settings: PassageSettings, known: Sequence[bytes]
    ) -> Iterator[PreparedFile | None]:
        """Yield each of the files, in order; None for a file that was lost and must be prepared locally.

        `created` is when the generation was begun (ISO time); passages whose keys are `known` need no embedding.
        """
        ...


def prepare(file: CorpusFile, created: str, parse_file: ParseFile, splitting: Splitting) -> PreparedFile:
    """Read and parse a file for the generation begun at `created` (ISO time)."""
    if not file.readable:
        return PreparedFile(file.record)
    started = time.perf_counter()
    prepared = prepare_data(*documents.read(file), created, parse_file, splitting)
    return replace(prepared, seconds=time.perf_counter() - started)


def prepare_data(
    record: FileRecord, data: bytes, created: str, parse_file: ParseFile, splitting: Splitting
) -> PreparedFile:
    """Parse the bytes of a file as `prepare` does; the record gets the reason if there are no passages."""
    if record.status != "indexed":
        return PreparedFile(record)
    record, pairs = documents.parse(record, data, lambda path, content: parse_file(path, content, splitting))
    record = replace(record, indexed=created)
    if record.status != "indexed":
        return PreparedFile(record)
    if not any(len(passages) for _, passages in pairs):
        return PreparedFile(replace(record, status="empty", reason=record.reason or "contains no words", documents=0))
    return PreparedFile(record, pairs)
