"""Tells which words of a text are values (numbers, dates, names) or negate, and compares those of two texts."""

from __future__ import annotations

import re
from collections.abc import Set
from typing import Literal

from ..text.dates import dates_in
from ..text.terms import is_function_word
from .words import Words

ValueKind = Literal["number", "date", "name"]
_UNITS = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
eighteen nineteen twenty
"""
_TENS = "thirty forty fifty sixty seventy eighty ninety"
_ORDINALS = """
first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth
sixteenth seventeenth eighteenth nineteenth twentieth
"""
_NUMBER_WORDS = {
    **{word: str(number) for number, word in enumerate(_UNITS.split())},
    **{word: f"{number}th" for number, word in enumerate(_ORDINALS.split(), start=1)},
    **{word: f"{tens}0" for tens, word in enumerate(_TENS.split(), start=3)},
    **{word: word for word in ("million", "billion", "half", "quarter", "twice")},
} | {"hundred": "100", "thousand": "1000", "dozen": "12"}
_DATES = """
january february march april may june july august september october november december jan feb mar apr jun jul aug sep
sept oct nov dec monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays
saturdays sundays
"""
_DATE_WORDS = frozenset(_DATES.split())
_NEGATING = "not no never none nobody nothing neither nor cannot without unable nowhere hardly non"
_NEGATIONS = frozenset(_NEGATING.split())
_THOUSANDS = re.compile(r"(?<=\d)[, ](?=\d{3}(?!\d))")
_ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th)$")


def kind_of(words: Words, number: int, lower: Set[str] = frozenset()) -> ValueKind | None:
    """The kind of value that a word is; None if it is none.

    `lower` are words that stand in lower case elsewhere, and so are no names although a sentence begins with them.
    """
    form, folded = words.forms[number], words.folded[number]
    if any(map(str.isdigit, form)) or folded in _NUMBER_WORDS:
        return "number"
    if not form[0].isupper():
        return None
    if folded in _DATE_WORDS:
        return "date"
    if folded in lower or folded.removesuffix("'s") in lower or is_function_word(folded):
        return None
    return "name"


def is_negation(folded: str) -> bool:
    """Whether a word negates."""
    return folded in _NEGATIONS or folded.endswith("n't")


def number_key(folded: str) -> str:
    """A number in one form, whether it is written in digits, with separators, or as a word."""
    plain = _THOUSANDS.sub("", _ORDINAL.sub("th", _NUMBER_WORDS.get(folded, folded)))
    return plain.rstrip(".,:/") if "." not in plain else plain.rstrip("0").rstrip(".")


def name_key(folded: str) -> str:
    """A name without the ending of its genitive."""
    return folded.removesuffix("'s").removesuffix("'")


def values_of(words: Words, lower: Set[str] = frozenset()) -> dict[str, ValueKind]:
    """The values of a text by their keys; a date counts with its words, since another text may write it otherwise."""
    found: dict[str, ValueKind] = {}
    for number, folded in enumerate(words.folded):
        kind = kind_of(words, number, lower)
        if kind == "number":
            found[number_key(folded)] = kind
        elif kind is not None:
            found[name_key(folded)] = kind
    return found


def date_words(text: str) -> set[str]:
    """The keys of all words that a date of this text may be written with elsewhere: `2023-05-06` is also 6 May 2023."""
    found: set[str] = set()
    for _, (year, month, day) in dates_in(text):
        if year:
            found.add(str(year))
        if month:
            names = sorted(name for name in _DATE_WORDS if name.startswith(_MONTHS[month - 1]))
            found.update(names)
        if day:
            found.update((str(day), f"{day}th", f"{day:02}"))
    return found


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
