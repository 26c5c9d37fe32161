"""Tells the lines of justified text, whose wide spaces are no gaps between the cells of a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from .layout import Row

_EDGE = 0.6  # in font sizes: how far a justified line may end from the edge of its column
_SAME = 1.5  # points: edges of the words of a column of a table differ less
_PUNCTUATION = (",", ".", ";", ":", "!", "?")


def justified(rows: Sequence[Row]) -> set[int]:
    """The indices of rows that are lines of justified text.

    They reach from edge to edge, with equal spaces between their words, at other places than those of the lines above
    and below. A line of two words is one only next to others.
    """
    if len(rows) < 2:
        return set()
    edges = [_edges(rows, number) for number in range(len(rows))]
    flush = {n for n, row in enumerate(rows) if len(row) > 1 and _is_flush(row, *edges[n])}
    equal = {n for n in flush if len(rows[n]) > 2 and _has_equal_spaces(rows[n])}
    found = {n for n in equal if not _is_aligned(rows, n)}
    two = {n for n in flush if len(rows[n]) == 2 and not _is_aligned(rows, n)}
    for order in (sorted(two), sorted(two, reverse=True)):
        for number in order:
            if {number - 1, number + 1} & found:
                found.add(number)
    return found


def _edges(rows: Sequence[Row], number: int) -> tuple[float, float]:
    """The left and right edge of most of the lines near this one."""
    near = [row for row in rows[max(0, number - 12) : number + 13] if len(row) > 1]
    lefts, rights = Counter(round(row[0].x0) for row in near), Counter(round(row[-1].x1) for row in near)
    return (float(lefts.most_common(1)[0][0]), float(rights.most_common(1)[0][0])) if near else (0.0, 0.0)


def _is_flush(row: Row, left: float, right: float) -> bool:
    size = row[0].size
    # The first line of a paragraph may be indented.
    return -_EDGE * size < row[0].x0 - left < 3 * size and abs(row[-1].x1 - right) < _EDGE * size


def _has_equal_spaces(row: Row) -> bool:
    """Whether the spaces are equally wide; they may be wider after punctuation."""
    spaces = [(two.x0 - one.x1, one.text.endswith(_PUNCTUATION)) for one, two in pairwise(row)]
    plain = [space for space, is_after in spaces if not is_after] or [space for space, _ in spaces]
    least, most = min(plain), max(plain)
    tolerance = max(0.12 * row[0].size, 0.15 * most)
    return most - least <= tolerance and all(least - tolerance <= space <= 2 * most for space, _ in spaces)


def _is_aligned(rows: Sequence[Row], number: int) -> bool:
    """Whether each space stands beside the same edge as one of the row above or below, as between cells of a table."""
    row = rows[number]
    near = [rows[n] for n in (number - 1, number + 1) if 0 <= n < len(rows) and len(rows[n]) > 1]
    spaces = [(one.x1, two.x0) for one, two in pairwise(row)]
    others = [(one.x1, two.x0) for other in near for one, two in pairwise(other)]
    aligned = sum(any(abs(end - e) < _SAME or abs(start - s) < _SAME for e, s in others) for end, start in spaces)
    return aligned >= 0.7 * len(spaces)
