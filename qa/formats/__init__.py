"""Parses the bytes of one file into Documents, with the parser for its file name extension."""

from __future__ import annotations

from collections.abc import Sequence

from ..text.document import Span
from .pictures import PagePicture
from .reading_settings import ReadingSettings
from .registry import extensions, has_pages, kind, parse, plugin_versions, supported

__all__ = [
    "VERSION",
    "ReadingSettings",
    "extensions",
    "has_pages",
    "kind",
    "page_pictures",
    "parse",
    "plugin_versions",
    "supported",
    "usual_seconds",
]

# Incremented when the parser of any format changes: the next build then parses every file again.
VERSION = 3
_SECONDS_PER_IMAGE = 3.0  # of one processor, until it has been measured (docs/formats.md)


def usual_seconds(extension: str) -> float:
    """How long a file with this extension takes to read if that is known beforehand, as of an image; otherwise 0."""
    from .ocr import is_installed

    return _SECONDS_PER_IMAGE if kind(f"a{extension}") == "image" and is_installed() else 0.0


def page_pictures(
    data: bytes, text: str, pages: Sequence[Span], passage: Span, highlights: Sequence[Span]
) -> tuple[PagePicture, ...]:
    """Draw the pages of a PDF or an image that contain a passage: see `pdf.pages.page_pictures`. Raises Unreadable."""
    from .pdf.images import image_pictures
    from .pdf.pages import page_pictures

    is_pdf = b"%PDF-" in data[:1_024]
    return (page_pictures if is_pdf else image_pictures)(data, text, pages, passage, highlights)
