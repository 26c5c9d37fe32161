"""A query as a Milvus server is asked it: conditions on rows, and what a row must hold to be allowed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from ...corpus.records import Part
from ...models.protocols import Vectors
from ...sandbox.wire import document_from_json
from ...text.document import Document
from ...text.passage import Passage
from ...text.stored import loaded, typed
from ...text.terms import plain_words
from ..protocols import Query
from ..rows import checked
from .rows import (
    neighbours,
    word_number,
)

RESCORED = 2_000  # passages that are looked through for words, where the server has none
SEARCHED = ("text", "title", "section")  # for words


@dataclass(frozen=True, slots=True)
class Mark:
    """Says that a file was taken out, where it stands, and whether its rows were deleted."""

    file: str
    part: Part
    is_deleted: bool = False

    def as_json(self) -> str:
        numbers = [(each.start, each.stop) for each in (self.part.documents, self.part.passages)]
        return json.dumps({"file": self.file, "part": numbers, "deleted": self.is_deleted}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Mark:
        """Raises ValueError or KeyError where it is none."""
        said = loaded(text, dict)
        pairs = (typed(pair, list) for pair in typed(said["part"], list))
        documents, passages = (range(typed(start, int), typed(stop, int)) for start, stop in pairs)
        return cls(typed(said["file"], str), Part(documents, passages), typed(said["deleted"], bool))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage that was found: its terms, and where phrases are asked for, what is searched for words."""

    id: int
    cosine: float
    terms: str
    text: str
    bm25: float = 0.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a question looks for: an embedding, terms, and how texts are scored; `k` candidates of each side.

    `asked` are the forms of its words that passages hold, and how many hold each. `allows` says of a
    text whether the question allows it, where it wants or excludes words. `shown` is a condition: that of all passages
    which were not taken out.
    """

    dense: Vectors
    asked: Mapping[str, int]
    score: Callable[[Sequence[str]], Vectors]
    k: int
    allows: Callable[[str], bool] | None
    shown: str

    @property
    def columns(self) -> tuple[str, ...]:
        return ("terms",) if self.allows is None else ("terms", *SEARCHED)

    def allows_row(self, row: Candidate) -> bool:
        return self.allows is None or self.allows(row.text)


def condition_for(query: Query) -> str:
    """What the server is to see to: each two neighbours of all phrases are there, and no word or two that are excluded.

    Of a longer phrase that is excluded, all neighbours may stand in a text that does not hold it.
    """
    wanted = [neighbours(plain_words(phrase)) for phrase in query.phrases]
    excluded = [words for words in map(neighbours, map(plain_words, query.excluded)) if len(words) == 1]
    conditions = [f"array_contains_all(words, {sorted({*map(word_number, words)})})" for words in wanted]
    conditions += [f"not array_contains(words, {word_number(words[0])})" for words in excluded]
    if not all(wanted):
        return "id < 0"  # signs alone are nowhere
    return " and ".join(conditions) or "id >= 0"


def led_by_rarest(asked: Mapping[str, int]) -> str:
    """The condition of the passages that BM25 may put first: those with one of the rarest terms.

    So many of the rarest as RESCORED passages hold one of; `asked` says how many hold each.
    """
    rarest = sorted(asked, key=lambda form: (asked[form], form))
    fit = sum(total <= RESCORED for total in accumulate(asked[form] for form in rarest))
    return f"array_contains_any(stems, {sorted(map(word_number, rarest[: max(1, fit)]))})"


def is_hidden(number: int, marks: Iterable[Mark]) -> bool:
    """Whether this document was taken out."""
    return any(number in mark.part.documents for mark in marks)


def shown_only(marks: Iterable[Mark]) -> str:
    """The condition of all passages that were not taken out; empty where those that were are deleted."""
    parts = [mark.part.passages for mark in marks if mark.part.passages and not mark.is_deleted]
    return " and ".join(f"(id < {part.start} or id >= {part.stop})" for part in parts)


def both_hold(condition: str, other: str) -> str:
    return f"({condition}) and {other}" if condition and other else condition or other


def allows_text(query: Query, text: str) -> bool:
    """Whether a text holds the phrases of a query, each word behind the other, and nothing that it excludes."""
    words = f" {' '.join(plain_words(text))} "

    def holds(phrase: str) -> bool:
        searched = plain_words(phrase)
        return bool(searched) and f" {' '.join(searched)} " in words

    return all(map(holds, query.phrases)) and not any(map(holds, query.excluded))


def passage_of_row(row: Mapping[str, Any]) -> Passage:
    """The passage of a row; raises one of UNSOUND where it is not what was written."""
    names = ("id", "document", "position", "start", "end", "text", "title", "section")
    facts = [row[name] for name in names]
    key = bytes.fromhex(typed(row["key"], str))
    return checked([*facts, row["page"] or None, row["sentences"], row["language"], key, row["checksum"]])


def document_of_body(body: str) -> Document:
    """The document that was stored so; raises one of UNSOUND where it is none."""
    data = loaded(body, dict)
    try:
        return document_from_json(data)
    except TypeError as error:  # which it says it raises for what is no document
        raise ValueError(str(error)) from error
