"""Reading what was stored: a value is of the kind that was written, or a ValueError says that it is not.

So whoever reads need not take a TypeError, which is a mistake of the program, for a sign of damage.
"""

from __future__ import annotations

import json
from typing import TypeVar

_Kind = TypeVar("_Kind")


def typed(value: object, kind: type[_Kind]) -> _Kind:
    """The value; raises ValueError where it is of another kind."""
    if not isinstance(value, kind):
        raise ValueError(f"{type(value).__name__} stands where {kind.__name__} was written")
    return value


def loaded(raw: object, kind: type[_Kind]) -> _Kind:
    """What a text says as JSON; raises ValueError where it is no text, no JSON or of another kind."""
    try:
        return typed(json.loads(typed(raw, str)), kind)
    except RecursionError as error:
        raise ValueError("lists stand in lists without end") from error


def strings(value: object) -> tuple[str, ...]:
    """The texts of a list; raises ValueError where it is none."""
    return tuple(typed(each, str) for each in typed(value, list))
