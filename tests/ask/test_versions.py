"""What other articles say of the same thing with another value is said too, and the newest of all leads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest
from conftest import TinyEncoder, TinyReader
from corpora import write
from rankings import FACTS, answer_of, led, passage, ranking_of, read_by

from qa.ask.answer import Answer, Lead, OtherValue
from qa.ask.lead import Leads, evidence_for
from qa.ask.ranking import Ranking
from qa.ask.sources import Facts
from qa.ask.versions import MOST, date_of
from qa.ask.words import as_text
from qa.build import build
from qa.config import Config
from qa.engine import Engine
from qa.index.protocols import Query
from qa.text.dates import as_iso

QUESTION = "How long does a refund take?"
REFUND = "A refund takes {} days."


def ranked(texts: Mapping[str, str], question: str = QUESTION, section: tuple[str, ...] = ()) -> Ranking:
    """A ranking of passages by document, the best first."""
    return ranking_of([passage(text, document, section=section) for document, text in texts.items()], question)


def facts(contexts: Mapping[str, str]) -> Facts:
    return replace(FACTS, contexts=contexts)


def says(leads: Leads) -> list[str]:
    """The lead's sentence, and those of the others."""
    assert leads.best is not None
    return [each.unit.sentence_text for each in (leads.best, *leads.others)]


def days(*numbers: int) -> list[str]:
    return [REFUND.format(number) for number in numbers]


# --- what is another value --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A refund takes 14 days.", "A refund takes 30 days."),
        ("A refund takes at most 14 days.", "a refund takes at most 2 Days."),
        ("A refund takes 14 days, or so.", "A refund takes 30 days or so"),
        ("The refund of $14.50 is paid by Ada.", "The refund of $15 is paid by Ada."),
        ("The refund is paid by Ada.", "The refund is paid by Ben."),  # values are names too
        ("A refund takes 14 days now.", "A refund takes 30 days."),  # nearly all words are the same
    ],
)
@pytest.mark.parametrize("read", [True, False])
def test_the_same_sentence_with_another_value_in_another_article_is_another_value(
    one: str, other: str, read: bool
) -> None:
    reader = TinyReader(refund=3.0) if read else None
    ranking = ranked({"a.md": one, "b.md": other})
    leads = led(ranking if reader is None else read_by(reader, ranking), facts({}), reader)
    assert says(leads) == [one, other]
    assert led(ranked({"b.md": other, "a.md": one}), facts({})).others  # either way


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A refund takes 14 days.", "A refund takes 14 days."),  # it says the same
        ("A refund takes 14 days.", "A refund takes 14 DAYS."),
        ("A refund takes 14 days.", "A refund takes days."),  # without a value of its own
        ("A refund takes days.", "A refund takes 30 days."),
        ("A refund takes 14 days, of 30.", "A refund takes 14 days."),
        ("A refund takes 14 days.", "A refund at the desk of the shop takes 30 minutes."),  # of something else
        ("A refund takes 14 days.", "Nobody knows how long bees sleep, or 30."),
        ("Refund: 14 days.", "Refund: 30 days."),  # too short to be sure
    ],
)
def test_what_says_the_same_or_something_else_is_no_other_value(one: str, other: str) -> None:
    leads = led(ranked({"a.md": one, "b.md": other}))
    assert leads.others == ()
    assert led(ranked({"b.md": other, "a.md": one})).others == ()


def test_an_article_does_not_contradict_itself() -> None:
    one, other = (passage(text, "a.md", start) for text, start in zip(days(14, 30), (100, 200), strict=True))
    assert led(ranking_of([one, other], QUESTION)).others == ()
    within = " ".join(days(14, 30))
    assert led(ranked({"a.md": within})).others == ()


OFFICES = {"a.md": "The office in Berlin opens at 9.", "b.md": "The office in Paris opens at 10."}


def test_what_the_question_names_must_be_near_both() -> None:
    assert led(ranked(OFFICES, "When does the office in Berlin open?")).others == ()
    assert len(led(ranked(OFFICES, "When does the office open?")).others) == 1
    near = {"a.md": "Offices of Europe\na md", "b.md": "Offices of Europe\nb md"}
    assert len(led(ranked(OFFICES, "When does the office of Europe open?"), facts(near)).others) == 1
    assert len(led(ranked(OFFICES, "When does the office of Asia open?"), facts(near)).others) == 1
    only = {**near, "b.md": "Offices of France\nb md"}
    assert led(ranked(OFFICES, "When does the office of Europe open?"), facts(only)).others == ()


