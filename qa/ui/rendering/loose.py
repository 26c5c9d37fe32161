"""Reads text whose blocks are not known: an article as the index keeps it, or what stands between its blocks.

Its paragraphs, lists and tables are told by their lines, as the parsers write them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from ...formats import kind
from ...text.cells import cell_spans
from ...text.document import Span, without_record
from .events import Event, Text, element
from .tables import items, table

_CELLS = re.compile(r"(?<!\\)\||\t")
_BULLET = re.compile(r"[ \t]*[-*+•‣◦▪–][ \t]+\S")
_EVERY_LINE = ("text", "subtitles")  # these keep their lines and signs as they were written
_CODE = ("settings", "log")


def loose(path: str, text: str, span: Span) -> Iterator[Event]:
    """The events of a part of an article with this path."""
    form = kind(without_record(path))
    if form in _CODE or form.endswith(" file"):
        yield from _paragraph(text, span, "pre")
    elif form in _EVERY_LINE:
        yield from rest(text, span)
    else:
        for name, lines in _groups(text, span):
            if name == "table":
                yield from table(text, lines)
            elif name == "list":
                yield from items(text, lines)
            else:
                yield from rest(text, Span(lines[0].start, lines[-1].end))


def rest(text: str, span: Span) -> Iterator[Event]:
    """Text without any structure, as one paragraph."""
    yield from _paragraph(text, span, "p")


def _paragraph(text: str, span: Span, tag: str) -> Iterator[Event]:
    inner = span.trimmed(text)
    if len(inner):
        start = max(span.start, text.rfind("\n", 0, inner.start) + 1)  # the first line keeps its indentation too
        yield from element(tag, Text(Span(start, inner.end)), class_="qa-lines")


def _groups(text: str, span: Span) -> Iterator[tuple[str, list[Span]]]:
    """Neighbouring lines of one kind; a blank line ends each group."""
    for (_, name, _), group in groupby(_lines(text, span), key=lambda line: line[0]):
        lines = [line for _, line in group]
        if name == "table" and len(lines) < 2:
            name = ""  # a line with a bar
        if name != "blank":
            yield name, lines


def _lines(text: str, span: Span) -> Iterator[tuple[tuple[int, str, int], Span]]:
    """Each line with the number of its paragraph, its kind, and how many cells it has."""
    start, paragraph = span.start, 0
    while start < span.end:
        end = text.find("\n", start, span.end)
        end = span.end if end < 0 else end
        line = Span(start, end)
        words = line.of(text)
        if not words.strip():
            paragraph += 1
            yield (paragraph, "blank", 0), line
        elif _CELLS.search(words):
            yield (paragraph, "table", len(cell_spans(words))), line
        else:
            yield (paragraph, "list" if _BULLET.match(words) else "", 0), line
        start = end + 1
