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
from qa.ask.confidence import confidence, features, judge, threshold_for, topic_model
from qa.ask.features import weighed
from qa.ask.lead import LEAD_PASSAGES, READ_ALONE, Candidate, Leads, lead_model, leads_of
from qa.ask.ranking import Evidence, Hit, Ranking
from qa.ask.sources import Facts
from qa.ask.units import units_of
from qa.index.protocols import Query
from qa.models.protocols import Judgement
from qa.text.document import Span
from qa.text.passage import Passage
from qa.text.query_term import QueryTerm
from qa.text.sentences import sentence_spans
from qa.text.terms import analyze

FACTS = Facts(
    generation="000003",
    titles={"a.md": "Bees"},
    urls={"a.md": "https://example.org"},
    changed=frozenset(),
    contexts={"a.md": "Bees\na md"},
)
STRONG = Evidence(top_cosine=0.9, coverage=1.0, margin=0.3, peak=4.0, passages=100)
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


def answer_of(
    ranking: Ranking, threshold: float = 0.0, facts: Facts = FACTS, reader: TinyReader | None = None, top_k: int = 10
) -> Answer:
    ranking = replace(ranking, timings_ms={"encode": 1.234, "search": 0.5})
    leads = leads_of(ranking, reader, 1.0, facts.contexts)
    return compose("  as typed? ", ranking, leads, judge(ranking, leads, threshold), facts, top_k)


def sentence_of(answer: Answer) -> str:
    """The sentence that was judged to answer, which the lead quotes with its neighbours."""
    assert answer.lead is not None
    start = answer.lead.span.start
    return answer.lead.text[answer.lead.sentence.start - start : answer.lead.sentence.end - start]


# --- the lead ---------------------------------------------------------------------------------------------------------


def test_the_passage_with_the_answering_sentence_comes_first() -> None:
    answer = answer_of(ranking_of([passage(text) for text in TEXTS]))
    assert answer.answerable
    assert answer.lead is not None
    assert sentence_of(answer) == "Bees sleep at night in the hive."
    assert answer.lead.text == TEXTS[1]  # with its neighbours, which are no more than sixty words
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
    assert answer.lead.sentence in first.highlights
    assert answer.lead.span.start <= answer.lead.sentence.start < answer.lead.sentence.end <= answer.lead.span.end


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
        assert sentence_of(answer) == "At night, mostly."
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
    return answer_of(read_by(TinyReader(**words), ranking_of([passage(text)], query)), reader=TinyReader(**words))


def read_by(reader: TinyReader, ranking: Ranking) -> Ranking:
    judgements = reader.read(ranking.query.text, [hit.passage for hit in ranking.hits], 1.0)
    hits = zip(ranking.hits, judgements, strict=True)
    return replace(ranking, hits=tuple(replace(hit, judgement=judgement) for hit, judgement in hits))


def lead_of(answer: Answer) -> Lead:
    assert answer.lead is not None
    return answer.lead


def test_an_answer_that_is_found_in_a_sentence_speaks_for_it() -> None:
    close = "Bees sleep by day. Bees sleep at night."
    assert sentence_of(read_answer(text=close)) == "Bees sleep by day."
    assert sentence_of(read_answer(text=close, night=9.0, day=-9.0)) == "Bees sleep at night."
    assert sentence_of(read_answer(text=close, night=-9.0, day=9.0)) == "Bees sleep by day."


def test_the_short_answer_is_part_of_the_lead_and_of_the_json() -> None:
    answer = read_answer(text="Bees sleep at night in the hive.", night=9.0)
    lead = lead_of(answer)
    assert lead.pieces() == ("Bees sleep at ", "night", " in the hive.")
    assert lead.short == Span(114, 119)
    assert answer.as_json()["answer"] == {
        "text": lead.text, "short": "night", "citation": 1, "start": 114, "end": 119,
        "span": [100, 132], "sentence": [100, 132],
    }  # fmt: skip


def test_an_answer_no_likelier_than_none_is_not_a_short_answer() -> None:
    lead = lead_of(read_answer(text="Bees sleep at night in the hive.", night=-1.0))
    assert lead.short is None
    assert lead.pieces() == (lead.text, "", "")


def test_part_of_an_address_is_not_a_short_answer() -> None:
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


