"""Phrases that a text must contain and must not contain, checked word by word."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ..text.function_words import STEMMERS
from ..text.terms import analyze, plain_words


@dataclass(frozen=True, slots=True)
class Phrases:
    """The phrases that a text must contain, and those that it must not, in any case, with or without accents."""

    phrases: Sequence[str] = ()
    excluded: Sequence[str] = ()

    def allows(self, text: str) -> bool:
        """Whether a text contains all phrases, each with its words in a row, and none of the excluded ones."""
        contains = _contains(plain_words, text)
        return all(map(contains, self.phrases)) and not any(map(contains, self.excluded))

    def allows_inflected(self, text: str, language: str) -> bool:
        """As `allows`, if the text is in a language that inflects: there, each word of a phrase may have any ending."""
        if not _inflects(language):
            return False
        literally, by_stems = _contains(plain_words, text), _contains(lambda words: analyze(words, language), text)
        return all(map(by_stems, self.phrases)) and not any(map(literally, self.excluded))


def any_inflects(languages: Iterable[str]) -> bool:
    """Whether texts in one of these languages may contain a phrase with other endings."""
    return any(map(_inflects, languages))


def _inflects(language: str) -> bool:
    """Whether words of this language are stemmed here, other than in English, which an unknown one counts as."""
    return STEMMERS.get(language, "english") != "english"


def _contains(words_of: Callable[[str], Sequence[str]], text: str) -> Callable[[str], bool]:
    """Whether the words of a phrase, as `words_of` returns them, are in a row in the text."""
    words = f" {' '.join(words_of(text))} "

    def contains(phrase: str) -> bool:
        searched = words_of(phrase)
        return bool(searched) and f" {' '.join(searched)} " in words

    return contains
