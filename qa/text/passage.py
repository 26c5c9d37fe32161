"""A passage: the literal slice of a document that is indexed, and the text that is embedded for it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from .document import SECTION_SEPARATOR, Span

MOST_HEADINGS = 4_000  # characters of all headings above a passage: each passage is stored with them
MOST_CHARACTERS = 4_000  # of a passage, and so of a citation: a word of any length may be one token
_CONTEXT_BYTES = 160


@dataclass(frozen=True, slots=True)
class Passage:
    """The unit that is indexed: a literal slice of its document.

    `title` is the document's own title (it may be empty), `section` its heading path, `page` counts from 1.
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
        """What is embedded and searched for words: title, heading path, text."""
        return encoded(self.title, self.section, self.text)

    @property
    def key(self) -> bytes:
        """16 bytes that identify `encoded`: equal keys have equal embeddings."""
        return hashlib.blake2b(self.encoded.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def encoded(title: str, section: Sequence[str], text: str) -> str:
    """What is embedded and searched for words of a passage with this title, heading path and text."""
    return ". ".join(part for part in (*context(title, section), text) if part)


def context(title: str, section: Sequence[str]) -> tuple[str, str]:
    """What stands before a passage's text when it is encoded: the title's beginning and the heading path's end.

    Each is cut at 160 bytes of UTF-8: bytes, not characters, because scripts of more bytes give more tokens.
    """
    path = SECTION_SEPARATOR.join(section).encode("utf-8", "replace")[-_CONTEXT_BYTES:].decode("utf-8", "ignore")
    start = title.encode("utf-8", "replace")[:_CONTEXT_BYTES].decode("utf-8", "ignore")
    return start.rstrip(". "), path.rstrip(". ")
