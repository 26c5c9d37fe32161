"""Plain text → Document: finds the headings, lists and paragraphs that people write without marks.

Two habits are told apart: every line is a paragraph (pages saved from a browser), or paragraphs are wrapped
at a width and set off by blank lines (mail, books). It knows nothing about files or passages.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from ..text.document import Document, Span
from .outline import Outline, line_starts

_ATX = re.compile(r"(#{1,6})[ \t]+")
_UNDERLINE = re.compile(r"(=|-){3,}\s*$")
_ITEM = re.compile(r"\s*(?:[-*+•▪◦–—]|\(?(?:\d{1,3}|[a-zA-Z])[.)])\s+\S")
# "Rating: 4", "**Author:** somebody": a name of one to four words, a colon and its value on the same line.
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
_NARROWEST, _WIDEST = 30, 120  # widths that text is wrapped at


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    span: Span
    after_blank: bool


def parse_plain(path: str, text: str, title: str = "") -> Document:
    """The Document of a plain text; never raises. `title` is what is known of it from elsewhere."""
    lines = _lines(text)
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


def _lines(text: str) -> list[_Line]:
    """The lines that are not blank."""
    starts = line_starts(text)
    lines: list[_Line] = []
    after_blank = True
    for start, end in pairwise(starts):
        raw = text[start:end]
        content = raw.strip()
        if content:
            left = start + len(raw) - len(raw.lstrip())
            lines.append(_Line(content, Span(left, left + len(content)), after_blank))
        after_blank = not content
    return lines


def _is_wrapped(lines: list[_Line]) -> bool:
    """Whether paragraphs run over several lines: most inner lines end mid-sentence, and because they are full.

    A line is full where the first word of the next would not have fitted; the width is that of the longest lines.
    """
    inner = [
        (line.text, following.text.split(maxsplit=1)[0])
        for line, following in pairwise(lines)
        if not following.after_blank and not _ATX.match(line.text) and not _is_listed(line.text)
    ]
    if len(inner) < 3:
        return False
    width = sorted(len(text) for text, _ in inner)[9 * len(inner) // 10]
    unfinished = sum(not _SENTENCE_END.search(text) for text, _ in inner)
    full = sum(len(text) + 1 + len(word) > 0.9 * width for text, word in inner)
    too_long = sum(len(line.text) > 160 for line in lines)
    is_even = unfinished >= 0.5 * len(inner) and full >= 0.7 * len(inner)
    return _NARROWEST <= width <= _WIDEST and is_even and too_long <= 0.05 * len(lines)


def _is_listed(text: str) -> bool:
    return bool(_ITEM.match(text) or _KEY_VALUE.match(text))


def _is_short(text: str) -> bool:
    return len(text) <= _HEADING_CHARACTERS and len(text.split()) <= _HEADING_WORDS


def _is_prose(text: str) -> bool:
    return len(text) >= _PROSE_CHARACTERS or bool(_SENTENCE_END.search(text))


def _is_title(lines: list[_Line], wrapped: bool) -> bool:
    """Whether the first line is a title: something follows it, and not in a file of nothing but short lines."""
    if len(lines) < 2 or not (lines[1].after_blank or any(_is_prose(line.text) for line in lines[1:])):
        return False
    line, following = lines[0], lines[1]
    if len(line.text) > 180 or not any(map(str.isalpha, line.text)) or _ITEM.match(line.text):
        return False
    if _KEY_VALUE.match(line.text) and (line.text[0] in "*_" or _KEY_VALUE.match(following.text)):
        return False  # the first of a block of fields; "Allies: what they agreed" alone is a title
    if wrapped and not following.after_blank:
        return False
    return not _SENTENCE_END.search(line.text) or line.text.endswith("?")


def _is_underlined(line: _Line, following: _Line) -> bool:
    return not following.after_blank and _is_short(line.text) and bool(_UNDERLINE.match(following.text))


def _is_bare_heading(lines: list[_Line], number: int, wrapped: bool, questions: bool) -> bool:
    """A short line without a full stop that stands before prose; a question only where the text has several."""
    line = lines[number]
    following = lines[number + 1] if number + 1 < len(lines) else None
    if following is None or not _is_short(line.text):
        return False
    starts_well = line.text[0].isalnum() or line.text[0] in "\"'“‘¿¡"
    if not starts_well or not any(map(str.isalpha, line.text)) or _BYLINE.match(line.text):
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
    runs_on = wrapped and number + 2 < len(lines) and not lines[number + 2].after_blank
    return (_is_prose(following.text) or runs_on) and (len(following.text) > len(line.text) or line.text.endswith("?"))


def _content(lines: list[_Line], number: int, wrapped: bool, questions: bool, outline: Outline) -> int:
    """Add the list or paragraph that begins at this line; returns the number of the line after it."""
    listed = _is_listed(lines[number].text)
    run = [lines[number]]
    for position in range(number + 1, len(lines)):
        line = lines[position]
        is_item = _is_listed(line.text)
        continues = is_item if listed else (wrapped and not is_item)
        if listed and not is_item:
            continues = wrapped and not line.after_blank  # the rest of a wrapped item
        if line.after_blank and not (listed and is_item):
            continues = False
        if not continues or _ATX.match(line.text):
            break
        if listed and _is_bare_heading(lines, position, wrapped, questions):
            break
        run.append(line)
    span = Span(run[0].span.start, run[-1].span.end)
    fields = all(_KEY_VALUE.match(line.text) and not _ITEM.match(line.text) for line in run)
    if listed and fields and len(span) <= _FIELDS_CHARACTERS:
        outline.block("paragraph", span)  # "Rating: 4" says nothing without the "Item: …" above it
    elif listed:
        heads = [line.span.start for line in run if _is_listed(line.text)]
        edges = [*heads, span.end]
        parts = tuple(Span(edges[i], edges[i + 1]) for i in range(len(heads)))
        outline.block("list", span, parts)
    else:
        outline.block("paragraph", span)
    return number + len(run)
