"""What a person reads of a record: the names of its fields in words, and values without what only programs use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .timestamps import moment, written

_LINE_END = re.compile(r"\r\n?")
_NOT_TEXT = re.compile("[\x00\ud800-\udfff]")  # characters that JSON can escape but no text file can contain
_SPACE = re.compile(r"\s+")
_CAMEL = re.compile(r"[a-z]+[0-9]*(?:[A-Z]+[a-z0-9]*)+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SNAKE = re.compile(r"[A-Za-z0-9]+(?:_+[A-Za-z0-9]+)+")
_MAX_NAME = 60  # characters
_MAX_LIST = 200  # values of a list that are shown
_MANY_NUMBERS = 16  # in a list: more are a vector or an outline, not something to read

# Values that only programs use.
_CODE = re.compile(
    r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"  # UUID
    r"|(?=[^\s]*\d)(?=[^\s]*[a-fA-F])(?:sha\d+[-:])?[0-9a-fA-F]{16,}"  # hash
    r"|(?=[^\s]*\d)(?=[^\s]*[a-z])(?=[^\s]*[A-Z])[\w+/=-]{24,}"  # token, base64
    r"|[^\s]{100,}"
)
_URL = re.compile(r"(?:[a-z][a-z0-9+.-]{1,15}://|www\.|data:)\S*", re.IGNORECASE)
_MAX_ADDRESS = 100  # characters
_ADDRESS_NAMES = {"url", "website", "homepage", "page", "web", "link", "site", "repository", "permalink"}
_CODE_NAMES = {"context", "schema", "etag", "cursor", "v", "typename", "csrf", "signature", "checksum", "hash", "nonce"}
_TIME = re.compile(
    r"(?:^|[\s_.-])(?:at|date|time|timestamp|ts|on|created|updated|modified|edited|published|since|until|expires|due"
    r"|start|end|usec|msec|ms)(?:$|\s(?:usec|msec|ms|utc|unix|unixtime)$)",
    re.IGNORECASE,
)
_HAS_HOURS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")

_SHAPES = {"Feature", "FeatureCollection", "Point", "LineString", "Polygon", "MultiPoint", "MultiPolygon", "Topology"}

# Objects that stand for their text, for the name of a person, or for a date.
_TEXTS = (
    "rendered", "text", "plain_text", "plain", "value", "#text", "$t", "_text", "html", "markdown", "raw", "insert",
    "simpleText", "en", "content", "children", "parts", "paragraphs", "blocks", "runs", "ops", "nodes", "document",
)  # fmt: skip
_PERSON = ("name", "displayName", "display_name", "real_name", "full_name", "fullName", "title", "literal", "login",
           "username", "screen_name", "nick", "email", "emailAddress")  # fmt: skip
_FIRST = ("first_name", "firstName", "given", "givenName", "firstname", "first")
_LAST = ("last_name", "lastName", "family", "familyName", "lastname", "surname", "last")
_ONLY_TEXT = {"rendered", "#text", "$t", "_text", "simpleText", "plain_text"}
_PARAGRAPHS = {"paragraph", "heading", "block", "list_item", "listItem", "header-one", "header-two", "unstyled"}
_MAX_DEPTH = 12


def clean(text: str) -> str:
    """The canonical text of a string: uniform line ends, and a mark for characters that no text file can contain."""
    return _NOT_TEXT.sub("\ufffd", _LINE_END.sub("\n", text))


def one_line(text: str) -> str:
    return _SPACE.sub(" ", text).strip()


def label(name: str) -> str:
    """The name of a field in words: `openingHours` and `opening_hours` → `opening hours`, `@type` → `type`."""
    words = one_line(clean(name)).lstrip("@$_#").rstrip("_:") or one_line(clean(name))
    if _CAMEL.fullmatch(words):
        parts = _HUMP.sub(" ", words).split(" ")
        words = " ".join(part if part.isupper() and len(part) > 1 else part.lower() for part in parts)
    elif _SNAKE.fullmatch(words):
        words = " ".join(words.replace("_", " ").split())
    return words if len(words) <= _MAX_NAME else words[: _MAX_NAME - 1] + "…"


def is_scalar(value: object) -> bool:
    return not isinstance(value, (dict, list))


def scalar(name: str, value: object) -> str:
    """A value as a person reads it, in its own words; empty if it is missing or only for programs. `name` is a label.

    A number of seconds since 1970, and a time with a zone, become a date in UTC; any other number stays as it is.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return ""
    text = clean(value).strip()
    if not text or _is_for_programs(name, text):
        return ""
    is_time = _HAS_HOURS.match(text) or (text.replace(".", "", 1).isdigit() and _TIME.search(name))
    when = moment(text) if is_time else None
    return written(when) if when is not None else text


