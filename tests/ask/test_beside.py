"""Asked about one year, version or code, a unit about another is no answer; nor is one that does not rank or negate."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.ask.beside import defines_nothing, gives_another, leaves_unsaid, quotes_another
from qa.ask.units import Unit
from qa.text.document import Span
from qa.text.passage import Passage


def unit(text: str, section: tuple[str, ...] = (), quoted: int | None = None) -> Unit:
    """A unit whose passage is `text`, of which the first `quoted` characters are quoted."""
    whole = Span(0, len(text))
    span = Span(0, len(text) if quoted is None else quoted)
    return Unit(0, Passage("a.md", 0, whole, text, "", section, None, (span,)), span, span)


def is_another(question: str, text: str, title: str = "") -> bool:
    made = unit(text)
    return gives_another(question, made, f"{made.passage.encoded}\n{title}")


# --- another value ----------------------------------------------------------------------------------------------------

OF_ANOTHER_PERIOD = [
    ("How much was paid in 2019?", "In 2020, 40 euros were paid."),
    ("What did they earn in Q3?", "In Q2 they earned 40 million."),
    ("When does the fiscal year 2019/20 end?", "The fiscal year 2018/19 ends in May."),
    ("What did they earn in the first quarter?", "In the second quarter they earned 40 million."),
]
OF_ANOTHER = [
    ("Which part has the number 4711-22/C?", "The gasket of the pump has the number 4711-22/B."),
    ("What changed in Python 3.13?", "Python 3.12 has a new parser."),
    ("What changed in Python 3.13?", "Python 3.13.1 has a new parser, and 3.1 had none."),
    ("What does version v2.1 need?", "Version v2.0 needs nothing."),
    ("How much was paid in 1871?", "In 1870, 40 thalers were paid."),
    ("Who chaired the meeting of 2019?", "Ada chaired the meeting of 2018, and Ben that of 2017."),
    ("What does section 4.2 say?", "Section 4.3 says that bees may sleep."),
    ("Which error is 0x80070005?", "0x80070002 says that a file is missing."),
    ("How heavy is the BX-200?", "The BX-300 weighs 3 kilograms."),
    ("How large is A4?", "A5 is 148 millimetres wide."),
    ("What was decided on 12.5.2024?", "On 13.5.2024 a hive was bought."),
    ("Who was the third keeper?", "Ada was the second keeper."),
]


@pytest.mark.parametrize(("question", "text"), [*OF_ANOTHER, *OF_ANOTHER_PERIOD])
def test_a_unit_with_another_value_of_the_kind_asked_for_gives_another(question: str, text: str) -> None:
    assert is_another(question, text)


@pytest.mark.parametrize(("question", "text"), OF_ANOTHER)
def test_where_the_value_asked_for_is_near_nothing_else_is_given(question: str, text: str) -> None:
    assert not is_another(question, text, title=question)  # as a title
    assert not is_another(question, f"{text} {question}")
    assert not is_another(question.upper(), text.upper(), title=question)


@pytest.mark.parametrize(("question", "text"), OF_ANOTHER_PERIOD)
def test_a_period_is_not_near_because_a_title_says_it(question: str, text: str) -> None:
    assert is_another(question, text, title=question)
    assert not is_another(question, f"{text} {question}")


@pytest.mark.parametrize(("question", "text"), [*OF_ANOTHER, *OF_ANOTHER_PERIOD])
def test_a_value_in_the_rest_of_the_passage_is_near_and_what_is_not_quoted_gives_nothing(
    question: str, text: str
) -> None:
    other = unit(f"Bees sleep at night. {text}", quoted=len("Bees sleep at night."))
    assert not gives_another(question, other, other.passage.encoded)  # its other value is not quoted


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("How many hives are there in row 12?", "There are 40 hives in row 13."),  # plain integers
        ("Which hive has 10,000 bees?", "A hive has 20,000 bees."),  # thousand separators
        ("Which hive has 1,500 bees?", "A hive has 1,600 bees."),
        ("Who has 300 hives?", "Ada has 400 hives."),
        ("How much was paid in 2019?", "On 40 days nothing was paid."),  # a number of another kind
        ("How much was paid in 2019?", "Python 3.12 was paid."),
        ("What changed in Python 3.13?", "In 2020 a parser was added."),
        ("What changed in Python 3.13?", "A parser was added."),
        ("How much was paid?", "In 2020, 40 euros were paid."),  # nothing is asked of a year
        ("How much was paid in 2019?", "In 2019 as in 2018, 40 euros were paid."),
        ("What did they earn in the first quarter?", "The second keeper earned 40 million."),  # of something else
        ("Who was the first keeper?", "Ada kept bees."),
        ("How long is a first visit?", "A first visit takes an hour, and a second visit less."),
        ("What is COVID?", "COVID-19 is a disease."),
        ("When did bees sleep?", "Bees slept from 22:00 to 6:00."),
    ],
)
def test_other_numbers_are_no_other_value(question: str, text: str) -> None:
    assert not is_another(question, text)


@pytest.mark.parametrize("written", ["FY2019", "2019-12-31", "31.12.2019", "2019/20", "2018-2019"])
def test_a_year_that_is_written_as_part_of_something_else_is_near(written: str) -> None:
    assert not is_another("How much was paid in 2019?", f"In {written}, more was paid than in 2017.")
    assert is_another("How much was paid in 2011?", f"In {written}, more was paid than in 2017.")


@pytest.mark.parametrize("mark", [".", ",", "?", "!", ":", ";", ")", "’s", " "])
@pytest.mark.parametrize(("asked", "given"), [("2019", "2020"), ("3.13", "3.12"), ("Q3", "Q2"), ("BX-200", "BX-300")])
def test_punctuation_after_a_value_is_not_part_of_it(asked: str, given: str, mark: str) -> None:
    assert is_another(f"What of ({asked}{mark} I ask?", f"It is ({given}{mark} and so on.")
    assert not is_another(f"What of ({asked}{mark} I ask?", f"It is ({asked}, and ({given}{mark} and so on.")


@given(st.integers(1500, 2099), st.integers(1500, 2099))
def test_every_year_is_another_than_all_others(asked: int, given: int) -> None:
    assert is_another(f"How much was paid in {asked}?", f"In {given}, 40 euros were paid.") == (asked != given)


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_text_that_contains_the_question_never_gives_another(question: str, text: str) -> None:
    assert not is_another(question, f"{question}\n{text}")


@pytest.mark.parametrize(
    ("question", "text", "expected"),
    [
        ("What does the /MD option do?", "It writes the plan to `plan.md`.", True),
        ("What does the /MD option do?", "The option /analyze finds faults.", True),
        ("What does the /MD option do?", "/MDd links the debug library.", True),
        ("What does the /MD option do?", "`/MD` links the library.", False),
        ("What does the /md option do?", "The option -MD links the library.", False),
        ("What does --watch do?", "The program watches the folder.", True),
        ("What does --watch do?", "With --watch it follows the folder.", False),
        ("What does /std:c++20 allow?", "Use /std:c++17 or /std:c++20.", False),
        ("What does /std:c++20 allow?", "Use /std:c++17.", True),
        ("What does /MD: mean?", "/MD links the library.", False),
        ("Where is /etc/hosts and who reads and/or writes it?", "It is in a folder.", False),
        ("Is it 24/7 or a long-term plan - or not?", "It is a plan.", False),
    ],
)
def test_an_option_that_is_asked_for_must_be_near(question: str, text: str, expected: bool) -> None:
    assert is_another(question, text) == expected


# --- without the comparison -------------------------------------------------------------------------------------------

UNSAID = [
    ("Which hive is the heaviest?", "The hive by the wall weighs 40 kilograms.", "It is the heaviest."),
    ("Who has the most hives?", "Ada has 12 hives.", "Nobody has the most."),
    ("What is the oldest town?", "Warsaw is a town.", "It is the oldest."),
    ("Who paid the least?", "Ada paid 3 euros.", "She paid the least."),
    ("What is the name of the largest lake?", "The lake is called Mamry.", "It is the largest lake."),
    ("Which is heavier, oak or lime?", "Oak is heavy.", "Oak is heavier than lime."),
    ("Who has more hives, Ada or Ben?", "Ada has 12 hives.", "Ada has more."),
    ("Which is faster, a car or a boat?", "A car is fast.", "The car is the fastest."),
    ("Is oak heavier or lime?", "Oak is heavy.", "Oak is heavier than lime."),
    ("Did Ada or Ben get a better price?", "Ada got 3 euros.", "Hers was better."),
    ("Which bees do not sleep?", "Worker bees sleep.", "Drones never sleep."),
    ("Who didn't come?", "Ada came.", "Nobody but Ada did not come."),
    ("Who didn’t come?", "Ada came.", "Ben couldn’t."),
    ("What is sold without a licence?", "Honey is sold with a licence.", "Wax is, without one."),
    ("Which towns except Warsaw have hives?", "Warsaw has hives.", "So has every town, except two."),
    ("What can never be undone?", "A swarm can be caught.", "A sting cannot be undone."),
]


@pytest.mark.parametrize(("question", "text", "said"), UNSAID)
def test_a_unit_that_does_not_rank_compare_or_negate_as_asked_leaves_it_unsaid(
    question: str, text: str, said: str
) -> None:
    assert leaves_unsaid(question, unit(text))
    assert not leaves_unsaid(question, unit(f"{text} {said}"))
    assert not leaves_unsaid(question, unit(text, section=(said,)))  # a heading says it
    assert leaves_unsaid(question, unit(f"{text} {said}", quoted=len(text)))  # what is not quoted does not


@pytest.mark.parametrize(
    "question",
    [
        "What do they do at least once a year?",
        "What is done at most twice?",
        "What is the most recent decision?",
        "What do most of the keepers use?",
        "What is the best wood?",
        "Which forest is by the lake?",
        "What is the interest?",
        "What is almost done?",
        "How old is the oldest hive?",  # it asks for a number, which may be given without the word
        "Where is the largest hive?",
        "Do bees not sleep?",
        "Why do bees not sleep?",
        "What is heavier than oak?",  # no choice
        "Which note do they play?",
        "What is knotted?",
        "Which bees sleep?",
    ],
)
def test_other_questions_ask_for_no_ranking_choice_or_negation(question: str) -> None:
    assert not leaves_unsaid(question, unit("The hive stands by the wall."))


@pytest.mark.parametrize(
    "question", ["Which hive comes after A?", "Who is listed right before Ada?", "What is next to A?"]
)
def test_no_row_says_which_row_is_its_neighbour(question: str) -> None:
    assert leaves_unsaid(question, unit("| A | Ada | 12 |"))
    assert not leaves_unsaid(question, unit("Hive B comes after hive A, and Ada comes next."))


@pytest.mark.parametrize("text", ["At least two hives stand here.", "It is the most recent one.", "Most of them are."])
def test_words_that_rank_nothing_do_not_say_what_is_asked(text: str) -> None:
    assert leaves_unsaid("Which hive is the heaviest?", unit(text))


# --- the message of somebody else -------------------------------------------------------------------------------------

HEAD = "Ruth Keller, 12 March 2024, 10:02 UTC"


@pytest.mark.parametrize(
    ("question", "text", "section", "expected"),
    [
        ("What did Anna say about the tap?", f"{HEAD}: The tap leaks.", (), True),
        ("What did Ruth say about the tap?", f"{HEAD}: The tap leaks.", (), False),
        ("When did Anna mend the tap?", f"{HEAD}: Anna mended the tap.", (), False),
        ("Why can't Anna come?", f"{HEAD}: I cannot come.", (), True),
        ("What did Anna say about the tap?", "The tap leaks.", (HEAD,), True),
        ("What did Ruth say about the tap?", "The tap leaks.", (HEAD,), False),
        ("What did Anna say about the tap?", "12/03/2024, 10:02 - Ruth: The tap leaks.", (), True),
        ("What did Anna say about the tap?", "The tap leaks.", ("Taps",), False),  # no message
        ("Which tap did the gardener mend?", f"{HEAD}: I mended the red tap.", (), False),
        ("What does a tap cost?", f"{HEAD}: A tap costs nine pounds.", (), False),
        ("What does a tap cost?", f"{HEAD}: What does a tap cost?", (), True),
        ("What does a tap cost?", f"{HEAD}: A tap costs nine pounds. Is that much?", (), False),
        ("What does a tap cost?", "What does a tap cost?", (), False),  # no message
    ],
)
def test_what_somebody_said_is_no_message_of_another(
    question: str, text: str, section: tuple[str, ...], expected: bool
) -> None:
    assert quotes_another(question, unit(text, section)) is expected


@pytest.mark.parametrize(
    ("question", "text", "expected"),
    [
        ("What is a wide character?", "// Convert a wide character wchar_t string to a wide", True),
        ("What is a guard page?", "#include <guard_page.h>", True),
        ("what are smart pointers", "auto smart = make_pointers(1);", True),
        ("What is a wide character?", "A wide character is a multilingual character code of two bytes.", False),
        ("What is a wide character?", "wide character: a character of two bytes", False),
        ("What is an owner?", "an owner is who has the title to a lot (and no tenant);", False),
        ("What is the default port?", "port = 8080;", False),
        ("Which header declares it?", "#include <guard_page.h>", False),
    ],
)
def test_a_line_of_code_defines_nothing(question: str, text: str, expected: bool) -> None:
    assert defines_nothing(question, unit(text)) is expected
