"""Compares two statements: whether they give just one value otherwise, and all that they say beside it is the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass

from ..ask.period import periods_in
from ..check.values import ValueKind, date_words, is_negation, name_key, number_key
from ..check.words import Words, words_of
from ..text.dates import dates_in
from .amounts import agree, bound, is_numbered, units_beside
from .reference import is_of_a_day, is_of_a_version, is_reported, may_point_back, points_back
from .statements import Statement, Value, term_of

Weight = Callable[[str], float]
_LEAST_SHARED = 0.75  # of the terms of each of two statements beside the value, by weight
_LEAST_WEIGHT = 30.0  # of what they share: less is said of many things, unless both stand under the same headings
_SAME_PLACE, _NEAR_PLACE = 0.8, 0.5  # the share of the terms of two titles and headings that are in both
_PLAIN = re.compile(r"[\d.,:/-]+(?:st|nd|rd|th|s)?|half|quarter|twice|million|billion")
_FRAMES = "in on by during since after before until from at"
_CLOCK = re.compile(r"\d{1,2}[:.]\d\d")
_FRAMING = frozenset(_FRAMES.split())


@dataclass(frozen=True, slots=True)
class Pair:
    """Two statements that give one value otherwise, and where it is among the words of each.

    `shared` is the lower share of the terms beside the value, by weight, that both have. `of_versions` says that their
    articles are versions of one article, and `has_code` that a value is a code rather than an amount.
    """

    one: Statement
    other: Statement
    kind: ValueKind
    at: tuple[int, int]
    at_other: tuple[int, int]
    shared: float
    of_versions: bool
    has_code: bool


class Context:
    """What is known around a statement: its passage, headings and title."""

    def __init__(self, statement: Statement) -> None:
        passage = statement.unit.passage
        words = words_of(f"{passage.title}\n{passage.searched}")
        self.keys = _keys(words)
        self.titled = _keys(words_of(passage.title))
        above = words_of("\n".join((passage.title, *statement.unit.headings)))
        self.above, self.title = (
            frozenset(filter(None, (term_of(word, passage.language) for word in words_of(text).folded)))
            for text in (above.text, passage.title)
        )
        written = f"{above.text}\n{passage.document.replace('_', ' ')}"
        self.dates = frozenset(date for _, date in dates_in(written))
        self.periods = frozenset(periods_in(written))


def _keys(words: Words) -> Set[str]:
    return {*map(number_key, words.folded), *map(name_key, words.folded), *date_words(words.text)}


@dataclass(frozen=True, slots=True)
class Articles:
    """What two articles are to each other: versions of one article, or about different parties.

    `repeats` says that one of them has the statement of the other, too.
    """

    are_versions: bool
    are_other_parties: bool
    repeats: bool


def compared(
    one: Statement,
    other: Statement,
    contexts: tuple[Callable[[], Context], Callable[[], Context]],
    weight: Weight,
    articles: Callable[[], Articles],
) -> Pair | None:
    """The pair of two statements that give different values for the same thing, as far as words tell; otherwise None.

    `contexts` are read only if the words beside the values are the same.
    """
    common = one.terms & other.terms
    total = sum(map(weight, common))
    if _negations(one) != _negations(other):
        return None
    ours, theirs = (context() for context in contexts)
    known = articles()
    if known.are_other_parties or known.repeats:
        return None
    # A version may have a value elsewhere, too: "GSA" is in every paragraph.
    elsewhere, here = (_keys(other.words), _keys(one.words)) if known.are_versions else (theirs.keys, ours.keys)
    mine = [value for value in one.values if value.key not in elsewhere]
    others = [value for value in other.values if value.key not in here]
    kind = _kind(mine, others)
    if kind is None or not (_is_one(mine) and _is_one(others)) or _says_more(one, mine, other, others):
        return None
    shared = total / max(sum(map(weight, _beside(one, mine))), sum(map(weight, _beside(other, others))))
    if shared < _LEAST_SHARED:
        return None
    if kind == "number" and not _are_other_amounts(one, mine, other, others):
        return None
    if any(is_of_a_day(each.words.text) or is_of_a_version(each.words.text) for each in (one, other)):
        return None
    if ours.periods != theirs.periods or (_is_titled(mine, ours) and _is_titled(others, theirs)):
        return None
    if _is_frame(one, mine) or _is_frame(other, others):
        return None
    has_code = not (_are_amounts(mine) and _are_amounts(others))
    if not known.are_versions:
        if has_code or ours.dates != theirs.dates:
            return None
        if any(points_back(each.words) or is_reported(each.words.text) for each in (one, other)):
            return None
        related = min(_related(ours.above, theirs.above, weight), _related(ours.title, theirs.title, weight))
        if related < _SAME_PLACE and (total < _LEAST_WEIGHT or not (_is_named(one) and _is_named(other))):
            return None
        if related < _NEAR_PLACE and not _share_name(one, other):
            return None
    return Pair(one, other, kind, _ends(mine), _ends(others), shared, known.are_versions, has_code)


def _says_more(one: Statement, mine: Sequence[Value], other: Statement, others: Sequence[Value]) -> bool:
    """Whether each of two statements says something beside the value that the other does not."""
    return bool(_beside(one, mine) - other.terms) and bool(_beside(other, others) - one.terms)


def _beside(statement: Statement, values: Sequence[Value]) -> Set[str]:
    """The terms of a statement without those of some of its values."""
    return statement.terms - {term_of(value.key, statement.unit.passage.language) for value in values}


def _is_titled(values: Sequence[Value], around: Context) -> bool:
    """Whether a value stands in the title of its article, which then reports that very event."""
    return any(value.key in around.titled for value in values)


def _is_named(statement: Statement) -> bool:
    """Whether a statement says by itself whom or what it is about."""
    names = frozenset(value.at for value in statement.values if value.kind == "name")
    return not may_point_back(statement.words, names)


def _share_name(one: Statement, other: Statement) -> bool:
    ours, theirs = ({value.key for value in each.values if value.kind == "name"} for each in (one, other))
    return not ours.isdisjoint(theirs)


def _is_frame(statement: Statement, values: Sequence[Value]) -> bool:
    """Whether a date or a time begins a statement: it says when something happened that may have happened again."""
    if not values[0].at and _CLOCK.fullmatch(statement.words.forms[0]):
        return True  # an entry of an agenda
    return values[0].at <= 1 and statement.words.folded[0] in _FRAMING


def _kind(mine: Sequence[Value], others: Sequence[Value]) -> ValueKind | None:
    """What differs; None for a name, which mostly is the same thing, called otherwise (docs/conflicts.md)."""
    one, other = ({value.kind for value in each} for each in (mine, others))
    if not one or not other or "name" in one | other:
        return None
    if "date" in one | other:
        return "date" if one == other or one | other == {"date", "number"} else None
    return "number"


def _is_one(values: Sequence[Value]) -> bool:
    return values[-1].at - values[0].at <= len(values)


def _ends(values: Sequence[Value]) -> tuple[int, int]:
    return values[0].at, values[-1].at + 1


def _negations(statement: Statement) -> int:
    return sum(map(is_negation, statement.words.folded)) % 2


def _are_amounts(values: Sequence[Value]) -> bool:
    """Whether the numbers among values are such that can be counted, and no codes."""
    return all(value.kind != "number" or _PLAIN.fullmatch(value.key) for value in values)


def _are_other_amounts(one: Statement, mine: Sequence[Value], other: Statement, others: Sequence[Value]) -> bool:
    if len(mine) != len(others):
        return False
    for ours, theirs in zip(mine, others, strict=True):
        if is_numbered(one.words, ours.at) or is_numbered(other.words, theirs.at):
            return False
        if agree(one.words, ours.at, other.words, theirs.at):
            return False
        if bound(one.words, ours.at) != bound(other.words, theirs.at):
            return False
    (signs, after), (other_signs, other_after) = (
        units_beside(each.words, [value.at for value in values]) for each, values in ((one, mine), (other, others))
    )
    return signs == other_signs and _same_word(one, after, other, other_after)


def _same_word(one: Statement, word: str, other: Statement, there: str) -> bool:
    return term_of(word, one.unit.passage.language) == term_of(there, other.unit.passage.language)


def _related(one: Set[str], other: Set[str], weight: Weight) -> float:
    every = sum(map(weight, one | other))
    return sum(map(weight, one & other)) / every if every else 1.0
