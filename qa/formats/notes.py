"""Finds the footnotes of a Markdown text, and the sentence that refers to each."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from ..text.document import Span

_DEFINITION = re.compile(r"^ {0,3}\[\^([^\]\s]{1,80})\]:[ \t]*", re.MULTILINE)
_REFERENCE = re.compile(r"\[\^([^\]\s]{1,80})\](?!:)")
_END = re.compile(r"\n[ \t]*\n(?! {2,}\S|\t)")  # of a note: a blank line, and no indented line after it
_MARKUP = re.compile(r"\[\^[^\]\s]*\]|[*_`#>]+|!?\[([^\]]*)\]\([^)\s]*[^)]*\)")
_SENTENCE_END = re.compile(r"[.!?][\"”’)*_]*(?:\[\^[^\]\s]*\])*\s")
_MAX_NOTES = 5_000
_MAX_NAME = 160  # characters of a sentence that stand above its note


@dataclass(frozen=True, slots=True)
class Note:
    """A footnote: its whole `span`, its `content` without the mark, and the place and `sentence` that refer to it."""

    span: Span
    content: Span
    at: int
    sentence: str


def notes_of(text: str, others: Sequence[Span]) -> list[Note]:
    """The footnotes of a text that something refers to, in order.

    `others` are its headings and pieces of code, in order: no note begins in one or goes beyond its beginning.
    """
    if "[^" not in text:
        return []
    definitions = [match for match in _DEFINITION.finditer(text) if not _inside(match.start(), others)][:_MAX_NOTES]
    references: dict[str, re.Match[str]] = {}
    for reference in _REFERENCE.finditer(text):
        if reference[1] not in references:
            references[reference[1]] = reference
    notes = []
    for number, definition in enumerate(definitions):
        limit = definitions[number + 1].start() if number + 1 < len(definitions) else len(text)
        after = bisect_right(others, definition.start(), key=lambda span: span.start)
        limit = min(limit, others[after].start) if after < len(others) else limit
        end = _END.search(text, definition.end(), limit)
        span = Span(definition.start(), end.start() if end else limit).trimmed(text)
        content = Span(definition.end(), max(definition.end(), span.end)).trimmed(text)
        found = references.get(definition[1])
        if found is not None and len(content):
            notes.append(Note(span, content, found.start(), _sentence(text, found.start())))
    return notes


def _inside(position: int, spans: Sequence[Span]) -> bool:
    number = bisect_right(spans, position, key=lambda span: span.start) - 1
    return number >= 0 and position < spans[number].end


def _sentence(text: str, at: int) -> str:
    """The sentence that ends with, or contains, the reference at a place, without markup."""
    least = max(0, at - 1_000)
    blank = text.rfind("\n\n", least, at)
    first = least if blank < 0 else blank + 2
    before = text[first:at]
    ends = [match.end() for match in _SENTENCE_END.finditer(before)]
    own = before[ends[-1] :] if ends else before
    words = " ".join(_MARKUP.sub(lambda match: match[1] or "", own).split())
    return words if len(words) <= _MAX_NAME else words[-_MAX_NAME:].partition(" ")[2]
