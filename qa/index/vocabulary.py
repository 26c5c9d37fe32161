"""The words, search terms and acronyms of a generation: how they are looked up, and how to count them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from ..text import acronyms
from ..text.document import Document
from ..text.terms import plain_words


class Vocabulary(Protocol):
    """What a generation's passages and documents contain. Safe to use from several threads."""

    def frequencies(self, field: Literal["terms", "words"], values: Iterable[str]) -> Mapping[str, int]:
        """How many passages contain each of these search terms, or plain words; those in none may be left out."""
        ...

    def beginning(self, starts: Iterable[str]) -> Mapping[str, int]:
        """The plain words that start with one of these strings, and how many passages contain each."""
        ...

    def acronyms(self, texts: Iterable[str]) -> Iterable[tuple[str, str]]:
        """The acronyms that documents introduce, of which the short or the long form is among these texts."""
        ...


@dataclass(slots=True)
class CountedVocabulary:
    """A Vocabulary in memory: counts of the passages and documents added so far.

    `terms` and `words` say how many passages contain each, `length` how many terms all passages have together.
    """

    terms: Counter[str] = field(default_factory=Counter)
    words: Counter[str] = field(default_factory=Counter)
    length: int = 0
    languages: set[str] = field(default_factory=set)
    pairs: set[tuple[str, str]] = field(default_factory=set)

    def add_passage(self, terms: Sequence[str], text: str) -> None:
        """Count a passage: its search terms with repetitions, and the text that they are made from."""
        self.length += len(terms)
        self.terms.update(set(terms))
        self.words.update(set(plain_words(text)))

    def add_document(self, language: str, pairs: Iterable[tuple[str, str]]) -> None:
        """Add a document's language, and the acronyms that it introduces (see `acronyms_of`)."""
        self.languages.add(language)
        self.pairs.update(pairs)

    def frequencies(self, field: Literal["terms", "words"], values: Iterable[str]) -> Mapping[str, int]:
        counts = self.terms if field == "terms" else self.words
        return {value: counts[value] for value in values}

    def beginning(self, starts: Iterable[str]) -> Mapping[str, int]:
        beginnings = tuple(starts)
        return {word: number for word, number in self.words.items() if word.startswith(beginnings)}

    def acronyms(self, texts: Iterable[str]) -> Iterable[tuple[str, str]]:
        wanted = set(texts)
        return sorted(pair for pair in self.pairs if not wanted.isdisjoint(pair))


def acronyms_of(document: Document) -> list[tuple[str, str]]:
    """The short and long forms in plain words of the acronyms that a document introduces."""
    forms = acronyms.find(document.text)
    return [(" ".join(plain_words(short)), " ".join(plain_words(long))) for short, long in forms]
