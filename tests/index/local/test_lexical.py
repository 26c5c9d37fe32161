"""Word search returns the right texts with the right scores, and reports damage to its files."""

from __future__ import annotations

import math
import shutil
import sys
import threading
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest
import tantivy
from hypothesis import given, settings
from hypothesis import strategies as st
from word_index import LexicalIndex

from qa.errors import StoreError
from qa.index.local.lexical import write_index
from qa.text.terms import analyze

K1, B = 1.2, 0.75
# All have four terms, which the stemmer does not change, so the length of a text plays no part.
TEXTS = ["bee wax hive frost", "bee bee hive queen", "frost snow wind cold", "bee bee bee wax"]


def write(folder: Path, texts: Iterable[str], language: str = "") -> None:
    write_index(folder, ((text, language) for text in texts))


def index_of(tmp_path: Path, texts: Iterable[str], language: str = "") -> LexicalIndex:
    write(tmp_path / "lexical", texts, language)
    return LexicalIndex(tmp_path / "lexical", [language])


def weights(index: LexicalIndex, text: str) -> dict[str, float]:
    """The words of a question in an index of one language."""
    terms = index.query_terms(text)
    assert all(len(term.forms) == 1 for term in terms)
    return {form: term.weight for term in terms for form in term.forms}


def idf(total: int, frequency: int) -> float:
    return math.log(1 + (total - frequency + 0.5) / (frequency + 0.5))


def bm25(texts: list[str], query: str) -> dict[int, float]:
    """BM25 by hand, for texts of one length."""
    scores: dict[int, float] = {}
    for term in set(query.split()):
        frequency = sum(term in text.split() for text in texts)
        for number, text in enumerate(texts):
            count = Counter(text.split())[term]
            if count:
                gain = idf(len(texts), frequency) * count * (K1 + 1) / (count + K1)
                scores[number] = scores.get(number, 0) + gain
    return scores


@pytest.mark.parametrize("query", ["bee", "frost", "bee wax", "bee frost cold", "wax wax hive"])
def test_scores_are_those_of_bm25_worked_out_by_hand(tmp_path: Path, query: str) -> None:
    ids, scores = index_of(tmp_path, TEXTS).search(query, 10)
    expected = bm25(TEXTS, query)
    assert dict(zip(ids.tolist(), scores.tolist(), strict=True)) == pytest.approx(expected, rel=1e-5)
    assert scores.tolist() == sorted(scores.tolist(), reverse=True)


@settings(deadline=None, max_examples=20)
@given(st.lists(st.sampled_from(["bee", "wax", "hive", "frost", "snow", "zebra"]), min_size=1, max_size=8))
def test_scores_of_any_query_are_those_of_bm25(tmp_path_factory: pytest.TempPathFactory, terms: list[str]) -> None:
    folder = tmp_path_factory.getbasetemp() / "lexical-of-any-query"
    if not folder.exists():
        write(folder, TEXTS)
    ids, scores = LexicalIndex(folder).search(" ".join(terms), 10)
    assert dict(zip(ids.tolist(), scores.tolist(), strict=True)) == pytest.approx(
        bm25(TEXTS, " ".join(terms)), rel=1e-5
    )


def test_function_words_count_only_if_there_is_nothing_else(tmp_path: Path) -> None:
    index = index_of(tmp_path, TEXTS)
    assert set(weights(index, "What did they say about the snow?")) == {"say", "snow"}
    assert set(weights(index, "Who are you?")) == {"who", "are", "you"}


def test_term_weights_are_inverse_document_frequencies(tmp_path: Path) -> None:
    weight_of = weights(index_of(tmp_path, TEXTS), "The bees and the SNOW, bees! Zebra?")
    assert weight_of == pytest.approx({"bee": idf(4, 3), "snow": idf(4, 1), "zebra": idf(4, 0)})


def test_only_the_best_k_are_returned(tmp_path: Path) -> None:
    index = index_of(tmp_path, TEXTS)
    assert index.search("bee", 1)[0].tolist() == [3]
    assert sorted(index.search("bee", 100)[0].tolist()) == [0, 1, 3]


def test_texts_with_equal_scores_come_in_the_order_of_their_ids(tmp_path: Path) -> None:
    index = index_of(tmp_path, ["bee wax"] * 30)
    assert index.search("bee", 10)[0].tolist() == list(range(10))


def test_a_text_with_every_term_beats_one_that_repeats_a_common_one(tmp_path: Path) -> None:
    index = index_of(tmp_path, ["bee bee bee bee", "bee snow x y", "bee a b c", "bee d e f"])
    assert index.search("bee snow", 10)[0][0] == 1


