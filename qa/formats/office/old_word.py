"""Writes the text of binary Word files (`.doc`): headings, lists, tables, notes, comments, text boxes and headers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...text.document import Document
from ..builder import TextBuilder
from ..decoding import Empty, Unreadable
from ..ole import summary
from ..tables import write_table
from .package import comment, is_generated, margin_line
from .word_binary import DAMAGED, Properties, WordFile

_ENDS = re.compile("[\r\x07\x0c]")
_MARKS = re.compile("[\x00-\x08\x0e-\x12\x1f\ufffc]")  # pictures, references and soft hyphens
_SHOWN = {"\x0b": " ", "\x0e": " ", "\x1e": "-"}
_PAGE_NUMBER = re.compile(r"\s*(?:PAGE|NUMPAGES|SECTIONPAGES)\b", re.IGNORECASE)


def parse_old_word(path: str, data: bytes) -> Document:
    """Parse a binary Word file. Raises Unreadable, or Empty if it contains no text."""
    file = WordFile(data)
    try:
        return _Writer(file).document(path)
    except (IndexError, ValueError, OverflowError) as error:
        if isinstance(error, (Unreadable, Empty)):
            raise
        raise Unreadable(DAMAGED) from error


class _Writer:
    """Writes the paragraphs of a file; those of a table or a list are collected until it ends."""

    def __init__(self, file: WordFile) -> None:
        self._file = file
        self._builder = TextBuilder()
        self._attached = file.attached()
        self._deleted = bytearray(len(file.text))
        for start, end in file.deleted():
            self._deleted[start:end] = b"\x01" * (end - start)
        self._items: list[str] = []
        self._rows: list[list[str]] = []
        self._cells: list[str] = []
        self._cell: list[str] = []
        self._later: list[str] = []  # comments and notes, until the table ends

    def document(self, path: str) -> Document:
        title = ""
        for start, end, properties in self._paragraphs(0, self._file.length):
            text = self._text(start, end)[0]
            title = title or (text if properties.is_title else "")
            self._write(text, properties, self._file.text[end : end + 1])
            self._later += self._belonging(start, end)
            if not properties.in_table:
                self._flush_later()
        self._flush()
        margins = dict.fromkeys(filter(None, self._margins()))
        if margins:
            self._builder.heading(1, "Headers and footers")
            for paragraph in margins:
                self._builder.paragraph(paragraph)
        fields = summary(self._file.summary)
        document = self._builder.document(
            path, title if is_generated(fields.get("title", "")) else fields.get("title", title), fields
        )
        if not document.text.strip():
            raise Empty("contains no text")
        return document

    # --- blocks ---

    def _write(self, text: str, properties: Properties, mark: str) -> None:
        if properties.in_table:
            self._flush_items()
            self._cell.append(text)
            if mark == "\x07" and properties.ends_row:
                self._rows.append(self._cells)
                self._cells, self._cell = [], []
            elif mark == "\x07":
                self._cells.append(" ".join(filter(None, self._cell)))
                self._cell = []
            return
        self._flush_table()
        if properties.is_item and not properties.level:
            self._items.append(text)
            return
        self._flush_items()
        if properties.level or properties.is_title:
            self._builder.heading(properties.level or 1, text)
        else:
            self._builder.paragraph(text)

    def _flush(self) -> None:
        self._flush_table()
        self._flush_items()
        self._flush_later()

    def _flush_items(self) -> None:
        items, self._items = self._items, []
        self._builder.items(items)

    def _flush_table(self) -> None:
        if cell := " ".join(filter(None, self._cell)):
            self._cells.append(cell)
        if self._cells:  # of a row whose end is lost
            self._rows.append(self._cells)
        rows, self._rows, self._cells, self._cell = self._rows, [], [], []
        if all(len(row) <= 1 for row in rows):  # a frame around text, not a table
            for row in rows:
                self._builder.paragraph(" ".join(row))
        else:
            write_table(self._builder, rows, None)
        if rows:
            self._flush_later()

    def _flush_later(self) -> None:
        later, self._later = self._later, []
        if later:
            self._flush_items()
        for paragraph in later:
            self._builder.paragraph(paragraph)

    def _belonging(self, start: int, end: int) -> Iterator[str]:
        """The notes, comments and text boxes that a paragraph refers to."""
        for position in range(start, end + 1) if self._attached else ():
            for part in self._attached.get(position, ()):
                texts = [self._text(first, last)[0] for first, last, _ in self._paragraphs(part.start, part.end)]
                texts = [text.strip() for text in texts if text.strip()]
                if part.kind == "comment" and texts:
                    yield comment(" ".join(texts), part.author, part.date)
                else:
                    yield from texts

    def _margins(self) -> Iterator[str]:
        for kind, start, end in self._file.margins():
            for first, last, _ in self._paragraphs(start, end):
                yield margin_line(kind, *self._text(first, last))

    # --- characters ---

    def _paragraphs(self, start: int, end: int) -> Iterator[tuple[int, int, Properties]]:
        """The ranges of paragraphs, without their marks, and their properties."""
        end = min(end, len(self._file.text))
        while start < end:
            mark = _ENDS.search(self._file.text, start, end)
            stop = mark.start() if mark else end
            yield start, stop, self._file.properties(stop) if mark else Properties()
            start = stop + 1

    def _text(self, start: int, end: int) -> tuple[str, bool]:
        """The text of a range as it is shown, and whether there is the number of a page in it."""
        text = self._file.text[start:end]
        if any(self._deleted[start:end]):
            text = "".join(
                character for character, gone in zip(text, self._deleted[start:end], strict=False) if not gone
            )
        shown: list[str] = []
        fields: list[str | None] = []  # the instruction of each field around the place; None in its result
        numbered = False
        for character in text:
            if character == "\x13":
                fields.append("")
            elif character == "\x14" and fields:
                is_number = _PAGE_NUMBER.match(fields[-1] or "") is not None
                numbered = numbered or is_number
                fields[-1] = "PAGE" if is_number else None
            elif character == "\x15":
                fields = fields[:-1]
            elif not any(field is not None for field in fields):
                shown.append(_SHOWN.get(character, character))
            elif (instruction := fields[-1]) is not None:
                fields[-1] = instruction + character
        whole = _MARKS.sub("", "".join(shown)).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return whole, numbered
