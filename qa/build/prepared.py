"""One file's bytes → what is written of it: its record, and its documents with their passages.

It is read in a thread, or on another machine: in JSON's terms it goes there and back. It knows nothing about indexes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from ..corpus import documents
from ..corpus.documents import FoundFile
from ..corpus.records import FileRecord
from ..formats.wire import document_from_json, document_json, passages_from_json, passages_json
from ..models.protocols import Encoder, Vectors
from ..text.document import Contents, Document
from ..text.passage import Passage
from ..text.passages import PassageSettings, TooLong, split_all

Parse = Callable[[str, bytes], Contents]
Loaded = tuple[FileRecord, tuple[Document, ...]]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A file's record and its documents, each with its passages; `embeddings` by key are those made on the way."""

    record: FileRecord
    documents: Sequence[tuple[Document, list[Passage]]] = ()
    embeddings: Mapping[bytes, Vectors] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """All but the embeddings, in JSON's terms."""
        pairs = [[document_json(document), passages_json(passages)] for document, passages in self.documents]
        return {"record": self.record.as_json(), "documents": pairs}

    @classmethod
    def from_json(cls, data: dict[str, Any], embeddings: Mapping[bytes, Vectors]) -> Prepared:
        """The file again. Raises KeyError, TypeError or ValueError for anything that is none, spans included."""
        pairs = []
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


def load(file: FoundFile, created: str, parse: Parse) -> Loaded:
    """Read a file and find its documents, for the generation begun at `created` (ISO time)."""
    if not file.readable:
        return file.record, ()
    return loaded(*documents.read(file), created, parse)


def loaded(record: FileRecord, data: bytes, created: str, parse: Parse) -> Loaded:
    """As `load`, of a file whose bytes are here already."""
    if record.status != "indexed":
        return record, ()
    record, found = documents.load(record, data, parse)
    return replace(record, indexed=created), found


def split(record: FileRecord, found: tuple[Document, ...], encoder: Encoder, settings: PassageSettings) -> Prepared:
    """The passages of one file's documents; the record says why where there are none."""
    if record.status != "indexed":
        return Prepared(record)
    made = split_all(found, encoder.count_tokens, encoder.identity.max_tokens, settings)
    try:
        pairs = list(zip(found, made, strict=True))
    except TooLong as error:
        return Prepared(replace(record, status="failed", reason=str(error), documents=0))
    if not any(passages for _, passages in pairs):
        return Prepared(replace(record, status="empty", reason=record.reason or "holds no words", documents=0))
    return Prepared(record, pairs)
