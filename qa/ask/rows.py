"""Reads a row of a table as a person does: each cell under the name of its column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..text.cells import cell_spans
from ..text.document import Span
from ..text.passage import MORE_COLUMNS


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


@dataclass(frozen=True, slots=True)
class TableRow:
    """A quoted row as it is shown under the header of its table.

    There is a cell for each of the `columns`, literal and with its span in the document, empty where the row has none.
    `asked` is the number of the cell that answers, if that is known.
    """

    columns: tuple[str, ...]
    cells: tuple[str, ...]
    spans: tuple[Span, ...]
    asked: int | None = None

    def shown(self, most: int) -> list[int]:
        """The numbers of the columns to show if `most` fit.

        Of more, these are the first, which labels the row, and the asked one between its neighbours, if that is known.
        """
        every = range(len(self.columns))
        if len(every) <= most or self.asked is None:
            return [*every[:most]]
        return sorted({0, *every[max(0, self.asked - 1) : self.asked + 2]})

    def as_json(self) -> dict[str, Any]:
        """The `row` of a quotation in `qa ask --json`."""
        return {
            "columns": list(self.columns),
            "cells": [
                {"text": text, "start": span.start, "end": span.end}
                for text, span in zip(self.cells, self.spans, strict=True)
            ],
            "asked": self.asked,
        }


def is_row(text: str) -> bool:
    """Whether a sentence is a row of a table: cells between bars or tabs."""
    return "|" in text or "\t" in text


def is_barred(lines: Sequence[str]) -> bool:
    """Whether the rows of a table have bars around them, too: then these are not empty cells."""
    return bool(lines) and all(_outer(cell_spans(line)) == (True, True) for line in lines)


def row_under(header: str, row: str, barred: bool | None = None, part: Span | None = None) -> Row:
    """A row with the names of its columns. If there are fewer names than cells, the first cells have none.

    `barred` is `is_barred` of its table. If only a `part` of the row is wanted, its cells are those in the part, and
    their spans are of the part.
    """
    names, own = _aligned(header, row, barred)
    names = [""] * (len(own) - len(names)) + names
    part = part or Span(0, len(row))
    text, cells = "", list[Cell]()
    for name, whole in zip(names, own, strict=False):
        cell = Span(max(whole.start, part.start), min(whole.end, part.end))
        if value := cell.of(row):
            text += ("; " if text else "") + (f"{name}: " if name else "")
            span = Span(cell.start - part.start, cell.end - part.start)
            cells.append(Cell(name, value, Span(len(text), len(text) + len(value)), span))
            text += value
    return Row(text, tuple(cells))


def table_row(header: str, row: str, start: int, barred: bool | None = None, begins: bool = True) -> TableRow | None:
    """The row that begins at `start` of the document under its header; None if its columns are not certain.

    They are not if the row has more cells than the header has names, or has fewer and may be the end of a longer one,
    because it does not certainly begin (`begins`) where it is cut.
    """
    names, own = _aligned(header, row, barred)
    if not own or not any(names) or len(own) > len(names) or (len(own) < len(names) and not begins):
        return None
    own += [Span(len(row), len(row))] * (len(names) - len(own))
    spans = (Span(start + cell.start, start + cell.end) for cell in own)
    return TableRow(tuple(names), tuple(cell.of(row) for cell in own), tuple(spans))


def names_in(header: str) -> tuple[str, ...]:
    """The names in a header, as a passage repeats it."""
    return tuple(span.of(header) for span in cell_spans(header))


def _aligned(header: str, row: str, barred: bool | None) -> tuple[list[str], list[Span]]:
    """The names in a header and the cells of a row below it, empty ones included, but not what is around outer bars."""
    names, cells = [span.of(header) for span in cell_spans(header)], cell_spans(row)
    first, last = _outer(cells)
    is_barred = barred or (barred is None and first and last)
    own = cells[first : len(cells) - last] if is_barred else cells
    begins, ends = header.lstrip().startswith("|") and len(names) > 1, header.endswith("|") and len(names) > 1
    if (begins and ends and len(names) != len(own)) or (is_barred and begins and header.startswith("|")):
        names = names[1 : len(names) - ends]
    if names[-1] == MORE_COLUMNS:
        names = [*names[:-1], *[""] * (len(own) - len(names) + 1)]
    if first and not is_barred and len(own) == len(names) + 1:
        own = own[1:]  # a bar before the first cell alone
    return names, own


def _outer(cells: Sequence[Span]) -> tuple[bool, bool]:
    """Whether a row begins, and whether it ends, with a bar."""
    return (len(cells) > 1 and not len(cells[0]), len(cells) > 1 and not len(cells[-1]))
