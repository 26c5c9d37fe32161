"""Groups the rows of columns into paragraphs, list items and tables, and joins words hyphenated at line ends."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median
from typing import Literal

from .justified import justified
from .layout import CELL_GAP, Row, Word

_BULLET = re.compile(r"[•‣◦●○■▪□▫◆➢➤✓✔·∙*–—-]\Z")
_BOX = re.compile(r"[☐☑☒]\Z")  # has a meaning: kept as part of its item
_NUMBER = re.compile(r"(?:\(?\d{1,3}[.)]|\(?[a-z][.)]|\([ivx]{1,5}\))\Z")
CLOSED = re.compile(r"[.!?…:;][\"'”’)\]]*\Z")
_LEADERS = re.compile(r"(?:\s?[.·_]){5,}\s?")  # dot leaders in a table of contents
_PREFIX = re.compile(r"(?:cross|half|high|long|low|mid|non|self|semi|short|well)\Z")  # these keep their hyphen
_HYPHENS = ("-", "\u2010", "\u00ad", "—")
_CAPTION = re.compile(r"(?:figure|fig\.|table|tab\.|abbildung|abb\.|tabelle|tableau|figura|tabla)\s\d", re.IGNORECASE)
_MAX_FLOATING = 8  # pieces that may stand in the middle of a sentence
_UNITS = frozenset("$€£¥")


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a column, with the size and weight of most of its characters."""

    words: tuple[Word, ...]
    x0: float
    x1: float
    y: float
    size: float
    bold: bool

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)


@dataclass(frozen=True, slots=True)
class Piece:
    """A paragraph, list item, table or note; `mark` is an item's bullet or number.

    `rows` are the cells of a table, `begins` the indices of those with which a page begins, `left` is its left
    edge. `top` is the height at which it begins, in points.
    """

    kind: Literal["paragraph", "item", "table", "note"]
    page: int
    size: float
    bold: bool = False
    lines: tuple[str, ...] = ()
    mark: str = ""
    rows: tuple[tuple[str, ...], ...] = ()
    begins: tuple[int, ...] = ()
    left: float = 0.0
    top: float = 0.0


