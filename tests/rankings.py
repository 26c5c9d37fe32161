"""Passages as a search would rank them, and what the stages after it make of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from qa.ask.answer import Answer
from qa.ask.compose import compose
from qa.ask.confidence import judge
from qa.ask.lead import Leads, leads_of
from qa.ask.ranking import Evidence, Hit, Ranking
from qa.ask.sources import Facts
from qa.ask.versions import with_versions
from qa.index.protocols import Query
from qa.models.protocols import Reader
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
QUESTION = "When do bees sleep?"


def passage(text: str, document: str = "a.md", start: int = 100, section: tuple[str, ...] = ()) -> Passage:
    sentences = tuple(Span(start + s.start, start + s.end) for s in sentence_spans(text))
    return Passage(document, 0, Span(start, start + len(text)), text, "Own title", section, 3, sentences)


def ranking_of(passages: Sequence[Passage], query: str = QUESTION, **scores: float) -> Ranking:
    """The passages in this order; `s0=.5` is the score of the first."""
    hits = tuple(
        Hit(id=10 + n, passage=p, score=scores.get(f"s{n}", 0.9 - n / 10), rank=n + 1, cosine=0.5, bm25=1.0)
        for n, p in enumerate(passages)
    )
    terms = tuple(QueryTerm(frozenset([term]), 1.0) for term in dict.fromkeys(analyze(query)))
    return Ranking(Query(query), hits, terms, STRONG)


def read_by(reader: Reader, ranking: Ranking) -> Ranking:
    """The ranking with the judgement of each passage."""
    judgements = reader.read(ranking.query.text, [hit.passage for hit in ranking.hits], 1.0)
    hits = zip(ranking.hits, judgements, strict=True)
    return replace(ranking, hits=tuple(replace(hit, judgement=judgement) for hit, judgement in hits))


def led(ranking: Ranking, facts: Facts = FACTS, reader: Reader | None = None) -> Leads:
    """The lead of a ranking, and what other articles say instead."""
    return with_versions(leads_of(ranking, reader, 1.0, facts.contexts), ranking, facts.contexts, facts.dates)


def answer_of(
    ranking: Ranking, threshold: float = 0.0, facts: Facts = FACTS, reader: Reader | None = None, top_k: int = 10
) -> Answer:
    ranking = replace(ranking, timings_ms={"encode": 1.234, "search": 0.5})
    leads = led(ranking, facts, reader)
    return compose("  as typed? ", ranking, leads, judge(leads, threshold), facts, top_k)
