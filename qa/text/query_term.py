"""A word of a question with its weight and the search terms that match it."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class QueryTerm:
    """A word of a question, with its weight and the search terms that match it.

    `forms` are its search terms in each language of the index, `weight` is the inverse document frequency of the most
    frequent form, and `word` the word as it was written. `says_little` marks a function word ("what", "did") in a
    question that consists of function words. `also` are alternatives (the expansion of an acronym, or the acronym):
    each is a tuple of groups of forms, and a text that contains a form of every group matches.
    """

    forms: frozenset[str]
    weight: float
    word: str = ""
    says_little: bool = False
    also: tuple[tuple[frozenset[str], ...], ...] = ()

    def is_in(self, terms: Set[str]) -> bool:
        """Whether a text with these search terms contains the word or an alternative."""
        alternatives = (all(not forms.isdisjoint(terms) for forms in groups) for groups in self.also)
        return not self.forms.isdisjoint(terms) or any(alternatives)
