"""Hits become an answer: the sentence that answers stands first, marked literally, or nothing is claimed."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
from conftest import TinyReader
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.ask.answer import Answer, Lead
from qa.ask.compose import compose
from qa.ask.confidence import confidence, confidence_model, features, judge, threshold_for
from qa.ask.lead import LEAD_PASSAGES, sentences_of
from qa.ask.ranking import Evidence, Hit, Ranking
from qa.ask.sources import Facts
from qa.index.protocols import Query
from qa.text.document import Span
from qa.text.passage import Passage
from qa.text.query_term import QueryTerm
from qa.text.sentences import sentence_spans
from qa.text.terms import analyze

FACTS = Facts(generation="000003", titles={"a.md": "Bees"}, urls={"a.md": "https://example.org"}, changed=frozenset())
STRONG = Evidence(top_cosine=0.9, coverage=1.0, margin=0.3, peak=4.0, passages=100)
READ = replace(STRONG, relevance=3.0)
TEXTS = [
    "Frost comes in autumn. The hive stands by the wall.",
    "The sky is grey. Bees sleep at night in the hive. Nobody knows why.",
    "Boats are heavy.",
    "Wax melts. It smells.",
    "Honey keeps for years.",
]
QUESTION = "When do bees sleep?"


def passage(text: str, document: str = "a.md", start: int = 100, section: tuple[str, ...] = ()) -> Passage:
    sentences = tuple(Span(start + s.start, start + s.end) for s in sentence_spans(text))
    return Passage(document, 0, Span(start, start + len(text)), text, "Own title", section, 3, sentences)


def ranking_of(passages: Sequence[Passage], query: str = QUESTION, **scores: float) -> Ranking:
    hits = tuple(
        Hit(id=10 + n, passage=p, score=scores.get(f"s{n}", 0.9 - n / 10), rank=n + 1, cosine=0.5, bm25=1.0)
        for n, p in enumerate(passages)
    )
    terms = tuple(QueryTerm(frozenset([term]), 1.0) for term in dict.fromkeys(analyze(query)))
    return Ranking(Query(query), hits, terms, STRONG)


def answer_of(ranking: Ranking, threshold: float = 0.0, facts: Facts = FACTS) -> Answer:
    ranking = replace(ranking, timings_ms={"encode": 1.234, "search": 0.5})
    sentences = sentences_of(ranking, analyze)
    return compose("  as typed? ", ranking, sentences, judge(ranking, sentences.share, threshold), facts)


# --- the lead ---------------------------------------------------------------------------------------------------------


def test_the_passage_that_holds_the_answering_sentence_stands_first() -> None:
    answer = answer_of(ranking_of([passage(text) for text in TEXTS]))
    assert answer.answerable
    assert answer.lead is not None
    assert answer.lead.text == "Bees sleep at night in the hive."
    assert answer.lead.citation == 1
    assert [citation.text for citation in answer.citations] == [TEXTS[n] for n in (1, 0, 2, 3, 4)]
    assert [citation.rank for citation in answer.citations] == [1, 2, 3, 4, 5]
    assert [citation.score for citation in answer.citations] == pytest.approx([0.8, 0.9, 0.7, 0.6, 0.5])


def test_the_lead_is_a_literal_part_of_the_first_citation() -> None:
    answer = answer_of(ranking_of([passage(text) for text in TEXTS]))
    assert answer.lead is not None
    first = answer.citations[0]
    assert first.span.start <= answer.lead.span.start < answer.lead.span.end <= first.span.end
    assert first.text[answer.lead.span.start - first.span.start :].startswith(answer.lead.text)
    assert answer.lead.span in first.highlights


def test_the_lead_comes_from_the_best_passages_only() -> None:
    others = [passage(f"Word{n} is here.") for n in range(LEAD_PASSAGES)]
    answer = answer_of(ranking_of([*others, passage("Bees sleep when they do.")]))
    assert answer.lead is not None
    assert answer.lead.text.startswith("Word")
    assert answer.citations[-1].text == "Bees sleep when they do."


def test_the_heading_of_a_passage_speaks_for_its_first_sentence() -> None:
    answered = passage("At night, mostly. The rest is silence and wax.", section=("Questions", "When do bees sleep?"))
    other = passage("At night, mostly. The rest is silence and wax.", document="b.md")
    for order in ([answered, other], [other, answered]):
        answer = answer_of(ranking_of(order, s0=0.5, s1=0.5))
        assert answer.lead is not None
        assert answer.lead.text == "At night, mostly."
        assert answer.citations[0].section == "Questions > When do bees sleep?"


def test_a_passage_of_code_leads_as_a_whole() -> None:
    code = replace(passage("bees.sleep()\nwhen(night)"), sentences=())
    answer = answer_of(ranking_of([code]))
    assert answer.lead is not None
    assert (answer.lead.text, answer.lead.span) == (code.text, code.span)
    assert answer.citations[0].highlights == (code.span,)


# --- what a reader says -----------------------------------------------------------------------------------------------

BEES = "Bees sleep when bees sleep. They do so at night. Nobody knows why."


def read_answer(query: str = QUESTION, text: str = BEES, **words: float) -> Answer:
    ranking = ranking_of([passage(text)], query)
    (judgement,) = TinyReader(**words).read(query, [hit.passage for hit in ranking.hits], 1.0)
    hits = tuple(replace(hit, judgement=judgement) for hit in ranking.hits)
    return answer_of(replace(ranking, hits=hits))


def lead_of(answer: Answer) -> Lead:
    assert answer.lead is not None
    return answer.lead


def test_an_answer_that_is_found_in_a_sentence_speaks_for_it() -> None:
    close = "Bees sleep by day. Bees sleep at night."
    assert lead_of(read_answer(text=close)).text == "Bees sleep by day."
    assert lead_of(read_answer(text=close, night=9.0, day=-9.0)).text == "Bees sleep at night."
    assert lead_of(read_answer(text=close, night=-9.0, day=9.0)).text == "Bees sleep by day."


def test_the_short_answer_is_a_part_of_the_lead_and_stands_in_json() -> None:
    answer = read_answer(text="Bees sleep at night in the hive.", night=9.0)
    lead = lead_of(answer)
    assert lead.pieces() == ("Bees sleep at ", "night", " in the hive.")
    assert lead.short == Span(114, 119)
    assert answer.as_json()["answer"] == {"text": lead.text, "short": "night", "citation": 1, "start": 114, "end": 119}


def test_an_answer_that_is_no_likelier_than_none_is_not_shown_by_itself() -> None:
    lead = lead_of(read_answer(text="Bees sleep at night in the hive.", night=-1.0))
    assert lead.short is None
    assert lead.pieces() == (lead.text, "", "")


def test_a_part_of_an_address_is_not_shown_by_itself() -> None:
    for text in ("Bees sleep in [the hive](hives/night.md).", "Bees sleep: see https://example.org/night now."):
        assert lead_of(read_answer(text=text, night=9.0)).short is None
    whole = read_answer(text="Bees sleep [at night](hives.md).", night=9.0)
    assert lead_of(whole).pieces()[1] == "night"
    whole = read_answer(text="Bees sleep at https://example.org/night.", https=9.0)
    assert lead_of(whole).pieces()[1] == "https"


@pytest.mark.parametrize(
    ("question", "fragment"),
    [
        ("When do bees sleep?", True),
        ("Who built the hive?", True),
        ("What is a smoker made of?", True),
        ("How many bees are there?", True),
        ("And how old is the queen?", True),
        ("Which business did he run?", True),
        ("What was James's wife called?", True),
        ("Name a town with hives.", True),
        ("hive weight winter", True),
        ("Wann schlafen Bienen?", True),
        ("Why do bees sleep?", False),
        ("How do bees sleep?", False),
        ("How come bees sleep?", False),
        ("Do bees sleep?", False),
        ("And don't bees sleep?", False),
        ("Is it true that bees sleep?", False),
        ("What are the parts of a hive?", False),
        ("Which forums do they cooperate through?", False),
        ("What two things are needed?", False),
        ("What kinds of wood burn well?", False),
        ("List the tools.", False),
        ("Name the tools.", False),
        ("Describe a swarm.", False),
    ],
)
def test_lists_reasons_ways_and_yes_or_no_get_a_sentence(question: str, fragment: bool) -> None:
    lead = lead_of(read_answer(query=question, text="Bees sleep at night in the hive.", night=9.0))
    assert (lead.short is not None) == fragment


def test_what_is_carried_does_not_hide_what_kind_of_question_it_is() -> None:
    ranking = ranking_of([passage("Bees sleep at night.")], "Ada Marsh do bees sleep?")
    (judgement,) = TinyReader(night=9.0).read("", [hit.passage for hit in ranking.hits], 1.0)
    hits = tuple(replace(hit, judgement=judgement) for hit in ranking.hits)
    assert lead_of(answer_of(replace(ranking, hits=hits))).short is not None
    assert lead_of(answer_of(replace(ranking, hits=hits, carried=("Ada", "Marsh")))).short is None


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.sampled_from(TEXTS), min_size=1, unique=True),
    st.integers(0, 500),
    st.dictionaries(st.sampled_from(["hive", "a", "sl", "e.", "y y"]), st.floats(-9, 9), min_size=1),
)
def test_a_short_answer_is_literal_and_inside_its_lead(texts: list[str], start: int, words: dict[str, float]) -> None:
    document = " " * start + "\n".join(texts)
    places = [document.index(text, start) for text in texts]
    ranking = ranking_of([passage(text, start=place) for text, place in zip(texts, places, strict=True)])
    said = TinyReader(**words).read(QUESTION, [hit.passage for hit in ranking.hits], 1.0)
    hits = tuple(replace(hit, judgement=one) for hit, one in zip(ranking.hits, said, strict=True))
    answer = answer_of(replace(ranking, hits=hits))
    lead = lead_of(answer)
    assert lead.span.of(document) == lead.text == "".join(lead.pieces())
    data = answer.as_json()["answer"]
    if lead.short is None:
        assert (data["short"], data["start"], data["end"]) == (None, None, None)
    else:
        assert document[data["start"] : data["end"]] == data["short"] == lead.pieces()[1]
        assert lead.span.start <= data["start"] < data["end"] <= lead.span.end


# --- not in the articles ----------------------------------------------------------------------------------------------


def test_below_the_threshold_the_nearest_passages_stay_as_they_were_ranked() -> None:
    ranking = ranking_of([passage(text) for text in TEXTS])
    answer = answer_of(ranking, threshold=1.0)
    assert not answer.answerable
    assert answer.lead is None
    assert [citation.text for citation in answer.citations] == TEXTS
    assert answer.confidence == answer_of(ranking, threshold=0.0).confidence


def test_the_threshold_itself_is_enough() -> None:
    ranking = ranking_of([passage(text) for text in TEXTS])
    sure = answer_of(ranking).confidence
    assert answer_of(ranking, threshold=sure).answerable
    assert not answer_of(ranking, threshold=math.nextafter(sure, 1)).answerable


def test_without_hits_nothing_is_claimed() -> None:
    answer = answer_of(ranking_of([]), threshold=0.0)
    assert (answer.answerable, answer.lead, answer.citations, answer.confidence) == (False, None, (), 0.0)


# --- citations --------------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=40)
@given(st.lists(st.sampled_from(TEXTS), min_size=1, unique=True), st.integers(0, 500), st.floats(0, 1))
def test_highlights_are_whole_sentences_inside_their_citation(texts: list[str], start: int, threshold: float) -> None:
    ranking = ranking_of([passage(text, start=start) for text in texts])
    answer = answer_of(ranking, threshold)
    by_rank = {hit.passage.text: hit.passage for hit in ranking.hits}
    assert sorted(citation.text for citation in answer.citations) == sorted(texts)
    for citation in answer.citations:
        assert set(citation.highlights) <= set(by_rank[citation.text].sentences)
        assert list(citation.highlights) == sorted(citation.highlights, key=lambda span: span.start)
    leading = {hit.passage.text for hit in ranking.hits[:LEAD_PASSAGES]}
    assert all(citation.highlights for citation in answer.citations if citation.text in leading)


def test_two_sentences_are_marked_where_both_are_nearly_as_good() -> None:
    twice = passage("Bees sleep at night. Some frost came. Bees sleep at noon.")
    (citation,) = answer_of(ranking_of([twice])).citations
    assert [span.of(" " * 100 + twice.text) for span in citation.highlights] == [
        "Bees sleep at night.",
        "Bees sleep at noon.",
    ]


def test_a_citation_says_where_it_is_from() -> None:
    known = passage(TEXTS[1], section=("Life", "Night"))
    unknown = passage(TEXTS[0], document="sub/b.md")
    facts = replace(FACTS, changed=frozenset({"sub/b.md"}))
    first, second = answer_of(ranking_of([known, unknown]), facts=facts).citations
    assert (first.document, first.title, first.url) == ("a.md", "Bees", "https://example.org")
    assert (first.section, first.page, first.changed) == ("Life > Night", 3, False)
    assert (second.document, second.title, second.url) == ("sub/b.md", "Own title", None)
    assert (second.section, second.changed) == ("", True)
    assert first.span == Span(100, 100 + len(TEXTS[1]))


# --- confidence -------------------------------------------------------------------------------------------------------

EVIDENCE = st.builds(
    Evidence,
    top_cosine=st.floats(-1, 1),
    coverage=st.floats(0, 1),
    margin=st.floats(0, 1),
    peak=st.floats(0, 10),
    passages=st.integers(0, 10**7),
)

READ_EVIDENCE = st.builds(
    lambda evidence, relevance: replace(evidence, relevance=relevance), EVIDENCE, st.floats(-20, 20)
)


@settings(deadline=None)
@given(EVIDENCE | READ_EVIDENCE, st.floats(0, 1))
def test_confidence_is_a_probability(evidence: Evidence, sentence_share: float) -> None:
    assert 0 <= confidence(evidence, sentence_share) <= 1


@settings(deadline=None)
@given(EVIDENCE | READ_EVIDENCE, st.floats(0, 1), st.floats(0, 1))
def test_a_nearer_passage_never_lowers_confidence(evidence: Evidence, sentence_share: float, nearer: float) -> None:
    better = replace(evidence, top_cosine=min(1.0, evidence.top_cosine + nearer))
    assert confidence(better, sentence_share) >= confidence(evidence, sentence_share)


@settings(deadline=None)
@given(READ_EVIDENCE, st.floats(0, 1), st.floats(0, 20))
def test_a_surer_reader_never_lowers_confidence(evidence: Evidence, sentence_share: float, surer: float) -> None:
    better = replace(evidence, relevance=(evidence.relevance or 0.0) + surer)
    assert confidence(better, sentence_share) >= confidence(evidence, sentence_share)


@settings(deadline=None)
@given(READ_EVIDENCE, st.floats(0, 1))
def test_nothing_else_makes_up_for_what_the_reader_says(evidence: Evidence, sentence_share: float) -> None:
    reader = confidence_model("reader").conditions[-1]
    assert set(reader.weights) == {"relevance"}
    assert confidence(evidence, sentence_share) <= reader.probability({"relevance": evidence.relevance or 0.0})
    assert confidence(replace(READ, top_cosine=1.0), 1.0) > 0.9


def test_strong_evidence_is_believed_and_none_is_not() -> None:
    nothing = Evidence(top_cosine=0.05, coverage=0.0, margin=0.0, peak=2.0, passages=100)
    assert confidence(STRONG, 0.9) > 0.9
    assert confidence(nothing, 0.05) < 0.1


@pytest.mark.parametrize(("model", "evidence"), [("words", STRONG), ("reader", READ)])
def test_every_weight_is_of_a_feature(model: str, evidence: Evidence) -> None:
    for condition in confidence_model(model).conditions:
        assert condition.weights and set(condition.weights) <= set(features(evidence, 0.5))
        assert math.isfinite(condition.intercept)
        assert all(math.isfinite(weight) for weight in condition.weights.values())


@pytest.mark.parametrize("evidence", [STRONG, READ])
def test_less_risk_never_wants_less_confidence(evidence: Evidence) -> None:
    thresholds = [threshold_for(risk / 100, evidence) for risk in range(1, 41)]
    assert thresholds == sorted(thresholds, reverse=True)
    assert 0 < threshold_for(0.2, evidence) < 1


def test_between_two_risks_the_smaller_is_kept_and_none_is_kept_below_the_least() -> None:
    assert threshold_for(0.059, STRONG) == threshold_for(0.05, STRONG) >= threshold_for(0.06, STRONG)
    assert threshold_for(0.001, STRONG) == 1.0


# --- json -------------------------------------------------------------------------------------------------------------


def test_an_answer_in_json_has_the_keys_of_the_contract() -> None:
    data = json.loads(json.dumps(answer_of(ranking_of([passage(TEXTS[1])])).as_json()))
    assert list(data) == [
        "question", "query", "carried", "corrected", "reason", "unmentioned", "answerable", "confidence", "answer",
        "citations", "generation", "timings_ms",
    ]  # fmt: skip
    assert data["question"] == "  as typed? "
    assert data["query"] == QUESTION
    assert data["answerable"] is True
    assert data["answer"] == {
        "text": "Bees sleep at night in the hive.", "short": None, "citation": 1, "start": None, "end": None,
    }  # fmt: skip
    assert data["generation"] == "000003"
    assert data["timings_ms"] == {"encode": 1.23, "search": 0.5}
    start = 100 + TEXTS[1].index("Bees")
    assert data["citations"] == [
        {
            "rank": 1,
            "score": 0.9,
            "document": "a.md",
            "title": "Bees",
            "section": "",
            "page": 3,
            "url": "https://example.org",
            "start": 100,
            "end": 100 + len(TEXTS[1]),
            "text": TEXTS[1],
            "highlights": [[start, start + len("Bees sleep at night in the hive.")]],
            "changed": False,
        }
    ]


def test_what_is_not_answered_is_null_in_json() -> None:
    data = answer_of(ranking_of([passage(TEXTS[1])]), threshold=1.0).as_json()
    assert data["answerable"] is False
    assert data["answer"] is None
    assert len(data["citations"]) == 1


@pytest.mark.parametrize(
    "pointer",
    [
        "For more information, see how bees make wax in winter.",
        "For a summary of how bees make wax in winter, see the next chapter.",
        "For how bees make wax in winter, please refer to the table.",
        "Please refer to the chapter on how bees make wax in winter.",
    ],
)
def test_a_sentence_that_only_points_elsewhere_does_not_lead(pointer: str) -> None:
    ranking = ranking_of([passage(f"{pointer} Wax comes from glands of the bees.")], "How do bees make wax in winter?")
    lead = answer_of(ranking).lead
    assert lead is not None
    assert lead.text == "Wax comes from glands of the bees."
