"""What stands nearest to a unit says of which quarter or year it is; a title or the name of a file does not."""

from __future__ import annotations

import pytest

from qa.ask.beside import gives_another
from qa.ask.period import Period, of_another_period, periods_in
from qa.ask.traits import numbers_in
from qa.ask.units import Unit, units_of
from qa.text.document import Span
from qa.text.passage import Passage


def unit(text: str, section: tuple[str, ...] = (), title: str = "") -> Unit:
    whole = Span(0, len(text))
    return Unit(0, Passage("SHOP_2023Q4.md", 0, whole, text, title, section, None, (whole,)), whole, whole)


@pytest.mark.parametrize(
    ("text", "periods"),
    [
        ("Net sales of the fourth quarter of fiscal 2022", [("2022", "q4")]),
        ("in the first-quarter 2023", [("2023", "q1")]),
        ("2Q22, Q3 FY23 and Q4 ’21", [("2022", "q2"), ("2023", "q3"), ("2021", "q4")]),
        ("2023Q4", [("2023", "q4")]),
        ("fiscal 2022 third quarter", [("2022", "q3")]),
        ("the second half of 2020", [("2020", "h2")]),
        ("FY22, fiscal year 2023 and the financial year 2019/20", [("2022", ""), ("2023", ""), ("2019", "")]),
        ("In 2021 it fell.", [("2021", "")]),
        ("It rose. During 2021 it fell.", [("2021", "")]),
        ("2021", [("2021", "")]),
        ("The office, which opened in 2015, grew, unlike in 2016 or as in 2017.", []),
        ("As in the fourth quarter of 2020, it fell.", []),
        ("the second half, 45 minutes", [("", "h2")]),
        ("up from $2.7 billion in the fourth quarter of 2022", []),
        ("12 % more than in the first half of 2021", []),
        ("compared to net sales of $3 billion in fiscal 2021", []),
        ("since 2019, by 2030, for $2,022, of 2022 hives, a quarter of 12", []),
        ("on 4 May 2023", []),
    ],
)
def test_quarters_halves_and_years_are_read_in_all_usual_forms(text: str, periods: list[tuple[str, str]]) -> None:
    assert periods_in(text) == [Period(*each) for each in periods]


ASKED = "net sales in the fourth quarter of 2023"


@pytest.mark.parametrize(
    ("question", "text", "section", "expected"),
    [
        (ASKED, "Net sales for the fourth quarter of fiscal 2022 were $3 billion.", (), True),
        (ASKED, "Net sales for the third quarter of fiscal 2023 were $3 billion.", (), True),
        (ASKED, "Net sales in fiscal 2022 were $3 billion.", (), True),
        (ASKED, "Net sales were $3 billion.", ("Fourth quarter of 2022",), True),
        (ASKED, "Net sales were $3 billion.", ("Results of fiscal 2022", "Fourth quarter"), True),
        (ASKED, "Net sales for the fourth quarter of 2023 were $3 billion.", ("Fourth quarter of 2022",), False),
        (ASKED, "Net sales of Q4 2022 and Q4 2023 were alike.", (), False),
        (ASKED, "Net sales rose to $3 billion from $2 billion in the fourth quarter of 2022.", (), False),
        (ASKED, "Net sales were $3 billion.", (), False),
        (ASKED, "Net sales were $3 billion.", ("Fourth quarter", "2023"), False),
        ("net sales Q4 2023", "Net sales of 4Q22 were $3 billion.", (), True),
        ("Q4 net sales 2023", "Net sales in Q4 FY22 were $3 billion.", (), True),
        ("What were sales in 2023?", "In 2022, sales were $3 billion.", (), True),
        ("What were sales in 2023?", "In 2022, sales were $2 billion, and $3 billion in 2023.", (), False),
        ("What were sales in 2023?", "Sales of the first quarter of 2023 were $3 billion.", (), False),
        ("What were sales in 2023?", "Sales of $3 billion compared to $2 billion in the year-ago quarter.", (), True),
        ("What were sales in 2023?", "Sales rose to 3 billion from 2 billion in the first quarter of 2023.", (), True),
        ("What were sales in 2023?", "Sales for the quarter were $3 billion.", (), True),
        ("What were sales in 2023?", "Sales were $3 billion.", ("13 Weeks Ended May 7, 2023",), True),
        ("What were sales in 2023?", "Sales for the year were 9, and for the quarter 3.", (), False),
        ("What were sales in 2023?", "Full-year sales were 9, up from 8; 3 in the year-ago quarter.", (), False),
        ("How many shops were there in 2023?", "At the end of Q4 2023 it had 40 shops.", (), False),
        ("What were sales for the quarter in 2023?", "Sales for the quarter were $3 billion.", (), False),
        ("What were sales in 2023?", "Sales have grown since 2019.", (), False),
        ("What were sales in 2023?", "The shop, opened in 2015, sold 40 hives.", (), False),
        ("What were sales in 2023?", "The shop sold 40 hives.", ("Sales", "2015"), True),
        ("Sales of fiscal 2022 and fiscal 2023?", "Sales of fiscal 2022 were $3 billion.", (), False),
        ("Which call was in March 2023?", "The call on the fourth quarter of fiscal 2022.", (), False),
        ("What were net sales?", "Net sales for the fourth quarter of fiscal 2022 were $3 billion.", (), False),
    ],
)
@pytest.mark.parametrize("title", ["", "Results of the fourth quarter of 2023"])
def test_what_stands_nearest_says_of_which_period_a_unit_is(
    question: str, text: str, section: tuple[str, ...], expected: bool, title: str
) -> None:
    made = unit(text, section, title)
    assert of_another_period(question, made) == expected
    if expected:
        assert gives_another(question, made, f"{made.passage.encoded}\nSHOP 2023Q4 {question}")
        assert numbers_in(made, question) == 0


def test_a_row_is_of_the_periods_of_its_columns() -> None:
    text = "| Item | Q4 2022 | Q3 2022 |\n|---|---|---|\n| Net sales | 3 | 2 |"
    lines = [Span(text.index(line), text.index(line) + len(line)) for line in text.split("\n")]
    passage = Passage("a.md", 0, Span(0, len(text)), text, "", (), None, (lines[0], lines[2]))
    *_, row = units_of(0, passage)
    assert row.row is not None and not of_another_period("net sales Q3 2022", row)
    assert of_another_period(ASKED, row)
