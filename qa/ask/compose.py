"""Hits, their sentences and how sure we are of an answer → the Answer, with its citations and what is marked in them.

It knows nothing about files, indexes or screens; what it needs of them is passed in.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..text.document import SECTION_SEPARATOR, Span
from .answer import Answer, Citation, Lead
from .confidence import Verdict
from .lead import LEAD_PASSAGES, ScoredSentence, Sentences
from .ranking import Hit, Ranking
from .sources import Facts


def compose(question: str, ranking: Ranking, sentences: Sentences, verdict: Verdict, facts: Facts) -> Answer:
    """The Answer to `question` from the hits for its query.

    Where it cannot be answered there is no lead, and the citations are only the nearest passages.
    """
    hits, lead, best = list(ranking.hits), None, sentences.best
    if verdict.answerable and best is not None:
        hits.insert(0, hits.pop(best.hit))  # the passage that holds the answer stands first
        lead = Lead(best.text, 1, best.span, sentences.short)
    marked = _highlights(ranking.hits, sentences.scored)
    citations = tuple(_citation(rank, hit, facts, marked.get(hit.id, ())) for rank, hit in enumerate(hits, start=1))
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
    )


def _reason(ranking: Ranking) -> str:
    """Why nothing was found, where what the question says of phrases is why."""
    if ranking.missing:
        return f"No passage holds {' or '.join(f'“{phrase}”' for phrase in ranking.missing)}."
    if not ranking.hits and (ranking.query.phrases or ranking.query.excluded):
        return "No passage holds all that the question wants and nothing that it leaves out."
    return ""


def _highlights(hits: Sequence[Hit], scored: Sequence[Sequence[ScoredSentence]]) -> dict[int, tuple[Span, ...]]:
    """The best sentence of each passage, by passage id, and its second best where that is almost as good.

    `scored` are its sentences as each of the questions asked has them; a passage is marked for the one it fits best.
    """
    marked: dict[int, tuple[Span, ...]] = {}
    for number, hit in enumerate(hits[:LEAD_PASSAGES]):
        each = (sorted((s for s in own if s.hit == number), key=lambda s: -s.score)[:2] for own in scored)
        best = max(each, key=lambda own: own[0].score)
        close = [s.span for s in best if s is best[0] or s.score >= 0.97 * best[0].score]
        marked[hit.id] = tuple(sorted(close, key=lambda span: span.start))
    return marked


def _citation(rank: int, hit: Hit, facts: Facts, highlights: tuple[Span, ...]) -> Citation:
    passage = hit.passage
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
    )
