"""A question that has the name of another article or folder is not answered from this one."""

from __future__ import annotations

import pytest

from qa.ask.another_article import names_another_article
from qa.text.document import Span
from qa.text.passage import Passage

GRAVES = "law/swartland/cemetery-2003.html"
PANCAKES = "recipes/pancakes.md"


def passage(document: str, text: str, title: str = "") -> Passage:
    whole = Span(0, len(text))
    return Passage(document, 0, whole, text, title, (), None, (whole,))


FOUND = [
    passage(GRAVES, "A grave for an adult is 1 800 mm deep. The municipality may allow others.", "Cemetery by-law"),
    passage("law/drakenstein/parking-2007.html", "The Drakenstein Municipality lets out parking.", "Parking by-law"),
    passage("law/cape-town/parks-2010.html", "In parks of Cape Town no fire may be lit.", "Public parks"),
    passage(PANCAKES, "Take 200 g of flour and two eggs.", "Pancakes"),
    passage("recipes/swedish.md", "Swedish pancakes are thin. Pancakes need butter.", "Swedish Pancakes"),
    passage("help/uk/leave.md", "UK staff have 25 days of leave.", "Leave"),
    passage("help/us/holidays.md", "Staff have 10 days.", "Holidays"),
]


def is_another(question: str, document: str, found: list[Passage] = FOUND) -> bool:
    own = next(each for each in found if each.document == document)
    return names_another_article(question, own, f"{own.encoded}\n{own.document}", found)


@pytest.mark.parametrize(
    ("question", "document"),
    [
        ("how deep must an adult grave be in drakenstein", GRAVES),
        ("How deep is a grave in Drakenstein?", GRAVES),
        ("How deep is a grave in Cape Town?", GRAVES),
        ("how much flour for swedish pancakes", PANCAKES),
    ],
)
def test_the_name_of_another_folder_or_article_is_told(question: str, document: str) -> None:
    assert is_another(question, document)


@pytest.mark.parametrize(
    ("question", "document"),
    [
        ("how deep must an adult grave be in swartland", GRAVES),
        ("How deep is a grave in Paarl?", GRAVES),  # no name of an article
        ("How deep is a grave in the Cape?", GRAVES),  # a part of one
        ("what may be paid for parking", GRAVES),  # a word, not a name
        ("how much flour for pancakes", PANCAKES),
        ("Are graves in Swartland as deep as in Drakenstein?", GRAVES),  # its own name, too
        ("How many days of leave are there in the UK?", "help/us/holidays.md"),  # an acronym has other forms
        ("", GRAVES),
    ],
)
def test_other_questions_name_no_other_article(question: str, document: str) -> None:
    assert not is_another(question, document)


def test_a_text_that_has_the_name_is_not_from_elsewhere() -> None:
    near = passage(GRAVES, "As in Drakenstein, a grave is 1 800 mm deep.", "Cemetery by-law")
    assert not is_another("How deep is a grave in Drakenstein?", GRAVES, [near, *FOUND[1:]])


def test_a_word_that_is_also_written_without_a_capital_is_no_name() -> None:
    other = passage("help/benefits/pension.md", "Benefits are paid monthly. Other benefits are paid once.", "Pension")
    own = passage("help/leave/parents.md", "Parents have 60 days.", "Parents")
    assert not is_another("which benefits do parents get", own.document, [own, other])
