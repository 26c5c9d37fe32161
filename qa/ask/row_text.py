"""Writes the row of a table for a terminal: aligned under its header, or as one `column: cell` line for each cell."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from textwrap import wrap

from .rows import TableRow

WIDTH = 80
MOST_COLUMNS = 8  # that are shown at once
_GAP = "  "
LONGEST_CELL = 240  # characters of a cell that was not asked for
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_STRONG = re.compile(r"([*_]{2}|[*`])(.+)\1")
Mark = Callable[[str], str]


def cell_text(literal: str) -> str:
    """A cell as it is shown: without the marks that Markdown needs around it and before its bars."""
    text = " ".join(_BREAK.sub(" ", literal.replace("\\|", "|")).split())
    while (strong := _STRONG.fullmatch(text)) and strong[1] not in strong[2]:
        text = strong[2]
    return text


def row_lines(row: TableRow, mark: Mark, most: int = MOST_COLUMNS) -> list[str]:
    """The lines that show a row, at most WIDTH wide unless a word is longer; `mark` marks the cell that answers."""
    numbers = row.shown(most)
    names = [cell_text(row.columns[number]) for number in numbers]
    cells = [_shortened(cell_text(row.cells[number]), number == row.asked) for number in numbers]
    marked = [number == row.asked for number in numbers]
    lines = _aligned(names, cells, marked, mark) or _pairs(names, cells, marked, mark)
    left_out = len(row.columns) - len(numbers)
    return [*lines, *([f"… and {left_out} more columns"] if left_out else [])]


def pairs_of(row: TableRow) -> str:
    """A row in one line, as `column: cell; column: cell`: for where it cannot be drawn."""
    pairs = ((cell_text(name), cell_text(cell)) for name, cell in zip(row.columns, row.cells, strict=True))
    return "; ".join(f"{name}: {cell}" if name else cell for name, cell in pairs if cell)


def _aligned(names: Sequence[str], cells: Sequence[str], marked: Sequence[bool], mark: Mark) -> list[str]:
    """Header, rule and row in columns; empty if they are wider than WIDTH."""
    widths = [max(_width(name), _width(cell), 1) for name, cell in zip(names, cells, strict=True)]
    if sum(widths) + len(_GAP) * (len(widths) - 1) > WIDTH:
        return []
    padding = [" " * (width - _width(cell)) for width, cell in zip(widths, cells, strict=True)]
    shown = [mark(cell) if is_marked and cell else cell for cell, is_marked in zip(cells, marked, strict=True)]
    header = _GAP.join(name + " " * (width - _width(name)) for name, width in zip(names, widths, strict=True))
    row = _GAP.join(cell + spaces for cell, spaces in zip(shown, padding, strict=True))
    return [header.rstrip(), _GAP.join("-" * width for width in widths), row.rstrip()]


def _pairs(names: Sequence[str], cells: Sequence[str], marked: Sequence[bool], mark: Mark) -> list[str]:
    """One line for each cell that is not empty; the further lines of a long one are indented."""
    lines: list[str] = []
    for name, cell, is_marked in zip(names, cells, marked, strict=True):
        if cell:
            label = f"{name}: " if name else ""
            first, *further = wrap(label + cell, WIDTH, subsequent_indent=_GAP, break_on_hyphens=False)
            if is_marked:
                begin = min(len(label), len(first))
                first = first[:begin] + (mark(first[begin:]) if first[begin:] else "")
                further = [_GAP + mark(line.strip()) for line in further]
            lines += [first, *further]
    return lines


def _shortened(cell: str, is_asked: bool) -> str:
    if is_asked or len(cell) <= LONGEST_CELL:
        return cell
    return f"{cell[:LONGEST_CELL].rsplit(' ', 1)[0]} …"


def _width(text: str) -> int:
    """The columns of a terminal that a text takes."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