def test_carried_words_do_not_hide_the_kind_of_a_question() -> None:
    ranking = ranking_of([passage("Bees sleep at night.")], "Ada Marsh do bees sleep?")
    reader = TinyReader(night=9.0)
    ranking = read_by(reader, ranking)
    assert lead_of(answer_of(ranking, reader=reader)).short is not None
    assert lead_of(answer_of(replace(ranking, carried=("Ada", "Marsh")), reader=reader)).short is None


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
    reader = TinyReader(**words)
    answer = answer_of(read_by(reader, ranking), reader=reader)
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


def test_two_sentences_are_marked_if_both_are_nearly_equally_good() -> None:
    twice = passage("Bees sleep at night. Some frost came. Bees sleep at noon.")
    (citation,) = answer_of(ranking_of([twice])).citations
    assert [span.of(" " * 100 + twice.text) for span in citation.highlights] == [
        "Bees sleep at night.",
        "Bees sleep at noon.",
    ]


def test_a_citation_names_its_source() -> None:
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

CONFIDENCE = dict.fromkeys(lead_model().confidence, 0.0)


def leads_with(**evidence: float) -> Leads:
    """The leads of a question that was read, with this evidence and else none."""
    return Leads((), None, {**CONFIDENCE, **evidence})


UNREAD = Leads((), None)


@settings(deadline=None)
@given(EVIDENCE, st.dictionaries(st.sampled_from(sorted(CONFIDENCE)), st.floats(-20, 20)))
def test_confidence_is_a_probability(evidence: Evidence, said: dict[str, float]) -> None:
    assert 0 <= confidence(evidence, UNREAD) <= 1
    assert 0 <= confidence(evidence, leads_with(**said)) <= 1


@settings(deadline=None)
@given(EVIDENCE, st.floats(0, 1))
def test_a_nearer_passage_never_lowers_confidence(evidence: Evidence, nearer: float) -> None:
    better = replace(evidence, top_cosine=min(1.0, evidence.top_cosine + nearer))
    assert confidence(better, UNREAD) >= confidence(evidence, UNREAD)
    before, after = (leads_with(top_cosine=each.top_cosine) for each in (evidence, better))
    assert confidence(evidence, after) >= confidence(evidence, before)


@settings(deadline=None)
@given(st.floats(-20, 20), st.floats(0, 20))
def test_a_stronger_lead_never_lowers_confidence(strength: float, more: float) -> None:
    weaker, stronger = leads_with(strength=strength), leads_with(strength=strength + more)
    assert confidence(STRONG, stronger) >= confidence(STRONG, weaker)


@pytest.mark.parametrize("lack", ["number_missing", "names_missing", "word_missing", "no_number"])
def test_what_the_lead_lacks_never_raises_confidence(lack: str) -> None:
    assert confidence(STRONG, leads_with(**{lack: 1.0})) <= confidence(STRONG, leads_with())


def test_strong_evidence_is_believed_and_none_is_not() -> None:
    nothing = Evidence(top_cosine=0.05, coverage=0.0, margin=0.0, peak=2.0, passages=100)
    unit = Candidate(next(units_of(0, passage("Bees sleep."))), {"share": 0.9}, 0.0)
    assert confidence(STRONG, Leads((unit,), unit)) > 0.9
    assert confidence(nothing, UNREAD) < 0.1


def test_every_weight_is_of_a_feature() -> None:
    topic, lead = topic_model(), lead_model()
    assert set(topic.weights) <= set(features(STRONG, 0.5))
    reader = TinyReader(night=3.0)
    leads = leads_of(read_by(reader, ranking_of([passage(TEXTS[1]), passage(TEXTS[0])])), reader, 1.0, {})
    assert leads.evidence is not None and leads.best is not None
    assert set(lead.confidence) <= set(leads.evidence)
    assert set(lead.strength) <= set(lead.strength_alone) <= set(leads.best.features)
    for weights in (topic.weights, lead.strength, lead.strength_alone, lead.confidence):
        assert weights and all(math.isfinite(weight) for weight in weights.values())
    assert math.isfinite(topic.intercept) and math.isfinite(lead.intercept)


@pytest.mark.parametrize("leads", [UNREAD, leads_with()], ids=["words", "reader"])
def test_less_risk_never_needs_less_confidence(leads: Leads) -> None:
    thresholds = [threshold_for(risk / 100, leads) for risk in range(1, 41)]
    assert thresholds == sorted(thresholds, reverse=True)
    assert 0 < threshold_for(0.2, leads) < 1


