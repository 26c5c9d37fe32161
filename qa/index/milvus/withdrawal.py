"""Files that were withdrawn from a generation on Milvus: marked at once, deleted before the next build."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ...corpus.records import Part
from ...text.stored import parse_json, typed
from .client import Server
from .connection import READING, WRITING
from .facts import STATE, Facts, fact_rows, hashed
from .rows import WITHDRAWN


@dataclass(frozen=True, slots=True)
class Mark:
    """A withdrawn file, the numbers of its documents and passages, and whether its rows were deleted."""

    file: str
    part: Part
    is_deleted: bool = False

    def as_json(self) -> str:
        numbers = [(each.start, each.stop) for each in (self.part.documents, self.part.passages)]
        return json.dumps({"file": self.file, "part": numbers, "deleted": self.is_deleted}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Mark:
        """Raises ValueError or KeyError if it is not one."""
        data = parse_json(text, dict)
        pairs = (typed(pair, list) for pair in typed(data["part"], list))
        documents, passages = (range(typed(start, int), typed(stop, int)) for start, stop in pairs)
        return cls(typed(data["file"], str), Part(documents, passages), typed(data["deleted"], bool))

    def rows(self) -> Iterator[dict[str, Any]]:
        """The rows of a collection of facts that contain the mark."""
        return fact_rows(f"{WITHDRAWN}{hashed(self.file)}", self.as_json())


class Marks:
    """The marks of one generation. Safe to use from several threads."""

    def __init__(self, server: Server, facts: Facts) -> None:
        self._server = server
        self._facts = facts
        self._known: tuple[str, list[Mark]] = "", []  # a state of the facts, and the marks at that time

    @property
    def known(self) -> list[Mark]:
        """The marks as they were read last, without asking the server."""
        return self._known[1]

    def read(self, seconds: float) -> list[Mark]:
        """All marks. Raises StoreError."""
        marks = self._facts.beginning(WITHDRAWN, seconds).values()
        with self._facts.reading():
            return [Mark.from_json(mark) for mark in marks]

    def current(self, seconds: float = READING) -> list[Mark]:
        """All marks: the same list until something is withdrawn. Raises StoreError."""
        state = self._facts.state(seconds)
        known, marks = self._known
        if state != known:
            marks = self.read(seconds)
            self._known = state, marks
        return marks

    def write(self, mark: Mark) -> None:
        """Add or replace a mark; returns once every reader sees it."""
        rows = [*mark.rows(), *fact_rows(STATE, secrets.token_hex(8))]
        self._server.call("upsert", self._facts.collection, rows, seconds=WRITING)
        self._server.count(self._facts.collection)  # which waits until what was written is visible


def is_hidden(number: int, marks: Iterable[Mark]) -> bool:
    """Whether this document was withdrawn."""
    return any(number in mark.part.documents for mark in marks)


def visible_only(marks: Iterable[Mark]) -> str:
    """The condition for all passages that were not withdrawn; empty if the withdrawn ones are deleted."""
    parts = [mark.part.passages for mark in marks if mark.part.passages and not mark.is_deleted]
    return " and ".join(f"(id < {part.start} or id >= {part.stop})" for part in parts)
