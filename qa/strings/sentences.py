"""Translates whole English sentences: of an error, of a file's record, or of a stored conversation.

They are worded where they arise, with their values, since logs, programs and terminals get them too. A sentence is
recognised by the key of the catalogue that it fits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from operator import eq

from .catalogue import any_of, entries, filled, quoted, say, shown, template
from .spoken import ENGLISH, spoken

_NAME = re.compile(r"\{(\w+)\}")
_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+|\d+")
_ANY_NUMBER = "[0-9][0-9,]*"
_QUOTED = re.compile("“([^”]*)”")
_ONE_OF = re.compile("“[^”]*”(?:(?:, | or )“[^”]*”)*")
_PART = "{chosen}"  # a value of what is only a part of a sentence, and is worded in every language where it arises
_LEAST = 6  # letters that a key has beside its values: with fewer, it would fit what is no sentence of ours
_DEEPEST = 3  # sentences within a sentence
_LONGEST = 1_500  # characters: a longer text is none of our sentences, and may be anybody's


@dataclass(frozen=True, slots=True)
class _Fitting:
    """A key with values; the more `letters` it has itself, the better it fits."""

    key: str
    pattern: re.Pattern[str]
    start: str
    letters: int


def said(text: str, depth: int = _DEEPEST) -> str:
    """Return an English sentence in the language that is spoken; unchanged if the catalogue has none that it fits.

    A value in it that is a sentence itself is translated too, and so is each of several that a semicolon separates.
    """
    if spoken() == ENGLISH or not text or len(text) > _LONGEST:
        return text
    if isinstance(entries(spoken()).get(text), str):
        return template(text)
    several = text.split("; ")
    translated = [said(part, depth) for part in several] if len(several) > 1 else several
    if not any(map(eq, several, translated)):
        return say("; ").join(translated)
    for each in _fitting(spoken()):
        match = each.pattern.fullmatch(text) if text.startswith(each.start) else None
        if match is not None:
            return _translated(each.key, match.groupdict(), depth)
    return text


def _translated(key: str, found: dict[str, str], depth: int) -> str:
    number = found.get("n", "")
    n = int(number.replace(",", "")) if _NUMBER.fullmatch(number) else None
    return filled(template(key, n), {name: _value(value, depth) for name, value in found.items()})


def _value(value: str, depth: int) -> str:
    if _NUMBER.fullmatch(value):
        return shown(int(value.replace(",", "")))
    if _ONE_OF.fullmatch(value):
        return any_of([quoted(each) for each in _QUOTED.findall(value)])
    inner = said(value, depth - 1) if depth else value
    return inner if inner != value else shown(value)


@cache
def _fitting(language: str) -> tuple[_Fitting, ...]:
    """The keys with values, those with the most letters first."""
    found = []
    for key in entries(language):
        parts = _NAME.split(key)
        letters = sum(sum(map(str.isalpha, part)) for part in parts[::2])
        if len(parts) > 1 and letters >= _LEAST and _PART not in key:
            found.append(_Fitting(key, re.compile(_pattern(parts), re.DOTALL), parts[0], letters))
    return tuple(sorted(found, key=lambda each: -each.letters))


def _pattern(parts: list[str]) -> str:
    """A pattern for a key that was split at its names: every second part is a name, which may occur again.

    The value of a name that stands directly beside a word, or behind another name, may be empty.
    """
    known = set[str]()
    pattern = ""
    for place, part in enumerate(parts):
        if place % 2 == 0:
            pattern += re.escape(part)
        elif part in known:
            pattern += f"(?P={part})"
        else:
            known.add(part)
            beside = parts[place - 1][-1:] + parts[place + 1][:1]
            may_be_empty = any(map(str.isalpha, beside)) or (place > 1 and not parts[place - 1])
            pattern += f"(?P<{part}>{_ANY_NUMBER if part == 'n' else '.*?' if may_be_empty else '.+?'})"
    return pattern
