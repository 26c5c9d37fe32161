"""Spreadsheets: an article for each visible sheet, with values as a person sees them."""

from __future__ import annotations

import re
import struct
import tracemalloc
from datetime import date

import pytest
from files.make_open_document import annotation, package, table
from files.make_spreadsheet import text, xls, xlsx
from hypothesis import given
from hypothesis import strategies as st

from qa.formats import parse
from qa.formats.archive_limits import open_archive
from qa.formats.decoding import Empty, Unreadable
from qa.formats.office.cells import DAMAGED, TOO_MANY, open_cells
from qa.formats.office.number_format import shown_date, shown_number

HEAD = f"<row r='1'>{text('A1', 'Item')}{text('B1', 'Price')}{text('C1', 'Share')}{text('D1', 'Bought')}</row>"
VALUES = "<c r='B2'><v>40</v></c><c r='C2' s='1'><v>0.25</v></c><c r='D2' s='2'><v>45413</v></c>"
ROW = f"<row r='2'>{text('A2', 'Lamp')}{VALUES}</row>"
PRICES = (HEAD + ROW).replace("'", '"')


def test_a_sheet_is_an_article_with_whole_numbers_percentages_and_dates_as_shown() -> None:
    (document,) = parse("my_budget.xlsx", xlsx({"Prices": PRICES}, "0 9 14")).documents
    assert (document.path, document.title) == ("my_budget.xlsx#1", "my budget: Prices")
    assert document.text.strip() == "Item | Price | Share | Bought\nLamp | 40 | 25 % | 2024-05-01"
    assert document.blocks[0].header is not None


def test_author_date_and_tags_of_a_workbook_are_those_of_its_sheets() -> None:
    core = (
        '<cp:coreProperties xmlns:cp="c" xmlns:dc="d" xmlns:dcterms="t"><dc:creator>Anna Berg</dc:creator>'
        "<cp:keywords>budget, town</cp:keywords><dcterms:created>2024-05-01T10:00:00Z</dcterms:created>"
        "</cp:coreProperties>"
    )
    data = xlsx({"Prices": PRICES, "Rooms": PRICES}, more={"docProps/core.xml": core})
    said = {"author": "Anna Berg", "date": "2024-05-01", "tags": "budget, town"}
    assert [document.metadata for document in parse("a.xlsx", data).documents] == [said, said]
    nobody = xlsx({"Prices": PRICES}, more={"docProps/core.xml": core.replace("Anna Berg", "openpyxl")})
    assert "author" not in parse("a.xlsx", nobody).documents[0].metadata


def test_hidden_sheets_are_named_and_not_read() -> None:
    contents = parse("a.xlsx", xlsx({"Sheet1": PRICES, "Old": PRICES}, hidden="Old"))
    assert [document.path for document in contents.documents] == ["a.xlsx#1"]
    assert contents.documents[0].display_title == "a 1"
    assert contents.problems == ("its hidden sheet 'Old' is not read",)


def test_merged_cells_are_in_every_row() -> None:
    rows = "".join(
        f'<row r="{n}">{text(f"A{n}", a) if a else ""}{text(f"B{n}", b)}<c r="C{n}"><v>{n}</v></c></row>'
        for n, (a, b) in enumerate([("North", "x"), ("", "y"), ("South", "z")], start=2)
    )
    head = f'<row r="1">{text("A1", "Region")}{text("B1", "Name")}{text("C1", "Count")}</row>'
    (document,) = parse("a.xlsx", xlsx({"S": head + rows}, merged="A2:A3")).documents
    assert "North | x | 2\nNorth | y | 3\nSouth | z | 4" in document.text


def test_a_sheet_with_cells_far_apart_is_refused_before_they_are_allocated() -> None:
    far = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    with pytest.raises(Unreadable, match="too many cells"):
        parse("a.xlsx", xlsx({"S": far}))


def test_a_sheet_with_many_wide_rows_is_refused_before_their_styles_are_noted() -> None:
    rows = "".join(f'<row r="{n}"><c r="ZZZ{n}" s="0"><v>1</v></c></row>' for n in range(1, 5_000))
    data = xlsx({"A": rows}, formats="9")
    tracemalloc.start()
    try:
        with pytest.raises(Unreadable, match="too many cells"):
            parse("a.xlsx", data)
        assert tracemalloc.get_traced_memory()[1] < 80_000_000  # all styles would take 180 MB
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["a.xlsx", "a.xls", "a.ods", "a.xlsb"])
@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"Item,Price"])
def test_what_is_no_spreadsheet_is_damaged(name: str, data: bytes) -> None:
    with pytest.raises(Unreadable, match="is damaged: it cannot be opened as spreadsheet"):
        parse(name, data)


