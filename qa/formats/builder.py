"""Writes the canonical text of a file that is not a text file, and records the spans of its headings and blocks."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from ..text.data_urls import without_data_urls
from ..text.document import BlockKind, Document, Span
from .callout_kinds import ONLY_KINDS
from .outline import Outline

_SPACE = re.compile(r"\s+")


class TextBuilder:
    """Collects headings and blocks in reading order; `document` returns their text as a Document with their spans."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._entries: list[Callable[[Outline], None]] = []  # calls that add the entries to an outline
        self._pages: list[int] = []
        self._begun: list[bool] = []  # for each callout that has begun, whether it has a heading

    def heading(self, level: int, text: str) -> None:
        """Add a heading; an empty one is left out."""
        text = _one_line(text)
        if text:
            span = self._write(text)
            self._entries.append(lambda outline: _add_heading(outline, level, text, span))
            self._write("\n\n")

    def begin(self, title: str) -> None:
        """Begin a callout, a tab or the like under its title; the text after its end goes on as if it were not there.

        A title that only says what kind of text it is (`Note`) is read with the text, and is no heading.
        """
        text = _one_line(title)
        if text:
            span = self._write(text)
            self._begun.append(text.strip(" :!").casefold() not in ONLY_KINDS)
            if self._begun[-1]:
                self._entries.append(lambda outline: outline.begin(text, span.start, span))
            self._write("\n\n")
        else:
            self._begun.append(False)

    def end(self) -> None:
        """End what was begun last."""
        at = self._length
        if self._begun.pop():
            self._entries.append(lambda outline: outline.end(at))

    def paragraph(self, text: str) -> None:
        """Add a paragraph, on one line: line breaks in the source have no meaning."""
        text = _one_line(text)
        if text:
            self._block("paragraph", [text], has_parts=False)

    def message(self, text: str) -> None:
        """Add a message of a conversation; its line breaks are kept, without blank lines."""
        lines = [line for line in map(_one_line, text.split("\n")) if line]
        self._block("message", lines, has_parts=False)

    def items(self, items: Sequence[str], numbered: bool = False) -> None:
        """Add a list, with each item on one line."""
        kept = [item for item in map(_one_line, items) if item]
        marks = (f"{number}. " if numbered else "- " for number in range(1, len(kept) + 1))
        self._block("list", [mark + item for mark, item in zip(marks, kept, strict=True)])

    def lines(self, lines: Sequence[str]) -> None:
        """Add lines that can each be cited alone, such as the fields of a record, without marks."""
        self._block("list", [line for line in map(_one_line, lines) if line])

    def table(self, rows: Sequence[Sequence[str]], has_header: bool = False, begins: Collection[int] = ()) -> None:
        """Add a table, with each row on one line and bars between its cells; the first row may be its header.

        A page begins with each row whose index is in `begins`.

        A bar in a cell is escaped (`\\|`), and a header has a cell for each column, so that each cell has its name.
        """
        if has_header and rows:
            unnamed = max(map(len, rows)) - len(rows[0])
            rows = [[*rows[0], *[""] * unnamed], *rows[1:]]
        lines = [" | ".join(_one_line(cell).replace("|", "\\|") for cell in row) for row in rows]
        has_header = has_header and bool(lines and lines[0].strip(" |"))
        kept = [number for number, line in enumerate(lines) if line.strip(" |")]
        pages = [at for at, number in enumerate(kept) if number in begins]
        self._block("table", [lines[number] for number in kept], has_header=has_header, begins=pages)

    def code(self, text: str) -> None:
        """Add code or verse, whose line breaks are kept."""
        self._block(
            "code", [line.rstrip() for line in without_data_urls(text).strip("\n").split("\n")], has_parts=False
        )

    def page(self) -> None:
        """Begin a new page; not called for a file without pages."""
        self._pages.append(self._length)

    def document(self, path: str, title: str = "", metadata: Mapping[str, str] | None = None) -> Document:
        """The Document of everything that was added."""
        text = "".join(self._parts)
        outline = Outline(text)
        for add_to in self._entries:
            add_to(outline)
        document = outline.document(path, title, metadata)
        ends = [*self._pages[1:], len(text)]
        pages = tuple(Span(start, end) for start, end in zip(self._pages, ends, strict=True)) if self._pages else ()
        return replace(document, pages=pages)

    def _block(
        self, kind: BlockKind, lines: Sequence[str], has_parts: bool = True, has_header: bool = False,
        begins: Collection[int] = (),
    ) -> None:  # fmt: skip
        if not any(line.strip() for line in lines):
            return
        start = self._length
        parts = []
        for number, line in enumerate(lines):
            if number in begins:
                self.page()
            parts.append(self._write(line))
            if number + 1 < len(lines):
                self._write("\n")
        span, block_parts = Span(start, self._length), tuple(parts) if has_parts else ()
        header = parts[0] if has_header else None
        self._entries.append(lambda outline: outline.block(kind, span, block_parts, header))
        self._write("\n\n")

    def _write(self, text: str) -> Span:
        start = self._length
        self._parts.append(text)
        self._length += len(text)
        return Span(start, self._length)


def _add_heading(outline: Outline, level: int, text: str, span: Span) -> None:
    if outline.is_inside:
        outline.heading_inside(text, span)
    else:
        outline.heading(min(max(level, 1), 6), text, span)


def _one_line(text: str) -> str:
    return _SPACE.sub(" ", without_data_urls(text.replace("\x00", ""))).strip()
