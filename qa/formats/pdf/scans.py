"""Turns the words that were read from a picture of a page into words of that page."""

from __future__ import annotations

from dataclasses import dataclass

import pypdfium2 as pdfium
from PIL import Image

from ..ocr import read_picture
from ..pictures import Box
from ..read_page import ReadPage
from .layout import Word

_DOTS_PER_INCH, _LONG_SIDE = 300, 4_000  # of the picture of a page; fewer dots if it would have a longer side
_POINTS_PER_INCH = 72
_IMAGE_LONG_SIDE = 842.0  # points: an image file is a page as long as A4


@dataclass(frozen=True, slots=True)
class Scan:
    """What was read from a picture of a page, and how many of its pixels are a point."""

    read: ReadPage
    scale: float

    def words(self) -> tuple[Word, ...]:
        """The words in points of the upright page."""
        return tuple(
            Word(
                word.text,
                word.left / self.scale,
                word.right / self.scale,
                (self.read.height - word.bottom) / self.scale,
                (self.read.height - word.top) / self.scale,
                word.height / self.scale,
            )
            for word in self.read.words
        )

    def box(self, left: float, bottom: float, right: float, top: float) -> Box:
        """The edges (points of the upright page) as fractions of the page."""
        width, height = self.read.width / self.scale, self.read.height / self.scale
        x0, x1 = (min(max(x / width, 0.0), 1.0) for x in (left, right))
        y0, y1 = (min(max(1 - y / height, 0.0), 1.0) for y in (top, bottom))
        return Box(x0, y0, x1 - x0, y1 - y0)


def scan_page(page: pdfium.PdfPage) -> Scan:
    """Read a page of a PDF from its picture. Raises PdfiumError if it cannot be drawn."""
    longest = max(*page.get_size(), 1.0)
    scale = min(_DOTS_PER_INCH / _POINTS_PER_INCH, _LONG_SIDE / longest)
    bitmap = page.render(scale=scale, grayscale=True, may_draw_forms=False, draw_annots=False)
    image = bitmap.to_pil().convert("L")
    bitmap.close()
    read = read_picture(image)
    return Scan(read, scale * read.scale)


def scan_image(image: Image.Image) -> Scan:
    """Read an image file, as a page of the length of A4."""
    read = read_picture(image)
    return Scan(read, max(read.width, read.height) / _IMAGE_LONG_SIDE)
