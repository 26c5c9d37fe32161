"""Reads the fields at the top of a Markdown file: front matter in YAML, TOML or JSON, as strings."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from ..text.dates import as_iso, latest_date

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_MAX = 50_000  # characters
_MAX_FIELDS, _MAX_VALUE = 100, 1_000
_FENCED = re.compile(
    r"(?P<fence>---|\+\+\+)[ \t]*\n(?P<fields>.*?)^(?:(?P=fence)|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE
)
_FIELD = re.compile(r"(?P<name>[A-Za-z][\w .-]{0,60}?)[ \t]*[:=][ \t]+(?P<value>\S.*)")
_NO_VALUE = ("", "~", "null", "Null", "NULL")
_DATES = ("date", "created", "updated", "published", "modified", "lastmod")


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """Where front matter ends (0 if there is none), and its fields."""

    end: int = 0
    fields: Mapping[str, str] = field(default_factory=dict)


def front_matter(text: str) -> FrontMatter:
    """The front matter of a text; fields that have no text are left out, and lists are joined by commas.

    Where YAML or TOML cannot be read, lines `name: value` are taken one by one. A field such as `ms.date` is also read
    as `date` if there is no `date`, and `authors` as `author`.
    """
    if text.startswith("{"):
        return _json(text)
    match = _FENCED.match(text, 0, _MAX)
    if match is None:
        return FrontMatter()
    raw = match["fields"]
    values = _toml(raw) if match["fence"] == "+++" else _yaml(raw)
    if values is None:
        values = {each["name"]: each["value"] for each in map(_FIELD.fullmatch, raw.split("\n")) if each}
    return FrontMatter(match.end(), _fields(values))


def _json(text: str) -> FrontMatter:
    """A JSON object with a blank line or a heading after it; a file that is nothing but JSON has no front matter."""
    try:
        value, end = json.JSONDecoder(parse_int=str, parse_float=str).raw_decode(text[:_MAX])
    except (ValueError, RecursionError):
        return FrontMatter()
    if not isinstance(value, dict) or not re.match(r"[ \t]*\n\s*\S", text[end:]):
        return FrontMatter()
    return FrontMatter(end, _fields(value))


def _yaml(raw: str) -> Mapping[Any, Any] | None:
    try:
        values: Any = yaml.load(raw, Loader=yaml.BaseLoader)  # noqa: S506 (BaseLoader creates only strings)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    return values if isinstance(values, dict) else {}


def _toml(raw: str) -> Mapping[str, Any] | None:
    try:
        values: Mapping[str, Any] = tomllib.loads(raw)
    except (ValueError, RecursionError):
        return None
    return values


def _fields(values: Mapping[Any, Any]) -> dict[str, str]:
    named = {str(name).strip().lower(): _text(value) for name, value in [*values.items()][:_MAX_FIELDS]}
    if not isinstance(values.get("title", ""), (str, int, float)):
        named.pop("title", None)
    known = {name: value[:_MAX_VALUE] for name, value in named.items() if value not in _NO_VALUE and name}
    by_last = {name.rpartition(".")[2]: value for name, value in known.items() if "." in name}
    for name, others in (("author", ("authors", "by")), ("date", ("published", "created")), ("tags", ("keywords",))):
        value = by_last.get(name) or next((known[other] for other in others if other in known), "")
        if name not in known and value:
            known[name] = value
    for name in _DATES:
        if re.match(r"\d{4}-\d\d-\d\d[T ]", known.get(name, "")):
            known[name] = as_iso(latest_date(known[name][:10])) or known[name]
    return known


def _text(value: Any, depth: int = 0) -> str:
    """A value on one line; a list of texts is joined, and of an object its name counts."""
    if isinstance(value, dict):
        return _text(value.get("name", ""), depth + 1) if depth < 2 else ""
    if isinstance(value, list):
        return ", ".join(filter(None, (_text(each, depth + 1) for each in value[:50]))) if depth < 2 else ""
    return " ".join(str(value).split()) if isinstance(value, (str, int, float)) or hasattr(value, "isoformat") else ""