def leading(regions: Sequence[list[Row]]) -> float:
    """The usual distance of lines in a paragraph, in font sizes: the lower quartile, since many gaps are larger."""
    steps = sorted(
        (above[0].y - below[0].y) / below[0].size
        for rows in regions
        for above, below in pairwise(rows)
        if abs(above[0].size - below[0].size) < 0.5 and 0 < above[0].y - below[0].y < 3 * below[0].size
    )
    return steps[len(steps) // 4] if len(steps) > 3 else 1.2


def pieces(rows: list[Row], page: int, usual: float, goes_on: bool = False) -> list[Piece]:
    """The paragraphs, items and tables of one region; `usual` is the leading to assume in a short region.

    If a table may go on at the top, a single row is one.
    """
    found = tables(rows, goes_on)
    inside = {n for first, last in found for n in range(first, last)}
    lines = {n: line_of(row) for n, row in enumerate(rows) if n not in inside}
    rights = sorted(line.x1 for line in lines.values())
    right = rights[9 * len(rights) // 10] if rights else 0.0
    step = leading([rows]) if len(rows) > 8 else usual
    result: list[Piece] = []
    group: list[Line] = []
    ends = dict(found)
    for number in range(len(rows) + 1):
        line = lines.get(number)
        if group and (line is None or _breaks(group, line, lines.get(number + 1), right, step)):
            result.append(_piece(group, page))
            group = []
        if line is not None:
            group.append(line)
        if number in ends:
            result.append(_table(rows[number : ends[number]], page))
    return result


def line_of(row: Row) -> Line:
    """A row as a line."""
    sizes: Counter[float] = Counter()
    for word in row:
        sizes[round(word.size, 1)] += len(word.text)
    size = sizes.most_common(1)[0][0]
    bold = sum(len(word.text) for word in row if word.bold) >= 0.9 * sum(len(word.text) for word in row)
    y = median(word.y for word in row)
    return Line(tuple(row[::-1] if is_to_left(row) else row), row[0].x0, max(word.x1 for word in row), y, size, bold)


def is_to_left(row: Row) -> bool:
    """Whether most words of the row are written from right to left."""
    return 2 * sum(unicodedata.bidirectional(word.text[0]) in ("R", "AL") for word in row) > len(row)


def _mark(line: Line) -> str:
    first, *rest = line.words
    if not rest:
        return ""
    is_round = first.text == "o" and rest[0].x0 - first.x1 > 0.6 * first.size  # a bullet of word processors
    matches = is_round or any(pattern.match(first.text) for pattern in (_BULLET, _BOX, _NUMBER))
    return first.text if matches else ""


def _breaks(group: list[Line], line: Line, following: Line | None, right: float, step: float) -> bool:
    """Whether a new piece begins at `line`, judged by distance, size, mark, indent, or a short line before it."""
    last, size = group[-1], line.size
    if last.y - line.y > 1.28 * step * size or abs(last.size - size) > 0.08 * max(last.size, size) or _mark(line):
        return True
    first_word = line.words[0]
    fits = last.x1 + 0.3 * size + first_word.x1 - first_word.x0 < right - 0.5 * size
    if last.bold != line.bold and (fits or CLOSED.search(last.text) or abs(last.x0 - line.x0) > 2 * size):
        return True
    if _mark(group[0]):
        hangs = len(group) > 1 and group[1].x0 > group[0].x0 + 0.8 * size
        if line.x0 < group[0].x0 - 0.5 * size or (hangs and line.x0 < group[1].x0 - 0.5 * size):
            return True
    elif line.x0 - last.x0 > 0.8 * size and (following is None or line.x0 - following.x0 > 0.8 * size):
        is_centred = abs(line.x0 + line.x1 - last.x0 - last.x1) < size
        if not is_centred and (len(group) > 1 or last.x0 <= line.x0):
            return True
    starts = line.text[0]
    return fits and not starts.islower() and bool(CLOSED.search(last.text)) and not last.bold


def _piece(group: list[Line], page: int) -> Piece:
    mark = _mark(group[0])
    bold = all(line.bold for line in group)
    texts = [_LEADERS.sub(" … ", line.text) for line in group]
    if not mark:
        return Piece("paragraph", page, group[0].size, bold, tuple(texts), top=group[0].y)
    if not _BOX.match(mark):
        texts[0] = texts[0][len(mark) :].lstrip()
    return Piece("item", page, group[0].size, bold, tuple(texts), "" if _BOX.match(mark) else mark, top=group[0].y)


def _gaps(row: Row) -> list[tuple[float, float]]:
    gaps = [(one.x1, two.x0) for one, two in pairwise(row) if two.x0 - one.x1 > CELL_GAP * two.size]
    is_after_mark = bool(gaps) and gaps[0][0] == row[0].x1 and bool(_mark(line_of(row)))
    return gaps[1:] if is_after_mark else gaps


def tables(rows: list[Row], goes_on: bool = False) -> list[tuple[int, int]]:
    """The tables, as (first row, row after the last): rows with wide gaps that recur in neighbouring rows.

    If a table may go on at the top, a single row with a wide gap is one.
    """
    text = justified(rows)
    gaps = [[] if number in text else _gaps(row) for number, row in enumerate(rows)]
    width = max((row[-1].x1 for row in rows), default=0.0) - min((row[0].x0 for row in rows), default=0.0)
    runs: list[list[int]] = []
    for number in range(len(rows)):
        if not gaps[number]:
            continue
        above = runs[-1][-1] if runs else number
        if runs and above < number and _linked(rows, gaps, above, number, width):
            runs[-1].append(number)
        else:
            runs.append([number])
    wide = [run for run in runs if len(run) > 2 or (len(run) == 2 and all(_is_wide(gaps[n], rows[n]) for n in run))]
    if goes_on and runs and runs[0][0] == 0 and runs[0] not in wide and _is_wide(gaps[0], rows[0]):
        wide.insert(0, runs[0])
    return [(run[0], run[-1] + 1) for run in wide]


def _is_wide(gaps: list[tuple[float, float]], row: Row) -> bool:
    return any(end - start > 2 * row[0].size for start, end in gaps)


def _linked(rows: list[Row], gaps: list[list[tuple[float, float]]], above: int, below: int, width: float) -> bool:
    between = rows[above + 1 : below]
    size = rows[below][0].size
    if len(between) > 3 or any(row[-1].x1 - row[0].x0 > 0.6 * width or len(row) > 12 for row in between):
        return False
    if any(one[0].y - two[0].y > 3.6 * size for one, two in pairwise(rows[above : below + 1])):
        return False
    return any(min(a[1], b[1]) - max(a[0], b[0]) > 0.8 * size for a in gaps[above] for b in gaps[below])


def _table(rows: list[Row], page: int) -> Piece:
    strips = _strips(rows)
    size = median(row[0].size for row in rows)
    cells: list[tuple[str, ...]] = []
    for row in rows:
        words_of_cells = [[row[0].text]]
        for one, two in pairwise(row):
            cut = any(min(end, two.x0) - max(start, one.x1) > 0.8 * (end - start) for start, end in strips)
            cut = cut or two.x0 - one.x1 > 1.5 * size or two.text in _UNITS
            if cut and one.text not in _UNITS and two.text not in {"%", ")", ")%"}:
                words_of_cells.append([])
            words_of_cells[-1].append(two.text)
        cells.append(tuple(" ".join(cell) for cell in words_of_cells))
    return Piece("table", page, size, rows=tuple(cells), left=min(row[0].x0 for row in rows), top=rows[0][0].y)


def _strips(rows: list[Row]) -> list[tuple[float, float]]:
    """The vertical white strips of a table, which a few rows may cross (headings that span columns)."""
    left, right = min(row[0].x0 for row in rows), max(row[-1].x1 for row in rows)
    several = [row for row in rows if _gaps(row)]
    size = median(row[0].size for row in rows)
    covered = [0] * (int(right - left) + 2)
    for row in several:
        for point in {
            p for w in row for p in range(int(w.x0 - left), max(0, min(int(w.x1 - left), len(covered) - 1)) + 1)
        }:
            covered[point] += 1
    most = 0.15 * len(several)
    strips: list[tuple[float, float]] = []
    start: int | None = None
    for point, count in enumerate(covered):
        if count <= most:
            start = point if start is None else start
        elif start is not None:
            if point - start >= (0.4 if len(several) > 3 else CELL_GAP) * size:
                strips.append((left + start, left + point))
            start = None
    return strips


def joined(lines: Sequence[str], known: frozenset[str]) -> str:
    """Join lines into one text, and words that were hyphenated at a line end; `known` are the words of the document."""
    text = ""
    for line in lines:
        if not text or not text.endswith(_HYPHENS) or not line[:1].isalpha():
            text += (" " if text else "") + line
        elif text.endswith("—"):
            text += line
        else:
            text = _join_hyphenated(text, line, known)
    return text.replace("\u00ad", "")


def _join_hyphenated(text: str, line: str, known: frozenset[str]) -> str:
    head = text[:-1].rsplit(None, 1)[-1] if text[:-1].strip() else ""
    tail = line.split(None, 1)[0]
    plain, hyphened = (_bare(word) for word in (head + tail, f"{head}-{tail}"))
    if text.endswith("\u00ad") or (line[0].islower() and plain in known):
        return text[:-1] + line
    if not line[0].islower() or not head[-1:].isalpha() or hyphened in known:
        return text + line
    return text + line if _PREFIX.match(head.rsplit("-", 1)[-1].casefold()) else text[:-1] + line


def _bare(word: str) -> str:
    return word.strip("\"'“”‘’()[].,;:!?").casefold()


def vocabulary(pages: Sequence[list[Row]]) -> frozenset[str]:
    """The words of a document, except those at line ends, which may be hyphenated."""
    return frozenset(_bare(word.text) for rows in pages for row in rows for word in row[:-1])


def flowing(pieces: Sequence[Piece]) -> list[Piece]:
    """Join pieces of neighbouring columns and pages if a sentence goes on, also around tables and captions."""
    result: list[Piece] = []
    for piece in pieces:
        at = len(result) - 1
        least = at - _MAX_FLOATING
        while at > least and at >= 0 and _floats(result[at]):
            at -= 1
        if at >= 0 and _continues(result[at], piece) and (at == len(result) - 1 or _is_overleaf(result[at], piece)):
            result[at] = replace(result[at], lines=(*result[at].lines, *piece.lines))
        else:
            result.append(piece)
    return result


def _floats(between: Piece) -> bool:
    """Whether a piece may stand in the middle of a sentence that goes on in another, as a table and its caption may."""
    if between.kind == "table":
        return True
    return between.kind == "paragraph" and bool(_CAPTION.match(between.lines[0]))


def _is_overleaf(last: Piece, piece: Piece) -> bool:
    """Whether two pieces are lines of prose on different pages."""
    is_prose = len(last.lines) > 1 and min(len(lines.split()) for lines in (last.lines[-1], piece.lines[0])) > 3
    return last.page < piece.page and is_prose


def _continues(last: Piece, piece: Piece) -> bool:
    if piece.kind != "paragraph" or last.kind in ("table", "note") or not piece.lines[0][:1].islower():
        return False
    same_style = last.bold == piece.bold and abs(last.size - piece.size) < 0.08 * piece.size
    return same_style and not CLOSED.search(last.lines[-1])
