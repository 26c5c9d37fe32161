"""Reads the blocks of an article that is not Markdown, as its parser found them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...text.cells import cell_spans
from ...text.document import Block, Document, Span
from .events import Close, Event, Open, Text, element
from .markdown import HIGHEST

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
            yield from _block(text, block, Span(start, end), window)
        else:
            level = min(block + HIGHEST - 1, 6)
            yield from element(f"h{level}", Text(Span(start, end)))
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


def _block(text: str, block: Block, span: Span, window: Span) -> Iterator[Event]:
    parts = [Span(max(part.start, span.start), min(part.end, span.end)) for part in block.parts]
    parts = [part for part in parts if len(part)]
    if block.kind == "code":
        yield from element("pre", Text(span.trimmed(text)))
    elif block.kind == "table" and parts:
        yield Open("table")
        for part in parts:
            yield from table_row(text, part, is_header=block.header is not None and part.start == block.header.start)
        yield Close("table")
    elif block.kind == "list" and parts:
        yield Open("ul")
        for part in parts:
            yield from list_item(text, part)
        yield Close("ul")
    else:
        yield from rest(text, span)


def table_row(text: str, row: Span, is_header: bool = False) -> Iterator[Event]:
    """A row with its cells; a bar in a cell is shown without the sign before it."""
    row = row.trimmed(text)
    cells = cell_spans(row.of(text))
    yield Open("tr")
    for cell in cells:
        span = Span(row.start + cell.start, row.start + cell.end)
        yield from element("th" if is_header else "td", *_cell(text, span))
    yield Close("tr")


def list_item(text: str, item: Span) -> Iterator[Event]:
    """An item; its sign is drawn by the browser, and its number is part of its text."""
    item = item.trimmed(text)
    bullet = _BULLET.match(text, item.start, item.end)
    if bullet:
        yield from element("li", Text(Span(bullet.end(), item.end)))
    else:
        yield from element("li", Text(item), class_="qa-unmarked")


def _cell(text: str, cell: Span) -> Iterator[Event]:
    at = cell.start
    for bar in _BAR.finditer(text, cell.start, cell.end):
        if at < bar.start():
            yield Text(Span(at, bar.start()))
        yield Text(Span(*bar.span()), "|")
        at = bar.end()
    if at < cell.end:
        yield Text(Span(at, cell.end))
