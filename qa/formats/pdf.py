"""PDF: the words that its pages show, in reading order, with their headings, lists, tables and page numbers.

It knows nothing about how words make lines and columns (`pdf_layout` does), and reads no pictures.
"""

from __future__ import annotations

import ctypes
import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import date
from itertools import groupby, islice
from pathlib import PurePosixPath
from threading import Lock

import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pypdfium2.raw as raw  # type: ignore[import-untyped]

from ..types import Document
from .builder import TextBuilder
from .decoding import Empty, Unreadable
from .pdf_layout import (
    Piece,
    Row,
    Word,
    columns,
    flowing,
    joined,
    leading,
    pieces,
    rows_of,
    vocabulary,
    without_running,
)

_MOST_PAGES = 5_000
_MOST_CHARACTERS = 20_000_000
_FARTHEST = 20_000.0  # points; a page is at most 14,400 wide, and what claims to be farther away is not shown
_PASSWORD = 4  # pdfium's error code
_MOST_DRAWN, _MOST_DOTS = 3_000, 200  # drawings looked at on a page; more dots than that are a chart's
_pdfium_lock = Lock()  # pdfium keeps state of its own: one thread at a time

_JUNK_TITLE = re.compile(
    r"microsoft (?:word|powerpoint|excel|office)|untitled|(?:document|presentation|book|slide)\s*\d*\Z|about:|\w+://"
    r"|.*\.(?:docx?|pdf|indd|tex|qxp?d?|rtf|od[tsp]|html?|txt|pptx?|xlsx?|dvi|e?ps|pages)\Z|[^a-z]*\Z|\S*[_\\]\S*\Z",
    re.IGNORECASE,
)
_PDF_DATE = re.compile(r"(?:D:)?(\d{4})(\d{2})?(\d{2})?")
_BOLD_NAME = re.compile(rb"bold|black|heavy|demi", re.IGNORECASE)
_BOLD_WEIGHT, _BOLD_FLAG = 600, 1 << 18
_LIGATURES = {code: unicodedata.normalize("NFKC", chr(code)) for code in range(0xFB00, 0xFB07)}
_PRIVATE_BULLETS = re.compile(r"[\uf0a7\uf0b7\uf076\uf0d8\uf0fc\uf06c\uf06e\uf0a8]\Z")  # of Symbol and Wingdings
_JOINERS = "\u00ad\u200c\u200d"  # format characters that change how words read

_HEADING_CHARACTERS, _HEADING_LINES = 200, 3
_LARGER = 1.15  # than the body: a heading

_Box = tuple[float, float, float, float]  # left, bottom, right, top


@dataclass(frozen=True, slots=True)
class _Read:
    """What pdfium tells of a file: each page's words, the bookmarks as (page, level, text), the metadata."""

    pages: list[list[Word]]
    bookmarks: list[tuple[int, int, str]]
    metadata: dict[str, str]
    characters: int
    broken: int


def parse_pdf(path: str, data: bytes) -> Document:
    """The Document of a PDF. Raises Unreadable (locked, damaged, too long) or Empty (nothing but pictures)."""
    read = _read(data)
    if not any(read.pages):
        if read.broken:
            raise Unreadable("is damaged: it cannot be opened as PDF")
        if read.characters:
            raise Empty("its letters cannot be told: its fonts do not say what they stand for")
        raise Empty("looks scanned: its pages are pictures without text")
    pages = without_running([rows_of(words) for words in read.pages])
    if not any(pages):
        pages = [rows_of(words) for words in read.pages]  # the same words on each page are all there is
    known = vocabulary(pages)
    regions = [columns(rows) for rows in pages]
    usual = leading([region for page in regions for region in page])
    found = flowing([p for n, page in enumerate(regions) for region in page for p in pieces(region, n, usual)])
    levels = _levels(found, _body_size(pages), read.bookmarks, known)
    title = _title(path, read.metadata.get("Title", ""), found, known)
    builder = TextBuilder()
    _write(builder, found, levels, len(pages), title, known)
    fields = {"author": read.metadata.get("Author", ""), "date": _date(read.metadata)}
    return builder.document(path, title, {name: value for name, value in fields.items() if value})


