"""How much a question leans on its conversation: a model of what its words say and of how it fares in the index.

It knows nothing about how words are carried, or searched for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from ..index.protocols import Query

# Whether a question leans on what was said is a logistic model over whether it refers back, its richness, its best
# cosine and the support for what is carried: fitted on half the articles of the development conversations and
# rounded; the carried reading's share is the probability squared, most of the ranking at best (docs/decisions.md).
_INTERCEPT, _REFERS, _RICHNESS, _COSINE, _SUPPORT = 3.3, 2.0, -0.65, -5.7, 2.75
_MOST_RICHNESS = 4.0
_LEAST, _MOST_SHARE = 0.5, 0.9


@dataclass(frozen=True, slots=True)
class Reading:
    """A question, and the words of its conversation that it may be `carried` on with.

    `refers` says whether it has a word for something that was said, `richness` how much it says by itself.
    """

    question: Query
    carried: tuple[str, ...] = ()
    refers: bool = False
    richness: float = 0.0

    @property
    def query(self) -> Query:
        """What is run: the question, after what is carried; it wants and excludes what the question does."""
        return replace(self.question, text=" ".join([*self.carried, self.question.text]))

    @property
    def texts(self) -> tuple[str, str]:
        """What is to be encoded: the question without and with what is carried."""
        return self.question.text, self.query.text


def share(reading: Reading, top_cosine: float, support: float) -> float:
    """How much of the ranking a reading with carried words is to be, from 0 to .9; the rest is the question's own.

    `top_cosine` is the question's with the passage that is nearest to it alone. `support` (0–1) says whether one
    passage holds both what is asked and what is carried: after a change of topic none does.
    """
    if not reading.carried:
        return 0.0
    lean = _INTERCEPT + _REFERS * reading.refers + _RICHNESS * min(reading.richness, _MOST_RICHNESS)
    likely = 1 / (1 + math.exp(-(lean + _COSINE * top_cosine + _SUPPORT * support)))
    return _MOST_SHARE * likely**2 if likely >= _LEAST else 0.0
