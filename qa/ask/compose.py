"""Ranked hits → an Answer: the sentence that answers, its citations, and how sure we are that it is there.

It knows nothing about files, indexes or screens; what it needs of them is passed in.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from ..models.protocols import Found, logistic
from ..text.document import SECTION_SEPARATOR, Span
from ..text.query_term import QueryTerm
from .answer import Answer, Citation, Lead
from .ranking import Evidence, Hit, Ranking

# How many of the best passages the lead sentence may come from.
LEAD_PASSAGES = 3
# Weights of a sentence's features, fitted on half the articles of SQuAD 1.1 dev and rounded (docs/decisions.md):
# share of the question's terms, its passage's score, share of them only in the sentence before it.
SHARE, PASSAGE, BEFORE = 2.0, 2.0, 1.0
# Beside them, where a reader read the passage: how likely the sentence holds an answer, and the passage (its logits as
# probabilities); of 500 questions of six articles that the reader was not trained on, .3 to 2 each are alike.
MARGIN, RELEVANCE = 0.5, 1.0

# A sentence that only says where to read on answers nothing, however many of the question's words it holds.
_POINTER = re.compile(
    r"(?:for (?:more|further|additional) (?:information|details|help)|to learn more"
    r"|for [^,;:.]{1,120}, (?:please )?(?:see|refer to|visit|read)\b|(?:please )?(?:see|refer to)\b)",
    re.I,
)
_POINTER_COST = 2.0  # as much as all of the question's words are worth
# A part of where a link leads to is no answer.
_ADDRESS = re.compile(r"\]\([^()\s]*\)|\bhttps?://\S+")
# How much likelier than none an answer must be to be shown by itself, as a difference of logits.
SURE_MARGIN = 1.0
# English questions that want a sentence or a list: for a reason or a way, "yes" or "no", several things, a description.
_SENTENCE = re.compile(
    r"^\W*(?:(?:and|but|so|or|then|also)\W+)?(?:"
    r"(?:is|are|am|was|were|do|does|did|has|have|had|can|could|will|would|shall|should|may|might|must)(?:n['’]t)?\s"
    r"|(?:describe|explain|compare|summari[sz]e|discuss|list|tell)\b|name\s(?!an?\b|one\b)"
    r"|how(?:\s+(?:come|so|about)\b|(?!\s+(?:many|much|long|old|far|often|tall|big|large|small|high|low|deep|wide|fast"
    r"|quickly|heavy|hot|cold|late|early|soon|few|strong|thick|expensive|likely|frequently)\b)))"
    r"|\bwhy\b|\bfor what (?:reason|purpose)"
    r"|\b(?:what|which)\s+(?:are|were)\b"
    r"|\b(?:what|which)\s+(?:(?:two|three|four|five|six|several|kinds|types|sorts)\b"
    r"|(?:[\w'’-]+\s+){0,2}?[\w'’-]+(?<![su'’i])s\s+(?:are|were|do|did|have|can|could|will|would|should|must)\b)",
    re.I,
)
# Numbers of passages between which the confidence model knows what size does.
FITTED_SIZES = (20, 2_000)

_WORD = re.compile(r"\w+")

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
    """A sentence that may lead: `hit` is its passage's place among the hits, from 0.

    `share` is that of the question's terms, by weight, that it holds; `found` its likeliest answer, if it was read.
    """

    hit: int
    span: Span
    text: str
    share: float
    score: float
    found: Found | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that must hold for there to be an answer, as a logistic model over some of the evidence's features."""

    intercept: float
    weights: Mapping[str, float]

    def probability(self, values: Mapping[str, float]) -> float:
        """How likely it holds, by the features' values."""
        return logistic(self.intercept + sum(weight * values[name] for name, weight in self.weights.items()))


@dataclass(frozen=True, slots=True)
class ConfidenceModel:
    """Conditions that must all hold; `thresholds` are risks with the confidence from which on each is kept."""

    conditions: tuple[Condition, ...]
    thresholds: tuple[tuple[float, float], ...]


def compose(
    question: str,
    ranking: Ranking,
    facts: Facts,
    terms: Terms,
    threshold: float,
    timings_ms: Mapping[str, float],
) -> Answer:
    """The Answer to `question` from the hits for its query.

    Where confidence is below `threshold` there is no lead and the citations are only the nearest passages.
    """
    readings = ranking.readings
    scored = [score_sentences(reading, terms) for reading in readings]
    sentences = scored[0]  # of a question that is made of several, the first is answered
    best = max(sentences, key=lambda sentence: sentence.score, default=None)
    sure = confidence(readings[0].evidence, best_share(sentences)) if ranking.hits else 0.0
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
        lead=Lead(best.text, 1, best.span, short(readings[0], best)) if answerable and best is not None else None,
        citations=citations,
        generation=facts.generation,
        timings_ms=timings_ms,
        carried=ranking.carried,
        corrected=ranking.query.corrected,
        reason=_reason(ranking),
    )


def short(ranking: Ranking, lead: ScoredSentence) -> Span | None:
    """The answer itself, where the reader is sure of it and the question wants no more than that."""
    found = lead.found
    if found is None or found.margin < SURE_MARGIN or not len(found.span) or wants_a_sentence(ranking):
        return None
    start = found.span.start - lead.span.start
    in_address = any(address.start() < start < address.end() for address in _ADDRESS.finditer(lead.text))
    return None if in_address else found.span


