"""Texts become search terms, and a question the words that it searches for, without an index."""

from __future__ import annotations

import unicodedata

import pytest

from qa.text.query_term import OpenCompound
from qa.text.terms import (
    analyze,
    analyze_question,
    contained_in,
    forms_of,
    inverse_frequency,
    possible_acronyms,
    query_terms,
    searched_terms,
)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("Running runs", ["run", "run"]),
        ("The hives' Queens", ["the", "hive", "queen"]),
        ("Café CAFE\u0301 naïve Ærø", ["cafe", "cafe", "naiv", "aero"]),
        ("e-mail, 3.5 kg; C++", ["e", "mail", "3", "5", "kg", "c"]),
        ("don’t", ["don", "t"]),
        ("", []),
        ("?! … —", []),
        ("🐝", []),
        ("x" * 61 + " bee", ["bee"]),
    ],
)
def test_terms_are_words_in_lower_case_without_accents_stemmed(text: str, terms: list[str]) -> None:
    assert analyze(text) == terms


@pytest.mark.parametrize(
    ("text", "language", "terms"),
    [
        ("Müller größte Müller's", "de", ["mull", "grosst", "mull", "s"]),
        ("İSTANBUL'DA IŞIK", "tr", ["istanbul", "da", "isik"]),
        ("istanbul'da ışık", "tr", ["istanbul", "da", "isik"]),
        ("Häuser", "pl", ["hauser"]),
        ("zażółć", "pl", ["zazolc"]),
        ("தேனீக்கள் புத்தகங்கள்", "xx", ["தேனீக்கள்", "புத்தகங்கள்"]),
        ("मधुमक्खियाँ सोती", "hi", ["मधुमक्खियाँ", "सोती"]),
        ("蜜蜂在", "zh", ["蜜蜂", "蜂在"]),
        ("蜂", "zh", ["蜂"]),
        ("Der 蜂 Honig 3个月", "zh", ["der", "蜂", "honig", "3", "个月"]),
        ("벌은 잔다", "ko", ["벌은", "잔다"]),
        ("학교에서", "ko", ["학교", "교에", "에서"]),
    ],
)
def test_terms_of_other_languages(text: str, language: str, terms: list[str]) -> None:
    assert analyze(text, language) == terms


def test_accents_written_apart_are_the_same() -> None:
    for language in ("de", "fr", "tr", "ko", "pl", ""):
        for text in ("Häuser", "mangée", "İSTANBUL", "학교", "zażółć"):
            assert analyze(unicodedata.normalize("NFD", text), language) == analyze(text, language)


# --- questions --------------------------------------------------------------------------------------------------------


def test_only_the_number_of_texts_with_a_form_is_requested() -> None:
    words = analyze_question("What did the BHB say about Häuser?", ["de", "en"], [("bhb", "bee health bureau")])
    known = dict.fromkeys((form for word in words for form in word.forms | word.labels), 1)
    assert {"haus", "hauser", "bhb"} <= set(known)
    assert [term.word for term in query_terms(words, known.__getitem__, 5)] == ["BHB", "say", "Häuser"]
    assert len(searched_terms(words, known.__getitem__, 5)) == 7


def test_a_word_weighs_what_the_most_frequent_of_its_forms_does() -> None:
    known = {"haus": 3, "hauser": 1}
    (term,) = query_terms(analyze_question("Häuser", ["de", "pl"]), lambda form: known.get(form, 0), 9)
    assert (term.forms, term.weight) == (frozenset(known), inverse_frequency(3, 9))


def test_more_texts_than_there_are_weigh_as_all_of_them() -> None:
    (term,) = query_terms(analyze_question("bee", [""]), lambda form: 9, 4)
    assert term.weight == inverse_frequency(4, 4) > 0


def test_the_rarest_words_are_searched_for_including_function_words() -> None:
    rare = [f"rare{number}" for number in range(70)]
    terms = searched_terms(
        analyze_question(" ".join(["the common", *rare]), ["en"]),
        lambda form: 1 + form.startswith(("the", "common")),
        9,
    )
    assert [term.word for term in terms] == rare[:64]
    (term,) = searched_terms(analyze_question("the", ["en"]), lambda form: 1, 9)
    assert not term.says_little
    assert all(term.says_little for term in query_terms(analyze_question("Who are you?", ["en"]), lambda form: 1, 9))


