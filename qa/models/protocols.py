"""The interfaces of an encoder and a reader, and the values that they return."""

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
    """Identifies an encoder: only embeddings with equal identities are comparable. Every manifest stores one.

    `max_tokens` is the length of the longest passage that is encoded whole, without the passage prompt. `runtime` is
    what computes the embeddings: "torch", or "onnx-int8" or "onnx-fp32", an export that rounds differently.
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
        """The JSON value that a manifest stores."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class EncoderTraits:
    """What a ranking needs to know of the encoder: its `languages` (ISO 639-1; empty if unknown), and its cosines.

    A cosine of `least` says as little as 0 does from the shipped encoder; from there, that one's grow `scale` times as
    fast. `multilingual` says that it is the encoder of several languages that confidence was fitted with.
    """

    languages: Sequence[str] = ()
    least: float = 0.0
    scale: float = 1.0
    multilingual: bool = False

    def likeness(self, cosine: float) -> float:
        """The cosine that the shipped encoder would give, on whose cosines confidence was fitted; at most 1."""
        return min(1.0, self.scale * (cosine - self.least))


class Encoder(Protocol):
    """Encodes texts as unit-length float32 rows, shape (texts, dimension). Safe to call from several threads."""

    @property
    def identity(self) -> EncoderIdentity: ...

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that the model was trained for (ISO 639-1); empty if unknown."""
        ...

    def encode_passages(self, texts: Sequence[str]) -> Vectors: ...

    def encode_queries(self, texts: Sequence[str]) -> Vectors: ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text, without the special ones."""
        ...


@dataclass(frozen=True, slots=True)
class AnswerSpan:
    """The likeliest answer inside one sentence of a passage; both spans are character ranges of the document's text.

    `margin` is its logit minus that of "no answer", and `unit` the same for the sentence as a whole: 0 if the model has
    no such output, or knows no difference.
    """

    sentence: Span
    span: Span
    margin: float
    unit: float = 0.0


@dataclass(frozen=True, slots=True)
class Judgement:
    """A reader's judgement of one passage: `relevance` is the logit that it answers the question.

    `answers` has one AnswerSpan for each sentence, in order; the end of a passage too long for the model has none.
    """

    relevance: float
    answers: tuple[AnswerSpan, ...]

    def answer_in(self, sentence: Span) -> AnswerSpan | None:
        """The answer in this sentence; None if the sentence was not read."""
        return next((answer for answer in self.answers if answer.sentence == sentence), None)

    @property
    def unit(self) -> float:
        """The largest `unit` of a sentence; 0 if none was read."""
        return max((answer.unit for answer in self.answers), default=0.0)

    @property
    def margin(self) -> float | None:
        """The margin of the likeliest answer; None if no sentence was read."""
        return max((answer.margin for answer in self.answers), default=None)


class Reader(Protocol):
    """Judges how well passages answer a question. Safe to call from several threads."""

    def read(self, question: str, passages: Sequence[Passage], seconds: float) -> list[Judgement | None]:
        """One Judgement for each passage, in their order; None for a passage that was not read.

        Stops starting passages after `seconds` of work, for which waiting does not count, so that an answer does not
        depend on what else runs. The first few are always read.
        """
        ...


def logistic(value: float) -> float:
    """The probability of a logit, which is clipped to ±30."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, value))))
