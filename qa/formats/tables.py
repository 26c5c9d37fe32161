"""Writes the tables of all formats: finds the row that names the columns, and fills merged cells into each row."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from typing import TypeVar

from .builder import TextBuilder

Rows = Sequence[Sequence[str]]
_Cell = TypeVar("_Cell")

_SAMPLE = 200  # rows below a possible header that are compared with it
_MAX_NAME = 80  # characters of a column's name
_LABEL_WORDS = 5
_MAX_SPAN = 1_000  # rows or columns of one cell
_MAX_COPIES, _MAX_CHARACTERS = 20_000, 1_000_000  # added to one table: a large span takes a few bytes of a file
# Words that are values: nobody names a column "closed" or "Tuesday".
_VALUES = frozenset({"closed", "open", "yes", "no", "none", "free", "true", "false", "n/a", "na", "-", "–", "—", "x"})
_DAY = re.compile(
    r"(?:mon|tues?|wed|thur?s?|fri|sat|sun)\.?|(?:mon|tues|wednes|thurs|fri|satur|sun)days?"
    r"|(?:mon|diens|donners|frei|sams|sonn)tags?|mittwochs?",
    re.IGNORECASE,
)
# A number with its sign, currency and unit, a date or time, a percentage; an address of a page or a person.
_VALUE = re.compile(r"[^\w\s]{0,3}\s?(?:[A-Z]{3}\s)?[-+−]?\d.*|\S+@\S+\.\w+|(?:https?://|www\.)\S+", re.DOTALL)
_YEAR = re.compile(r"(?:19|20)\d\d")
_ENDS_SENTENCE = re.compile(r"\w\w[.!]$")
_DIGIT, _LETTER, _SPACE, _WORD = (
    re.compile(r"\d"),
    re.compile(r"[^\W\d_]"),
    re.compile(r"\s+"),
    re.compile(r"[^\W\d_]{4}"),
)


def write_table(builder: TextBuilder, rows: Rows, heads: int | None = None, labelled: bool = False) -> None:
    """Write a table of cells. `heads` is the number of rows that name its columns, None if the file does not say.

    Of several such rows, the names in each column are joined. A table of two columns that are names and values, because
    it is `labelled` in its first column or has no header, is written as one `name: value` line for each row.
    """
    rows = [row for row in map(_trimmed, rows) if row]
    if heads is None:
        heads = int(bool(has_header(rows)))
    if heads >= len(rows):
        heads = 0
    if heads > 1:
        rows = [_joined(rows[:heads]), *rows[heads:]]
    if not heads and _is_pairs(rows, labelled):
        builder.lines([_pair(row) for row in rows])
    else:
        builder.table(rows, has_header=heads > 0)


def filled(
    rows: Sequence[Sequence[tuple[_Cell, int, int]]], length: Callable[[_Cell], int] = lambda _: 0
) -> list[list[_Cell]]:
    """The rows with each cell in all rows and columns that it spans; a row that is one wide cell keeps one.

    A cell is given with the number of rows and of columns that it spans. Beyond a limit on the cells that are added,
    and on their length, cells are not repeated.
    """
    copies, characters = _MAX_COPIES, _MAX_CHARACTERS
    from_above: dict[int, tuple[_Cell, int]] = {}  # by column: the cell, and for how many rows it is still there
    result = []
    for row in rows:
        cells: list[_Cell] = []
        below: dict[int, tuple[_Cell, int]] = {}
        for cell, spanned, is_new in _across(row, from_above):
            copies, characters = copies - (not is_new), characters - (0 if is_new else length(cell))
            if is_new or (copies > 0 and characters > 0):
                if spanned > 1:
                    below[len(cells)] = cell, spanned - 1
                cells.append(cell)
        from_above = below
        result.append(cells)
    return result


def _across(
    row: Sequence[tuple[_Cell, int, int]], from_above: dict[int, tuple[_Cell, int]]
) -> Iterator[tuple[_Cell, int, bool]]:
    """Yield what is in each column of a row: the cell, how many rows it spans from here, whether it is new."""
    column = 0
    is_single = len(row) == 1 and not from_above
    for cell, down, across in row:
        while column in from_above:
            yield *from_above[column], False
            column += 1
        for number in range(1 if is_single else min(max(across, 1), _MAX_SPAN)):
            yield cell, min(max(down, 1), _MAX_SPAN), number == 0
            column += 1
    while column in from_above:
        yield *from_above[column], False
        column += 1


def has_header(rows: Rows) -> bool | None:
    """Whether the first row names the columns; None if nothing tells.

    It does if it consists of short, different texts, and below at least one of them there are values of another kind.
    """
    if len(rows) < 2 or not any(rows[0]):
        return False
    names = [cell.strip() for cell in rows[0]]
    filled = [name for name in names if name]
    body = [[cell.strip() for cell in row] for row in rows[1 : _SAMPLE + 1]]
    years = sum(map(bool, map(_YEAR.fullmatch, filled)))
    if years and years >= len(filled) - 1 and not all(_YEAR.fullmatch(cell) for row in body for cell in row[1:2]):
        return True
    unnamed = sum(not name for name in names[1:])
    if unnamed > len(names) / 3 or len({*map(str.casefold, filled)}) < len(filled):
        return False
    if any(
        (_is_value(name) and not _WORD.search(name)) or len(name) > _MAX_NAME or _ENDS_SENTENCE.search(name)
        for name in filled
    ):
        return False
    below = [[cell for cell in column if cell] for column in zip_longest(*body, fillvalue="")][: len(names)]
    evidence = [_evidence(name, column) for name, column in zip(names, below, strict=False) if name and column]
    total = sum(evidence)
    return None if total == 0 else total > 0


def _evidence(name: str, column: Sequence[str]) -> int:
    """What the cells of a column say of its first one: 1 for a name, -1 for another of the values, 0 for neither."""
    shapes = [_shape(cell) for cell in column]
    alike = sum(shape == _shape(name) for shape in shapes) / len(shapes)
    if _DIGIT.search(name) and alike > 0.5:
        return -1  # K-1001 above K-1002
    if any(cell == name for cell in column):
        return -1
    if sum(map(_is_value, column)) > 0.6 * len(column):
        return 1
    return int(not _DIGIT.search(name) and all(_DIGIT.search(cell) for cell in column))


def _shape(cell: str) -> str:
    """A cell with each digit and letter as one, so that codes of one kind are the same."""
    return _LETTER.sub("a", _DIGIT.sub("0", cell))


def _is_value(cell: str) -> bool:
    return cell.casefold() in _VALUES or any(kind.fullmatch(cell) for kind in (_VALUE, _DAY))


def _trimmed(row: Sequence[str]) -> list[str]:
    """The cells of a row on one line each, without empty ones at its end."""
    cells = [_SPACE.sub(" ", cell).strip() for cell in row]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _joined(rows: Rows) -> list[str]:
    """One name for each column, of several rows of names: a name that spans rows or columns occurs once in each."""
    columns = zip_longest(*rows, fillvalue="")
    return [" ".join(dict.fromkeys(filter(None, column))) for column in columns]


def _is_pairs(rows: Rows, labelled: bool) -> bool:
    """Whether the rows are pairs of cells, the first of which is a short label that no other row has."""
    if labelled:
        return all(len(row) <= 2 for row in rows)
    labels = {row[0] for row in rows if row[0] and len(row[0].split()) <= _LABEL_WORDS}
    return len(rows) > 1 and len(labels) == len(rows) and all(len(row) == 2 for row in rows)


def _pair(row: Sequence[str]) -> str:
    between = ": " if len(row) > 1 and row[0] and not row[0].endswith((":", "?")) else " "
    return between.join(row)
