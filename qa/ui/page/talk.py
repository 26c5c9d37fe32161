"""Handles the events of the conversation on the page: each method of `Talk` returns new values of its channels.

The page names a conversation by a key: the name under which it is stored, or one of its own for a new one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import wait
from typing import Any

import gradio as gr

from ...ask.answer import Answer
from ...earlier import earlier_of
from ...errors import QAError, StoreError
from ...index.scope import EVERYTHING, Scope
from ...receipts.receipt import receipt_of
from ...strings.catalogue import say
from ...strings.sentences import said
from ..answers.suggestions import suggestions
from ..conversations.conversation import Conversation
from ..conversations.exchange import Exchange, Wishes
from ..failures import for_programs, in_page, unexpected
from ..feedback.verdicts import Verdict
from ..web.visitors import owner_of
from . import views
from .chat import Chat
from .events import number_in, text_in
from .session import Session

logger = logging.getLogger(__name__)

_LONGEST_KEY = 40  # characters
_MOST_PASSAGES = 20
_USUAL = Wishes()
_GONE = "This conversation does not exist, or not in this browser: ask a new question."

ShowSource = Callable[[Session, int, int, bool], Any]


class Talk:
    """Handles the conversations of all pages; `show_source` gives the source of a citation of a turn."""

    def __init__(self, chat: Chat, show_source: ShowSource) -> None:
        self._chat = chat
        self._show_source = show_source

    def ask_typed(self, session: Session, event: gr.EventData, request: gr.Request) -> Iterator[Any]:
        """Ask the question that was typed, in the conversation that the page shows."""
        self._open(session, text_in(event, "conversation"), request, creates=True)
        yield from self.ask(session, text_in(event, "question"), getattr(event, "scope", None), _wishes_of(event))

    def ask(self, session: Session, question: str, scope: object = None, wishes: Wishes = _USUAL) -> Iterator[Any]:
        """Yield conversation and source: first with the question alone, then with its answer.

        `scope` is the JSON of the Scope that the page has chosen.
        """
        if not (question or "").strip():
            yield gr.skip(), gr.skip()
            return
        conversation = session.current
        chosen, problem = _scope_of(scope)
        exchange = conversation.begin(question, chosen, wishes)
        if conversation.name:
            session.know(conversation.name, conversation)
        if problem:
            conversation.finish(exchange.number, problem=problem)
            yield self._value(conversation), gr.skip()
            return
        yield from self._answer(session, conversation, exchange)

    def try_example(self, session: Session, event: gr.EventData, request: gr.Request) -> Iterator[Any]:
        """Ask the example that was clicked."""
        questions = self._chat.refresh().examples
        number = number_in(event, "number")
        if 0 <= number < len(questions):
            self._open(session, text_in(event, "conversation"), request, creates=True)
            yield from self.ask(session, questions[number], getattr(event, "scope", None), _wishes_of(event))
        else:
            yield gr.skip(), gr.skip()

    def retry(self, session: Session, event: gr.EventData, request: gr.Request | None = None) -> Iterator[Any]:
        """Ask a question again."""
        conversation = self._of(session, event, request)
        again = conversation.again(number_in(event, "turn"), _wishes_of(event))
        yield from self._ask_again(session, conversation, again)

    def drop(self, session: Session, event: gr.EventData, request: gr.Request | None = None) -> Iterator[Any]:
        """Ask a question again without the carried word that was clicked."""
        conversation = self._of(session, event, request)
        dropped = conversation.drop(number_in(event, "turn"), number_in(event, "number"))
        yield from self._ask_again(session, conversation, dropped)

    def ask_literally(self, session: Session, event: gr.EventData, request: gr.Request | None = None) -> Iterator[Any]:
        """Ask a question again with the corrected words as they were typed."""
        conversation = self._of(session, event, request)
        yield from self._ask_again(session, conversation, conversation.literally(number_in(event, "turn")))

    def ask_everywhere(self, session: Session, event: gr.EventData, request: gr.Request | None = None) -> Iterator[Any]:
        """Ask a question again of all articles."""
        conversation = self._of(session, event, request)
        yield from self._ask_again(session, conversation, conversation.everywhere(number_in(event, "turn")))

    def ask_alone(self, session: Session, event: gr.EventData, request: gr.Request | None = None) -> Iterator[Any]:
        """Ask a question again without any word of the conversation before it."""
        conversation = self._of(session, event, request)
        yield from self._ask_again(session, conversation, conversation.alone(number_in(event, "turn")))

    def ask_suggestion(self, session: Session, event: gr.EventData, request: gr.Request | None = None) -> Iterator[Any]:
        """Ask the suggestion that was clicked."""
        exchange = self._of(session, event, request).exchange(number_in(event, "turn"))
        suggested = exchange.suggestions if exchange is not None else ()
        number = number_in(event, "number")
        scope = exchange.scope.as_json() if exchange is not None else None
        question = suggested[number] if 0 <= number < len(suggested) else ""
        yield from self.ask(session, question, scope, _wishes_of(event))

    def open(self, session: Session, event: gr.EventData, request: gr.Request) -> Iterator[Any]:
        """Yield the conversation of a key, and again when the answers that it waits for are there."""
        key = text_in(event, "conversation")
        if not self._open(session, key, request, creates=False):
            yield {"key": key, "name": "", "problem": say(_GONE), "turns": [], "spoken": ""}
            return
        conversation = session.current
        pending = self._chat.answering.resume(conversation)
        yield self._value(conversation, is_new=False, waits=self._chat.builds_first())
        for future in pending:
            wait([future])
            yield self._value(conversation)

    def open_source(self, session: Session, event: gr.EventData, request: gr.Request | None = None) -> Any:
        """Return the source of the citation that was clicked."""
        self._of(session, event, request)
        return self._show_source(session, number_in(event, "turn"), number_in(event, "rank"), True)

    def receipt(self, session: Session, event: gr.EventData, request: gr.Request | None = None) -> Any:
        """Return a signed receipt of an answer as a file, or why there is none."""
        exchange = self._of(session, event, request).exchange(number_in(event, "turn"))
        if exchange is None or exchange.answer is None:
            return gr.skip()
        try:
            engine, as_of = self._chat.engine, exchange.answer.as_of
            engine = engine if as_of is None else earlier_of(engine).of(as_of.state.generation)
            text = receipt_of(engine, exchange.answer).as_text()
        except QAError as error:
            return {"problem": said(in_page(error, self._chat.engine.can_build))}
        except Exception as error:  # an edge: the page says what went wrong
            logger.exception("a receipt could not be made")
            return {"problem": said(unexpected(error, "ask again"))}
        return {"text": text, "type": "application/json", "file": f"receipt-{exchange.number}.json"}

    def judge(self, session: Session, event: gr.EventData, request: gr.Request | None = None) -> Any:
        """Store a verdict on an answer."""
        verdict: Verdict = "up" if getattr(event, "verdict", "") == "up" else "down"
        conversation = self._of(session, event, request)
        exchange = conversation.exchange(number_in(event, "turn"))
        if exchange is None or exchange.answer is None or exchange.verdict:
            return gr.skip()
        answer = exchange.answer
        cited = answer.citations[0].document if answer.citations else ""
        try:
            self._chat.feedback.add(answer.question, answer.generation, cited, verdict)
        except QAError as error:  # no thanks for a verdict that was not stored
            gr.Warning(said(in_page(error, self._chat.engine.can_build)))
            return gr.skip()
        except Exception as error:
            logger.exception("a verdict could not be stored")
            gr.Warning(said(unexpected(error, "rate the answer again")))
            return gr.skip()
        conversation.judge(exchange.number, verdict)
        return self._value(conversation)

    def _ask_again(self, session: Session, conversation: Conversation, exchange: Exchange | None) -> Iterator[Any]:
        if exchange is None:
            yield gr.skip(), gr.skip()
        else:
            yield from self._answer(session, conversation, exchange)

    def _answer(self, session: Session, conversation: Conversation, exchange: Exchange) -> Iterator[Any]:
        answered = self._chat.answering.start(conversation, exchange)
        yield self._value(conversation, waits=self._chat.builds_first()), gr.skip()
        wait([answered])
        exchange = conversation.exchange(exchange.number) or exchange
        if exchange.answer is None:
            yield self._value(conversation), _no_source(exchange) if session.current is conversation else gr.skip()
            return
        yield self._value(conversation), gr.skip()
        # Neither the questions of today that lack an answer nor those that may be asked next are those of then.
        is_present = exchange.answer.as_of is None
        if is_present and (problem := self._chat.note(exchange.answer)):
            gr.Warning(said(problem))
        if session.current is not conversation:
            return
        if exchange.answer.lead is None:
            yield gr.skip(), _no_source(exchange)
            return
        yield gr.skip(), self._show_source(session, exchange.number, exchange.answer.lead.citation, False)
        if is_present:
            yield from self._suggest(session, conversation, exchange.number, exchange.answer)

    def _suggest(self, session: Session, conversation: Conversation, number: int, answer: Answer) -> Iterator[Any]:
        """Yield the conversation with what may be asked next, unless something was asked in the meantime."""

        def are_wanted() -> bool:
            return session.current is conversation and conversation.is_last(number)

        suggested = suggestions(self._chat.engine, answer, are_wanted)
        if suggested and conversation.suggest(number, suggested):
            yield self._value(conversation), gr.skip()

    def _value(self, conversation: Conversation, is_new: bool = True, waits: bool = False) -> dict[str, Any]:
        answers = [each.answer for each in conversation.exchanges if each.answer is not None]
        languages = self._chat.languages({each.document for answer in answers for each in answer.citations})
        return value_of(conversation, languages, is_new, waits)

    def _of(self, session: Session, event: gr.EventData, request: gr.Request | None) -> Conversation:
        """Return the conversation that an event names, an empty one if there is none; without a name, the shown one."""
        name = text_in(event, "conversation")
        if request is None or not name or self._open(session, name, request, creates=False):
            return session.current
        return Conversation()

    def _open(self, session: Session, key: str, request: gr.Request, creates: bool) -> bool:
        """Make the conversation of a key the one that the page shows.

        If this visitor has none under it, a new one is created, or false is returned.
        """
        owner = owner_of(request.username, request.cookies)
        session.belongs_to(owner)
        key = key[:_LONGEST_KEY]
        conversation = session.known(key) or self._found(owner, key, creates)
        if conversation is None:
            return False
        session.current = session.know(key, conversation)
        return True

    def _found(self, owner: str, key: str, creates: bool) -> Conversation | None:
        history = self._chat.history if owner else None
        try:
            if history is not None and history.title(owner, key) is not None:
                return Conversation(history, owner, key)
            if creates:
                return Conversation(history if history and history.keeps(owner) else None, owner, key=key)
        except StoreError as error:
            conversation = Conversation(key=key)
            conversation.problem = for_programs(error)
            return conversation
        return None


def _no_source(exchange: Exchange) -> dict[str, Any]:
    """Return that a turn has no source: that of an earlier answer beside what is none would look like one."""
    return {"html": "", "turn": exchange.number}


def _wishes_of(event: gr.EventData) -> Wishes:
    """Return what the reader has set; anything that the page does not offer counts as not set."""
    passages, threshold = number_in(event, "passages"), getattr(event, "threshold", None)
    return Wishes(
        passages if 1 <= passages <= _MOST_PASSAGES else _USUAL.passages,
        float(threshold) if isinstance(threshold, int | float) and 0 <= threshold <= 1 else _USUAL.threshold,
        text_in(event, "as_of")[:_LONGEST_KEY],
    )


def _scope_of(data: object) -> tuple[Scope, str]:
    """Return the scope that the page sent, or why it is none: then not all articles are asked instead."""
    try:
        return Scope.from_json(data), ""
    except QAError as error:
        return EVERYTHING, for_programs(error)


def value_of(
    conversation: Conversation, languages: Mapping[str, str], is_new: bool = True, waits: bool = False
) -> dict[str, Any]:
    """Return what the page shows of a conversation.

    `languages` are those of the cited documents, as far as they are known. `is_new` says that its last answer is to be
    announced, `waits` that questions wait for the first index.
    """
    exchanges = conversation.exchanges
    return {
        "key": conversation.key,
        "name": conversation.name,
        "problem": said(conversation.problem),
        "scope": exchanges[-1].scope.as_json() if exchanges else {},
        "turns": [views.turn_value(exchange, exchange is exchanges[-1], waits, languages) for exchange in exchanges],
        "spoken": views.spoken(exchanges[-1]) if exchanges and is_new else "",
        "quoted": views.quotation(exchanges[-1], languages) if exchanges and is_new else ("", ""),
    }
