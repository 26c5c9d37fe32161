"""Ranked hits → an Answer: the sentence that answers, its citations, and how sure we are that it is there.

It knows nothing about files, indexes or screens; what it needs of them is passed in.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files

from .types import SECTION_SEPARATOR, Answer, Citation, Evidence, Hit, Lead, Ranking, Span, Vectors

# How many of the best passages the lead sentence may come from.
LEAD_PASSAGES = 3
# Weights of a sentence's features, fitted on half the articles of SQuAD 1.1 dev and rounded (docs/decisions.md):
# cosine to the question, share of the question's terms, its passage's score, terms in the sentence before it.
_COSINE, _SHARE, _PASSAGE, _BEFORE = 1.0, 2.0, 2.0, 1.0

# Sentences whose cosine is computed, the best by the other features: embedding one takes milliseconds, and more than
# four change no figure (docs/decisions.md).
_EMBEDDED = 4

# A sentence that only says where to read on answers nothing, however many of the question's words it holds.
_POINTER = re.compile(
    r"(?:for (?:more|further|additional) (?:information|details|help)|see(?: also)?\b|to learn more)", re.I
)
_POINTER_COST = 2.0  # as much as all of the question's words are worth
# Numbers of passages between which the confidence model knows what size does.
FITTED_SIZES = (20, 2_000)

Embed = Callable[[Sequence[str]], Vectors]
Terms = Callable[[str, str], list[str]]  # of a text in a language


@dataclass(frozen=True, slots=True)
class Facts:
    """What an answer needs to know beside the hits: titles, links and changes by document."""

    generation: str
    titles: Mapping[str, str]
    urls: Mapping[str, str]
    changed: frozenset[str]


@dataclass(frozen=True, slots=True)
class ScoredSentence:
    """A sentence that may lead: `hit` is its passage's place among the hits, from 0."""

    hit: int
    span: Span
    text: str
    cosine: float
    score: float


def compose(
    question: str,
    ranking: Ranking,
    facts: Facts,
    embed: Embed,
    terms: Terms,
    threshold: float,
    timings_ms: Mapping[str, float],
) -> Answer:
    """The Answer to `question` from the hits for its query.

    Where confidence is below `threshold` there is no lead and the citations are only the nearest passages.
    """
    readings = ranking.parts or (ranking,)
    scored = [score_sentences(reading, embed, terms) for reading in readings]
    sentences = scored[0]  # of a question that is made of several, the first is answered
    best = max(sentences, key=lambda sentence: sentence.score, default=None)
    nearest = max((sentence.cosine for sentence in sentences), default=0.0)
    sure = confidence(readings[0].evidence, nearest) if ranking.hits else 0.0
    answerable = sure >= threshold and best is not None
    hits = list(ranking.hits)
    if answerable and best is not None:
        hits.insert(0, hits.pop(best.hit))  # the passage that holds the answer stands first
    marked = _highlights(ranking.hits, scored)
    citations = tuple(_citation(rank, hit, facts, marked.get(hit.id, ())) for rank, hit in enumerate(hits, start=1))
    return Answer(
        question=question,
        query=str(ranking.query),
        answerable=answerable,
        confidence=sure,
        lead=Lead(best.text, 1, best.span) if answerable and best is not None else None,
        citations=citations,
        generation=facts.generation,
        timings_ms=timings_ms,
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


def confidence(evidence: Evidence, sentence_cosine: float) -> float:
    """The probability that the articles hold the answer: a logistic model over the evidence.

    `sentence_cosine` is the best of the sentences that may lead. Coefficients and the figures of their fit are
    in confidence.json, written by benchmarks/fit_confidence.py.
    """
    intercept, weights = confidence_model()
    values = features(evidence, sentence_cosine)
    total = intercept + sum(weights[name] * value for name, value in values.items())
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


def features(evidence: Evidence, sentence_cosine: float) -> dict[str, float]:
    """The numbers that the confidence model weighs.

    The best of many passages is nearer than the best of few, so their number is one of them; the logarithm is
    held within the sizes that the model was fitted on.
    """
    fewest, most = FITTED_SIZES
    return {
        "top_cosine": evidence.top_cosine,
        "sentence_cosine": sentence_cosine,
        "coverage": evidence.coverage,
        "margin": evidence.margin,
        "peak": evidence.peak,
        "log_passages": math.log(min(max(evidence.passages, fewest), most)),
    }


@lru_cache(maxsize=1)
def confidence_model() -> tuple[float, dict[str, float]]:
    """Intercept and weights of the shipped model."""
    model = json.loads(files("qa").joinpath("confidence.json").read_text("utf-8"))
    return float(model["intercept"]), dict(model["weights"])


def score_sentences(ranking: Ranking, embed: Embed, terms: Terms) -> list[ScoredSentence]:
    """Every sentence of the first passages with its score as a lead (see the weights above).

    Only the best by words are embedded; the cosine of another counts as 0.
    """
    total = sum(term.weight for term in ranking.terms) or 1.0
    scored = []
    for number, span, text, before in _candidates(ranking.hits[:LEAD_PASSAGES]):
        language = ranking.hits[number].passage.language
        own, earlier = set(terms(text, language)), set(terms(before, language))
        share = sum(term.weight for term in ranking.terms if term.is_in(own))
        carried = sum(term.weight for term in ranking.terms if term.is_in(earlier) and not term.is_in(own))
        score = (
            _SHARE * share / total
            + _PASSAGE * ranking.hits[number].score
            + _BEFORE * carried / total
            - (_POINTER_COST if _POINTER.match(text) else 0.0)
        )
        scored.append(ScoredSentence(number, span, text, 0.0, score))
    best = sorted(range(len(scored)), key=lambda place: -scored[place].score)[:_EMBEDDED]
    cosines = embed([scored[place].text for place in best]) @ ranking.vector if best else ()
    for place, cosine in zip(best, map(float, cosines), strict=True):
        sentence = scored[place]
        scored[place] = replace(sentence, cosine=cosine, score=sentence.score + _COSINE * cosine)
    return scored


def _candidates(hits: Sequence[Hit]) -> Iterator[tuple[int, Span, str, str]]:
    """(hit number, span, text, what stands before it) of each sentence; a passage of code is one.

    Before the first sentence stands its heading: the answer to a question of a FAQ.
    """
    for number, hit in enumerate(hits):
        passage = hit.passage
        before = passage.section[-1] if passage.section else ""
        for span in passage.sentences or (passage.span,):
            text = passage.text[span.start - passage.span.start : span.end - passage.span.start]
            yield number, span, text, before
            before = text


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