# --- what pdfium reads ------------------------------------------------------------------------------------------------


def _read(data: bytes) -> _Read:
    with _pdfium_lock:
        try:
            opened = pdfium.PdfDocument(data)
        except pdfium.PdfiumError as error:
            if getattr(error, "err_code", None) == _PASSWORD:
                raise Unreadable("locked: it needs a password") from error
            raise Unreadable("is damaged: it cannot be opened as PDF") from error
        with closing(opened):
            if len(opened) > _MOST_PAGES:
                raise Unreadable(f"is too long: it has {len(opened):,} pages, and {_MOST_PAGES:,} are read at most")
            return _read_pages(opened)


def _read_pages(opened: pdfium.PdfDocument) -> _Read:
    pages: list[list[Word]] = []
    characters = broken = 0
    for number in range(len(opened)):
        words: list[Word] = []
        try:
            with closing(opened[number]) as page, closing(page.get_textpage()) as textpage:
                characters += textpage.count_chars()
                if characters > _MOST_CHARACTERS:
                    raise Unreadable(f"is too long: more than {_MOST_CHARACTERS:,} characters")
                angle = _angle(textpage)
                words = list(_words(textpage, angle))
                with suppress(pdfium.PdfiumError):  # a damaged drawing costs no words
                    words += list(_drawn_bullets(page, words, angle))
        except pdfium.PdfiumError:
            broken += 1  # one damaged page does not hide the others
        pages.append(words)
    return _Read(pages, _bookmarks(opened), _metadata(opened), characters, broken)


