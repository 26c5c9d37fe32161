"""A Query → the same, with words that no passage holds spelt as the articles spell them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from ..index.generation import OpenGeneration
from ..index.protocols import Query
from ..models.protocols import Encoder
from .query import PHRASE, WORD

# An address, a file's name or letters mixed with numbers: nobody spelt it.
_NO_WORD = re.compile(r"\S*(?:[@/\\_\d]|\w\.\w)\S*")
_ENDINGS = ("s", "d", "ed", "ing")


def corrected(query: Query, generation: OpenGeneration, encoder: Encoder) -> Query:
    """The query with each word that the articles do not hold replaced by the one that it was meant to be.

    One that the encoder has whole in its vocabulary, as it is or without an English ending, is spelt right: the
    articles merely do not use it.
    """

    def nearest(word: str) -> str | None:
        meant = generation.nearest_word(word)
        if meant is None:
            return None
        forms = {word, *(word.removesuffix(ending) for ending in _ENDINGS)}
        return meant if min(encoder.count_tokens(sorted(forms))) > 1 else None

    return spelled(query, nearest)


def spelled(query: Query, nearest: Callable[[str], str | None]) -> Query:
    """The query with each word that `nearest` knows better replaced; what stands in quotes stays as it is."""
    kept = [match.span() for pattern in (PHRASE, _NO_WORD) for match in pattern.finditer(query.text)]
    corrected: dict[str, str] = {}

    def mend(match: re.Match[str]) -> str:
        typed = match[0]
        if any(start <= match.start() < end for start, end in kept):
            return typed
        meant = nearest(typed)
        if meant is None:
            return typed
        corrected[typed] = meant.capitalize() if typed[0].isupper() else meant
        return corrected[typed]

    text = WORD.sub(mend, query.text)
    return replace(query, text=text, corrected=tuple(corrected.items()))
