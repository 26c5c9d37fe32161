"""Compares one claim with one region of an article, word by word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..text.document import Span
from . import limits
from .alignment import Alignment, Change, align, found_in, longest_run
from .candidates import Region
from .claims import Claim
from .limits import Limit
from .values import is_negation, kind_of, name_key, number_key
from .words import Words

_LONGEST_VALUE = 5  # words that are exchanged at one place
_BETWEEN_PARTS = 400  # words that a quotation may leave out at one place


@dataclass(frozen=True, slots=True)
class Difference:
    """What a claim says and what the article says in its place; either is empty where words were added or left out.

    `at` is where the claim's words stand in its text. `is_value` says that both are values of one kind.
    """

    ours: str
    theirs: str
    at: Span
    is_value: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """A claim laid along an article: where, and what differs.

    `likeness` is the share of its words that are the same there, `run` how many of them in a row. If no word differs,
    `is_exact` says whether punctuation and case are the same, too. `turns` says that just one of the two negates.
    """

    region: Region
    span: Span
    likeness: float
    run: int
    is_exact: bool
    differences: tuple[Difference, ...]
    turns: bool
    limits: tuple[Limit, ...]

    @property
    def values(self) -> tuple[Difference, ...]:
        """The differences in values."""
        return tuple(each for each in self.differences if each.is_value)


def literal_match(claim: Claim, region: Region) -> Match | None:
    """The place where all parts of a claim stand, in order; None if there is none. Case and punctuation may differ."""
    found: list[Words] = []
    words = region.words
    for part in claim.parts:
        start = found_in(part, words)
        if start is None:
            return None
        found.append(words.slice(start, start + len(part)))
        words = words.slice(start + len(part), start + len(part) + _BETWEEN_PARTS)
    exact = all(_is_exact(part, there) for part, there in zip(claim.parts, found, strict=True))
    span = Span(found[0].span.start, found[-1].span.end)
    return Match(region, span, 1.0, max(map(len, claim.parts)), exact, (), False, _limits(region, found))


def nearest_match(claim: Claim, region: Region) -> Match | None:
    """The place that differs least from a claim; None if the region has no words or its parts are not in order."""
    words, turned = region.words, False
    places, differences, distance, run = [], [], 0, 0
    for part in claim.parts:
        found = align(part, words)
        if found is None or found.last == found.first:
            return None
        there = words.slice(found.first, found.last)
        places.append(there)
        differences += [_difference(part, words, change, region) for change in found.changes]
        distance += found.distance
        run = max(run, longest_run(part, found))
        turned ^= _turns(part, words, found)
        words = words.slice(found.last, found.last + _BETWEEN_PARTS)
    length = sum(map(len, claim.parts))
    span = Span(places[0].span.start, places[-1].span.end)
    likeness, limits_found = max(0.0, 1 - distance / length), _limits(region, places)
    return Match(region, span, likeness, run, False, tuple(differences), turned, limits_found)


def _limits(region: Region, places: Sequence[Words]) -> tuple[Limit, ...]:
    text, span = region.document.text, Span(places[0].span.start, places[-1].span.end)
    sentence, following = region.sentences(span)
    behind = limits.after(text, span.end, sentence, following, region.document.language)
    found = [limits.before(text, span.start, sentence), behind]
    for one, other in pairwise(places):
        found.append(limits.within(text, Span(one.span.end, other.span.start)))
    return tuple(limit for limit in found if limit is not None)


def _is_exact(ours: Words, theirs: Words) -> bool:
    """Whether case and punctuation are the same; the first letter may be adapted to the sentence around it."""
    same_case = ours.forms[1:] == theirs.forms[1:] and ours.forms[0][1:] == theirs.forms[0][1:]
    return same_case and ours.punctuation() == theirs.punctuation()


def _difference(ours: Words, theirs: Words, change: Change, region: Region) -> Difference:
    mine = ours.slice(change.start, change.end)
    other = theirs.slice(change.there_start, change.there_end)
    if len(mine):
        at = mine.span
    else:
        place = ours.spans[change.start].start if change.start < len(ours) else ours.spans[-1].end
        at = Span(place, place)
    return Difference(
        mine.span.of(mine.text), other.span.of(other.text), at, _are_other_values(mine, other, region.lower)
    )


def _are_other_values(ours: Words, theirs: Words, lower: object) -> bool:
    """Whether two short stretches of words each have a value of a kind of which the other has another."""
    if max(len(ours), len(theirs)) > _LONGEST_VALUE:
        return False
    assert isinstance(lower, set)
    mine, others = ({_keyed(words, number, lower) for number in range(len(words))} for words in (ours, theirs))
    for kind in ("number", "date", "name"):
        here = {key for found, key in mine if found == kind}
        there = {key for found, key in others if found == kind}
        if here - there and there - here:
            return True
    return False


def _keyed(words: Words, number: int, lower: set[str]) -> tuple[str | None, str]:
    kind, folded = kind_of(words, number, lower), words.folded[number]
    return kind, number_key(folded) if kind == "number" else name_key(folded)


def _turns(ours: Words, theirs: Words, found: Alignment) -> bool:
    """Whether the changes add or take away a negation."""
    mine = sum(is_negation(word) for change in found.changes for word in ours.folded[change.start : change.end])
    others = sum(
        is_negation(word) for change in found.changes for word in theirs.folded[change.there_start : change.there_end]
    )
    return (mine - others) % 2 == 1
