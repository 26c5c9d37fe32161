"""Writes small Excel files: sheets of cells, given as XML."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def text(place: str, words: str) -> str:
    """A cell with a text."""
    return f'<c r="{place}" t="inlineStr"><is><t>{words}</t></is></c>'


def xlsx(sheets: Mapping[str, str], formats: str = "0", hidden: str = "", merged: str = "") -> bytes:
    """A workbook; `sheets` gives the rows of each as XML, `formats` the number formats of styles 0, 1 …."""
    out, names = io.BytesIO(), list(enumerate(sheets, start=1))
    state = {True: 'state="hidden"', False: ""}
    listed = "".join(f'<sheet name="{s}" sheetId="{n}" {state[s == hidden]} r:id="rId{n}"/>' for n, s in names)
    links = "".join(
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n, _ in names
    )
    styles = "".join(f'<xf numFmtId="{number}"/>' for number in formats.split())
    parts = {
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="rId1" Type="{_OFFICE}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}">{links}</Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><cellXfs>{styles}</cellXfs></styleSheet>',
    }
    cells = f'<mergeCells><mergeCell ref="{merged}"/></mergeCells>' if merged else ""
    for number, name in names:
        sheet = f'<worksheet xmlns="{_MAIN}"><sheetData>{sheets[name]}</sheetData>{cells}</worksheet>'
        parts[f"xl/worksheets/sheet{number}.xml"] = sheet
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return out.getvalue()