def test_a_sheet_without_cells_is_empty() -> None:
    with pytest.raises(Empty, match="contains no text"):
        parse("a.xlsx", xlsx({"S": ""}))


# --- as a person sees it ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        (12.5, '#,##0.00 "€"', "12.50 €"),
        (12.5, "#,##0.00 [$€-407]", "12.50 €"),
        (-1234.5, "[$$-409]#,##0.00", "-$1,234.50"),
        (-1234.5, '_-* #,##0.00 "€"_-;-* #,##0.00 "€"_-;_-* "-"?? "€"_-;_-@_-', "-1,234.50 €"),
        (0, '_-* #,##0.00 "€"_-;-* #,##0.00 "€"_-;_-* "-"?? "€"_-;_-@_-', "0.00 €"),
        (0.125, "0.0%", "12.5 %"),
        (5, "000", "005"),
        (1234567, '#,##0.0,,"M"', "1.2M"),
        (3.14159, "0.##", "3.14"),
        (3, "0.##", "3"),
        (-5, "0;(0)", "(5)"),
        (2.5, '0 "kg"', "3 kg"),
        (1.005, "0.00", "1.01"),
        (40, "[Red]0", "40"),
        (7, "\\€ 0.00", "€ 7.00"),
        (3, "General", ""),
        (0.5, "# ?/?", ""),
        (1e5, "0.00E+00", ""),
        (45000, "yyyy-mm-dd", ""),
        (5, "000-000", ""),
        (1, '"yes"', ""),
        (5, "[>=5]0;0", ""),
        (float("inf"), "0", ""),
    ],
)
def test_a_number_is_written_as_its_format_says(value: float, code: str, shown: str) -> None:
    assert shown_number(value, code) == shown


@given(st.floats(allow_nan=False), st.text(alphabet='#0?,.;%"$€[]_*\\ -+()xyE@', max_size=20))
def test_any_code_gives_a_number_or_nothing(value: float, code: str) -> None:
    shown = shown_number(value, code)
    assert shown == "" or any(map(str.isdigit, shown))


@given(st.integers(-(10**12), 10**12))
def test_a_number_with_two_decimals_keeps_its_value(cents: int) -> None:
    shown = shown_number(cents / 100, '#,##0.00 "€"')
    assert float(shown.removesuffix(" €").replace(",", "")) == cents / 100


@pytest.mark.parametrize(
    ("code", "shown"),
    [("mmm yyyy", "May 2024"), ("yyyy", "2024"), ("dddd", "Wednesday"), ("d. mmmm", "1. May"), ("dd.mm.yyyy", ""),
     ("dddd, d mmmm yyyy", ""), ("hh:mm", ""), ("[$-407]mmmm yy;@", "May 2024"), ("", "")],
)  # fmt: skip
def test_a_part_of_a_date_is_written_as_such_and_a_whole_one_in_iso(code: str, shown: str) -> None:
    assert shown_date(date(2024, 5, 1), code) == shown


def test_cells_of_excel_are_as_shown() -> None:
    row = "".join(
        f'<c r="{letter}2" s="{n}"><v>{v}</v></c>'
        for n, (letter, v) in enumerate([("B", 12.5), ("C", 45413), ("D", 45413)])
    )
    head = "".join(
        text(f"{letter}1", name) for letter, name in zip("ABCD", ("Room", "Price", "Month", "Day"), strict=True)
    )
    rows = f'<row r="1">{head}</row><row r="2">{text("A2", "Attic")}{row}</row>'
    codes = ['#,##0.00 "€"', "mmm yyyy", "dd.mm.yyyy"]
    (document,) = parse("a.xlsx", xlsx({"S": rows}, "164 165 166", codes=codes)).documents
    assert document.text.strip() == "Room | Price | Month | Day\nAttic | 12.50 € | May 2024 | 2024-05-01"


def test_cells_of_old_excel_are_as_shown() -> None:
    codes = ["General", '#,##0.00 "€"', "0.0%", "mmm yyyy"]
    rows: list[list[object]] = [["Room", "Price", "Share", "Month"], ["Attic", 1234.5, 0.125, 45413.0]]
    (document,) = parse("a.xls", xls(rows, codes)).documents
    assert document.text.strip() == "Room | Price | Share | Month\nAttic | 1,234.50 € | 12.5 % | May 2024"


