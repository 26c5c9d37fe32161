"""Repeats the merged cells of HTML tables in every row and column that they span, before the article is extracted."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from ..tables import filled

Element = Any  # lxml has no types

_CELLS = ("td", "th")
_MAX_CHARACTERS = 1_000_000  # of a page, that are added


def fill(page: Element) -> None:
    """Repeat the merged cells of all tables that contain no others; extraction would lose how far they span."""
    characters = 0
    for table in page.iter("table"):
        if table.find(".//table") is not None or not table.xpath("boolean(.//*[@rowspan or @colspan])"):
            continue
        rows = [(row, [cell for cell in row if cell.tag in _CELLS]) for row in table.iter("tr")]
        spans = [[(cell, _span(cell, "rowspan"), _span(cell, "colspan")) for cell in cells] for _, cells in rows]
        used: set[Element] = set()
        for (row, cells), full in zip(rows, filled(spans, _length), strict=True):
            for cell in cells:
                row.remove(cell)
            for cell in full:
                is_copy = cell in used
                characters += _length(cell) if is_copy else 0
                if not is_copy or characters < _MAX_CHARACTERS:
                    row.append(deepcopy(cell) if is_copy else cell)
                used.add(cell)


def _span(cell: Element, name: str) -> int:
    """How many rows or columns a cell spans; the attribute is removed."""
    value = str(cell.attrib.pop(name, ""))
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 6 else 1


def _length(cell: Element) -> int:
    return sum(map(len, cell.itertext()))
