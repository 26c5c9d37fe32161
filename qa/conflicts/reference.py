"""Tells what a statement leaves to the text around it: the day or the version that it is of, or whom it is about."""

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
# A sentence that begins with one of the first is about something that another sentence names; with "the", it may be.
_POINTERS = "this these that those it its he his she her they their such both another other one"
_POINTING = frozenset(_POINTERS.split())
_SUBJECT = 5  # words in which a sentence that begins with "the" may still name what it is about
# It tells of the text that it stands in, of which another version has a day of its own.
_OF_VERSION = re.compile(
    r"\beffective date\b|\blast (?:\w+ )?(?:reviewed|updated|modified|revised|edited|review|update)\b|\bcopyright\b"
    r"|^\W*(?:version|revision)\b"
    r"|^\W*this (?:\w+ ){1,3}(?:was (?:adopted|approved|issued|written)|covers the period)\b",
    re.I,
)
# It tells what somebody said of one day, and tomorrow another.
_REPORTED = re.compile(r"\b(?:said|told|reported|announced|spokes(?:man|woman|person))\b", re.I)


def is_of_a_day(text: str) -> bool:
    """Whether a text says when something was by the day on which it was written."""
    return _WRITTEN.search(text) is not None


def is_of_a_version(text: str) -> bool:
    """Whether a text says of which day or version the text around it is: last updated on 30 June."""
    return _OF_VERSION.search(text) is not None


def is_reported(text: str) -> bool:
    """Whether a text reports what somebody said."""
    return _REPORTED.search(text) is not None


def points_back(words: Words) -> bool:
    """Whether a statement begins with a word for something that was named before."""
    return words.folded[0] in _POINTING


def may_point_back(words: Words, names: frozenset[int]) -> bool:
    """Whether a statement begins with "the" and names nothing soon; its names are the words with these numbers."""
    return words.folded[0] == "the" and names.isdisjoint(range(_SUBJECT))