def _is_for_programs(name: str, text: str) -> bool:
    lowered = name.casefold()
    if lowered in _CODE_NAMES:
        return True
    if _URL.fullmatch(text):
        return lowered not in _ADDRESS_NAMES or len(text) > _MAX_ADDRESS or text.startswith("data:")
    return len(text) >= 16 and bool(_CODE.fullmatch(text))


def is_technical(name: str, value: object, depth: int) -> bool:
    """Whether a field within so many objects is only for programs: `_score`, `_links`, the type of a part."""
    if name.startswith("_"):
        return is_scalar(value) or name in ("_links", "_meta")
    return name in ("@context", "@id") or (
        name in ("@type", "type") and _is_type(value) and (value in _SHAPES or depth > 0)
    )


def _is_type(value: object) -> bool:
    return isinstance(value, str) and value[:1].isupper() and value.isalnum()


def scalars(name: str, values: list[Any]) -> list[str]:
    """The values of a list that are read, in their order; none of a long list of numbers."""
    if len(values) > _MANY_NUMBERS and all(is_number(value) for value in values):
        return []
    texts = [one_line(scalar(name, value)) for value in values[:_MAX_LIST]]
    return [text for text in texts if text]


def is_number(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        float(value)
    except ValueError:
        return False
    return True


def text_within(value: object, depth: int = 0) -> str:
    """The text that a value stands for, such as `{"rendered": …}`, a list of paragraphs or the nodes of rich text."""
    if isinstance(value, str):
        return clean(value)
    if depth > _MAX_DEPTH:
        return ""
    if isinstance(value, list):
        parts = [part for part in (text_within(entry, depth + 1) for entry in value) if part.strip()]
        return ("" if _are_runs(value) else "\n\n").join(parts)
    if isinstance(value, dict):
        texts = (text_within(value[name], depth + 1) for name in _TEXTS if value.get(name))
        return next((text for text in texts if text.strip()), "")
    return ""


def _are_runs(values: list[Any]) -> bool:
    """Whether they are parts of one paragraph: at least one is an object with a string as its text."""
    return any(
        isinstance(value, dict) and any(isinstance(value.get(name), str) for name in ("text", "plain_text", "insert"))
        for value in values
    ) and not any(isinstance(value, dict) and _is_paragraph(value.get("type")) for value in values)


def _is_paragraph(kind: object) -> bool:
    return isinstance(kind, str) and kind in _PARAGRAPHS


def unwrapped(value: Any) -> Any:
    """The text of an object that holds nothing but a text and how it is written; any other value as it is."""
    return text_within(value) if isinstance(value, dict) and not _ONLY_TEXT.isdisjoint(value) else value


def name_within(value: object, depth: int = 0) -> str:
    """The name of a person or thing that a value states: a string, an object with a name, or a list of such."""
    if isinstance(value, str):
        return one_line(clean(value))
    if isinstance(value, list) and depth < _MAX_DEPTH:
        names = (name_within(entry, depth + 1) for entry in value[:_MAX_LIST])
        return ", ".join(dict.fromkeys(filter(None, names)))
    if not isinstance(value, dict):
        return ""
    first, last = _first(value, _FIRST), _first(value, _LAST)
    if first and last:
        return f"{first} {last}"
    return _first(value, _PERSON) or one_line(text_within(value.get("rendered"), _MAX_DEPTH)) or last or first


def _first(value: Mapping[str, Any], names: tuple[str, ...]) -> str:
    found = (one_line(clean(value[name])) for name in names if isinstance(value.get(name), str))
    return next(filter(None, found), "")
