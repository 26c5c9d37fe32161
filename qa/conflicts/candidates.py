"""Pairs of statements of different articles that say nearly the same, found by their rarest words in linear time."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations

from ..text.dates import Date, dates_in
from .comparison import Articles
from .statements import Statement

_RAREST = 6  # terms of a statement by which it is looked up, two at a time
_MOST_ALIKE = 30  # statements that share two such terms: more are a phrase that many articles have
_LEAST_SHARED = 0.5  # of the terms of each of the two, by weight; a name may be the value
_MOST_VALUES = 3  # that are given for the same thing: more are entries in a form
_SAME, _FEWEST_SAME = 0.5, 3  # the share of the statements of an article, and how many, that another one repeats
_MOST_VERSIONS = 3  # in one folder, with a date in the name of each: more are minutes or reports, each of its day
_DIGITS, _LETTER = re.compile(r"\d+"), re.compile(r"[^\W\d_]")
_PARTIES, _OFTEN = 3, 3  # the most frequent names of an article, in at least so many statements: whom it is about


@dataclass(frozen=True, slots=True)
class Place:
    """Where a statement is: the number of its passage, and its own among the statements of that."""

    passage: int
    number: int


@dataclass(slots=True)
class Catalogue:
    """What is kept of every statement while the passages are read: less than a kilobyte of each."""

    _places: list[Place] = field(default_factory=list)
    _documents: list[int] = field(default_factory=list)
    _said: list[int] = field(default_factory=list)
    _terms: list[tuple[int, ...]] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)
    _paths: dict[str, int] = field(default_factory=dict)
    _days: list[tuple[str, frozenset[Date]]] = field(default_factory=list)  # of documents: folder, dates in the name
    _dated: Counter[str] = field(default_factory=Counter)
    _series: list[tuple[str, str]] = field(default_factory=list)  # of documents: path without digits, title
    _times: Counter[tuple[str, str]] = field(default_factory=Counter)
    _frequencies: list[int] = field(default_factory=list)
    _texts: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    _compared: dict[tuple[int, int], tuple[bool, bool]] = field(default_factory=dict)
    _names: dict[int, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, statement: Statement, number: int) -> None:
        """Take in a statement that is the one with this number in its passage."""
        path = statement.document
        if path not in self._paths:
            self._take_in(path, statement.unit.passage.title)
        document = self._paths[path]
        terms = tuple(sorted(self._numbers.setdefault(term, len(self._numbers)) for term in statement.terms))
        self._frequencies.extend([0] * (len(self._numbers) - len(self._frequencies)))
        for term in terms:
            self._frequencies[term] += 1
        self._places.append(Place(statement.passage, number))
        self._documents.append(document)
        self._terms.append(terms)
        self._said.append(hash(statement.text))
        self._texts[document].add(self._said[-1])
        self._names[document].update({hash(value.key) for value in statement.values if value.kind == "name"})

    def __len__(self) -> int:
        return len(self._places)

    def weight(self, term: str) -> float:
        """How much a term says: the rarer it is, the more."""
        number = self._numbers.get(term)
        return self._weight(self._frequencies[number] if number is not None else 1)

    def articles(self, one: Statement, other: Statement) -> Articles:
        """What the articles of two statements are to each other."""
        ours, theirs = self._paths[one.document], self._paths[other.document]
        if (ours, theirs) not in self._compared:
            self._compared[ours, theirs] = self._are_versions(ours, theirs), self._are_other_parties(ours, theirs)
        repeats = hash(one.text) in self._texts[theirs] or hash(other.text) in self._texts[ours]
        return Articles(*self._compared[ours, theirs], repeats)

    def _take_in(self, path: str, title: str) -> None:
        self._paths[path] = len(self._paths)
        folder, _, name = path.rpartition("/")
        dates = frozenset(date for _, date in dates_in(name))
        self._days.append((folder, dates))
        self._dated[folder] += bool(dates)
        series = _DIGITS.sub("", path), title
        self._series.append(series)
        self._times[series] += bool(_LETTER.search(_DIGITS.sub("", name).rpartition(".")[0]))

    def _are_versions(self, one: int, other: int) -> bool:
        (folder, dates), (_, other_dates) = self._days[one], self._days[other]
        if dates != other_dates and self._dated[folder] > _MOST_VERSIONS:
            return False
        if (
            dates
            and other_dates
            and self._series[one] == self._series[other]
            and 1 < self._times[self._series[one]] <= _MOST_VERSIONS
        ):
            return True  # fees-2024.md and fees-2025.md
        ours, theirs = self._texts[one], self._texts[other]
        same = len(ours & theirs)
        return same >= _FEWEST_SAME and same >= _SAME * min(len(ours), len(theirs))

    def _are_other_parties(self, one: int, other: int) -> bool:
        ours, theirs = self._names[one], self._names[other]
        return bool(_parties(ours) - theirs.keys()) and bool(_parties(theirs) - ours.keys())

    def pairs(self) -> Iterator[tuple[Place, Place]]:
        """The places of statements that may say the same of the same thing, in order of the passages."""
        forms = self._forms()
        seen: set[tuple[int, int]] = set()
        for alike in self._alike().values():
            if not 1 < len(alike) <= _MOST_ALIKE:
                continue
            for one, other in combinations(alike, 2):
                if self._documents[one] != self._documents[other]:
                    seen.add((one, other))
        for one, other in sorted(seen):
            if forms[self._terms[one]] > _MOST_VALUES or forms[self._terms[other]] > _MOST_VALUES:
                continue
            if self._shared(one, other) >= _LEAST_SHARED:
                yield self._places[one], self._places[other]

    def _alike(self) -> Mapping[tuple[int, int], list[int]]:
        """The statements that have two of their rarest terms in common, by these."""
        found: dict[tuple[int, int], list[int]] = defaultdict(list)
        for number, terms in enumerate(self._terms):
            known = sorted((self._frequencies[term], term) for term in terms if self._frequencies[term] > 1)
            for pair in combinations(sorted(term for _, term in known[:_RAREST]), 2):
                if len(found[pair]) <= _MOST_ALIKE:
                    found[pair].append(number)
        return found

    def _forms(self) -> Counter[tuple[int, ...]]:
        """How many different statements have just these terms, or half of how many articles, if that is more.

        A folder may hold two copies of each version.
        """
        said = Counter(terms for _, terms in set(zip(self._said, self._terms, strict=True)))
        by = Counter(terms for _, terms in set(zip(self._documents, self._terms, strict=True)))
        return Counter({terms: max(number, math.ceil(by[terms] / 2)) for terms, number in said.items()})

    def _shared(self, one: int, other: int) -> float:
        ours, theirs = set(self._terms[one]), set(self._terms[other])
        common = self._total(ours & theirs)
        return min(common / self._total(ours), common / self._total(theirs))

    def _total(self, terms: set[int]) -> float:
        return sum(self._weight(self._frequencies[term]) for term in terms)

    def _weight(self, frequency: int) -> float:
        return math.log(1 + len(self._places) / frequency)


def _parties(names: Counter[int]) -> set[int]:
    return {name for name, times in names.most_common(_PARTIES) if times >= _OFTEN}
