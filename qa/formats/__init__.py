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

Parser = Callable[[str, str], Document]

PARSERS: dict[str, Parser] = {
    ".md": parse_markdown,
    ".markdown": parse_markdown,
    ".mdown": parse_markdown,
    ".txt": parse_plain,
    ".text": parse_plain,
}


def supported(path: str) -> bool:
    """Whether the file's ending is one that is read."""
    return PurePosixPath(path).suffix.lower() in PARSERS


def parse(path: str, data: bytes) -> Document:
    """Read one article; `path` is its path below the corpus folder.

    Raises `decoding.NotText` (a ValueError, its message is the reason) where the bytes are not text, and
    KeyError for an ending that is not `supported`.
    """
    parser = PARSERS[PurePosixPath(path).suffix.lower()]
    return parser(path, decode(data))
