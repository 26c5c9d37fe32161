"""Whether a question asks for a number or a date, in several languages, and whether a text has one."""

from __future__ import annotations

import pytest

from qa.ask.asked_number import asks_for_number, has_number


@pytest.mark.parametrize(
    ("language", "question"),
    [
        ("de", "Wie viele Bienen hat ein Volk?"),
        ("de", "Seit wann steht die Mühle?"),
        ("fr", "Combien de ruches y a-t-il ?"),
        ("es", "¿En qué año se fundó la fábrica?"),
        ("pt", "Quantos alunos há?"),
        ("it", "Quando fu costruito il mulino?"),
        ("ru", "В каком году построили мельницу?"),
        ("ru", "Сколько ульев у пасечника?"),
        ("tr", "Köyde kaç arı kovanı var?"),
        ("ar", "كم عدد الخلايا؟"),
        ("fa", "در چه سالی ساخته شد؟"),
        ("zh", "村里有多少蜂箱？"),
        ("ja", "水車は何年に建てられましたか。"),
        ("ko", "벌통은 몇 개입니까?"),
        ("zh", "How many hives are there?"),
        ("en", "When was the mill built?"),
        ("", "How long is the river?"),
    ],
)
def test_a_question_for_a_number_or_a_date_is_recognised(language: str, question: str) -> None:
    assert asks_for_number(question, language)


@pytest.mark.parametrize(
    ("language", "question"),
    [
        ("de", "Wer baute die Mühle?"),
        ("ru", "Кто построил мельницу?"),
        ("zh", "谁建造了磨坊？"),
        ("ja", "誰が水車を建てましたか。"),
        ("en", "Who wrote “Quando”?"),
        ("", "Wann?"),  # a text of no known language counts as English
    ],
)
def test_another_question_is_not(language: str, question: str) -> None:
    assert not asks_for_number(question, language)


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "Built in 1850.", True),
        ("en", "Built long ago.", False),
        ("de", "Gebaut 1850.", True),
        ("ar", "بنيت عام ١٨٥٠", True),
        ("zh", "村里有三十个蜂箱。", True),
        ("zh", "村里有蜂箱。", False),
    ],
)
def test_digits_and_numerals_are_numbers(language: str, text: str, expected: bool) -> None:
    assert has_number(text, language) == expected
