"""Parses spreadsheets (Excel, OpenDocument) with calamine: an article for each visible sheet, with values as shown."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import PurePosixPath
from typing import Any

from ...text.document import Contents, Document
from ...text.properties import is_noise
from ..addresses import shown_address
from ..archive_limits import open_archive
from ..builder import TextBuilder
from ..decoding import Empty, Unreadable
from ..ole import MAGIC
from ..sheet import MAX_ROWS, write_sheet
from .cells import DAMAGED, MAX_CELLS, TOO_MANY, Cells, excel_cells, excel_sheets, open_cells
from .number_format import shown_date, shown_number
from .old_cells import old_cells
from .open_document import packaged
from .package import iso_date, properties

_KIND = "spreadsheet"
_MAX_FILLED = 20_000  # cells that merged ones are repeated in
_FLAT, _HEAD = b"<office:document", 4_096
_GENERIC = re.compile(r"(?:sheet|tabelle|feuil|hoja|foglio|blad|ark|list|arkusz)\s?\d*", re.IGNORECASE)


def parse_spreadsheet(path: str, data: bytes) -> Contents:
    """The visible sheets with cells; `budget.xlsx#2` is the second sheet. Raises Unreadable, or Empty without cells.

    Formulas have the values that were stored with them, and nothing is computed.
    """
    from python_calamine import CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

    data = packaged(data) if _FLAT in data[:_HEAD] else data
    archive = open_archive(data, _KIND) if data.startswith(b"PK") else None
    details, fields = _details(archive, data), _fields(archive)
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
            cells = details[number] if number < len(details) else Cells()
            rows = _rows(workbook.get_sheet_by_index(number), cells)
            if len(rows) > MAX_ROWS:
                problems.append(f"only the first {MAX_ROWS} rows of {sheet.name!r} are read: split it")
            builder = TextBuilder()
            write_sheet(builder, rows[:MAX_ROWS])
            for remark in cells.remarks(rows):
                builder.paragraph(remark)
            document = builder.document(f"{path}#{number + 1}", _title(path, sheet.name))
            documents += [replace(document, metadata={**document.metadata, **fields})] if document.blocks else []
    except Unreadable:
        raise
    except PasswordError as error:
        raise Unreadable("locked: it needs a password") from error
    except BaseException as error:  # calamine's panics are no Exceptions
        if isinstance(error, (KeyboardInterrupt, SystemExit, MemoryError)):
            raise
        raise Unreadable(DAMAGED) from error
    if not documents:
        raise Empty("contains no text")
    return Contents(tuple(documents), tuple(problems))


def _fields(archive: zipfile.ZipFile | None) -> dict[str, str]:
    """Author, date and tags of a file, which all its sheets share."""
    if archive is None:
        return {}
    found = properties(archive, "ods" if "meta.xml" in archive.namelist() else "xlsx")
    found["date"] = iso_date(found["date"])
    return {name: value for name, value in found.items() if name != "title" and value and not is_noise(value)}


def _title(path: str, sheet: str) -> str:
    name = PurePosixPath(path).stem.replace("_", " ").replace("-", " ")
    return "" if _GENERIC.fullmatch(sheet) else f"{name}: {sheet}"


def _details(archive: zipfile.ZipFile | None, data: bytes) -> list[Cells]:
    """What the sheets have besides values; empty for formats of which it is not read."""
    if archive is None:
        return old_cells(data) if data.startswith(MAGIC) else []
    return [excel_cells(archive, part) for part in excel_sheets(archive)] or open_cells(archive)


def _rows(sheet: Any, cells: Cells) -> list[list[str]]:
    """The rows of a sheet as they are shown, with merged cells in all rows that they span."""
    if sheet.total_height * sheet.total_width > MAX_CELLS:
        raise Unreadable(TOO_MANY)
    values = sheet.to_python(skip_empty_area=False, nrows=MAX_ROWS + 1)
    rows = [
        [cells.text(row, column, value) or _shown(value, cells.code(row, column)) for column, value in enumerate(line)]
        for row, line in enumerate(values)
    ]
    for (row, column), link in cells.links.items():
        if row < len(rows) and column < len(rows[row]) and (address := shown_address(link, rows[row][column])):
            rows[row][column] += f" ({address})"
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


def _shown(value: object, code: str) -> str:
    """A value as a person reads it, by the code of its format.

    Whole dates are in ISO 8601, and whole numbers without a format have no decimal point.
    """
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        text = f"{value:.12g}" if "e" in f"{value:.15g}" else f"{value:.12f}".rstrip("0").rstrip(".")
        return shown_number(value, code) or text if code else text
    if isinstance(value, date) and code and (text := shown_date(value, code)):
        return text
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
