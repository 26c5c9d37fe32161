"""Reads a row of a table as a person does: each cell under the name of its column."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from ..text.document import Span


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell with the name of its column; `shown` is its span among the pairs, and `span` its own in the row."""

    column: str
    text: str
    shown: Span
    span: Span


@dataclass(frozen=True, slots=True)
class Row:
    """A row whose `text` has its cells as `column: cell` pairs."""

    text: str
    cells: tuple[Cell, ...]

    def cell_at(self, place: int) -> Cell | None:
        """The cell at this place in `text`; None between cells and in the name of a column."""
        return next((cell for cell in self.cells if cell.shown.start <= place < cell.shown.end), None)


def is_row(text: str) -> bool:
    """Whether a sentence is a row of a table: cells between bars or tabs."""
    return "|" in text or "\t" in text


def row_under(header: str, row: str) -> Row:
    """A row with the names of its columns. If there are fewer names than cells, the first cells have none."""
    names = [span.of(header) for span in _cells(header)]
    own = _cells(row)
    names = [""] * (len(own) - len(names)) + names
    text, cells = "", list[Cell]()
    for name, cell in zip(names, own, strict=False):
        if value := cell.of(row):
            text += ("; " if text else "") + (f"{name}: " if name else "")
            cells.append(Cell(name, value, Span(len(text), len(text) + len(value)), cell))
            text += value
    return Row(text, tuple(cells))


def _cells(row: str) -> list[Span]:
    """The cells of a row, trimmed; empty ones included, but not what is outside its outer bars."""
    mark = "|" if "|" in row else "\t"
    ends = [match.start() for match in re.finditer(re.escape(mark), row)]
    spans = [Span(start + 1, end).trimmed(row) for start, end in pairwise([-1, *ends, len(row)])]
    first, last = (mark == "|" and not len(spans[end]) for end in (0, -1))
    return spans[first : len(spans) - last]
