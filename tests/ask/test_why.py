"""Why an answer leads, or what came closest lacks: every word, rank and estimate is one that decided."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from conftest import TinyEncoder, TinyReader
from corpora import write

from qa.ask.answer import Answer
from qa.ask.confidence import MOST_BESIDE
from qa.ask.follow_up import Turn
from qa.ask.ranking import Ranks
from qa.ask.why import Why
from qa.ask.words import as_text, ordinal, why_rows
from qa.build import build
from qa.config import Config
from qa.engine import Engine
from qa.models.protocols import logistic

ARTICLES = {
    "shop/returns-2024.md": "# Returns\n\nA refund is paid within 14 days. Ask at the desk of Ada.\n",
    "shop/hours.md": "# Opening hours\n\nThe shop opens at 9.30 every day. Lunch is at noon in the shop.\n",
    "bees.md": "# Bees\n\nBees dance in the dark hive for other bees, to tell them of flowers.\n",
}
REFUND = "When is a refund paid?"
READER = {"refund": 3.0, "opens": 1.0, "Bees": -4.0}


@pytest.fixture
def built(config: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch) -> Config:
    write(config.corpus, ARTICLES)
    build(config, tiny)
    # No word is corrected: the encoder has all of them as a whole.
    monkeypatch.setattr(tiny, "count_tokens", lambda texts: [1] * len(texts))
    return replace(config, reader="")


def asked(
    config: Config, tiny: TinyEncoder, question: str, top_k: int = 5, history: Sequence[Turn] = (), **changes: object
) -> Answer:
    settings = replace(config, **{"threshold": 0.0, **changes})  # type: ignore[arg-type]
    with Engine.open(settings, tiny, reader=TinyReader(**READER)) as engine:
        return engine.ask(question, top_k, history)


def why_of(answer: Answer) -> Why:
    assert answer.why is not None
    return answer.why


# --- words ------------------------------------------------------------------------------------------------------------


def test_each_word_of_the_question_is_in_the_quotation_or_near_it_or_missing(built: Config, tiny: TinyEncoder) -> None:
    question = "In 2024 or 2031, are refunds of Returns paid by Costco at lunch within 14 days?"
    why = why_of(asked(built, tiny, question))
    assert (why.document, why.text) == (
        "shop/returns-2024.md",
        ARTICLES["shop/returns-2024.md"].strip().split("\n\n")[1],
    )
    assert why.matched == ("refunds", "paid", "within", "14", "days")  # in any form
    assert why.nearby == ("2024", "Returns")  # the path, and the title
    assert why.missing == ("2031", "Costco", "lunch")
    assert (why.missing_names, why.missing_numbers) == (("Costco",), ("2031",))
    assert why.unknown == ("2031", "Costco")  # lunch is in another article


def test_a_number_is_there_only_as_a_whole(built: Config, tiny: TinyEncoder) -> None:
    why = why_of(asked(built, tiny, "Does the shop open at 9.30 or 9.3 or 30?"))
    assert {"9.30"} == {word for word in why.matched if word[0].isdigit()}
    assert why.missing_numbers == ("9.3", "30")
    assert why.unknown == ("9.3",)  # passages contain 9 and 30, but no 3


def test_function_words_are_not_listed(built: Config, tiny: TinyEncoder) -> None:
    why = why_of(asked(built, tiny, "What is it?"))
    assert why.matched + why.nearby + why.missing == ()


def test_a_question_for_a_number_that_the_sentence_lacks_is_noted(built: Config, tiny: TinyEncoder) -> None:
    assert why_of(asked(built, tiny, "How tall are bees that dance?")).lacks_number
    assert not why_of(asked(built, tiny, "Do bees dance?")).lacks_number
    assert not why_of(asked(built, tiny, REFUND)).lacks_number


def test_a_quotation_about_another_year_or_without_the_ranking_is_noted(built: Config, tiny: TinyEncoder) -> None:
    for question in ("When is a refund paid in 2024?", "Which refund is paid within 14 days?", REFUND):
        assert not why_of(asked(built, tiny, question)).answers_another  # its path has the year
    for question in ("Which refund is the largest of all?", "Which refunds are not paid?"):
        refused = why_of(asked(built, tiny, question, threshold=0.9))
        assert refused.answers_another and refused.as_json()["answers_another"] is True
        assert "it answers another question than yours" in refused.lacks.lower()
        assert refused.confidence <= MOST_BESIDE


def test_what_a_follow_up_carries_is_noted_and_is_no_word_of_the_question(built: Config, tiny: TinyEncoder) -> None:
    answer = asked(built, tiny, "And when is it paid?", history=[Turn("user", "What is a refund?")])
    why = why_of(answer)
    assert why.carried == answer.carried == ("refund",)
    assert why.matched == ("paid",)
    assert dict(why_rows(why, closest=False))["Found"].endswith("; searched for with refund")


# --- ranks and estimates ----------------------------------------------------------------------------------------------


def test_the_ranks_are_those_of_both_searches_and_of_the_ranking(built: Config, tiny: TinyEncoder) -> None:
    with Engine.open(replace(built, reader="off", threshold=0.0), tiny) as engine:
        hits = engine.search("dance paid refund").hits
        fresh = why_of(engine.ask("dance paid refund"))
    by_words = sorted((hit for hit in hits if hit.bm25 > 0), key=lambda hit: -hit.bm25)
    by_meaning = sorted(hits, key=lambda hit: -hit.cosine)
    for hit in hits:
        words = by_words.index(hit) + 1 if hit in by_words else None
        assert hit.ranks == Ranks(words, by_meaning.index(hit) + 1, hit.rank)
    assert {hit.ranks.words for hit in hits} == {1, 2, None}
    assert fresh.ranks in [hit.ranks for hit in hits] and fresh.reader is None
    why = why_of(asked(built, tiny, "dance paid refund"))
    assert why.ranks == replace(fresh.ranks, read=1)


def test_reading_changes_the_last_rank_only(built: Config, tiny: TinyEncoder) -> None:
    question = "Do bees dance in the hive, or a refund?"
    with Engine.open(
        replace(built, threshold=0.0), tiny, reader=TinyReader(refund=9.0, Bees=-9.0, opens=-9.0)
    ) as engine:
        why = why_of(engine.ask(question))
    assert why.document == "shop/returns-2024.md"
    assert (why.ranks.fused, why.ranks.read) == (2, 1)


def test_the_reader_is_quoted_in_numbers_between_0_and_1(built: Config, tiny: TinyEncoder) -> None:
    reader = why_of(asked(built, tiny, REFUND)).reader
    assert reader is not None
    assert (reader.passage, reader.sentence, reader.alone) == pytest.approx((logistic(3.0),) * 3)


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_a_refusal_says_what_came_closest_and_what_it_lacks(built: Config, tiny: TinyEncoder) -> None:
    question = "How tall were the bees that danced with Costco in 2031?"
    shown, refused = (asked(built, tiny, question, threshold=threshold) for threshold in (0.0, 1.0))
    why = why_of(refused)
    assert refused.lead is None and shown.lead is not None
    assert (why.text, why.span, why.sentence) == (shown.lead.text, shown.lead.span, shown.lead.sentence)
    assert why.citation is not None
    assert refused.citations[why.citation - 1].document == why.document == "bees.md"
    assert why.lacks == (
        "Its passage does not mention “Costco” or “2031”, its sentence has no number in digits, "
        "and the reader finds no answer in it."
    )
    assert (why.confidence, why.threshold) == (refused.confidence, 1.0)
    assert replace(why, lacks="", threshold=0.0, citation=1) == shown.why


def test_words_are_named_where_neither_name_nor_number_is_missing(built: Config, tiny: TinyEncoder) -> None:
    lacks = why_of(asked(built, tiny, "Is a refund paid at the museum at noon?", threshold=1.0)).lacks
    assert lacks == "Its passage does not mention “museum” or “noon”."


def test_where_all_is_there_only_certainty_is_lacking(built: Config, tiny: TinyEncoder) -> None:
    assert why_of(asked(built, tiny, REFUND, threshold=1.0)).lacks == "It is less certain than an answer must be."


def test_the_threshold_is_that_of_the_accepted_risk(built: Config, tiny: TinyEncoder) -> None:
    assert why_of(asked(built, tiny, REFUND, threshold=0.0, risk=0.05)).threshold > 0.5


def test_what_is_not_cited_has_no_rank(built: Config, tiny: TinyEncoder) -> None:
    question = "Do bees dance in the hive, or a refund?"
    reader = TinyReader(refund=1.0, Bees=9.0, opens=-9.0)
    with Engine.open(replace(built, threshold=1.0), tiny, reader=reader) as engine:
        whys = [why_of(engine.ask(question, top_k)) for top_k in (1, 5)]
    assert whys[0].citation in (1, None)
    assert replace(whys[0], citation=whys[1].citation) == whys[1]


def test_where_nothing_was_found_there_is_nothing_to_explain(built: Config, tiny: TinyEncoder) -> None:
    answer = asked(built, tiny, '"no such phrase" refund')
    assert answer.why is None and answer.as_json()["why"] is None
    assert "Why?" not in as_text(answer, explained=True)


# --- on paper ---------------------------------------------------------------------------------------------------------


def test_json_says_the_same(built: Config, tiny: TinyEncoder) -> None:
    answer = asked(built, tiny, "When is a refund of Ada paid in 2031?")
    why, data = why_of(answer), json.loads(json.dumps(answer.as_json()["why"]))
    assert list(data) == [
        "document", "citation", "text", "span", "sentence", "matched", "nearby", "missing", "missing_names",
        "missing_numbers", "unknown", "lacks_number", "answers_another", "carried", "ranks", "reader", "confidence",
        "threshold", "lacks",
    ]  # fmt: skip
    assert data["span"] == [why.span.start, why.span.end] and data["text"] == why.text
    assert (data["matched"], data["missing"]) == (["refund", "Ada", "paid"], ["2031"])
    assert data["ranks"] == {"words": 1, "meaning": 1, "fused": 1, "read": 1}
    assert data["reader"] == dict.fromkeys(("passage", "sentence", "alone"), round(logistic(3.0), 4))
    assert (data["confidence"], data["lacks"]) == (answer.as_json()["confidence"], None)


def test_a_terminal_says_it_only_if_asked_to_and_above_the_citations(built: Config, tiny: TinyEncoder) -> None:
    for threshold in (0.0, 1.0):
        answer = asked(built, tiny, "When is a refund paid in 2031?", threshold=threshold)
        plain, explained = as_text(answer), as_text(answer, explained=True)
        assert "Why?" not in plain
        before, _, after = explained.partition("\nWhy?\n")
        rows, _, rest = after.partition("\n\n")
        assert plain == f"{before}\n{rest}"
        assert "    Matched: refund, paid\n    In no article: 2031\n" in rows
        assert ("    What it lacks: Its passage does not mention “2031”." in rows) == (threshold == 1.0)
        assert rows.endswith(f" %; an answer is shown from {round(100 * threshold)} %")


def test_rows_without_contents_are_left_out(built: Config, tiny: TinyEncoder) -> None:
    rows = dict(why_rows(why_of(asked(built, tiny, REFUND)), closest=False))
    assert list(rows) == ["Matched", "Found", "Reader’s estimates", "Confidence"]
    assert rows["Found"] == "1st by words, 1st by meaning, 1st together; 1st after reading"
    assert rows["Reader’s estimates"] == "passage 95 %, sentence 95 %, sentence on its own 95 %"


def test_the_ending_of_a_possessive_is_no_word_of_the_question(built: Config, tiny: TinyEncoder) -> None:
    why = why_of(asked(built, tiny, "When is Ada’s refund paid, and isn't it?"))
    assert "Ada" in (*why.matched, *why.nearby, *why.missing)
    assert {"s", "t"}.isdisjoint((*why.matched, *why.nearby, *why.missing))


def test_ordinals() -> None:
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 100)] == [
        "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "100th",
    ]  # fmt: skip
