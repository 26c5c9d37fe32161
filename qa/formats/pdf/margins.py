"""Takes apart what interrupts the text of a page: line numbers, notes in the margin, watermarks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from .layout import GUTTER, Word, rows_of

_INTEGER = re.compile(r"\d{1,5}\Z")
_SMALLER = 0.93  # times the usual size: the letters of notes in a margin
_WATERMARK = 2.5  # times the usual size
_COVERED = 3  # the fewest words that a watermark stands on
_FEW = 33  # the share of words, as one in so many, that may stand beside the text though they are as large
_MAX_LARGE = 40  # words of a page that may be watermarks
_LEAST_NUMBERS, _MOST_NUMBERS, _STEPS = 4, 500, (1, 2, 5, 10)  # of lines
_MAX_WIDE, _LEAST_FULL = 0.3, 0.5  # the shares of lines of prose that have wide gaps, and that are full
_CODE_ENDS = (";", "{", "}")  # of lines of code, which keep their numbers
_RAGGED = 0.2  # of the width, by which a full line may be shorter


def apart(words: Sequence[Word]) -> tuple[list[Word], list[list[Word]]]:
    """The words of a page without line numbers and watermarks, and those of the notes in its left and right margin."""
    usual = Counter(round(2 * word.size) for word in words).most_common(1)
    if not usual:
        return list(words), []
    size = usual[0][0] / 2
    kept = _without_watermarks(words, size)
    block = [word for word in kept if word.size > _SMALLER * size and not _INTEGER.match(word.text)]
    if not block:
        return kept, []
    lefts, rights = sorted(word.x0 for word in block), sorted(word.x1 for word in block)
    few = len(block) // _FEW
    left, right = lefts[few], rights[-1 - few]
    kept = _without_numbers(kept, block, left, right)
    sides = []
    for is_left in (True, False):
        side = _side(kept, block, size, left - size / 2 if is_left else right + size / 2, is_left)
        if side:
            sides.append(side)
            taken = set(map(id, side))
            kept = [word for word in kept if id(word) not in taken]
    return kept, sides


def _without_watermarks(words: Sequence[Word], size: float) -> list[Word]:
    """The words without large ones on which several others stand."""
    large = [word for word in words if word.size > _WATERMARK * size and len(word.text) > 1][:_MAX_LARGE]
    marks = {
        id(mark)
        for mark in large
        if sum(mark.x0 < word.x1 and word.x0 < mark.x1 and _is_across(mark, word) for word in words) >= _COVERED
    }
    return [word for word in words if id(word) not in marks]


def _is_across(mark: Word, word: Word) -> bool:
    inner = 0.2 * mark.size
    return word.size < mark.size / 2 and mark.y + inner < (word.y + word.top) / 2 < mark.top - inner


def _without_numbers(words: list[Word], block: Sequence[Word], left: float, right: float) -> list[Word]:
    """The words without the numbers of lines of prose, in steps of one or five, left or right of the text."""
    integers = [word for word in words if _INTEGER.match(word.text)]
    if len(integers) < _LEAST_NUMBERS:
        return words
    sides = (
        [word for word in integers if left - word.x1 > 0.8 * word.size],
        [word for word in integers if word.x0 - right > 0.8 * word.size],
    )
    dropped = {id(word) for side in sides if _counts_lines(side, block, left, right) for word in side}
    return [word for word in words if id(word) not in dropped] if dropped else words


def _counts_lines(side: Sequence[Word], block: Sequence[Word], left: float, right: float) -> bool:
    """Whether numbers rise evenly, with each line of the page or a few of them, of which most are full."""
    if not _LEAST_NUMBERS <= len(side) <= _MOST_NUMBERS:
        return False
    numbers = sorted(side, key=lambda word: -word.y)
    values = [int(word.text) for word in numbers]
    step, count = Counter(two - one for one, two in pairwise(values)).most_common(1)[0]
    if step not in _STEPS or count < 0.8 * (len(values) - 1):
        return False
    rows = rows_of(block)
    wide = sum(any(two.x0 - one.x1 > GUTTER * two.size for one, two in pairwise(row)) for row in rows)
    code = sum(row[-1].text.endswith(_CODE_ENDS) for row in rows)
    full = sum(row[-1].x1 > right - _RAGGED * (right - left) for row in rows)
    is_each = 0.6 < (values[-1] - values[0] + step) / max(1, len(rows)) < 1.6
    beside = sum(any(abs(row[0].y - number.y) < 0.4 * row[0].size for row in rows) for number in numbers)
    is_each = is_each and beside >= 0.8 * len(numbers)
    return is_each and wide + 2 * code <= _MAX_WIDE * len(rows) and full >= _LEAST_FULL * len(rows)


def _side(words: Sequence[Word], block: Sequence[Word], size: float, edge: float, is_left: bool) -> list[Word]:
    """The smaller words beside the text; none if they belong to lines in letters of their size, as of a wide table."""
    bottom, top = min(word.y for word in block), max(word.y for word in block)
    small = [word for word in words if word.size <= _SMALLER * size]
    side = [word for word in small if (word.x1 < edge if is_left else word.x0 > edge) and bottom < word.y < top]
    if len(side) < 2 or not any(word.text[0].isalpha() for word in side):
        return []
    taken = set(map(id, side))
    rows = [row for row in rows_of(small) if any(id(word) in taken for word in row)]
    mixed = sum(not all(id(word) in taken for word in row) for row in rows)
    return side if mixed <= 0.2 * len(rows) else []