def _angle(textpage: pdfium.PdfTextPage) -> int:
    """How most of the text is turned, in degrees clockwise: tables are often turned on an upright page."""
    count = textpage.count_chars()
    found: Counter[int] = Counter()
    for index in range(0, count, max(1, count // 200)):
        angle = math.degrees(raw.FPDFText_GetCharAngle(textpage.raw, index))
        if math.isfinite(angle) and not raw.FPDFText_IsGenerated(textpage.raw, index):
            found[round(angle / 90) % 4 * 90] += 1
    return found.most_common(1)[0][0] if found else 0


def _words(textpage: pdfium.PdfTextPage, angle: int) -> Iterator[Word]:
    """The words of a page; those that are turned otherwise than most (stamps, watermarks) are left out."""
    handle = textpage.raw
    box = raw.FS_RECTF()
    start, text, edges, to_left = 0, "", (0.0, 0.0, 0.0, 0.0), False
    for index in range(textpage.count_chars()):
        code = raw.FPDFText_GetUnicode(handle, index)
        if code == 2:  # pdfium's sign for a hyphen at the end of a line
            code = ord("-")
        character = chr(code) if code < 0x110000 else ""
        if not character.strip() or not raw.FPDFText_GetLooseCharBox(handle, index, box):
            yield from _word(handle, start, text, edges, angle)
            text = ""
            continue
        x0, y0, x1, y1 = _turned((box.left, box.bottom, box.right, box.top), angle)
        size = y1 - y0
        if text:
            overlap = min(y1, edges[3]) - max(y0, edges[1])
            direction = unicodedata.bidirectional(character)  # signs go the way of the letters before them
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


def _turned(box: _Box, angle: int) -> _Box:
    left, bottom, right, top = box
    if angle == 270:
        return bottom, -right, top, -left
    if angle == 180:
        return -right, -top, -left, -bottom
    return (-top, left, -bottom, right) if angle == 90 else box


def _drawn_bullets(page: pdfium.PdfPage, words: Sequence[Word], angle: int) -> Iterator[Word]:
    """The dots that browsers draw before list items, as words; a drawing of many dots has none."""
    dots: list[_Box] = []
    for drawn in islice(page.get_objects([raw.FPDF_PAGEOBJ_PATH], max_depth=1), _MOST_DRAWN):
        left, bottom, right, top = dot = _turned(drawn.get_bounds(), angle)
        if 1.5 < right - left < 7 and abs((right - left) - (top - bottom)) < 0.6:
            dots.append(dot)
    if len(dots) > _MOST_DOTS:
        return
    for left, bottom, right, top in dots:
        beside = [word for word in words if word.y < (bottom + top) / 2 < word.y + word.size]
        after = min((word for word in beside if word.x0 > right), key=lambda word: word.x0, default=None)
        near_before = any(left - word.x1 < 3 * word.size and word.x0 < right for word in beside)
        if after is not None and after.x0 - right < 2 * after.size and not near_before:
            yield Word("•", left, right, after.y, after.size, after.bold)


def _word(handle: raw.FPDF_TEXTPAGE, start: int, text: str, edges: _Box, angle: int) -> Iterator[Word]:
    text = _clean(text)
    x0, bottom, x1, _ = edges
    if not text or not all(abs(edge) < _FARTHEST for edge in edges):
        return
    turn = (math.degrees(raw.FPDFText_GetCharAngle(handle, start)) + 360 - angle) % 360
    if 5 < turn < 355:
        return
    matrix, name, flags = raw.FS_MATRIX(), ctypes.create_string_buffer(128), ctypes.c_int()
    size = raw.FPDFText_GetFontSize(handle, start)
    if raw.FPDFText_GetMatrix(handle, start, matrix):
        size *= math.hypot(matrix.c, matrix.d)
    if not 0.5 < size < 1000:
        size = max(1.0, edges[3] - bottom)
    raw.FPDFText_GetFontInfo(handle, start, name, 128, flags)
    weight = raw.FPDFText_GetFontWeight(handle, start)
    bold = bool(_BOLD_NAME.search(name.value) or flags.value & _BOLD_FLAG or weight >= _BOLD_WEIGHT)
    yield Word(text, x0, x1, bottom, size, bold)


def _clean(text: str) -> str:
    """Without what is no character of a text: controls, private use (but for bullets), halves of pairs."""
    if _PRIVATE_BULLETS.match(text):
        return "•"
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore").translate(_LIGATURES)
    return "".join(c for c in text if c in _JOINERS or (c != "\ufffd" and unicodedata.category(c)[0] not in "CZ"))


def _bookmarks(opened: pdfium.PdfDocument) -> list[tuple[int, int, str]]:
    found: list[tuple[int, int, str]] = []
    try:
        for mark in opened.get_toc(max_depth=6):
            target = mark.get_dest()
            number = target.get_index() if target else None
            if number is not None and len(found) < _MOST_PAGES:
                found.append((number, mark.level + 1, _key(mark.get_title())))
    except (pdfium.PdfiumError, UnicodeDecodeError):
        pass  # what was found of a damaged outline still helps
    return found


def _metadata(opened: pdfium.PdfDocument) -> dict[str, str]:
    found = {}
    for name in ("Title", "Author", "CreationDate", "ModDate"):
        try:
            value = opened.get_metadata_value(name)
        except (pdfium.PdfiumError, UnicodeDecodeError):
            continue
        found[name] = " ".join(filter(None, map(_clean, value.split())))[:500]
    return found


# --- what the pieces are ----------------------------------------------------------------------------------------------


def _body_size(pages: Sequence[list[Row]]) -> float:
    sizes: Counter[float] = Counter()
    for word in (word for rows in pages for row in rows for word in row):
        sizes[round(2 * word.size) / 2] += len(word.text)
    return sizes.most_common(1)[0][0]


def _levels(
    found: Sequence[Piece], body: float, bookmarks: Sequence[tuple[int, int, str]], known: frozenset[str]
) -> dict[int, int]:
    """The level of each piece that is a heading: by the outline, or by size and weight."""
    marked = {(page, text): level for page, level, text in bookmarks}
    told: dict[int, int] = {}
    styles: dict[int, tuple[float, bool]] = {}
    for number, piece in enumerate(found):
        text = joined(piece.lines, known)
        short = piece.kind != "table" and len(text) <= _HEADING_CHARACTERS and len(piece.lines) <= _HEADING_LINES
        if not short or " … " in text or not any(map(str.isalpha, text)):
            continue
        level = marked.get((piece.page, _key(f"{piece.mark} {text}"))) or marked.get((piece.page, _key(text)))
        following = found[number + 1] if number + 1 < len(found) else None
        if level or _looks_like_heading(piece, text, following, body):
            styles[number] = (max(round(2 * piece.size) / 2, body), piece.bold)
            if level:
                told[number] = level
    for number in _crowded(styles, told, body):
        del styles[number]
    of_style: dict[tuple[float, bool], list[int]] = defaultdict(list)
    for number, level in told.items():
        of_style[styles[number]].append(level)
    levels: dict[tuple[float, bool], int] = {}
    above = 0
    for style in sorted(set(styles.values()), reverse=True):
        above = levels[style] = Counter(of_style[style]).most_common(1)[0][0] if of_style[style] else above + 1
    return {number: told.get(number, levels[style]) for number, style in styles.items()}


def _looks_like_heading(piece: Piece, text: str, following: Piece | None, body: float) -> bool:
    if following is None or (piece.kind == "item" and not _numbered(piece)):
        return False
    if piece.size >= _LARGER * body:
        return True
    beside = min(body, following.size)
    return piece.bold and piece.size >= 0.95 * beside and not text.endswith((",", ";")) and not text.startswith("(")


def _crowded(styles: dict[int, tuple[float, bool]], told: dict[int, int], body: float) -> list[int]:
    """On a cover nearly all is large or bold: of three or more in a row the largest and the last are headings."""
    dropped: list[int] = []
    for _, run in groupby(enumerate(sorted(styles)), key=lambda pair: pair[1] - pair[0]):
        numbers = [number for _, number in run]
        if len(numbers) > 2:
            largest = max(numbers, key=lambda number: styles[number][0])
            kept = {numbers[-1]} | ({largest} if styles[largest][0] >= _LARGER * body else set())
            dropped += [number for number in numbers if number not in kept and number not in told]
    return dropped


def _title(path: str, named: str, found: Sequence[Piece], known: frozenset[str]) -> str:
    """The title of the metadata, unless it names a file or a program; else the largest text of the first page."""
    if len(named) > 2 and not _JUNK_TITLE.match(named) and named != PurePosixPath(path).stem:
        return named
    first = [piece for piece in found if piece.page == found[0].page and piece.kind == "paragraph"]
    texts = [(piece.size, joined(piece.lines, known)) for piece in first]
    usual = sorted(piece.size for piece in found)[len(found) // 2]
    fitting = [(size, text) for size, text in texts if size >= _LARGER * usual and 3 <= len(text) <= 250]
    return max(fitting, key=lambda pair: pair[0])[1] if fitting else ""


def _date(metadata: dict[str, str]) -> str:
    for name in ("CreationDate", "ModDate"):
        match = _PDF_DATE.match(metadata.get(name, ""))
        if match:
            try:
                return date(int(match[1]), int(match[2] or 1), int(match[3] or 1)).isoformat()
            except ValueError:
                continue  # a month 13: the other date may be right
    return ""


def _key(text: str) -> str:
    return " ".join(re.findall(r"\w+", _clean(text.replace(" ", "\n")).casefold()))


# --- what is written --------------------------------------------------------------------------------------------------


def _write(
    builder: TextBuilder, found: Sequence[Piece], levels: dict[int, int], pages: int, title: str, known: frozenset[str]
) -> None:
    begun = 0
    number = 0
    while number < len(found):
        piece = found[number]
        for _ in range(begun, piece.page + 1):
            builder.page()
        begun = max(begun, piece.page + 1)
        text = joined(piece.lines, known)
        items = [text]
        if number in levels and not (_key(text) == _key(title) and number > 0):
            builder.heading(levels[number], f"{_numbered(piece)}{text}")
        elif piece.kind == "table":
            builder.table(piece.rows)
        elif piece.kind == "item" and not _numbered(piece):
            while number + 1 < len(found) and _is_next_item(piece, found[number + 1]) and number + 1 not in levels:
                number += 1
                items.append(joined(found[number].lines, known))
            builder.items(items)
        else:
            builder.paragraph(f"{_numbered(piece)}{text}")
        number += 1
    for _ in range(begun, pages):
        builder.page()


def _numbered(piece: Piece) -> str:
    """The number that an item has: it is kept as it is, for the text may refer to it."""
    return f"{piece.mark} " if any(map(str.isalnum, piece.mark)) and piece.mark != "o" else ""


def _is_next_item(piece: Piece, following: Piece) -> bool:
    return following.kind == "item" and following.page == piece.page and not _numbered(following)
