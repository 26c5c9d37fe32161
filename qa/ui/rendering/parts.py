"""Reads the lines of a part of an article that is not Markdown: a passage or a quotation, without its article."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ...text.document import Span
from .events import Event, element, replaced
from .tables import items, table

_ITEM = re.compile(r"\s*(?:[-*+•‣◦▪–]|\(?\w{1,3}[.)])[ \t]+\S")
# The end of a wrapped line: the next one does not begin a list item, row, heading, quotation or paragraph.
_WRAPPED = re.compile(r"\n[ \t]*(?!\s|[-*+•|#>]|\(?\w{1,3}[.)]\s|\Z)")


def parts(text: str) -> Iterator[Event]:
    """The events of a text: rows of a table, items of a list, and paragraphs, whose lines are joined."""
    lines = [line for line in _lines(text) if line.of(text).strip()]
    for kind, group in _groups(text, lines):
        if kind == "table":
            yield from table(text, group)
        elif kind == "list":
            yield from items(text, group)
        else:
            span = Span(group[0].start, group[-1].end).trimmed(text)
            yield from element("p", *replaced(text, span, _WRAPPED, lambda _: " "), class_="qa-lines")


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
