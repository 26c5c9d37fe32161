"""Parses spreadsheets (Excel, OpenDocument) with calamine: an article for each visible sheet, with values as shown."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import PurePosixPath
from typing import Any

from ...text.document import Contents, Document
from ..archive_limits import local_name, open_archive, read_entry, read_xml
from ..builder import TextBuilder
from ..decoding import Empty, Unreadable
from ..sheet import MAX_ROWS, write_sheet
from .open_document import packaged

_KIND = "spreadsheet"
_MAX_CELLS = 20_000_000  # of the rectangle around a sheet's cells, all of which calamine allocates
_MAX_FILLED = 20_000  # cells that merged ones are repeated in
_MAX_SHEET = 200_000_000  # bytes
_CELL = re.compile(rb"<(?:\w{1,9}:)?c\s([^>]{1,200})>")
_PLACE, _STYLE = re.compile(rb'\br="([A-Z]{1,3})(\d{1,7})"'), re.compile(rb'\bs="(\d{1,6})"')
_FLAT, _HEAD = b"<office:document", 4_096
_GENERIC = re.compile(r"(?:sheet|tabelle|feuil|hoja|foglio|blad|ark|list|arkusz)\s?\d*", re.IGNORECASE)
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_PERCENT = ("9", "10")  # the built-in formats of percentages

Place = tuple[int, int]  # row and column, from 0


def parse_spreadsheet(path: str, data: bytes) -> Contents:
    """The visible sheets with cells; `budget.xlsx#2` is the second sheet. Raises Unreadable, or Empty without cells.

    Formulas have the values that were stored with them, and nothing is computed.
    """
    from python_calamine import CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

    data = packaged(data) if _FLAT in data[:_HEAD] else data
    archive = open_archive(data, _KIND) if data.startswith(b"PK") else None
    parts = _sheet_parts(archive) if archive else []
    percentages = [_percentages(archive, part) for part in parts] if archive else []
    documents: list[Document] = []
    problems: list[str] = []
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        for number, sheet in enumerate(workbook.sheets_metadata):
            if sheet.typ != SheetTypeEnum.WorkSheet:
                continue
            if sheet.visible != SheetVisibleEnum.Visible:
                problems.append(f"its hidden sheet {sheet.name!r} is not read")
                continue
            cells = workbook.get_sheet_by_index(number)
            percent = percentages[number] if number < len(percentages) else set()
            rows = _rows(cells, percent)
            if len(rows) > MAX_ROWS:
                problems.append(f"only the first {MAX_ROWS} rows of {sheet.name!r} are read: split it")
            builder = TextBuilder()
            write_sheet(builder, rows[:MAX_ROWS])
            document = builder.document(f"{path}#{number + 1}", _title(path, sheet.name))
            documents += [document] if document.blocks else []
    except Unreadable:
        raise
    except PasswordError as error:
        raise Unreadable("locked: it needs a password") from error
    except BaseException as error:  # calamine's panics are no Exceptions
        if isinstance(error, (KeyboardInterrupt, SystemExit, MemoryError)):
            raise
        raise Unreadable(f"is damaged: it cannot be opened as {_KIND}") from error
    if not documents:
        raise Empty("contains no text")
    return Contents(tuple(documents), tuple(problems))


def _title(path: str, sheet: str) -> str:
    name = PurePosixPath(path).stem.replace("_", " ").replace("-", " ")
    return "" if _GENERIC.fullmatch(sheet) else f"{name}: {sheet}"


def _rows(sheet: Any, percent: set[Place]) -> list[list[str]]:
    """The rows of a sheet as they are shown, with merged cells in all rows that they span."""
    if sheet.total_height * sheet.total_width > _MAX_CELLS:
        raise Unreadable("contains too many cells to be read: split it")
    values = sheet.to_python(skip_empty_area=False, nrows=MAX_ROWS + 1)
    rows = [
        [_shown(value, (row, column) in percent) for column, value in enumerate(cells)]
        for row, cells in enumerate(values)
    ]
    room = _MAX_FILLED
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
        is_title = right > left and top < len(rows) and not any(rows[top][right + 1 :]) and not any(rows[top][:left])
        columns = range(left, left + 1) if is_title else range(left, right + 1)
        for row in range(top, min(bottom + 1, len(rows))):
            for column in columns:
                if room > 0 and column < len(rows[row]) and not rows[row][column]:
                    rows[row][column] = rows[top][left]
                    room -= 1
    return rows


def _shown(value: object, is_percent: bool) -> str:
    """A value as a person reads it: dates in ISO 8601, whole numbers without a decimal point."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        scaled = value * 100 if is_percent else value
        text = f"{scaled:.12g}" if "e" in f"{scaled:.15g}" else f"{scaled:.12f}".rstrip("0").rstrip(".")
        return f"{text} %" if is_percent else text
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.isoformat("minutes")
    if isinstance(value, timedelta):
        minutes = round(value.total_seconds() / 60)
        return f"{minutes // 60}:{minutes % 60:02}"
    return "" if value is None else str(value)


# --- what calamine leaves out: which cells are percentages ------------------------------------------------------------


def _sheet_parts(archive: zipfile.ZipFile) -> list[str]:
    """The names of the sheets' parts in an Excel file, in order; empty for other formats."""
    workbook, relations = read_xml(archive, "xl/workbook.xml"), read_xml(archive, "xl/_rels/workbook.xml.rels")
    if workbook is None or relations is None:
        return []
    targets = {relation.get("Id"): relation.get("Target", "") for relation in relations}
    sheets = [targets.get(each.get(_RELATION), "") for each in workbook.iter() if local_name(each) == "sheet"]
    return [target.lstrip("/") if target.startswith("/xl/") else f"xl/{target}" for target in sheets]


def _percentages(archive: zipfile.ZipFile, part: str) -> set[Place]:
    """The cells with the format of a percentage. Raises Unreadable if the sheet is too large for calamine."""
    try:
        sheet = read_entry(archive, archive.getinfo(part), _MAX_SHEET)
    except KeyError:
        return set()
    styles, found = _percent_styles(archive), set()
    height = width = 0
    for cell in _CELL.finditer(sheet):
        place, style = _PLACE.search(cell[1]), _STYLE.search(cell[1])
        if place:
            row, column = int(place[2]), _column(place[1])
            height, width = max(height, row), max(width, column)
            if style and int(style[1]) in styles:
                found.add((row - 1, column - 1))
    if height * width > _MAX_CELLS:
        raise Unreadable("contains too many cells to be read: split it")
    return found


def _column(letters: Sequence[int]) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + letter - 64
    return number


def _percent_styles(archive: zipfile.ZipFile) -> set[int]:
    styles = read_xml(archive, "xl/styles.xml")
    if styles is None:
        return set()
    formats = {each.get("numFmtId") for each in styles.iter() if "%" in each.get("formatCode", "")} | {*_PERCENT}
    groups = (each for each in styles.iter() if local_name(each) == "cellXfs")
    return {number for group in groups for number, each in enumerate(group) if each.get("numFmtId") in formats}