def noted(row: int, column: int, number: int, author: str, *texts: bytes) -> list[tuple[int, bytes]]:
    """The records of a comment in an old Excel file: its object, its text in parts, and its cell."""
    length = sum(len(text) - 1 if text[0] == 0 else (len(text) - 1) // 2 for text in texts)
    return [
        (0x005D, struct.pack("<3H", 0x15, 18, 0x19) + struct.pack("<H", number)),
        (0x01B6, bytes(10) + struct.pack("<H", length) + bytes(6)),
        *((0x003C, text) for text in texts),
        (0x001C, struct.pack("<5H", row, column, 0, number, len(author)) + b"\0" + author.encode("latin-1")),
    ]


def test_comments_and_links_of_old_excel_are_read() -> None:
    mark, address = bytes.fromhex("E0C9EA79F9BACE118C8200AA004BA90B"), "https://example.org/attic\0".encode("utf-16-le")
    link = struct.pack("<4H", 1, 1, 0, 0) + bytes(24) + mark + struct.pack("<I", len(address)) + address
    more = [
        *noted(1, 1, 7, "Ada", b"\0Ada:\nWithout ", b"\1" + "Frühstück".encode("utf-16-le")),
        *noted(0, 1, 8, "Bo", b"\0per night"),
        (0x01B8, link),
        (0x01B8, struct.pack("<4H", 0, 0, 0, 0) + bytes(60)),  # to a place in the file
    ]
    (document,) = parse("a.xls", xls([["Room", "Price"], ["Attic", 90]], more=more)).documents
    assert document.text.strip().split("\n\n") == [
        "Room | Price\nAttic (https://example.org/attic) | 90",
        "Comment by Bo, on “Room: Price”: per night",
        "Comment by Ada, on “Attic (https://example.org/attic): 90”: Without Frühstück",
    ]


@pytest.mark.parametrize("kind", [0x005D, 0x01B6, 0x003C, 0x001C, 0x01B8, 0x0200])
def test_damaged_remarks_of_old_excel_do_no_harm(kind: int) -> None:
    for content in (b"", b"\1", b"\xff" * 9, b"\xff" * 300):
        data = xls([["Room", "Price"], ["Attic", 90]], more=[*noted(0, 0, 7, "Ada", b"\0Weighed"), (kind, content)])
        try:
            assert "Attic" in parse("a.xls", data).documents[0].text
        except Unreadable as error:
            assert str(error) in (DAMAGED, TOO_MANY)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ([(0x0203, struct.pack("<3Hd", 65_535, 65_535, 0, 1.0))], TOO_MANY),
        ([(0x00BD, struct.pack("<2H", 65_535, 65_535) + bytes(8))], TOO_MANY),
        ([(0x0200, struct.pack("<2I2H", 0, 4_000_000_000, 0, 2))], DAMAGED),
        ([(0x0200, struct.pack("<2I2H", 0, 2, 0, 60_000))], DAMAGED),
    ],
)
def test_an_old_excel_file_that_claims_more_cells_than_there_are_takes_no_memory(
    more: list[tuple[int, bytes]], reason: str
) -> None:
    with pytest.raises(Unreadable, match=re.escape(reason)):
        parse("a.xls", xls([["Room", "Price"], ["Attic", 90]], more=more))


KINDS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def related(*entries: tuple[str, str, str]) -> str:
    mode = 'TargetMode="External"'
    links = "".join(
        f'<Relationship Id="{key}" Type="{KINDS}/{kind}" Target="{target}" {mode if "://" in target else ""}/>'
        for key, kind, target in entries
    )
    return (
        f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{links}</Relationships>'
    )