def test_a_number_of_the_question_must_be_near_both() -> None:
    texts = {"a.md": "A fee of 2019 is 40 euros.", "b.md": "A fee of 2020 is 50 euros."}
    assert led(ranked(texts, "What was the fee in 2019?")).others == ()
    assert says(led(ranked(texts, "What is the fee?"))) == [texts["b.md"], texts["a.md"]]


@pytest.mark.parametrize(
    ("question", "texts", "title"),
    [
        (
            "How long does a refund for a car take?",
            ("A refund for a car takes 14 days.", "A refund for a boat takes 30 days."),
            ("Refunds", "Refunds"),
        ),
        (
            "At what temperature is the cake baked?",
            ("Bake it at 180 degrees for 40 minutes.", "Bake it at 200 degrees for 25 minutes."),
            ("Apple cake", "Bread"),
        ),
    ],
)
def test_what_is_said_of_something_else_than_the_question_is_about_is_no_other_value(
    question: str, texts: tuple[str, str], title: tuple[str, str]
) -> None:
    contexts = {"a.md": f"{title[0]} of 2021\na md", "b.md": f"{title[1]} of 2024\nb md"}
    leads = led(ranked(dict(zip(("a.md", "b.md"), texts, strict=True)), question), facts(contexts))
    assert says(leads) == [texts[0]]  # and the newer one does not lead
    same = {**contexts, "b.md": f"{title[0]} of 2024\nb md"}
    of_both = texts[0].replace("14", "30").replace("180", "200")
    assert says(led(ranked({"a.md": texts[0], "b.md": of_both}, question), facts(same))) == [of_both, texts[0]]


def test_what_a_follow_up_carries_must_be_near_both() -> None:
    texts = {"a.md": "Ada was born in the town of Lund.", "b.md": "Ben was born in the town of Hof."}
    ranking = ranked(texts, "Where was she born?")
    assert len(led(ranking).others) == 1
    carried = replace(ranking, query=Query("Ada Where was she born?"), carried=("Ada",))
    assert led(carried).others == ()


# --- which leads ------------------------------------------------------------------------------------------------------


def test_without_dates_the_lead_stays_whichever_it_is() -> None:
    for first, second in ((14, 30), (30, 14)):
        ranking = ranked(dict(zip(("a.md", "b.md"), days(first, second), strict=True)))
        assert says(led(ranking)) == days(first, second)


def test_without_other_values_the_leads_are_as_they_were() -> None:
    ranking = ranked({"a.md": "A refund takes 14 days.", "2031.md": "Bees sleep at night since 2031."})
    leads = led(ranking)
    assert leads.best is leads.finalists[0] and leads.others == ()
    assert led(ranking_of([], QUESTION)).best is None


@pytest.mark.parametrize("older_first", [True, False])
@pytest.mark.parametrize("place", ["text", "heading", "title", "path", "sentence"])
@pytest.mark.parametrize("read", [True, False])
def test_the_newest_leads_and_the_others_follow(place: str, older_first: bool, read: bool) -> None:
    years = {"old": (14, 2021), "new": (30, 2024), "middle": (20, 2023)}
    passages, contexts, sentences = [], {}, {}
    for name in ("old", "middle", "new") if older_first else ("new", "middle", "old"):
        number, year = years[name]
        document = f"fees/{year}-05.md" if place == "path" else f"{name}.md"
        stem = f"Since May {year}, a refund takes {{}} days." if place == "sentence" else REFUND
        sentences[name] = stem.format(number)
        text = f"{sentences[name]} This holds from 3 May {year}." if place == "text" else sentences[name]
        section = (f"Fees of {year}",) if place == "heading" else ()
        contexts[document] = f"Fees of {year}\nfees md" if place == "title" else "Fees\nfees md"
        passages.append(passage(text, document, section=section))
    ranking = ranking_of(passages, QUESTION)
    reader = TinyReader(refund=3.0) if read else None
    leads = led(ranking if reader is None else read_by(reader, ranking), facts(contexts), reader)
    assert says(leads) == [sentences[name] for name in ("new", "middle", "old")]


