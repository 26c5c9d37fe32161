"""A passage: a literal slice of a document, which is the unit of the index, and the text that is embedded for it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from .document import SECTION_SEPARATOR, Span
from .names import searched_name, shown_name
from .visible import visible

LABELS = "\x1f"  # stands before the labels in the text that is searched; a document's text may contain it too
KEY_BYTES = 16
MAX_HEADING_CHARACTERS = 4_000  # of the heading path, which is stored with each passage
MAX_CHARACTERS = 4_000  # of a passage, and so of a citation: one token can be arbitrarily long
MAX_HEADER_CHARACTERS = 2_000  # of the header of a table that is repeated with each passage of it
MORE_COLUMNS = "…"  # in the place of the names that a long header has beyond this
_CONTEXT_BYTES = 160
_HEADER_BYTES = 240
_CELLS = re.compile(r"\s*(?<!\\)\|\s*")  # not the escaped bar of a cell


@dataclass(frozen=True, slots=True)
class Passage:
    """The unit that is indexed: a literal slice of its document.

    `title` is the document's own (it may be empty), `section` its heading path; `page` counts from 1. In a passage that
    begins inside a table, the last part of `section` is the table's header.
    `sentences` are spans in the document's text, in order, inside `span`; `language` is the document's, and `labels`
    are its authors and tags, as they are searched for.
    """

    document: str
    order: int
    span: Span
    text: str
    title: str
    section: tuple[str, ...]
    page: int | None
    sentences: tuple[Span, ...]
    language: str = ""
    labels: str = ""

    @property
    def encoded(self) -> str:
        """The text that is embedded: title, heading path, and the text as a reader sees it."""
        return encoded(self.title, self.section, visible(self.text))

    @property
    def header(self) -> str:
        """The header of the table inside which the passage begins; empty if it begins inside none."""
        return self.section[-1] if self.section and is_header(self.section[-1]) else ""

    @property
    def searched(self) -> str:
        """The text that the word index contains: as `encoded`, literally, and its document's name and labels."""
        return searched(self.document, self.title, self.section, self.text, self.labels)

    @property
    def mentioned(self) -> str:
        """The text whose words the passage mentions: as `searched`, without those that no reader sees."""
        return searched(self.document, self.title, self.section, visible(self.text), self.labels)

    @property
    def read(self) -> str:
        """The text that the reader reads: as `encoded`, with the document's name where its title does not say that."""
        name = shown_name(self.document, self.title)
        if not name:
            return self.encoded
        title, path = context(self.title, self.section)
        return ". ".join(part for part in (f"{title} ({name})" if title else name, path, visible(self.text)) if part)

    @property
    def key(self) -> bytes:
        """16 bytes that identify `encoded`: equal keys have equal embeddings."""
        return key_of(self.encoded)


def key_of(text: str) -> bytes:
    """The key of the passages with this encoded text."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=KEY_BYTES).digest()


def encoded(title: str, section: Sequence[str], text: str) -> str:
    """The text that is embedded for a passage with this title, heading path and visible text."""
    return ". ".join(part for part in (*context(title, section), text) if part)


def searched(document: str, title: str, section: Sequence[str], text: str, labels: str) -> str:
    """The text that the word index contains for a passage of the document with this path and these labels."""
    return f"{encoded(title, section, text)}\n{searched_name(document, title)}{LABELS}{labels}"


def context(title: str, section: Sequence[str]) -> tuple[str, str]:
    """The texts put before a passage's own when it is encoded: the start of its title, the end of its heading path.

    Each is cut to 160 bytes of UTF-8: bytes, because scripts with more bytes for a character also have more tokens.
    The header of a table is the last part of a path, and has 240 more.
    """
    headings = section[:-1] if section and is_header(section[-1]) else section
    path = SECTION_SEPARATOR.join(headings)
    if not (path.isascii() and len(path) <= _CONTEXT_BYTES):  # as most are, and every passage is asked for it
        path = path.encode("utf-8", "replace")[-_CONTEXT_BYTES:].decode("utf-8", "ignore")
    header = header_context(section[-1]) if len(headings) < len(section) else ""
    start = title
    if not (start.isascii() and len(start) <= _CONTEXT_BYTES):
        start = start.encode("utf-8", "replace")[:_CONTEXT_BYTES].decode("utf-8", "ignore")
    return start.rstrip(". "), SECTION_SEPARATOR.join(part for part in (path.rstrip(". "), header) if part)


def header_context(row: str) -> str:
    """What is encoded of a table's header with each passage of the table: at most its first 240 bytes of UTF-8."""
    return header_line(row).encode("utf-8", "replace")[:_HEADER_BYTES].decode("utf-8", "ignore").rstrip(". ")


def header_line(row: str) -> str:
    """The header of a table as the last part of a heading path: its cells with bars between them, none around them.

    A bar at one end alone stands beside an empty cell. Of a very long header, the last cell is MORE_COLUMNS.
    """
    row = row.strip()
    inner = row[1:-1] if len(row) > 1 and row[0] == row[-1] == "|" else row
    line = " | ".join(_CELLS.split(inner.replace("\t", " | ").strip()))
    if len(line) <= MAX_HEADER_CHARACTERS:
        return line
    return f"{line[: MAX_HEADER_CHARACTERS - 4].rpartition(' | ')[0]} | {MORE_COLUMNS}"


def is_header(part: str) -> bool:
    """Whether a part of a heading path is the header of a table."""
    return " | " in part
