"""A row is read as pairs of column and cell, and what is found in the pairs is a cell of the row."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.ask.row_text import WIDTH, cell_text, pairs_of, row_lines
from qa.ask.rows import TableRow, row_under
from qa.ask.traits import asked_cell
from qa.ask.units import units_of
from qa.formats.builder import TextBuilder
from qa.formats.markdown import parse_markdown
from qa.text.document import Document, Span
from qa.text.passages import split
from qa.text.query_term import QueryTerm
from qa.text.terms import analyze


@pytest.mark.parametrize(
    ("header", "row", "pairs"),
    [
        ("| Part | Price |", "| K-1 | 99 |", "Part: K-1; Price: 99"),
        ("Slip | Length", "B | 12 m", "Slip: B; Length: 12 m"),
        ("| Part | | Price |", "| K-1 || 99 |", "Part: K-1; Price: 99"),
        ("2019 | 2018", "Sales | 44 | 56", "Sales; 2019: 44; 2018: 56"),
        ("Name\tTown", "Ada\tTurin", "Name: Ada; Town: Turin"),
        (
            " | 2019 | 2018",
            "Sales | 44",
            "Sales; 2019: 44",
        ),  # the label's column has no name, and the last cell is empty
        ("| 2019 | 2018", "Sales | 44", "Sales; 2019: 44"),
        ("Part | Price | City", "| 99", "Price: 99"),  # the first cell is empty
        ("| Part | Price |", "| K-1 | 99", "Part: K-1; Price: 99"),
        ("Part | Price", "| K-1 | 99 |", "Part: K-1; Price: 99"),
        ("Part | Use", r"K-1 | a \| b", r"Part: K-1; Use: a \| b"),
        ("Part | …", "K-1 | 99 | Graz", "Part: K-1; 99; Graz"),  # the end of a very long header
    ],
)
def test_each_cell_follows_the_name_of_its_column(header: str, row: str, pairs: str) -> None:
    assert row_under(header, row).text == pairs


def test_a_place_in_the_pairs_is_a_cell_of_the_row_unless_it_is_in_a_name() -> None:
    text = "| K-1 | 99 | Graz |"
    row = row_under("| Part | Price | City |", text)
    found = row.cell_at(row.text.index("99"))
    assert found is not None
    assert (found.text, found.column, found.span.of(text)) == ("99", "Price", "99")
    assert row.cell_at(row.text.index("Price")) is None


@given(st.lists(st.text("ab1 -", max_size=5), min_size=1, max_size=6), st.sampled_from(["|", "\t"]))
def test_every_cell_is_literal(cells: list[str], mark: str) -> None:
    line = mark.join(["x", *cells])
    row = row_under(mark.join("N" * (len(cells) + 1)), line)
    for cell in row.cells:
        assert cell.shown.of(row.text) == cell.span.of(line) == cell.text
    assert [cell.text for cell in row.cells] == [cell.strip() for cell in ["x", *cells] if cell.strip()]


# --- the cell that is asked for ---------------------------------------------------------------------------------------

PARTS = "| Part | Price in euros | Supplier city |\n|---|---|---|\n| K-1 | 99 | Graz |\n| K-2 | 17 | Porto |\n"


@pytest.mark.parametrize(
    ("question", "cell"),
    [
        ("price of part K-1", "99"),
        ("city of K-1", "Graz"),
        ("price and city of K-1", None),  # two columns
        ("price in Graz", "99"),  # named by another cell
        ("price of the lamp", None),  # another thing
        ("weight of K-1", None),  # another column
    ],
)
def test_the_cell_that_is_asked_for_is_in_the_row_and_the_column_that_are_named(
    question: str, cell: str | None
) -> None:
    (only,) = split(parse_markdown("a.md", PARTS), lambda texts: [len(text.split()) for text in texts], 256)
    first = next(iter(units_of(0, only)))
    terms = [QueryTerm(frozenset(analyze(word)), 1.0, word) for word in question.split() if word not in ("of", "the")]
    asked = asked_cell(first, [term for term in terms if term.forms])
    assert (asked.text if asked else None) == cell


# --- a row as it is shown ---------------------------------------------------------------------------------------------


def count_words(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) for text in texts]


def table(rows: Sequence[Sequence[str]], has_header: bool = True) -> Document:
    builder = TextBuilder()
    builder.paragraph("Prices of the season.")
    builder.table(rows, has_header)
    return builder.document("a.csv")


def shown(document: Document, most: int = 60) -> dict[str, TableRow | None]:
    """The rows of a document as they are shown, by their literal text."""
    units = [unit for passage in split(document, count_words, most) for unit in units_of(0, passage)]
    return {unit.text: unit.shown_row() for unit in units}


ROOMS = [["Room", "Price", "Beds"], *([f"Room {n}", f"{n} €", "2"] for n in range(40))]


def test_a_row_is_shown_under_the_header_of_its_table_in_every_passage() -> None:
    for text in (table(ROOMS), parse_markdown("a.md", _markdown(ROOMS))):
        rows = shown(text)
        found = [row for row in rows.values() if row is not None]
        assert [row.cells for row in found] == [tuple(row) for row in ROOMS[1:]]
        assert {row.columns for row in found} == {tuple(ROOMS[0])}
        for row in found:
            assert tuple(span.of(text.text) for span in row.spans) == row.cells


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(["# Prices", "", lines[0], "|---" * len(rows[0]) + "|", *lines[1:]])


@given(
    st.lists(st.lists(st.sampled_from(["", "a", "b | c", "|", "9 €"]), min_size=3, max_size=3), min_size=2, max_size=6),
    st.booleans(),
)
def test_a_cell_is_never_shown_under_another_column(body: list[list[str]], has_corner: bool) -> None:
    rows = [
        ["" if has_corner else "Name", "Price", "Note"],
        *(["x" * (n == 0) + row[0], *row[1:]] for n, row in enumerate(body)),
    ]
    document = table(rows)
    for row in shown(document, 400).values():
        if row is not None:
            assert row.columns[1:] == ("Price", "Note")
            cells = [cell.replace("\\|", "|") for cell in row.cells]
            assert cells in [[*map(str.strip, each)] for each in rows[1:]]


def test_a_row_without_a_header_is_shown_as_it_stands() -> None:
    assert set(shown(table([["K-1", "99"], ["K-2", "17"]], has_header=False)).values()) == {None}


def test_a_second_table_does_not_get_the_header_of_the_first() -> None:
    builder = TextBuilder()
    builder.table(ROOMS, has_header=True)
    builder.table([["K-1", "99", "Graz"], ["K-2", "17", "Porto"]])
    rows = shown(builder.document("a.csv"), 80)
    assert rows["K-1 | 99 | Graz"] is None
    assert rows["K-2 | 17 | Porto"] is None


def test_the_sentence_of_a_long_cell_is_shown_in_its_row() -> None:
    long = " ".join(f"Step {n} takes an hour." for n in range(20))
    rows = shown(table([["Code", "Remedy", "Level"], ["F21", long, "3"], ["F22", "None.", "1"]]), 400)
    row = next(row for text, row in rows.items() if text.startswith("Step"))
    assert row is not None
    assert row.cells == ("F21", long, "3")


def row_of(*pairs: tuple[str, str], asked: int | None = None) -> TableRow:
    names, cells = zip(*pairs, strict=True)
    return TableRow(names, cells, (Span(0, 0),) * len(names), asked)


def marked(text: str) -> str:
    return f"<{text}>"


def test_short_cells_are_aligned_under_their_names() -> None:
    row = row_of(("Room", "Attic"), ("Price", "**45 €**"), ("部屋", "屋根裏"), asked=1)
    assert row_lines(row, marked) == [
        "Room   Price  部屋",
        "-----  -----  ------",
        "Attic  <45 €>   屋根裏",
    ]
    assert pairs_of(row) == "Room: Attic; Price: 45 €; 部屋: 屋根裏"


def test_long_cells_follow_the_names_of_their_columns() -> None:
    row = row_of(("Code", "F21"), ("Remedy", "Warm the pipe. " * 20), ("Use", r"a \| b"), ("Note", "x " * 400), asked=1)
    lines = row_lines(row, str)
    assert lines[0] == "Code: F21"
    assert "Use: a | b" in lines
    assert lines[-1].endswith(" …")
    assert " ".join(" ".join(lines).split()).count("Warm the pipe.") == 20
    assert all(len(line) <= WIDTH for line in lines)


def test_of_many_columns_the_label_the_asked_one_and_its_neighbours_are_shown() -> None:
    wide = [(f"Sensor {n}", f"{n} hPa") for n in range(40)]
    lines = row_lines(row_of(*wide, asked=17), marked)
    assert re.split(r"\s{2,}", lines[0]) == ["Sensor 0", "Sensor 16", "Sensor 17", "Sensor 18"]
    assert "<17 hPa>" in lines[2]
    assert lines[-1] == "… and 36 more columns"
    assert len(row_lines(row_of(*wide, asked=17), marked, most=40)) == 40
    assert row_of(*wide).shown(8) == [*range(8)]
    assert row_of(*wide, asked=39).shown(8) == [0, 38, 39]


def test_breaks_are_spaces_and_a_long_cell_takes_time_in_proportion() -> None:
    assert cell_text("one <br> two<BR/>three  <br  /> four") == "one two three four"
    begun = time.process_time()
    assert cell_text(" " * 200_000 + "x" + "<br" * 100_000) == "x" + "<br" * 100_000
    assert time.process_time() - begun < 5
