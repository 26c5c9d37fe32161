"""One file's bytes → what is written of it: its record, and its documents with their passages.

It is read in a thread, or on another machine: in JSON's terms it goes there and back. It knows nothing about indexes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from ..corpus import documents
from ..corpus.documents import FoundFile
from ..corpus.records import FileRecord
from ..models.protocols import Vectors
from ..sandbox.parsing import ParseFile
from ..sandbox.wire import document_from_json, document_json, passages_from_json, passages_json
from ..text.document import Document
from ..text.passage import Passage
from ..text.passages import PassageSettings, Splitting


@dataclass(frozen=True, slots=True)
class Prepared:
    """A file's record and its documents, each with its passages; `embeddings` by key are those made on the way."""

    record: FileRecord
    documents: Sequence[tuple[Document, Sequence[Passage]]] = ()
    embeddings: Mapping[bytes, Vectors] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """All but the embeddings, in JSON's terms."""
        pairs = [[document_json(document), passages_json(passages)] for document, passages in self.documents]
        return {"record": self.record.as_json(), "documents": pairs}

    def passages(self) -> Iterator[Passage]:
        """All passages, one document after the other, as they are made."""
        return (passage for _, passages in self.documents for passage in passages)

    def count(self) -> int:
        """How many passages there are."""
        return sum(len(passages) for _, passages in self.documents)

    @classmethod
    def from_json(cls, data: dict[str, Any], embeddings: Mapping[bytes, Vectors]) -> Prepared:
        """The file again. Raises KeyError, TypeError or ValueError for anything that is none, spans included."""
        pairs: list[tuple[Document, Sequence[Passage]]] = []
        for one, passages in data["documents"]:
            document = document_from_json(one)
            pairs.append((document, passages_from_json(document, passages)))
        return cls(FileRecord(**data["record"]), pairs, embeddings)


class Elsewhere(Protocol):
    """Other machines that prepare files."""

    def prepare(
        self, files: Sequence[FoundFile], created: str, settings: PassageSettings, known: Sequence[bytes]
    ) -> Iterator[Prepared | None]:
        """Each of the files, in their order; None for one that did not come back and has to be prepared here.

        `created` is when the generation was begun (ISO time); a passage whose key is `known` needs no embedding.
        """
        ...


def load(file: FoundFile, created: str, parse_file: ParseFile, splitting: Splitting) -> Prepared:
    """Read a file and find its documents and passages, for the generation begun at `created` (ISO time)."""
    if not file.readable:
        return Prepared(file.record)
    return loaded(*documents.read(file), created, parse_file, splitting)


def loaded(record: FileRecord, data: bytes, created: str, parse_file: ParseFile, splitting: Splitting) -> Prepared:
    """As `load`, of a file whose bytes are here already; the record says why where there are no passages."""
    if record.status != "indexed":
        return Prepared(record)
    record, pairs = documents.load(record, data, lambda path, content: parse_file(path, content, splitting))
    record = replace(record, indexed=created)
    if record.status != "indexed":
        return Prepared(record)
    if not any(len(passages) for _, passages in pairs):
        return Prepared(replace(record, status="empty", reason=record.reason or "contains no words", documents=0))
    return Prepared(record, pairs)