def test_days_of_one_year_are_told_apart_in_paths_too() -> None:
    texts = dict(zip(("minutes/2024-03-02.md", "minutes/2024-05-17.md"), days(14, 30), strict=True))
    assert says(led(ranked(texts))) == days(30, 14)


def test_a_date_beside_the_sentence_counts_more_than_those_of_its_headings() -> None:
    old, new = (f"A refund takes {n} days. So it was decided in {year}." for n, year in ((14, 2021), (30, 2024)))
    contexts = {"old.md": "Fees of 2031\nold md", "new.md": "Fees of 1999\nnew md"}
    leads = led(ranked({"old.md": old, "new.md": new}), facts(contexts))
    assert says(leads) == days(30, 14)
    assert leads.best is not None
    assert as_iso(date_of(leads.best.unit, contexts)) == "2024"


def test_the_date_among_the_properties_counts_where_none_is_beside_the_sentence() -> None:
    ranking = ranked({"a.md": "A refund takes 14 days.", "b.md": "A refund takes 30 days."})
    known = replace(FACTS, contexts={}, dates={"a.md": "2023-01-15", "b.md": "2024-06-02"})
    assert says(led(ranking, known)) == days(30, 14)
    answer = answer_of(ranking, facts=known)
    assert answer.lead is not None
    assert (answer.lead.date, [other.date for other in answer.others]) == ("2024-06-02", ["2023-01-15"])
    headed = replace(known, contexts={"a.md": "Fees of 1 May 2025\na md"}, dates={"b.md": "2024-06-02"})
    assert says(led(ranking, headed)) == days(14, 30)


@pytest.mark.parametrize(
    ("document", "text", "section", "title", "own", "date"),
    [
        ("fees-2021.md", REFUND, (), "Fees of 2021", "2024-05-17", "2024-05-17"),  # of which year, and when written
        ("2021-03-02.md", REFUND, (), "", "2024-05-17", "2024-05-17"),
        ("2021-03-02.md", REFUND, (), "", "2024", "2024"),
        ("2024-03-02.md", REFUND, (), "", "2024", "2024-03-02"),
        ("20210302-minutes.md", f"{REFUND} So it was in 2019.", (), "", "", "2021-03-02"),
        ("fees-2021.md", f"{REFUND} So it was in 2019.", (), "", "", "2019"),
        ("fees.md", f"{REFUND} So it was in 2019.", (), "", "2024-05-17", "2024-05-17"),
        ("diary.md", REFUND, ("12 June 2023",), "", "2024-05-17", "2023-06-12"),
        ("fees.md", REFUND, ("Fees of 2023",), "", "2024-05", "2024-05"),
        ("fees.md", REFUND, (), "Minutes of 3 May 2022", "", "2022-05-03"),
        ("fees-2021.md", REFUND, (), "", "", "2021"),
        ("fees.md", "Since May 2020, a refund takes {} days.", (), "", "", "2020-05"),
    ],
)
def test_a_day_says_when_before_a_year_does(
    document: str, text: str, section: tuple[str, ...], title: str, own: str, date: str
) -> None:
    leads = led(ranking_of([passage(text.format(14), document, section=section)], QUESTION))
    assert leads.best is not None
    unit = next(each.unit for each in leads.finalists if "14 days" in each.unit.sentence_text)
    assert as_iso(date_of(unit, {document: title}, {document: own})) == date


def test_the_evidence_is_that_of_the_unit_that_leads() -> None:
    texts = {"old.md": "A refund takes 14 days. Since 2021.", "new.md": "A refund takes 30 days. Since 2024."}
    ranking = ranked(texts, "Does a refund take 14 days?")
    leads = led(ranking)  # the number that is asked for is near the older one only
    assert leads.others == () and leads.evidence["number_missing"] == 0
    ranking = ranked(texts, QUESTION)
    leads = led(ranking)
    assert leads.best is not None
    assert says(leads) == days(30, 14)
    assert leads.evidence == evidence_for(leads.best, leads.finalists, ranking, "")
    assert leads.evidence["score"] == ranking.hits[1].score


