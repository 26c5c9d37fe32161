"""Parses plain text: finds the headings, lists, paragraphs, verse and code that people write without markup.

Several conventions occur, often in one file: every line is a paragraph (pages saved from a browser), or paragraphs are
wrapped at a width, with blank lines between them (mail, books) or without (text copied from a PDF).
"""

from __future__ import annotations

import re
from itertools import islice

from ..text.document import Document, Span
from .lines import ATX, SENTENCE_END, Line, Lines
from .outline import Outline

_UNDERLINE = re.compile(r"(?:=|-){3,}\s*$")
_OTHER_UNDERLINE = re.compile(r"([~^*_#])\1{3,}\s*$")
_BYLINE = re.compile(r"(?:by|from|photo|image|source|published|updated|posted)\b", re.IGNORECASE)
_NUMBERED_HEADING = re.compile(r"(\d+(?:\.\d+)*)[.)]?\s+\S")
_CODE = re.compile(r"[{}()\[\];=<>$\\|`]|^(?:[-./~@%]|\w+[:_])|\s--?\w|\b\w+[/_.]\w+")
_CODE_INDENT = 4  # characters before each line of code

_HEADING_CHARACTERS = 100
_HEADING_WORDS = 16
_PROSE_CHARACTERS = 60
_FIELDS_CHARACTERS = 500  # a block of fields up to this length is quoted as a whole
_LABELS = 3  # so many short lines directly above a line are labels, and so is the line


def parse_plain(path: str, text: str, title: str = "") -> Document:
    """Parse a plain text; never raises. `title` is its title if that is known from elsewhere."""
    lines = Lines(text)
    questions = sum(_is_short(line.text) and line.text.endswith("?") for line in lines) >= 2
    outline = Outline(text)
    under_question = 0
    number = 0
    while number < len(lines):
        line = lines[number]
        following = lines[number + 1] if number + 1 < len(lines) else None
        atx = ATX.match(line.text)
        if atx:
            outline.heading(len(atx[1]), _without_closing_marks(line.text[atx.end() :]), line.span)
            under_question = len(atx[1])
        elif following is not None and _is_underlined(line, following):
            level = 1 if following.text.startswith("=") else 2
            outline.heading(level, line.text, Span(line.span.start, following.span.end))
            under_question = level
            number += 1
        elif number == 0 and _is_title(lines):
            outline.heading(1, line.text, line.span)
        elif _is_bare_heading(lines, number, questions):
            is_question = line.text.endswith("?") and under_question > 0
            level = max(under_question, 2) + 1 if is_question else 2 + _depth(line.text)
            outline.heading(level, line.text, line.span)
            under_question = under_question if is_question else level
        else:
            number = _content(lines, number, questions, outline)
            continue
        number += 1
    return outline.document(path, title)


def _without_closing_marks(heading: str) -> str:
    """`Weather ##` → `Weather`; but `Learning C#` stays."""
    without = heading.rstrip("#")
    return without if not without or without[-1].isspace() else heading


def _depth(heading: str) -> int:
    """How deep the number of a heading is: 1 for `1.2 Boxes`."""
    numbered = _NUMBERED_HEADING.match(heading)
    return min(numbered[1].count("."), 4) if numbered else 0


def _is_short(text: str) -> bool:
    return len(text) <= _HEADING_CHARACTERS and len(text.split()) <= _HEADING_WORDS


def _is_prose(text: str) -> bool:
    return len(text) >= _PROSE_CHARACTERS or bool(SENTENCE_END.search(text))


def _is_title(lines: Lines) -> bool:
    """Whether the first line is a title: text follows it, and not only short lines."""
    if len(lines) < 2 or not (lines[1].after_blank or any(_is_prose(line.text) for line in islice(lines, 1, None))):
        return False
    line, following = lines[0], lines[1]
    if len(line.text) > 180 or not any(map(str.isalpha, line.text)) or line.is_item:
        return False
    if line.is_field and (line.text[0] in "*_" or following.is_field):
        return False  # the first of a block of fields; a single "Allies: what they agreed" is a title
    if lines.goes_on(0):
        return False
    return not SENTENCE_END.search(line.text) or line.text.endswith("?")


