"""Looks words up in the catalogue of the language that is spoken, in the plural form that a number needs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

from .numbers import number, plural_form
from .spoken import ENGLISH, direction, spoken

Entry = str | Mapping[str, str]

_ISOLATE, _END = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"


@cache
def entries(language: str) -> Mapping[str, Entry]:
    """Return the catalogue of a language, by the English words: other words, or a mapping of plural forms to words."""
    found: dict[str, Entry] = json.loads((files("qa.strings") / f"{language}.json").read_text("utf-8"))
    return found


def template(text: str, n: float | None = None) -> str:
    """Return what stands for English words in the language that is spoken, before values are inserted.

    `n` chooses the plural form. What the catalogue lacks stays English.
    """
    entry = entries(spoken()).get(text, text)
    if isinstance(entry, str):
        return entry
    return entry.get(plural_form(n), entry["other"]) if n is not None else entry["other"]


def say(text: str, /, **values: object) -> str:
    """Return English words, with `values` in place of their `{names}`, in the language that is spoken.

    A number is written as the language does; a number `n` chooses the plural form.
    """
    n = values.get("n")
    chosen = template(text, n if isinstance(n, int | float) else None)
    return filled(chosen, {name: shown(value) for name, value in values.items()})


def filled(chosen: str, values: Mapping[str, str]) -> str:
    """Insert values into a template; braces in a value are none of a template."""
    for name in values:
        chosen = chosen.replace(f"{{{name}}}", f"\0{name}\0")
    parts = chosen.split("\0")
    return "".join(values[part] if place % 2 else part for place, part in enumerate(parts))


def shown(value: object) -> str:
    """Return a value as it is inserted: a number as the language writes it, a text isolated where that is needed."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number(value)
    return isolated(str(value))


def words(text: str) -> str:
    """Return what stands for English words in the language that is spoken, for a script that inserts the values."""
    return template(text)


def isolated(text: str) -> str:
    """Keep a text of unknown direction from changing the order of the words around it, if they run from the right."""
    return f"{_ISOLATE}{text}{_END}" if text and direction() == "rtl" else text


def counted(n: int, noun: str) -> str:
    """`1 article`, `1,200 passages`; `noun` is the English singular."""
    if spoken() == ENGLISH:
        return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"
    return say(f"{{n}} {noun}s", n=n)


def quoted(text: str) -> str:
    """`“honey”`, in the quotation marks of the language."""
    return say("“{text}”", text=text)


def listed(words: Sequence[str]) -> str:
    """`a, b, c`."""
    return say(", ").join(map(isolated, words))


def each_of(words: Sequence[str]) -> str:
    """`a, b and c`."""
    return say("{words} and {last}", words=listed(words[:-1]), last=words[-1]) if len(words) > 1 else listed(words)


def any_of(words: Sequence[str]) -> str:
    """`a, b or c`."""
    return say("{words} or {last}", words=listed(words[:-1]), last=words[-1]) if len(words) > 1 else listed(words)


def file_size(size: int) -> str:
    """`16 KB`."""
    for limit, unit in ((1_000_000, "{size} MB"), (1_000, "{size} KB")):
        if size >= limit:
            return say(unit, size=round(size / limit, 1) if size < 10 * limit else round(size / limit))
    return say("{size} B", size=size)


def forms(text: str) -> Mapping[str, str]:
    """Return the plural forms of English words in the language that is spoken, by category, for a script to choose."""
    entry = entries(spoken()).get(text, text)
    return {"other": entry} if isinstance(entry, str) else entry
