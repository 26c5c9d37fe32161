"""Reads the words of a page with pdfium, with their positions and fonts."""

from __future__ import annotations

import ctypes
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from .forms import fields_and_comments, with_fields
from .layout import DIGITS, DROP_CAP, EXPONENT_AFTER, RAISED, SUPERSCRIPTS, Rule, Word, rows_of
from .links import links_of, with_addresses
from .scans import Scan

_MAX_COORDINATE = 20_000.0  # points; a page is at most 14,400 wide, and a word farther away is invisible
_MAX_DRAWINGS, _MAX_DOTS = 3_000, 200  # drawings examined on a page; more dots than that belong to a chart
_RULE_HEIGHT, _RULE_WIDTH = 2.5, 20.0  # points: the highest and the shortest line
_SCAN_AREA = 0.5  # the smallest share of a page that the pictures on it cover if it looks scanned

_TURNED_ROWS, _TURNED_WORDS = 3, 2.0  # the fewest rows that are read, and words in each
_TURNED_STEP = 4.0  # the largest distance of these rows, in font sizes

_BOLD_NAME = re.compile(rb"bold|black|heavy|demi", re.IGNORECASE)
_BOLD_WEIGHT, _BOLD_FLAG = 600, 1 << 18
_LIGATURES = {code: unicodedata.normalize("NFKC", chr(code)) for code in range(0xFB00, 0xFB07)}
_PRIVATE_BULLETS = re.compile(r"[\uf0a7\uf0b7\uf076\uf0d8\uf0fc\uf06c\uf06e\uf0a8]\Z")  # of Symbol and Wingdings
_FIRST_TO_LEFT = "\u0590"  # the first character that is written from right to left
_OWN_CODE = re.compile("[\x02\ufffd\ufffe]")
_LETTER_GAP = 0.6  # the largest white space between the letters of a word, in heights of a letter
_JOINERS = "\u00ad\u200c\u200d"  # format characters that affect how words are read

Edges = tuple[float, float, float, float]  # left, bottom, right, top; in points
# Why a page has no words: pdfium cannot read it, it is a picture, or its characters are of no alphabet; or no reason.
Fault = Literal["damaged", "scanned", "undecoded", ""]


@dataclass(frozen=True, slots=True)
class Turned:
    """Words with another rotation than most of their page, such as a table, rotated upright."""

    words: tuple[Word, ...]
    angle: int


@dataclass(frozen=True, slots=True)
class Page:
    """The words of a page, rotated upright, and their rotation on the page, in degrees clockwise.

    `characters` counts those that pdfium finds, and `fault` says why there are no words. `comments` are those that
    readers have added, with their authors. The words of a `scan` were read from a picture of the page. `rules` are
    lines that are drawn across it, and `turned` words that are rotated otherwise than the others.
    """

    words: tuple[Word, ...] = ()
    angle: int = 0
    characters: int = 0
    fault: Fault = ""
    comments: tuple[str, ...] = ()
    scan: Scan | None = None
    rules: tuple[Rule, ...] = ()
    turned: tuple[Turned, ...] = ()


def read_page(opened: pdfium.PdfDocument, number: int, most: int) -> Page:
    """Read a page; one with over `most` characters has no words."""
    try:
        with closing(opened[number]) as page, closing(page.get_textpage()) as textpage:
            characters = textpage.count_chars()
            if characters > most:
                return Page(characters=characters)
            angle, *others = _angles(textpage)
            words = _words(textpage, angle)
            turned = [each for other in others for each in _turned(_words(textpage, other), other)]
            drawn: list[Edges] = []
            with suppress(pdfium.PdfiumError):  # a damaged drawing must not lose the words
                drawn = list(_drawings(page, angle))
            words += list(_drawn_bullets(drawn, words))
            fields, comments = fields_and_comments(opened, page)
            filled = [replace(each, value=clean_line(each.value), name=clean_line(each.name)) for each in fields]
            if not angle:
                words = with_addresses(words, links_of(opened, page))
                words = with_fields(words, [each for each in filled if each.value])
            fault: Fault = "" if words else _fault(page, characters)
            said = tuple(filter(None, map(clean_line, comments)))
            return Page(tuple(words), angle, characters, fault, said, None, tuple(_rules(drawn)), tuple(turned))
    except pdfium.PdfiumError:
        return Page(fault="damaged")  # one damaged page must not lose the others


