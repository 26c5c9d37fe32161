"""Finds the text of a page that only its scripts contain: JSON-LD, and the data that an application starts with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..json_values import read_line
from .blocks import Element

_TEXTS = frozenset({"articlebody", "reviewbody", "text", "body", "content", "html", "description"})
_MIN_LETTERS = 40  # of a text: a shorter one is a label
_MOST_CHARACTERS, _MAX_DEPTH = 5_000_000, 40  # of one script, and of its values
_JSON = "//script[@type='application/ld+json' or @type='application/json' or @id='__NEXT_DATA__']"


def text_in_scripts(page: Element) -> str:
    """The longest text that is the value of a field for texts in a script's JSON; empty if there is none."""
    found = [text for script in page.xpath(_JSON) for text in _texts(_value(script.text or ""), 0)]
    return max(found, key=len, default="")


def _value(script: str) -> Any:
    if len(script) > _MOST_CHARACTERS:
        return None
    try:
        return read_line(script)
    except ValueError:
        return None


def _texts(value: Any, depth: int) -> Iterator[str]:
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, list):
        for inner in value:
            yield from _texts(inner, depth + 1)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if isinstance(inner, str):
                if name.casefold() in _TEXTS and sum(map(str.isalpha, inner)) >= _MIN_LETTERS and " " in inner:
                    yield inner
            else:
                yield from _texts(inner, depth + 1)
