"""Compares two values of one kind as a person does: rounded numbers agree, and so do bounds of different directions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from ..check.values import number_key
from ..check.words import Words

# Words before a number that name a place in a text, an item or a version, not an amount.
_NUMBERS_OF = """
act acts annex appendix article articles building chapter chapters clause code exhibit fig figure flight footnote form
highway house item items lemma level line list no note number option page pages para paragraph part phase play point
question regulation room route rule schedule section sections series sheet slide step steps subsection table task
theorem topic version vol volume week § # equation eq algorithm listing example id issue nr isbn phone tel ext
"""
_LOWER_BOUNDS = "least minimum more over above exceed exceeds exceeding beyond after from starting since"
_UPPER_BOUNDS = "most maximum up under below less fewer within before until max limit limited by upto"
_HEDGES = "about approximately approx around roughly nearly almost some circa ca estimated estimate estimates over"
_NUMBERED, _AT_LEAST = frozenset(_NUMBERS_OF.split()), frozenset(_LOWER_BOUNDS.split())
_AT_MOST, _ABOUT = frozenset(_UPPER_BOUNDS.split()), frozenset(_HEDGES.split())
_OF_BOUND = frozenset(("or", "minimum", "maximum"))  # after a number
_DECIMAL_COMMA = re.compile(r"^(\d+),(\d{1,2})$")
_AFTER_ITEM = re.compile(r"\s*(?:[-–—)\]|:]|\.\s)")
_SHORT_YEAR, _YEAR = 2, 4  # digits
_BESIDE = 4  # words before a number that may bound it
_ROUNDED = Decimal("0.1")  # how far two numbers may differ, as a share, if one of them is only about right


def is_numbered(words: Words, at: int) -> bool:
    """Whether a number names a section, a figure, a version … rather than an amount: Section 3, Baa-1, COVID-19.

    So does one in digits that a statement begins with, before a dash or a bracket: that of an item or a page.
    """
    start, end = words.spans[at].start, words.spans[at].end
    if not at and words.forms[at].isdecimal() and _AFTER_ITEM.match(words.text, end):
        return True
    is_part = start > 1 and words.text[start - 1] in "-_#/" and words.text[start - 2].isalnum()
    return is_part or (at > 0 and words.folded[at - 1] in _NUMBERED)


def bound(words: Words, at: int) -> int:
    """Whether a number is the least (-1) or the most (1) of what is meant, or just that (0)."""
    near = {*words.folded[max(0, at - _BESIDE) : at], *(_OF_BOUND & set(words.folded[at + 1 : at + 3]))}
    low, high = bool(near & _AT_LEAST), bool(near & _AT_MOST)
    return 0 if low == high else -1 if low else 1


def agree(ours: Words, at: int, theirs: Words, there: int) -> bool:
    """Whether two numbers may be the same amount: one is the other, rounded."""
    short, long = sorted((ours.folded[at], theirs.folded[there]), key=len)
    if _DECIMAL_COMMA.sub(r"\1.\2", short) == _DECIMAL_COMMA.sub(r"\1.\2", long):
        return True
    if len(short) == _SHORT_YEAR and len(long) == _YEAR and long.endswith(short):
        return True  # 1867–72 and 1867–1872
    one, other = amount(ours.folded[at]), amount(theirs.folded[there])
    if one is None or other is None:
        return False
    fewest = min(_decimals(one), _decimals(other))
    if round(one, fewest) == round(other, fewest):
        return True
    if _is_about(ours, at) or _is_about(theirs, there) or _is_round(one) != _is_round(other):
        return abs(one - other) <= _ROUNDED * max(abs(one), abs(other))
    return False


def amount(folded: str) -> Decimal | None:
    """A number as it counts; None if it is none."""
    try:
        found = Decimal(number_key(folded))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _decimals(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _is_round(number: Decimal) -> bool:
    """Whether a number has so many zeros that it may be rounded."""
    return number != 0 and number == number.to_integral_value() and int(number) % 100 == 0


def _is_about(words: Words, at: int) -> bool:
    return not _ABOUT.isdisjoint(words.folded[max(0, at - 3) : at])


def units_beside(words: Words, places: Sequence[int]) -> tuple[frozenset[str], str]:
    """The signs beside a value (currency, per cent), and the word that follows it, which may be its unit."""
    first, last = places[0], places[-1]
    signs = frozenset(
        words.folded[number]
        for number in (first - 1, last + 1)
        if 0 <= number < len(words) and not words.folded[number][0].isalnum()
    )
    after = last + 1
    while after < len(words) and not words.folded[after][0].isalnum():
        after += 1
    return signs, words.folded[after] if after < len(words) else ""
