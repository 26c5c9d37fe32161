"""Phrases that a text must contain and must not contain, checked word by word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..text.terms import plain_words


@dataclass(frozen=True, slots=True)
class Phrases:
    """The phrases that a text must contain, and those that it must not, in any case, with or without accents."""

    phrases: Sequence[str] = ()
    excluded: Sequence[str] = ()

    def allows(self, text: str) -> bool:
        """Whether a text contains all phrases, each with its words in a row, and none of the excluded ones."""
        words = f" {' '.join(plain_words(text))} "

        def contains(phrase: str) -> bool:
            searched = plain_words(phrase)
            return bool(searched) and f" {' '.join(searched)} " in words

        return all(map(contains, self.phrases)) and not any(map(contains, self.excluded))
