"""What the program itself says of the articles: in English as ever, and with nothing of it left in another language."""

from __future__ import annotations

import re
from itertools import combinations, product
from typing import Literal

import pytest
from babel import Locale

from qa.ask.collection_forms import DATES
from qa.ask.statement import _FILTERS, Statement
from qa.strings.catalogue import entries
from qa.strings.spoken import ENGLISH, LANGUAGES, speaking

OTHERS = [language for language in LANGUAGES if language != ENGLISH]
NOUNS: tuple[Literal["article", "mail"], ...] = ("article", "mail")
ENDS: tuple[Literal["", "newest", "oldest"], ...] = ("", "newest", "oldest")
KNOWN_BY: tuple[Literal["", "files", "dates"], ...] = ("", "files", "dates")
# Numbers of every plural form of the four languages.
NUMBERS = (1, 2, 5, 11, 100, 2_000_000)


def statements() -> list[Statement]:
    """One of each kind: every noun, number, filter and pair of filters, end, and way in which dates are known."""
    kinds = [(), *((kind,) for kind in _FILTERS), *combinations(_FILTERS, 2)]
    found = []
    for noun, number, chosen in product(NOUNS, NUMBERS, kinds):
        filters = tuple((kind, "March 2023" if kind in DATES else "Xylo") for kind in chosen)
        titles = ("Xylo", "Xylo")[:number] if filters else ()
        found += [Statement(number, noun, filters, titles, undated) for undated in (0, *NUMBERS)]
        found += [
            Statement(number, noun, filters, ("Xylo",), 0, end, "2023-03", known)
            for end, known in product(ENDS[1:], KNOWN_BY)
        ]
    return found


def words_of(text: str) -> set[str]:
    return {word.casefold() for word in re.findall(r"[^\W\d_]+", text)} - {"xylo"}


@pytest.mark.parametrize("language", OTHERS)
def test_nothing_that_is_stated_stays_english(language: str) -> None:
    own = {  # words that this language has itself
        "de": {"in", "mail", "mails"},  # "E-Mail"
        "es": set[str](),
        "ar": set[str](),
    }[language]
    for statement in statements():
        english = statement.in_english()
        with speaking(language):
            said = statement.words()
        assert words_of(english) & words_of(said) <= own, (english, said)
        assert not re.search(r"[{}]", said), said
        assert said.count("Xylo") == english.count("Xylo"), said


def test_every_filter_and_its_plural_is_in_every_catalogue() -> None:
    for language in OTHERS:
        assert set(_FILTERS.values()) <= set(entries(language))
        for kind, number in product(_FILTERS, NUMBERS):
            with speaking(language):
                assert Statement(number, filters=((kind, "2023"),), titles=("A",)).words()
        assert Locale.parse(language)


@pytest.mark.parametrize(
    ("statement", "english", "german", "spanish", "arabic"),
    [
        (Statement(27), "27 articles", "27 Artikel", "27 artículos", "27 مقالة"),
        (Statement(1, "mail"), "1 mail", "1 E-Mail", "1 correo", "رسالة بريد واحدة"),
        (
            Statement(1, filters=(("mention", "plums"),), titles=("Jam",)),
            "1 article that mentions plums: Jam",
            "1 Artikel mit „plums“ im Text: Jam",
            "1 artículo con «plums» en el texto: Jam",
            "مقالة واحدة مع «\u2068plums\u2069» في النص: \u2068Jam\u2069",
        ),
        (
            Statement(12, filters=(("person", "Ada"), ("since", "March 2021")), titles=("A", "B"), undated=3),
            "12 articles by Ada since March 2021 (3 more articles without a date): A; B; and 10 more",
            "12 Artikel von Ada seit 2021-03 (und 3 Artikel ohne Datum): A; B; und noch 10",
            "12 artículos de Ada desde 2021-03 (y 3 artículos más sin fecha): A; B; y 10 más",
            "12 مقالة من \u2068Ada\u2069 منذ \u20682021-03\u2069 (و3 مقالات أخرى دون تاريخ): "
            "\u2068\u2068A\u2069؛ \u2068B\u2069\u2069؛ و10 غيرها",
        ),
        (
            Statement(4, "mail", (("mention", "boiler"),), ("Re: boiler",), 0, "newest", "2023-02-03", "dates"),
            "Re: boiler (2023-02-03): the newest of 4 mails about boiler that have a date",
            "Re: boiler (2023-02-03): die neueste von 4 E-Mails über „boiler“ mit Datum",
            "Re: boiler (2023-02-03): el más reciente de 4 correos sobre «boiler» con fecha",
            "\u2068Re: boiler\u2069 (2023-02-03): الأحدث من بين 4 رسائل عن «\u2068boiler\u2069» مع تاريخ",
        ),
        (
            Statement(1, "article", (), ("Jam",), 0, "oldest", "2023", "dates"),
            "Jam (2023): the only article that has a date",
            "Jam (2023): der einzige Artikel mit Datum",
            "Jam (2023): el único artículo con fecha",
            "\u2068Jam\u2069 (2023): المقالة الوحيدة مع تاريخ",
        ),
    ],
    ids=["count", "mail", "mention", "list", "newest", "only"],
)
def test_words(statement: Statement, english: str, german: str, spanish: str, arabic: str) -> None:
    for language, expected in zip(("en", "de", "es", "ar"), (english, german, spanish, arabic), strict=True):
        with speaking(language):
            assert statement.words() == expected
            assert statement.in_english() == english
