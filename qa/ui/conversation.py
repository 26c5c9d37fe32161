"""The state of one browser session: its questions and answers, and what its page shows.

Answers stay here so that a click can open their sources: the browser names an answer by a number, never a file.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

from ..ask.answer import Answer, Citation
from ..ask.correction import replace_words
from ..ask.follow_up import Turn
from ..ask.query import literal
from ..index.protocols import Query
from .removal import UploadedFile

MOST_EXCHANGES = 100


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question and its answer; without `answer` and `problem`, it is being answered.

    `without` are words of the conversation before it that the user removed from it.
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
    """The exchanges of one session, oldest first. Safe to use from several threads: questions may overlap."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._exchanges: dict[int, Exchange] = {}
        self._last = 0
        self._serial = 0
        self._offered: dict[UploadedFile, int] = {}
        self.filter = ("all", "")  # which files the Library lists: their state, and text that their names contain
        self.removal_html = ""  # what happened to the last file that this page removed
        self.shown: dict[str, object] = {}  # what this page shows already, by part

    def __deepcopy__(self, memo: object) -> Conversation:
        """Return a new one: Gradio copies the initial value of a state for every session."""
        return Conversation()

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        with self._lock:
            return tuple(self._exchanges.values())

    def begin(self, question: str) -> Exchange:
        """Append an exchange; drop the oldest if there are too many."""
        with self._lock:
            self._last += 1
            exchange = self._exchanges[self._last] = Exchange(self._last, question)
            while len(self._exchanges) > MOST_EXCHANGES:
                del self._exchanges[next(iter(self._exchanges))]
            return exchange

    def again(self, number: int) -> Exchange | None:
        """Return an exchange without its answer, to be answered again; None if it does not exist."""
        with self._lock:
            old = self._exchanges.get(number)
            return None if old is None else self._emptied(old)

    def drop(self, number: int, place: int) -> Exchange | None:
        """Return an exchange to be answered without one of its carried words; None if it has no such word."""
        with self._lock:
            old = self._exchanges.get(number)
            if old is None or old.answer is None or not 0 <= place < len(old.answer.carried):
                return None
            return self._emptied(replace(old, without=(*old.without, old.answer.carried[place])))

    def literally(self, number: int) -> Exchange | None:
        """Return an exchange to be answered with its words as typed; None if none was corrected."""
        with self._lock:
            old = self._exchanges.get(number)
            if old is None or old.answer is None or not old.answer.corrected:
                return None
            typed = tuple(typed for typed, _ in old.answer.corrected)
            return self._emptied(replace(old, question=literal(old.question, typed)))

    def history(self, number: int) -> tuple[Turn, ...]:
        """Return the conversation before an exchange: the questions, corrected, and the sentences that answered."""
        turns: list[Turn] = []
        for exchange in self.exchanges:
            if exchange.number < number:
                corrected = {} if exchange.answer is None else dict(exchange.answer.corrected)
                turns.append(Turn("user", replace_words(Query(exchange.question), corrected.get).text))
                if exchange.answer is not None and exchange.answer.lead is not None:
                    turns.append(Turn("agent", exchange.answer.lead.text))
        return tuple(turns)

    def finish(self, number: int, answer: Answer | None = None, problem: str = "") -> None:
        """Store the answer of an exchange, or why it has none."""
        self._change(number, answer=answer, problem=problem)

    def judge(self, number: int, verdict: str) -> Exchange | None:
        """Store a verdict and return the exchange; None if it has no answer or already a verdict."""
        exchange = self.exchange(number)
        if exchange is None or exchange.answer is None or exchange.verdict:
            return None
        return self._change(number, verdict=verdict)

    def exchange(self, number: int) -> Exchange | None:
        with self._lock:
            return self._exchanges.get(number)

    def citation(self, number: int, rank: int) -> tuple[Citation, int] | None:
        """Return a citation of an answer, and how many citations the answer has."""
        exchange = self.exchange(number)
        if exchange is None or exchange.answer is None:
            return None
        citations = exchange.answer.citations
        citation = next((each for each in citations if each.rank == rank), None)
        return None if citation is None else (citation, len(citations))

    @property
    def serial(self) -> int:
        """The number that `next_serial` returned last."""
        with self._lock:
            return self._serial

    def next_serial(self) -> int:
        """Return a number that was not returned before: a page is notified only of values that changed."""
        with self._lock:
            self._serial += 1
            return self._serial

    def offer(self, uploaded: UploadedFile) -> int:
        """Return the number by which the page may name this file."""
        with self._lock:
            return self._offered.setdefault(uploaded, len(self._offered))

    def offered(self, number: int) -> UploadedFile | None:
        """Return the file that was offered to the page under this number."""
        with self._lock:
            return next((uploaded for uploaded, known in self._offered.items() if known == number), None)

    def clear(self) -> None:
        """Forget all exchanges."""
        with self._lock:
            self._exchanges.clear()

    def _emptied(self, exchange: Exchange) -> Exchange:
        number = exchange.number
        self._exchanges[number] = Exchange(number, exchange.question, without=exchange.without)
        return self._exchanges[number]

    def _change(self, number: int, **changes: object) -> Exchange | None:
        with self._lock:
            if number not in self._exchanges:  # cleared while it was being answered
                return None
            self._exchanges[number] = replace(self._exchanges[number], **changes)  # type: ignore[arg-type]
            return self._exchanges[number]
