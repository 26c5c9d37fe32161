"""Text → the acronyms that it introduces, with what they stand for.

It knows nothing about documents or indexes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# What an acronym may look like: one word of two to ten letters and digits with at least two capitals.
_SHORT = re.compile(r"[^\W_]{2,10}")
_BRACKETS = re.compile(r"\(([^()\n]{2,200})\)")
_WORD = re.compile(r"\S+")
_ENDS = re.compile(r"[.!?;:()][\"'”’]?\s|\n\s*\n")  # what a long form does not reach across
_BEFORE = 200  # characters that are looked at before a bracket


def find(text: str) -> Iterator[tuple[str, str]]:
    """(short form, long form) of each acronym that is introduced: `Long Form (LF)` or `LF (Long Form)`.

    After Schwartz and Hearst, "A Simple Algorithm for Identifying Abbreviation Definitions in Biomedical Text",
    Pacific Symposium on Biocomputing 2003.
    """
    for bracket in _BRACKETS.finditer(text):
        before = text[max(0, bracket.start() - _BEFORE) : bracket.start()].rstrip()
        inside = re.split(r"[,;:]", bracket[1])[0].strip()
        last = before.split()[-1] if before.split() else ""
        short, candidate = (inside, _last_words(before, inside)) if _is_short(inside) else (last, bracket[1])
        short = re.sub(r"(?<=[A-Z]{2})s$", "", short)  # of several
        long = _long_form(short, candidate) if _is_short(short) else ""
        if long:
            yield short, long


def _is_short(text: str) -> bool:
    return _SHORT.fullmatch(text) is not None and sum(map(str.isupper, text)) >= 2


def _last_words(before: str, short: str) -> str:
    """The words of the sentence that the long form may be made of, by their number: the last of them."""
    sentence = _ENDS.split(before)[-1]
    words = list(_WORD.finditer(sentence))[-_most_words(short) :]
    return sentence[words[0].start() :] if words else ""


def _most_words(short: str) -> int:
    return min(len(short) + 5, 2 * len(short))


def _long_form(short: str, candidate: str) -> str:
    """The end of `candidate` that `short` stands for, or nothing.

    Its letters are found from the last to the first, each at or before the one found last, the first one at the
    beginning of a word.
    """
    place = len(candidate)
    for number in range(len(short) - 1, -1, -1):
        letter = short[number].lower()
        place -= 1
        while place >= 0 and (
            candidate[place].lower() != letter or (number == 0 and place > 0 and candidate[place - 1].isalnum())
        ):
            place -= 1
        if place < 0:
            return ""
    long = candidate[place:].strip(" ,;:\"“”'")
    words = re.findall(r"\w+", long)
    good = len(words) > 1 and len(long) > len(short) and short not in words
    return long if good and len(words) <= _most_words(short) else ""
