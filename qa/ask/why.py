"""Says why an answer leads, or what the closest passage lacks: the words, ranks and estimates that decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..text.document import Span
from .ranking import Ranks


@dataclass(frozen=True, slots=True)
class ReaderScores:
    """The reader's estimates between 0 and 1, which are not calibrated: the confidence is computed from them.

    `passage` and `alone` are the probabilities that the passage answers the question, and that the sentence does if it
    is read under its headings but without its passage. `sentence` compares the likeliest answer in the sentence with no
    answer at all: above one half, the reader prefers the answer. None if the sentence was not read.
    """

    passage: float
    sentence: float | None = None
    alone: float | None = None


@dataclass(frozen=True, slots=True)
class Why:
    """Why a quotation was chosen: the lead of the answer, or, if there is no answer, what came closest.

    `text` is the quotation, literally, at `span` in `document`, and `sentence` the sentence in it that was judged to
    answer. `citation` is the rank of the citation that contains it; None if fewer were wanted.

    Each word and number that says what the question is about is either `matched` (the quotation contains it or another
    word of its root), `nearby` (its passage, headings, title or path does) or `missing`. Of the missing ones,
    `missing_names` have a capital, `missing_numbers` a digit, and no passage of any article contains the `unknown`
    ones. `lacks_number`: the question asks for a number or a date, and the sentence has none in digits.
    `answers_another`: the quotation gives another year, quarter, version or code than the one asked for, or does not
    rank, compare or negate as the question does.

    `carried` are the words of the conversation that were searched for too. `reader` is None if the passage was not
    read. An answer is shown if its `confidence` is at least `threshold`. `lacks` is one sentence on what is missing in
    what came closest; empty if there is an answer.
    """

    document: str
    text: str
    span: Span
    sentence: Span
    citation: int | None
    matched: tuple[str, ...]
    nearby: tuple[str, ...]
    missing: tuple[str, ...]
    missing_names: tuple[str, ...]
    missing_numbers: tuple[str, ...]
    unknown: tuple[str, ...]
    lacks_number: bool
    answers_another: bool
    carried: tuple[str, ...]
    ranks: Ranks
    reader: ReaderScores | None
    confidence: float
    threshold: float
    lacks: str = ""

    def as_json(self) -> dict[str, Any]:
        """The `why` of `qa ask --json`."""
        return {
            "document": self.document,
            "citation": self.citation,
            "text": self.text,
            "span": [self.span.start, self.span.end],
            "sentence": [self.sentence.start, self.sentence.end],
            "matched": list(self.matched),
            "nearby": list(self.nearby),
            "missing": list(self.missing),
            "missing_names": list(self.missing_names),
            "missing_numbers": list(self.missing_numbers),
            "unknown": list(self.unknown),
            "lacks_number": self.lacks_number,
            "answers_another": self.answers_another,
            "carried": list(self.carried),
            "ranks": asdict(self.ranks),
            "reader": None if self.reader is None else _rounded(asdict(self.reader)),
            "confidence": round(self.confidence, 4),
            "threshold": self.threshold,
            "lacks": self.lacks or None,
        }


def _rounded(scores: Mapping[str, float | None]) -> dict[str, float | None]:
    return {name: None if score is None else round(score, 4) for name, score in scores.items()}
