"""Answers the questions of conversations in threads of their own: an answer is stored even if its page is gone."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from ...ask.answer import Answer
from ...earlier import earlier_of
from ...engine import Engine
from ...errors import NoGenerationError, QAError
from ..failures import in_page, unexpected
from ..telling import told
from .conversation import Conversation
from .exchange import Exchange

logger = logging.getLogger(__name__)

_AT_ONCE = 8
_PAUSE = 0.3  # seconds between two looks for the index that a question waits for


class Answering:
    """Answers questions from one engine. Safe to use from several threads.

    Without an index, a question waits as long as one `is_being_built`.
    """

    def __init__(self, engine: Engine, is_being_built: Callable[[], bool]) -> None:
        self._engine = engine
        self._is_being_built = is_being_built
        self._closing = threading.Event()
        self._pool = ThreadPoolExecutor(_AT_ONCE, "answer")
        self._lock = threading.Lock()
        self._running: dict[tuple[str | int, int], Future[None]] = {}

    def start(self, conversation: Conversation, exchange: Exchange) -> Future[None]:
        """Answer an exchange, which then has an answer or a problem; the future never raises."""
        key = _key(conversation, exchange.number)
        with self._lock:
            future = self._running[key] = self._pool.submit(self._answer, conversation, exchange)
        future.add_done_callback(lambda done: self._ended(key, done))
        return future

    def resume(self, conversation: Conversation) -> list[Future[None]]:
        """Answer what was asked and has no answer, for instance because the chat was stopped meanwhile."""
        waiting = [exchange for exchange in conversation.exchanges if exchange.waiting]
        with self._lock:
            running = [self._running.get(_key(conversation, exchange.number)) for exchange in waiting]
        return [future or self.start(conversation, exchange) for exchange, future in zip(waiting, running, strict=True)]

    def close(self) -> None:
        """Start no further answers, and wait for no index."""
        self._closing.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _ended(self, key: tuple[str | int, int], future: Future[None]) -> None:
        with self._lock:
            if self._running.get(key) is future:
                del self._running[key]

    def _answer(self, conversation: Conversation, exchange: Exchange) -> None:
        number = exchange.number
        try:
            answer = told("page", exchange.question, lambda: self._asked(conversation, exchange))
        except NoGenerationError:
            conversation.finish(number, problem="There is no index yet; ask again once it is built.")
        except QAError as error:
            conversation.finish(number, problem=in_page(error, self._engine.can_build))
        except Exception as error:  # an edge: the page must not wait for an answer that never comes
            logger.exception("a question could not be answered")
            conversation.finish(number, problem=unexpected(error, "ask again"))
        else:
            conversation.finish(number, answer)

    def _asked(self, conversation: Conversation, exchange: Exchange) -> Answer:
        while True:
            may_wait = self._is_being_built()  # before the question: the build may end during it
            try:
                history, wishes = conversation.history(exchange.number), exchange.wishes
                engine = earlier_of(self._engine).at(wishes.as_of) if wishes.as_of else self._engine
                return engine.ask(
                    exchange.question, wishes.passages, history, exchange.without, exchange.scope, wishes.threshold
                )
            except NoGenerationError:
                if not may_wait or self._closing.wait(_PAUSE):
                    raise


def _key(conversation: Conversation, number: int) -> tuple[str | int, int]:
    return conversation.name or id(conversation), number
