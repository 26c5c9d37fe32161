"""The words and dates in the path of a document, as they are searched for and as the reader sees them.

They are not part of what is embedded: a renamed file is found by its new name, and nothing is encoded again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from .dates import Date, dates_in, spelled
from .document import without_identifier, without_record

_WORD = re.compile(r"[^\W_]+")
# camelCase, HTMLPage and Policy2024
_CASE = re.compile(
    r"(?<=[a-zß-öø-ÿ])(?=[A-ZÀ-ÖØ-Þ])|(?<=[A-ZÀ-ÖØ-Þ])(?=[A-ZÀ-ÖØ-Þ][a-zß-öø-ÿ])|(?<=[^\W\d_])(?=(?:19|20)\d\d(?!\d))"
)
_LETTERS_OR_DIGITS = re.compile(r"[^\W\d_]+|\d+")
_EXTENSION = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,7}$")
# Names that say nothing about their file: its folder may.
_SAYS_NOTHING = {
    "a", "content", "contents", "copy", "default", "doc", "document", "file", "home", "index", "main", "new", "note",
    "notes", "page", "readme", "text", "untitled",
}  # fmt: skip
_MOST = 400  # characters of a path, from its end
_MOST_SHOWN = 80  # characters of a name that the reader sees
_MOST_FOLDERS = 3  # above a file whose own name says nothing


@dataclass(frozen=True, slots=True)
class _Name:
    """The words of a path or of its end, in order, with its dates spelled: `minutes 6 March 2024`."""

    words: tuple[str, ...]
    dates: tuple[Date, ...]


@lru_cache(1_024)  # all passages of a document have the same
def searched_name(path: str, title: str) -> str:
    """The words of a document's folders and file name that its title lacks, and its dates, as the word index has them.

    A date is spelled and also has the terms that `date_terms` gives a question about it.
    """
    return " ".join(_without(_searched(without_record(path)), title))


def shown_name(path: str, title: str) -> str:
    """What the reader sees of a document's name: the words that its title lacks; empty if the title says it all.

    Of an article with a title of its own only a date or a number in the name tells more than the title.
    """
    words = _shown(without_record(path))
    missing = _without(words.words, title)
    if title and not any(any(map(str.isdigit, word)) for word in missing):
        return ""
    known = {found for _, found in dates_in(title)}
    if title and words.dates and known.issuperset(words.dates):
        return ""
    return " ".join(missing)[:_MOST_SHOWN].strip()


def described(path: str) -> str:
    """A path for checks whether it mentions what a question does: its words, and its dates in all usual forms."""
    file = without_record(path)
    forms = (form for found in _name(file).dates for form in _forms(found))
    return "\n".join((" ".join(_searched(file)), *forms, path))


def date_terms(found: Date) -> tuple[str, ...]:
    """The terms of the word index for a date to its precision, the most precise first: 20240306, 202403, day0306."""
    year, month, day = found
    terms = []
    if month and year:
        terms = [f"{year:04}{month:02}{day:02}"] if day else []
        terms.append(f"{year:04}{month:02}")
    return (*terms, f"day{month:02}{day:02}") if day else tuple(terms)


@lru_cache(4_096)
def _searched(path: str) -> tuple[str, ...]:
    name = _name(path)
    extra = [term for found in name.dates for term in date_terms(found)]
    for word in _WORD.findall(_readable(path)[-_MOST:]):
        pieces = _LETTERS_OR_DIGITS.findall(word)
        if len(pieces) > 1 and not any(map(word.startswith, extra)):  # INV5567 is also asked for as 5567
            extra += [word, *(piece for piece in pieces if len(piece) > 1)]
        elif _CASE.search(word):
            extra.append(word)
    return (*name.words, *dict.fromkeys(word for word in extra if word not in name.words))


@lru_cache(4_096)
def _shown(path: str) -> _Name:
    """The end of a path that says something: the file name, with the folders above it if it has no words.

    A date in the next folders belongs to it too: `2019/policy.md` is the policy of 2019.
    """
    parts = path.split("/")[-_MOST_FOLDERS - 1 :]
    for count in range(1, len(parts) + 1):
        name = _name("/".join(parts[-count:]))
        months = {word for found in name.dates for word in spelled(found).split()}
        said = [word for word in name.words if word.casefold() not in _SAYS_NOTHING]
        if any(word.isalpha() and word not in months for word in said):
            break
    dates = name.dates or _name("/".join(parts)).dates
    more = () if name.dates else (word for found in dates for word in spelled(found).split())
    return _Name((*(said or name.words), *more), dates)


def _readable(path: str) -> str:
    return "/".join(map(without_identifier, path.split("/")))


def _name(path: str) -> _Name:
    text = "/".join(_EXTENSION.sub("", part) for part in _readable(path).split("/"))[-_MOST:]
    words: list[str] = []
    found = dates_in(text)
    dates = [each for _, each in found if not any(_refines(other, each) for _, other in found)]
    end = 0
    for span, each in found:
        words += _words(text[end : span.start])
        words += spelled(each).split() if each in dates else ()
        end = span.end
    return _Name((*words, *_words(text[end:])), tuple(dict.fromkeys(dates)))


def _refines(one: Date, other: Date) -> bool:
    """Whether `one` is a day or month in `other`."""
    return one != other and all(theirs in (0, ours) for ours, theirs in zip(one, other, strict=True))


def _words(text: str) -> list[str]:
    return [part for word in _WORD.findall(text) for part in _CASE.split(word)]


def _without(words: Iterable[str], title: str) -> Sequence[str]:
    known = {part.casefold() for word in _WORD.findall(title) for part in (word, *_CASE.split(word))}
    return [word for word in words if word.casefold() not in known]


def _forms(found: Date) -> tuple[str, ...]:
    """A date as it may be written with digits, with and without leading zeros."""
    year, month, day = found
    if not (month and year):
        return (spelled(found),)
    if not day:
        return spelled(found), f"{year:04}-{month:02}", f"{year:04} {month}"
    return spelled(found), f"{year:04}-{month:02}-{day:02}", f"{day:02}.{month:02}.{year:04}", f"{day}.{month}.{year}"
