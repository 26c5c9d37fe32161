"""Reads from binary Excel files (BIFF8) how numbers are shown, which calamine leaves out."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from ..decoding import Unreadable
from ..ole import OleFile
from .cells import DAMAGED, Cells
from .number_format import BUILT_IN

_STREAM, _OLDER_STREAM = "Workbook", "Book"
_MAX_COLUMN = 256  # of a sheet of this format
_END, _SHEET, _FORMAT, _STYLE, _LOCKED = 0x000A, 0x0085, 0x041E, 0x00E0, 0x002F
_CELLS = (0x0203, 0x027E, 0x0006)  # a number, one in a short form, a formula
_MANY = 0x00BD  # numbers in a short form, side by side


def old_cells(data: bytes) -> list[Cells]:
    """What each sheet of a file says; empty if it is of another version.

    Raises Unreadable if the file is damaged: calamine may take all memory then.
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
        return [_sheet(book, offset, named) for offset in offsets]
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


def _sheet(book: bytes, start: int, codes: list[str]) -> Cells:
    cells = Cells(codes=codes)
    for kind, record in _records(book, start):
        if kind in _CELLS:
            _set(cells, *struct.unpack_from("<3H", record))
        elif kind == _MANY:
            row, first = struct.unpack_from("<2H", record)
            for place in range((len(record) - 6) // 6):
                _set(cells, row, first + place, struct.unpack_from("<H", record, 4 + 6 * place)[0])
    return cells


def _set(cells: Cells, row: int, column: int, style: int) -> None:
    if column < _MAX_COLUMN and style < len(cells.codes) and cells.codes[style]:
        cells.set_style(row, column, style)
