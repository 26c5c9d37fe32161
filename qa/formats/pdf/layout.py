"""Arranges the words of pages in rows and columns in reading order, without running headers and footers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import pairwise

DIGITS, SUPERSCRIPTS, SIGNS = "0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹", "*∗†‡§¶‖"  # of which the marks of notes consist
RAISED = str.maketrans(DIGITS, SUPERSCRIPTS)
# A raised number after these is an exponent, after other words the mark of a note.
EXPONENT_AFTER = re.compile(r"""[^\W_a-zA-Z]\Z|[^\w.,;:!?"'”’]\Z|(?:^|[^A-Za-z])(?:[a-z]{1,2}|[A-Z])\Z""")

_MARK = re.compile(rf"[{DIGITS}{SUPERSCRIPTS}]{{1,3}},?|[{SIGNS}]{{1,3}},?")
_NUMBER = re.compile(r"\d+")
_PAGE_NUMBER = re.compile(r"\W*(?:page\W*)?(?:\d+|[ivxl]+)(?:\W*(?:of|/)\W*\d+)?\W*\Z", re.IGNORECASE)

DROP_CAP = 1.8  # times the size of the words beside it: a letter that begins the first of them
EDGE_ROWS = 3  # of a page's top and bottom that may be running headers or footers
_MAX_MARKS = 6  # raised above one row
CELL_GAP = 1.2  # the smallest white space between the cells of a table, in font sizes
GUTTER = 0.8  # the smallest white space between columns, in font sizes
_COLUMN_LINES = 4  # the fewest lines side by side that make columns
_MAX_SPLITS = 16  # nested splits of a page into columns


