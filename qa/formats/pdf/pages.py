"""Pages of a PDF as pictures, with the lines of a passage and of its highlights boxed.

Only the pages around the passage are read again. It knows nothing about how their words became the text.
"""

from __future__ import annotations

import ctypes
import io
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby

import pypdfium2 as pdfium
import pypdfium2.raw as raw
from PIL import Image

from ...text.document import Span
from ..decoding import Unreadable
from ..pictures import Box, PagePicture
from .layout import EDGE_ROWS, Row, Word, columns, rows_of
from .pieces import is_to_left
from .places import Mark, places
from .words import Edges, opening, turned, words_of

_MOST_PICTURES, _MOST_READ = 3, 6  # pages
_MOST_CHARACTERS = 200_000  # of a page
_SHORT_SIDE, _LONG_SIDE = 1_100, 3_000  # pixels at most
_COLOURS = 128
_TALLEST = 1.2  # of a line, in font sizes: some fonts name far too much
_NO_LETTERS = re.compile(r"[\W_]+")
_GRID = 1_000_000  # steps on a page's side, for pdfium gives whole numbers


@dataclass(frozen=True, slots=True)
class _Placed:
    """A word, its line (page, column, row), and by how many degrees its page's words are turned."""

    word: Word
    line: tuple[int, int, int]
    angle: int
    to_left: bool


def page_pictures(
    data: bytes, text: str, pages: Sequence[Span], passage: Span, highlights: Sequence[Span]
) -> tuple[PagePicture, ...]:
    """The pages that `passage` stands on, three at most (those with highlights first); none where it isn't found.

    `text` and `pages` are those that `pdf.parse_pdf` made of the same `data`; the spans index `text`. Raises
    Unreadable.
    """
    near = _near(text, pages, passage)
    with opening(data) as opened:
        if not near or near.stop > len(opened):
            return ()
        try:
            return _pictures(opened, near, text, pages, [passage, *highlights])
        except pdfium.PdfiumError as error:
            raise Unreadable("is damaged: its pages cannot be shown") from error


def _near(text: str, pages: Sequence[Span], passage: Span) -> range:
    """The places of the pages that the passage may stand on; its last paragraph may go on on the next."""
    starts = [page.start for page in pages]
    first = bisect_right(starts, passage.start) - 1
    last = bisect_right(starts, passage.end - 1) - 1
    if first < 0:
        return range(0)
    stop = last + 1
    if passage.end > text.rfind("\n\n", 0, pages[last].trimmed(text).end):
        stop += 1
        while stop < len(pages) and not pages[stop - 1]:  # a picture, or what goes on fills it
            stop += 1
    while first > 0 and not pages[first]:
        first -= 1  # an empty one begins where the text of the one before it ends
    return range(first, min(stop, first + _MOST_READ, len(pages)))


def _pictures(
    opened: pdfium.PdfDocument, near: range, text: str, pages: Sequence[Span], spans: Sequence[Span]
) -> tuple[PagePicture, ...]:
    """`spans` are the passage's and those of its highlights."""
    start, end = pages[near[0]].start, pages[near[-1]].end
    around = text[start:end]
    words = [placed for number in near for placed in _words(opened, number, around)]
    found = places([placed.word.text for placed in words], around)
    passage, *marked = (_boxes(opened, words, found.of(Span(span.start - start, span.end - start))) for span in spans)
    highlights = {number: [box for boxes in marked for box in boxes.get(number, ())] for number in passage}
    shown = sorted(passage, key=lambda number: (not highlights[number], number))[:_MOST_PICTURES]
    return tuple(_picture(opened, number, passage[number], highlights[number]) for number in sorted(shown))


def _words(opened: pdfium.PdfDocument, number: int, text: str) -> Iterator[_Placed]:
    """The words of a page in reading order, as `pdf.parse_pdf` has it, without running heads that `text` lacks."""
    try:
        with closing(opened[number]) as page, closing(page.get_textpage()) as textpage:
            words, angle = words_of(textpage) if textpage.count_chars() < _MOST_CHARACTERS else ([], 0)
    except pdfium.PdfiumError:
        return  # one damaged page does not hide the others
    for region, rows in enumerate(columns(_kept(rows_of(words), text))):
        for row, line in enumerate(rows):
            to_left = is_to_left(line)
            for word in line[::-1] if to_left else line:
                yield _Placed(word, (number, region, row), angle, to_left)


