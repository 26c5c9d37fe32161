"""Reads the blocks of a Markdown article: headings, paragraphs, lists, quotations, tables and code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ...formats.callouts import plain_lines
from ...formats.front_matter import front_matter
from ...text.document import Span
from .embedded import embedded
from .events import Close, Empty, Event, Open, Text, element, heading_tag
from .inline import inline
from .located import Located, located

_BLOCKS = MarkdownIt("commonmark").enable(["table", "strikethrough"]).disable("inline")
# A part of an article may begin deep in a list: what is indented there is no code.
_PART = MarkdownIt("commonmark").enable(["table", "strikethrough"]).disable(["inline", "code"])
_CONTAINERS = {"bullet_list": "ul", "ordered_list": "ol", "list_item": "li", "blockquote": "blockquote"}
_CONTAINERS |= {name: name for name in ("table", "thead", "tbody", "tr", "th", "td")}
MOST = 300_000  # characters of a block: what a longer one contains is shown as it was written


def markdown(text: str, window: Span) -> Iterator[Event]:
    """The events of the blocks of an article that stand in a window of it, whole."""
    top, tokens, titles, references = _parsed(text)
    if top > window.start:
        front = Span(0, top).trimmed(text)
        yield from element("pre", Text(front), class_="qa-front") if len(front) else ()
    reader = _Blocks(text, references)
    lines = sorted(titles)
    for first, end in _top_level(tokens):
        place = tokens[first].map or [0, 0]
        while lines and lines[0] <= place[0]:
            yield from reader.title(lines[0], titles[lines[0]], window)
            lines.pop(0)
        if reader.overlaps(place, window):
            block = reader.span(place)
            if len(block) > MOST:
                yield from element(
                    "p", Text(Span(max(block.start, window.start), min(block.end, window.end))), class_="qa-lines"
                )
                continue
            for token in tokens[first:end]:
                yield from reader.event(token)


def block_starts(text: str) -> list[int]:
    """Where the blocks of an article begin that stand in no other."""
    top, tokens, _, references = _parsed(text)
    reader = _Blocks(text, references)
    starts = (reader.span(tokens[first].map or [0, 0]).start for first, _ in _top_level(tokens))
    return [start for start in starts if start > top]


@lru_cache(maxsize=4)  # a long article is asked for part by part
def _parsed(text: str) -> tuple[int, list[Token], dict[int, str | None], dict[str, Any]]:
    """Where the front matter ends, the tokens behind it, the titles of callouts by line, and what links name."""
    top = front_matter(text)
    body = "\n" * text.count("\n", 0, top.end) + text[top.end :]
    plain = plain_lines(body)
    references: dict[str, Any] = {}
    tokens = _BLOCKS.parse("\n".join(plain.lines) if plain else body, references)
    return top.end, tokens, {mark.line: mark.title for mark in plain.marks} if plain else {}, references


def part_of_markdown(text: str) -> Iterator[Event]:
    """The events of a part of an article, such as a passage, as if it were all."""
    references: dict[str, Any] = {}
    reader = _Blocks(text, references)
    for token in _PART.parse(text, references):
        yield from reader.event(token)


def _top_level(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """The first token of each block that is in no other, and the first one behind it."""
    first = 0
    for number, token in enumerate(tokens):
        if token.level == 0 and token.nesting <= 0:
            yield first, number + 1
            first = number + 1


class _Blocks:
    """Turns tokens into events, with their places in the text."""

    def __init__(self, text: str, references: Mapping[str, Any]) -> None:
        self._text, self._references = text, references
        self._lines = text.split("\n")
        self._starts = [0, *accumulate(len(line) + 1 for line in self._lines)]
        self._cell = 0  # behind the last cell of the row

    def overlaps(self, lines: Sequence[int], window: Span) -> bool:
        """Whether some of these lines stand in a window of the text."""
        span = self.span(lines)
        return span.start < window.end and span.end > window.start

    def span(self, lines: Sequence[int]) -> Span:
        """The range of these lines in the text."""
        return Span(self._start(lines[0]), self._start(lines[1]))

    def title(self, line: int, title: str | None, window: Span) -> Iterator[Event]:
        """The title of a callout or a tab, if the window has it."""
        if title and self.overlaps([line, line + 1], window):
            at = self._lines[line].find(title)
            if at >= 0:
                start = self._start(line) + at
                yield from element("p", Text(Span(start, start + len(title))), class_="qa-callout")

    def event(self, token: Token) -> Iterator[Event]:
        """The events of one token."""
        name, lines = token.type.removesuffix("_open").removesuffix("_close"), token.map
        if token.type == "inline":
            yield from inline(self._inline(token), self._references)
        elif token.type in ("fence", "code_block"):
            first = (lines or [0])[0] + (token.type == "fence")
            code = self._located(token.content.rstrip("\n"), first)
            yield from element("pre", *code.texts(0, len(code.text)))
        elif token.type == "html_block" and lines:
            yield from element("div", *embedded(self._text, self.span(lines)), class_="qa-embedded")
        elif token.type == "hr":
            yield Empty("hr")
        elif name == "paragraph":
            if not token.hidden:
                yield Open("p") if token.nesting > 0 else Close("p")
        elif name == "heading":
            tag = heading_tag(int(token.tag[1]))
            yield Open(tag) if token.nesting > 0 else Close(tag)
        elif name in _CONTAINERS:
            if name == "tr" and lines:
                self._cell = self._start(lines[0])
            yield self._container(token, _CONTAINERS[name])

    def _container(self, token: Token, tag: str) -> Event:
        if token.nesting < 0:
            return Close(tag)
        start = token.attrGet("start")
        return Open(tag, (("start", str(start)),) if start is not None else ())

    def _inline(self, token: Token) -> Located:
        """The text of a paragraph, heading or cell, located line by line."""
        lines = token.map or [0, 0]
        if "\n" not in token.content and lines[1] - lines[0] <= 1:
            return self._cell_or_line(token.content, lines[0])
        return self._located(token.content, lines[0])

    def _cell_or_line(self, content: str, line: int) -> Located:
        """A text that stands somewhere on a line: if it is the cell of a table, behind the last one."""
        start, end = self._start(line), self._start(line + 1)
        behind = max(start, min(self._cell, end))
        at = self._text.find(content, behind, end)
        if at < 0:
            written = content.replace("|", "\\|")
            at = self._text.find(written, behind, end)
            content = written if at >= 0 else ""
        self._cell = max(at, start) + len(content)
        return located([(content, max(at, start))])

    def _located(self, content: str, line: int) -> Located:
        """A text of several lines, each of which ends a line of the article."""
        places = []
        for number, part in enumerate(content.split("\n"), line):
            whole = self._lines[number] if number < len(self._lines) else ""
            shown = part if whole.endswith(part) else part.strip()
            at = whole.rfind(shown)
            places.append((shown, self._start(number) + at) if at >= 0 else ("", self._start(number)))
        return located(places)

    def _start(self, line: int) -> int:
        return min(self._starts[min(line, len(self._starts) - 1)], len(self._text))