def test_an_acronym_matches_its_long_form_without_function_words() -> None:
    pairs = [("boe", "bank of england")]
    (short,) = analyze_question("BoE", ["en"], pairs)
    assert short.also == ((frozenset({"bank"}), frozenset({"england"})),)
    bank, of, england, rises = analyze_question("Bank of England rises", ["en"], pairs)
    assert bank.also == england.also == ((frozenset({"boe"}),),)
    assert of.also == rises.also == ()


def test_a_closed_compound_is_in_a_text_that_contains_its_halves_next_to_each_other() -> None:
    words = analyze_question("the toolboxes", ["en"], compounds=[("toolboxes", "tool boxes")])
    (term,) = query_terms(words, lambda form: 9, 9)
    assert term.compounds == (OpenCompound("tool boxes", frozenset({"tool box"})),)
    said = ["A tool-box.", "Tool boxes", "toolbox", "a box for a tool", "tool, box", "a tool. The box", ""]
    assert [term.is_in(contained_in(text, "en")) for text in said] == [True, True, True, False, True, False, False]
    assert words[1].terms() == {"toolbox", "tool", "box", *words[1].labels}


def test_the_halves_of_an_open_compound_are_in_a_text_that_contains_the_closed_one() -> None:
    on, boarding, takes = analyze_question("on-boarding takes", ["en"], compounds=[("onboarding", "on boarding")])
    assert boarding.also == ((frozenset({"onboard"}),),)
    assert on.also == takes.also == ()
    assert boarding.compounds == ()


def test_a_word_is_searched_for_once_in_every_language() -> None:
    forms = forms_of("hives", ["en", "de", "en", "pl"])
    (word,) = analyze_question("hives", ["en", "de", "en", "pl"])
    assert forms[:3] == ["hives", "hive", "hiv"]
    assert set(forms[3:]) == word.labels


def test_possible_acronyms_and_long_forms_depend_on_the_question_alone() -> None:
    shorts, longs = possible_acronyms("Who is WHO, the health body?")
    assert shorts == {"who", "health", "body"}
    assert {"the health", "health body", "who is who the health body"} <= longs
    assert "health" not in longs


FUNCTION = {
    ("de", "pl"): ("Wo schlafen die Bienen und was ist das?", {"schlafen", "bienen"}),
    ("de", "en"): ("Wo schlafen die Bienen und was ist das?", {"schlafen", "bienen"}),
    ("en", "de"): ("Why do the bees die?", {"bees", "die"}),
    ("en", "zh"): ("Why do the bees die?", {"bees", "die"}),
    ("es", "fr"): ("¿Dónde duermen las abejas de la colmena?", {"duermen", "abejas", "colmena"}),
    ("de",): ("Wer schläft warum und wann im Stock?", {"schläft", "stock"}),
    ("el",): ("Πού κοιμούνται οι μέλισσες;", {"κοιμούνται", "μέλισσες"}),
    ("tr",): ("Arılar nerede ve nasıl uyur?", {"arılar", "uyur"}),
    ("ar",): ("أين ينام النحل في الشتاء؟", {"ينام", "النحل", "الشتاء"}),
    ("ru",): ("Какого цвета улей и из каких досок он сделан?", {"цвета", "улей", "досок", "сделан"}),
    ("ru", "en"): ("Кому принадлежит пасека, о которой писали?", {"принадлежит", "пасека", "писали"}),
    ("tr", "en"): ("Kovanın rengi nedir ve kimin?", {"Kovanın", "rengi"}),
    ("ro",): ("Unde dorm albinele în stup?", {"dorm", "albinele", "stup"}),
    ("ta",): ("தேனீக்கள் எங்கே?", {"தேனீக்கள்", "எங்கே"}),
}


@pytest.mark.parametrize("languages", FUNCTION)
def test_function_words_are_those_of_the_questions_language(languages: tuple[str, ...]) -> None:
    question, words = FUNCTION[languages]
    terms = query_terms(analyze_question(question, languages), lambda form: 0, 0)
    kept = {word for word in words if any(term.is_in(set(analyze(word, languages[0]))) for term in terms)}
    assert kept == words
    assert len(terms) == len(words)
