"""Words what the program itself says of the articles, such as how many mention something, in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..strings.catalogue import counted, isolated, say
from ..strings.spoken import ENGLISH, speaking, spoken
from ..text.dates import as_iso
from .collection_forms import DATES, asked_date

_ABOUT = "about {chosen}"  # in place of how it is known, where that matters less
_FILTERS = {
    "person": "by {chosen}",
    "receiver": "to {chosen}",
    "tag": "tagged {chosen}",
    "date": "from {chosen}",
    "before": "before {chosen}",
    "after": "after {chosen}",
    "since": "since {chosen}",
    "until": "until {chosen}",
    "title": "with {chosen} in the title or tags",
    "mention": "that mention {chosen}",
}
_FIRST = {
    ("newest", "article"): "the newest of {n} articles",
    ("newest", "mail"): "the newest of {n} mails",
    ("oldest", "article"): "the oldest of {n} articles",
    ("oldest", "mail"): "the oldest of {n} mails",
}


@dataclass(frozen=True, slots=True)
class Statement:
    """What an answer says of several articles: its parts, which are worded in the language that is spoken.

    `number` articles, or mails, pass the `filters`, pairs of a kind ("person", "before" …) and its value. The `titles`
    of the first ones are named, and `undated` more may belong to them. If it is about the newest or oldest (`end`), its
    title is the only one, `date` is its date in ISO 8601, and `known_by` says whether the times of the files decide, or
    only those articles that have a date; it is empty if all have one.
    """

    number: int
    noun: Literal["article", "mail"] = "article"
    filters: tuple[tuple[str, str], ...] = ()
    titles: tuple[str, ...] = ()
    undated: int = 0
    end: Literal["", "newest", "oldest"] = ""
    date: str = ""
    known_by: Literal["", "files", "dates"] = ""

    def words(self) -> str:
        """`2 articles by Ada: Plum jam; Bread`, plain text."""
        return self._first() if self.end else self._list()

    def in_english(self) -> str:
        """The words as programs and terminals get them, whoever asked."""
        with speaking(ENGLISH):
            return self.words()

    def _list(self) -> str:
        many = counted(self.number, "article") if self.noun == "article" else counted(self.number, "mail")
        text = " ".join((many, *(self._filter(kind, value) for kind, value in self.filters)))
        if self.undated:
            text += f" {self._undated()}"
        if not self.titles:
            return text
        titles, more = say("; ").join(map(isolated, self.titles)), self.number - len(self.titles)
        return f"{text}: {say('{chosen}; and {n} more', chosen=titles, n=more) if more else titles}"

    def _undated(self) -> str:
        if self.noun == "article":
            return say("({n} more articles without a date)", n=self.undated)
        return say("({n} more mails without a date)", n=self.undated)

    def _first(self) -> str:
        only = say("the only article") if self.noun == "article" else say("the only mail")
        parts = [say(_FIRST[self.end or "newest", self.noun], n=self.number) if self.number > 1 else only]
        parts += [self._filter(kind, value) for kind, value in self.filters]
        if self.known_by == "files":
            parts.append(say("by the times of their files"))
        elif self.known_by == "dates":
            parts.append(say("that have a date", n=self.number))
        return f"{isolated(self.titles[0])} ({self.date}): {' '.join(parts)}"

    def _filter(self, kind: str, value: str) -> str:
        if self.end and kind in ("title", "mention"):
            return say(_ABOUT, chosen=value)
        if kind in DATES and spoken() != ENGLISH:
            value = as_iso(asked_date(value))  # it was typed in English
        return say(_FILTERS[kind], chosen=value, n=self.number)
