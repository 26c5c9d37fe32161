"""Frozen values such as an Answer as JSON, and back exactly.

`Answer.as_json` is for other programs: it rounds, renames and leaves out. This is for what the chat reads again itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from functools import lru_cache
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from ...errors import QAError

_Value = TypeVar("_Value")


def to_json(value: object) -> str:
    """Return a frozen dataclass as a JSON text; fields that have their default are left out."""
    return json.dumps(_plain(value), separators=(",", ":"))


def from_json(kind: type[_Value], text: str) -> _Value:
    """Return the value of a text that `to_json` made.

    A field that it lacks gets its default, and one that is no longer known is dropped, so that a text outlives a
    change of the class where that is possible. Raises ValueError if it is not.
    """
    try:
        value: _Value = _read(kind, json.loads(text))
    except RecursionError as error:
        raise ValueError("JSON is nested too deeply") from error
    return value


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        given = ((field, getattr(value, field.name)) for field in fields(value))
        return {field.name: _plain(each) for field, each in given if field.default is MISSING or each != field.default}
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return value.isoformat() if isinstance(value, datetime) else value


def _read(kind: Any, value: Any) -> Any:
    origin, inner = get_origin(kind), get_args(kind)
    if is_dataclass(kind):
        return _read_fields(kind, value)
    if origin in (Union, UnionType):
        return None if value is None and type(None) in inner else _read(_not_none(inner), value)
    if origin is tuple:
        kinds = [inner[0]] * len(value) if inner[-1] is Ellipsis and isinstance(value, list) else inner
        if not isinstance(value, list) or len(kinds) != len(value):
            raise ValueError(f"{value!r:.80} is not a list of {kind}")
        return tuple(_read(each, part) for each, part in zip(kinds, value, strict=True))
    if origin is not None and origin is not Literal and issubclass(origin, Mapping):
        if not isinstance(value, dict):
            raise ValueError(f"{value!r:.80} is not an object")
        return {name: _read(inner[1], each) for name, each in value.items()}
    return _checked(kind, value)


def _read_fields(kind: Any, value: Any) -> Any:
    if not isinstance(value, dict):
        raise ValueError(f"{value!r:.80} is not an object")
    hints = _hints(kind)
    try:
        return kind(**{name: _read(hints[name], each) for name, each in value.items() if name in hints})
    except (TypeError, QAError) as error:  # a field without a default is missing; a value is refused
        raise ValueError(str(error)) from error


def _checked(kind: Any, value: Any) -> Any:
    allowed = get_args(kind)
    if kind is datetime and isinstance(value, str):
        return datetime.fromisoformat(value)
    if kind is float and type(value) is int:
        return float(value)
    if (value in allowed) if allowed else (type(value) is kind):
        return value
    raise ValueError(f"{value!r:.80} is not of {kind}")


def _not_none(kinds: tuple[Any, ...]) -> Any:
    (kind,) = (kind for kind in kinds if kind is not type(None))
    return kind


@lru_cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