def wants_a_sentence(ranking: Ranking) -> bool:
    """Whether the question wants more than a few words: a reason, a way, "yes" or "no", several things."""
    return _SENTENCE.search(_asked(ranking)) is not None


def names(ranking: Ranking) -> list[QueryTerm]:
    """The words of a question that are names: those written with a capital, but its first, where most words are not."""
    asked = _WORD.findall(_asked(ranking))
    proper = {word for word in asked[1:] if word[0].isupper() and len(word) > 1}
    if 2 * len(proper) > len(asked):
        return []
    proper |= {word for word in _WORD.findall(" ".join(ranking.carried)) if word[0].isupper()}
    return [term for term in ranking.terms if term.word in proper and not term.says_little]


def _asked(ranking: Ranking) -> str:
    """The question without what is carried."""
    return ranking.query.text.removeprefix(" ".join(ranking.carried)).lstrip()


def _reason(ranking: Ranking) -> str:
    """Why nothing was found, where what the question says of phrases is why."""
    if ranking.missing:
        return f"No passage holds {' or '.join(f'“{phrase}”' for phrase in ranking.missing)}."
    if not ranking.hits and (ranking.query.phrases or ranking.query.excluded):
        return "No passage holds all that the question wants and nothing that it leaves out."
    return ""


def best_share(sentences: Sequence[ScoredSentence]) -> float:
    """The largest share of the question's terms that one sentence holds."""
    return max((sentence.share for sentence in sentences), default=0.0)


def confidence(evidence: Evidence, sentence_share: float) -> float:
    """The probability that the articles hold the answer: the product of the conditions' probabilities.

    `sentence_share` is the best of the sentences that may lead. Coefficients and the figures of their fit are
    in confidence.json, written by benchmarks/fit_confidence.py: of one model by words alone, with one condition, and
    of one with a reader, with two: so that a question that is surely on the topic is as sure as the reader is.
    """
    values = features(evidence, sentence_share)
    return math.prod(condition.probability(values) for condition in _model(evidence).conditions)


def threshold_for(risk: float, evidence: Evidence) -> float:
    """The confidence from which on at most a share `risk` of the answered questions is not answered by the articles.

    It was read off questions that the model was not fitted on, of a mixture that docs/quality.md names, for hundredths
    of risk; between two of them the smaller holds. 1 where none keeps it.
    """
    kept = [threshold for least, threshold in _model(evidence).thresholds if least <= risk]
    return min(kept, default=1.0)


def features(evidence: Evidence, sentence_share: float) -> dict[str, float]:
    """The numbers that the confidence model weighs.

    The best of many passages is nearer than the best of few, so their number is one of them; the logarithm is
    held within the sizes that the model was fitted on. What a reader says is one of them where it was asked.
    """
    fewest, most = FITTED_SIZES
    return {
        "top_cosine": evidence.top_cosine,
        "sentence_share": sentence_share,
        "coverage": evidence.coverage,
        "margin": evidence.margin,
        "peak": evidence.peak,
        "log_passages": math.log(min(max(evidence.passages, fewest), most)),
        **({} if evidence.relevance is None else {"relevance": evidence.relevance}),
    }


def _model(evidence: Evidence) -> ConfidenceModel:
    return confidence_model("words" if evidence.relevance is None else "reader")


@lru_cache(maxsize=2)
def confidence_model(name: str) -> ConfidenceModel:
    """A shipped model: "words", or "reader" where one was asked."""
    model = json.loads(files("qa.ask").joinpath("confidence.json").read_text("utf-8"))[name]
    thresholds = tuple((float(risk), float(threshold)) for risk, threshold in model["thresholds"])
    conditions = (Condition(float(each["intercept"]), dict(each["weights"])) for each in model["conditions"])
    return ConfidenceModel(tuple(conditions), thresholds)


def score_sentences(ranking: Ranking, terms: Terms) -> list[ScoredSentence]:
    """Every sentence of the first passages with its score as a lead (see the weights above)."""
    total = sum(term.weight for term in ranking.terms) or 1.0
    scored: list[ScoredSentence] = []
    for number, hit in enumerate(ranking.hits[:LEAD_PASSAGES]):
        passage = hit.passage
        # Before the first sentence stands its heading: the answer to a question of a FAQ.
        before = set(terms(passage.section[-1] if passage.section else "", passage.language))
        for span in passage.sentences or (passage.span,):  # a passage of code is one
            text = passage.text[span.start - passage.span.start : span.end - passage.span.start]
            own = set(terms(text, passage.language))
            share = sum(term.weight for term in ranking.terms if term.is_in(own)) / total
            carried = sum(term.weight for term in ranking.terms if term.is_in(before) and not term.is_in(own)) / total
            pointer = _POINTER_COST if _POINTER.match(text) else 0.0
            score = SHARE * share + PASSAGE * hit.score + BEFORE * carried - pointer
            found = None
            if hit.judgement is not None:
                found = hit.judgement.of(span)
                score += RELEVANCE * logistic(hit.judgement.relevance)
                score += MARGIN * logistic(found.margin) if found else 0.0
            scored.append(ScoredSentence(number, span, text, share, score, found))
            before = own
    return scored


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
