"""Parses plain text: finds the headings, lists and paragraphs that people write without markup.

Two conventions are distinguished: every line is a paragraph (pages saved from a browser), or paragraphs are wrapped at
a width and separated by blank lines (mail, books).
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

import numpy as np

from ..text.document import Document, Span
from .outline import Outline

_ATX = re.compile(r"(#{1,6})[ \t]+")
_UNDERLINE = re.compile(r"(=|-){3,}\s*$")
_ITEM = re.compile(r"\s*(?:[-*+•▪◦–—]|\(?(?:\d{1,3}|[a-zA-Z])[.)])\s+\S")
# "Rating: 4", "**Author:** somebody": a name of one to four words, a colon and a value on the same line.
_KEY_VALUE = re.compile(
    r"\s*(?:[-*–]\s*)?(?:\*\*|__)?[A-Za-z][\w'’/()-]*(?: [\w'’/()-]+){0,3}(?:\*\*|__)?:(?:\*\*|__)? +\S"
)
_SENTENCE_END = re.compile(r"[.!?…:;,][\"'”’)\]*_]*$")
_BYLINE = re.compile(r"(?:by|from|photo|image|source|published|updated|posted)\b", re.IGNORECASE)
_NUMBERED_HEADING = re.compile(r"\d+(?:\.\d+)*[.)]?\s+\S")

_HEADING_CHARACTERS = 100
_HEADING_WORDS = 16
_PROSE_CHARACTERS = 60
_FIELDS_CHARACTERS = 500  # a block of fields up to this length is quoted as a whole
_RECENT = 64  # lines that are cached
_MIN_WIDTH, _MAX_WIDTH = 30, 120  # at which text is wrapped


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    span: Span
    after_blank: bool


def parse_plain(path: str, text: str, title: str = "") -> Document:
    """Parse a plain text; never raises. `title` is its title if that is known from elsewhere."""
    lines = _Lines(text)
    wrapped = _is_wrapped(lines)
    questions = sum(_is_short(line.text) and line.text.endswith("?") for line in lines) >= 2
    outline = Outline(text)
    under_question = 0
    number = 0
    while number < len(lines):
        line = lines[number]
        following = lines[number + 1] if number + 1 < len(lines) else None
        atx = _ATX.match(line.text)
        if atx:
            outline.heading(len(atx[1]), _without_closing_marks(line.text[atx.end() :]), line.span)
            under_question = len(atx[1])
        elif following is not None and _is_underlined(line, following):
            level = 1 if following.text.startswith("=") else 2
            outline.heading(level, line.text, Span(line.span.start, following.span.end))
            under_question = level
            number += 1
        elif number == 0 and _is_title(lines, wrapped):
            outline.heading(1, line.text, line.span)
        elif _is_bare_heading(lines, number, wrapped, questions):
            is_question = line.text.endswith("?") and under_question > 0
            level = max(under_question, 2) + 1 if is_question else 2
            outline.heading(level, line.text, line.span)
            under_question = under_question if is_question else level
        else:
            number = _content(lines, number, wrapped, questions, outline)
            continue
        number += 1
    return outline.document(path, title)


def _without_closing_marks(heading: str) -> str:
    """`Weather ##` → `Weather`; but `Learning C#` stays."""
    without = heading.rstrip("#")
    return without if not without or without[-1].isspace() else heading


class _Lines(Sequence[_Line]):
    """The lines of a text that are not blank, created on access: a large text has millions."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts, self._ends, self._after_blank = array("q"), array("q"), bytearray()
        self._recent: dict[int, _Line] = {}
        after_blank, start = True, 0
        while start < len(text):
            end = text.find("\n", start) + 1 or len(text)
            span = Span(start, end).trimmed(text)
            if len(span):
                self._starts.append(span.start)
                self._ends.append(span.end)
                self._after_blank.append(after_blank)
            after_blank = not len(span)
            start = end

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, number: int) -> _Line:  # type: ignore[override]  # (slices are not used)
        line = self._recent.get(number)
        if line is None:
            span = Span(self._starts[number], self._ends[number])
            line = _Line(span.of(self._text), span, bool(self._after_blank[number]))
            if len(self._recent) == _RECENT:
                self._recent.clear()
            self._recent[number] = line
        return line

    def __iter__(self) -> Iterator[_Line]:
        return map(self.__getitem__, range(len(self)))