def test_the_commonest_terms_of_an_overlong_query_are_dropped_first(tmp_path: Path) -> None:
    rare = [f"rare{n}" for n in range(70)]
    index = index_of(tmp_path, ["common", "common", "common", *rare])
    ids, _ = index.search(" ".join(["common", *rare]), 100)
    assert not {0, 1, 2} & set(ids.tolist())
    assert len(ids) == 64


# --- terms ------------------------------------------------------------------------------------------------------------


def test_a_word_is_found_by_its_other_forms(tmp_path: Path) -> None:
    index = index_of(tmp_path, ["The keepers were feeding their hives.", "A café in Zürich."])
    assert index.search("keeper feeds hive", 5)[0].tolist() == [0]
    assert index.search("Cafes in Zurich", 5)[0].tolist() == [1]


@pytest.mark.parametrize("query", ["", "   ", "?!", "🐝", "zebra", "\x00"])
def test_a_query_without_a_known_term_finds_nothing(tmp_path: Path, query: str) -> None:
    ids, scores = index_of(tmp_path, TEXTS).search(query, 10)
    assert (len(ids), len(scores)) == (0, 0)


@pytest.mark.parametrize("query", ['"bee', "bee AND", "text:bee", "bee*", "(bee", "bee^2", "-bee", "[a TO b]", "\\"])
def test_signs_of_query_languages_are_only_signs(tmp_path: Path, query: str) -> None:
    ids, _ = index_of(tmp_path, TEXTS).search(query, 10)
    assert set(ids.tolist()) <= {0, 1, 3}


# --- words as written -------------------------------------------------------------------------------------------------

PLAIN = ["The white\nhives, of Zürich", "A WHITE hive: of bees.", "hives white", "蜜蜂在冬天睡觉", "white. Hive"]


@pytest.mark.parametrize(
    ("phrase", "ids"),
    [
        ("white hive", [1, 4]),
        ("White  HIVES", [0]),
        ("zurich", [0]),
        ("hive", [1, 4]),
        ("hive white", []),
        ("white bees", []),
        ("蜂在冬", [3]),
        ("蜂", [3]),
        ("冬蜂", []),
        ("zebra", []),
        ("?!", []),
        ("", []),
    ],
)
def test_words_are_found_in_their_order(tmp_path: Path, phrase: str, ids: list[int]) -> None:
    assert sorted(index_of(tmp_path, PLAIN).containing(phrase).tolist()) == ids


def test_phrases_and_exclusions_filter_a_search_without_changing_scores(tmp_path: Path) -> None:
    index = index_of(tmp_path, TEXTS)
    everything = dict(zip(*(column.tolist() for column in index.search("bee wax", 9)), strict=True))
    for phrases, excluded, expected in (
        (["bee wax"], [], {0, 3}),
        ([], ["hive"], {3}),
        (["bee"], ["bee bee", "zebra"], {0}),
        (["wax hive", "hive frost"], [], {0}),
        (["bee", "zebra"], [], set()),
    ):
        ids, scores = index.search("bee wax", 9, (), phrases, excluded)
        assert set(ids.tolist()) == expected
        assert scores.tolist() == pytest.approx([everything[number] for number in ids.tolist()])


def test_the_words_of_an_index_are_counted_and_listed(tmp_path: Path) -> None:
    index = index_of(tmp_path, ["Bees sleep", "bees slept, Béés", "bee"])
    assert index.frequencies("words", ["bees", "bee", "sleeping"]) == {"bees": 2, "bee": 1, "sleeping": 0}
    assert index.beginning(["bee"]) == {"bee": 1, "bees": 2}
    assert index.beginning(["sle", "bee"]) == {"bee": 1, "bees": 2, "sleep": 1, "slept": 1}
    assert index.beginning(["x"]) == {}
    assert index.is_known("sleeping")
    assert not index.is_known("zebra")


def test_an_acronym_and_its_long_form_mean_each_other_and_weigh_no_more(tmp_path: Path) -> None:
    texts = ["the bhb sleeps", "a bee of the health bureau", "bee bee", "the bureau x"]
    index, pairs = index_of(tmp_path, texts), [("bhb", "bee health bureau")]
    assert set(index.search("BHB", 9)[0].tolist()) == {0}
    ids, scores = index.search("BHB", 9, pairs)
    assert set(ids.tolist()) == {0, 1}
    score_of = dict(zip(ids.tolist(), scores.tolist(), strict=True))
    assert score_of[1] == pytest.approx(idf(4, 1))
    assert 0 in index.search("bee health bureau", 9, pairs)[0].tolist()
    assert 0 not in index.search("health bureau", 9, pairs)[0].tolist()
    (term,) = index.query_terms("BHB", pairs)
    assert term.weight == pytest.approx(idf(4, 1))
    assert [term.is_in(set(analyze(text))) for text in texts] == [True, True, False, False]