def test_links_and_comments_of_cells_are_read() -> None:
    formula = '<c r="B2" t="str"><f>HYPERLINK("https://example.org/a?b=1&amp;c=2","here")</f><v>here</v></c>'
    rows = (
        f'<row r="1">{text("A1", "Room")}{text("B1", "Plan")}</row><row r="2">{text("A2", "Attic")}{formula}</row>'
        f'<row r="3">{text("A3", "Cellar")}{text("B3", "there")}</row>'
    )
    comments = (
        "<comments><authors><author>Ada Marsh</author><author>tc={1}</author></authors><commentList>"
        '<comment ref="B3" authorId="0"><text><r><t>Ada Marsh:\n</t></r><r><t>Is it dry?</t></r></text></comment>'
        '<comment ref="A2" authorId="1"><text><t>[Threaded comment] Get a newer version</t></text></comment>'
        "</commentList></comments>"
    )
    about = 'ref="A2" dT="2024-03-05T10:00:00" personId="{p}"'
    thread = f"<x><threadedComment {about}><text>Still let?</text></threadedComment></x>"
    more = {
        "xl/worksheets/_rels/sheet1.xml.rels": related(
            ("l", "hyperlink", "https://example.org/b"), ("c", "comments", "../comments1.xml"),
            ("t", "threadedComment", "../threaded1.xml"),
        ),
        "xl/comments1.xml": comments, "xl/threaded1.xml": thread,
        "xl/persons/person.xml": '<x><person id="{p}" displayName="Bo"/></x>',
        "xl/_rels/workbook.xml.rels": related(
            ("rId1", "worksheet", "worksheets/sheet1.xml"), ("p", "person", "persons/person.xml")
        ),
    }  # fmt: skip
    tail = '<hyperlinks><hyperlink ref="B3" r:id="l"/><hyperlink ref="A1" location="Sheet2!A1"/></hyperlinks>'
    (document,) = parse("a.xlsx", xlsx({"S": rows}, tail=tail, more=more)).documents
    assert [line for line in document.text.split("\n") if line] == [
        "Room: Plan", "Attic: here (https://example.org/a?b=1&c=2)", "Cellar: there (https://example.org/b)",
        "Comment by Bo, 2024-03-05, on “Attic”: Still let?",
        "Comment by Ada Marsh, on “Cellar: there (https://example.org/b)”: Is it dry?",
    ]  # fmt: skip


def test_cells_of_open_document_are_as_shown_with_their_links_and_comments() -> None:
    def cell(kind: str, value: str, shown: str, more: str = "") -> str:
        inner = f"{more}<text:p>{shown}</text:p>"
        return f'<table:table-cell office:value-type="{kind}" {value}>{inner}</table:table-cell>'

    link = '<text:a xlink:href="https://example.org/b">here</text:a>'
    cells = [
        cell("string", "", "Attic"),
        cell("currency", 'office:value="1234.5"', "1.234,50 €", annotation("Old price", "Ada", "2024-05-04")),
        cell("percentage", 'office:value="0.125"', "12,5 %"),
        cell("date", 'office:date-value="2024-03-05"', "05.03.24"),
        cell("date", 'office:date-value="2024-03-05"', "März 2024"),
        cell("string", "", link),
    ]
    head = "".join(cell("string", "", name) for name in ("Room", "Price", "Tax", "From", "Month", "Plan"))
    rows = f"<table:table-row>{head}</table:table-row><table:table-row>{''.join(cells)}</table:table-row>"
    data = package("spreadsheet", f'<table:table table:name="A">{rows}</table:table>')
    (document,) = parse("a.ods", data).documents
    assert [line for line in document.text.split("\n") if line] == [
        "Room | Price | Tax | From | Month | Plan",
        "Attic | 1.234,50 € | 12,5 % | 2024-03-05 | März 2024 | here (https://example.org/b)",
        "Comment by Ada, 2024-05-04, on “Attic: 1.234,50 €”: Old price",
    ]


def test_repeated_cells_of_open_document_cost_little() -> None:
    about = 'table:number-columns-repeated="10" office:value-type="float" office:value="1"'
    cell = f"<table:table-cell {about}><text:p>1,0</text:p></table:table-cell>"
    row = f'<table:table-row table:number-rows-repeated="100000">{cell}<!-- c --></table:table-row>'
    with open_archive(package("spreadsheet", f'<table:table table:name="A">{row}</table:table>'), "x") as archive:
        (cells,) = open_cells(archive)
    assert sum(map(len, cells.texts.values())) <= 20_001


def test_a_sheet_with_too_many_repeated_cells_is_refused_and_one_with_many_empty_ones_is_read() -> None:
    def row(times: int, cell: str) -> str:
        return f'<table:table-row table:number-rows-repeated="{times}"><table:table-cell {cell}</table:table-row>'

    cell = 'table:number-columns-repeated="9999" office:value-type="string"><text:p>x</text:p></table:table-cell>'
    empty = row(1_048_000, 'table:number-columns-repeated="16384"/>')
    many = f'<table:table table:name="A">{row(9999, cell)}</table:table>'
    with pytest.raises(Unreadable, match="too many cells"):
        parse("a.ods", package("spreadsheet", many))
    few = table("Hive|Bees", "Oak|four", attributes='table:name="A"').replace(
        "</table:table>", empty + "</table:table>"
    )
    assert parse("a.ods", package("spreadsheet", few)).documents[0].text.strip() == "Hive: Bees\nOak: four"


def test_damaged_xml_of_a_sheet_is_refused_at_once() -> None:
    with pytest.raises(Unreadable, match="is damaged"):
        parse("a.ods", package("spreadsheet", "<table:table table:name='A'><table:table-row><office:annotation>"))
