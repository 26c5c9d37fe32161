"""Reads a PDF with pdfium: the words of its pages with their positions and fonts, its bookmarks and metadata."""

from __future__ import annotations

import ctypes
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from threading import Lock

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from ..decoding import Unreadable
from .layout import Word

_MAX_PAGES = 5_000
_MAX_CHARACTERS = 20_000_000
_MAX_COORDINATE = 20_000.0  # points; a page is at most 14,400 wide, and a word farther away is invisible
_PASSWORD = 4  # pdfium's error code
_MAX_DRAWINGS, _MAX_DOTS = 3_000, 200  # drawings examined on a page; more dots than that belong to a chart
_pdfium_lock = Lock()  # pdfium has global state: one thread at a time

_BOLD_NAME = re.compile(rb"bold|black|heavy|demi", re.IGNORECASE)
_BOLD_WEIGHT, _BOLD_FLAG = 600, 1 << 18
_LIGATURES = {code: unicodedata.normalize("NFKC", chr(code)) for code in range(0xFB00, 0xFB07)}
_PRIVATE_BULLETS = re.compile(r"[\uf0a7\uf0b7\uf076\uf0d8\uf0fc\uf06c\uf06e\uf0a8]\Z")  # of Symbol and Wingdings
_JOINERS = "\u00ad\u200c\u200d"  # format characters that affect how words are read

Edges = tuple[float, float, float, float]  # left, bottom, right, top; in points


@dataclass(frozen=True, slots=True)
class PdfContents:
    """The words of each page of a file, its bookmarks as (page, level, text), and its metadata.

    `characters` counts those of all pages, `broken` the pages that cannot be read.
    """

    pages: list[list[Word]]
    bookmarks: list[tuple[int, int, str]]
    metadata: dict[str, str]
    characters: int
    broken: int


def read(data: bytes) -> PdfContents:
    """Read a file. Raises Unreadable if it is locked, damaged or too long."""
    with opening(data) as opened:
        return _read_pages(opened)


@contextmanager
def opening(data: bytes) -> Iterator[pdfium.PdfDocument]:
    """Open a file with pdfium, for one thread at a time. Raises Unreadable as `read` does."""
    with _pdfium_lock:
        try:
            opened = pdfium.PdfDocument(data)
        except pdfium.PdfiumError as error:
            # pdfium's error code may be that of the previous file, but a locked file contains "/Encrypt".
            if getattr(error, "err_code", None) == _PASSWORD and b"/Encrypt" in data:
                raise Unreadable("locked: it needs a password") from error
            raise Unreadable("is damaged: it cannot be opened as PDF") from error
        with closing(opened):
            if len(opened) > _MAX_PAGES:
                raise Unreadable(f"is too long: it has {len(opened):,} pages, over the limit of {_MAX_PAGES:,}")
            yield opened


def shows_pictures(data: bytes) -> bool:
    """Whether a page of a file that `read` could read contains a picture."""
    with _pdfium_lock, closing(pdfium.PdfDocument(data)) as opened:
        for number in range(len(opened)):
            with suppress(pdfium.PdfiumError), closing(opened[number]) as page:
                if any(page.get_objects([raw.FPDF_PAGEOBJ_IMAGE], max_depth=2)):
                    return True
    return False


def _read_pages(opened: pdfium.PdfDocument) -> PdfContents:
    pages: list[list[Word]] = []
    characters = broken = 0
    for number in range(len(opened)):
        words: list[Word] = []
        try:
            with closing(opened[number]) as page, closing(page.get_textpage()) as textpage:
                characters += textpage.count_chars()
                if characters > _MAX_CHARACTERS:
                    raise Unreadable(f"is too long: more than {_MAX_CHARACTERS:,} characters")
                words, angle = words_of(textpage)
                with suppress(pdfium.PdfiumError):  # a damaged drawing must not lose the words
                    words += list(_drawn_bullets(page, words, angle))
        except pdfium.PdfiumError:
            broken += 1  # one damaged page must not lose the others
        pages.append(words)
    return PdfContents(pages, _bookmarks(opened), _metadata(opened), characters, broken)


def words_of(textpage: pdfium.PdfTextPage) -> tuple[list[Word], int]:
    """The words of a page, rotated upright, and their rotation on the page, in degrees clockwise."""
    angle = _angle(textpage)
    return list(_words(textpage, angle)), angle


