"""Finds the cells of a row of a table in canonical text: between bars, or between tabs."""

from __future__ import annotations

import re
from itertools import pairwise

from .document import Span

_BAR = re.compile(r"(?<!\\)\|")  # not the escaped bar of a cell
_TAB = re.compile(r"\t")


def cell_spans(row: str) -> list[Span]:
    """The parts of a row between its bars, or its tabs if it has none, trimmed."""
    mark = _BAR if _BAR.search(row) else _TAB
    ends = [match.start() for match in mark.finditer(row)]
    return [Span(start + 1, end).trimmed(row) for start, end in pairwise([-1, *ends, len(row)])]
