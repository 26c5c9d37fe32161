"""Finds `data:` URLs in a text: whole files encoded as characters, which must not become passages."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .document import Span

_SCHEME = "data:"
# RFC 2397. A shorter one is probably an example in an article about such URLs, and is kept.
_URL = re.compile(r"data:(?:[\w.+-]+/[\w.+-]+)?(?:;[\w.+=-]+)*,[^\s\"'<>()\[\]\\]{100,}")
_BEFORE = (("](", 2), ("(", 1), ("<", 1), ('"', 1), ("'", 1))
_AFTER = ")>\"'"


def data_urls(text: str) -> Iterator[Span]:
    """The `data:` URLs with a hundred or more characters of data, in order, with the marks around each."""
    index = text.find(_SCHEME)
    while index >= 0:
        match = None if index and text[index - 1].isalnum() else _URL.match(text, index)
        if match is None:
            index = text.find(_SCHEME, index + 1)
            continue
        start = index - next((length for mark, length in _BEFORE if text.startswith(mark, max(0, index - length))), 0)
        end = match.end() + (text[match.end() : match.end() + 1] in _AFTER)
        yield Span(start, min(end, len(text)))
        index = text.find(_SCHEME, match.end())


def without_data_urls(text: str) -> str:
    """The text without its `data:` URLs."""
    if _SCHEME not in text:
        return text
    parts, end = [], 0
    for span in data_urls(text):
        parts.append(text[end : span.start])
        end = span.end
    return "".join([*parts, text[end:]])
