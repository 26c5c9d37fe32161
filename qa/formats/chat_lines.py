"""Reads chats that are text files with a line for each message, as WhatsApp exports them: `12/03/2024, 10:02 - Ada: …`.

The text stays as it is. Each message is a block, and each day a section that is named by its date in words, since only
the order of the messages says whether 12/03 is in March or in December.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby, pairwise, zip_longest

from ..text.dates import Date, spelled
from ..text.document import APART, WHOLE_MESSAGE, Block, Document, Section, Span
from ..text.message_heads import LINE, NO_WIDTH

# What stands for a picture or a sound, or for a message that is gone: `<Media omitted>`, `image omitted`.
_OMITTED = re.compile(
    rf"{NO_WIDTH}(?:<[^<>\n]{{3,60}}>|[\w ]{{3,30}}\b(?:omitted|weggelassen|omitid[oa]|omis[e]?)|null)\s*",
    re.IGNORECASE,
)
_LEAST = 3  # messages
# What the lines of a log have in the place of a name.
_LEVELS = set("TRACE DEBUG VERBOSE INFO NOTICE WARN WARNING ERROR ERR CRITICAL FATAL SEVERE".split())  # noqa: SIM905
_MOST_LINES = 20  # of a message, on average
_CENTURY = 2000  # of a year of two digits
# The places of year, month and day.
_DAY_FIRST, _MONTH_FIRST, _YEAR_FIRST = (2, 1, 0), (2, 0, 1), (0, 1, 2)


_Numbers = tuple[str, str, str, str]  # those of a date in their order, and the mark between them


@dataclass(frozen=True, slots=True)
class _Line:
    """A message: its span, who wrote it (empty for what the program reports), where its text begins, its numbers."""

    span: Span
    name: str
    text: int
    numbers: _Numbers


def chat_of(path: str, text: str) -> Document | None:
    """The document of a text file that is a chat; None if it is none."""
    lines = list(_lines(text))
    named = [line for line in lines if line.name]
    if all(line.name.upper() in _LEVELS for line in named):
        return None  # a log
    if len(named) < _LEAST or text[: lines[0].span.start].strip() or text.count("\n") > _MOST_LINES * len(lines):
        return None
    sections: list[Section] = [Section((), 0, Span(0, lines[0].span.start))]
    blocks: list[Block] = []
    dated = zip(_days([line.numbers for line in lines]), lines, strict=True)
    for day, said in groupby(dated, key=lambda pair: pair[0]):
        heading = (spelled(day),) if day else ()
        begun = False
        for _, line in said:
            is_long = len(line.span.of(text).split()) > WHOLE_MESSAGE
            if is_long or not begun:
                path_of = (*heading, line.name) if is_long and line.name else heading
                sections.append(Section(path_of, APART, line.span))
            begun = not is_long
            if not _OMITTED.fullmatch(text, line.text, line.span.end):
                blocks.append(Block("message", line.span, len(sections) - 1))
    starts = [*(section.span.start for section in sections), len(text)]
    whole = tuple(
        Section(section.path, section.level, Span(start, end))
        for section, (start, end) in zip(sections, pairwise([0, *starts[1:]]), strict=True)
    )
    return Document(path, "", text, whole, tuple(blocks))


def _lines(text: str) -> Iterator[_Line]:
    heads = list(LINE.finditer(text))
    for head, following in zip_longest(heads, heads[1:]):
        end = following.start() if following else len(text)
        span = Span(head.start(), end).trimmed(text)
        yield _Line(
            span, head["name"] or "", min(head.end(), span.end), (head["one"], head["two"], head["three"], head["mark"])
        )


def _days(numbers: Sequence[_Numbers]) -> list[Date | None]:
    """The dates of messages; None for all if it is not certain which number is the month.

    It is certain in 12.03.2024 and 2024-03-12, and if only one order gives dates, or dates that never go back.
    """
    read = []
    for order in _DAY_FIRST, _MONTH_FIRST, _YEAR_FIRST:
        days = [_date(each, order) for each in numbers]
        if all(day is not None for day in days):
            read.append([day for day in days if day is not None])
    if len(read) > 1:
        rising = [days for days in read if all(one <= two for one, two in pairwise(days))]
        read = rising or read
    if not read or any(days != read[0] for days in read):
        return [None] * len(numbers)
    return [*read[0]]


def _date(numbers: _Numbers, order: tuple[int, int, int]) -> Date | None:
    years = numbers[order[0]]
    is_known = order == _DAY_FIRST or numbers[3] != "."
    if len(years) not in ((4,) if order == _YEAR_FIRST else (2, 4)) or not (is_known or order == _YEAR_FIRST):
        return None
    year, month, day = (int(numbers[place]) for place in order)
    year += _CENTURY if len(years) == 2 else 0
    try:
        date(year, month, day)
    except ValueError:
        return None
    return year, month, day
