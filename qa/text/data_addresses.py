"""Finds `data:` URLs in a text: whole files encoded as characters, which must not become passages."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .document import Span

_SCHEME = "data:"
# RFC 2397. A shorter one is probably an example in an article about such URLs, and is kept.
_ADDRESS = re.compile(r"data:(?:[\w.+-]+/[\w.+-]+)?(?:;[\w.+=-]+)*,[^\s\"'<>()\[\]\\]{100,}")
_BEFORE = (("](", 2), ("(", 1), ("<", 1), ('"', 1), ("'", 1))
_AFTER = ")>\"'"


def data_addresses(text: str) -> Iterator[Span]:
    """The `data:` URLs with a hundred or more characters of data, in order, with the marks around each."""
    place = text.find(_SCHEME)
    while place >= 0:
        match = None if place and text[place - 1].isalnum() else _ADDRESS.match(text, place)
        if match is None:
            place = text.find(_SCHEME, place + 1)
            continue
        start = place - next((length for mark, length in _BEFORE if text.startswith(mark, max(0, place - length))), 0)
        end = match.end() + (text[match.end() : match.end() + 1] in _AFTER)
        yield Span(start, min(end, len(text)))
        place = text.find(_SCHEME, match.end())


def without_data_addresses(text: str) -> str:
    """The text without its `data:` URLs."""
    if _SCHEME not in text:
        return text
    parts, end = [], 0
    for span in data_addresses(text):
        parts.append(text[end : span.start])
        end = span.end
    return "".join([*parts, text[end:]])
