"""Pages as pictures, with boxes around the words of a passage."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a page, in shares (0–1) of its width and height; `top` is counted from the page's top."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class PagePicture:
    """A page as it looks, `page` counted from 1, with the lines of a passage and of its highlights boxed.

    `png` is `width` × `height` pixels. A line without a box is one whose place was not found for certain.
    """

    page: int
    width: int
    height: int
    png: bytes
    passage: tuple[Box, ...]
    highlights: tuple[Box, ...]
