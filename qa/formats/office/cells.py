"""Reads what calamine leaves out of spreadsheets: how numbers are shown, and the comments and links of cells."""

from __future__ import annotations

import io
import re
import zipfile
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from xml.sax.saxutils import unescape

from lxml import etree  # type: ignore[import-untyped]

from ..archive_limits import local_name, read_entry, read_xml
from ..decoding import Unreadable
from .number_format import BUILT_IN
from .open_document import LINK, OFFICE, TABLE, TEXT, plain
from .package import addresses, comment, name_of, read_tree, related

Place = tuple[int, int]  # row and column, from 0

MAX_CELLS = 20_000_000  # of the rectangle around a sheet's cells, all of which calamine allocates
TOO_MANY = "contains too many cells to be read: split it"
DAMAGED = "is damaged: it cannot be opened as spreadsheet"
_MAX_SHEET = 200_000_000  # bytes
_MAX_REPEATED = 20_000  # cells that are written once for several places
_MAX_COMMENTS = 10_000
_CELL = re.compile(rb"<(?:\w{1,9}:)?c\s([^>]{1,200})>")
_PLACE, _STYLE = re.compile(rb'\br="([A-Z]{1,3})(\d{1,7})"'), re.compile(rb'\bs="(\d{1,4})"')
_NAME = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_LINKED = re.compile(
    rb'<(?:\w{1,9}:)?c\s[^>]{0,100}?\br="([A-Z]{1,3}\d{1,7})"[^>]{0,100}>\s*<(?:\w{1,9}:)?f>'
    rb'\s*HYPERLINK\((?:"|&quot;)([^"<]{1,400}?)(?:"|&quot;)'
)
_HYPERLINK = re.compile(rb"<(?:\w{1,9}:)?hyperlink\s([^>]{1,2000})>")
_REFERENCE, _KEY = re.compile(rb'\bref="([A-Z]{1,3}\d{1,7})'), re.compile(rb'\w:id="([^"]{1,100})"')
_THREAD = "tc="  # the author of a comment that an old program shows instead of a discussion


@dataclass(slots=True)
class Cells:
    """What a sheet has besides values: the codes of its numbers, texts as shown, links, comments."""

    styles: dict[int, array[int]] = field(default_factory=dict)  # by row: for each column 1 + a place in `codes`, or 0
    codes: list[str] = field(default_factory=list)
    texts: dict[int, dict[int, str]] = field(default_factory=dict)  # by row and column
    links: dict[Place, str] = field(default_factory=dict)
    comments: list[tuple[Place, str, str, str]] = field(default_factory=list)  # with text, author and date
    room: int = _MAX_REPEATED  # texts that are still noted for cells that are repeated

    def code(self, row: int, column: int) -> str:
        """The code of the format of a cell; empty for one without."""
        styles = self.styles.get(row)
        style = styles[column] if styles is not None and column < len(styles) else 0
        return self.codes[style - 1] if style else ""

    def text(self, row: int, column: int, value: object) -> str:
        """A value as the file says that it is shown; empty if it does not, or for a date that is shown in full."""
        text = self.texts.get(row, {}).get(column, "")
        if isinstance(value, (date, datetime)) and re.search(rf"\b0?{value.day}\b", text):
            return ""
        return text

    def set_style(self, row: int, column: int, style: int) -> None:
        """Note which of the codes a cell has."""
        styles = self.styles.setdefault(row, array("H"))
        styles.extend([0] * (column + 1 - len(styles)))
        styles[column] = style + 1

    def remarks(self, rows: list[list[str]]) -> Iterator[str]:
        """The comments as paragraphs that say which cell they are about, with the first cell of its row."""
        for (row, column), text, author, date_text in sorted(self.comments):
            cells = rows[row] if row < len(rows) else []
            words = cells[column] if column < len(cells) else ""
            label = next(filter(None, cells[:column]), "") if words else ""
            yield comment(text, author, date_text, f"{label}: {words}" if label else words)


