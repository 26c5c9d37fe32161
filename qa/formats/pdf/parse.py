"""Parses a PDF: the words of its pages in reading order, with headings, lists, tables and page numbers.

`file` and `words` read the file with pdfium, `layout` finds rows and columns, `footnotes` the notes below them,
`pieces` paragraphs and tables, and `continued` what of a table stands overleaf.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import groupby

from ...text.document import Contents
from ..builder import TextBuilder
from ..decoding import Empty, Unreadable
from ..ocr import is_installed
from ..remarks import note
from ..tables import has_header
from .certainty import INSTALL, certainty, image_fields, unread
from .continued import with_continued
from .file import PdfFile, read, shows_pictures
from .footnotes import Note, with_notes, without_notes
from .layout import Row, Word, columns, without_running
from .letters import word_rows
from .margins import apart
from .pieces import Piece, flowing, joined, leading, pieces, vocabulary
from .properties import coverage, fields, given_title
from .words import Page, key

_HEADING_CHARACTERS, _HEADING_LINES = 200, 3
_LARGER = 1.15  # times the size of body text: a heading


def parse_pdf(path: str, data: bytes) -> Contents:
    """Parse a PDF. Raises Unreadable if it is locked, damaged or too long, Empty if it contains no text."""
    file = read(data)
    if not any(page.words for page in file.pages):
        raise _without_text(data, file.pages)
    return contents_of(path, file)


def contents_of(path: str, file: PdfFile) -> Contents:
    """The document of a file of which at least one page has words."""
    parts = [apart(page.words) for page in file.pages]
    rows = [word_rows(words) for words, _ in parts]
    pages = without_running(rows)
    if not any(pages):
        pages = rows  # the pages have only rows that repeat on each page
    known = vocabulary(pages)
    body = _body_size(pages)
    regions, notes = without_notes([columns(rows) for rows in pages], [page.rules for page in file.pages], body)
    usual_leading = leading([region for page in regions for region in page])
    for regions_of_page, page in zip(regions, file.pages, strict=True):
        regions_of_page += [region for turned in page.turned for region in columns(word_rows(turned.words))]
    notes += _beside([sides for _, sides in parts], usual_leading)
    all_pieces = with_notes(flowing(_pieces(regions, usual_leading)), notes)
    all_pieces = with_continued(_with_comments(all_pieces, [page.comments for page in file.pages]))
    levels = _levels(all_pieces, body, file.bookmarks, known)
    first_page = next(page.words for page in file.pages if page.words)
    title = given_title(path, file.properties.get("Title", ""), (word.text for word in first_page))
    title = title or _largest(all_pieces, known)
    builder = TextBuilder()
    _write(builder, all_pieces, levels, len(pages), title, known)
    scans = [page.scan.read if page.scan else None for page in file.pages]
    document = builder.document(path, title, {**fields(file.properties), **image_fields(scans)})
    for said in certainty(scans):
        note(said)
    return Contents((document,), (*coverage([page.fault for page in file.pages]), *unread(scans)))


def _pieces(pages: Sequence[Sequence[list[Row]]], usual_leading: float) -> list[Piece]:
    """The pieces of all pages in reading order."""
    result: list[Piece] = []
    for number, regions in enumerate(pages):
        for region in regions:
            goes_on = bool(result) and result[-1].kind == "table" and result[-1].page == number - 1
            result += pieces(region, number, usual_leading, goes_on)
    return result


def _beside(pages: Sequence[Sequence[Sequence[Word]]], usual_leading: float) -> list[Note]:
    """The notes in the margins of all pages."""
    notes: list[Note] = []
    for number in range(max(map(len, pages), default=0)):
        sides = without_running([word_rows(sides[number]) if number < len(sides) else [] for sides in pages])
        for page, rows in enumerate(sides):
            for piece in pieces(rows, page, usual_leading):
                lines = (*piece.lines, *(" ".join(row) for row in piece.rows))
                notes.append(Note(page, "", piece.size, lines, piece.top))
    return notes


def _with_comments(all_pieces: Sequence[Piece], comments: Sequence[tuple[str, ...]]) -> list[Piece]:
    """The pieces with the comments on each page after those that begin on it."""
    result: list[Piece] = []
    place = 0
    for number, texts in enumerate(comments):
        while place < len(all_pieces) and all_pieces[place].page <= number:
            result.append(all_pieces[place])
            place += 1
        size = result[-1].size if result else 1.0
        result += [Piece("note", number, size, lines=(text,)) for text in texts]
    return [*result, *all_pieces[place:]]


def _without_text(data: bytes, pages: Sequence[Page]) -> Empty | Unreadable:
    """Why no page of a file has words."""
    if any(page.fault == "damaged" for page in pages):
        return Unreadable("is damaged: it cannot be opened as PDF")
    if any(page.characters for page in pages):
        return Empty("its text cannot be decoded: its fonts do not map to characters")
    if not shows_pictures(data):
        return Empty("contains no text")
    scanned = "looks scanned: its pages are pictures without text"
    return Empty(scanned if is_installed() else f"{scanned} ({INSTALL})")


# --- headings ---------------------------------------------------------------------------------------------------------


def _body_size(pages: Sequence[list[Row]]) -> float:
    sizes: Counter[float] = Counter()
    for word in (word for rows in pages for row in rows for word in row):
        sizes[round(2 * word.size) / 2] += len(word.text)
    return sizes.most_common(1)[0][0]


def _levels(
    all_pieces: Sequence[Piece], body: float, bookmarks: Sequence[tuple[int, int, str]], known: frozenset[str]
) -> dict[int, int]:
    """The level of each piece that is a heading, from the bookmarks, or from its size and weight."""
    bookmarked = {(page, text): level for page, level, text in bookmarks}
    bookmark_levels: dict[int, int] = {}
    styles: dict[int, tuple[float, bool]] = {}
    for number, piece in enumerate(all_pieces):
        text = joined(piece.lines, known)
        short = (
            piece.kind not in ("table", "note")
            and len(text) <= _HEADING_CHARACTERS
            and len(piece.lines) <= _HEADING_LINES
        )
        if not short or " … " in text or not any(map(str.isalpha, text)):
            continue
        level = bookmarked.get((piece.page, key(f"{piece.mark} {text}"))) or bookmarked.get((piece.page, key(text)))
        following = all_pieces[number + 1] if number + 1 < len(all_pieces) else None
        if level or _looks_like_heading(piece, text, following, body):
            styles[number] = (max(round(2 * piece.size) / 2, body), piece.bold)
            if level:
                bookmark_levels[number] = level
    for number in _crowded(styles, bookmark_levels, body):
        del styles[number]
    levels_by_style: dict[tuple[float, bool], list[int]] = defaultdict(list)
    for number, level in bookmark_levels.items():
        levels_by_style[styles[number]].append(level)
    levels: dict[tuple[float, bool], int] = {}
    previous = 0
    for style in sorted(set(styles.values()), reverse=True):
        known_levels = levels_by_style[style]
        previous = levels[style] = Counter(known_levels).most_common(1)[0][0] if known_levels else previous + 1
    return {number: bookmark_levels.get(number, levels[style]) for number, style in styles.items()}


def _looks_like_heading(piece: Piece, text: str, following: Piece | None, body: float) -> bool:
    if following is None or (piece.kind == "item" and not _numbered(piece)):
        return False
    if piece.size >= _LARGER * body:
        return True
    smaller = min(body, following.size)
    return piece.bold and piece.size >= 0.95 * smaller and not text.endswith((",", ";")) and not text.startswith("(")


def _crowded(styles: dict[int, tuple[float, bool]], bookmark_levels: dict[int, int], body: float) -> list[int]:
    """Candidates that are not headings: of three or more in a row, as on a cover, only the largest and the last are."""
    dropped: list[int] = []
    for _, run in groupby(enumerate(sorted(styles)), key=lambda pair: pair[1] - pair[0]):
        numbers = [number for _, number in run]
        if len(numbers) > 2:
            largest = max(numbers, key=lambda number: styles[number][0])
            kept = {numbers[-1]} | ({largest} if styles[largest][0] >= _LARGER * body else set())
            dropped += [number for number in numbers if number not in kept and number not in bookmark_levels]
    return dropped


def _largest(all_pieces: Sequence[Piece], known: frozenset[str]) -> str:
    """The largest text of the first page, if it is larger than most."""
    first = [piece for piece in all_pieces if piece.page == all_pieces[0].page and piece.kind == "paragraph"]
    texts = [(piece.size, joined(piece.lines, known)) for piece in first]
    median_size = sorted(piece.size for piece in all_pieces)[len(all_pieces) // 2]
    candidates = [(size, text) for size, text in texts if size >= _LARGER * median_size and 3 <= len(text) <= 250]
    return max(candidates, key=lambda pair: pair[0])[1] if candidates else ""


# --- writing ----------------------------------------------------------------------------------------------------------


def _write(
    builder: TextBuilder,
    all_pieces: Sequence[Piece],
    levels: dict[int, int],
    pages: int,
    title: str,
    known: frozenset[str],
) -> None:
    pages_begun = 0
    number = 0
    while number < len(all_pieces):
        piece = all_pieces[number]
        for _ in range(pages_begun, piece.page + 1):
            builder.page()
        pages_begun = max(pages_begun, piece.page + 1)
        text = joined(piece.lines, known)
        items = [text]
        if number in levels and not (key(text) == key(title) and number > 0):
            builder.heading(levels[number], f"{_numbered(piece)}{text}")
        elif piece.kind == "table":
            builder.table(piece.rows, has_header=bool(has_header(piece.rows)), begins=piece.begins)
            pages_begun += len(piece.begins)
        elif piece.kind == "item" and not _numbered(piece):
            while (
                number + 1 < len(all_pieces)
                and _is_next_item(piece, all_pieces[number + 1])
                and number + 1 not in levels
            ):
                number += 1
                items.append(joined(all_pieces[number].lines, known))
            builder.items(items)
        else:
            builder.paragraph(f"{_numbered(piece)}{text}")
        number += 1
    for _ in range(pages_begun, pages):
        builder.page()


def _numbered(piece: Piece) -> str:
    """The number of an item, followed by a space; it is kept because the text may refer to it."""
    return f"{piece.mark} " if any(map(str.isalnum, piece.mark)) and piece.mark != "o" else ""


def _is_next_item(piece: Piece, following: Piece) -> bool:
    return following.kind == "item" and following.page == piece.page and not _numbered(following)
