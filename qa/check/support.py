"""Judges whether an article says in other words what a claim says: by its words, its values and its meaning."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

from ..models.protocols import Encoder
from ..text.document import Span
from ..text.kin import contained_with_kin, with_kin
from ..text.query_term import QueryTerm
from .candidates import Region
from .values import date_words, is_negation, name_key, number_key, values_of
from .words import Words, words_of

# Chosen on half of the articles of benchmarks/draft_sentences.jsonl. What the reader says of a sentence added nothing.
_LEAST_OWN, _LEAST_COSINE, _LEAST_BOTH, _LEAST_BOTH_OF_COPY = 0.4, 0.7, 1.6, 1.7
_LEAST_COSINE_OF_VALUE, _LEAST_BOTH_OF_VALUE = 0.72, 1.35
_MOST_SENTENCES = 8  # of all regions, those with most of the claim's words: their meaning is compared


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence of an article that may say what a claim says, and how far it does.

    `own` is the share of the claim's words, by weight, that are in it or of one root with its words; `cosine` compares
    the meanings. `missing` are the values of the claim that its passage lacks; `turned` says that just one of the two
    negates.
    """

    region: Region
    span: Span
    own: float
    cosine: float
    missing: tuple[str, ...]
    turned: bool


def evidence_for(
    claim: Words, terms: Sequence[QueryTerm], regions: Sequence[Region], encoder: Encoder
) -> list[Evidence]:
    """The sentences of these regions that have most of a claim's words, the likeliest first.

    `terms` are the words of the claim that say what it is about, with their weights.
    """
    kin = with_kin(tuple(terms))
    total = sum(term.weight for term in kin) or 1.0
    found: list[tuple[float, Region, Span]] = []
    for region in regions:
        for sentence in region.passage.sentences or (region.passage.span,):
            own = contained_with_kin(sentence.of(region.document.text), region.passage.language)
            share = sum(term.weight for term in kin if term.is_in(own)) / total
            if share >= _LEAST_OWN:
                found.append((share, region, sentence))
    best = sorted(found, key=lambda each: -each[0])[:_MOST_SENTENCES]
    if not best:
        return []
    vectors = encoder.encode_passages([claim.text, *(span.of(region.document.text) for _, region, span in best)])
    cosines = vectors[1:] @ vectors[0]
    made = [
        _evidence(claim, region, span, own, float(cosine))
        for (own, region, span), cosine in zip(best, cosines, strict=True)
    ]
    return sorted(made, key=lambda each: -each.cosine)


def _evidence(claim: Words, region: Region, span: Span, own: float, cosine: float) -> Evidence:
    turned = _negated(claim) != _negated(words_of(region.document.text, span))
    return Evidence(region, span, own, cosine, missing_values(claim, region), turned)


def missing_values(claim: Words, region: Region) -> tuple[str, ...]:
    """The numbers, dates and names of a claim that a passage, its headings and its title do not have."""
    there = words_of(f"{region.document.display_title}\n{region.passage.searched}")
    known: Set[str] = {
        *map(number_key, there.folded),
        *map(name_key, there.folded),
        *date_words(there.text),
    }
    own = values_of(claim, region.lower)
    return tuple(key for key, kind in own.items() if key not in known and not _is_first(claim, key, kind))


def _is_first(claim: Words, key: str, kind: str) -> bool:
    """Whether a name is only the first word of the claim, which has a capital anyway."""
    return kind == "name" and name_key(claim.folded[0]) == key and claim.folded.count(claim.folded[0]) == 1


def _negated(words: Words) -> bool:
    return sum(map(is_negation, words.folded)) % 2 == 1


def is_supported(evidence: Evidence, is_copied: bool) -> bool:
    """Whether a sentence says what the claim says, for all that words and meaning show; more must, if words of another
    sentence were copied."""
    alike = evidence.own >= _LEAST_OWN and evidence.cosine >= _LEAST_COSINE
    least = _LEAST_BOTH_OF_COPY if is_copied else _LEAST_BOTH
    return alike and evidence.own + evidence.cosine >= least and not evidence.missing and not evidence.turned


def other_value(claim: Words, evidence: Evidence) -> str:
    """The one value of a claim in whose place a sentence that says the same otherwise has another; empty if none is."""
    if not evidence.missing or evidence.turned or evidence.cosine < _LEAST_COSINE_OF_VALUE:
        return ""
    if evidence.own + evidence.cosine < _LEAST_BOTH_OF_VALUE or not _is_one(claim, evidence.missing):
        return ""
    missing = evidence.missing[0]
    own = values_of(claim, evidence.region.lower)
    there = values_of(words_of(evidence.region.document.text, evidence.span), evidence.region.lower)
    others = [key for key, kind in there.items() if kind == own[missing] and key not in own]
    return missing if others else ""


def _is_one(claim: Words, missing: Sequence[str]) -> bool:
    """Whether values stand next to each other in a claim, as the words of one name or one date do."""
    keys = [{number_key(folded), name_key(folded)} for folded in claim.folded]
    places = [number for number, own in enumerate(keys) if own & set(missing)]
    return bool(places) and places[-1] - places[0] < len(missing)