def _kept(rows: list[Row], text: str) -> list[Row]:
    """Without rows at the top and the bottom that are not in the text: they could hide columns."""
    letters = _NO_LETTERS.sub("", text)

    def is_running(row: Row) -> bool:
        words = row[:-1] if len(row) > 1 else row  # the last may be broken
        return _NO_LETTERS.sub("", "".join(word.text for word in words)) not in letters

    first = next((n for n, row in enumerate(rows[:EDGE_ROWS]) if not is_running(row)), 0)
    last = next((n for n, row in enumerate(rows[: -EDGE_ROWS - 1 : -1]) if not is_running(row)), 0)
    return rows[first : len(rows) - last]


def _boxes(opened: pdfium.PdfDocument, words: Sequence[_Placed], marks: Sequence[Mark]) -> dict[int, list[Box]]:
    """A box for each line of marked words that follow each other, by page (from 0)."""
    runs: list[list[Mark]] = []
    for mark in marks:
        last = runs[-1][-1].word if runs else -2
        if mark.word == last + 1 and words[last].line == words[mark.word].line:
            runs[-1].append(mark)
        else:
            runs.append([mark])
    found: dict[int, list[Box]] = {}
    for number, of_page in groupby(runs, key=lambda run: words[run[0].word].line[0]):
        with closing(opened[number]) as page:
            boxes = [_on_page(page, _around(words, run), words[run[0].word].angle) for run in of_page]
        kept = [box for box in boxes if box.width > 0 and box.height > 0]
        if kept:
            found[number] = kept
    return found


def _around(words: Sequence[_Placed], run: Sequence[Mark]) -> Edges:
    """What is around the marked parts of words, turned upright; in points."""
    edges = []
    for mark in run:
        word = words[mark.word].word
        start, end = (1 - mark.end, 1 - mark.start) if words[mark.word].to_left else (mark.start, mark.end)
        width = word.x1 - word.x0
        edges.append(
            (word.x0 + start * width, word.y, word.x0 + end * width, min(word.top, word.y + _TALLEST * word.size))
        )
    lefts, bottoms, rights, tops = zip(*edges, strict=True)
    return min(lefts), min(bottoms), max(rights), max(tops)


def _on_page(page: pdfium.PdfPage, edges: Edges, angle: int) -> Box:
    """The edges in shares of the page as it is shown: cropped and turned; empty outside of it."""
    left, bottom, right, top = turned(edges, -angle % 360)
    corners = []
    for x, y in ((left, bottom), (right, top)):
        across, down = ctypes.c_int(), ctypes.c_int()
        raw.FPDF_PageToDevice(page.raw, 0, 0, _GRID, _GRID, 0, x, y, across, down)
        corners.append([min(max(value.value / _GRID, 0.0), 1.0) for value in (across, down)])
    (x0, y0), (x1, y1) = corners
    return Box(min(x0, x1), min(y0, y1), abs(x1 - x0), abs(y1 - y0))


def _picture(opened: pdfium.PdfDocument, number: int, passage: Sequence[Box], highlights: Sequence[Box]) -> PagePicture:
    with closing(opened[number]) as page:
        width, height = (max(side, 1.0) for side in page.get_size())
        scale = min(_SHORT_SIDE / min(width, height), _LONG_SIDE / max(width, height))
        with closing(page.render(scale=scale, may_draw_forms=False, draw_annots=False, rev_byteorder=True)) as bitmap:
            image = (
                bitmap.to_pil().convert("RGB").quantize(_COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
            )
        png = io.BytesIO()
        image.save(png, "PNG")
    return PagePicture(number + 1, image.width, image.height, png.getvalue(), tuple(passage), tuple(highlights))
