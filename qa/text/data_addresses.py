"""Text → where `data:` addresses stand in it: files that were written into it as letters, which nobody reads.

It knows nothing about documents.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .document import Span

_SCHEME = "data:"
# RFC 2397. What is shorter is an example in an article about such addresses, and stays.
_ADDRESS = re.compile(r"data:(?:[\w.+-]+/[\w.+-]+)?(?:;[\w.+=-]+)*,[^\s\"'<>()\[\]\\]{100,}")
_BEFORE = (("](", 2), ("(", 1), ("<", 1), ('"', 1), ("'", 1))
_AFTER = ")>\"'"


def data_addresses(text: str) -> Iterator[Span]:
    """The `data:` addresses of a hundred characters and more, in order, with the marks that set each off."""
    place = text.find(_SCHEME)
    while place >= 0:
        found = None if place and text[place - 1].isalnum() else _ADDRESS.match(text, place)
        if found is None:
            place = text.find(_SCHEME, place + 1)
            continue
        start = place - next((length for mark, length in _BEFORE if text.startswith(mark, max(0, place - length))), 0)
        end = found.end() + (text[found.end() : found.end() + 1] in _AFTER)
        yield Span(start, min(end, len(text)))
        place = text.find(_SCHEME, found.end())


def without_data_addresses(text: str) -> str:
    """The text without its `data:` addresses."""
    if _SCHEME not in text:
        return text
    parts, end = [], 0
    for span in data_addresses(text):
        parts.append(text[end : span.start])
        end = span.end
    return "".join([*parts, text[end:]])
