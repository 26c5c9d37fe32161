"""Parses Markdown: headings, paragraphs, lists, tables and code by their lines; front matter becomes metadata."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ..text.document import BlockKind, Document, Span
from ..text.properties import INLINE_TAGS
from ..text.wiki_links import inline_tags, without_links
from .callouts import Mark, PlainLines, plain_lines
from .embedded_html import parts_of
from .front_matter import front_matter
from .notes import notes_of
from .outline import MAX_HEADING, Outline, line_starts

# Inline syntax is not parsed: that is most of the work, and only headings need it.
_BLOCKS = MarkdownIt("commonmark").enable("table").disable("inline")
_INLINE = MarkdownIt("commonmark")
_KINDS: dict[str, BlockKind] = {
    "paragraph_open": "paragraph",
    "blockquote_open": "paragraph",
    "bullet_list_open": "list",
    "ordered_list_open": "list",
    "table_open": "table",
    "fence": "code",
    "code_block": "code",
}
_PART_OPENERS = {"list": "list_item_open", "table": "tr_open"}
_WORD = re.compile(r"\w")
# HTML in a heading: a comment, a common tag, or one with attributes. Anything else is text: `<vector>`, `List<T>`.
_MARKUP = re.compile(
    r"<(?:[!?]|/?(?:a|abbr|b|br|cite|code|del|em|font|i|img|ins|kbd|mark|q|s|small|span|strong|sub|sup|u)\b|.*=)",
    re.IGNORECASE | re.DOTALL,
)


def parse_markdown(path: str, text: str, title: str = "") -> Document:
    """Parse a Markdown text; never raises, since whatever has no structure is a paragraph.

    `title` is its title if that is known from elsewhere.
    """
    references: dict[str, Any] = {}
    top = front_matter(text)
    # As many empty lines, so that lines keep their numbers: the fields are part of the text, but no passage has them.
    body = "\n" * text.count("\n", 0, top.end) + text[top.end :]
    plain = plain_lines(body)
    tokens = _BLOCKS.parse("\n".join(plain.lines) if plain else body, references)
    lines = _LineEdges(text, plain)
    outline = Outline(text)
    containers = _Containers(text, lines, plain.marks if plain else (), references, outline)
    notes = _Notes(text, tokens, lines, outline)
    level = 1  # of the last heading
    for number, token in enumerate(tokens):
        if token.level != 0 or token.map is None:
            continue
        span = lines.of(token)
        notes.move_to(span, containers.before(token.map[0]))
        if token.type == "heading_open":
            content = tokens[number + 1].content
            # Too long for a heading: its inline syntax is not parsed.
            heading = content if len(content) > 2 * MAX_HEADING else _plain(content, references)
            notes.add_before(span)
            if outline.is_inside:
                outline.heading_inside(heading, span)
                continue
            level = int(token.tag[1])
            outline.heading(level, heading, span)
        elif token.type == "html_block":
            for html in notes.between(span):
                _html(text, html, level, outline)
        elif token.type in _KINDS:
            kind = _KINDS[token.type]
            items = _parts(tokens, number, kind, lines)
            for part in notes.between(span):
                kept = tuple(item for item in items if part.start <= item.start and item.end <= part.end)
                outline.block(kind, part, kept, _header(kind, text, span))
    notes.move_to(Span(len(text), len(text)), containers.before(text.count("\n") + 1))
    notes.add_before(Span(len(text), len(text) + 1))
    document = outline.document(path, title or top.fields.get("title", ""), top.fields)
    tags = inline_tags(block.span.of(text) for block in document.blocks if block.kind != "code")
    return replace(document, metadata={**document.metadata, INLINE_TAGS: ", ".join(tags)}) if tags else document


class _LineEdges:
    """Where the text of each line begins and ends: without the marks of the containers around it, if it is in any."""

    def __init__(self, text: str, plain: PlainLines | None) -> None:
        self._starts = line_starts(text)
        self._plain = plain

    def start(self, line: int) -> int:
        """Where a line begins."""
        return self._starts[min(line, len(self._starts) - 1)]

    def begin(self, line: int) -> int:
        """Where the text of a line begins."""
        margins = self._plain.margins if self._plain else ()
        return self.start(line) + (margins[line] if line < len(margins) else 0)

    def span(self, first: int, end: int) -> Span:
        """The range of lines, without those at its end that only mark a container."""
        while self._plain and end > first + 1 and not self._plain.lines[min(end, len(self._plain.lines)) - 1].strip():
            end -= 1
        return Span(self.begin(first), max(self.begin(first), self.start(end)))

    def of(self, token: Token) -> Span:
        """The range of the lines of a token."""
        first, end = token.map or [0, 0]
        return self.span(first, end)


class _Containers:
    """Begins and ends the sections of callouts and tabs that have a title."""

    def __init__(
        self, text: str, lines: _LineEdges, marks: Sequence[Mark], references: dict[str, Any], outline: Outline
    ) -> None:
        self._text, self._lines, self._outline, self._references = text, lines, outline, references
        self._marks = marks
        self._next = 0

    def before(self, line: int) -> bool:
        """Add what begins and ends before a line; whether there is anything."""
        first = self._next
        while self._next < len(self._marks) and self._marks[self._next].line <= line:
            mark = self._marks[self._next]
            start, end = self._lines.start(mark.line), self._lines.start(mark.line + 1)
            if mark.title is not None:
                at = self._text.find(mark.title, start, end)
                words = Span(at, at + len(mark.title)) if at >= 0 else None
                self._outline.begin(_plain(mark.title, self._references), start, words)
            elif self._outline.is_inside:
                self._outline.end(start)
            self._next += 1
        return self._next > first


class _Notes:
    """Adds the footnotes of a text to its outline: each in its place, under the sentence that refers to it."""

    def __init__(self, text: str, tokens: list[Token], lines: _LineEdges, outline: Outline) -> None:
        kinds = ("fence", "heading_open")
        others = [lines.of(token) for token in tokens if token.level == 0 and token.type in kinds]
        self._notes = notes_of(text, others)
        self._outline = outline
        self._next = 0  # the first note that was not added
        self._end = 0  # of the last note
        self._place = 0  # of the text, before the notes, to whose section the text after them belongs
        self._is_note = False  # whether the last section is that of a note

    def add_before(self, span: Span) -> None:
        """Add the notes before a heading."""
        while self._next < len(self._notes) and self._notes[self._next].span.start < span.start:
            self._add()
        self._place, self._is_note = span.start, False

    def move_to(self, span: Span, is_other: bool) -> None:
        """Go on at a span, which is in another section than the last one if `is_other`."""
        if is_other:
            self._place, self._is_note = span.start, False

    def between(self, span: Span) -> Iterator[Span]:
        """Yield what is not a note of the text in a span; its notes are added where they are."""
        start = max(span.start, self._end)
        while self._next < len(self._notes) and self._notes[self._next].span.start < span.end:
            note = self._notes[self._next].span
            if start < note.start:
                yield from self._text(Span(start, note.start))
            self._add()
            start = max(start, note.end)
        if start < span.end:
            yield from self._text(Span(start, span.end))

    def _add(self) -> None:
        note = self._notes[self._next]
        self._outline.under(note.at, note.sentence, note.span.start)
        self._outline.block("paragraph", note.content)
        self._next, self._end, self._is_note = self._next + 1, note.span.end, True

    def _text(self, span: Span) -> Iterator[Span]:
        if self._is_note:
            self._outline.under(self._place, "", span.start)
            self._is_note = False
        else:
            self._place = span.start
        yield span


def _parts(tokens: list[Token], opener: int, kind: BlockKind, edges: _LineEdges) -> tuple[Span, ...]:
    """The items of a list (nested items included), or the rows of a table."""
    opener_type = _PART_OPENERS.get(kind)
    if opener_type is None:
        return ()
    end_line = (tokens[opener].map or [0, 0])[1]
    lines: list[int] = []
    for token in map(tokens.__getitem__, range(opener + 1, len(tokens))):  # (a slice would copy all later tokens)
        if token.level == 0:
            break
        if token.type == opener_type and token.map and token.map[0] not in lines[-1:]:
            lines.append(token.map[0])
    ends = [*lines[1:], end_line]
    return tuple(edges.span(line, end) for line, end in zip(lines, ends, strict=True))


def _header(kind: BlockKind, text: str, table: Span) -> Span | None:
    """The first line of a table: Markdown has no table without a header, although its cells may all be empty."""
    header = Span(table.start, text.find("\n", table.start, table.end)).trimmed(text)
    return header if kind == "table" and _WORD.search(text, header.start, header.end) else None


def _plain(inline: str, references: dict[str, Any]) -> str:
    """The text of a heading without its markup."""
    words = []
    for child in _INLINE.parseInline(without_links(inline), references)[0].children or ():
        if child.type in ("text", "code_inline", "image"):
            words.append(child.content)
        elif "break" in child.type:
            words.append(" ")
        elif child.type == "html_inline" and not _MARKUP.match(child.content):
            words.append(child.content)
    return "".join(words)


def _html(text: str, span: Span, level: int, outline: Outline) -> None:
    """Add the parts of a piece of HTML; a summary is a heading below the last one."""
    for part in parts_of(text, span):
        if part.kind is None:
            outline.heading(part.level or min(level + 1, 6), part.heading, part.span)
        else:
            outline.block(part.kind, part.span, part.rows)
