"""Scores computed without an index equal those of the index, for the same texts and questions."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from conftest import FILES, TESTS
from hypothesis import given, settings
from hypothesis import strategies as st
from word_index import LexicalIndex

from qa.index import bm25
from qa.index.local.lexical import write_index
from qa.text.passage import LABELS
from qa.text.terms import Acronyms, Compounds, analyze_question, indexed_terms, searched_terms

OTHERS = [
    ("Die Bienen schlafen nachts in den Häusern. Ein Haus am Fluss, Häuser am See, viele Bienen in der Traube.", "de"),
    ("Im Winter sitzen die Bienen dicht beisammen in einer Traube. In ihrer Mitte ist es etwa 25 Grad warm.", "de"),
    ("La soupe fut mangée; on mange la soupe, et les abeilles dorment dans la ruche pendant l'hiver.", "fr"),
    ("Las abejas duermen en la colmena. ¿Dónde duermen las abejas? Las canciones del pueblo, una canción.", "es"),
    ("蜜蜂在冬天睡觉，冬天的蜜蜂很少出门。蜜蜂蜜蜂蜜蜂在船上。", "zh"),
    ("夜のミツバチは眠る。ミツバチの冬は長い。船は川に浮かぶ。", "ja"),
    ("아이들은 학교에서 배운다. 학교는 강에 있다.", "ko"),
    ("ในรังมีผึ้งมากมาย เรืออยู่ในแม่น้ำ ผึ้งนอน", "th"),
    ("Arılar kışın kovanda bir salkım oluşturur. Eski kitapları sattı; kitap çok ağır.", "tr"),
    ("Пчёлы спят зимой. Он пришёл с книгами, и каждая книга тяжёлая.", "ru"),
    ("The Bee Health Bureau (BHB) counts bees; the bureau for the health of a bee.", "en"),
    ("The BHB sleeps in winter, and the hive, hives and hiv are warm.", "en"),
    ("Health of the bees: a bee is healthy, says a bureau of bees, bees and bees.", "en"),
    (f"The comb is warm in winter.{LABELS}Bee Sleeper, bees of the hive", "en"),
    (f"Bees sleep in the hive, and Ada writes.{LABELS}Ada Zebra, bees", "en"),
    (f"Im Winter ist es warm.{LABELS}Haus, 蜜蜂", "de"),
    ("", "en"),
    ("?!", ""),
]  # fmt: skip
QUESTIONS = [
    "bees bees bees", "hive, hives; a hive", "Wo schlafen die Bienen in den Häusern?", "Biene Haus bee house",
    "¿Dónde duermen las abejas?", "Où dorment les abeilles, mangée mange", "蜜蜂睡觉吗", "蜂", "蜜蜂蜜蜂在船",
    "ミツバチの冬", "학교에서 학교", "ผึ้งนอนไหม", "kitapları kış İSTANBUL", "книга пчёлы книги", "BHB",
    "What is the BHB?", "bee health bureau", "BHB bee health bureau zebra", "the of and", "zebra", "zebra quagga",
    "", "?!", "Who are you?", "bee 蜜蜂 Biene abeja книга ferry",
]  # fmt: skip
PAIRS = [("bhb", "bee health bureau")]


def real_texts() -> list[tuple[str, str]]:
    """Paragraphs, articles and one text of all articles, so that lengths are short, long and very long."""
    articles = [path.read_text("utf-8") for path in sorted((FILES / "html").glob("*.txt"))]
    paragraphs = [line for article in articles for line in article.splitlines()]
    return [(text, "en") for text in [*paragraphs, *articles, "\n".join(articles)]] + OTHERS


class Texts:
    """The same texts as an index on disk, and as terms with their counts."""

    def __init__(self, folder: Path, texts: Sequence[tuple[str, str]]) -> None:
        write_index(folder, texts)
        self.languages = sorted({language for _, language in texts})
        self.index = LexicalIndex(folder, self.languages)
        terms = [indexed_terms(text, language) for text, language in texts]
        self.texts = [" ".join(words) for words in terms]
        self.frequencies = Counter(word for words in terms for word in set(words))
        self.length = sum(map(len, terms))

    def scores(self, question: str, acronyms: Acronyms, some: Sequence[str], compounds: Compounds = ()) -> list[float]:
        words = analyze_question(question, self.languages, acronyms, compounds)
        known = {form: self.frequencies[form] for word in words for form in word.forms | word.labels}
        terms = searched_terms(words, known.__getitem__, len(self.texts))
        return [float(x) for x in bm25.scores(terms, some, known.__getitem__, len(self.texts), self.length)]

    def check(self, question: str, acronyms: Acronyms = (), compounds: Compounds = ()) -> int:
        """For how many texts both give equal scores in the same order, apart from rounding among equal ones."""
        ids, expected = self.index.search(question, len(self.texts), acronyms, compounds=compounds)
        scores = self.scores(question, acronyms, self.texts, compounds)
        assert {number for number, score in enumerate(scores) if score} == set(ids.tolist())
        ordered = [scores[number] for number in ids.tolist()]
        assert ordered == pytest.approx(expected.tolist(), rel=1e-5)
        assert all(before >= after * (1 - 1e-6) for before, after in pairwise(ordered))
        return len(ids)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Texts:
    return Texts(tmp_path_factory.mktemp("bm25") / "lexical", real_texts())


def asked() -> list[str]:
    lines = (TESTS / "questions.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["question"] for line in lines] + QUESTIONS


@pytest.mark.parametrize("acronyms", [[], PAIRS], ids=["plain", "acronyms"])
def test_scores_and_order_are_those_of_the_index(real: Texts, acronyms: Acronyms) -> None:
    equal = [real.check(question, acronyms) for question in asked()]
    assert sum(number > 1 for number in equal) > 60
    assert 0 in equal


def test_acronyms_change_what_is_found(real: Texts) -> None:
    assert real.check("BHB", PAIRS) > real.check("BHB")


@pytest.mark.parametrize("question", ["beehealth", "beehealth in winter", "Which bee health?", "beehealth BHB zebra"])
def test_compounds_have_the_scores_of_the_index_in_either_spelling(real: Texts, question: str) -> None:
    pairs = [("beehealth", "bee health")]
    assert real.check(question, PAIRS, pairs) >= real.check(question, PAIRS)
    assert real.check("beehealth", (), pairs) == 1
    assert real.check("beehealth") == 0


def test_a_pasted_page_is_searched_for_its_rarest_words(real: Texts) -> None:
    page = (FILES / "html/news.txt").read_text("utf-8")
    assert len(analyze_question(page, real.languages)) > 64
    assert real.check(page) > 10


def test_the_score_of_a_text_is_its_own_whatever_others_are_asked_about(real: Texts) -> None:
    question = "bees in winter, and the ferry"
    alone = [real.scores(question, PAIRS, [text])[0] for text in real.texts]
    assert alone == real.scores(question, PAIRS, real.texts)


@settings(deadline=None, max_examples=15)
@given(
    st.lists(st.tuples(st.lists(st.sampled_from("abcde"), max_size=6), st.integers(1, 2000)), min_size=1, max_size=12),
    st.lists(st.lists(st.sampled_from("abcdez"), min_size=1, max_size=4), min_size=1, max_size=6),
)
def test_scores_of_texts_of_any_length_are_those_of_the_index(
    tmp_path_factory: pytest.TempPathFactory, texts: list[tuple[list[str], int]], questions: list[list[str]]
) -> None:
    written = [(" ".join([*words, *["x"] * length]), "eo") for words, length in texts]
    both = Texts(tmp_path_factory.mktemp("any") / "lexical", written)
    for words in questions:
        both.check(" ".join(words))


def test_every_length_is_kept_as_the_index_keeps_it(tmp_path: Path) -> None:
    lengths = [
        *range(1, 200),
        *(2**power + step for power in range(8, 17) for step in (-9, -8, -1, 0, 1, 7, 8, 24, 40)),
    ]
    both = Texts(tmp_path / "lexical", [("bee" + " x" * (length - 1), "eo") for length in lengths])
    assert both.check("bee") == len(lengths)


@pytest.mark.parametrize("texts", [[], [""], ["", "?!"]])
def test_a_term_in_no_text_finds_nothing(tmp_path: Path, texts: list[str]) -> None:
    assert Texts(tmp_path / "lexical", [(text, "en") for text in texts]).check("bee") == 0


def test_no_text_has_no_score(real: Texts) -> None:
    assert real.scores("bee", (), []) == []
