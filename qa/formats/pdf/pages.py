"""Draws the pages of a PDF, and places their words: those of a passage, with boxes around its lines, or any page.

Only the pages that are needed are read again; `places` aligns their words with the text.
"""

from __future__ import annotations

import ctypes
import io
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

import pypdfium2 as pdfium
import pypdfium2.raw as raw
from PIL import Image

from ...text.document import Span
from ..decoding import Unreadable
from ..pictures import Box, PagePicture, PageWords, PlacedWord
from .file import opening, read_words
from .layout import EDGE_ROWS, Row, Word, columns
from .letters import word_rows
from .margins import apart
from .pieces import is_to_left
from .places import Mark, align
from .scans import Scan
from .words import Edges, Page, rotated

_MAX_PICTURES, _MAX_PAGES_READ = 3, 6
_MAX_CHARACTERS = 200_000  # of a page
_SHORT_SIDE, _LONG_SIDE = 1_100, 3_000  # largest sides of a picture, in pixels
_COLOURS = 128
_MAX_LINE_HEIGHT = 1.2  # in font sizes: some fonts declare far too much
_NO_LETTERS = re.compile(r"[\W_]+")
_GRID = 1_000_000  # steps along a page's side, since pdfium returns integers


@dataclass(frozen=True, slots=True)
class _PageWord:
    """A word, its line (page, column, row), the rotation of its text in degrees, and its direction."""

    word: Word
    line: tuple[int, int, int]
    angle: int
    to_left: bool
    scan: Scan | None = None


class Pages(Protocol):
    """The pages of a file, by their index."""

    def sizes(self) -> list[tuple[float, float]]:
        """The width and height of each page as it is displayed, in any unit."""
        ...

    def read(self, number: int) -> Page:
        """The words of a page, as the parser reads them."""
        ...

    def draw(self, number: int, short_side: int) -> Image.Image:
        """The picture of a page as it is displayed, its short side at most about as many pixels as are wanted."""
        ...

    def box(self, number: int, edges: Edges, angle: int) -> Box:
        """Edges on a page, of text rotated by `angle`, as fractions of the page as it is displayed."""
        ...


class _PdfPages:
    """The pages of a PDF."""

    def __init__(self, opened: pdfium.PdfDocument) -> None:
        self._opened = opened
        self._last: tuple[int, pdfium.PdfPage] | None = None  # each word of a page has a box

    def close(self) -> None:
        """Close the page that is kept open."""
        if self._last is not None:
            self._last[1].close()
            self._last = None

    def sizes(self) -> list[tuple[float, float]]:
        return [self._opened.get_page_size(number) for number in range(len(self._opened))]

    def read(self, number: int) -> Page:
        return read_words(self._opened, number, _MAX_CHARACTERS)

    def draw(self, number: int, short_side: int) -> Image.Image:
        with closing(self._opened[number]) as page:
            width, height = (max(side, 1.0) for side in page.get_size())
            scale = min(short_side / min(width, height), _LONG_SIDE / max(width, height))
            drawn = page.render(scale=scale, may_draw_forms=True, draw_annots=False, rev_byteorder=True)
            with closing(drawn) as bitmap:
                image: Image.Image = bitmap.to_pil().convert("RGB")
        return image

    def box(self, number: int, edges: Edges, angle: int) -> Box:
        if self._last is None or self._last[0] != number:
            self.close()
            self._last = number, self._opened[number]
        return _on_page(self._last[1], edges, angle)


@contextmanager
def pdf_pages(data: bytes) -> Iterator[Pages]:
    """The pages of a PDF. Raises Unreadable if they cannot be shown."""
    with opening(data) as opened:
        try:
            with closing(_PdfPages(opened)) as pages:
                yield pages
        except pdfium.PdfiumError as error:
            raise Unreadable("is damaged: its pages cannot be shown") from error


def draw(source: Pages, number: int, short_side: int) -> bytes:
    """The picture of a page, upright, as a PNG whose short side is at most `short_side` pixels."""
    scan = source.read(number).scan
    image = source.draw(number, short_side)
    return _png(scan.read.upright(image) if scan else image, short_side)[1]


