"""A passage ↔ the row that it is stored as, with the checksum by which each reading checks it.

It knows nothing about what holds the rows.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from typing import Any

from ..text.document import Document, Section, Span
from ..text.passage import Passage
from ..text.stored import loaded, strings, typed

# What reading a row leads to that is not as it was written. No TypeError: kinds are compared (see `text.stored`).
UNSOUND = (ValueError, KeyError, IndexError)


KEY = 11  # the place of a passage's key in a full row


def row_of(passage: Passage, order: int) -> tuple[Any, ...]:
    """What is stored of a passage: its order, start, end, text, section, page and sentences."""
    span = passage.span
    sentences = spans_json(passage.sentences)
    return order, span.start, span.end, passage.text, json.dumps(passage.section), passage.page, sentences


def full_row(number: int, passage: Passage, order: int) -> tuple[Any, ...]:
    """The row of a passage with this number, as `checked` takes it."""
    position, start, end, text, section, page, sentences = facts = row_of(passage, order)
    place = (number, passage.document, position, start, end, text, passage.title, section, page, sentences)
    return (*place, passage.language, passage.key, row_checksum(*facts, passage.language))


def spans_json(spans: Sequence[Span]) -> str:
    """Spans as they are stored."""
    return json.dumps([[span.start, span.end] for span in spans], separators=(",", ":"))


def spans_from_json(raw: object) -> tuple[Span, ...]:
    """The spans that were stored; raises ValueError where they are none."""
    pairs = (typed(pair, list) for pair in loaded(raw, list))
    return tuple(span_of(start, end) for start, end in pairs)


def span_of(start: object, end: object) -> Span:
    """The span that was stored; raises ValueError where these are no numbers."""
    return Span(typed(start, int), typed(end, int))


def row_checksum(*values: str | int | None) -> int:
    """Of a passage's order, start, end, text, section, page, sentences and language as they are stored."""
    return zlib.crc32(repr(values).encode("utf-8", "surrogatepass"))


def is_literal(passage: Passage, text: str) -> bool:
    """Whether a passage is a part of its document's text, word for word."""
    span = passage.span
    return 0 <= span.start < span.end <= len(text) and span.of(text) == passage.text


def has_stray_sentence(passage: Passage) -> bool:
    """Whether one of a passage's sentences is empty or stands outside it."""
    span = passage.span
    return any(not span.start <= sentence.start < sentence.end <= span.end for sentence in passage.sentences)


def document_of_row(row: Sequence[Any], sections: Sequence[Sequence[Any]]) -> Document:
    """A document without blocks, of its row and those of its sections; raises one of UNSOUND where it is none.

    A row is path, title, text, metadata, pages and language; of a section path, level, start and end.
    """
    path, title, text, metadata, pages, language = row
    return Document(
        path=typed(path, str),
        title=typed(title, str),
        text=typed(text, str),
        sections=tuple(
            Section(strings(loaded(headings, list)), typed(level, int), span_of(start, end))
            for headings, level, start, end in sections
        ),
        blocks=(),
        pages=spans_from_json(pages),
        metadata=loaded(metadata, dict),
        language=typed(language, str),
    )


def checked(row: Sequence[Any]) -> Passage:
    """The passage of a row; raises one of UNSOUND where it is not what was written.

    A row is id, document, order, start, end, text, title, section, page, sentences, language, key and checksum.
    """
    _, path, ordinal, start, end, text, title, section, page, sentences, language, key, checksum = row
    if row_checksum(ordinal, start, end, text, section, page, sentences, language) != checksum:
        raise ValueError(f"a passage of {path} is not what was written")
    passage = Passage(
        document=typed(path, str),
        order=typed(ordinal, int),
        span=span_of(start, end),
        text=typed(text, str),
        title=typed(title, str),
        section=strings(loaded(section, list)),
        page=None if page is None else typed(page, int),
        sentences=spans_from_json(sentences),
        language=typed(language, str),
    )
    if passage.key != key:
        raise ValueError(f"a passage of {path} is not what was encoded")
    return passage
