"""A passage ↔ the row that it is stored as, with the checksum by which each reading checks it.

It knows nothing about what holds the rows.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from typing import Any

from ..text.document import Span
from ..text.passage import Passage

# What reading a row leads to that is not as it was written.
UNSOUND = (ValueError, TypeError, KeyError, AttributeError)


def row_of(passage: Passage, order: int) -> tuple[Any, ...]:
    """What is stored of a passage: its order, start, end, text, section, page and sentences."""
    span = passage.span
    sentences = spans_json(passage.sentences)
    return order, span.start, span.end, passage.text, json.dumps(passage.section), passage.page, sentences


def spans_json(spans: Sequence[Span]) -> str:
    """Spans as they are stored."""
    return json.dumps([[span.start, span.end] for span in spans], separators=(",", ":"))


def spans_from_json(raw: str) -> tuple[Span, ...]:
    """The spans that were stored; raises ValueError or TypeError where they are none."""
    return tuple(Span(start, end) for start, end in json.loads(raw))


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


def checked(row: Sequence[Any]) -> Passage:
    """The passage of a row; raises one of UNSOUND where it is not what was written.

    A row is id, document, order, start, end, text, title, section, page, sentences, language, key and checksum.
    """
    _, path, ordinal, start, end, text, title, section, page, sentences, language, key, checksum = row
    if row_checksum(ordinal, start, end, text, section, page, sentences, language) != checksum:
        raise ValueError(f"a passage of {path} is not what was written")
    passage = Passage(
        document=path,
        order=ordinal,
        span=Span(start, end),
        text=text,
        title=title,
        section=tuple(json.loads(section)),
        page=page,
        sentences=spans_from_json(sentences),
        language=language,
    )
    if passage.key != key:
        raise ValueError(f"a passage of {path} is not what was encoded")
    return passage
