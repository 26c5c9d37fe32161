"""A question with the words it may carry from its conversation, and how much these count in its ranking."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from ..index.protocols import Query

# A logistic model of whether a question leans on its conversation. Features: whether it refers back, its richness, its
# best cosine and the support for the carried words. Fitted on half the articles of the development conversations, and
# rounded. The share of the search with carried words is the probability squared, scaled to _MAX_SHARE, since that was
# better than the probability itself (docs/decisions.md).
_INTERCEPT, _REFERS, _RICHNESS, _COSINE, _SUPPORT = 3.3, 2.0, -0.65, -5.7, 2.75
_MAX_RICHNESS = 4.0
_MIN_PROBABILITY, _MAX_SHARE = 0.5, 0.9


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A question with the words `carried` from its conversation; none if it is self-contained.

    `refers_back` says whether the question refers to an earlier turn, `richness` how much it says by itself.
    """

    question: Query
    carried: tuple[str, ...] = ()
    refers_back: bool = False
    richness: float = 0.0

    @property
    def query(self) -> Query:
        """The carried words followed by the question, with the phrases and exclusions of the question."""
        return replace(self.question, text=" ".join([*self.carried, self.question.text]))

    @property
    def texts(self) -> tuple[str, str]:
        """The texts to encode: the question without the carried words, and with them."""
        return self.question.text, self.query.text


def carried_share(follow_up: FollowUp, top_cosine: float, support: float) -> float:
    """The weight (0–.9) of the search with carried words in the ranking; the question alone has the rest.

    `top_cosine` is the best cosine of the question alone. `support` (0–1) says how well one passage covers both the
    question and the carried words; after a change of topic, no passage does.
    """
    if not follow_up.carried:
        return 0.0
    logit = _INTERCEPT + _REFERS * follow_up.refers_back + _RICHNESS * min(follow_up.richness, _MAX_RICHNESS)
    probability = 1 / (1 + math.exp(-(logit + _COSINE * top_cosine + _SUPPORT * support)))
    return _MAX_SHARE * probability**2 if probability >= _MIN_PROBABILITY else 0.0
