"""Pictures of pages, and where on them the words stand."""

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


@dataclass(frozen=True, slots=True)
class PlacedWord:
    """A word of a page and where it stands; words with the same `line` stand side by side."""

    text: str
    line: int
    box: Box


@dataclass(frozen=True, slots=True)
class PageWords:
    """The words of a page in reading order, and boxes around what is cited on it, by the number of the span."""

    words: tuple[PlacedWord, ...]
    marks: tuple[tuple[Box, ...], ...]


@dataclass(frozen=True, slots=True)
class PlacedPicture:
    """A picture of an article: the character before which it stands, where its file is, and what it shows in words.

    `at` is where a block of the text begins, or its end. `address` is as the web page names it; of an e-book, it is
    the name of a part.
    """

    at: int
    address: str
    words: str = ""