# --- files ------------------------------------------------------------------------------------------------------------


def test_an_empty_index_finds_nothing(tmp_path: Path) -> None:
    index = index_of(tmp_path, [])
    assert index.count() == 0
    assert index.search("bee", 10)[0].tolist() == []
    assert weights(index, "bee") == pytest.approx({"bee": math.log(2)})


def test_texts_without_terms_are_counted(tmp_path: Path) -> None:
    index = index_of(tmp_path, ["", "?!", "bee"])
    assert index.count() == 3
    assert index.search("bee", 10)[0].tolist() == [2]


def test_building_twice_gives_the_same_answers(tmp_path: Path) -> None:
    texts = [f"bee {'wax ' * (n % 7)} hive{n % 11} frost{n % 5}" for n in range(300)]
    for name in ("one", "two"):
        write(tmp_path / name, texts)
    one, two = LexicalIndex(tmp_path / "one"), LexicalIndex(tmp_path / "two")
    for query in ("bee", "wax hive3", "frost1 frost2 hive7", "bee wax hive0"):
        (ids, scores), (same_ids, same_scores) = one.search(query, 50), two.search(query, 50)
        assert ids.tolist() == same_ids.tolist()
        assert scores.tolist() == same_scores.tolist()


def test_several_threads_may_search_at_once(tmp_path: Path) -> None:
    index = index_of(tmp_path, TEXTS)
    expected = index.search("bee wax", 10)[1].tolist()
    results: list[list[float]] = []

    def ask() -> None:
        for _ in range(50):
            results.append(index.search("bee wax", 10)[1].tolist())

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 200


def test_a_missing_or_empty_folder_is_a_store_error_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("missing", "empty"):
        with pytest.raises(StoreError, match=rf"{name}/ is damaged: run `qa build --full`\."):
            LexicalIndex(tmp_path / name)


