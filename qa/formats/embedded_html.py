"""Finds the headings, paragraphs and tables in the HTML of a Markdown text, as ranges of that text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape

from ..text.document import BlockKind, Span

_TAG = re.compile(r"<!--|<(/?)([a-zA-Z][\w.-]{0,40})(?:\s[^<>]{0,2000})?/?>")
_ENDS = {"<!--": "-->", "script": "</script>", "style": "</style>"}  # of what is no text
_BLOCKS = {"p", "div", "details", "summary", "section", "article", "aside", "header", "footer", "main", "center"}
_BLOCKS |= {"blockquote", "figure", "figcaption", "ul", "ol", "li", "dl", "dt", "dd", "hr", "br", "pre", "caption"}
_BLOCKS |= {"table", "thead", "tbody", "tfoot", "tr", "h1", "h2", "h3", "h4", "h5", "h6"}
_ANY_TAG = re.compile(r"<[^<>]*>")
_MAX_HEADING = 300  # characters


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the HTML: a heading with its text and its level (0 for a summary), or a block with its parts."""

    kind: BlockKind | None
    span: Span
    heading: str = ""
    level: int = 0
    rows: tuple[Span, ...] = ()


def parts_of(text: str, span: Span) -> Iterator[Part]:
    """Yield the parts of the HTML in a span of a text, in order; its block tags are in none of them."""
    start, name = span.start, ""
    rows: list[Span] = []
    is_table = False
    for tag, end in _tags(text, span):
        closes, current = tag[1] == "/", (tag[2] or "").lower()
        is_text = current not in _BLOCKS or (is_table and current not in ("tr", "table"))
        if is_text and end == tag.end():
            continue
        content = Span(start, tag.start()).trimmed(text)
        start = end
        if _words(text, content) and is_table:
            rows.append(content)
        elif _words(text, content):
            yield _part(text, content, name)
        if current == "table":
            if rows:
                yield Part("table", Span(rows[0].start, rows[-1].end), rows=tuple(rows))
            is_table, rows = not closes, []
        name = "" if closes else current
    content = Span(start, span.end).trimmed(text)
    if rows:
        yield Part("table", Span(rows[0].start, rows[-1].end), rows=tuple(rows))
    if _words(text, content):
        yield _part(text, content, name)


def _tags(text: str, span: Span) -> Iterator[tuple[re.Match[str], int]]:
    """Each tag with its end; a comment, a script or a style sheet ends where it is closed."""
    position, unclosed = span.start, set[str]()
    while tag := _TAG.search(text, position, span.end):
        opener = (tag[2] or "<!--").lower()
        position = tag.end()
        if opener in _ENDS and tag[1] != "/" and opener not in unclosed:
            close = text.find(_ENDS[opener], position, span.end)
            if close < 0:
                unclosed.add(opener)  # looked for once
            else:
                position = close + len(_ENDS[opener])
        yield tag, position


def _part(text: str, content: Span, name: str) -> Part:
    words = _words(text, content)
    is_heading = name == "summary" or re.fullmatch(r"h[1-6]", name)
    if is_heading and len(words) <= _MAX_HEADING:
        return Part(None, content, words, 0 if name == "summary" else int(name[1]))
    return Part("code" if name == "pre" else "paragraph", content)


def _words(text: str, span: Span) -> str:
    return " ".join(unescape(_ANY_TAG.sub(" ", span.of(text))).split())
