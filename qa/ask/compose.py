"""Composes the Answer: the lead, its short answer, the citations and their highlights."""

from __future__ import annotations

from collections.abc import Sequence

from ..corpus.heads import author_of, written
from ..corpus.works import CSL, app_at
from ..text.dates import as_iso
from ..text.document import SECTION_SEPARATOR, Span
from ..text.recognised import recognised_share
from .answer import Answer, Citation, Lead, OtherValue
from .candidates import Candidate
from .confidence import Verdict
from .lead import Leads
from .ranking import Hit, Ranking
from .short_answer import row_of, short_answer
from .sources import Facts
from .versions import date_of

_CLOSE = 0.1  # in strength: within this, two sentences of a passage are both marked


def compose(question: str, ranking: Ranking, leads: Leads, verdict: Verdict, facts: Facts, top_k: int) -> Answer:
    """The Answer to `question` from the hits for its query, with at most `top_k` citations.

    If it cannot be answered, there is no lead, and the citations are the nearest passages.
    """
    hits, lead, best = list(ranking.hits), None, leads.best
    others: tuple[OtherValue, ...] = ()
    if verdict.answerable and best is not None:
        hits = _leading_first(ranking.hits, [each.unit.hit for each in (best, *leads.others)])
        date = as_iso(date_of(best.unit, facts.contexts, facts.dates)) if leads.others else ""
        unit = best.unit
        lead = Lead(
            unit.text, 1, unit.span, unit.sentence, short_answer(ranking, best), date, row=row_of(best, ranking)
        )
        others = _others(leads, hits[:top_k], ranking, facts)
    marked = _highlights(ranking.hits, leads)
    citations = tuple(_citation(rank, hit, facts, marked.get(hit.id, ())) for rank, hit in enumerate(hits[:top_k], 1))
    return Answer(
        question=question,
        query=str(ranking.query),
        answerable=lead is not None,
        confidence=verdict.confidence,
        lead=lead,
        citations=citations,
        generation=facts.generation,
        timings_ms=ranking.timings_ms,
        carried=ranking.carried,
        corrected=ranking.query.corrected,
        reason=_reason(ranking),
        unread=ranking.unread + leads.unread,
        others=others,
    )


def _leading_first(hits: Sequence[Hit], leading: Sequence[int]) -> list[Hit]:
    """The hits with those at some positions first: the passages that the answer quotes."""
    first = list(dict.fromkeys(leading))
    return [hits[number] for number in (*first, *(n for n in range(len(hits)) if n not in first))]


def _others(leads: Leads, cited: Sequence[Hit], ranking: Ranking, facts: Facts) -> tuple[OtherValue, ...]:
    """The other values whose passages are cited."""
    ranks = {hit.id: rank for rank, hit in enumerate(cited, 1)}
    made = []
    for each in leads.others:
        unit = each.unit
        if (rank := ranks.get(ranking.hits[unit.hit].id)) is not None:
            date = as_iso(date_of(unit, facts.contexts, facts.dates))
            made.append(OtherValue(unit.text, rank, unit.span, unit.sentence, date, row_of(each, ranking)))
    return tuple(made)


def _reason(ranking: Ranking) -> str:
    """Why nothing was found, if phrases, exclusions or files that are gone are the reason; otherwise empty."""
    if ranking.missing:
        return f"No passage contains {' or '.join(f'“{phrase}”' for phrase in ranking.missing)}."
    if not ranking.hits and ranking.gone:
        return "The articles with these words are gone from the folder: connect its disk, or rebuild the index."
    if not ranking.hits and (ranking.query.phrases or ranking.query.excluded):
        inside = " in the scope" if ranking.query.scope else ""
        return f"No passage{inside} contains all that you asked for and nothing that you excluded."
    return ""


def _highlights(hits: Sequence[Hit], leads: Leads) -> dict[int, tuple[Span, ...]]:
    """The best sentence of each passage, by passage id, and its second best if that is almost as good.

    In a passage that leads or gives another value, the sentence that is quoted is the best.
    """
    by_hit: dict[int, list[Candidate]] = {}
    for candidate in leads.candidates:
        by_hit.setdefault(candidate.unit.hit, []).append(candidate)
    quoted = {each.unit.hit: each.unit.sentence for each in (*leads.others, leads.best) if each is not None}
    marked = {}
    for number, candidates in by_hit.items():
        first, *others = sorted(candidates, key=lambda each: -each.strength)[:2]
        close = [other.unit.sentence for other in others if other.strength >= first.strength - _CLOSE]
        spans = {first.unit.sentence, *close}
        if quoted.get(number, first.unit.sentence) not in spans:
            spans = {quoted[number]}
        marked[hits[number].id] = tuple(sorted(spans, key=lambda span: span.start))
    return marked


def _citation(rank: int, hit: Hit, facts: Facts, highlights: tuple[Span, ...]) -> Citation:
    passage = hit.passage
    properties = facts.metadata.get(passage.document, {})
    return Citation(
        rank=rank,
        score=hit.score,
        document=passage.document,
        title=facts.titles.get(passage.document) or passage.title,
        section=SECTION_SEPARATOR.join(passage.section),
        page=passage.page,
        url=facts.urls.get(passage.document),
        span=passage.span,
        text=passage.text,
        highlights=highlights,
        changed=passage.document in facts.changed,
        incomplete=facts.incomplete.get(passage.document, ""),
        recognised=recognised_share(properties, passage.page),
        header=passage.header,
        author=author_of(properties),
        date=written(properties),
        app=app_at(facts.apps.get(passage.document, ""), passage.page),
        csl=properties.get(CSL, ""),
    )
