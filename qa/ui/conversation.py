"""What one browser session asked and was told; the answers stay here, so that a click can open their sources.

It knows nothing about HTML. The browser names an answer by its number only, never a file.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

from ..ask.answer import Answer, Citation
from ..ask.correction import spelled
from ..ask.follow_up import Turn as Said
from ..ask.query import literal
from ..index.protocols import Query
from .removal import Uploaded

MOST_TURNS = 100


@dataclass(frozen=True, slots=True)
class Turn:
    """One question. While neither `answer` nor `problem` is there, it is being answered.

    `without` are words of the conversation before it that the person does not want carried to it.
    """

    number: int
    question: str
    answer: Answer | None = None
    problem: str = ""
    verdict: str = ""
    without: tuple[str, ...] = ()

    @property
    def waiting(self) -> bool:
        return self.answer is None and not self.problem


class Conversation:
    """The turns of one session, oldest first. Safe to use from several threads: questions may overlap."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turns: dict[int, Turn] = {}
        self._last = 0
        self._serial = 0
        self._offered: dict[Uploaded, int] = {}
        self.sought = ("all", "")  # which files the Library of this page lists: their state, and what they are called
        self.said = ""  # what became of the last file that this page removed, as HTML
        self.shown: dict[str, object] = {}  # what this session's page shows already, by name

    def __deepcopy__(self, memo: object) -> Conversation:
        """Every session starts with its own: gradio copies the initial value of a state."""
        return Conversation()

    @property
    def turns(self) -> tuple[Turn, ...]:
        with self._lock:
            return tuple(self._turns.values())

    def begin(self, question: str) -> Turn:
        """A new turn at the end; the oldest goes where there are too many."""
        with self._lock:
            self._last += 1
            turn = self._turns[self._last] = Turn(self._last, question)
            while len(self._turns) > MOST_TURNS:
                del self._turns[next(iter(self._turns))]
            return turn

    def again(self, number: int) -> Turn | None:
        """The turn emptied, to be answered anew; None where there is no such turn."""
        with self._lock:
            old = self._turns.get(number)
            return None if old is None else self._emptied(old)

    def drop(self, number: int, place: int) -> Turn | None:
        """The turn emptied, to be answered without one of its carried words; None where it has no such word."""
        with self._lock:
            old = self._turns.get(number)
            if old is None or old.answer is None or not 0 <= place < len(old.answer.carried):
                return None
            return self._emptied(replace(old, without=(*old.without, old.answer.carried[place])))

    def literally(self, number: int) -> Turn | None:
        """The turn emptied, to be answered with its words as they were typed; None where none was corrected."""
        with self._lock:
            old = self._turns.get(number)
            if old is None or old.answer is None or not old.answer.corrected:
                return None
            typed = tuple(typed for typed, _ in old.answer.corrected)
            return self._emptied(replace(old, question=literal(old.question, typed)))

    def history(self, number: int) -> tuple[Said, ...]:
        """What was said before a turn: the questions, with their words corrected, and the sentences that answered."""
        said: list[Said] = []
        for turn in self.turns:
            if turn.number < number:
                corrected = {} if turn.answer is None else dict(turn.answer.corrected)
                said.append(Said("user", spelled(Query(turn.question), corrected.get).text))
                if turn.answer is not None and turn.answer.lead is not None:
                    said.append(Said("agent", turn.answer.lead.text))
        return tuple(said)

    def finish(self, number: int, answer: Answer | None = None, problem: str = "") -> None:
        self._change(number, answer=answer, problem=problem)

    def judge(self, number: int, verdict: str) -> Turn | None:
        """The turn with its verdict; None where it has no answer or was judged before."""
        turn = self.turn(number)
        if turn is None or turn.answer is None or turn.verdict:
            return None
        return self._change(number, verdict=verdict)

    def turn(self, number: int) -> Turn | None:
        with self._lock:
            return self._turns.get(number)

    def citation(self, number: int, rank: int) -> tuple[Citation, int] | None:
        """A citation of an answer, and how many that answer has."""
        turn = self.turn(number)
        if turn is None or turn.answer is None:
            return None
        citations = turn.answer.citations
        found = next((citation for citation in citations if citation.rank == rank), None)
        return None if found is None else (found, len(citations))

    @property
    def serial(self) -> int:
        """The number that was given last."""
        with self._lock:
            return self._serial

    def next_serial(self) -> int:
        """A number that was not given before: a page hears only of values that changed."""
        with self._lock:
            self._serial += 1
            return self._serial

    def offer(self, uploaded: Uploaded) -> int:
        """The number by which the page may name this file."""
        with self._lock:
            return self._offered.setdefault(uploaded, len(self._offered))

    def offered(self, number: int) -> Uploaded | None:
        """The file that the page was offered under this number."""
        with self._lock:
            return next((uploaded for uploaded, known in self._offered.items() if known == number), None)

    def clear(self) -> None:
        with self._lock:
            self._turns.clear()

    def _emptied(self, turn: Turn) -> Turn:
        emptied = self._turns[turn.number] = Turn(turn.number, turn.question, without=turn.without)
        return emptied

    def _change(self, number: int, **changes: object) -> Turn | None:
        with self._lock:
            if number not in self._turns:  # it was cleared while it was being answered
                return None
            turn = self._turns[number] = replace(self._turns[number], **changes)  # type: ignore[arg-type]
            return turn
