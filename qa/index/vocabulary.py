"""The words, search terms and acronyms of a generation, counted while it is written and looked up afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ..text import acronyms
from ..text.document import Document
from ..text.terms import plain_words


@dataclass(slots=True)
class Vocabulary:
    """Counts of the passages and documents added so far.

    `terms` and `words` say how many passages contain each, `length` how many terms all passages have together.
    """

    terms: Counter[str] = field(default_factory=Counter)
    words: Counter[str] = field(default_factory=Counter)
    length: int = 0
    languages: set[str] = field(default_factory=set)
    acronyms: set[tuple[str, str]] = field(default_factory=set)

    def add_passage(self, terms: Sequence[str], text: str) -> None:
        """Count a passage: its search terms with repetitions, and the text that they are made from."""
        self.length += len(terms)
        self.terms.update(set(terms))
        self.words.update(set(plain_words(text)))

    def add_document(self, language: str, pairs: Iterable[tuple[str, str]]) -> None:
        """Add a document's language, and the acronyms that it introduces (see `acronyms_of`)."""
        self.languages.add(language)
        self.acronyms.update(pairs)

    def frequencies(self, field: Literal["terms", "words"], values: Iterable[str]) -> Mapping[str, int]:
        """How many passages contain each of these search terms, or of these plain words."""
        counts = self.terms if field == "terms" else self.words
        return {value: counts[value] for value in values}

    def beginning(self, starts: Iterable[str]) -> Mapping[str, int]:
        """The plain words that start with one of these strings, and how many passages contain each."""
        beginnings = tuple(starts)
        return {word: number for word, number in self.words.items() if word.startswith(beginnings)}

    def pairs(self, texts: Iterable[str]) -> list[tuple[str, str]]:
        """The acronyms of which the short or the long form is among these texts."""
        wanted = set(texts)
        return sorted(pair for pair in self.acronyms if not wanted.isdisjoint(pair))


def acronyms_of(document: Document) -> list[tuple[str, str]]:
    """The short and long forms in plain words of the acronyms that a document introduces."""
    forms = acronyms.find(document.text)
    return [(" ".join(plain_words(short)), " ".join(plain_words(long))) for short, long in forms]
