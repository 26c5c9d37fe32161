"""What one file yielded, as bytes that a history keeps: its documents and passages, without its path."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...models.protocols import Vectors
from ...text.document import Document
from ...text.passage import Passage
from ...text.properties import searched_labels
from ...text.stored import parse_json, strings, typed
from ..generation import OpenGeneration
from ..rows import MALFORMED, document_of_row, span_of, spans_from_json, spans_json
from ..writer import Written

_LEVEL = 6  # of zlib


@dataclass(frozen=True, slots=True)
class Content:
    """The documents of one file with their passages as compressed JSON, and the embeddings of the passages as float16.

    `sha256` is that of both before they are compressed: equal ones are the same content, whatever the file's path.
    """

    sha256: bytes
    documents: bytes
    vectors: bytes


def content_of(generation: OpenGeneration, path: str) -> Content | None:
    """The content of a file in a generation; None if it yielded no document. Raises StoreError."""
    part = generation.parts()[path]
    if not part.documents:
        return None
    passages = generation.passages(part.passages)
    documents = [_document_json(generation, path, number, passages) for number in part.documents]
    raw = json.dumps(documents, separators=(",", ":")).encode()
    vectors = generation.vectors(part.passages).astype("<f2").tobytes() if part.passages else b""
    return Content(hashlib.sha256(raw + vectors).digest(), zlib.compress(raw, _LEVEL), vectors)


def written(content: Content, path: str, dimension: int) -> tuple[list[Written], Vectors]:
    """The documents, their passages and the embeddings of a file that has this path.

    Raises ValueError, KeyError or IndexError if the content is not what was stored.
    """
    documents = [_written(data, path) for data in _raw(content)]
    vectors = np.frombuffer(content.vectors, dtype="<f2").reshape(-1, dimension).astype(np.float32)
    return documents, vectors


def is_whole(content: Content) -> bool:
    """Whether the content is what was stored."""
    try:
        _raw(content)
    except MALFORMED:
        return False
    return True


def texts(content: Content, path: str) -> tuple[tuple[str, str], ...]:
    """The path and the text of each document. Raises as `written`."""
    return tuple((path + typed(data["path"], str), typed(data["text"], str)) for data in _raw(content))


def _raw(content: Content) -> list[dict[str, Any]]:
    try:
        raw = zlib.decompress(content.documents)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if hashlib.sha256(raw + content.vectors).digest() != content.sha256:
        raise ValueError("a content of the history is not what was stored")
    return parse_json(raw.decode(), list)


def _document_json(generation: OpenGeneration, path: str, number: int, passages: Sequence[Passage]) -> dict[str, Any]:
    stored = generation.body(number)
    if stored is None:
        raise generation.damage()
    document = stored[1]
    own = [passage for passage in passages if passage.document == document.path]
    return {
        "path": document.path.removeprefix(path),
        "title": document.title,
        "language": document.language,
        "text": document.text,
        "metadata": dict(document.metadata),
        "pages": spans_json(document.pages),
        "sections": [[list(each.path), each.level, each.span.start, each.span.end] for each in document.sections],
        "passages": [
            [each.span.start, each.span.end, list(each.section), each.page, spans_json(each.sentences)] for each in own
        ],
    }


def _written(data: dict[str, Any], file: str) -> Written:
    sections = [(json.dumps(path), level, start, end) for path, level, start, end in data["sections"]]
    row = (
        file + data["path"],
        data["title"],
        data["text"],
        json.dumps(data["metadata"]),
        data["pages"],
        data["language"],
    )
    document = document_of_row(row, sections)
    return document, [_passage(document, order, values) for order, values in enumerate(data["passages"])]


def _passage(document: Document, order: int, values: Sequence[Any]) -> Passage:
    start, end, section, page, sentences = values
    span = span_of(start, end)
    return Passage(
        document=document.path,
        order=order,
        span=span,
        text=span.of(document.text),
        title=document.title,
        section=strings(section),
        page=None if page is None else typed(page, int),
        sentences=spans_from_json(sentences),
        language=document.language,
        labels=searched_labels(document.path, document.metadata, document.title),
    )
