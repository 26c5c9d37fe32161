"""What two articles say of the same thing with different values, and its JSON form (docs/conflicts.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..ask.links import article_link
from ..check.findings import Source
from ..check.values import ValueKind
from ..index.scope import AppliedScope
from ..text.document import Span


@dataclass(frozen=True, slots=True)
class Said(Source):
    """What one article says: its literal sentence, row or line, and the `value` in it.

    `date` is when it holds, as an answer would say, in ISO 8601 as far as it is written; empty if neither the sentence
    nor its article gives one. `value_span` is where the value is in the article's text; None if it is spread over the
    cells of a row.
    """

    date: str
    value: str
    value_span: Span | None

    @property
    def link(self) -> str:
        """The part of an address that opens the article in the chat at these words, with the value marked."""
        return article_link(self.document, self.span, [self.value_span] if self.value_span else [])

    def as_json(self, chat: str) -> dict[str, Any]:
        span = None if self.value_span is None else [self.value_span.start, self.value_span.end]
        return {**Source.as_json(self, chat), "date": self.date or None, "value": self.value, "value_span": span}


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
