"""Converts passages and documents to stored rows and back; a checksum in each row is verified on every read."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from ..text.document import Document, Section, Span
from ..text.passage import Passage
from ..text.properties import searched_labels
from ..text.stored import parse_json, strings, typed

# The errors that a damaged row leads to. No TypeError: types are compared (see `text.stored`).
MALFORMED = (ValueError, KeyError, IndexError)


def row_of(passage: Passage, order: int) -> tuple[Any, ...]:
    """The stored values of a passage: order, start, end, text, section, page and sentences."""
    span = passage.span
    sentences = spans_json(passage.sentences)
    return order, span.start, span.end, passage.text, _path_json(passage.section), passage.page, sentences


@lru_cache(1_024)  # a section has several passages, and most articles have one section
def _path_json(path: tuple[str, ...]) -> str:
    return json.dumps(path)


@lru_cache(1_024)
def path_from_json(raw: object) -> tuple[str, ...]:
    """The heading path of stored JSON. Raises ValueError if it is invalid."""
    return strings(parse_json(raw, list))


def full_row(number: int, passage: Passage, order: int) -> tuple[Any, ...]:
    """The row of a passage with this number, as `checked` takes it."""
    position, start, end, text, section, page, sentences = facts = row_of(passage, order)
    place = (number, passage.document, position, start, end, text, passage.title, section, page, sentences)
    return (*place, passage.language, passage.key, row_checksum(*facts, passage.language), passage.labels)


@lru_cache(1_024)
def labels_of_row(path: object, metadata: object, title: object) -> str:
    """The labels of a document with these stored values, as `checked` takes them. Raises ValueError if damaged."""
    properties = {str(name): typed(value, str) for name, value in parse_json(metadata, dict).items()}
    return searched_labels(typed(path, str), properties, typed(title, str))


def spans_json(spans: Sequence[Span]) -> str:
    """Spans as stored JSON."""
    return f"[{','.join([f'[{span.start},{span.end}]' for span in spans])}]"


def spans_from_json(raw: object) -> tuple[Span, ...]:
    """The spans of stored JSON. Raises ValueError if they are invalid."""
    if raw == "[]":
        return ()
    pairs = (typed(pair, list) for pair in parse_json(raw, list))
    return tuple(span_of(start, end) for start, end in pairs)


def span_of(start: object, end: object) -> Span:
    """A span of stored values. Raises ValueError if they are not numbers."""
    if type(start) is not int or type(end) is not int:
        raise ValueError("not a span of numbers")
    return Span(start, end)


def row_checksum(*values: str | int | None) -> int:
    """The CRC-32 of a passage's stored order, start, end, text, section, page, sentences and language."""
    return zlib.crc32(repr(values).encode("utf-8", "surrogatepass"))


def is_literal(passage: Passage, text: str) -> bool:
    """Whether a passage is a literal slice of its document's text."""
    span = passage.span
    return 0 <= span.start < span.end <= len(text) and span.of(text) == passage.text


def has_stray_sentence(passage: Passage) -> bool:
    """Whether one of a passage's sentences is empty or outside the passage."""
    span = passage.span
    return any(not span.start <= sentence.start < sentence.end <= span.end for sentence in passage.sentences)


def document_of_row(row: Sequence[Any], sections: Sequence[Sequence[Any]]) -> Document:
    """The document (without blocks) of its row and its sections' rows. Raises one of MALFORMED if they are damaged.

    A row is path, title, text, metadata, pages and language; that of a section is path, level, start and end.
    """
    path, title, text, metadata, pages, language = row
    return Document(
        path=typed(path, str),
        title=typed(title, str),
        text=typed(text, str),
        sections=tuple(
            Section(path_from_json(headings), typed(level, int), span_of(start, end))
            for headings, level, start, end in sections
        ),
        blocks=(),
        pages=spans_from_json(pages),
        metadata=parse_json(metadata, dict),
        language=typed(language, str),
    )


def checked(row: Sequence[Any]) -> Passage:
    """The passage of a row. Raises one of MALFORMED if the row differs from what was written.

    A row is id, document, order, start, end, text, title, section, page, sentences, language, key, checksum and
    labels.
    """
    _, path, ordinal, start, end, text, title, section, page, sentences, language, key, checksum, labels = row
    if row_checksum(ordinal, start, end, text, section, page, sentences, language) != checksum:
        raise ValueError(f"a passage of {path} is not what was written")
    passage = Passage(
        document=typed(path, str),
        order=typed(ordinal, int),
        span=span_of(start, end),
        text=typed(text, str),
        title=typed(title, str),
        section=path_from_json(section),
        page=None if page is None else typed(page, int),
        sentences=spans_from_json(sentences),
        language=typed(language, str),
        labels=typed(labels, str),
    )
    if passage.key != key:
        raise ValueError(f"a passage of {path} is not what was encoded")
    return passage
