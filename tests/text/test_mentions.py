"""Names and numbers of a text, as they are written."""

from __future__ import annotations

import pytest

from qa.text.mentions import names_of, numbers_of


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("Does Ada know Jean-Luc of O'Neil's?", ["Ada", "Jean-Luc", "O'Neil's"]),
        ("What did I say when I’m at sea?", []),
        ("Bees dance", []),
        ("what is plan B", []),
    ],
)
def test_names_have_a_capital_and_are_neither_first_nor_a_letter(question: str, names: list[str]) -> None:
    assert names_of(question) == names


def test_numbers_are_whole_in_order_and_listed_once() -> None:
    text = "In 2024, Python 3.12 and A4, 10,000 on 1/2, again 2024. Not 3.1."
    assert numbers_of(text) == ["2024", "3.12", "A4", "10,000", "1/2", "3.1"]


def test_a_number_ends_where_a_word_without_spaces_begins() -> None:
    assert numbers_of("1958年成立于北京，1,200人") == ["1958", "1,200"]
    assert numbers_of("1958년에 A4는 3.12였다") == ["1958", "A4", "3.12"]
