"""A row is read as pairs of column and cell, and what is found in the pairs is a cell of the row."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.ask.rows import row_under
from qa.ask.traits import asked_cell
from qa.ask.units import units_of
from qa.formats.markdown import parse_markdown
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
