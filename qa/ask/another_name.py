"""Tells whether a text says of somebody or something else what is asked of a name: of the Brinde chapel, not of the
Kelbrook chapel.

What a name is said of is the word after it ("Kelbrook chapel", "Anna's salary"), or the word before it and a
preposition ("mayor of Kelbrook"). The text has to give another name in that place, and to be nowhere near the one that
is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

_NAME = r"[A-Z][\w-]*[a-z][\w-]*"  # no acronym, which has many other forms
_WORD = r"[^\W\d_][\w’'-]*"
_BEFORE = re.compile(rf"(?<![\w-])(?=(?P<name>{_NAME})(?:['’]s)? (?P<of>{_WORD}))")
_AFTER = re.compile(rf"(?<![\w-])(?=(?P<of>{_WORD} (?:of|in|at|from|by)) (?:the )?(?P<name>{_NAME}))")
# Where a word has a capital because a sentence, an item or a quotation begins.
_BEGINNING = re.compile(r"(?:^|[.!?:]\s+|\n[\W\d_]*|[“\"(])")
_NO_NAMES = frozenset({
    "mr", "mrs", "ms", "miss", "dr", "prof", "sir", "lady", "lord", "saint", "st", "the", "a", "an", "this", "that",
    "these", "those", "our", "your", "their", "his", "her", "its", "my", "new", "old", "no", "all", "some", "any",
    "each", "every", "many", "most", "one", "first", "last", "in", "on", "at", "of", "for", "from", "to", "by", "and",
    "or", "with", "if", "when", "as", "it",
})  # fmt: skip
_SAYS_NOTHING = _NO_NAMES | {
    "is", "was", "are", "were", "be", "been", "has", "have", "had", "do", "does", "did", "will", "would", "can",
    "could", "may", "might", "must", "shall", "should", "not", "but", "which", "who", "into", "over", "under", "than",
    "then", "also", "so",
}  # fmt: skip
_MISSPELT = 0.7  # names that are more alike may be one, written in two ways


def names_another(question: str, text: str, near: str) -> bool:
    """Whether a name of the question is not in `near`, and the text has another one in its place."""
    near, known = near.casefold(), question.casefold()
    asked = [(name, of) for name, of in _named(question) if name not in near]
    return any(
        of == wanted and not (name in known or name in missing or _alike(name, missing))
        for name, of in _named(text)
        for missing, wanted in asked
    )


def _named(text: str) -> Iterator[tuple[str, str]]:
    """Each name that is written inside a sentence, with what it is said of, in lower case."""
    beginnings = {match.end() for match in _BEGINNING.finditer(text)}
    for pattern in (_BEFORE, _AFTER):
        for match in pattern.finditer(text):
            name, of = match["name"].casefold(), match["of"].casefold()
            is_said = not _SAYS_NOTHING.issuperset(of.split()[:1])
            if match.start("name") not in beginnings and name not in _NO_NAMES and is_said:
                yield name, of


def _alike(one: str, other: str) -> bool:
    return SequenceMatcher(None, one, other).ratio() >= _MISSPELT
