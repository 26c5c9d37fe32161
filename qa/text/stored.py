"""Checks the types of stored values: a value of an unexpected type raises ValueError.

Thus a reader of files need not take a TypeError, which is a bug in the program, for a sign of damage.
"""

from __future__ import annotations

import json
from typing import TypeVar

_Kind = TypeVar("_Kind")


def typed(value: object, kind: type[_Kind]) -> _Kind:
    """The value itself. Raises ValueError if it is not an instance of `kind`."""
    if not isinstance(value, kind):
        raise ValueError(f"{type(value).__name__} instead of {kind.__name__}")
    return value


def parse_json(raw: object, kind: type[_Kind]) -> _Kind:
    """The value of a JSON text. Raises ValueError if `raw` is not a string, not valid JSON or not of this `kind`."""
    try:
        return typed(json.loads(typed(raw, str)), kind)
    except RecursionError as error:
        raise ValueError("JSON is nested too deeply") from error


def strings(value: object) -> tuple[str, ...]:
    """The strings in a list. Raises ValueError if `value` is anything else."""
    return tuple(typed(item, str) for item in typed(value, list))
