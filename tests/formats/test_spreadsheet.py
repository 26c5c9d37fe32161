"""Spreadsheets: an article for each visible sheet, with values as a person sees them."""

from __future__ import annotations

import pytest
from files.make_spreadsheet import text, xlsx

from qa.formats import parse
from qa.formats.decoding import Empty, Unreadable

HEAD = f"<row r='1'>{text('A1', 'Item')}{text('B1', 'Price')}{text('C1', 'Share')}{text('D1', 'Bought')}</row>"
VALUES = "<c r='B2'><v>40</v></c><c r='C2' s='1'><v>0.25</v></c><c r='D2' s='2'><v>45413</v></c>"
ROW = f"<row r='2'>{text('A2', 'Lamp')}{VALUES}</row>"
PRICES = (HEAD + ROW).replace("'", '"')


def test_a_sheet_is_an_article_with_whole_numbers_percentages_and_dates_as_shown() -> None:
    (document,) = parse("my_budget.xlsx", xlsx({"Prices": PRICES}, "0 9 14")).documents
    assert (document.path, document.title) == ("my_budget.xlsx#1", "my budget: Prices")
    assert document.text.strip() == "Item | Price | Share | Bought\nLamp | 40 | 25 % | 2024-05-01"
    assert document.blocks[0].header is not None


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


@pytest.mark.parametrize("name", ["a.xlsx", "a.xls", "a.ods", "a.xlsb"])
@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"Item,Price"])
def test_what_is_no_spreadsheet_is_damaged(name: str, data: bytes) -> None:
    with pytest.raises(Unreadable, match="is damaged: it cannot be opened as spreadsheet"):
        parse(name, data)


def test_a_sheet_without_cells_is_empty() -> None:
    with pytest.raises(Empty, match="contains no text"):
        parse("a.xlsx", xlsx({"S": ""}))
