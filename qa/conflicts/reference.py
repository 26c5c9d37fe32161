"""Tells what a statement leaves to the text around it: the day on which it was written, or whom it is about."""

from __future__ import annotations

import re

from ..check.words import Words

# Words that mean another time wherever they are written.
_WRITTEN = re.compile(
    r"\b(?:today|yesterday|tomorrow|tonight|so far|ago|recently|earlier|later|this time|to date"
    r"|during the (?:day|week|month)"
    r"|(?:this|last|next|past|coming|previous|following|current|latest|same|prior)(?: \w+)?"
    r" (?:day|week|weekend|month|quarter|half|year|season|term|session|night|morning|afternoon|evening|spring|summer"
    r"|autumn|fall|winter|meeting|edition|round|game|match|race|monday|tuesday|wednesday|thursday|friday|saturday|sunday)s?)\b",
    re.I,
)
# A sentence that begins with one of these is about something that another sentence names.
_POINTERS = """
the this that these those it its he his she her they their we our i my such both another other one here there then
"""
_POINTING = frozenset(_POINTERS.split())
_SUBJECT = 5  # words in which a sentence that begins so may still name what it is about


def is_of_a_day(text: str) -> bool:
    """Whether a text says when something was by the day on which it was written."""
    return _WRITTEN.search(text) is not None


def points_back(words: Words, names: frozenset[int]) -> bool:
    """Whether a statement begins with a word for something that was named before; its names have these numbers."""
    return words.folded[0] in _POINTING and names.isdisjoint(range(_SUBJECT))
