"""Reads from binary Excel files (BIFF8) what calamine leaves out: how numbers are shown, comments, links of cells."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from ..decoding import Unreadable
from ..ole import OleFile
from .cells import DAMAGED, MAX_CELLS, TOO_MANY, Cells
from .number_format import BUILT_IN

_STREAM, _OLDER_STREAM = "Workbook", "Book"
_MAX_ROW, _MAX_COLUMN = 65_536, 256  # of a sheet of this format
_END, _SHEET, _FORMAT, _STYLE, _LOCKED = 0x000A, 0x0085, 0x041E, 0x00E0, 0x002F
_CELLS = (0x0203, 0x027E, 0x0006)  # a number, one in a short form, a formula
_TEXTS = (0x00FD, 0x0204, 0x0205)  # a shared text, its own, true or an error
_MANY = 0x00BD  # numbers in a short form, side by side
_EXTENT = 0x0200  # the first and last rows and columns, as the file says
_LINK, _NOTE, _OBJECT, _OBJECT_TEXT, _CONTINUED = 0x01B8, 0x001C, 0x005D, 0x01B6, 0x003C
_WEB_ADDRESS = bytes.fromhex("E0C9EA79F9BACE118C8200AA004BA90B")  # stands before one in a link
_LONGEST_ADDRESS = 2_000  # bytes


def old_cells(data: bytes) -> list[Cells]:
    """What each sheet of a file says; empty if it is of another version.

    Raises Unreadable if the file is damaged or its cells are too many: calamine may take all memory then.
    """
    file = OleFile(data, "spreadsheet")
    book = file.stream(_STREAM)
    if not book and not file.stream(_OLDER_STREAM):
        raise Unreadable(DAMAGED)
    try:
        codes: dict[int, str] = dict(BUILT_IN)
        styles: list[int] = []
        offsets: list[int] = []
        for kind, record in _records(book, 0):
            if kind == _LOCKED:
                return []
            if kind == _SHEET:
                offsets.append(struct.unpack_from("<I", record)[0])
            elif kind == _STYLE:
                styles.append(struct.unpack_from("<2xH", record)[0])
            elif kind == _FORMAT:
                number, length, wide = struct.unpack_from("<HHB", record)
                text = record[5 : 5 + (2 * length if wide & 1 else length)]
                codes[number] = text.decode("utf-16-le" if wide & 1 else "latin-1", "replace")
        named = [codes.get(style, "") for style in styles]
        sheets = [_sheet(book, offset, named) for offset in offsets]
        if sum(count for _, count in sheets) > MAX_CELLS:
            raise Unreadable(TOO_MANY)
        return [cells for cells, _ in sheets]
    except struct.error:
        return []


def _records(book: bytes, start: int) -> Iterator[tuple[int, bytes]]:
    """The kinds and contents of the records from a place to the end of their part."""
    while start + 4 <= len(book):
        kind, length = struct.unpack_from("<HH", book, start)
        if kind == _END:
            return
        yield kind, book[start + 4 : start + 4 + length]
        start += 4 + length


def _sheet(book: bytes, start: int, codes: list[str]) -> tuple[Cells, int]:
    """What a sheet says, and how many cells are in the rectangle around those with values."""
    cells, notes = Cells(codes=codes), _Notes()
    rows, columns = _Range(), _Range()
    for kind, record in _records(book, start):
        if kind == _EXTENT:
            _check(*struct.unpack_from("<2I2H", record))
        elif kind == _MANY:
            row, first = struct.unpack_from("<2H", record)
            count = (len(record) - 6) // 6
            rows.add(row, row)
            columns.add(first, first + count - 1)
            for place in range(count):
                _set(cells, row, first + place, struct.unpack_from("<H", record, 4 + 6 * place)[0])
        elif kind in (*_CELLS, *_TEXTS):
            row, column, style = struct.unpack_from("<3H", record)
            rows.add(row, row)
            columns.add(column, column)
            if kind in _CELLS:
                _set(cells, row, column, style)
        elif kind == _LINK:
            _link(cells, record)
        else:
            notes.read(kind, record)
    cells.comments += notes.comments()
    return cells, len(rows) * len(columns)


def _check(top: int, bottom: int, left: int, right: int) -> None:
    """Refuse a sheet that says it is larger than any: calamine makes room for what it says."""
    if bottom - top > _MAX_ROW or right - left > _MAX_COLUMN:
        raise Unreadable(DAMAGED)


@dataclass(slots=True)
class _Range:
    """The numbers from the least to the greatest that were added."""

    least: int = 1 << 16
    most: int = -1

    def add(self, least: int, most: int) -> None:
        self.least, self.most = min(self.least, least), max(self.most, most)

    def __len__(self) -> int:
        return max(0, self.most - self.least + 1)


class _Notes:
    """The comments of a sheet: their texts stand with drawn objects, their cells and authors behind all of these."""

    def __init__(self) -> None:
        self._object = 0  # whose text comes next
        self._letters = 0  # of that text that are still to come
        self._texts: dict[int, str] = {}
        self._found: list[tuple[tuple[int, int], int, str]] = []

    def read(self, kind: int, record: bytes) -> None:
        if kind == _OBJECT:
            (self._object,) = struct.unpack_from("<H", record, 6)
        elif kind == _OBJECT_TEXT:
            (self._letters,) = struct.unpack_from("<H", record, 10)
            self._texts[self._object] = ""
        elif kind == _CONTINUED and self._letters:
            text = _letters(record, self._letters)
            self._letters -= len(text) or self._letters
            self._texts[self._object] = self._texts.get(self._object, "") + text
        elif kind == _NOTE:
            row, column, number, length = struct.unpack_from("<2H2x2H", record)
            self._found.append(((row, column), number, _letters(record[10:], length)))

    def comments(self) -> Iterator[tuple[tuple[int, int], str, str, str]]:
        """Cell, text and author of each, and no date."""
        for place, number, author in self._found:
            text = " ".join(self._texts.get(number, "").split()).removeprefix(f"{author}:").strip()
            if text:
                yield place, text, author, ""


def _letters(record: bytes, count: int) -> str:
    """A text of at most `count` letters, of one byte or two each, as the first byte says."""
    if record[:1] == b"\1":
        return record[1 : 1 + 2 * count].decode("utf-16-le", "replace")
    return record[1 : 1 + count].decode("latin-1")


def _link(cells: Cells, record: bytes) -> None:
    row, _, column, _ = struct.unpack_from("<4H", record)
    _, mark, rest = record.partition(_WEB_ADDRESS)
    if mark and len(rest) > 4:
        (length,) = struct.unpack_from("<I", rest)
        address = rest[4 : 4 + min(length, _LONGEST_ADDRESS)].decode("utf-16-le", "ignore").partition("\0")[0]
        cells.links.setdefault((row, column), address)


def _set(cells: Cells, row: int, column: int, style: int) -> None:
    if column < _MAX_COLUMN and style < len(cells.codes) and cells.codes[style]:
        cells.set_style(row, column, style)
