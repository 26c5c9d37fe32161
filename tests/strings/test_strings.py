"""The catalogue: every language says everything, with the same values, in all plural forms that it has."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from functools import cache

import pytest
from babel import Locale
from catalogued import (
    PACKAGE,
    TEMPLATES,
    halves,
    keys_of_module,
    keys_of_template,
    literals_of_module,
    remedy,
    skeleton,
)

from qa.strings import numbers
from qa.strings.catalogue import any_of, counted, each_of, entries, file_size, isolated, quoted, say
from qa.strings.choice import best_match
from qa.strings.sentences import said
from qa.strings.spoken import ENGLISH, LANGUAGES, direction, speaking, spoken

OTHERS = [language for language in LANGUAGES if language != ENGLISH]
NAME = re.compile(r"\{(\w+)\}")
MODULES = sorted(PACKAGE.rglob("*.py"))
# What only the command line counts, in English.
OF_COMMANDS = {"{n} verdicts", "{n} unanswered questions", "{n} questions"}


@cache
def keys() -> frozenset[str]:
    found = {key for path in TEMPLATES for key in keys_of_template(path)}
    return frozenset(found | {key for path in MODULES for key in keys_of_module(path)} - OF_COMMANDS)


def names(text: str) -> set[str]:
    return set(NAME.findall(text))


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_says_all_that_is_looked_up(language: str) -> None:
    assert sorted(keys() - set(entries(language))) == []


def test_all_languages_have_the_same_keys_and_each_stands_in_the_program() -> None:
    first, *others = (set(entries(language)) for language in OTHERS)
    assert all(other == first for other in others)
    assert set(entries(ENGLISH)) <= first
    literals = {text for path in MODULES for _, text in literals_of_module(path)}
    unused = {
        key for key in first - keys() if not ({skeleton(key), remedy(key)} & literals or set(halves(key)) <= literals)
    }
    assert sorted(unused) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_values_and_plural_forms_are_complete(language: str) -> None:
    categories = {*Locale.parse(language).plural_form.rules, "other"}
    for key, entry in entries(language).items():
        if isinstance(entry, Mapping):
            assert set(entry) == categories, key
            for category, text in entry.items():
                # A form for one or two things need not say the number.
                assert names(key) - names(text) <= ({"n"} if category in ("zero", "one", "two") else set()), key
                assert names(text) <= names(key), key
        else:
            assert names(entry) == names(key) and entry == entry.rstrip("\n"), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_files_are_sorted_so_that_two_changes_rarely_meet(language: str) -> None:
    text = (PACKAGE / "strings" / f"{language}.json").read_text("utf-8")
    assert text == json.dumps(dict(sorted(json.loads(text).items())), ensure_ascii=False, indent=1) + "\n"


@pytest.mark.parametrize("language", OTHERS)
def test_ends_and_edges_agree(language: str) -> None:
    for key, entry in entries(language).items():
        for text in entry.values() if isinstance(entry, Mapping) else [entry]:
            assert key.endswith(".") == text.endswith("."), (key, text)
            assert key[:1].isspace() == text[:1].isspace() and key[-1:].isspace() == text[-1:].isspace(), (key, text)


def test_arabic_has_six_forms() -> None:
    with speaking("ar"):
        said_of = [counted(n, "passage") for n in (0, 1, 2, 5, 11, 100)]
    assert said_of == ["لا مقاطع", "مقطع واحد", "مقطعان", "5 مقاطع", "11 مقطعًا", "100 مقطع"]


def test_spanish_millions_take_a_preposition() -> None:
    with speaking("es"):
        assert [counted(n, "article") for n in (1, 1_200, 2_000_000)] == [
            "1 artículo",
            "1.200 artículos",
            "2.000.000 de artículos",
        ]


def test_numbers_dates_and_lists_are_those_of_the_language() -> None:
    at = date(2026, 3, 5)
    found = {}
    for language in LANGUAGES:
        with speaking(language):
            found[language] = (
                numbers.number(1234567),
                numbers.weekday(at),
                numbers.day(at),
                file_size(1_500_000),
                each_of(["a", "b", "c"]),
                any_of(["a", "b"]),
                quoted("x"),
                numbers.language_name("fr", "French"),
            )
    assert found["en"][:4] == ("1,234,567", "Thursday, 5 March", "5 March 2026", "1.5 MB")
    assert found["en"][4:] == ("a, b and c", "a or b", "“x”", "French")
    assert found["de"][:4] == ("1.234.567", "Donnerstag, 5. März", "5. März 2026", "1,5 MB")
    assert found["de"][4:] == ("a, b und c", "a oder b", "„x“", "Französisch")
    assert found["es"][:4] == ("1.234.567", "jueves, 5 de marzo", "5 de marzo de 2026", "1,5 MB")
    assert found["es"][4:] == ("a, b y c", "a o b", "«x»", "francés")
    assert found["ar"][:4] == ("1,234,567", "الخميس، 5 مارس", "5 مارس 2026", "1.5 م.ب")
    assert found["ar"][7] == "الفرنسية"


def test_a_value_keeps_its_own_direction_and_its_braces() -> None:
    with speaking("ar"):
        assert direction() == "rtl"
        assert say("Choose {file}", file="a {n}.pdf") == "تحديد \u2068a {n}.pdf\u2069"
        assert isolated("") == ""
    with speaking("de"):
        assert say("Choose {file}", file="a {file}.pdf") == "a {file}.pdf auswählen"


def test_a_language_is_spoken_until_the_end_of_the_block_and_an_unknown_one_is_not() -> None:
    with speaking("de"):
        with speaking("xx"):
            assert spoken() == ENGLISH
        assert say("Settings") == "Einstellungen"
    assert spoken() == ENGLISH and say("Settings") == "Settings"


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr-FR,fr;q=0.9", "en"),
        ("fr, ar;q=0.5, en;q=0.2", "ar"),
        ("en;q=0.3, es-419;q=0.9", "es"),
        ("de;q=0, es;q=0.1", "es"),
        ("*", "en"),
        ("ar-EG", "ar"),
        ("\x00de", "en"),
        ("de" * 5_000, "en"),
    ],
)
def test_the_language_that_the_browser_wants_most_is_chosen(accepted: str, language: str) -> None:
    assert best_match(accepted) == language


def test_a_sentence_is_recognised_by_its_words_and_its_values_are_kept() -> None:
    with speaking("de"):
        assert said("very likely") == "sehr wahrscheinlich"
        assert said("12 articles") == "12 Artikel"
        assert said("The article does not mention “Costco”.") == "Der Artikel erwähnt „Costco“ nicht."
        assert said("A sentence that nobody wrote here.") == "A sentence that nobody wrote here."
        assert said("No passage contains “a b” or “c”.") == "Keine Textstelle enthält „a b“ oder „c“."
        assert said("No index was built yet: press “Rebuild index”.") == (
            "Es wurde noch kein Index erstellt: Klicken Sie auf „Index neu erstellen“."
        )
        assert said("An unexpected error occurred (OSError): details are in the log; ask again.").endswith(
            "; fragen Sie noch einmal."
        )
        assert said("is damaged: it cannot be opened as PDF; contains no text").endswith("; enthält keinen Text")
        assert said("contains no text; of another kind") == "contains no text; of another kind"
        assert said("The question is 12,345 characters long: shorten it to 2,000.") == (
            "Die Frage ist 12.345 Zeichen lang: Kürzen Sie sie auf 2.000."
        )
    assert said("very likely") == "very likely"


@pytest.mark.parametrize("language", OTHERS)
def test_the_reasons_of_files_are_translated_with_what_is_in_them(language: str) -> None:
    reasons = (
        "is damaged: it cannot be opened as OpenDocument file",
        "is 41.5 MB, over the limit of 32 MB",
        "is not JSON: it is cut off in line 7",
        "contains no text; its hidden sheet “Old” is not read",
        "page 3: read from an image, 87 % of its words certain",
        "cannot be read: Permission denied",
        "only its first 20,000 rows are read: split it",
        "locked: it needs a password",
    )
    with speaking(language):
        for reason in reasons:
            words = set(re.findall(r"[a-z]{3,}", said(reason)))
            assert said(reason) != reason, reason
            assert not words & {
                "is",
                "damaged",
                "cannot",
                "over",
                "limit",
                "cut",
                "contains",
                "read",
                "needs",
                "only",
            }, reason


def test_a_text_that_is_no_sentence_is_not_looked_through() -> None:
    """Refusals quote what was sent, and a million characters would keep the server busy for half a minute."""
    long = "; ".join(["contains no text"] * 5_000)
    with speaking("de"):
        assert said(long) == long
        assert said("; ".join(["contains no text"] * 50)).startswith("enthält keinen Text; ")