def _is_underlined(line: Line, following: Line) -> bool:
    if following.after_blank or not _is_short(line.text) or not any(map(str.isalnum, line.text)):
        return False
    if _OTHER_UNDERLINE.match(following.text):
        return 0.6 * len(line.text) <= len(following.text) <= 1.6 * len(line.text)
    return bool(_UNDERLINE.match(following.text))


def _is_bare_heading(lines: Lines, number: int, questions: bool) -> bool:
    """Whether a line is a heading: short, no full stop, before prose; a question only if the text has several."""
    line = lines[number]
    following = lines[number + 1] if number + 1 < len(lines) else None
    if following is None or not _is_short(line.text):
        return False
    has_heading_start = line.text[0].isalnum() or line.text[0] in "\"'“‘¿¡"
    if not has_heading_start or not any(map(str.isalpha, line.text)) or _BYLINE.match(line.text):
        return False
    if line.is_field or (line.is_item and not _NUMBERED_HEADING.match(line.text)):
        return False
    if line.text.endswith("?"):
        if not questions or following.text.endswith("?"):
            return False
    elif SENTENCE_END.search(line.text):
        return False
    if line.text.count(")") > line.text.count("("):
        return False  # the rest of a line
    if (number and lines.goes_on(number - 1)) or lines.goes_on(number) or _is_label(lines, number):
        return False
    previous = lines[number - 1] if number else None
    if previous is not None and not line.after_blank and previous.is_listed and line.is_listed:
        return False  # an item of a list, not a heading
    if following.is_listed:
        return not _NUMBERED_HEADING.match(line.text)
    is_prose = _is_prose(following.text) or lines.goes_on(number + 1)
    return is_prose and (len(following.text) > len(line.text) or line.text.endswith("?"))


def _is_label(lines: Lines, number: int) -> bool:
    """Whether a line ends a run of short lines: the labels and values of a table that lost its form."""
    first = number
    while first and number - first < _LABELS and not lines[first].after_blank:
        if _is_prose(lines[first - 1].text) or lines[first - 1].is_listed:
            return False
        first -= 1
    return number - first == _LABELS


def _content(lines: Lines, number: int, questions: bool, outline: Outline) -> int:
    """Add the code, list or paragraph that begins at this line; return the number of the line after it."""
    end = _end_of_code(lines, number)
    if end > number:
        outline.block("code", Span(lines[number].span.start, lines[end - 1].span.end))
        return end
    is_list = lines[number].is_listed
    run = [lines[number]]
    for next_number in range(number + 1, len(lines)):
        line = lines[next_number]
        goes_on = lines.goes_on(next_number - 1)
        is_item = line.is_listed and not goes_on
        if ATX.match(line.text):
            break
        if is_list and not is_item:  # the rest of an item
            is_hanging = not line.after_blank and line.indent > run[-1].indent and lines[next_number - 1].is_item
            if not (goes_on or is_hanging or (lines.wrapped and not line.after_blank)):
                break
        elif not (is_item if is_list else goes_on):
            break
        if is_list and not goes_on and _is_bare_heading(lines, next_number, questions):
            break
        run.append(line)
    _add(outline, run, is_list, lines)
    return number + len(run)


def _add(outline: Outline, run: list[Line], is_list: bool, lines: Lines) -> None:
    span = Span(run[0].span.start, run[-1].span.end)
    is_fields = all(line.is_field and not line.is_item for line in run)
    if is_list and not (is_fields and len(span) <= _FIELDS_CHARACTERS):
        item_starts = [line.span.start for line in run if line.is_listed]
        edges = [*item_starts, span.end]
        parts = tuple(Span(edges[i], edges[i + 1]) for i in range(len(item_starts)))
        outline.block("list", span, parts)
    else:  # a block of fields is one paragraph: "Rating: 4" means nothing without the "Item: …" above it
        outline.block("paragraph", span)


def _end_of_code(lines: Lines, number: int) -> int:
    """The number of the line after the code that begins at this line; the same number if it is none."""
    end = number
    code = prose = 0
    is_first = lines[number].after_blank and (number == 0 or lines[number - 1].indent < _CODE_INDENT)
    while is_first and end < len(lines) and lines[end].indent >= _CODE_INDENT and not lines[end].is_item:
        looks_like_code = _CODE.search(lines[end].text) is not None
        if end > number and lines[end].after_blank and not looks_like_code:
            break
        code += looks_like_code
        prose += lines[end].text.endswith((".", "!", "?", ","))
        end += 1
    return end if code and 2 * prose < end - number else number
