"""Explains an answer from the values that chose it, without a search or a model of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace

from ..models.protocols import logistic
from ..text.acronyms import spelled_out
from ..text.kin import contained_with_kin, with_kin
from ..text.mentions import names_of, numbers_of
from ..text.query_term import QueryTerm
from ..text.terms import inverse_frequency
from .candidates import Candidate
from .confidence import Verdict
from .lead import Leads
from .ranking import Hit, Ranking
from .why import ReaderScores, Why
from .words import lacks_words

_ENDING = re.compile(r"(?<=\w)['’](s|d|m|t|ll|re|ve)\b", re.IGNORECASE)  # no word by itself: Ada’s, isn’t
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class _Mentions:
    """What a question mentions, by where it is found; `unknown` is in no passage at all."""

    matched: tuple[str, ...]
    nearby: tuple[str, ...]
    missing: tuple[str, ...]
    unknown: tuple[str, ...]


def explain(ranking: Ranking, leads: Leads, verdict: Verdict, contexts: Mapping[str, str], top_k: int) -> Why | None:
    """Why the lead was chosen, or what came closest and was refused; None if nothing was found or read.

    `contexts` gives title and path by document; `top_k` is how many citations the answer has at most.
    """
    best = leads.best
    if best is None:
        return None
    unit, hit = best.unit, ranking.hits[best.unit.hit]
    rank = 1 if verdict.answerable else unit.hit + 1
    mentions = _mentions(ranking, best, contexts.get(unit.passage.document, ""))
    names = {word for name in names_of(ranking.asked) for word in _WORD.findall(name)}
    why = Why(
        document=unit.passage.document,
        text=unit.text,
        span=unit.span,
        sentence=unit.sentence,
        citation=rank if rank <= top_k else None,
        matched=mentions.matched,
        nearby=mentions.nearby,
        missing=mentions.missing,
        missing_names=tuple(word for word in mentions.missing if word in names and not numbers_of(word)),
        missing_numbers=tuple(word for word in mentions.missing if numbers_of(word)),
        unknown=mentions.unknown,
        lacks_number=bool(leads.evidence["no_number"]),
        answers_another=bool(leads.evidence["beside"]),
        carried=ranking.carried,
        ranks=replace(hit.ranks, read=None if hit.judgement is None else hit.rank),
        reader=_scores(best, hit),
        confidence=verdict.confidence,
        threshold=verdict.threshold,
    )
    return why if verdict.answerable else replace(why, lacks=lacks_words(why))


def _mentions(ranking: Ranking, best: Candidate, context: str) -> _Mentions:
    """Where the question's words and numbers are found: in the quotation, near it, or in neither.

    Words are compared in any form and with others of their root, and acronyms with their long forms; numbers as they
    are written.
    """
    passage, question = best.unit.passage, ranking.asked
    near = f"{passage.encoded}\n{context}"
    texts = (best.unit.visible, near)
    stems = [contained_with_kin(text, passage.language) for text in texts]
    numbers = [{number.casefold() for number in numbers_of(text)} for text in texts]
    places: dict[str, int] = {}  # of each word or number: 0 in the quotation, 1 near it, 2 in neither
    endings = {ending.casefold() for ending in _ENDING.findall(question)}
    for term in with_kin(ranking.terms):
        if not (term.says_little or numbers_of(term.word) or term.word in endings):
            found = (term.is_in(stems[place]) or spelled_out(term.word, texts[place]) for place in (0, 1))
            places[term.word] = next((place for place, is_in in enumerate(found) if is_in), 2)
    for number in numbers_of(question):
        places[number] = next((place for place in (0, 1) if number.casefold() in numbers[place]), 2)
    written = sorted(places, key=question.find)
    matched, nearby, missing = (tuple(word for word in written if places[word] == place) for place in (0, 1, 2))
    return _Mentions(matched, nearby, missing, _unknown(missing, ranking.terms, ranking.evidence.passages))


def _unknown(missing: Sequence[str], terms: Sequence[QueryTerm], passages: int) -> tuple[str, ...]:
    """The missing words and numbers that contain a word with the weight of one that no passage contains."""
    absent: Set[str] = {term.word for term in terms if term.weight >= inverse_frequency(0, passages)}
    return tuple(text for text in missing if text in absent or not absent.isdisjoint(_WORD.findall(text)))


def _scores(best: Candidate, hit: Hit) -> ReaderScores | None:
    if hit.judgement is None:
        return None
    alone = best.features.get("alone_relevance")
    return ReaderScores(
        passage=logistic(hit.judgement.relevance),
        sentence=None if best.answer is None else logistic(best.answer.margin),
        alone=None if alone is None else logistic(alone),
    )