def test_between_two_risks_the_smaller_is_kept_and_none_is_kept_below_the_least() -> None:
    assert threshold_for(0.059, UNREAD) == threshold_for(0.05, UNREAD) >= threshold_for(0.06, UNREAD)
    assert threshold_for(0.001, UNREAD) == threshold_for(0.001, leads_with()) == 1.0


# --- units ------------------------------------------------------------------------------------------------------------


def quoted(text: str) -> list[tuple[str, str]]:
    """(sentence, stretch that is quoted with it) of each unit of a passage."""
    return [(unit.sentence_text, unit.text) for unit in units_of(0, passage(text))]


def test_a_sentence_is_quoted_with_the_rest_of_its_paragraph_and_no_other() -> None:
    first, second = "Bees sleep. They do so at night.", "Frost comes in autumn."
    assert quoted(f"{first}\n\n{second}") == [
        ("Bees sleep.", first),
        ("They do so at night.", first),
        (second, second),
    ]


def test_a_sentence_that_ends_with_a_colon_takes_what_follows() -> None:
    text = "You need three things:\n\n- a veil\n- a smoker"
    assert quoted(text)[0][1] == text


def test_a_stretch_is_no_longer_than_sixty_words_but_a_sentence_is_never_cut() -> None:
    sentence = "Bees sleep " + "very " * 20 + "well."
    text = " ".join([sentence] * 5)
    assert all(unit.text.count("Bees") == 2 for unit in units_of(0, passage(text)))
    long = "Bees sleep " + "very " * 100 + "well."
    assert quoted(long) == [(long, long)]


def test_the_strongest_units_are_read_again_alone() -> None:
    texts = [f"Bees sleep in hive {n}. Frost comes. Wax melts." for n in range(5)]
    reader = TinyReader(Bees=1.0, Frost=0.5, Wax=0.2)
    leads = leads_of(read_by(reader, ranking_of([passage(text) for text in texts])), reader, 0.25, {})
    assert len(leads.candidates) == 15
    assert [(count, seconds) for _, count, seconds in reader.asked] == [(5, 1.0), (READ_ALONE, 0.25)]
    assert leads.best is not None and "alone_margin" in leads.best.features
    assert leads.best.strength == weighed(leads.best.features, lead_model().strength_alone)


def test_a_unit_that_there_was_no_time_to_read_cannot_lead_and_is_counted() -> None:
    class Late(TinyReader):
        def read(self, question: str, passages: Sequence[Passage], seconds: float) -> list[Judgement | None]:
            return [None] * len(passages)

    reader = TinyReader(night=3.0)
    ranking = read_by(reader, ranking_of([passage(TEXTS[1]), passage(TEXTS[0])]))
    answer = answer_of(replace(ranking, unread=2), reader=Late())
    assert (answer.answerable, answer.lead, answer.confidence) == (False, None, 0.0)
    assert answer.unread == 2 + len(sentence_spans(TEXTS[1]))
    assert answer.as_json()["unread"] == answer.unread


def test_the_number_of_citations_does_not_change_the_lead() -> None:
    ranking = ranking_of([passage(text) for text in TEXTS])
    one, five = answer_of(ranking, top_k=1), answer_of(ranking, top_k=5)
    assert one.lead == five.lead and one.confidence == five.confidence
    assert one.citations == five.citations[:1]


# --- json -------------------------------------------------------------------------------------------------------------


def test_an_answer_in_json_has_the_keys_of_the_contract() -> None:
    data = json.loads(json.dumps(answer_of(ranking_of([passage(TEXTS[1])])).as_json()))
    assert list(data) == [
        "question", "query", "carried", "corrected", "reason", "unmentioned", "unread", "answerable", "confidence",
        "answer", "citations", "why", "generation", "timings_ms",
    ]  # fmt: skip
    assert data["question"] == "  as typed? "
    assert data["query"] == QUESTION
    assert data["answerable"] is True
    assert data["answer"] == {
        "text": TEXTS[1], "short": None, "citation": 1, "start": None, "end": None,
        "span": [100, 100 + len(TEXTS[1])], "sentence": [117, 149],
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


def test_a_question_without_an_answer_has_null_in_json() -> None:
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
    assert sentence_of(answer_of(ranking)) == "Wax comes from glands of the bees."