def _fault(page: pdfium.PdfPage, characters: int) -> Fault:
    """Why a page has no words; it looks scanned if pictures cover most of it."""
    left, bottom, right, top = page.get_bbox()
    covered = 0.0
    with suppress(pdfium.PdfiumError):
        for picture in islice(page.get_objects([raw.FPDF_PAGEOBJ_IMAGE], max_depth=2), _MAX_DRAWINGS):
            x0, y0, x1, y1 = picture.get_bounds()
            covered += max(0.0, min(x1, right) - max(x0, left)) * max(0.0, min(y1, top) - max(y0, bottom))
    if covered >= _SCAN_AREA * (right - left) * (top - bottom):
        return "scanned"
    return "undecoded" if characters else ""


def _angles(textpage: pdfium.PdfTextPage) -> list[int]:
    """The rotations of the text, in degrees clockwise, most of it first: tables may be rotated on an upright page."""
    count = textpage.count_chars()
    angles: Counter[int] = Counter()
    for index in range(0, count, max(1, count // 200)):
        angle = math.degrees(raw.FPDFText_GetCharAngle(textpage.raw, index))
        if math.isfinite(angle) and not raw.FPDFText_IsGenerated(textpage.raw, index):
            angles[round(angle / 90) % 4 * 90] += 1
    return [angle for angle, _ in angles.most_common()] or [0]


def _turned(words: Sequence[Word], angle: int) -> Iterator[Turned]:
    """Yield the words that stand in several rows below each other, and are no stamp or names of the axes of a chart."""
    groups: list[list[list[Word]]] = []
    for row in rows_of(words):
        if groups and groups[-1][-1][0].y - row[0].y < _TURNED_STEP * row[0].size:
            groups[-1].append(row)
        else:
            groups.append([row])
    kept = [
        word
        for rows in groups
        if len(rows) >= _TURNED_ROWS and sum(map(len, rows)) >= _TURNED_WORDS * len(rows)
        for row in rows
        for word in row
    ]
    if kept:
        yield Turned(tuple(kept), angle)


def _words(textpage: pdfium.PdfTextPage, angle: int) -> list[Word]:
    """The words of a page, without those with another rotation than `angle` (stamps, watermarks)."""
    handle, fonts = textpage.raw, _Fonts(textpage.raw, angle)
    box = raw.FS_RECTF()
    pointer = ctypes.byref(box)
    words: list[Word] = []
    nowhere = last = edges = (0.0, 0.0, 0.0, 0.0)
    start, text, to_left = 0, "", False
    for index, character in enumerate(_characters(textpage)):
        if character.isspace() or not raw.FPDFText_GetLooseCharBox(handle, index, pointer):
            if text:
                fonts.add_word(words, start, text, edges)
                text, last = "", nowhere
            continue
        edge = (box.left, box.bottom, box.right, box.top)
        if angle:
            edge = rotated(edge, angle)
        # Most letters stand beside the one before on the same line, in the same size.
        if text and character < _FIRST_TO_LEFT and not to_left and edge[1] == edges[1] and edge[3] == edges[3]:
            gap, size = edge[0] - edges[2], edge[3] - edge[1]
            if edges[0] <= edge[0] and -size < gap < _LETTER_GAP * size and character not in DIGITS:
                text += character
                edges, last = (edges[0], edges[1], max(edges[2], edge[2]), edges[3]), edge
                continue
        if text:
            direction = unicodedata.bidirectional(character)  # punctuation has the direction of the letters before it
            to_left = direction in ("R", "AL") or (to_left and direction not in ("L", "EN", "AN"))
            is_raised = character in DIGITS and _is_raised(edge, edges) and not _is_raised(last, edges)
            # pdfium gives each letter of a ligature the box of the whole.
            if edge != last and _is_mark(text, edge, edges):
                in_line = (edges[0], edge[1], edges[2], edge[3])
                fonts.add_word(words, start, text.translate(RAISED), in_line)
                text, start, edges, last, to_left = character, index, edge, edge, False
                continue
            is_apart = edge != last and not _is_adjacent(
                edge, edges, to_left, is_single=len(text) == 1 and not is_raised
            )
            if is_apart or (is_raised and not EXPONENT_AFTER.search(text)):
                fonts.add_word(words, start, text, edges)
                text = ""
                if not is_apart:  # the mark of a note stays in its line
                    edge = (edge[0], edges[1], edge[2], edge[3])
            goes_on = text[:1] in SUPERSCRIPTS or (text[-1:] in SUPERSCRIPTS and _is_raised(edge, edges))
            if not is_apart and (is_raised or goes_on):
                character = character.translate(RAISED)
        if text:
            edges = (min(edges[0], edge[0]), edges[1], max(edges[2], edge[2]), edges[3])
        else:
            start, edges = index, edge
            to_left = unicodedata.bidirectional(character) in ("R", "AL")
        text += character
        last = edge
    fonts.add_word(words, start, text, edges)
    return words


def _characters(textpage: pdfium.PdfTextPage) -> str:
    """The characters of a page by their index; those that have none are spaces."""
    handle, count = textpage.raw, textpage.count_chars()
    buffer = (ctypes.c_ushort * (2 * count + 1))()
    written = raw.FPDFText_GetText(handle, 0, count, buffer)
    text = bytes(buffer)[: 2 * (written - 1)].decode("utf-16-le", "replace")
    # pdfium leaves characters without a code out of the text; then, and for its own codes, it is asked for each.
    one_by_one = range(count) if len(text) != count else [m.start() for m in _OWN_CODE.finditer(text)]
    characters = list(text if len(text) == count else " " * count)
    for index in one_by_one:
        code = raw.FPDFText_GetUnicode(handle, index)
        # Its code 2 is a hyphen at the end of a line.
        characters[index] = "-" if code == 2 else chr(code) if code < 0x110000 else " "
    return "".join(characters)


def _is_adjacent(edge: Edges, edges: Edges, to_left: bool, is_single: bool) -> bool:
    """Whether a character belongs to the word before it; not if that is a single, much larger letter, a drop cap."""
    size, height = edge[3] - edge[1], edges[3] - edges[1]
    if min(edge[3], edges[3]) - max(edge[1], edges[1]) < 0.3 * min(size, height):
        return False
    gap = edges[0] - edge[2] if to_left else edge[0] - edges[2]
    return -size < gap < _LETTER_GAP * size and not (is_single and height > DROP_CAP * size)


def _is_mark(text: str, edge: Edges, edges: Edges) -> bool:
    """Whether the word before a character is the raised number of a note, which begins a line without a space."""
    return text.isascii() and text.isdecimal() and _is_raised(edges, edge)


def _is_raised(edge: Edges, edges: Edges) -> bool:
    """Whether a character is smaller and higher than those before it, like an exponent or the mark of a note."""
    height = edges[3] - edges[1]
    return edge[3] - edge[1] < 0.85 * height and edge[1] - edges[1] > 0.15 * height


def rotated(box: Edges, angle: int) -> Edges:
    """The box after rotating the page by `angle` degrees (a multiple of 90), which makes text with it upright."""
    left, bottom, right, top = box
    if angle == 270:
        return bottom, -right, top, -left
    if angle == 180:
        return -right, -top, -left, -bottom
    return (-top, left, -bottom, right) if angle == 90 else box


def _drawings(page: pdfium.PdfPage, angle: int) -> Iterator[Edges]:
    """Yield the bounds of what is drawn on a page, rotated upright."""
    for drawing in islice(page.get_objects([raw.FPDF_PAGEOBJ_PATH], max_depth=1), _MAX_DRAWINGS):
        yield rotated(drawing.get_bounds(), angle)


def _rules(drawn: Sequence[Edges]) -> Iterator[Rule]:
    """Yield the horizontal lines among drawings."""
    for left, bottom, right, top in drawn:
        if top - bottom < _RULE_HEIGHT and right - left > _RULE_WIDTH:
            yield Rule(left, right, (bottom + top) / 2)


def _drawn_bullets(drawn: Sequence[Edges], words: Sequence[Word]) -> Iterator[Word]:
    """Yield the dots that browsers draw before list items, as words; none if there are many, as in a chart."""
    dots = [
        (left, bottom, right, top)
        for left, bottom, right, top in drawn
        if 1.5 < right - left < 7 and abs((right - left) - (top - bottom)) < 0.6
    ]
    if len(dots) > _MAX_DOTS:
        return
    for left, bottom, right, top in dots:
        in_line = [word for word in words if word.y < (bottom + top) / 2 < word.y + word.size]
        after = min((word for word in in_line if word.x0 > right), key=lambda word: word.x0, default=None)
        near_before = any(left - word.x1 < 3 * word.size and word.x0 < right for word in in_line)
        if after is not None and after.x0 - right < 2 * after.size and not near_before:
            yield Word("•", left, right, after.y, after.top, after.size, after.bold)


class _Fonts:
    """The sizes and weights of the letters of a page, each read once for the letters that one command shows."""

    def __init__(self, handle: raw.FPDF_TEXTPAGE, angle: int) -> None:
        self._handle, self._angle = handle, angle
        self._matrix, self._name, self._flags = raw.FS_MATRIX(), ctypes.create_string_buffer(128), ctypes.c_int()
        self._known: dict[int, tuple[float, bool] | None] = {}

    def add_word(self, words: list[Word], start: int, text: str, edges: Edges) -> None:
        """Add the word that begins with a character, if it is visible and not rotated."""
        text = clean(text)
        x0, bottom, x1, top = edges
        if not text or not all(abs(edge) < _MAX_COORDINATE for edge in edges):
            return
        font = self._font(start)
        if font is not None:
            size, bold = font
            words.append(Word(text, x0, x1, bottom, top, size if 0.5 < size < 1000 else max(1.0, top - bottom), bold))

    def _font(self, index: int) -> tuple[float, bool] | None:
        """The size of a character, and whether it is bold; None if it is rotated."""
        shown = raw.FPDFText_GetTextObject(self._handle, index)
        if not shown:
            return self._read(index)
        address = ctypes.addressof(shown.contents)
        if address not in self._known:
            self._known[address] = self._read(index)
        return self._known[address]

    def _read(self, index: int) -> tuple[float, bool] | None:
        handle = self._handle
        relative_angle = (math.degrees(raw.FPDFText_GetCharAngle(handle, index)) + 360 - self._angle) % 360
        if 5 < relative_angle < 355:
            return None
        size = raw.FPDFText_GetFontSize(handle, index)
        if raw.FPDFText_GetMatrix(handle, index, self._matrix):
            size *= math.hypot(self._matrix.c, self._matrix.d)
        raw.FPDFText_GetFontInfo(handle, index, self._name, 128, self._flags)
        weight = raw.FPDFText_GetFontWeight(handle, index)
        return size, bool(
            _BOLD_NAME.search(self._name.value) or self._flags.value & _BOLD_FLAG or weight >= _BOLD_WEIGHT
        )


def clean(text: str) -> str:
    """The text without control characters, private use characters (except bullets) and lone surrogates."""
    if text.isascii() and text.isprintable() and " " not in text:
        return text
    if _PRIVATE_BULLETS.match(text):
        return "•"
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore").translate(_LIGATURES)
    return "".join(c for c in text if c in _JOINERS or (c != "\ufffd" and unicodedata.category(c)[0] not in "CZ"))


def clean_line(text: str) -> str:
    """The text without characters that have no meaning, with single spaces."""
    return " ".join(filter(None, map(clean, text.split())))


def key(text: str) -> str:
    """The words of a text in lower case, for comparing headings."""
    return " ".join(re.findall(r"\w+", clean(text.replace(" ", "\n")).casefold()))
