"""A passage: a literal slice of a document, which is the unit of the index, and the text that is embedded for it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from .document import SECTION_SEPARATOR, Span

MAX_HEADING_CHARACTERS = 4_000  # of the heading path, which is stored with each passage
MAX_CHARACTERS = 4_000  # of a passage, and so of a citation: one token can be arbitrarily long
_CONTEXT_BYTES = 160


@dataclass(frozen=True, slots=True)
class Passage:
    """The unit that is indexed: a literal slice of its document.

    `title` is the document's own (it may be empty), `section` its heading path; `page` counts from 1.
    `sentences` are spans in the document's text, in order, inside `span`; `language` is the document's.
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

    @property
    def encoded(self) -> str:
        """The text that is embedded and indexed for word search: title, heading path, text."""
        return encoded(self.title, self.section, self.text)

    @property
    def key(self) -> bytes:
        """16 bytes that identify `encoded`: equal keys have equal embeddings."""
        return hashlib.blake2b(self.encoded.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def encoded(title: str, section: Sequence[str], text: str) -> str:
    """The text that is embedded and indexed for word search, for a passage with this title, heading path and text."""
    return ". ".join(part for part in (*context(title, section), text) if part)


def context(title: str, section: Sequence[str]) -> tuple[str, str]:
    """The texts put before a passage's own when it is encoded: the start of its title, the end of its heading path.

    Each is cut to 160 bytes of UTF-8: bytes, because scripts with more bytes for a character also have more tokens.
    """
    path = SECTION_SEPARATOR.join(section).encode("utf-8", "replace")[-_CONTEXT_BYTES:].decode("utf-8", "ignore")
    start = title.encode("utf-8", "replace")[:_CONTEXT_BYTES].decode("utf-8", "ignore")
    return start.rstrip(". "), path.rstrip(". ")
