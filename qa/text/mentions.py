"""Finds the names and numbers that a text mentions."""

from __future__ import annotations

import re

# A number, year, version or part number, whole: 3.12 is not 3.1, nor A4 A5.
_NUMBER = re.compile(r"\w*\d\w*(?:[.,/]\w+)*")
_WORD = re.compile(r"[\w'’-]+")


def names_of(question: str) -> list[str]:
    """Return the words of a question that are written with a capital, except its first one and "I"."""
    words = [match[0] for match in _WORD.finditer(question)][1:]
    return [word for word in words if word[0].isupper() and len(word) > 1 and not re.match(r"I['’]", word)]


def numbers_of(text: str) -> list[str]:
    """Return the numbers of a text as they are written, in order, each once."""
    return list(dict.fromkeys(match[0] for match in _NUMBER.finditer(text)))
