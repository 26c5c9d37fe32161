"""Words and pairs of neighbouring words as numbers, and the condition by which Milvus narrows down phrases.

Numbers, so that no text of an article or a question is ever part of an expression that the server evaluates.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from itertools import pairwise

from ...text.terms import plain_words
from ..protocols import Sought
from .marked import NOTHING

MOST_WORDS = 4_096  # distinct ones of a passage, as many as an array contains in Milvus


def condition_for(sought: Sought) -> str:
    """What the server can check: all neighbouring pairs of the phrases, and no excluded word or pair.

    Of a longer phrase that is excluded, all pairs may be in a text that does not contain it. Empty if nothing is asked.
    """
    phrases = [neighbours(plain_words(phrase)) for phrase in sought.phrases]
    excluded = [words for words in map(neighbours, map(plain_words, sought.excluded)) if len(words) == 1]
    conditions = [f"array_contains_all(words, {sorted({*map(word_number, words)})})" for words in phrases]
    conditions += [f"not array_contains(words, {word_number(words[0])})" for words in excluded]
    if not all(phrases):
        return NOTHING  # punctuation alone is in no text
    return " and ".join(conditions)


def both(condition: str, other: str) -> str:
    """The condition that two conditions hold, either of which may be empty."""
    return f"({condition}) and ({other})" if condition and other else condition or other


def neighbours(words: Sequence[str]) -> list[str]:
    """Each pair of words in a row, by which texts with a phrase are found; a single word as it is."""
    return [f"{one} {other}" for one, other in pairwise(words)] or list(words)


def numbers_of(words: Iterable[str]) -> list[int]:
    """The numbers of words, ascending, each once: as many as fit into an array."""
    return sorted(map(word_number, set(words)))[:MOST_WORDS]


def word_number(word: str) -> int:
    """A number of 63 bits that represents a word: not every server parses a minus."""
    return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little") >> 1
