"""Pictures of pages, with boxes around the words of a passage."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a page, in fractions (0–1) of the page's width and height, measured from its top left corner."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class PagePicture:
    """A picture of a page, with boxes around the lines of a passage and of its highlights.

    `page` counts from 1; `png` is `width` × `height` pixels. A line whose position is uncertain has no box.
    """

    page: int
    width: int
    height: int
    png: bytes
    passage: tuple[Box, ...]
    highlights: tuple[Box, ...]
