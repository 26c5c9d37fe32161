"""Reads the lines of a part of an article that is not Markdown: a passage or a quotation, without its article."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ...text.document import Span
from .blocks import list_item, table_row
from .events import Close, Event, Open, Text

_ITEM = re.compile(r"\s*(?:[-*+•‣◦▪–]|\(?\w{1,3}[.)])[ \t]+\S")
# The end of a wrapped line: the next one does not begin a list item, row, heading, quotation or paragraph.
_WRAPPED = re.compile(r"\n[ \t]*(?!\s|[-*+•|#>]|\(?\w{1,3}[.)]\s|\Z)")


def parts(text: str) -> Iterator[Event]:
    """The events of a text: rows of a table, items of a list, and paragraphs, whose lines are joined."""
    lines = [line for line in _lines(text) if line.of(text).strip()]
    for kind, group in _groups(text, lines):
        if kind == "table":
            yield Open("table")
            for line in group:
                yield from table_row(text, line)
            yield Close("table")
        elif kind == "list":
            yield Open("ul")
            for line in group:
                yield from list_item(text, line)
            yield Close("ul")
        else:
            yield Open("p", (("class", "qa-lines"),))
            yield from _joined(text, Span(group[0].start, group[-1].end).trimmed(text))
            yield Close("p")


def is_rows(text: str) -> bool:
    """Whether a text is rows of a table, without the line below its header that Markdown has."""
    lines = [line.strip() for line in text.strip().split("\n")]
    return all(line.startswith("|") for line in lines) and not any(re.fullmatch(r"[|:\s-]+", line) for line in lines)


def _lines(text: str) -> Iterator[Span]:
    start = 0
    for line in text.split("\n"):
        yield Span(start, start + len(line))
        start += len(line) + 1


def _groups(text: str, lines: Sequence[Span]) -> Iterator[tuple[str, list[Span]]]:
    """Neighbouring lines of one kind; a blank line ends a paragraph."""
    kind, group = "", list[Span]()
    for line in lines:
        words = line.of(text)
        this = "table" if re.search(r"(?<!\\)\||\t", words) else "list" if _ITEM.match(words) else "paragraph"
        parted = bool(group) and this == "paragraph" and text.count("\n", group[-1].end, line.start) > 1
        if group and (this != kind or parted):
            yield kind, group
            group = []
        kind = this
        group.append(line)
    if group:
        yield kind, group


def _joined(text: str, span: Span) -> Iterator[Event]:
    at = span.start
    for end in _WRAPPED.finditer(text, span.start, span.end):
        yield Text(Span(at, end.start()))
        yield Text(Span(*end.span()), " ")
        at = end.end()
    yield Text(Span(at, span.end))
