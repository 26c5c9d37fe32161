"""Counts what was searched for a question in vain, and the files in which the answer could be all the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from ..index.generation import OpenGeneration
from ..index.scope import AppliedScope


@dataclass(frozen=True, slots=True)
class Searched:
    """The articles that were searched and the passages of the whole index; and of all files, those to be looked at.

    `unread` files could not be read or are of no known kind, `empty` ones contain no text, and of `partial` ones a part
    could not be read: the answer may be in any of them.
    """

    articles: int
    passages: int
    unread: int
    empty: int
    partial: int

    @property
    def hidden(self) -> int:
        """The number of files that the answer could be in all the same."""
        return self.unread + self.empty + self.partial

    def as_json(self) -> dict[str, int]:
        """The `searched` of `qa ask --json`."""
        return asdict(self)


def searched_in(generation: OpenGeneration, scope: AppliedScope | None) -> Searched:
    """What a question to a generation searches."""
    states = [record.reason and record.status for record in generation.records.values()]
    return Searched(
        articles=generation.manifest.documents if scope is None else scope.articles,
        passages=generation.count(),
        unread=states.count("failed") + states.count("skipped"),
        empty=states.count("empty"),
        partial=states.count("indexed"),
    )


def passages_with(generation: OpenGeneration, question: str) -> Mapping[str, int]:
    """How many passages contain each word that says what a question is about, in any form, by the word as asked."""
    terms = [term for term in generation.query_terms(question) if not term.says_little]
    forms = {form for term in terms for form in term.forms}
    counts = generation.vocabulary.frequencies("terms", forms)
    return {term.word: max((counts.get(form, 0) for form in term.forms), default=0) for term in terms}