def _angle(textpage: pdfium.PdfTextPage) -> int:
    """The rotation of most of the text, in degrees clockwise: tables are often rotated on an upright page."""
    count = textpage.count_chars()
    angles: Counter[int] = Counter()
    for index in range(0, count, max(1, count // 200)):
        angle = math.degrees(raw.FPDFText_GetCharAngle(textpage.raw, index))
        if math.isfinite(angle) and not raw.FPDFText_IsGenerated(textpage.raw, index):
            angles[round(angle / 90) % 4 * 90] += 1
    return angles.most_common(1)[0][0] if angles else 0


def _words(textpage: pdfium.PdfTextPage, angle: int) -> Iterator[Word]:
    """Yield the words of a page, without those with another rotation than most (stamps, watermarks)."""
    handle = textpage.raw
    box = raw.FS_RECTF()
    start, text, edges, to_left = 0, "", (0.0, 0.0, 0.0, 0.0), False
    for index in range(textpage.count_chars()):
        code = raw.FPDFText_GetUnicode(handle, index)
        if code == 2:  # pdfium's code for a hyphen at the end of a line
            code = ord("-")
        character = chr(code) if code < 0x110000 else ""
        if not character.strip() or not raw.FPDFText_GetLooseCharBox(handle, index, box):
            yield from _word(handle, start, text, edges, angle)
            text = ""
            continue
        x0, y0, x1, y1 = rotated((box.left, box.bottom, box.right, box.top), angle)
        size = y1 - y0
        if text:
            overlap = min(y1, edges[3]) - max(y0, edges[1])
            direction = unicodedata.bidirectional(character)  # punctuation has the direction of the letters before it
            to_left = direction in ("R", "AL") or (to_left and direction not in ("L", "EN", "AN"))
            gap = edges[0] - x1 if to_left else x0 - edges[2]
            if overlap < 0.3 * min(size, edges[3] - edges[1]) or not -size < gap < 0.6 * size:
                yield from _word(handle, start, text, edges, angle)
                text = ""
        if text:
            edges = (min(edges[0], x0), edges[1], max(edges[2], x1), edges[3])
        else:
            start, edges = index, (x0, y0, x1, y1)
            to_left = unicodedata.bidirectional(character) in ("R", "AL")
        text += character
    yield from _word(handle, start, text, edges, angle)


def rotated(box: Edges, angle: int) -> Edges:
    """The box after rotating the page by `angle` degrees (a multiple of 90), which makes text with it upright."""
    left, bottom, right, top = box
    if angle == 270:
        return bottom, -right, top, -left
    if angle == 180:
        return -right, -top, -left, -bottom
    return (-top, left, -bottom, right) if angle == 90 else box


def _drawn_bullets(page: pdfium.PdfPage, words: Sequence[Word], angle: int) -> Iterator[Word]:
    """Yield the dots that browsers draw before list items, as words; none if there are many, as in a chart."""
    dots: list[Edges] = []
    for drawing in islice(page.get_objects([raw.FPDF_PAGEOBJ_PATH], max_depth=1), _MAX_DRAWINGS):
        left, bottom, right, top = dot = rotated(drawing.get_bounds(), angle)
        if 1.5 < right - left < 7 and abs((right - left) - (top - bottom)) < 0.6:
            dots.append(dot)
    if len(dots) > _MAX_DOTS:
        return
    for left, bottom, right, top in dots:
        in_line = [word for word in words if word.y < (bottom + top) / 2 < word.y + word.size]
        after = min((word for word in in_line if word.x0 > right), key=lambda word: word.x0, default=None)
        near_before = any(left - word.x1 < 3 * word.size and word.x0 < right for word in in_line)
        if after is not None and after.x0 - right < 2 * after.size and not near_before:
            yield Word("•", left, right, after.y, after.top, after.size, after.bold)


def _word(handle: raw.FPDF_TEXTPAGE, start: int, text: str, edges: Edges, angle: int) -> Iterator[Word]:
    text = _clean(text)
    x0, bottom, x1, top = edges
    if not text or not all(abs(edge) < _MAX_COORDINATE for edge in edges):
        return
    relative_angle = (math.degrees(raw.FPDFText_GetCharAngle(handle, start)) + 360 - angle) % 360
    if 5 < relative_angle < 355:
        return
    matrix, name, flags = raw.FS_MATRIX(), ctypes.create_string_buffer(128), ctypes.c_int()
    size = raw.FPDFText_GetFontSize(handle, start)
    if raw.FPDFText_GetMatrix(handle, start, matrix):
        size *= math.hypot(matrix.c, matrix.d)
    if not 0.5 < size < 1000:
        size = max(1.0, top - bottom)
    raw.FPDFText_GetFontInfo(handle, start, name, 128, flags)
    weight = raw.FPDFText_GetFontWeight(handle, start)
    bold = bool(_BOLD_NAME.search(name.value) or flags.value & _BOLD_FLAG or weight >= _BOLD_WEIGHT)
    yield Word(text, x0, x1, bottom, top, size, bold)


def _clean(text: str) -> str:
    """The text without control characters, private use characters (except bullets) and lone surrogates."""
    if _PRIVATE_BULLETS.match(text):
        return "•"
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore").translate(_LIGATURES)
    return "".join(c for c in text if c in _JOINERS or (c != "\ufffd" and unicodedata.category(c)[0] not in "CZ"))


def _bookmarks(opened: pdfium.PdfDocument) -> list[tuple[int, int, str]]:
    bookmarks: list[tuple[int, int, str]] = []
    try:
        for mark in opened.get_toc(max_depth=6):
            target = mark.get_dest()
            number = target.get_index() if target else None
            if number is not None and len(bookmarks) < _MAX_PAGES:
                bookmarks.append((number, mark.level + 1, key(mark.get_title())))
    except (pdfium.PdfiumError, UnicodeDecodeError):
        pass  # the readable part of a damaged outline is still useful
    return bookmarks


def _metadata(opened: pdfium.PdfDocument) -> dict[str, str]:
    metadata = {}
    for name in ("Title", "Author", "CreationDate", "ModDate"):
        try:
            value = opened.get_metadata_value(name)
        except (pdfium.PdfiumError, UnicodeDecodeError):
            continue
        metadata[name] = " ".join(filter(None, map(_clean, value.split())))[:500]
    return metadata


def key(text: str) -> str:
    """The words of a text in lower case, for comparing headings."""
    return " ".join(re.findall(r"\w+", _clean(text.replace(" ", "\n")).casefold()))