# --- Excel ------------------------------------------------------------------------------------------------------------


def excel_sheets(archive: zipfile.ZipFile) -> list[str]:
    """The names of the sheets' parts in an Excel file, in order; empty for other formats."""
    workbook, links = read_xml(archive, "xl/workbook.xml"), read_xml(archive, "xl/_rels/workbook.xml.rels")
    if workbook is None or links is None:
        return []
    targets = {relation.get("Id"): relation.get("Target", "") for relation in links}
    sheets = [targets.get(each.get(_RELATION), "") for each in workbook.iter() if local_name(each) == "sheet"]
    return [target.lstrip("/") if target.startswith("/xl/") else f"xl/{target}" for target in sheets]


def excel_cells(archive: zipfile.ZipFile, part: str) -> Cells:
    """What the part of a sheet says. Raises Unreadable if the sheet is too large for calamine."""
    try:
        sheet = read_entry(archive, archive.getinfo(part), _MAX_SHEET)
    except KeyError:
        return Cells()
    cells = Cells(codes=_codes(archive))
    height = width = 0
    for cell in _CELL.finditer(sheet):
        place, style = _PLACE.search(cell[1]), _STYLE.search(cell[1])
        if place:
            row, column = int(place[2]), _column(place[1])
            height, width = max(height, row), max(width, column)
            if height * width > MAX_CELLS:
                raise Unreadable(TOO_MANY)
            number = int(style[1]) if style else -1
            if row and 0 <= number < len(cells.codes) and cells.codes[number]:
                cells.set_style(row - 1, column - 1, number)
    for linked in _LINKED.finditer(sheet):
        _link(cells, linked[1].decode(), unescape(linked[2].decode("utf-8", "replace")))
    targets = addresses(archive, part)
    for element in _HYPERLINK.finditer(sheet) if targets else ():
        ref, key = _REFERENCE.search(element[1]), _KEY.search(element[1])
        if ref and key:
            _link(cells, ref[1].decode(), targets.get(key[1].decode("utf-8", "replace"), ""))
    cells.comments = [*_comments(archive, part)][:_MAX_COMMENTS]
    return cells


def _column(letters: bytes | str) -> int:
    number = 0
    for letter in letters.encode() if isinstance(letters, str) else letters:
        number = 26 * number + letter - 64
    return number


def _place(name: str) -> Place | None:
    """`B3` → (2, 1); the first cell of a range."""
    match = _NAME.match(name)
    return (int(match[2]) - 1, _column(match[1]) - 1) if match and int(match[2]) else None


def _link(cells: Cells, name: str, address: str) -> None:
    place = _place(name)
    if place is not None and address:
        cells.links.setdefault(place, address)


def _codes(archive: zipfile.ZipFile) -> list[str]:
    """The code of each style of cells; empty for those that show a number as it is."""
    styles = read_xml(archive, "xl/styles.xml")
    if styles is None:
        return []
    own = {
        each.get("numFmtId", ""): each.get("formatCode", "") for each in styles.iter() if local_name(each) == "numFmt"
    }
    codes = {str(number): code for number, code in BUILT_IN.items()} | own
    groups = (each for each in styles.iter() if local_name(each) == "cellXfs")
    return [codes.get(each.get("numFmtId", ""), "") for group in groups for each in group]