def words_of(source: Pages, number: int, text: str, pages: Sequence[Span], spans: Sequence[Span]) -> PageWords:
    """The words of a page, and boxes on it around each of the `spans` of the text.

    A paragraph that began on the page before belongs to that in the text, so its words are read too.
    """
    page = source.read(number)
    placed = [
        PlacedWord(word.word.text, line, _box(source, word, _bounds([word], [Mark(0)])))
        for line, words in enumerate(_lines(_words(page, number, None)))
        for word in words
    ]
    first = number - 1 if number else 0
    while first > 0 and not pages[first]:
        first -= 1  # an empty page begins where the text of the previous one ends
    start, end = pages[first].start, pages[number].end
    near = [Span(span.start - start, span.end - start) for span in spans]
    if not any(span.start < end - start and span.end > 0 for span in near):
        return PageWords(tuple(placed), ((),) * len(spans))
    around = text[start:end]
    words = [
        word
        for other in range(max(first, number - _MAX_PAGES_READ), number + 1)
        for word in _words(page if other == number else source.read(other), other, around)
    ]
    alignment = align([word.word.text for word in words], around)
    boxes = [_boxes(source, words, alignment.marks(span)).get(number, []) for span in near]
    return PageWords(tuple(placed), tuple(map(tuple, boxes)))


def _lines(words: Iterable[_PageWord]) -> Iterator[list[_PageWord]]:
    for _, line in groupby(words, key=lambda word: word.line):
        yield list(line)


def _pages_near(text: str, pages: Sequence[Span], passage: Span) -> range:
    """The indices of the pages that may contain the passage, and the one after them."""
    starts = [page.start for page in pages]
    first = bisect_right(starts, passage.start) - 1
    last = bisect_right(starts, passage.end - 1) - 1
    if first < 0:
        return range(0)
    # Its last paragraph, or its last note, may continue on the next page.
    stop = last + 2
    while stop < len(pages) and not pages[stop - 1]:  # a page without any text
        stop += 1
    while first > 0 and not pages[first]:
        first -= 1  # an empty page begins where the text of the previous one ends
    return range(first, min(stop, first + _MAX_PAGES_READ, len(pages)))


def pictures_of(
    source: Pages, text: str, pages: Sequence[Span], passage: Span, highlights: Sequence[Span]
) -> tuple[PagePicture, ...]:
    """Draw the pages that contain `passage`, at most three, preferring those with highlights; none if it is not found.

    `text` and `pages` are those of the Document that was parsed from the file; the spans are ranges of `text`.
    """
    near = _pages_near(text, pages, passage)
    if not near or near.stop > len(source.sizes()):
        return ()
    spans = [passage, *highlights]
    start, end = pages[near[0]].start, pages[near[-1]].end
    around = text[start:end]
    words = [word for number in near for word in _words(source.read(number), number, around)]
    alignment = align([word.word.text for word in words], around)
    boxes_of_passage, *highlighted = (
        _boxes(source, words, alignment.marks(Span(span.start - start, span.end - start))) for span in spans
    )
    highlighted_boxes = {
        number: [box for boxes in highlighted for box in boxes.get(number, ())] for number in boxes_of_passage
    }
    shown = sorted(boxes_of_passage, key=lambda number: (not highlighted_boxes[number], number))[:_MAX_PICTURES]
    scans = {word.line[0]: word.scan for word in words}
    pictures = []
    for number in sorted(shown):
        image, scan = source.draw(number, _SHORT_SIDE), scans[number]
        upright = scan.read.upright(image) if scan else image
        pictures.append(_picture(upright, number, boxes_of_passage[number], highlighted_boxes[number]))
    return tuple(pictures)


def _words(page: Page, number: int, text: str | None) -> Iterator[_PageWord]:
    """Yield the words of a page in the reading order of `parse_pdf`, without running heads that `text` lacks."""
    words, sides = apart(page.words)
    rows = word_rows(words)
    parts = [
        (columns(rows if text is None else _without_running(rows, text)), page.angle),
        *((columns(word_rows(turned.words)), turned.angle) for turned in page.turned),
        ([word_rows(side) for side in sides], page.angle),
    ]
    regions = [(region, angle) for regions, angle in parts for region in regions]
    for at, (rows, angle) in enumerate(regions):
        for row, line in enumerate(rows):
            to_left = is_to_left(line)
            for word in line[::-1] if to_left else line:
                yield _PageWord(word, (number, at, row), angle, to_left, page.scan)