def _is_wrapped(lines: _Lines) -> bool:
    """Whether paragraphs are wrapped: most of their inner lines end in mid-sentence, and are full.

    A line is full if the first word of the next would not have fitted; the width is that of the longest lines.
    """
    lengths, with_next = array("q"), array("q")  # of inner lines, without and with the first word of the next
    unfinished = 0
    for line, following in pairwise(lines):
        if not following.after_blank and not _ATX.match(line.text) and not _is_listed(line.text):
            lengths.append(len(line.text))
            with_next.append(len(line.text) + 1 + len(following.text.split(maxsplit=1)[0]))
            unfinished += not _SENTENCE_END.search(line.text)
    if len(lengths) < 3:
        return False
    width = int(np.sort(np.array(lengths))[9 * len(lengths) // 10])
    full = sum(length > 0.9 * width for length in with_next)
    too_long = sum(len(line.span) > 160 for line in lines)
    is_even = unfinished >= 0.5 * len(lengths) and full >= 0.7 * len(lengths)
    return _MIN_WIDTH <= width <= _MAX_WIDTH and is_even and too_long <= 0.05 * len(lines)


def _is_listed(text: str) -> bool:
    return bool(_ITEM.match(text) or _KEY_VALUE.match(text))


def _is_short(text: str) -> bool:
    return len(text) <= _HEADING_CHARACTERS and len(text.split()) <= _HEADING_WORDS


def _is_prose(text: str) -> bool:
    return len(text) >= _PROSE_CHARACTERS or bool(_SENTENCE_END.search(text))


def _is_title(lines: _Lines, wrapped: bool) -> bool:
    """Whether the first line is a title: text follows it, and not only short lines."""
    if len(lines) < 2 or not (lines[1].after_blank or any(_is_prose(line.text) for line in islice(lines, 1, None))):
        return False
    line, following = lines[0], lines[1]
    if len(line.text) > 180 or not any(map(str.isalpha, line.text)) or _ITEM.match(line.text):
        return False
    if _KEY_VALUE.match(line.text) and (line.text[0] in "*_" or _KEY_VALUE.match(following.text)):
        return False  # the first of a block of fields; a single "Allies: what they agreed" is a title
    if wrapped and not following.after_blank:
        return False
    return not _SENTENCE_END.search(line.text) or line.text.endswith("?")


def _is_underlined(line: _Line, following: _Line) -> bool:
    return not following.after_blank and _is_short(line.text) and bool(_UNDERLINE.match(following.text))


def _is_bare_heading(lines: _Lines, number: int, wrapped: bool, questions: bool) -> bool:
    """Whether a line is a heading: short, no full stop, before prose; a question only if the text has several."""
    line = lines[number]
    following = lines[number + 1] if number + 1 < len(lines) else None
    if following is None or not _is_short(line.text):
        return False
    has_heading_start = line.text[0].isalnum() or line.text[0] in "\"'“‘¿¡"
    if not has_heading_start or not any(map(str.isalpha, line.text)) or _BYLINE.match(line.text):
        return False
    if _KEY_VALUE.match(line.text) or (_ITEM.match(line.text) and not _NUMBERED_HEADING.match(line.text)):
        return False
    if line.text.endswith("?"):
        if not questions or following.text.endswith("?"):
            return False
    elif _SENTENCE_END.search(line.text):
        return False
    if wrapped and not (line.after_blank and following.after_blank):
        return False
    previous = lines[number - 1] if number else None
    if previous is not None and not line.after_blank and _is_listed(previous.text) and _is_listed(line.text):
        return False  # an item of a list, not a heading
    if _is_listed(following.text):
        return not _NUMBERED_HEADING.match(line.text)
    is_wrapped = wrapped and number + 2 < len(lines) and not lines[number + 2].after_blank
    return (_is_prose(following.text) or is_wrapped) and (
        len(following.text) > len(line.text) or line.text.endswith("?")
    )


def _content(lines: _Lines, number: int, wrapped: bool, questions: bool, outline: Outline) -> int:
    """Add the list or paragraph that begins at this line; return the number of the line after it."""
    is_list = _is_listed(lines[number].text)
    run = [lines[number]]
    for next_number in range(number + 1, len(lines)):
        line = lines[next_number]
        is_item = _is_listed(line.text)
        continues = is_item if is_list else (wrapped and not is_item)
        if is_list and not is_item:
            continues = wrapped and not line.after_blank  # the rest of a wrapped item
        if line.after_blank and not (is_list and is_item):
            continues = False
        if not continues or _ATX.match(line.text):
            break
        if is_list and _is_bare_heading(lines, next_number, wrapped, questions):
            break
        run.append(line)
    span = Span(run[0].span.start, run[-1].span.end)
    is_fields = all(_KEY_VALUE.match(line.text) and not _ITEM.match(line.text) for line in run)
    if is_list and is_fields and len(span) <= _FIELDS_CHARACTERS:
        outline.block("paragraph", span)  # "Rating: 4" means nothing without the "Item: …" above it
    elif is_list:
        item_starts = [line.span.start for line in run if _is_listed(line.text)]
        edges = [*item_starts, span.end]
        parts = tuple(Span(edges[i], edges[i + 1]) for i in range(len(item_starts)))
        outline.block("list", span, parts)
    else:
        outline.block("paragraph", span)
    return number + len(run)
