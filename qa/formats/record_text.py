"""Writes the fields of a record as `name: value` lines, its lists of records as items or sections under their name."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from .builder import TextBuilder
from .markup import is_html, text_of_html
from .named_values import is_number, is_scalar, is_technical, label, name_within, one_line, scalar, scalars, unwrapped
from .tables import write_table

MAX_VALUES = 20_000  # of one record
_MAX_DEPTH = 12
_FEW = 12  # values of an object that are written among those of the object around it
_SHORT = 300  # characters of a record that is one item of a list
_PROSE = 200  # characters from which a value is a paragraph of its own
_LONG_ITEM = 60  # characters from which the values of a list are items instead of words between commas
_MAX_PREFIX = 120  # characters
_LIST_SEPARATOR = ", "
_PARAGRAPH_END = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")
TITLES = ("title", "headline", "name", "subject", "label", "heading", "displayName", "display_name", "full_name",
          "fullName", "caption", "summary", "question", "term", "key", "code", "id", "_id")  # fmt: skip
# Objects around the fields that belong to the record itself.
WRAPPERS = {
    "source",
    "properties",
    "attributes",
    "data",
    "fields",
    "node",
    "item",
    "record",
    "entry",
    "payload",
    "value",
}

Skipped = Collection[tuple[int, str]]  # fields that are shown otherwise: the `id` of their object, and their name


@dataclass(slots=True)
class _Section:
    """A value that gets a heading, below the lines of the record that contains it."""

    name: str
    value: Any


@dataclass(slots=True)
class RecordWriter:
    """Writes one record, without its `skipped` fields, to a TextBuilder; `problems` says what of it was left out."""

    builder: TextBuilder
    skipped: Skipped = ()
    problems: list[str] = field(default_factory=list)
    _room: int = MAX_VALUES
    _lines: list[str] = field(default_factory=list)

    def write(self, value: Any, level: int = 2) -> None:
        """Write a record, or a list of values; sections get headings from `level` down."""
        if isinstance(value, dict) and self.skipped:
            value = {name: inner for name, inner in value.items() if (id(value), name) not in self.skipped}
        if isinstance(value, dict) and _keyed(value):
            self._list("", value, level, 0)
        elif isinstance(value, dict):
            sections: list[_Section] = []
            self._fields(value, "", sections, 0)
            self._end_lines()
            for section in sections:
                self._section(section, level, 1)
        elif isinstance(value, list):
            self._list("", value, level, 0)
        else:
            self._line("", "" if is_number(value) else scalar("", value))
        self._end_lines()

    def _fields(self, value: dict[str, Any], prefix: str, sections: list[_Section], depth: int) -> None:
        for name, inner in value.items():
            if self._room <= 0:
                return
            if (id(value), name) in self.skipped or is_technical(name, inner, depth):
                continue
            inner = unwrapped(inner)
            words = label(name)
            full = f"{prefix} {words}"[-_MAX_PREFIX:].strip()
            if isinstance(inner, dict):
                if depth >= _MAX_DEPTH:
                    self._leave_out_deep(inner)
                elif words.casefold() in WRAPPERS:
                    self._fields(inner, prefix, sections, depth + 1)
                elif is_small(inner):
                    self._fields(inner, full, sections, depth + 1)
                else:
                    sections.append(_Section(full, inner))
            elif isinstance(inner, list) and not all(map(is_scalar, inner)):
                self._nested_list(full, inner, sections)
            elif isinstance(inner, list):
                self._values(full, inner)
            else:
                self._line(full, scalar(words, inner))

    def _nested_list(self, name: str, values: list[Any], sections: list[_Section]) -> None:
        """A list of objects gets a section, unless they are only names; the numbers that outline a shape get none."""
        names = [name_within(value) for value in values if isinstance(value, dict) and len(value) == 1]
        if len(names) == len(values) and all(names):
            self._line(name, _LIST_SEPARATOR.join(names))
        elif any(isinstance(value, dict) for value in values) or any(_rows(values)):
            sections.append(_Section(name, values))

    def _values(self, name: str, values: list[Any]) -> None:
        texts = scalars(name, values)
        if any(len(text) > _LONG_ITEM or _LIST_SEPARATOR in text for text in texts) and len(texts) > 1:
            self._end_lines()
            self.builder.paragraph(f"{name}:")
            self._take_room(len(texts))
            self.builder.items(texts)
        else:
            self._line(name, _LIST_SEPARATOR.join(texts))

    def _section(self, section: _Section, level: int, depth: int) -> None:
        if depth > _MAX_DEPTH:
            self._leave_out_deep(section.value)
        elif not says_something(section.value):
            return
        elif isinstance(section.value, list) or _keyed(section.value):
            self._list(section.name, section.value, level, depth)
        else:
            self._record(section.name, section.value, level, depth)

    def _record(self, name: str, value: dict[str, Any], level: int, depth: int) -> None:
        sections: list[_Section] = []
        self.builder.heading(level, name)
        self._fields(value, "", sections, depth)
        self._end_lines()
        for section in sections:
            self._section(section, level + 1, depth + 1)

    def _list(self, name: str, values: list[Any] | dict[str, Any], level: int, depth: int) -> None:
        """The records of a list: each one line where they are short, else each under a heading of its own."""
        if depth > _MAX_DEPTH:
            self._leave_out_deep(values)
            return
        self.builder.heading(level, name)
        if isinstance(values, list) and (rows := _rows(values)) and len(rows) == len(values):
            self._take_room(sum(map(len, rows)))
            write_table(self.builder, rows if self._room > 0 else [])
            return
        pairs = list(values.items()) if isinstance(values, dict) else [("", value) for value in values]
        items = [self._item(key, value) for key, value in pairs]
        if all(item is not None for item in items):
            self._take_room(len(items))
            self.builder.items([item for item in items if item] if self._room > 0 else [])
            return
        for number, (key, value) in enumerate(pairs, start=1):
            if self._room <= 0:
                break
            if isinstance(value, dict):
                title = label(key) if key else title_of(value) or f"{name} {number}".strip()
                self._record(title, value, level + bool(name), depth + 1)
            elif isinstance(value, list):
                self._list(f"{name} {number}".strip(), value, level + bool(name), depth + 1)
            else:
                self._line("", scalar(name, value))
                self._end_lines()

    def _item(self, key: str, value: Any) -> str | None:
        """A short record on one line; None if it is long, or contains more than values."""
        if is_scalar(value):
            text = one_line(scalar("", value))
            return text if len(text) <= _SHORT else None
        if not isinstance(value, dict) or not is_small(value):
            return None
        pairs = list(_pairs(value, ""))
        line = pairs[0][1] if len(pairs) == 1 else "; ".join(f"{name}: {text}" for name, text in pairs)
        line = f"{label(key)} – {line}" if key and line else line
        return line if len(line) <= _SHORT else None

    def _line(self, name: str, text: str) -> None:
        """One `name: value` line; a long value is a paragraph, or several."""
        if not text:
            return
        self._take_room(1)
        if self._room <= 0:
            return
        before = f"{name}: " if name else ""
        if is_html(text):
            text = text_of_html(text)
        paragraphs = [part for part in _PARAGRAPH_END.split(text) if part.strip()]
        if len(paragraphs) == 1 and len(text) < _PROSE:
            self._lines.append(before + one_line(text))
            return
        self._end_lines()
        for paragraph in paragraphs:
            self.builder.paragraph(before + paragraph)
            before = ""

    def _end_lines(self) -> None:
        self.builder.lines(self._lines)
        self._lines = []

    def _take_room(self, values: int) -> None:
        if 0 < self._room <= values:
            self.problems.append(f"only the first {MAX_VALUES} values of a record are read")
        self._room -= values

    def _leave_out_deep(self, value: Any) -> None:
        problem = f"values within more than {_MAX_DEPTH} others are not read"
        if value and problem not in self.problems:
            self.problems.append(problem)


def title_of(value: dict[str, Any], names: Collection[str] = TITLES) -> str:
    """What a record calls itself: its first field of these names that has a value; empty if it has none."""
    by_name = {name.casefold(): inner for name, inner in value.items() if isinstance(inner, (str, dict))}
    found = (name_within(by_name[name.casefold()]) for name in names if name.casefold() in by_name)
    return next((text for text in found if text and len(text) <= _PROSE), "")


def is_small(value: dict[str, Any]) -> bool:
    """Whether an object has few values and no lists of objects."""
    count = 0
    waiting: list[tuple[Any, int]] = [(value, 0)]
    while waiting:
        inner, depth = waiting.pop()
        children = inner.values() if isinstance(inner, dict) else inner
        count += len(inner)
        if count > _FEW or depth > 2:
            return False
        for child in children:
            if isinstance(child, dict) and isinstance(inner, list):
                return False
            if not is_scalar(child):
                waiting.append((child, depth + 1))
    return True


def _pairs(value: dict[str, Any], prefix: str, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Yield the name and text of each value of a small object."""
    for name, inner in value.items():
        words = f"{prefix} {label(name)}".strip()
        if is_technical(name, inner, depth + 1):
            continue
        if isinstance(inner, dict):
            yield from _pairs(inner, words, depth + 1)
        elif text := _LIST_SEPARATOR.join(scalars(words, inner)) if isinstance(inner, list) else scalar(words, inner):
            yield words, one_line(text)