@dataclass(frozen=True, slots=True)
class Word:
    """Characters without a space between them; `y` is the bottom of the line and `top` its top, in points."""

    text: str
    x0: float
    x1: float
    y: float
    top: float
    size: float
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A horizontal line that is drawn on a page, in points."""

    x0: float
    x1: float
    y: float


Row = list[Word]  # the words at one height, from left to right


def rows_of(words: Sequence[Word]) -> list[Row]:
    """Group words at about the same height into rows; superscripts stay in the row of their words."""
    rows: list[Row] = []
    for word in sorted(words, key=lambda word: -word.y):
        if rows and rows[-1][0].y - word.y <= 0.55 * min(rows[-1][0].size, word.size):
            rows[-1].append(word)
        else:
            rows.append([word])
    return [_with_exponents(sorted(row, key=lambda word: word.x0)) for row in _with_marks(rows)]


def _with_marks(rows: Sequence[Row]) -> list[Row]:
    """The rows with those that consist of raised marks of notes in the row below, to which they belong."""
    result: list[Row] = []
    marks: Row = []
    for number, row in enumerate(rows):
        below = rows[number + 1] if number + 1 < len(rows) else []
        if len(row) <= _MAX_MARKS and below and all(_is_mark_beside(word, below) for word in row):
            line = max(below, key=lambda word: word.size)
            marks = [replace(word, text=word.text.translate(RAISED), y=line.y, top=line.top) for word in row]
        else:
            result.append([*row, *marks])
            marks = []
    return result


def _with_exponents(row: Row) -> Row:
    """The row with raised numbers joined to what they are exponents of; the marks of notes stay words of their own."""
    result: Row = []
    for word in row:
        last = result[-1] if result else None
        is_exponent = last and word.text[0] in SUPERSCRIPTS and word.x0 - last.x1 < 0.15 * last.size
        if last and is_exponent and EXPONENT_AFTER.search(last.text):
            result[-1] = replace(last, text=last.text + word.text, x1=word.x1)
        else:
            result.append(word)
    return result


def _is_mark_beside(word: Word, row: Row) -> bool:
    """Whether a word is the mark of a note, smaller than and beside one in the row below it."""
    return bool(_MARK.fullmatch(word.text)) and any(
        word.size < 0.85 * other.size
        and other.y < word.y < other.y + 0.8 * other.size
        and (-0.2 < (other.x0 - word.x1) / other.size < 1 or -0.2 < (word.x0 - other.x1) / other.size < 0.5)
        for other in row
    )


def without_running(pages: Sequence[list[Row]]) -> list[list[Row]]:
    """The pages without running headers and footers: rows that recur at the same height, apart from digits.

    They must recur on most of the neighbouring pages; or on a quarter, if most of all pages have a row at that height,
    since left and right pages may differ, and chapters.
    """
    edges = [[_edge_key(row) for row in rows] for rows in pages]
    heights = Counter(h for keys in edges for h in {round(y / 4) for _, y in keys[:EDGE_ROWS] + keys[-EDGE_ROWS:]})
    common_heights = {height for height, count in heights.items() if count >= max(2, 0.6 * len(pages))}
    offset = _number_offset(pages)
    result = []
    for number, rows in enumerate(pages):
        page_number = None if offset is None else str(number + offset)
        near = [edges[n] for n in range(max(0, number - 4), min(len(pages), number + 5)) if n != number]
        first, last = 0, len(rows)
        tops, bottoms = [keys[:EDGE_ROWS] for keys in near], [keys[-EDGE_ROWS:] for keys in near]
        while first < min(EDGE_ROWS, last) and (
            (first == 0 and page_number in _end_words(rows[0]))
            or _is_running(edges[number][first], tops, common_heights)
        ):
            first += 1
        while first and first < last and _names_columns(rows[first - 1], rows[first], page_number):
            first -= 1
        bottom_start = max(first, last - EDGE_ROWS)
        while last > bottom_start and (
            (last == len(rows) and page_number in _end_words(rows[-1]))
            or _is_running(edges[number][last - 1], bottoms, common_heights)
        ):
            last -= 1
        result.append(rows[first:last])
    return result


def _names_columns(row: Row, below: Row, page_number: str | None) -> bool:
    """Whether a row at the top of a page is the header of a table that goes on there, and no running head."""
    if row[0].y - below[0].y > 2.2 * below[0].size or page_number in _end_words(row):
        return False
    gaps, others = (
        [(one.x1, two.x0) for one, two in pairwise(words) if two.x0 - one.x1 > CELL_GAP * two.size]
        for words in (row, below)
    )
    # Beside a wide cell, the gap in the header may be elsewhere, but each of its names stands above a cell.
    return bool(gaps) and all(any(min(a[1], b[1]) > max(a[0], b[0]) for b in others) for a in gaps)


def _number_offset(pages: Sequence[list[Row]]) -> int | None:
    """What to add to the index of a page for the number printed on it; None if most pages have no number."""
    offsets: Counter[int] = Counter()
    for number, rows in enumerate(pages):
        ends = {word for row in (rows[:1] + rows[-1:]) for word in _end_words(row)}
        offsets.update({int(word) - number for word in ends if word.isascii() and word.isdecimal() and len(word) < 6})
    offset, count = offsets.most_common(1)[0] if offsets else (0, 0)
    return offset if count >= max(3, len(pages) / 2) else None


def _end_words(row: Row) -> set[str]:
    return {row[0].text, row[-1].text} if len(row) <= 12 else set()


def _edge_key(row: Row) -> tuple[str, float]:
    text = " ".join(word.text for word in row)
    return ("#" if _PAGE_NUMBER.match(text) else _NUMBER.sub("#", text.casefold())), row[0].y


def _is_running(key: tuple[str, float], near: list[list[tuple[str, float]]], common_heights: set[int]) -> bool:
    similar = sum(any(abs(key[1] - y) < 2 and _is_similar(key[0], text) for text, y in edge) for edge in near)
    return similar >= max(1, len(near) / 4) if round(key[1] / 4) in common_heights else similar > len(near) / 2


def _is_similar(one: str, other: str) -> bool:
    if one == other or len(one) > 200 or len(other) > 200:
        return one == other
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return matcher.real_quick_ratio() > 0.9 and matcher.ratio() > 0.9


def columns(rows: list[Row], depth: int = 0) -> list[list[Row]]:
    """The regions of a page in reading order: the rows above columns, each column, the rows below."""
    gutter = _gutter(rows) if depth < _MAX_SPLITS else None
    if gutter is None:
        return [rows] if rows else []
    first, last, x = gutter
    sides = [[[word for word in row if (word.x0 < x) == left] for row in rows[first:last]] for left in (True, False)]
    inner = [region for side in sides for region in columns([row for row in side if row], depth + 1)]
    return [*columns(rows[:first], depth + 1), *inner, *columns(rows[last:], depth + 1)]


def _gutter(rows: list[Row]) -> tuple[int, int, float] | None:
    """Where two columns are side by side: the first row, the row after the last, and the right column's left edge."""
    starts = Counter(
        round(word.x0 / 2)
        for row in rows
        for before, word in zip([None, *row[:-1]], row, strict=True)
        if before is None or word.x0 - before.x1 > GUTTER * word.size
    )
    best: tuple[int, int, int, float] | None = None
    for start, count in starts.most_common(12):
        if count < _COLUMN_LINES:
            break
        x = 2.0 * start - 2
        first = 0
        for end in range(len(rows) + 1):
            if end < len(rows) and not _crosses(rows[end], x):
                continue
            begin, stop = _trimmed(rows, first, end, x)
            lines = _column_lines(rows[begin:stop], x)
            if lines and (best is None or lines > best[0]):
                best = (lines, begin, stop, x)
            first = end + 1
    return best and best[1:]