@pytest.mark.parametrize("ending", [".fast", ".fieldnorm", ".idx", ".pos", ".store", ".term", "meta.json"])
@pytest.mark.parametrize("damage", ["gone", "empty", "half", "zeros"])
def test_a_damaged_file_is_a_store_error_when_it_is_opened_or_searched(
    tmp_path: Path, ending: str, damage: str
) -> None:
    whole, folder = tmp_path / "whole", tmp_path / "lexical"
    write(whole, TEXTS)
    shutil.copytree(whole, folder)
    (file,) = [path for path in folder.iterdir() if path.name.endswith(ending) and not path.name.startswith(".")]
    data = file.read_bytes()
    file.unlink()
    if damage != "gone":
        file.write_bytes({"empty": b"", "half": data[: len(data) // 2], "zeros": bytes(len(data))}[damage])
    with pytest.raises(StoreError, match=r"lexical/ is damaged: run `qa build --full`\."):
        LexicalIndex(folder).search("bee wax", 10)


def test_an_index_that_may_only_be_read_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "lexical"
    write(folder, TEXTS)
    whole = LexicalIndex(folder).search("bee wax", 10)
    real = tantivy.Index.open

    class ReadOnly:
        """A file system that refuses the lock which tantivy takes to read."""

        @staticmethod
        def open(path: str) -> tantivy.Index:
            if Path(path) == folder:
                raise ValueError("Failed to acquire Lockfile: IoError(ReadOnlyFilesystem).")
            return real(path)

    monkeypatch.setattr("qa.index.local.lexical.tantivy.Index", ReadOnly)
    result = LexicalIndex(folder).search("bee wax", 10)
    assert [list(column) for column in result] == [list(column) for column in whole]


# --- languages --------------------------------------------------------------------------------------------------------

# Language, question, a text that it finds, and a text that it does not find. No word of the question occurs in the text
# in the same form.
INFLECTED = {
    "ar": ("كتاب", "وضعت الكتاب فوق الطاولة", "جلس الولد قرب النافذة"),
    "da": ("hest", "hestene sover om natten", "båden ligger ved broen"),
    "de": ("Haus", "In den Häusern am Fluss wohnten Fischer.", "Der Hauptmann ging fort."),
    "el": ("μέλισσα", "Οι μέλισσες κοιμούνται", "Το καράβι είναι βαρύ"),
    "es": ("canción", "Las canciones del pueblo", "El barco del puerto"),
    "fi": ("talo", "Vanhassa talossa asuu mies", "Vene on rannalla"),
    "fr": ("manger", "La soupe fut mangée", "Le bateau est lourd"),
    "hu": ("ház", "a házakban laknak", "a hajó nehéz"),
    "it": ("libro", "I libri sono vecchi", "La barca pesa"),
    "nl": ("huis", "de huizen staan leeg", "de boot is zwaar"),
    "no": ("hest", "hestene sover", "båten er tung"),
    "pt": ("gato", "Os gatos dormem", "O barco pesa"),
    "ro": ("carte", "cărțile sunt vechi", "barca este grea"),
    "ru": ("книга", "Он пришёл с книгами", "Лодка тяжёлая"),
    "sv": ("flicka", "flickorna sover", "båten är tung"),
    "tr": ("kitap", "Eski kitapları sattı", "Tekne çok ağır"),
    "zh": ("蜜蜂睡觉吗", "冬天的蜜蜂很少出门", "船在河上"),
    "ja": ("ミツバチの冬", "夜のミツバチは眠る", "船は川に浮かぶ"),
    "ko": ("학교", "아이들은 학교에서 배운다", "배가 강에 있다"),
    "th": ("ผึ้งนอนไหม", "ในรังมีผึ้งมากมาย", "เรืออยู่ในแม่น้ำ"),
}


@pytest.mark.parametrize("language", INFLECTED)
def test_a_word_is_found_in_the_forms_of_its_language(tmp_path: Path, language: str) -> None:
    question, text, other = INFLECTED[language]
    ids, _ = index_of(tmp_path, [other, text], language).search(question, 5)
    if language == "nl" and sys.version_info < (3, 11):
        pytest.skip("tantivy 0.27, whose stemmers are newer, needs Python 3.11")
    assert ids.tolist() == [1]


@pytest.mark.parametrize("language", sorted(set(INFLECTED) - {"zh", "ja", "ko", "th"}))
def test_without_its_stemmer_it_is_not_found(tmp_path: Path, language: str) -> None:
    question, text, other = INFLECTED[language]
    ids, _ = index_of(tmp_path, [other, text], "eo").search(question, 5)
    assert ids.tolist() == []


MIXED = [("The bees sleep in the hives.", "en"), ("Die Bienen schlafen in den Häusern.", "de"), ("蜜蜂在睡觉", "zh")]


@pytest.mark.parametrize(
    ("question", "found"), [("sleeping hive", [0]), ("Biene Haus", [1]), ("bee Haus", [0, 1]), ("蜜蜂", [2])]
)
def test_in_a_mixed_index_a_question_is_read_in_every_language(tmp_path: Path, question: str, found: list[int]) -> None:
    write_index(tmp_path / "lexical", MIXED)
    ids, _ = LexicalIndex(tmp_path / "lexical", ["de", "en", "zh"]).search(question, 5)
    assert sorted(ids.tolist()) == found


def test_a_word_counts_once_however_many_forms_of_it_a_text_has(tmp_path: Path) -> None:
    texts = ["hive hiv wax x", "hive hive wax x", "x y z z"]  # in German "hive" is "hiv"
    write_index(tmp_path / "lexical", [(text, "eo") for text in texts])
    _, both = LexicalIndex(tmp_path / "lexical", ["de", "eo"]).search("hive", 1)
    _, one = LexicalIndex(tmp_path / "lexical", ["eo"]).search("hiv", 1)
    assert both.tolist() == pytest.approx(one.tolist())  # the rarer of the two, and not their sum


def test_a_word_weighs_what_its_most_frequent_form_does(tmp_path: Path) -> None:
    write_index(tmp_path / "lexical", MIXED)
    index = LexicalIndex(tmp_path / "lexical", ["de", "en", "zh"])
    (term,) = index.query_terms("Häusern")
    assert term.forms == {"haus", "hausern"}
    assert term.weight == pytest.approx(idf(3, 1))
    assert term.is_in(set(analyze(*MIXED[1])))
    assert not term.is_in(set(analyze(*MIXED[0])))


def test_two_forms_of_one_word_are_one_word(tmp_path: Path) -> None:
    write_index(tmp_path / "lexical", MIXED)
    (term,) = LexicalIndex(tmp_path / "lexical", ["de", "en", "zh"]).query_terms("hive, hives; a hive")
    assert term.forms == {"hive", "hiv", "hives"}
