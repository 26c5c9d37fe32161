"""A conversation: its questions and answers, stored if that is wanted and possible."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timezone

from ...ask.answer import Answer, Citation, Lead
from ...ask.correction import replace_words
from ...ask.filters import filters_in, without_filters
from ...ask.follow_up import Turn
from ...ask.query import literal
from ...errors import StoreError
from ...index.protocols import Query
from ...index.scope import EVERYTHING, Scope
from .exchange import Exchange, Wishes
from .history import History

MOST_EXCHANGES = 100  # the last ones are shown; all are stored
_USUAL = Wishes()


class Conversation:
    """The exchanges of a conversation, oldest first. Safe to use from several threads: questions may overlap.

    With a `history` it is stored there for its `owner` from the first question on, under its `name`, and follows what
    other pages and processes do to it. If that fails, `problem` says so in one sentence, and the conversation goes on
    without being stored. `key` is what the page calls it.
    """

    def __init__(self, history: History | None = None, owner: str = "", name: str = "", key: str = "") -> None:
        self.name = name
        self.key = key or name
        self.problem = ""
        self._history = history
        self._owner = owner
        self._revision = 0
        self._lock = threading.RLock()
        self._exchanges: dict[int, Exchange] = {}
        self._last = 0

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        with self._lock:
            self._follow()
            return tuple(self._exchanges.values())

    def begin(self, question: str, scope: Scope = EVERYTHING, wishes: Wishes = _USUAL) -> Exchange:
        """Append an exchange; of too many, the oldest is no longer shown."""
        with self._lock:
            self._follow()
            exchange = Exchange(self._last + 1, question, asked=_now(), scope=scope, wishes=wishes)
            try:
                exchange = self._stored(exchange)
            except StoreError as error:
                self._give_up(error)
            self._show(exchange)
            return exchange

    def again(self, number: int, wishes: Wishes = _USUAL) -> Exchange | None:
        """Return an exchange without its answer, to be answered again; None if it does not exist."""
        with self._lock:
            old = self.exchange(number)
            return None if old is None else self._emptied(replace(old, wishes=replace(wishes, as_of=old.wishes.as_of)))

    def drop(self, number: int, place: int) -> Exchange | None:
        """Return an exchange to be answered without one of its carried words; None if it has no such word."""
        with self._lock:
            old = self.exchange(number)
            if old is None or old.answer is None or not 0 <= place < len(old.answer.carried):
                return None
            return self._emptied(replace(old, without=(*old.without, old.answer.carried[place])))

    def alone(self, number: int) -> Exchange | None:
        """Return an exchange to be answered without the conversation before it; None if it has no carried words."""
        with self._lock:
            old = self.exchange(number)
            if old is None or old.answer is None or not old.answer.carried:
                return None
            return self._emptied(replace(old, is_alone=True))

    def everywhere(self, number: int) -> Exchange | None:
        """Return an exchange to be asked of all articles; None if it was."""
        with self._lock:
            old = self.exchange(number)
            if old is None or (not old.scope and not filters_in(old.question)):
                return None
            return self._emptied(replace(old, scope=EVERYTHING, question=without_filters(old.question)))

    def suggest(self, number: int, suggestions: tuple[str, ...]) -> bool:
        """Store what may be asked after an exchange, and return whether it is still the last one."""
        return self.is_last(number) and self._change(number, suggestions=suggestions) is not None

    def is_last(self, number: int) -> bool:
        """Return whether an exchange is the last one and has its answer."""
        last = next(reversed(self.exchanges), None)
        return last is not None and last.number == number and last.answer is not None

    def literally(self, number: int) -> Exchange | None:
        """Return an exchange to be answered with its words as typed; None if none was corrected."""
        with self._lock:
            old = self.exchange(number)
            if old is None or old.answer is None or not old.answer.corrected:
                return None
            typed = tuple(typed for typed, _ in old.answer.corrected)
            return self._emptied(replace(old, question=literal(old.question, typed)))

    def history(self, number: int) -> tuple[Turn, ...]:
        """Return the conversation before an exchange: the questions, corrected, and the sentences that answered.

        It is empty for one that is to be answered alone.
        """
        turns: list[Turn] = []
        asked = self.exchange(number)
        for exchange in () if asked is not None and asked.is_alone else self.exchanges:
            if exchange.number < number:
                corrected = {} if exchange.answer is None else dict(exchange.answer.corrected)
                turns.append(Turn("user", replace_words(Query(exchange.question), corrected.get).text))
                if exchange.answer is not None and exchange.answer.lead is not None:
                    turns.append(Turn("agent", _said(exchange.answer.lead)))
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
            self._follow()
            return self._exchanges.get(number)

    def citation(self, number: int, rank: int) -> tuple[Citation, int] | None:
        """Return a citation of an answer, and how many citations the answer has."""
        exchange = self.exchange(number)
        if exchange is None or exchange.answer is None:
            return None
        citations = exchange.answer.citations
        citation = next((each for each in citations if each.rank == rank), None)
        return None if citation is None else (citation, len(citations))

    def _emptied(self, exchange: Exchange) -> Exchange:
        emptied = replace(exchange, answer=None, problem="", verdict="", suggestions=(), asked=_now())
        self._replace(emptied)
        return emptied

    def _change(self, number: int, **changes: object) -> Exchange | None:
        with self._lock:
            old = self.exchange(number)
            if old is None:  # deleted while it was being answered
                return None
            changed = replace(old, **changes)  # type: ignore[arg-type]
            self._replace(changed)
            return changed

    def _replace(self, exchange: Exchange) -> None:
        self._exchanges[exchange.number] = exchange
        if self._history is not None and self.name:
            try:
                self._history.put(self._owner, self.name, exchange)
            except StoreError as error:
                self._give_up(error)

    def _stored(self, exchange: Exchange) -> Exchange:
        if self._history is None:
            return exchange
        added = self._history.add(self._owner, self.name, exchange) if self.name else None
        if added is None:  # the first one, or somebody has deleted the conversation
            self._exchanges.clear()
            added = replace(exchange, number=1)
            self.name, self._revision = self._history.begin(self._owner, added), 0
        return added

    def _follow(self) -> None:
        """Take over what other pages and processes have stored."""
        if self._history is None or not self.name:
            return
        try:
            found = self._history.since(self._owner, self.name, self._revision)
        except StoreError as error:
            self._give_up(error)
            return
        if found is None:  # deleted; that may be undone
            self._exchanges.clear()
            self._revision = 0
            return
        self._revision, changed = found
        for exchange in changed:
            self._show(exchange)

    def _show(self, exchange: Exchange) -> None:
        self._exchanges[exchange.number] = exchange
        self._last = max(self._last, exchange.number)
        while len(self._exchanges) > MOST_EXCHANGES:
            del self._exchanges[min(self._exchanges)]

    def _give_up(self, error: StoreError) -> None:
        self._history, self.problem = None, str(error)


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


def _said(lead: Lead) -> str:
    """What a follow-up may refer to: the quotation, or the articles that a statement names, not its own words."""
    return lead.text if lead.statement is None else "; ".join(lead.statement.titles)
