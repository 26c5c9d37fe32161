"""Reads the rows of a table and the items of a list."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ...text.cells import cell_spans
from ...text.document import Span
from .events import Close, Event, Open, Text, element, replaced

_BULLET = re.compile(r"\s*[-*+•‣◦▪–][ \t]+")
_BAR = re.compile(r"\\\|")


def table(text: str, rows: Sequence[Span], header: Span | None = None) -> Iterator[Event]:
    """A table of these rows."""
    yield Open("table")
    for row in rows:
        yield from _row(text, row, is_header=header is not None and row.start == header.start)
    yield Close("table")


def items(text: str, parts: Sequence[Span]) -> Iterator[Event]:
    """A list of these items."""
    yield Open("ul")
    for part in parts:
        yield from _item(text, part)
    yield Close("ul")


def _row(text: str, row: Span, is_header: bool) -> Iterator[Event]:
    """A row with its cells; a bar in a cell is shown without the sign before it."""
    row = row.trimmed(text)
    cells = cell_spans(row.of(text))
    yield Open("tr")
    for cell in cells:
        span = Span(row.start + cell.start, row.start + cell.end)
        yield from element("th" if is_header else "td", *replaced(text, span, _BAR, lambda _: "|"))
    yield Close("tr")


def _item(text: str, item: Span) -> Iterator[Event]:
    """An item; its sign is drawn by the browser, and its number is part of its text."""
    item = item.trimmed(text)
    bullet = _BULLET.match(text, item.start, item.end)
    if bullet:
        yield from element("li", Text(Span(bullet.end(), item.end)))
    else:
        yield from element("li", Text(item), class_="qa-unmarked")