def test_no_other_says_what_the_lead_does() -> None:
    texts = {
        "a.md": f"{REFUND.format(14)} Since 2021.",
        "b.md": f"{REFUND.format(30)} Since 2023.",
        "c.md": f"{REFUND.format(30)} Since 2024.",
    }
    assert says(led(ranked(texts))) == days(30, 14)


def test_the_newest_leads_however_many_there_are_and_only_the_newest_others_are_said() -> None:
    numbers = range(10, 15)
    texts = {f"{n}.md": f"{REFUND.format(n)} Since {2000 + n}." for n in numbers}
    assert says(led(ranked(texts))) == days(*sorted(numbers, reverse=True)[: 1 + MOST])


# --- how it is said ---------------------------------------------------------------------------------------------------

THREE = {
    "2021.md": f"Ada paid it. {REFUND.format(14)} Since 3 May 2021.",
    "bees.md": "Bees sleep at night.",
    "2024.md": f"{REFUND.format(30)} Since June 2024.",
    "2023.md": f"{REFUND.format(20)} Since 2023. It rains.",
}


def answered(top_k: int = 10, threshold: float = 0.0, texts: Mapping[str, str] = THREE) -> Answer:
    return answer_of(ranked(texts), threshold=threshold, facts=facts({}), top_k=top_k)


def test_what_others_say_is_cited_right_after_the_lead() -> None:
    answer = answered()
    assert answer.lead is not None
    assert [citation.document for citation in answer.citations] == ["2024.md", "2023.md", "2021.md", "bees.md"]
    assert [citation.rank for citation in answer.citations] == [1, 2, 3, 4]
    assert (answer.lead.citation, [other.citation for other in answer.others]) == (1, [2, 3])
    assert (answer.lead.date, [other.date for other in answer.others]) == ("2024-06", ["2023", "2021-05-03"])
    quoted: list[Lead | OtherValue] = [answer.lead, *answer.others]
    for each, sentence in zip(quoted, days(30, 20, 14), strict=True):
        cited = answer.citations[each.citation - 1]
        start = each.span.start - cited.span.start
        assert each.text == cited.text[start : start + len(each.span)]
        assert each.sentence.start - cited.span.start == cited.text.index(sentence)
        assert len(each.sentence) == len(sentence)
        assert each.sentence in cited.highlights


def test_the_sentence_that_is_quoted_is_marked_though_another_of_its_passage_has_more_of_the_questions_words() -> None:
    about = "It is known how long a refund does take."
    texts = {"a.md": REFUND.format(14), "b.md": f"{about} {REFUND.format(30)}"}
    passages = [passage(text, document) for document, text in texts.items()]
    answer = answer_of(ranking_of(passages, QUESTION, s0=1.0, s1=0.0), facts=facts({}))
    (other,) = answer.others
    assert answer.citations[other.citation - 1].highlights == (other.sentence,)
    alone = answer_of(ranking_of(passages[1:], QUESTION), facts=facts({}))
    assert alone.lead is not None and alone.lead.sentence != other.sentence  # the other sentence would lead


@pytest.mark.parametrize(("top_k", "others"), [(1, 0), (2, 1), (3, 2), (10, 2)])
def test_only_what_is_cited_is_said_and_the_lead_stays_the_same(top_k: int, others: int) -> None:
    answer, whole = answered(top_k), answered()
    assert len(answer.others) == others and answer.others == whole.others[:others]
    assert answer.lead == whole.lead and answer.confidence == whole.confidence
    assert answer.citations == whole.citations[:top_k]


def test_a_refusal_says_nothing_of_other_values_and_keeps_the_ranking() -> None:
    answer = answered(threshold=1.0)
    assert (answer.lead, answer.others) == (None, ())
    assert [citation.document for citation in answer.citations] == list(THREE)


def test_two_values_of_one_passage_are_one_citation() -> None:
    texts = {"a.md": REFUND.format(14), "b.md": " ".join(days(20, 30))}
    answer = answered(texts=texts)
    assert [(other.text, other.citation) for other in answer.others] == [(texts["b.md"], 2)] * 2
    assert len({other.sentence for other in answer.others}) == 2


