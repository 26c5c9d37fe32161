"""Finds the compounds of a question that the indexed texts spell otherwise: "toolbox", "tool box" and "tool-box".

The index appears here only as three functions: the frequencies of words, whether a phrase occurs, and texts with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise

from .terms import is_function_word, plain_words

_MAX_WORDS = 64  # of a question in which compounds are looked for
_MIN_LENGTH, _MIN_LENGTH_HYPHENATED = 5, 4  # of a compound, in letters
# Texts: a closed compound in more of them than its rarer half is usually a word by itself ("some one", "fat her").
_FEW = 10
_HYPHENATED = re.compile(r"[^\W_]+(?:[-‐‑][^\W_]+)+")
# What would be common halves, but not of compounds: the end of "state's" and the article in "a round"; the ends of
# "she'll" and "we're", and the negation in "not able".
_NO_FIRST = frozenset("ais")
_RARELY_HALVES = frozenset(["ll", "re", "ve", "no", "not"])


def find(
    text: str,
    frequencies: Callable[[Iterable[str]], Mapping[str, int]],
    contains: Callable[[str], bool],
    examples: Callable[[str], Iterable[str]],
) -> list[tuple[str, str]]:
    """The compounds that a question writes closed and the index open, or the other way round, in both spellings.

    Both spellings are plain words: "toolbox" and "tool box". A hyphen counts as a space, but if one half is a function
    word or a letter, a hyphen must join the halves where they are written open ("on-boarding", not "on boarding").
    `frequencies` returns how many texts contain each of several words (it may leave out words in no text), and is
    called at most once. `contains` says whether a text contains a phrase, `examples` returns some of the texts that do:
    both are called only for two words of the index that are not rarer than the closed spelling.
    """
    words = plain_words(text)[:_MAX_WORDS]
    splits = [(word, *halves) for word in dict.fromkeys(words) for halves in _splits(word)]
    joined = [(closed, *pair) for pair in dict.fromkeys(pairwise(words)) for closed in _joined(*pair)]
    wanted = {word for words in splits for word in words} | {closed for closed, *_ in joined}
    known = frequencies(wanted) if wanted else {}
    hyphenated = _hyphenated(text)

    def is_open(closed: str, first: str, last: str) -> bool:
        number, most = known.get(closed, 0), min(known.get(first, 0), known.get(last, 0))
        if not most or number > max(most, _FEW) or (number and closed != first + last):
            return False
        if not contains(phrase := f"{first} {last}"):
            return False
        return not needs_hyphen(first, last) or any((first, last) in _hyphenated(each) for each in examples(phrase))

    def is_closed(closed: str, first: str, last: str) -> bool:
        return bool(known.get(closed)) and ((first, last) in hyphenated or not needs_hyphen(first, last))

    found = [split for split in splits if is_open(*split)] + [each for each in joined if is_closed(*each)]
    return [(closed, f"{first} {last}") for closed, first, last in found]


def needs_hyphen(first: str, last: str) -> bool:
    """Whether two words next to each other are a compound only if a hyphen joins them."""
    return (
        min(len(first), len(last)) < 2
        or len(first) + len(last) < _MIN_LENGTH
        or any(half in _RARELY_HALVES or is_function_word(half) for half in (first, last))
    )


def _splits(word: str) -> Iterator[tuple[str, str]]:
    """The halves that a closed compound may have, the last one in singular and plural."""
    if len(word) < _MIN_LENGTH_HYPHENATED or not word.isalpha() or is_function_word(word):
        return
    for at in range(1, len(word) - 1):
        if word[:at] not in _NO_FIRST:
            yield from ((word[:at], last) for last in _numbers(word[at:]))


def _joined(first: str, last: str) -> tuple[str, ...]:
    """The closed compounds that two neighbouring words may be, in singular and plural."""
    word = first + last
    return _numbers(word) if len(word) >= _MIN_LENGTH_HYPHENATED and word.isalpha() else ()


def _hyphenated(text: str) -> set[tuple[str, str]]:
    """The pairs of plain words that hyphens join in a text."""
    return {pair for match in _HYPHENATED.finditer(text) for pair in pairwise(plain_words(match[0]))}


def _numbers(word: str) -> tuple[str, ...]:
    """A word with what may be its singular or plural in English."""
    if word.endswith("s"):
        return (word, word[:-1], word[:-2]) if word.endswith("es") else (word, word[:-1])
    return (word, f"{word}es") if word.endswith(("x", "z", "ch", "sh")) else (word, f"{word}s")
