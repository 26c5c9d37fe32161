"""Finds the names and numbers that a text mentions."""

from __future__ import annotations

import re

# A number, year, version or part number, whole: 3.12 is not 3.1, nor A4 A5. Where words are not separated by spaces
# (Thai, Chinese, Japanese), and of a Korean particle, only the digits belong to it.
_SIGN = r"[^\W\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
_NUMBER = re.compile(rf"{_SIGN}*\d{_SIGN}*(?:[.,/]{_SIGN}+)*")
_WORD = re.compile(r"[\w'’-]+")


def names_of(question: str) -> list[str]:
    """Return the words of a question that are written with a capital, except its first one and "I"."""
    words = [match[0] for match in _WORD.finditer(question)][1:]
    return [word for word in words if word[0].isupper() and len(word) > 1 and not re.match(r"I['’]", word)]


def numbers_of(text: str) -> list[str]:
    """Return the numbers of a text as they are written, in order, each once."""
    return list(dict.fromkeys(match[0] for match in _NUMBER.finditer(text)))
