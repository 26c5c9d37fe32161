"""A word of a question with its weight and the search terms that match it."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OpenCompound:
    """A word of a question in two words: `phrase` in plain words ("tool boxes"), `forms` in search terms ("tool box").

    There is a form in each language of the index, of two terms and the space between them.
    """

    phrase: str
    forms: frozenset[str]


@dataclass(frozen=True, slots=True)
class QueryTerm:
    """A word of a question, with its weight and the search terms that match it.

    `forms` are its search terms in each language of the index, `weight` is the inverse document frequency of the most
    frequent form, and `word` the word as it was written. `says_little` marks a function word ("what", "did") in a
    question that consists of function words. `also` are alternatives (the expansion of an acronym, or the acronym):
    each is a tuple of groups of forms, and a text that contains a form of every group matches. So does a text that
    contains one of `compounds`, with its two words next to each other. `labels` are the terms by which the labels of a
    document contain it, `label_weight` what that counts.
    """

    forms: frozenset[str]
    weight: float
    word: str = ""
    says_little: bool = False
    also: tuple[tuple[frozenset[str], ...], ...] = ()
    compounds: tuple[OpenCompound, ...] = ()
    labels: frozenset[str] = frozenset()
    label_weight: float = 0.0

    @property
    def alternatives(self) -> tuple[tuple[frozenset[str], ...], ...]:
        """As `also`, with the compounds: a form of two terms is in a text that contains them next to each other."""
        return (*self.also, *((compound.forms,) for compound in self.compounds))

    def is_in(self, terms: Set[str]) -> bool:
        """Whether a text that contains these (see `terms.contained_in`) contains the word or an alternative."""
        if not self.forms.isdisjoint(terms):
            return True
        if not (self.also or self.compounds):  # as most, and this is asked of each term and sentence
            return False
        return any(all(not forms.isdisjoint(terms) for forms in groups) for groups in self.alternatives)
