"""Reads the values of JSON, also with comments or superfluous commas, and as far as they go if the end is cut off."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .decoding import Unreadable

_MAX_DEPTH = 500
_TOO_DEEP = "is nested too deeply to be read"
# Numbers are kept as text: a year may be a title, and no number is too large. Line ends within strings are tolerated.
_STRICT = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=lambda _: None, strict=False)
# What programs write before a value to make it a script: `window.YTD.tweets.part0 = [`, `callback(`, `)]}',`.
_PREFIX = re.compile(r"\s*(?:\)\]\}'?,?|(?:(?:var|let|const)\s+)?[A-Za-z_$][\w.$]*\s*(?:=(?!=)|\())(?=\s*[\[{])")
_SUFFIX = re.compile(r"[\s;)]*\Z")
_BETWEEN = re.compile(r"[\s,;\x1e\ufeff]*")
_TOKEN = re.compile(
    r"(?P<space>[\s\ufeff\x1e]+|//[^\n]*|/\*.*?\*/|\#[^\n]*)"
    r"|(?P<mark>[\[\]{}:,])"
    r'|(?P<string>"[^"\\]*(?:\\.[^"\\]*)*"|\'[^\'\\]*(?:\\.[^\'\\]*)*\')'
    r"|(?P<word>[^\s\[\]{}:,\"'/]+)",
    re.DOTALL,
)
_NUMBER = re.compile(r"[+-]?(?:0[xX][0-9a-fA-F]+|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)")
_NAME = re.compile(r"[A-Za-z_$][\w$-]*")
_LITERALS: dict[str, bool | None] = {
    "true": True, "false": False, "null": None, "undefined": None, "NaN": None, "Infinity": None, "-Infinity": None,
}  # fmt: skip
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "\n": ""}
_SENTENCE_END = re.compile(r".*(?:[.!?…](?=\s)|\n)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Values:
    """The values of a file, usually one, and what could not be read of it."""

    values: tuple[Any, ...]
    problem: str = ""


def read_line(line: str) -> Any:
    """The one value on a line, with numbers as strings. Raises ValueError if it is not JSON or nested too deeply."""
    try:
        return _STRICT.decode(line)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None


def read_values(text: str) -> Values:
    """The values of a text, with numbers as strings: one, or several one after the other.

    Comments, superfluous commas, names without quotes and the like do not change what is meant, and are read. In a file
    that is cut off, the value in which it ends is left out. Raises Unreadable, with the line of the error.
    """
    try:
        return Values((_STRICT.decode(text),))
    except json.JSONDecodeError as strict:
        error = strict
    except RecursionError:
        raise Unreadable(_TOO_DEEP) from None
    if error.msg == "Extra data":
        try:
            return Values(tuple(_sequence(text)))
        except (json.JSONDecodeError, RecursionError):
            pass
    try:
        return _Tolerant(text).read()
    except ValueError as tolerant:
        if str(tolerant) == _TOO_DEEP:
            raise Unreadable(_TOO_DEEP) from None
        raise Unreadable(f"is not JSON: there is an error in line {error.lineno}") from error


def _sequence(text: str) -> Iterator[Any]:
    position = _end_of(_BETWEEN, text, 0)
    while position < len(text):
        value, position = _STRICT.raw_decode(text, position)
        yield value
        position = _end_of(_BETWEEN, text, position)


def _end_of(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match else position


@dataclass(slots=True)
class _Open:
    """A list or an object whose end was not read yet; `name` is the one whose value comes next."""

    value: list[Any] | dict[str, Any]
    name: str | None = None
    is_named: bool = field(default=False)  # the colon after the name was read


class _Tolerant:
    """Reads tokens without recursion, so that no input is too deep for it, in linear time."""

    def __init__(self, text: str) -> None:
        prefix = _PREFIX.match(text)
        self._text = text
        self._start = prefix.end() if prefix else 0
        self._stop = text.rindex(end[0]) if prefix and (end := _SUFFIX.search(text)) and end[0] else len(text)
        self._open: list[_Open] = []
        self._values: list[Any] = []

    def read(self) -> Values:
        """All values. Raises ValueError for anything that has no certain meaning."""
        position = self._start
        while position < self._stop:
            token = _TOKEN.match(self._text, position, self._stop)
            if token is None:
                return self._cut_off(position)
            position = token.end()
            self._take(token)
        return self._cut_off(position) if self._open else Values(tuple(self._values))

    def _take(self, token: re.Match[str]) -> None:
        if token["mark"]:
            self._mark(token["mark"])
        elif token["string"]:
            self._scalar(_unescaped(token["string"][1:-1]), is_name=True)
        elif (word := token["word"]) and (_NUMBER.fullmatch(word) or word in _LITERALS):
            at_end = token.end() == self._stop and self._open
            if not at_end:  # else the number may be cut off
                self._scalar(_LITERALS.get(word, word.lstrip("+")), is_name=self._expects_name())
        elif word and self._expects_name() and _NAME.fullmatch(word):
            self._scalar(word, is_name=True)
        elif word and token.end() < self._stop:
            raise ValueError(f"means nothing: {word[:20]}")

    def _expects_name(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1].value, dict) and not self._open[-1].is_named

    def _mark(self, mark: str) -> None:
        top = self._open[-1] if self._open else None
        if mark in "[{":
            if len(self._open) >= _MAX_DEPTH:
                raise ValueError(_TOO_DEEP)
            value: list[Any] | dict[str, Any] = [] if mark == "[" else {}
            self._value(value)
            self._open.append(_Open(value))
        elif mark in "]}":
            if top is None or isinstance(top.value, dict) != (mark == "}") or top.name is not None:
                raise ValueError("ends what did not begin")
            self._open.pop()
        elif mark == ":":
            if top is None or top.name is None or top.is_named:
                raise ValueError("names nothing")
            top.is_named = True
        elif top is not None and top.name is not None:
            raise ValueError("lacks a value")

    def _scalar(self, value: Any, is_name: bool) -> None:
        if is_name and self._expects_name():
            if self._open[-1].name is not None:
                raise ValueError("lacks a colon")
            self._open[-1].name = str(value)
        else:
            self._value(value)

    def _value(self, value: Any) -> None:
        top = self._open[-1] if self._open else None
        if top is None:
            self._values.append(value)
        elif isinstance(top.value, list):
            top.value.append(value)
        elif top.name is not None and top.is_named:
            top.value[top.name] = value
            top.name, top.is_named = None, False
        else:
            raise ValueError("has no name")

    def _cut_off(self, position: int) -> Values:
        """What was read of a file that ends within a value; of a long text, its whole sentences."""
        rest = self._text[position : self._stop]
        if rest[:1] not in ("", '"', "'", "/") or not self._open:
            raise ValueError("is broken")
        whole = _SENTENCE_END.match(rest[1:])
        if whole and rest[0] != "/" and not self._expects_name():
            self._value(_unescaped(whole[0]))
        if not any(self._values):
            raise ValueError("holds nothing")
        return Values(tuple(self._values), f"is cut off in line {self._text.count(chr(10), 0, position) + 1}")


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text

    def character(escape: re.Match[str]) -> str:
        mark = escape[1]
        return chr(int(mark[1:], 16)) if len(mark) == 5 else _ESCAPED.get(mark, mark)

    plain = _ESCAPE.sub(character, text)
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
