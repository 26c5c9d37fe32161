"""The bytes of one file → a Document, by the file's ending.

It knows nothing about folders, passages or the index.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath

from ..types import Document
from .decoding import decode
from .markdown import parse_markdown
from .plain import parse_plain

Parser = Callable[[str, bytes], Document]


def _of_text(parse_text: Callable[[str, str], Document]) -> Parser:
    """A parser of bytes from one of text."""
    return lambda path, data: parse_text(path, decode(data))


PARSERS: dict[str, Parser] = {
    **dict.fromkeys((".md", ".markdown", ".mdown"), _of_text(parse_markdown)),
    **dict.fromkeys((".txt", ".text"), _of_text(parse_plain)),
}


def supported(path: str) -> bool:
    """Whether the file's ending is one that is read."""
    return PurePosixPath(path).suffix.lower() in PARSERS


def parse(path: str, data: bytes) -> Document:
    """Read one article; `path` is its path below the corpus folder.

    Raises `decoding.Unreadable` or `decoding.Empty` (ValueErrors, their message is the reason), and
    KeyError for an ending that is not `supported`.
    """
    return PARSERS[PurePosixPath(path).suffix.lower()](path, data)