def test_json_says_what_others_say() -> None:
    data = json.loads(json.dumps(answered().as_json()))
    assert data["answer"]["date"] == "2024-06"
    first, second = data["others"]
    start = 100 + len("Ada paid it. ")
    assert second == {
        "text": THREE["2021.md"],
        "citation": 3,
        "span": [100, 100 + len(THREE["2021.md"])],
        "sentence": [start, start + len(REFUND.format(14))],
        "date": "2021-05-03",
        "row": None,
    }
    assert (first["citation"], first["date"]) == (2, "2023")
    link = "http://127.0.0.1:7860/#/article/{}?at=100-".format
    assert [citation["link"].startswith(link(citation["document"])) for citation in data["citations"]] == [True] * len(
        data["citations"]
    )
    undated = answered(texts=dict(zip("ab", days(14, 30), strict=True))).as_json()
    assert undated["answer"]["date"] is None and undated["others"][0]["date"] is None


def test_a_date_is_given_only_beside_others() -> None:
    alone = answered(texts={"2024.md": THREE["2024.md"]})
    assert alone.lead is not None and alone.lead.date == "" and alone.others == ()
    assert alone.as_json()["answer"]["date"] is None and alone.as_json()["others"] == []


def test_a_terminal_says_it_below_the_confidence_and_above_the_citations() -> None:
    text = as_text(answered())
    said = (
        "Dated 2024-06. Older articles give another value:\n"
        f"  “{REFUND.format(30)}” (2024-06) [1] 2024.md\n"
        f"  “{REFUND.format(20)}” (2023) [2] 2023.md\n"
        f"  “{REFUND.format(14)}” (2021-05-03) [3] 2021.md\n"
    )
    assert said in text
    assert text.index(" %) [1]") < text.index(said) < text.index("\n[1] ")
    undated = as_text(answered(texts=dict(zip("ab", days(14, 30), strict=True))))
    both = "".join(f"  “{REFUND.format(days)}” [{rank}] {name}\n" for days, rank, name in ((14, 1, "a"), (30, 2, "b")))
    assert f"Other articles give another value:\n{both}" in undated
    assert "another value" not in as_text(answered(threshold=1.0)) + as_text(answered(top_k=1))


# --- from files -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reader", ["off", "on"])
def test_the_newest_of_two_files_leads_and_the_older_one_is_cited(
    config: Config, tiny: TinyEncoder, reader: str
) -> None:
    files = {
        "fees/2021-05-03.md": f"# Refunds\n\n{REFUND.format(14)} Ask at the desk.\n",
        "fees/2024-06-01.md": f"# Refunds\n\n{REFUND.format(30)} Ask at the desk.\n",
        "bees.md": "# Bees\n\nBees sleep at night in the hive.\n",
    }
    write(config.corpus, files)
    build(config, tiny)
    settings = replace(config, threshold=0.0, reader="off" if reader == "off" else "")
    with Engine.open(settings, tiny, reader=None if reader == "off" else TinyReader(refund=3.0, Bees=-3.0)) as engine:
        answer = engine.ask(QUESTION)
    assert answer.lead is not None and answer.why is not None
    assert answer.citations[answer.lead.citation - 1].document == answer.why.document == "fees/2024-06-01.md"
    assert answer.lead.text.startswith(REFUND.format(30)) and answer.lead.date == "2024-06-01"
    (other,) = answer.others
    assert other.text.startswith(REFUND.format(14)) and (other.date, other.citation) == ("2021-05-03", 2)
    assert answer.citations[1].document == "fees/2021-05-03.md"
    assert other.span.of((config.corpus / "fees/2021-05-03.md").read_text()) == other.text


def test_the_newest_by_the_dates_in_front_matter_leads(config: Config, tiny: TinyEncoder) -> None:
    head = "---\ndate: {}\n---\n\n# Refunds\n\n"
    files = {
        "a.md": head.format("2021-05-03") + REFUND.format(14),
        "b.md": head.format("2024-06-01") + REFUND.format(30),
        "bees.md": "# Bees\n\nBees sleep at night in the hive.\n",
    }
    write(config.corpus, files)
    build(config, tiny)
    answer = Engine.open(replace(config, threshold=0.0, reader="off"), tiny).ask(QUESTION)
    assert answer.lead is not None
    assert (answer.lead.text, answer.lead.date) == (REFUND.format(30), "2024-06-01")
    assert [(other.text, other.date) for other in answer.others] == [(REFUND.format(14), "2021-05-03")]
