"""Corrects the words of a query that no passage contains to the spelling of the articles."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from ..index.generation import OpenGeneration
from ..index.protocols import Query
from ..models.protocols import Encoder
from .query import PHRASE, WORD

# An address, a file name, or letters mixed with digits: never a misspelt word.
_NO_WORD = re.compile(r"\S*(?:[@/\\_\d]|\w\.\w)\S*")
_ENDINGS = ("s", "d", "ed", "ing")


def correct(query: Query, generation: OpenGeneration, encoder: Encoder) -> Query:
    """The query with each word that no article contains replaced by the most similar word that one contains.

    A word in the encoder's vocabulary, as it is or without an English ending, is kept: it is spelt correctly, and the
    articles merely do not use it.
    """

    def nearest(word: str) -> str | None:
        meant = generation.nearest_word(word)
        if meant is None:
            return None
        forms = {word, *(word.removesuffix(ending) for ending in _ENDINGS)}
        return meant if min(encoder.count_tokens(sorted(forms))) > 1 else None

    return replace_words(query, nearest)


def replace_words(query: Query, nearest: Callable[[str], str | None]) -> Query:
    """The query with each word replaced by what `nearest` returns for it, if anything, except quoted words."""
    excepted = [match.span() for pattern in (PHRASE, _NO_WORD) for match in pattern.finditer(query.text)]
    corrected: dict[str, str] = {}

    def correction(match: re.Match[str]) -> str:
        typed = match[0]
        if any(start <= match.start() < end for start, end in excepted):
            return typed
        meant = nearest(typed)
        if meant is None:
            return typed
        corrected[typed] = meant.capitalize() if typed[0].isupper() else meant
        return corrected[typed]

    text = WORD.sub(correction, query.text)
    return replace(query, text=text, corrected=tuple(corrected.items()))
