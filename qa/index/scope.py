"""The articles that a question is asked of: a value that is typed, sent as JSON, and applied inside the index."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from ..errors import QuestionError
from ..text.dates import Date, dates_in

MAX_VALUES = 1_000  # of one field
MAX_CHARACTERS = 1_000  # of one value
# The fields by the words that a person types before a colon, and that are the names in JSON.
LISTS = {"in": "folders", "file": "files", "kind": "kinds", "author": "authors", "language": "languages"}
DATES = ("after", "since", "before", "until")
_NOT = "not"
_BARE = re.compile(r"(?!//)[^\s\"“”„«»]*[^\s\"“”„«»?!.,;]")  # what needs no quotes
_FORM = "write 2023, 2023-05 or 2023-05-17"


@dataclass(frozen=True, slots=True)
class Scope:
    """Which articles a question is asked of; empty: all of them.

    An article is in it if it matches one value of each list that has any, and all dates, and nothing of `without`:
    `folders` are folders or articles by their paths, `files` parts of file names, `kinds` extensions or kinds ("pdf",
    "web page"), `authors` their names, and `languages` ISO 639-1 codes or names in English. Dates are years, months or
    days (`2023`, `2023-05`, `2023-05-17`): `after` and `before` leave out the time that they name, `since` and `until`
    include it. Raises QuestionError if it has an invalid value.
    """

    folders: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    after: str = ""
    since: str = ""
    before: str = ""
    until: str = ""
    without: Scope | None = None

    def __post_init__(self) -> None:
        for word, name in LISTS.items():
            values = getattr(self, name)
            if isinstance(values, str):
                raise QuestionError(f"The scope has one text for {word}: give a list of texts.")
            object.__setattr__(self, name, tuple(values))  # a list cannot be compared with what is kept
            if len(values) > MAX_VALUES:
                raise QuestionError(f"The scope has {len(values):,} values for {word}: give at most {MAX_VALUES:,}.")
            for value in values:
                _check_value(word, value)
        for word in DATES:
            if value := getattr(self, word):
                date_named(word, value)
        if self.without is not None and (self.without.without or any(getattr(self.without, word) for word in DATES)):
            raise QuestionError(
                "A scope leaves out no dates and nothing of what it leaves out: give other dates beside it."
            )

    def __bool__(self) -> bool:
        return any(getattr(self, field.name) for field in fields(self))

    def __str__(self) -> str:
        """As one would type it: `in:reports -kind:pdf after:2023`."""
        left_out = (f"-{part}" for part in (self.without.parts() if self.without else ()))
        return " ".join((*self.parts(), *left_out))

    def parts(self) -> tuple[str, ...]:
        """What it asks for, as one would type it: `in:reports`, `after:2023`."""
        lists = (f"{word}:{_typed(value)}" for word, name in LISTS.items() for value in getattr(self, name))
        return (*lists, *(f"{word}:{_typed(value)}" for word in DATES if (value := getattr(self, word))))

    def as_json(self) -> dict[str, Any]:
        """The object that `from_json` reads; it lists only what is set."""
        data: dict[str, Any] = {word: list(values) for word, name in LISTS.items() if (values := getattr(self, name))}
        data |= {word: value for word in DATES if (value := getattr(self, word))}
        return {**data, _NOT: self.without.as_json()} if self.without else data

    @classmethod
    def from_json(cls, data: object) -> Scope:
        """The scope of a JSON object with lists of texts and dates, or of null. Raises QuestionError."""
        if data is None:
            return cls()
        names = [*LISTS, *DATES, _NOT]
        if not isinstance(data, Mapping):
            raise QuestionError(f"The scope is not an object: give one with {', '.join(names)}.")
        values: dict[str, Any] = {}
        for word, value in data.items():
            if word not in names:
                raise QuestionError(f"{str(word)[:40]!r} is not a part of a scope: give only {', '.join(names)}.")
            if word == _NOT:
                values["without"] = cls.from_json(value) or None
            elif word in DATES:
                values[word] = _text(word, value)
            else:
                values[LISTS[word]] = _texts(word, value)
        return cls(**values)

    def narrowed(self, typed: Scope) -> Scope:
        """This scope with what `typed` says instead: each field that it has replaces this one's."""
        if not typed:
            return self
        given = {field.name: value for field in fields(typed) if (value := getattr(typed, field.name))}
        # The ends of a period replace each other: `since` is another way to say `after`.
        for pair in (("after", "since"), ("before", "until")):
            if any(name in given for name in pair):
                given = {**dict.fromkeys(pair, ""), **given}
        return replace(self, **given)


EVERYTHING = Scope()


@dataclass(frozen=True, slots=True)
class AppliedScope:
    """A scope that a question was asked in, and how many articles it holds."""

    scope: Scope
    articles: int

    def as_json(self) -> dict[str, Any]:
        """The `scope` of `qa ask --json` (docs/design.md)."""
        return {"typed": str(self.scope), "articles": self.articles, "filters": self.scope.as_json()}


def date_named(word: str, value: str) -> Date:
    """The date that a value names. Raises QuestionError if it is none with a year."""
    found = dates_in(value.strip())
    if len(found) == 1 and len(found[0][0]) == len(value.strip()) and found[0][1][0]:
        return found[0][1]
    year = re.fullmatch(r"\s*(\d{4})\s*", value)
    if year:
        return int(year[1]), 0, 0
    raise QuestionError(f"“{value[:40]}” is not a date ({word}:): {_FORM}.")


def _check_value(word: str, value: str) -> None:
    if not value.strip(" /"):
        raise QuestionError(f"The scope names nothing after {word}: give a value, or leave it out.")
    if len(value) > MAX_CHARACTERS:
        raise QuestionError(f"A value for {word} has {len(value):,} characters: give at most {MAX_CHARACTERS:,}.")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise QuestionError(f"A value for {word} contains characters that are not valid text: give it in UTF-8.")


def _typed(value: str) -> str:
    return value if _BARE.fullmatch(value) else f'"{value}"'


def _text(word: str, value: object) -> str:
    if not isinstance(value, str):
        raise QuestionError(f'"{word}" of the scope is not text: give it in quotes.')
    return value


def _texts(word: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)):
        raise QuestionError(f'"{word}" of the scope is not a list: give one of texts.')
    return tuple(dict.fromkeys(_text(word, each) for each in value))
