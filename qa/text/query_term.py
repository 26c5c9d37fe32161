"""A word of a question, with the search terms that stand for it and its weight."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class QueryTerm:
    """A word of a question: the search terms that it is in the languages of the index, and what it weighs.

    `weight` is the inverse document frequency of the most frequent of them, `word` the word as it was written, and
    `says_little` marks one that questions are made of, where a question has no others. `also` are other ways to say it
    (what an acronym stands for, or the acronym): groups of forms, of each of which a text must hold one.
    """

    forms: frozenset[str]
    weight: float
    word: str = ""
    says_little: bool = False
    also: tuple[tuple[frozenset[str], ...], ...] = ()

    def is_in(self, terms: Set[str]) -> bool:
        """Whether a text with these search terms holds the word."""
        others = (all(not forms.isdisjoint(terms) for forms in groups) for groups in self.also)
        return not self.forms.isdisjoint(terms) or any(others)
