"""Reads the blocks of an article that is not Markdown, as its parser found them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...formats.pictures import PlacedPicture
from ...text.document import Block, Document, Span
from .events import Event, Picture, Text, element, heading_tag
from .loose import loose, rest
from .tables import items, table


def blocks(document: Document, window: Span, pictures: Sequence[PlacedPicture] = ()) -> Iterator[Event]:
    """The events of what stands in a window of an article, its pictures between; long blocks are cut at their parts."""
    at, is_last = window.start, window.end == len(document.text)
    for picture in pictures:
        if window.start <= picture.at < window.end or (is_last and picture.at == window.end):
            yield from _between(document, Span(at, picture.at))
            yield from element("p", Picture(picture.address, picture.words))
            at = picture.at
    yield from _between(document, Span(at, window.end))


def _between(document: Document, window: Span) -> Iterator[Event]:
    """The events of a part of an article without pictures."""
    text, at = document.text, window.start
    for start, end, block in sorted(_places(document, window), key=lambda place: place[:2]):
        if end <= at:
            continue
        yield from loose(document.path, text, Span(at, max(at, start)))
        start = max(start, at)
        if isinstance(block, Block):
            yield from _block(text, block, Span(start, end))
        else:
            yield from element(heading_tag(block), Text(Span(start, end)))
        at = end
    yield from loose(document.path, text, Span(at, window.end))


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
