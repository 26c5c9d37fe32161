"""Hits become an answer: the sentence that answers stands first, marked literally, or nothing is claimed."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import get_args

import pytest
from conftest import TinyReader
from hypothesis import given, settings
from hypothesis import strategies as st
from rankings import FACTS, QUESTION, answer_of, passage, ranking_of, read_by

from qa.ask.answer import Answer, Lead
from qa.ask.candidates import LEAD_PASSAGES
from qa.ask.confidence import MOST_BESIDE, confidence, judge, threshold_for
from qa.ask.features import weighed
from qa.ask.lead import READ_ALONE, Leads, leads_of
from qa.ask.lead_model import ModelKind, lead_model
from qa.ask.ranking import Evidence
from qa.ask.words import as_text
from qa.config import Config
from qa.models.protocols import Judgement
from qa.text.document import Span
from qa.text.passage import Passage
from qa.text.sentences import sentence_spans

TEXTS = [
    "Frost comes in autumn. The hive stands by the wall.",
    "The sky is grey. Bees sleep at night in the hive. Nobody knows why.",
    "Boats are heavy.",
    "Wax melts. It smells.",
    "Honey keeps for years.",
]


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


def test_the_headings_of_a_passage_speak_for_its_sentences() -> None:
    text = "They do so at night, mostly. The rest is silence and wax."
    answered = passage(text, section=("Questions", "When do bees sleep?"))
    other = passage(text, document="b.md")
    for order in ([answered, other], [other, answered]):
        answer = answer_of(ranking_of(order, s0=0.5, s1=0.5))
        assert answer.lead is not None
        assert sentence_of(answer) == "They do so at night, mostly."  # of sentences that are as good, the first
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
        "span": [100, 132], "sentence": [100, 132], "date": None, "stated": False,
        "row": None, "limit": None, "link": "http://127.0.0.1:7860/#/article/a.md?at=114-119",
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

KINDS = pytest.mark.parametrize("kind", get_args(ModelKind))


def leads_with(kind: ModelKind, **evidence: float) -> Leads:
    """Leads with this evidence and else none, of a question that a reader has read or words alone decide."""
    model = lead_model(kind)
    return Leads(model, (), evidence={**dict.fromkeys(model.confidence, 0.0), "beside": 0.0, **evidence})


@st.composite
def evidence_of(draw: st.DrawFn, kind: ModelKind) -> dict[str, float]:
    return {name: draw(st.floats(-20, 20)) for name in sorted(lead_model(kind).confidence)}


@KINDS
@settings(deadline=None)
@given(data=st.data())
def test_confidence_is_a_probability(kind: ModelKind, data: st.DataObject) -> None:
    evidence = data.draw(evidence_of(kind))
    assert 0 <= confidence(leads_with(kind, **evidence)) <= 1


def test_by_words_in_several_languages_nothing_is_sure() -> None:
    assert 0.5 < confidence(leads_with("languages", strength=20.0, score=20.0)) < 0.85


@KINDS
@settings(deadline=None)
@given(data=st.data(), more=st.floats(0, 20))
def test_a_stronger_lead_never_lowers_confidence(kind: ModelKind, data: st.DataObject, more: float) -> None:
    evidence = data.draw(evidence_of(kind))
    stronger = {**evidence, "strength": evidence["strength"] + more}
    assert confidence(leads_with(kind, **stronger)) >= confidence(leads_with(kind, **evidence))


@KINDS
@pytest.mark.parametrize("features", [("score",), ("score", "top_cosine"), ("share",)], ids=" and ".join)
@settings(deadline=None)
@given(data=st.data(), more=st.floats(0, 1))
def test_a_nearer_passage_and_more_words_of_the_question_never_lower_confidence(
    kind: ModelKind, features: tuple[str, ...], data: st.DataObject, more: float
) -> None:
    model = lead_model(kind)
    weights = model.strength_alone or model.strength
    evidence = {**dict.fromkeys(features, 0.0), **data.draw(evidence_of(kind))}
    better = {**evidence, **{feature: evidence[feature] + more for feature in features}}
    better["strength"] += sum(more * weights.get(feature, 0.0) for feature in features)
    assert confidence(leads_with(kind, **better)) >= confidence(leads_with(kind, **evidence))


@KINDS
@pytest.mark.parametrize("lack", ["number_missing", "names_missing", "word_missing", "no_number", "kind_missing"])
def test_what_the_lead_lacks_never_raises_confidence(kind: ModelKind, lack: str) -> None:
    assert confidence(leads_with(kind, **{lack: 1.0})) <= confidence(leads_with(kind))


@KINDS
@settings(deadline=None)
@given(data=st.data())
def test_a_lead_that_answers_another_question_is_never_shown_by_default(kind: ModelKind, data: st.DataObject) -> None:
    evidence = data.draw(evidence_of(kind))
    usual, beside = (confidence(leads_with(kind, **{**evidence, "beside": beside})) for beside in (0.0, 1.0))
    assert beside == min(usual, MOST_BESIDE)
    assert beside < Config().least_confidence


@pytest.mark.parametrize(
    ("question", "text", "is_beside"),
    [
        ("When did bees sleep in 2019?", "Bees sleep in the hive, and in 2019 too, when bees sleep at night.", False),
        ("When did bees sleep in 2019?", "Bees sleep in the hive, and in 2020 too, when bees sleep at night.", True),
        ("Which bees sleep longest?", "The bees that sleep longest are those which sleep at night.", False),
        ("Which bees sleep longest?", "The bees that sleep are those which sleep at night.", True),
    ],
)
def test_a_lead_of_another_year_or_without_the_ranking_is_held_back(question: str, text: str, is_beside: bool) -> None:
    reader = TinyReader(night=15.0)
    ranking = read_by(reader, ranking_of([passage(text)], question))
    for leads in (leads_of(ranking, reader, 1.0, {}), leads_of(ranking_of([passage(text)], question), None, 1.0, {})):
        assert leads.evidence["beside"] == is_beside
        raw = confidence(replace(leads, evidence={**leads.evidence, "beside": 0.0}))
        assert judge(leads, 0.0).confidence == (min(raw, MOST_BESIDE) if is_beside else raw)
    assert confidence(leads_of(ranking, reader, 1.0, {})) > MOST_BESIDE or is_beside


def test_a_year_that_the_title_or_the_path_gives_is_the_one_asked_for() -> None:
    text = "Bees sleep in the hive, and not as in 2020, when bees sleep at night."
    ranking = ranking_of([passage(text)], "When did bees sleep in 2019?")
    assert leads_of(ranking, None, 1.0, {}).evidence["beside"] == 1
    assert leads_of(ranking, None, 1.0, {"a.md": "Bees\nbees 2019 md"}).evidence["beside"] == 0


def test_strong_evidence_is_believed_and_none_is_not() -> None:
    strong = Evidence(top_cosine=0.9, coverage=1.0, margin=0.5, peak=5.0, passages=1000)
    nothing = Evidence(top_cosine=0.05, coverage=0.0, margin=0.0, peak=2.0, passages=1000)
    near, far = "Bees sleep in the hive at night.", "Boats are heavy on the lake at night."
    for reader in (TinyReader(Bees=9.0, Boats=-9.0), None):
        sure = []
        for text, score, evidence in ((near, 1.0, strong), (far, 0.1, nothing)):
            ranking = replace(ranking_of([passage(text)], "Where do bees sleep?", s0=score), evidence=evidence)
            ranking = ranking if reader is None else read_by(reader, ranking)
            sure.append(judge(leads_of(ranking, reader, 1.0, {}), 0.5))
        assert sure[0].answerable and not sure[1].answerable
        assert sure[0].confidence > 0.5 > 0.1 > sure[1].confidence


@KINDS
def test_every_weight_is_of_a_feature(kind: ModelKind) -> None:
    model = lead_model(kind)
    reader = TinyReader(night=3.0)
    ranking = ranking_of([passage(TEXTS[1]), passage(TEXTS[0])])
    ranking = replace(ranking, evidence=replace(ranking.evidence, multilingual=kind == "languages"))
    if kind == "read":
        ranking = read_by(reader, ranking)
    leads = leads_of(ranking, reader, 1.0, {})
    assert leads.model is model and leads.best is not None
    assert set(model.confidence) <= set(leads.evidence)
    assert set(model.strength) <= set(leads.candidates[0].features)
    assert set(model.strength_alone) <= set(leads.best.features)
    assert bool(model.strength_alone) == (kind == "read")
    for weights in (model.strength, model.strength_alone, model.confidence):
        assert all(math.isfinite(weight) for weight in weights.values())
    assert model.strength and model.confidence and math.isfinite(model.intercept)


@KINDS
def test_less_risk_never_needs_less_confidence(kind: ModelKind) -> None:
    thresholds = [threshold_for(risk / 100, leads_with(kind)) for risk in range(1, 41)]
    assert thresholds == sorted(thresholds, reverse=True)
    assert 0 < threshold_for(0.2, leads_with(kind)) < 1


@KINDS
def test_between_two_risks_the_smaller_is_kept_and_none_is_kept_below_the_least(kind: ModelKind) -> None:
    leads = leads_with(kind)
    assert threshold_for(0.059, leads) == threshold_for(0.05, leads) >= threshold_for(0.06, leads)
    assert threshold_for(0.001, leads) == 1.0


@KINDS
def test_a_risk_replaces_the_threshold(kind: ModelKind) -> None:
    leads = leads_with(kind)
    assert judge(leads, 0.3).threshold == 0.3
    assert judge(leads, 0.3, risk=0.2).threshold == threshold_for(0.2, leads)
    assert not judge(leads, 0.0, risk=0.001).answerable


@KINDS
def test_whoever_asks_may_want_more_confidence_but_not_less(kind: ModelKind) -> None:
    leads = leads_with(kind)
    assert judge(leads, 0.3, wanted=0.9).threshold == 0.9
    assert judge(leads, 0.3, wanted=0.1).threshold == 0.3
    assert judge(leads, 0.3, 0.2, 1.0).threshold == 1.0


# --- which unit leads -------------------------------------------------------------------------------------------------


def test_the_strongest_units_are_read_again_alone() -> None:
    texts = [f"Bees sleep in hive {n}. Frost comes. Wax melts." for n in range(5)]
    reader = TinyReader(Bees=1.0, Frost=0.5, Wax=0.2)
    leads = leads_of(read_by(reader, ranking_of([passage(text) for text in texts])), reader, 0.25, {})
    assert len(leads.candidates) == 15
    assert [(count, seconds) for _, count, seconds in reader.asked] == [(5, 1.0), (READ_ALONE, 0.25)]
    assert leads.best is not None and "alone_margin" in leads.best.features
    assert leads.best.strength == weighed(leads.best.features, lead_model("read").strength_alone)


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
        "question", "query", "as_of", "scope", "carried", "corrected", "reason", "unmentioned", "unread", "searched",
        "answerable", "confidence", "answer", "others", "citations", "why", "generation", "timings_ms",
    ]  # fmt: skip
    assert data["question"] == "  as typed? "
    assert data["query"] == QUESTION
    assert data["answerable"] is True
    assert data["answer"] == {
        "text": TEXTS[1], "short": None, "citation": 1, "start": None, "end": None,
        "span": [100, 100 + len(TEXTS[1])], "sentence": [117, 149], "date": None, "stated": False,
        "row": None, "limit": None, "link": "http://127.0.0.1:7860/#/article/a.md?at=117-149",
    }  # fmt: skip
    assert data["others"] == []
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
            "columns": [],
            "page": 3,
            "url": "https://example.org",
            "link": f"http://127.0.0.1:7860/#/article/a.md?at=100-{100 + len(TEXTS[1])}&mark={start}-{start + 32}",
            "app": None,
            "csl": None,
            "author": None,
            "date": None,
            "start": 100,
            "end": 100 + len(TEXTS[1]),
            "text": TEXTS[1],
            "highlights": [[start, start + len("Bees sleep at night in the hive.")]],
            "changed": False,
            "recognised": None,
        }
    ]


# --- rows of tables ---------------------------------------------------------------------------------------------------

ROOMS = "Room | Price | Beds\nAttic | 45 € | 2\nTower | 95 € | 3"


def row_answer(query: str, text: str = ROOMS, section: tuple[str, ...] = ()) -> Answer:
    lines = [Span(100 + match.start(), 100 + match.end()) for match in re.finditer(r"[^\n]+", text)]
    rows = replace(passage(text, section=section), sentences=tuple(lines[not section :]))
    return answer_of(ranking_of([rows], query))


def test_a_quoted_row_has_its_header_and_the_spans_of_its_cells_in_json() -> None:
    answer = row_answer("price of the tower")
    row = answer.as_json()["answer"]["row"]
    assert lead_of(answer).text == "Tower | 95 € | 3"
    assert row["columns"] == ["Room", "Price", "Beds"]
    assert row["asked"] == 1
    assert [cell["text"] for cell in row["cells"]] == ["Tower", "95 €", "3"]
    for cell in row["cells"]:
        assert answer.citations[0].text[cell["start"] - 100 : cell["end"] - 100] == cell["text"]


def test_a_row_beyond_the_first_passage_of_its_table_has_the_header_too() -> None:
    answer = row_answer("price of the tower", ROOMS.split("\n", 1)[1], ("Rooms", "Room | Price | Beds"))
    data = answer.as_json()
    assert data["answer"]["row"]["columns"] == data["citations"][0]["columns"] == ["Room", "Price", "Beds"]
    text = as_text(answer)
    assert "Room   Price  Beds\n-----  -----  ----\nTower  95 €   3\n" in text
    assert "[1] Bees › Rooms\n" in text
    assert "    columns: Room | Price | Beds\n    | Attic | 45 € | 2\n" in text


def test_the_asked_cell_is_marked_for_a_terminal_and_no_cell_is_if_none_is_asked_for() -> None:
    assert "Tower  \x1b[1;4m95 €\x1b[22;24m   3\n" in as_text(row_answer("price of the tower"), styled=True)
    assert "\x1b" not in as_text(row_answer("what about the tower"), styled=True)


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
    question = "How do bees make wax in winter?"
    read = ranking_of([passage(f"{pointer} Wax comes from glands of the bees.")], question)
    reader = TinyReader(wax=1.0, Wax=1.0)
    assert sentence_of(answer_of(read_by(reader, read), reader=reader)) == "Wax comes from glands of the bees."
    words = ranking_of([passage(f"{pointer} In winter the bees make wax from honey.")], question)
    assert sentence_of(answer_of(words)) == "In winter the bees make wax from honey."
