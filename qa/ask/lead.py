"""Ranked hits → their sentences as leads: which of them answers best, and the short answer in it.

It knows nothing about confidence, or about how an answer is shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..models.protocols import AnswerSpan, logistic
from ..text.document import Span
from .ranking import Ranking

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

Terms = Callable[[str, str], list[str]]  # of a text in a language


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
    found: AnswerSpan | None = None


@dataclass(frozen=True, slots=True)
class Sentences:
    """The sentences that may lead, as each of the questions that were asked has them: the first is answered.

    `best` is the one that leads where there is an answer, `short` what answers in it by itself; None where none does.
    """

    scored: tuple[tuple[ScoredSentence, ...], ...]
    best: ScoredSentence | None
    short: Span | None

    @property
    def share(self) -> float:
        """The largest share of the question's terms that one sentence holds."""
        return best_share(self.scored[0])


def sentences_of(ranking: Ranking, terms: Terms) -> Sentences:
    """The sentences of a ranking's first passages, with the one that answers best."""
    readings = ranking.readings
    scored = tuple(tuple(score_sentences(reading, terms)) for reading in readings)
    best = max(scored[0], key=lambda sentence: sentence.score, default=None)
    return Sentences(scored, best, None if best is None else short(readings[0], best))


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
                found = hit.judgement.answer_in(span)
                score += RELEVANCE * logistic(hit.judgement.relevance)
                score += MARGIN * logistic(found.margin) if found else 0.0
            scored.append(ScoredSentence(number, span, text, share, score, found))
            before = own
    return scored


def best_share(sentences: Sequence[ScoredSentence]) -> float:
    """The largest share of the question's terms that one sentence holds."""
    return max((sentence.share for sentence in sentences), default=0.0)


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
    return _SENTENCE.search(ranking.asked) is not None