def _without_running(rows: list[Row], text: str) -> list[Row]:
    """The rows without those at the top and bottom that are not in the text, since they could hide columns."""
    letters = _NO_LETTERS.sub("", text)

    def is_running(row: Row) -> bool:
        words = row[:-1] if len(row) > 1 else row  # the last one may be hyphenated
        return _NO_LETTERS.sub("", "".join(word.text for word in words)) not in letters

    first = next((n for n, row in enumerate(rows[:EDGE_ROWS]) if not is_running(row)), 0)
    last = next((n for n, row in enumerate(rows[: -EDGE_ROWS - 1 : -1]) if not is_running(row)), 0)
    return rows[first : len(rows) - last]


def _boxes(source: Pages, words: Sequence[_PageWord], marks: Sequence[Mark]) -> dict[int, list[Box]]:
    """A box for each run of marked words in one line, by page (from 0)."""
    runs: list[list[Mark]] = []
    for mark in marks:
        last = runs[-1][-1].word if runs else -2
        if mark.word == last + 1 and words[last].line == words[mark.word].line:
            runs[-1].append(mark)
        else:
            runs.append([mark])
    boxes_by_page: dict[int, list[Box]] = {}
    for number, page_runs in groupby(runs, key=lambda run: words[run[0].word].line[0]):
        boxes = [_box(source, words[run[0].word], _bounds(words, run)) for run in page_runs]
        visible = [box for box in boxes if box.width > 0 and box.height > 0]
        if visible:
            boxes_by_page[number] = visible
    return boxes_by_page


def _box(source: Pages, first: _PageWord, edges: Edges) -> Box:
    return first.scan.box(*edges) if first.scan else source.box(first.line[0], edges, first.angle)


def _bounds(words: Sequence[_PageWord], run: Sequence[Mark]) -> Edges:
    """The bounds of the marked parts of words, rotated upright, in points."""
    edges = []
    for mark in run:
        word = words[mark.word].word
        start, end = (1 - mark.end, 1 - mark.start) if words[mark.word].to_left else (mark.start, mark.end)
        width = word.x1 - word.x0
        edges.append(
            (
                word.x0 + start * width,
                word.y,
                word.x0 + end * width,
                min(word.top, word.y + _MAX_LINE_HEIGHT * word.size),
            )
        )
    lefts, bottoms, rights, tops = zip(*edges, strict=True)
    return min(lefts), min(bottoms), max(rights), max(tops)


def _on_page(page: pdfium.PdfPage, edges: Edges, angle: int) -> Box:
    """The edges as fractions of the page as it is displayed (cropped and rotated); empty outside of it."""
    left, bottom, right, top = rotated(edges, -angle % 360)
    corners = []
    for x, y in ((left, bottom), (right, top)):
        across, down = ctypes.c_int(), ctypes.c_int()
        raw.FPDF_PageToDevice(page.raw, 0, 0, _GRID, _GRID, 0, x, y, across, down)
        corners.append([min(max(value.value / _GRID, 0.0), 1.0) for value in (across, down)])
    (x0, y0), (x1, y1) = corners
    return Box(min(x0, x1), min(y0, y1), abs(x1 - x0), abs(y1 - y0))


def _picture(image: Image.Image, number: int, passage: Sequence[Box], highlights: Sequence[Box]) -> PagePicture:
    image, png = _png(image, _SHORT_SIDE)
    return PagePicture(number + 1, image.width, image.height, png, tuple(passage), tuple(highlights))


def _png(image: Image.Image, short_side: int) -> tuple[Image.Image, bytes]:
    scale = min(1.0, short_side / min(image.size), _LONG_SIDE / max(image.size))
    if scale < 1:
        image = image.resize((max(1, int(image.width * scale)), max(1, int(image.height * scale))))
    png = io.BytesIO()
    image.quantize(_COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(png, "PNG")
    return image, png.getvalue()
