"""Writes small Excel files: sheets of cells, given as XML, and binary ones."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import quoteattr

from .make_msg import ole

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def text(place: str, words: str) -> str:
    """A cell with a text."""
    return f'<c r="{place}" t="inlineStr"><is><t>{words}</t></is></c>'


def xlsx(
    sheets: Mapping[str, str],
    formats: str = "0",
    hidden: str = "",
    merged: str = "",
    codes: Sequence[str] = (),
    tail: str = "",
    more: Mapping[str, str] | None = None,
) -> bytes:
    """A workbook; `sheets` gives the rows of each as XML, `formats` the number formats of styles 0, 1 ….

    `codes` are the formats 164, 165 …; `tail` follows the cells of each sheet, and `more` are parts by their names.
    """
    out, names = io.BytesIO(), list(enumerate(sheets, start=1))
    state = {True: 'state="hidden"', False: ""}
    listed = "".join(f'<sheet name="{s}" sheetId="{n}" {state[s == hidden]} r:id="rId{n}"/>' for n, s in names)
    links = "".join(
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n, _ in names
    )
    styles = "".join(f'<xf numFmtId="{number}"/>' for number in formats.split())
    own = "".join(f'<numFmt numFmtId="{164 + n}" formatCode={quoteattr(code)}/>' for n, code in enumerate(codes))
    parts = {
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="rId1" Type="{_OFFICE}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}">{links}</Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><numFmts>{own}</numFmts><cellXfs>{styles}'
        "</cellXfs></styleSheet>",
        **(more or {}),
    }
    cells = f'<mergeCells><mergeCell ref="{merged}"/></mergeCells>' if merged else ""
    for number, name in names:
        sheet = f"<sheetData>{sheets[name]}</sheetData>{cells}{tail}"
        whole = f'<worksheet xmlns="{_MAIN}" xmlns:r="{_OFFICE}">{sheet}</worksheet>'
        parts[f"xl/worksheets/sheet{number}.xml"] = whole
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return out.getvalue()


def xls(
    rows: Sequence[Sequence[object]], codes: Sequence[str] = ("General",) * 9, more: Sequence[tuple[int, bytes]] = ()
) -> bytes:
    """A binary workbook (BIFF8) with one sheet; the number in column n has the n-th format.

    `more` are the kinds and contents of further records of the sheet.
    """

    def record(kind: int, content: bytes) -> bytes:
        return struct.pack("<HH", kind, len(content)) + content

    def words(text: str, length: str) -> bytes:
        return struct.pack(f"<{length}B", len(text), 1) + text.encode("utf-16-le")

    formats = b"".join(record(0x041E, struct.pack("<H", 164 + n) + words(code, "H")) for n, code in enumerate(codes))
    styles = b"".join(record(0x00E0, struct.pack("<HH16x", 0, 164 + n)) for n in range(len(codes)))
    start, end = struct.pack("<HHHHII", 0x0600, 5, 0, 0, 0, 0), record(0x000A, b"")
    head = record(0x0809, start) + formats + styles
    place = len(head) + len(record(0x0085, struct.pack("<IH", 0, 0) + words("Rooms", "B"))) + len(end)
    listed = record(0x0085, struct.pack("<IH", place, 0) + words("Rooms", "B"))
    cells = b""
    for row, values in enumerate(rows):
        for column, value in enumerate(values):
            where = struct.pack("<3H", row, column, column)
            if isinstance(value, str):
                cells += record(0x0204, where + words(value, "H"))
            else:
                cells += record(0x0203, where + struct.pack("<d", float(str(value))))
    sheet = record(0x0809, struct.pack("<HHHHII", 0x0600, 0x10, 0, 0, 0, 0)) + cells
    sheet += b"".join(record(kind, content) for kind, content in more) + end
    return ole({"Workbook": (head + listed + end + sheet).ljust(4_096, b"\0")})