def _trimmed(rows: list[Row], begin: int, end: int, x: float) -> tuple[int, int]:
    """The range of rows without isolated lines well above the right column or well below the left one."""
    at_right = [number for number in range(begin, end) if rows[number][-1].x0 >= x]
    for number, following in pairwise(at_right):
        if number > begin or rows[number][0].x0 < x or not _is_apart(rows[number], rows[following]):
            break
        begin = following if following == number + 1 else number + 1
    last = at_right[-1] if at_right else end
    below = (number for number in range(last + 1, end) if _is_apart(rows[number - 1], rows[number]))
    return begin, next(below, end)


def _is_apart(row: Row, below: Row) -> bool:
    return row[0].y - below[0].y > 2.2 * below[0].size


def _crosses(row: Row, x: float) -> bool:
    left = [word for word in row if word.x0 < x]
    right = [word for word in row if word.x0 >= x]
    if not left:
        return False
    return left[-1].x1 > x or bool(right and right[0].x0 - left[-1].x1 < GUTTER * right[0].size)


def _column_lines(rows: list[Row], x: float) -> int:
    """The number of lines in the shorter of two columns of running text; 0 if one is not, like the cells of a table."""
    sides = [[(n, [word for word in row if (word.x0 < x) == left]) for n, row in enumerate(rows)] for left in (1, 0)]
    filled = [[(n, row) for n, row in side if row] for side in sides]
    if min(map(len, filled)) < _COLUMN_LINES or not all(_is_prose([row for _, row in side]) for side in filled):
        return 0
    common = min(side[-1][0] for side in filled) - max(side[0][0] for side in filled) + 1
    shorter = min(map(len, filled))
    return shorter if common >= shorter / 2 else 0


def _is_prose(rows: list[Row]) -> bool:
    continuing = sum(row[0].text[0].isalpha() and not row[0].text[0].isupper() for row in rows)
    words = sum(map(len, rows)) / len(rows)
    # Lines of narrow columns have few words, like the cells of a table, but more of them go on with a sentence.
    return (words >= 3 and continuing >= len(rows) / 4) or (words >= 1.8 and continuing >= 0.4 * len(rows))
