"""A question for a quantity or a reason is answered by a text that holds one of that kind, and by no other."""

from __future__ import annotations

import pytest

from qa.ask.wanted import asked_for, names_quantity


def is_held(question: str, text: str) -> bool:
    """Whether a text holds what a question asks for."""
    wanted = asked_for(question)
    assert wanted is not None, question
    return wanted.is_in(text)


HELD = [
    ("How much is the fee?", ["It is 30 dollars.", "It costs €30.", "price: 30", "30 EUR", "R1 200", "for free"],
     ["The fee is due in May.", "It has been paid by 30 members."]),
    ("What does the attic room cost?", ["price: 61 euros", "61 €"], ["The attic room has a stove."]),
    ("How long does it take?", ["It takes half an hour.", "two days", "30 min", "duration: 45"],
     ["It takes care.", "It takes 3 people."]),
    ("How long is slip B?", ["12 m", "Slip: B; Length: 12"], ["Slip B is red."]),
    ("For how many days are backups kept?", ["KEEP_DAYS=35", "They are kept for 35 days."], ["Keep 35 backups."]),
    ("How thick should it be?", ["Use 24 centimetres.", "Thickness: 24", "2\u00bd inches"], ["Use 24 boards."]),
    ("How heavy is it?", ["It weighs 3 kg.", "weight = 3", "two tonnes"], ["It is 3 m long."]),
    ("At what temperature is it baked?", ["at 200 \u00b0C", "200 degrees", "Temp: 200"], ["for 200 minutes"]),
    ("What percentage voted?", ["42 %", "forty per cent", "share: 42"], ["42 people voted."]),
    ("How fast is the boat?", ["12 knots", "90 km/h"], ["12 boats"]),
    ("How old is the mill?", ["It was built in 1780.", "It is 240 years old."], ["It is owned by Ada."]),
    ("How often do they meet?", ["They meet every week.", "on Mondays", "twice a year"], ["They meet in the hall."]),
    ("When was it opened?", ["in 1958", "on 17 April", "after the war", "last winter"], ["by the mayor"]),
    ("What time does it close?", ["at 17:30", "at six", "8 p.m."], ["on the ground floor"]),
    ("What is the phone number of Ada?", ["Ada: +47 22 33 44", "555/123-4567"], ["Ada signs on 3 May.", "Call Ada."]),
    ("What is Ada's e-mail address?", ["Write to ada@bees.org."], ["Write to Ada."]),
    ("What is the web address of the shop?", ["https://shop.bees.org", "See shop.bees.org/buy."], ["It is far."]),
    ("How many seats are there?", ["It has six seats.", "seats: 6", "no seats"], ["It has seats."]),
    ("Why did Ada leave?", ["She left because she moved.", "To keep bees, she left.", "She was needed at home."],
     ["Ada left the board in May.", "Ada's deputy is leaving, too.", "2. Strain the honey for 3 minutes."]),
    ("boiler off at night, why?", ["Due to the noise, it is off at night."], ["The boiler is off at night."]),
    ("What are the reasons for the delay?", ["Snow caused it.", "It was late since the bridge was closed."],
     ["The delay was announced on Monday."]),
]  # fmt: skip


@pytest.mark.parametrize(("question", "texts"), [(question, held) for question, held, _ in HELD])
def test_a_text_with_a_value_of_the_kind_that_is_asked_for_holds_it(question: str, texts: list[str]) -> None:
    assert [text for text in texts if not is_held(question, text)] == []


@pytest.mark.parametrize(("question", "texts"), [(question, others) for question, _, others in HELD])
def test_a_text_with_a_value_of_another_kind_or_none_does_not(question: str, texts: list[str]) -> None:
    assert [text for text in texts if is_held(question, text)] == []


@pytest.mark.parametrize(
    "question", ["Who wrote it?", "What is honey?", "How do bees sleep?", "Wie lange dauert es?", ""]
)
def test_other_questions_ask_for_no_such_kind(question: str) -> None:
    assert asked_for(question) is None


def test_the_words_that_ask_for_a_quantity_are_known() -> None:
    assert [word for word in ("How", "Thick", "cost", "insulation", "canal") if names_quantity(word)] == [
        "Thick",
        "cost",
    ]


def test_a_long_text_of_numbers_takes_no_time() -> None:
    wanted = asked_for("How much does it cost?")
    assert wanted is not None
    assert not wanted.is_in("1,2 3.4 a few several 56 " * 5_000)
