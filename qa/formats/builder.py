"""Writes the canonical text of a file that is not text itself, and keeps where its headings and blocks are.

It knows nothing about the format that they come from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ..text.document import BlockKind, Document, Span
from .outline import Outline

_SPACE = re.compile(r"\s+")


class TextBuilder:
    """Takes headings and blocks in reading order; `document` gives the text they make with their spans in it."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._entries: list[Callable[[Outline], None]] = []  # what to tell the outline, in order
        self._pages: list[int] = []

    def heading(self, level: int, text: str) -> None:
        """A heading; an empty one is left out."""
        text = _one_line(text)
        if text:
            span = self._write(text)
            self._entries.append(lambda outline: outline.heading(min(max(level, 1), 6), text, span))
            self._write("\n\n")

    def paragraph(self, text: str) -> None:
        """A paragraph, on one line: where the source broke its lines means nothing."""
        text = _one_line(text)
        if text:
            self._block("paragraph", [text], parted=False)

    def items(self, items: Sequence[str], numbered: bool = False) -> None:
        """A list; each item on one line."""
        kept = [item for item in map(_one_line, items) if item]
        marks = (f"{number}. " if numbered else "- " for number in range(1, len(kept) + 1))
        self._block("list", [mark + item for mark, item in zip(marks, kept, strict=True)])

    def table(self, rows: Sequence[Sequence[str]]) -> None:
        """A table; each row on one line, its cells set off by bars."""
        lines = [" | ".join(map(_one_line, row)) for row in rows]
        self._block("table", [line for line in lines if line.strip(" |")])

    def code(self, text: str) -> None:
        """Code or verse: its lines stay as they are."""
        self._block("code", [line.rstrip() for line in text.strip("\n").split("\n")], parted=False)

    def page(self) -> None:
        """A new page begins here; a file without pages never says so."""
        self._pages.append(self._length)

    def document(self, path: str, title: str = "", metadata: Mapping[str, str] | None = None) -> Document:
        """The Document of all that was written."""
        text = "".join(self._parts)
        outline = Outline(text)
        for tell in self._entries:
            tell(outline)
        document = outline.document(path, title, metadata)
        ends = [*self._pages[1:], len(text)]
        pages = tuple(Span(start, end) for start, end in zip(self._pages, ends, strict=True)) if self._pages else ()
        return replace(document, pages=pages)

    def _block(self, kind: BlockKind, lines: Sequence[str], parted: bool = True) -> None:
        if not any(line.strip() for line in lines):
            return
        start = self._length
        parts = []
        for number, line in enumerate(lines):
            parts.append(self._write(line))
            if number + 1 < len(lines):
                self._write("\n")
        span, own = Span(start, self._length), tuple(parts) if parted else ()
        self._entries.append(lambda outline: outline.block(kind, span, own))
        self._write("\n\n")

    def _write(self, text: str) -> Span:
        start = self._length
        self._parts.append(text)
        self._length += len(text)
        return Span(start, self._length)


def _one_line(text: str) -> str:
    return _SPACE.sub(" ", text.replace("\x00", "")).strip()
