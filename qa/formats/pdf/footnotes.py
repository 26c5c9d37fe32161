"""Takes the notes at the foot of pages out of the text that they interrupt, and puts them after what they belong to."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from .layout import RAISED, SIGNS, SUPERSCRIPTS, Row, Rule
from .pieces import CLOSED, Piece, line_of, tables

Regions = Sequence[list[Row]]  # the columns of a page

_SMALLER, _USUAL = 0.93, 1.02  # times the size of body text: the letters of notes; below a rule they may be larger
_MAX_NOTES = 200  # of a page, whose marks are searched for
_RULE_WIDTH = 0.75  # the widest rule above notes, as a share of the width of the column
_RAISED_MARK = re.compile(rf"[{SUPERSCRIPTS}]+")
_BEGINS = re.compile(rf"([{SUPERSCRIPTS}]+|[{SIGNS}]{{1,3}})|\(?(\d{{1,3}})[.)]?\Z")
_SIGNED = re.compile(rf"(?<=[\w.,;:!?)\]\"'”’])[{SIGNS}]{{1,3}}\Z|\A[{SIGNS}]{{1,3}}\Z")


@dataclass(frozen=True, slots=True)
class Note:
    """A note with its mark (numbers as superscripts) and its lines; the page is where it begins.

    One in the margin has no mark, but the height at which it begins.
    """

    page: int
    mark: str
    size: float
    lines: tuple[str, ...]
    top: float | None = None

    def piece(self) -> Piece:
        """The note as a piece of its page."""
        return Piece("note", self.page, self.size, lines=self.lines)


def without_notes(
    pages: Sequence[Regions], rules: Sequence[Sequence[Rule]], body: float
) -> tuple[list[list[list[Row]]], list[Note]]:
    """The columns of each page without the notes at their feet, and the notes; `body` is the size of body text."""
    notes: list[Note] = []
    kept: list[list[list[Row]]] = []
    last_page = -2  # that has notes
    for number, regions in enumerate(pages):
        marks = set(_marks(regions))
        kept.append([])
        for region in regions:
            may_go_on = bool(notes) and last_page >= number - 1
            is_open = may_go_on and not CLOSED.search(notes[-1].lines[-1])
            first = _foot(region, rules[number], body, marks, may_go_on, is_open)
            if first < len(region):
                last_page = number
                _add(notes, region[first:], number, marks)
            if first:
                kept[-1].append(region[:first])
    return kept, notes


def _add(notes: list[Note], rows: Sequence[Row], page: int, marks: set[str]) -> None:
    for row in rows:
        mark = _mark(row, marks)
        if mark or not notes:
            notes.append(Note(page, mark, line_of(row).size, (line_of(row).text,)))
        else:
            notes[-1] = replace(notes[-1], lines=(*notes[-1].lines, line_of(row).text))


def _marks(regions: Regions) -> Iterator[str]:
    """Yield the marks in the text of a page that may refer to notes, except those that begin a line."""
    for row in (row for region in regions for row in region):
        for number, word in enumerate(row):
            if number and (raised := _RAISED_MARK.findall(word.text)):
                yield from raised
            elif (sign := _SIGNED.search(word.text)) and (number or len(sign[0]) < len(word.text)):
                yield sign[0]


def _mark(row: Row, marks: set[str]) -> str:
    """The mark with which a row begins, if it is raised or refers to one in the text; empty if there is none."""
    match = _BEGINS.match(row[0].text)
    if match is None or (len(row) == 1 and match[0] == row[0].text):
        return ""
    mark = match[1] or match[2].translate(RAISED)
    return mark if (mark[0] in SUPERSCRIPTS and match[1]) or mark in marks else ""


def _foot(
    region: list[Row], rules: Sequence[Rule], body: float, marks: set[str], may_go_on: bool, is_open: bool
) -> int:
    """The first row of the notes at the foot of a column; the number of rows if there are none."""
    below_rules = sorted(set(_below_rules(region, rules)))
    small = len(region)
    while small and line_of(region[small - 1]).size <= _SMALLER * body:
        small -= 1
    if not below_rules and small == len(region):
        return len(region)
    after_tables = max((end for _, end in tables(region)), default=0)
    usual = small  # the first row of those at the foot that are not larger than the text
    while usual and line_of(region[usual - 1]).size <= _USUAL * body:
        usual -= 1
    for first in below_rules:
        below = region[first:]
        if first >= max(after_tables, usual):
            goes_on = small <= first or (is_open and below[0][0].text[0].islower())
            if _mark(below[0], marks) or (may_go_on and goes_on):
                return first
    if small and small < len(region) and _is_heading(region[small - 1], body):
        return len(region)
    first = max(small, after_tables)
    if is_open and first < len(region) and (first or len(marks)) and not _mark(region[first], marks):
        return first
    return next((n for n in range(first, len(region)) if _mark(region[n], marks)), len(region))


def _is_heading(row: Row, body: float) -> bool:
    return line_of(row).size > 1.05 * body or all(word.bold for word in row)


def _below_rules(region: list[Row], rules: Sequence[Rule]) -> Iterator[int]:
    """Yield the first row below each short rule at the left edge of a column."""
    if not region:
        return
    left, right = min(row[0].x0 for row in region), max(row[-1].x1 for row in region)
    heights = [-row[0].y for row in region]
    for rule in rules:
        if abs(rule.x0 - left) < region[0][0].size and rule.x1 - rule.x0 < _RULE_WIDTH * (right - left):
            first = bisect_right(heights, -rule.y)
            if first < len(region):
                yield first


def with_notes(pieces: Sequence[Piece], notes: Sequence[Note]) -> list[Piece]:
    """The pieces with each note after the one that has its mark; after those that begin on its page if none has."""
    starts = [piece.page for piece in pieces]
    after: dict[int, list[Piece]] = defaultdict(list)
    counts: Counter[int] = Counter()
    for note in notes:
        counts[note.page] += 1
        # The last piece that begins on an earlier page may go on here.
        among = range(max(0, bisect_left(starts, note.page) - 1), bisect_right(starts, note.page))
        if note.top is not None:
            after[_beside(pieces, among, note.page, note.top)].append(note.piece())
            continue
        after[_place(pieces, among, note.mark if counts[note.page] <= _MAX_NOTES else "")].append(note.piece())
    result = list(after[-1])
    for number, piece in enumerate(pieces):
        result += [piece, *after[number]]
    return result


def _beside(pieces: Sequence[Piece], among: range, page: int, top: float) -> int:
    """The last piece that begins on an earlier page, or on this one above a height."""
    above = [n for n in among if pieces[n].page < page or pieces[n].top >= top - 0.5 * pieces[n].size]
    return above[-1] if above else among.start - 1


def _place(pieces: Sequence[Piece], among: range, mark: str) -> int:
    """The last piece that has a mark, since authors have marks too; else the last one.

    A raised number that is no exponent is a word of its own.
    """
    patterns = []
    if mark:
        alone = rf"(?<![{SUPERSCRIPTS}{SIGNS}]){re.escape(mark)}(?![{SUPERSCRIPTS}{SIGNS}])"
        patterns = [rf"(?<=\s){alone}", rf"(?<=\S){alone}", alone]
    for pattern in patterns:
        for number in reversed(among):
            piece = pieces[number]
            if any(re.search(pattern, text) for text in (*piece.lines, *(c for row in piece.rows for c in row))):
                return number
    return among[-1] if among else -1
