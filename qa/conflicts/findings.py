"""What two articles say of the same thing with different values, and its JSON form (docs/conflicts.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..ask.links import article_link
from ..check.values import ValueKind
from ..index.scope import AppliedScope
from ..text.document import SECTION_SEPARATOR, Span


@dataclass(frozen=True, slots=True)
class Said:
    """What one article says: its literal sentence, row or line, and the `value` in it.

    The span is in the article's text. `date` is when it holds, as an answer would say, in ISO 8601 as far as it is
    written; empty if neither the sentence nor its article gives one.
    """

    document: str
    title: str
    section: tuple[str, ...]
    page: int | None
    date: str
    span: Span
    text: str
    value: str

    @property
    def link(self) -> str:
        """The part of an address that opens the article in the chat at these words."""
        return article_link(self.document, self.span)

    @property
    def where(self) -> str:
        """`Title › Section`, in plain text."""
        return " › ".join((self.title, *self.section))

    def as_json(self, chat: str) -> dict[str, Any]:
        return {
            "document": self.document,
            "title": self.title,
            "section": SECTION_SEPARATOR.join(self.section),
            "page": self.page,
            "date": self.date or None,
            "start": self.span.start,
            "end": self.span.end,
            "text": self.text,
            "value": self.value,
            "link": chat + self.link,
        }


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two articles that give different values for the same thing, the newer first if both are dated."""

    kind: ValueKind
    said: tuple[Said, Said]

    def as_json(self, chat: str) -> dict[str, Any]:
        return {"kind": self.kind, "said": [each.as_json(chat) for each in self.said]}


@dataclass(frozen=True, slots=True)
class Conflicts:
    """All conflicts that were found, the newest first, and what was compared: `passages` with so many `statements`.

    `scope` is None if all articles were compared. `chat` is where links open the articles.
    """

    conflicts: tuple[Conflict, ...]
    passages: int
    statements: int
    generation: str
    scope: AppliedScope | None
    chat: str

    def as_json(self) -> dict[str, Any]:
        """The object of `qa conflicts --json`."""
        return {
            "ok": not self.conflicts,
            "conflicts": [conflict.as_json(self.chat) for conflict in self.conflicts],
            "passages": self.passages,
            "statements": self.statements,
            "scope": None if self.scope is None else self.scope.as_json(),
            "generation": self.generation,
        }
