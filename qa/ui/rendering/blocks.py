"""Reads the blocks of an article that is not Markdown, as its parser found them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ...text.cells import cell_spans
from ...text.document import Block, Document, Span
from .events import Close, Event, Open, Text, element, heading_tag, replaced

_BULLET = re.compile(r"\s*[-*+•‣◦▪–][ \t]+")
_BAR = re.compile(r"\\\|")


def blocks(document: Document, window: Span) -> Iterator[Event]:
    """The events of what stands in a window of an article; its long blocks are cut at their parts."""
    text, at = document.text, window.start
    for start, end, block in sorted(_places(document, window), key=lambda place: place[:2]):
        if end <= at:
            continue
        yield from rest(text, Span(at, max(at, start)))
        start = max(start, at)
        if isinstance(block, Block):
            yield from _block(text, block, Span(start, end))
        else:
            yield from element(heading_tag(block), Text(Span(start, end)))
        at = end
    yield from rest(text, Span(at, window.end))


def rest(text: str, span: Span) -> Iterator[Event]:
    """Text without any structure, as one paragraph."""
    inner = span.trimmed(text)
    if len(inner):
        yield from element("p", Text(inner), class_="qa-lines")


def _places(document: Document, window: Span) -> Iterator[tuple[int, int, Block | int]]:
    text = document.text
    for section in document.sections:
        if 0 < section.level <= 6 and section.span.start < window.end and section.span.end > window.start:
            end = text.find("\n", section.span.start, section.span.end)
            end = section.span.end if end < 0 else end
            if window.start <= section.span.start < end <= window.end:
                yield section.span.start, end, section.level
    for block in document.blocks:
        if block.span.start < window.end and block.span.end > window.start:
            yield max(block.span.start, window.start), min(block.span.end, window.end), block


def _block(text: str, block: Block, span: Span) -> Iterator[Event]:
    parts = [Span(max(part.start, span.start), min(part.end, span.end)) for part in block.parts]
    parts = [part for part in parts if len(part)]
    if block.kind == "code":
        yield from element("pre", Text(span.trimmed(text)))
    elif block.kind == "table" and parts:
        yield from table(text, parts, block.header)
    elif block.kind == "list" and parts:
        yield from items(text, parts)
    else:
        yield from rest(text, span)


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