def says_something(value: Any, depth: int = 0) -> bool:
    """Whether anything of a value is read."""
    if isinstance(value, dict):
        return depth < _MAX_DEPTH and any(
            not is_technical(name, inner, depth + 1)
            and (scalar(label(name), inner) or says_something(inner, depth + 1))
            for name, inner in value.items()
        )
    if isinstance(value, list):
        if all(map(is_scalar, value)):
            return bool(scalars("", value))
        return depth < _MAX_DEPTH and (
            any(_rows(value)) or any(says_something(inner, depth + 1) for inner in value if isinstance(inner, dict))
        )
    return bool(scalar("", value))


def _keyed(value: dict[str, Any]) -> bool:
    """Whether an object is a list of records by another name: two or more objects that have a field in common."""
    if len(value) < 2 or not all(isinstance(inner, dict) and inner for inner in value.values()):
        return False
    first, *others = value.values()
    return all(not first.keys().isdisjoint(other) for other in others)


def _rows(values: list[Any]) -> list[list[str]]:
    """The rows of a table, if the values are lists of which not all are numbers."""
    rows = [
        [one_line(scalar("", cell)) for cell in row]
        for row in values
        if isinstance(row, list) and row and all(map(is_scalar, row))
    ]
    return rows if any(cell and not is_number(cell) for row in rows for cell in row) else []
