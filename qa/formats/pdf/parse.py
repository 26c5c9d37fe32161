"""PDF: the words that its pages show, in reading order, with their headings, lists, tables and page numbers.

It knows nothing about pdfium (`pdf_words` does) or how words make lines and columns (`pdf_layout` does).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date
from itertools import groupby
from pathlib import PurePosixPath

from ...text.document import Document
from ..builder import TextBuilder
from ..decoding import Empty, Unreadable
from .layout import Row, columns, rows_of, without_running
from .pieces import Piece, flowing, joined, leading, pieces, vocabulary
from .words import key, read, shows_pictures

_JUNK_TITLE = re.compile(
    r"microsoft (?:word|powerpoint|excel|office)|untitled|(?:document|presentation|book|slide)\s*\d*\Z|about:|\w+://"
    r"|.*\.(?:docx?|pdf|indd|tex|qxp?d?|rtf|od[tsp]|html?|txt|pptx?|xlsx?|dvi|e?ps|pages)\Z|[^a-z]*\Z|\S*[_\\]\S*\Z",
    re.IGNORECASE,
)
_PDF_DATE = re.compile(r"(?:D:)?(\d{4})(\d{2})?(\d{2})?")

_HEADING_CHARACTERS, _HEADING_LINES = 200, 3
_LARGER = 1.15  # than the body: a heading


def parse_pdf(path: str, data: bytes) -> Document:
    """The Document of a PDF. Raises Unreadable (locked, damaged, too long) or Empty (nothing but pictures)."""
    file = read(data)
    if not any(file.pages):
        if file.broken:
            raise Unreadable("is damaged: it cannot be opened as PDF")
        if file.characters:
            raise Empty("its letters cannot be told: its fonts do not say what they stand for")
        raise Empty("looks scanned: its pages are pictures without text" if shows_pictures(data) else "holds no text")
    pages = without_running([rows_of(words) for words in file.pages])
    if not any(pages):
        pages = [rows_of(words) for words in file.pages]  # the same words on each page are all there is
    known = vocabulary(pages)
    regions = [columns(rows) for rows in pages]
    usual = leading([region for page in regions for region in page])
    found = flowing([p for n, page in enumerate(regions) for region in page for p in pieces(region, n, usual)])
    levels = _levels(found, _body_size(pages), file.bookmarks, known)
    title = _title(path, file.metadata.get("Title", ""), found, known)
    builder = TextBuilder()
    _write(builder, found, levels, len(pages), title, known)
    fields = {"author": file.metadata.get("Author", ""), "date": _date(file.metadata)}
    return builder.document(path, title, {name: value for name, value in fields.items() if value})


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
        level = marked.get((piece.page, key(f"{piece.mark} {text}"))) or marked.get((piece.page, key(text)))
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
        if number in levels and not (key(text) == key(title) and number > 0):
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
