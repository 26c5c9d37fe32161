"""Parses the bytes of one file into Documents, with the parser for its file name extension."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..text.document import Contents, Span
from .kinds import extensions, has_pages, kind, plugin_versions, supported
from .pictures import PagePicture, PageWords, PlacedPicture
from .reading_settings import USUAL, ReadingSettings
from .zotero import zotero_tables

if TYPE_CHECKING:
    from .pdf.pages import Pages

__all__ = [
    "VERSION",
    "ReadingSettings",
    "contained_picture",
    "extensions",
    "has_pages",
    "kind",
    "page_picture",
    "page_pictures",
    "page_sizes",
    "page_words",
    "parse",
    "placed_pictures",
    "plugin_versions",
    "supported",
    "usual_seconds",
    "zotero_tables",
]

# Incremented when the parser of any format changes: the next build then parses every file again.
VERSION = 5
_SECONDS_PER_IMAGE = 3.0  # of one processor, until it has been measured (docs/formats.md)


def parse(path: str, data: bytes, settings: ReadingSettings = USUAL) -> Contents:
    """Parse one file: see `registry.parse`, which is imported with the first one. Raises Unreadable or Empty."""
    from .registry import parse

    return parse(path, data, settings)


def usual_seconds(extension: str) -> float:
    """How long a file with this extension takes to read if that is known beforehand, as of an image; otherwise 0."""
    from .ocr import is_installed

    return _SECONDS_PER_IMAGE if kind(f"a{extension}") == "image" and is_installed() else 0.0


def page_pictures(
    data: bytes, text: str, pages: Sequence[Span], passage: Span, highlights: Sequence[Span]
) -> tuple[PagePicture, ...]:
    """Draw the pages of a PDF or an image that contain a passage: see `pdf.pages.pictures_of`. Raises Unreadable."""
    from .pdf.pages import pictures_of

    with _pages(data) as source:
        return pictures_of(source, text, pages, passage, highlights)


def page_sizes(data: bytes) -> list[tuple[float, float]]:
    """The width and height of each page of a PDF or an image, in any unit. Raises Unreadable."""
    with _pages(data) as source:
        return source.sizes()


def page_picture(data: bytes, number: int, short_side: int) -> bytes:
    """A page (counted from 0) as a PNG whose short side is at most `short_side` pixels. Raises Unreadable."""
    from .pdf.pages import draw

    with _pages(data) as source:
        return draw(source, number, short_side)


def page_words(data: bytes, number: int, text: str, pages: Sequence[Span], spans: Sequence[Span]) -> PageWords:
    """The words of a page (counted from 0) with their places, and boxes around `spans`. Raises Unreadable."""
    from .pdf.pages import words_of

    with _pages(data) as source:
        return words_of(source, number, text, pages, spans)


def placed_pictures(data: bytes, text: str) -> list[PlacedPicture]:
    """Where the pictures of a web page or an e-book stand in its text. Raises Unreadable."""
    from . import illustrations

    return illustrations.placed_pictures(data, text)


def contained_picture(data: bytes, name: str) -> bytes:
    """The bytes of a part of an e-book. Raises Unreadable."""
    from . import illustrations

    return illustrations.contained_picture(data, name)


@contextmanager
def _pages(data: bytes) -> Iterator[Pages]:
    from .pdf.images import ImagePages
    from .pdf.pages import pdf_pages

    if b"%PDF-" in data[:1_024]:
        with pdf_pages(data) as pages:
            yield pages
    else:
        yield ImagePages(data)
