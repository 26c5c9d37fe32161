"""What an encoder and a reader must do, and what they return."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..text.document import Span
from ..text.passage import Passage

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class EncoderIdentity:
    """What must be equal for embeddings to be comparable; it is written into every manifest.

    `runtime` says what computes them: "torch", or an export of the same weights, whose rounding is its own.
    """

    name: str
    weights_sha256: str
    dimension: int
    max_tokens: int
    normalised: bool
    query_prompt: str
    passage_prompt: str
    runtime: str = "torch"

    def as_json(self) -> dict[str, Any]:
        """The manifest's form."""
        return asdict(self)


class Encoder(Protocol):
    """Texts → unit-length float32 rows, shape (texts, dimension). Safe to call from several threads."""

    @property
    def identity(self) -> EncoderIdentity: ...

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that it was made for (ISO 639-1); empty where that is not known."""
        ...

    def encode_passages(self, texts: Sequence[str]) -> Vectors: ...

    def encode_queries(self, texts: Sequence[str]) -> Vectors: ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without the special ones."""
        ...


@dataclass(frozen=True, slots=True)
class Found:
    """The likeliest answer inside one sentence of a passage; both spans are of the document.

    `margin` is how much likelier it is than that there is none, as a difference of logits.
    """

    sentence: Span
    span: Span
    margin: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a reader says of a passage: the logit that it answers, and what each of its sentences may answer.

    `found` is in order; a sentence that was not read, because the passage is too long, is not among it.
    """

    relevance: float
    found: tuple[Found, ...]

    def of(self, sentence: Span) -> Found | None:
        """What was found in this sentence."""
        return next((found for found in self.found if found.sentence == sentence), None)

    @property
    def margin(self) -> float | None:
        """That of the likeliest answer; None where no sentence was read."""
        return max((found.margin for found in self.found), default=None)


class Reader(Protocol):
    """Question + passages → a Judgement of each. Safe to call from several threads."""

    def read(self, question: str, passages: Sequence[Passage], seconds: float) -> list[Judgement | None]:
        """What each passage says to the question, in their order.

        None is begun once so many `seconds` have passed, but for the first few; what was not read is None.
        """
        ...


def logistic(value: float) -> float:
    """The probability that a logit stands for."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, value))))
