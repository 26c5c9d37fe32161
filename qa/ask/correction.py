"""Corrects the words of a query that no passage contains to the spelling of the articles."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
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

    meant_by = generation.nearest_words(match[0] for match in _words(query.text))

    def nearest(word: str) -> str | None:
        meant = meant_by.get(word)
        if meant is None:
            return None
        forms = {word, *(word.removesuffix(ending) for ending in _ENDINGS)}
        return meant if min(encoder.count_tokens(sorted(forms))) > 1 else None

    return replace_words(query, nearest)


def replace_words(query: Query, nearest: Callable[[str], str | None]) -> Query:
    """The query with each word replaced by what `nearest` returns for it, if anything, except quoted words."""
    corrected: dict[str, str] = {}
    pieces, end = [], 0
    for match in _words(query.text):
        typed = match[0]
        if (meant := nearest(typed)) is not None:
            corrected[typed] = meant.capitalize() if typed[0].isupper() else meant
            pieces += [query.text[end : match.start()], corrected[typed]]
            end = match.end()
    return replace(query, text="".join([*pieces, query.text[end:]]), corrected=tuple(corrected.items()))


def _words(text: str) -> Iterator[re.Match[str]]:
    """The words of a text that may be misspelt: none that is quoted, nor a part of an address or a number."""
    excepted = [match.span() for pattern in (PHRASE, _NO_WORD) for match in pattern.finditer(text)]
    for match in WORD.finditer(text):
        if not any(start <= match.start() < end for start, end in excepted):
            yield match
