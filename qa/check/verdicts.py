"""Decides what the articles say of a claim: literal, altered, supported, contradicted, or not found."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..ask.pipeline import Resources
from ..models.protocols import Vectors
from ..text.document import Span
from .candidates import Candidates, Region
from .claims import Claim
from .comparison import Difference, Match, literal_match, nearest_match
from .findings import Finding, Source
from .support import evidence_for, is_supported, other_value
from .values import name_key, number_key

# The share of a claim's words that must be the same for it to be an altered sentence or quotation, or a contradicted
# one. Chosen on half of the documents of benchmarks/draft_sentences.jsonl (docs/check-a-draft.md).
_ALTERED_SENTENCE, _ALTERED_QUOTATION = 0.6, 0.5
_SAME_SENTENCE = 0.75  # beside the value or the negation that differs
_COPIED = 0.72  # from here on a sentence is compared word by word, whatever it says
_COPIED_RUN = 6  # words in a row that are the same: they were copied, and the rest must be said all the more clearly
_READ = 5  # regions whose sentences may say the same in other words
_CLOSING = re.compile(r"[)\]”’\"%.!?…]{1,4}")  # what a sentence ends with after its last word


class Judge:
    """Judges the claims of a draft, one after the other."""

    def __init__(self, resources: Resources, candidates: Candidates) -> None:
        self._resources = resources
        self._candidates = candidates

    def finding(self, claim: Claim, vector: Vectors) -> Finding:
        """What the articles say of a claim with this embedding. Raises StoreError."""
        regions = self._candidates.near(claim.words, lambda: vector)
        literal = _literal(claim, regions)
        if literal is None or not literal.is_exact:
            first = max(claim.parts, key=len)
            literal = _better(literal, _literal(claim, self._candidates.with_phrase(first, lambda: vector)))
        if literal is not None:
            return _same_words(claim, literal)
        nearest = max(
            filter(None, (nearest_match(claim, region) for region in regions)),
            key=lambda match: match.likeness,
            default=None,
        )
        changed = _changed(claim, nearest) if nearest is not None else None
        if claim.kind == "quotation" or nearest is None or (changed is not None and _is_copy(nearest, changed)):
            return changed or Finding(claim, "not found")
        is_copied = changed is not None and nearest.run >= _COPIED_RUN
        return self._said(claim, regions, is_copied) or changed or Finding(claim, "not found")

    def _said(self, claim: Claim, regions: Sequence[Region], is_copied: bool) -> Finding | None:
        """A finding if the articles say the claim in other words, or with another value."""
        terms = self._resources.generation.query_terms(claim.text)
        found = evidence_for(claim.words, terms, regions[:_READ], self._resources.encoder)
        best = next((each for each in found if is_supported(each, is_copied)), None)
        if best is not None:
            return Finding(claim, "supported", _source(best.region, best.span))
        for each in found:
            if value := other_value(claim.words, each):
                return Finding(claim, "contradicted", _source(each.region, each.span), (_lacking(claim, value),))
        return None


def _is_copy(match: Match, changed: Finding) -> bool:
    """Whether a sentence repeats words of an article rather than saying the same in words of its own."""
    return changed.verdict == "contradicted" or match.likeness >= _COPIED


def _lacking(claim: Claim, value: str) -> Difference:
    """The value of a claim that the article does not have."""
    words = claim.words
    keys = [(number_key(folded), name_key(folded)) for folded in words.folded]
    number = next(number for number, own in enumerate(keys) if value in own)
    start = claim.span.start + words.spans[number].start
    at = Span(start, start + len(words.spans[number]))
    return Difference(words.spans[number].of(claim.text), "", at, is_value=True)


def _literal(claim: Claim, regions: Sequence[Region]) -> Match | None:
    found: Match | None = None
    for region in regions:
        found = _better(found, literal_match(claim, region))
        if found is not None and found.is_exact and not found.limits:
            break
    return found


def _better(one: Match | None, other: Match | None) -> Match | None:
    """The match that is exact, and of two such the one that nothing limits."""
    if one is None or other is None:
        return one or other
    return max((one, other), key=lambda match: (match.is_exact, not match.limits))


def _same_words(claim: Claim, match: Match) -> Finding:
    """The finding of a claim whose words stand in an article; if only its signs differ, it is altered all the same."""
    source = _source(match.region, match.span)
    if match.is_exact:
        return Finding(claim, "literal", source, (), match.limits)
    whole = Difference(claim.text, source.text, Span(claim.span.start, claim.span.end))
    return Finding(claim, "altered", source, (whole,), match.limits)


def _changed(claim: Claim, match: Match) -> Finding | None:
    """A finding if the words of an article were altered, or say something else with another value or a negation."""
    source, values = _source(match.region, match.span), match.values
    length = sum(map(len, claim.parts))
    beside = match.likeness + sum(max(1, len(value.ours.split())) for value in values) / length
    limits = match.limits if claim.kind == "quotation" else ()
    if len(values) == 1 and beside >= _SAME_SENTENCE:
        return Finding(claim, "contradicted", source, match.differences, limits)
    if match.turns and not values and match.likeness >= _SAME_SENTENCE:
        return Finding(claim, "contradicted", source, match.differences, limits)
    least = _ALTERED_QUOTATION if claim.kind == "quotation" else _ALTERED_SENTENCE
    return Finding(claim, "altered", source, match.differences, limits) if match.likeness >= least else None


def _source(region: Region, span: Span) -> Source:
    document, passage = region.document, region.passage
    closing = _CLOSING.match(document.text, span.end)
    span = Span(span.start, closing.end() if closing else span.end)
    section = tuple(part for part in passage.section if part != passage.header)
    return Source(document.path, document.display_title, section, passage.page, span, span.of(document.text))
