"""Reads the text of binary Word files (97 to 2003, and 6 and 95) with what is known of its paragraphs.

The text lies in pieces all over the file, and its properties on pages of 512 bytes that refer to offsets in the file.
The structures are those of [MS-DOC].
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import accumulate, pairwise

from ..decoding import Unreadable
from ..ole import OleFile

KIND = "Word document"
DAMAGED = f"is damaged: it cannot be opened as {KIND}"
_WORD_97, _WORD_6 = 0xA5EC, 0xA5DC
_ENCRYPTED, _TABLE_1, _COMPLEX = 0x0100, 0x0200, 0x0004
_PAGE = 512  # bytes
_PAIRS = 0x9A  # the offset of the places (offset, length) of all tables
# The numbers of the tables.
_STYLES, _NOTE_MARKS, _NOTES, _COMMENT_MARKS, _COMMENTS, _MARGINS = 1, 2, 3, 4, 5, 11
_RUNS, _PARAGRAPHS, _PIECES, _AUTHORS, _SHAPES, _END_MARKS, _END_NOTES, _BOXES, _DATES = (
    12,
    13,
    33,
    36,
    40,
    46,
    47,
    56,
    112,
)
# Property codes, and the sizes of their operands by their upper three bits.
_IN_TABLE, _ROW_END, _LIST, _LEVEL, _DELETED, _HUGE = 0x2416, 0x2417, 0x460B, 0x2640, 0x0800, 0x6646
_OPERANDS = (1, 1, 2, 4, 2, 2, 0, 3)
_LONG_OPERAND = 0xD608  # the columns of a table: its size takes two bytes
_MAX_STYLES = 10  # that are based on each other
_TITLE = 62  # the number of the built-in style; those of headings are 1 to 9


@dataclass(frozen=True, slots=True)
class Properties:
    """What is known of a paragraph: its outline level (0 if it is no heading), and where it stands."""

    level: int = 0
    is_title: bool = False
    is_item: bool = False
    in_table: bool = False
    ends_row: bool = False


@dataclass(frozen=True, slots=True)
class Attached:
    """A note, comment or text box: a range of the text, what it is (`note`, `comment`, `box`), by whom and when."""

    start: int
    end: int
    kind: str
    author: str = ""
    date: str = ""


class WordFile:
    """A binary Word file. Raises Unreadable if it is damaged or has a password.

    `text` is everything in the file: the main text of `length` characters, then notes, headers and the rest.
    """

    def __init__(self, data: bytes) -> None:
        file = OleFile(data, KIND)
        self._main = file.stream("WordDocument")
        self._data = file.stream("Data")
        self.summary = file.properties()
        try:
            mark, version, flags = self._number(0, 2), self._number(2, 2), self._number(10, 2)
            if mark not in (_WORD_97, _WORD_6):
                raise Unreadable(DAMAGED)
            if flags & _ENCRYPTED:
                raise Unreadable("locked: it needs a password")
            self._is_old = mark == _WORD_6 or version < 0xC1
            self._table = self._main if self._is_old else file.stream("1Table" if flags & _TABLE_1 else "0Table")
            place = 0x34 if self._is_old else 0x4C
            self._lengths = [self._number(place + 4 * number, 4) for number in range(8)]
            self.length = self._lengths[0]
            self._pieces = self._pieces_of(bool(flags & _COMPLEX))
            self.text = "".join(self._decoded(*piece) for piece in self._pieces)
            self._starts = [start for start, *_ in self._pieces]
            self._paragraphs = [] if self._is_old else sorted(self._pages(_PARAGRAPHS))
            self._firsts = [first for first, *_ in self._paragraphs]
            self._styles = {} if self._is_old else self._styles_of()
        except (struct.error, IndexError, ValueError, OverflowError) as error:
            raise error if isinstance(error, Unreadable) else Unreadable(DAMAGED) from error

    def _number(self, place: int, size: int, source: bytes | None = None) -> int:
        source = self._main if source is None else source
        if not 0 <= place <= len(source) - size:
            raise IndexError(place)
        return int.from_bytes(source[place : place + size], "little")

    # --- text ---

    def _pieces_of(self, is_complex: bool) -> list[tuple[int, int, int, int]]:
        """The pieces: position in the text, number of characters, offset in the file, bytes per character."""
        if self._is_old and not is_complex:
            start, end = self._number(0x18, 4), min(self._number(0x1C, 4), len(self._main))
            return [(0, max(end - start, 0), start, 1)]
        place = 0x160 if self._is_old else _PAIRS + 8 * _PIECES
        at, end = self._number(place, 4), self._number(place, 4) + self._number(place + 4, 4)
        while at < end and self._number(at, 1, self._table) == 1:  # properties of pieces
            at += 3 + self._number(at + 1, 2, self._table)
        size = self._number(at + 1, 4, self._table)
        table = self._table[at + 5 : at + 5 + size]
        count = max(len(table) - 4, 0) // 12
        positions = struct.unpack_from(f"<{count + 1}I", table)
        pieces, room = [], len(self._main)
        for number, (start, after) in enumerate(pairwise(positions)):
            offset = self._number(4 * (count + 1) + 8 * number + 2, 4, table)
            wide = 1 if self._is_old or offset & 0x40000000 else 2
            offset = offset if self._is_old else (offset & 0x3FFFFFFF) // (3 - wide)
            if after < start or (room := room - (after - start)) < 0:
                raise ValueError("pieces overlap")
            pieces.append((start, after - start, offset, wide))
        return pieces

    def _decoded(self, _: int, count: int, offset: int, wide: int) -> str:
        """Exactly `count` characters; a pair of surrogates stays two of them, so that positions hold."""
        data = self._main[offset : offset + count * wide]
        if wide == 1:
            return data.decode("cp1252", "replace").ljust(count)
        return "".join(map(chr, struct.unpack(f"<{len(data) // 2}H", data[: len(data) // 2 * 2]))).ljust(count)

    def _offset(self, position: int) -> int:
        """The offset in the file of a character of the text."""
        start, _, offset, wide = self._pieces[max(bisect_right(self._starts, position) - 1, 0)]
        return offset + (position - start) * wide

    # --- properties ---

    def properties(self, position: int) -> Properties:
        """The properties of the paragraph whose mark is at this position."""
        offset = self._offset(position)
        place = bisect_right(self._firsts, offset) - 1
        if place < 0 or offset >= self._paragraphs[place][1]:
            return Properties()
        codes = self._paragraphs[place][2]
        style = int.from_bytes(codes[:2], "little")
        found = dict(self._codes(codes[2:]))
        level, is_title = self._styles.get(style, (0, False))
        own = found.get(_LEVEL, 9) + 1
        return Properties(
            level=level or (own if own <= 9 else 0),
            is_title=is_title,
            is_item=found.get(_LIST, 0) not in (0, 0xF801),
            in_table=found.get(_IN_TABLE, 0) != 0,
            ends_row=found.get(_ROW_END, 0) != 0,
        )

    def deleted(self) -> Iterator[tuple[int, int]]:
        """The ranges of the text that a tracked change has deleted."""
        runs = [] if self._is_old else sorted(self._pages(_RUNS))
        runs = [run for run in runs if dict(self._codes(run[2])).get(_DELETED)]
        firsts = [first for first, *_ in runs]
        for start, count, offset, wide in self._pieces if runs else ():
            for first, end, _ in runs[
                max(bisect_right(firsts, offset) - 1, 0) : bisect_right(firsts, offset + count * wide)
            ]:
                after = start + min((end - offset) // wide, count)
                if end > offset and after > start + max(first - offset, 0) // wide:
                    yield start + max(first - offset, 0) // wide, after

    def _pages(self, table: int) -> Iterator[tuple[int, int, bytes]]:
        """The ranges of offsets in the file with the codes of their properties, from the pages that a table lists."""
        _, pages = self._ranges(table, 4)
        for page in pages:
            start = (int.from_bytes(page, "little") & 0x3FFFFF) * _PAGE
            content = self._main[start : start + _PAGE]
            count = content[-1] if len(content) == _PAGE else 0
            size = 13 if table == _PARAGRAPHS else 1
            if 4 * (count + 1) + size * count >= _PAGE:
                continue
            offsets = struct.unpack_from(f"<{count + 1}I", content)
            for number in range(count):
                place = 2 * content[4 * (count + 1) + size * number]
                length = content[place] if place else 0
                if table == _PARAGRAPHS and place:
                    place, length = (place, 2 * length - 1) if length else (place + 1, 2 * content[place + 1])
                yield offsets[number], offsets[number + 1], content[place + 1 : place + 1 + max(length, 0)]

    def _codes(self, codes: bytes, is_inside: bool = False) -> Iterator[tuple[int, int]]:
        """Each property code with its operand; operands of more than four bytes count as 1."""
        place = 0
        while place + 2 < len(codes):
            code = int.from_bytes(codes[place : place + 2], "little")
            size = _OPERANDS[code >> 13]
            if code == _LONG_OPERAND:
                size = int.from_bytes(codes[place + 2 : place + 4], "little") + 1
            elif not size:
                size = codes[place + 2] + 1
            operand = int.from_bytes(codes[place + 2 : place + 2 + size], "little") if size <= 4 else 1
            place += 2 + size
            if code == _HUGE and not is_inside:
                length = int.from_bytes(self._data[operand : operand + 2], "little")
                yield from self._codes(self._data[operand + 2 : operand + 2 + length], True)
            yield code, operand

    def _styles_of(self) -> dict[int, tuple[int, bool]]:
        """The outline level of each paragraph style, and whether it is that of the title."""
        place, size = self._table_at(_STYLES)
        sheet = self._table[place : place + size]
        at, known = 2 + int.from_bytes(sheet[:2], "little"), {}
        for number in range(int.from_bytes(sheet[2:4], "little")):
            length = int.from_bytes(sheet[at : at + 2], "little")
            if length >= 4:
                kind, base = (int.from_bytes(sheet[at + place : at + place + 2], "little") for place in (2, 4))
                known[number] = (kind & 0xFFF, base >> 4)
            at += 2 + length
        found = {}
        for number in known:
            style, steps = number, 0
            while style in known and steps < _MAX_STYLES and not 1 <= known[style][0] <= 9:
                style, steps = known[style][1], steps + 1
            kind = known[style][0] if style in known else 0
            found[number] = (kind if 1 <= kind <= 9 else 0, known[number][0] == _TITLE)
        return found

    # --- what belongs to other texts ---

    def attached(self) -> dict[int, list[Attached]]:
        """Notes, comments and text boxes by the position in the main text that refers to them."""
        if self._is_old:
            return {}
        starts = [*accumulate(self._lengths, initial=0)]  # main, notes, margins, macros, comments, end notes, boxes
        found: dict[int, list[Attached]] = {}
        for marks, texts, place in ((_NOTE_MARKS, _NOTES, 1), (_END_MARKS, _END_NOTES, 5)):
            for position, (start, end) in zip(
                self._ranges(marks, 2)[0], self._spans(texts, starts[place]), strict=False
            ):
                found.setdefault(position, []).append(Attached(start, end, "note"))
        positions, marks_of_comments = self._ranges(_COMMENT_MARKS, 30)
        authors, dates = self._authors(), self._dates()
        spans = self._spans(_COMMENTS, starts[4])
        for number, (position, mark, (start, end)) in enumerate(zip(positions, marks_of_comments, spans, strict=False)):
            author = authors[index] if (index := int.from_bytes(mark[20:22], "little")) < len(authors) else ""
            day = dates[number] if number < len(dates) else ""
            found.setdefault(position, []).append(Attached(start, end, "comment", author, day))
        anchors = {shape[:4]: position for position, shape in zip(*self._ranges(_SHAPES, 26), strict=False)}
        boxes = self._ranges(_BOXES, 22)[1]
        for box, (start, end) in zip(boxes, self._spans(_BOXES, starts[6], 22), strict=False):
            if box[14:18] in anchors:
                found.setdefault(anchors[box[14:18]], []).append(Attached(start, end, "box"))
        return found

    def margins(self) -> Iterator[tuple[str, int, int]]:
        """`Header` or `Footer` with its range, for each section; the first six are separators of notes."""
        if not self._is_old:
            for number, (start, end) in enumerate(self._spans(_MARGINS, self._lengths[0] + self._lengths[1], 0)):
                if number >= 6 and end > start:
                    yield "Header" if number % 6 in (0, 1, 4) else "Footer", start, end

    def _table_at(self, number: int) -> tuple[int, int]:
        """Offset and length of a table, which is empty if the file has none."""
        if number >= self._number(0x98, 2):
            return 0, 0
        return self._number(_PAIRS + 8 * number, 4), self._number(_PAIRS + 8 * number + 4, 4)

    def _ranges(self, number: int, size: int) -> tuple[list[int], list[bytes]]:
        """The positions in a table, and an entry of `size` bytes for each but the last."""
        place, length = self._table_at(number)
        table = self._table[place : place + length]
        count = max(len(table) - 4, 0) // (4 + size)
        positions = [*struct.unpack_from(f"<{count + 1}I", table)] if len(table) >= 4 else []
        data = table[4 * (count + 1) :]
        return positions, [data[size * entry : size * (entry + 1)] for entry in range(count)]

    def _spans(self, number: int, start: int, size: int = 0) -> list[tuple[int, int]]:
        """The ranges of the texts in a table of positions that count from `start`."""
        positions = self._ranges(number, size)[0]
        return [(start + first, start + end) for first, end in pairwise(positions)]

    def _authors(self) -> list[str]:
        place, length = self._table_at(_AUTHORS)
        table, names = self._table[place : place + length], []
        while len(table) >= 2:
            end = 2 + 2 * int.from_bytes(table[:2], "little")
            names.append(table[2:end].decode("utf-16-le", "replace"))
            table = table[end:]
        return names

    def _dates(self) -> list[str]:
        place, length = self._table_at(_DATES)
        table = self._table[place : place + length]
        packed = [int.from_bytes(table[at : at + 4], "little") for at in range(0, len(table) - 17, 18)]
        return [_day(stamp >> 20 & 0x1FF, stamp >> 16 & 0xF, stamp >> 11 & 0x1F) for stamp in packed]


def _day(years: int, month: int, day: int) -> str:
    try:
        return date(1900 + years, month, day).isoformat()
    except ValueError:
        return ""