def _comments(archive: zipfile.ZipFile, part: str) -> Iterator[tuple[Place, str, str, str]]:
    """The comments of a sheet, and discussions with the names of those who take part."""
    people = {}
    for name in related(archive, "xl/workbook.xml", "person"):
        root = read_tree(archive, name)
        people.update({each.get("id", ""): each.get("displayName", "") for each in root} if root is not None else {})
    for name in related(archive, part, "threadedComment"):
        root = read_tree(archive, name)
        for each in root.iterfind("{*}threadedComment") if root is not None else ():
            place, text = _place(each.get("ref", "")), each.findtext("{*}text") or ""
            if place is not None and text.strip():
                yield place, text, people.get(each.get("personId", ""), ""), each.get("dT", "")
    for name in related(archive, part, "comments"):
        root = read_tree(archive, name)
        authors = [each.text or "" for each in root.iterfind("{*}authors/{*}author")] if root is not None else []
        for each in root.iterfind("{*}commentList/{*}comment") if root is not None else ():
            number = each.get("authorId", "")
            author = authors[int(number)] if number.isdecimal() and int(number) < len(authors) else ""
            place, text = _place(each.get("ref", "")), "".join(run.text or "" for run in each.iter("{*}t"))
            text = text.strip().removeprefix(f"{author}:").strip()
            if place is not None and text and not author.startswith(_THREAD):
                yield place, text, author, ""


# --- OpenDocument -----------------------------------------------------------------------------------------------------


def open_cells(archive: zipfile.ZipFile) -> list[Cells]:
    """What each sheet says, with the texts of numbers and dates as they are shown; empty for other formats.

    Raises Unreadable if a sheet is too large for calamine, or if its XML is damaged: calamine may never end then.
    """
    try:
        data = read_entry(archive, archive.getinfo("content.xml"), _MAX_SHEET)
    except (KeyError, Unreadable):
        return []
    if b"<!DOCTYPE" in data or b"\x00" in data:
        raise Unreadable(DAMAGED)
    sheets: list[Cells] = []
    row = width = 0
    events = etree.iterparse(
        io.BytesIO(data), events=("start", "end"), tag=(f"{TABLE}table", f"{TABLE}table-row"),
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True,
    )  # fmt: skip
    try:
        for event, element in events:
            if event == "start" and name_of(element) == "table":
                sheets.append(Cells())
                row = width = 0
            elif event == "end" and name_of(element) == "table-row" and sheets:
                repeated = _number(element, "number-rows-repeated")
                width = max(width, filled := _read_row(sheets[-1], element, row, repeated))
                row += repeated
                if filled and row * width > MAX_CELLS:
                    raise Unreadable(TOO_MANY)
                element.clear()
    except etree.XMLSyntaxError as error:
        raise Unreadable(DAMAGED) from error
    return sheets


def _number(element: etree._Element, name: str) -> int:
    value = element.get(f"{TABLE}{name}", "1")
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 9 else 1


def _read_row(cells: Cells, element: etree._Element, first: int, repeated: int) -> int:
    """Note what the cells of a row say; the number of columns up to the last that is filled."""
    column = filled = 0
    for cell in element.iterchildren(etree.Element):
        times = _number(cell, "number-columns-repeated")
        kind = cell.get(f"{OFFICE}value-type")
        filled = column + times if kind or len(cell) else filled
        lines = [plain(line)[0] for line in cell.iterfind(f"{TEXT}p")]
        if any(lines) and kind not in (None, "string", "boolean"):
            _repeat(cells, " ".join(" ".join(lines).split()), (first, column), repeated, times)
        for link in cell.iter(f"{TEXT}a"):
            cells.links.setdefault((first, column), link.get(LINK, ""))
        for note in cell.iterfind(f"{OFFICE}annotation"):
            words = " ".join(plain(line)[0] for line in note.iter(f"{TEXT}p"))
            author, when = (note.findtext(f"{{*}}{name}") or "" for name in ("creator", "date"))
            if words.strip() and len(cells.comments) < _MAX_COMMENTS:
                cells.comments.append(((first, column), words, author, when))
        column += times
    return filled


def _repeat(cells: Cells, text: str, place: Place, down: int, across: int) -> None:
    """Note the text of a cell for each place that it is repeated in, as long as there is room."""
    for row in range(place[0], place[0] + down):
        for column in range(place[1], place[1] + across):
            cells.room -= (row, column) != place
            if cells.room < 0 and (row, column) != place:
                return
            cells.texts.setdefault(row, {})[column] = text
