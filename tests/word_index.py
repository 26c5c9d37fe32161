"""A word index on disk that is asked questions as they are typed, as a generation does it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qa.index.local import lexical
from qa.index.protocols import Sought
from qa.models.protocols import Vectors
from qa.text.query_term import QueryTerm
from qa.text.terms import Acronyms, Compounds, Word, analyze_question, forms_of, query_terms, searched_terms


class LexicalIndex(lexical.LexicalIndex):
    """`languages` are those of its texts."""

    def __init__(self, folder: Path, languages: Iterable[str] = ("",)) -> None:
        super().__init__(folder)
        self.languages = tuple(languages)

    def search(
        self,
        text: str,
        k: int,
        acronyms: Acronyms = (),
        phrases: Sequence[str] = (),
        excluded: Sequence[str] = (),
        compounds: Compounds = (),
    ) -> tuple[NDArray[np.int64], Vectors]:
        words = analyze_question(text, self.languages, acronyms, compounds)
        known = self._known(words)
        terms = tuple(searched_terms(words, known.__getitem__, self.count()))
        return self.best(Sought(terms, known, tuple(phrases), tuple(excluded)), k)

    def query_terms(self, text: str, acronyms: Acronyms = ()) -> tuple[QueryTerm, ...]:
        words = analyze_question(text, self.languages, acronyms)
        return query_terms(words, self._known(words).__getitem__, self.count())

    def is_known(self, word: str) -> bool:
        return any(self.frequencies("terms", forms_of(word, self.languages)).values())

    def _known(self, words: Sequence[Word]) -> Mapping[str, int]:
        return self.frequencies("terms", {form for word in words for form in word.forms | word.labels})
