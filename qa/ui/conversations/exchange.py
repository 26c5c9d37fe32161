"""One question of a conversation with its answer."""

from __future__ import annotations

from dataclasses import dataclass

from ...ask.answer import Answer
from ...index.scope import EVERYTHING, Scope


@dataclass(frozen=True, slots=True)
class Wishes:
    """How many passages a reader wants to see, and the least confidence of an answer (see `Engine.ask`).

    `as_of` is the day whose state of the folder is asked; empty for the present one.
    """

    passages: int = 5
    threshold: float = 0.0
    as_of: str = ""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question and its answer; without `answer` and `problem`, it is being answered.

    `without` are words of the conversation before it that the user removed from it; if it `is_alone`, the user wants
    only its own words to be searched for. `asked` is the time at which it was asked, in ISO 8601 and UTC.
    `suggestions` are questions that may be asked next. `scope` is what was chosen to be asked, beside the filters
    typed in the question, and `wishes` what the reader had set.
    """

    number: int
    question: str
    answer: Answer | None = None
    problem: str = ""
    verdict: str = ""
    without: tuple[str, ...] = ()
    asked: str = ""
    is_alone: bool = False
    suggestions: tuple[str, ...] = ()
    scope: Scope = EVERYTHING
    wishes: Wishes = Wishes()

    @property
    def waiting(self) -> bool:
        return self.answer is None and not self.problem
