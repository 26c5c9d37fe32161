"""Tables of all formats: the row that names the columns, merged cells, the header in every passage of a long table."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.formats import parse
from qa.formats.builder import TextBuilder
from qa.formats.tables import filled, has_header, write_table
from qa.text.document import Document
from qa.text.passages import split


def document(name: str, text: str) -> Document:
    (only,) = parse(name, text.encode()).documents
    return only


def table(document: Document) -> tuple[str | None, list[str]]:
    """The header of a document's only table, and its rows."""
    (block,) = (block for block in document.blocks if block.kind == "table")
    header = None if block.header is None else block.header.of(document.text)
    return header, [part.of(document.text) for part in block.parts]


def count(texts: Sequence[str]) -> list[int]:
    return [len(text.replace("|", " | ").split()) for text in texts]


# --- which row is the header ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rows",
    [
        [["Slip", "Length"], ["A", "8 m"], ["B", "12 m"]],
        [["Part", "Price in euros"], ["K-1001", "17"], ["K-1002", "24"]],
        [["Country", "2019", "2020"], ["Norway", "3.1", "2.9"], ["Spain", "4.0", "4.2"]],
        [["Name", "E-mail"], ["Ida Berg", "ida@example.org"], ["Olu Ade", "olu@example.org"]],
        [["", "Open"], ["Pool", "6 May"], ["Kiosk", "1 June"]],
    ],
)
def test_short_texts_above_values_are_a_header(rows: list[list[str]]) -> None:
    assert has_header(rows) is True


@pytest.mark.parametrize(
    "rows",
    [
        [["Mon", "Closed"], ["Tue", "10:00 - 17:30"]],
        [["Adults", "9 euros"], ["Students", "5 euros"]],
        [["K-1001", "valve"], ["K-1002", "gasket"]],
        [["Porto", "nurse"], ["Porto", "doctor"]],
        [["2024-05-01", "Rain fell."], ["2024-05-02", "The sun shone."]],
        [["only", "one"]],
    ],
)
def test_values_are_no_header(rows: list[list[str]]) -> None:
    assert has_header(rows) is False


def test_rows_of_texts_alone_do_not_tell() -> None:
    assert has_header([["Ida Berg", "nurse", "Lodz"], ["Olu Ade", "doctor", "Graz"]]) is None


# --- merged cells -----------------------------------------------------------------------------------------------------


def test_a_merged_cell_is_in_every_row_and_column_that_it_spans() -> None:
    rows = [[("North", 2, 1), ("12", 1, 1), ("gas", 3, 1)], [("14", 1, 1)], [("South", 1, 2)]]
    assert filled(rows) == [["North", "12", "gas"], ["North", "14", "gas"], ["South", "South", "gas"]]


def test_a_row_that_is_one_wide_cell_is_not_repeated() -> None:
    assert filled([[("North", 1, 4)], [("12", 1, 1), ("14", 1, 1)]]) == [["North"], ["12", "14"]]


SPAN = st.integers(0, 70_000)
SPANS = st.lists(st.lists(st.tuples(st.text(max_size=3), SPAN, SPAN), max_size=5), max_size=8)


@given(SPANS)
def test_spans_of_any_size_lose_no_cell_and_add_a_limited_number(rows: list[list[tuple[str, int, int]]]) -> None:
    cells = filled(rows, len)
    assert len(cells) == len(rows)
    assert sum(map(len, cells)) <= sum(map(len, rows)) + 20_000
    for row, full in zip(rows, cells, strict=True):
        assert all(cell in full for cell, _, _ in row)


def test_merged_cells_of_a_web_page_are_filled_into_each_row() -> None:
    page = (
        "<html><body><article><h1>Depot</h1><p>Each hall of the depot has a foreman who keeps the keys.</p><table>"
        "<tr><th>Hall</th><th>Line</th></tr><tr><td rowspan=2>North hall</td><td>12</td></tr><tr><td>19</td></tr>"
        "</table></article></body></html>"
    )
    assert table(document("a.html", page)) == ("Hall | Line", ["Hall | Line", "North hall | 12", "North hall | 19"])


def test_merged_cells_of_an_office_document_are_filled_into_each_row() -> None:
    text = "+------+------+\n| Hall | Line |\n+======+======+\n| Nord | 12   |\n|      +------+\n|      | 19   |\n"
    text += "+------+------+\n"
    assert table(document("a.rst", text)) == ("Hall | Line", ["Hall | Line", "Nord | 12", "Nord | 19"])


# --- names and values -------------------------------------------------------------------------------------------------


def test_a_table_of_names_and_values_becomes_lines_with_a_colon() -> None:
    page = (
        "<html><body><article><h1>Rules</h1><p>All who work in the depot know these rules by heart.</p><table>"
        "<tr><th>Owner</th><td>Marit Solheim</td></tr><tr><th>Review</th><td>May</td></tr></table></article></body>"
    )
    rules = document("a.html", page)
    assert [part.of(rules.text) for part in rules.blocks[-1].parts] == ["Owner: Marit Solheim", "Review: May"]


def test_several_rows_of_names_become_one() -> None:
    builder = TextBuilder()
    write_table(builder, [["Region", "2023", "2023"], ["", "Q1", "Q2"], ["North", "3", "4"]], heads=2)
    assert table(builder.document("a")) == (
        "Region | 2023 Q1 | 2023 Q2",
        ["Region | 2023 Q1 | 2023 Q2", "North | 3 | 4"],
    )


# --- long tables ------------------------------------------------------------------------------------------------------

PARTS = "# Parts\n\nAll that is in stock.\n\n| Part | Price in euros |\n|---|---|\n"
PARTS += "".join(f"| K-{number} | {number % 90} |\n" for number in range(1000, 1200))


def test_every_passage_of_a_long_table_has_its_header_and_literal_rows() -> None:
    parts = document("parts.md", PARTS)
    first, *others = split(parts, count, 128)
    assert "| Part | Price in euros |" in first.text and first.header == ""
    assert len(others) > 3
    for passage in others:
        assert passage.header == "Part | Price in euros"
        assert ". Part | Price in euros. | K-" in passage.encoded
        assert passage.text == parts.text[passage.span.start : passage.span.end]
        assert all(line.startswith("| K-") for line in passage.text.split("\n"))


def test_the_header_is_no_sentence_and_each_row_is_one() -> None:
    parts = document("parts.md", PARTS)
    sentences = [sentence.of(parts.text) for passage in split(parts, count, 128) for sentence in passage.sentences]
    assert [sentence for sentence in sentences if "Price" in sentence] == []
    assert sentences[1] == "| K-1000 | 10 |"
    assert len(sentences) == 201


def test_a_passage_after_a_table_does_not_have_its_header() -> None:
    parts = document("parts.md", PARTS + "\n" + "All of this is sold. " * 60)
    assert split(parts, count, 128)[-1].header == ""


def test_a_header_that_leaves_no_room_for_a_row_is_left_out() -> None:
    names, row = " | ".join(f"column {n}" for n in range(40)), " | ".join(["x"] * 40)
    long = document("a.md", f"|{names}|\n|{'---|' * 40}\n" + f"|{row}|\n" * 9)
    for passage in split(long, count, 64):
        assert count([passage.encoded])[0] <= 62
