"""The calls of the API (ask, search and status), and the same calls as Gradio's named endpoints.

`endpoints` serves them as plain HTTP.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any

import gradio as gr
from gradio.components.api_component import Api

from ..ask.follow_up import turns
from ..ask.ranking import Hit
from ..engine import Engine
from ..errors import QAError, QuestionError
from ..text.document import SECTION_SEPARATOR
from .unexpected import unexpected

logger = logging.getLogger(__name__)

Call = Callable[..., dict[str, Any]]

_MOST_SESSIONS = 1_000  # open pages, and closed ones whose conversation Gradio keeps for an hour
_NO_CONVERSATION: list[dict[str, str]] = []  # never changed


class Page(gr.Blocks):  # type: ignore[misc]  # mypy skips Gradio
    """Blocks whose endpoints accept calls without the last values, for which they use the defaults.

    Gradio gives the defaults only to its own client; other programs must not break when a parameter is added. A call
    without a session leaves none behind: Gradio creates one for it, and would keep the last 10,000.
    """

    def __init__(self, *values: Any, **named: Any) -> None:
        super().__init__(*values, **named)
        self.state_session_capacity = _MOST_SESSIONS

    async def process_api(self, *values: Any, **named: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = await super().process_api(*values, **named)
            return answer
        finally:
            session, event = named.get("session_hash"), named.get("event_id")
            if event is not None and session == event:  # Gradio's name for the session of a call that has none
                self._forget(session)

    def _forget(self, session: str) -> None:
        """Drop the state of a session except its answer, which the caller has yet to fetch."""
        self.state_holder.session_data.pop(session, None)
        self.state_holder.time_last_used.pop(session, None)
        waiting, answers = self._queue.pending_event_ids_session, self._queue.pending_messages_per_session
        # Gradio bounds only the answers; a session without one waits for nothing.
        if len(waiting) > 2 * answers.max_size:
            for name in waiting.keys() - answers.keys():
                del waiting[name]

    def validate_inputs(self, block_fn: Any, inputs: list[Any]) -> None:
        for block in block_fn.inputs[len(inputs) :]:
            if not isinstance(block, Api) or block.value is None:
                break
            inputs.append(block.value)
        super().validate_inputs(block_fn, inputs)


def calls(engine: Engine) -> tuple[Call, ...]:
    """Return the functions that programs may call; each raises QAError."""

    def ask(question: str, top_k: int = 5, conversation: list[dict[str, str]] = _NO_CONVERSATION) -> dict[str, Any]:
        """Answer one question after a conversation: the object of `qa ask --json`."""
        history = turns([] if conversation is None else conversation)
        return engine.ask(_text("question", question), top_k, history).as_json()

    def search(query: str, top_k: int = 10) -> dict[str, Any]:
        """Return the best passages for a query, without an answer."""
        ranking = engine.search(_text("query", query), top_k)
        return {
            "query": str(ranking.query),
            "hits": [hit_json(hit) for hit in ranking.hits],
            "generation": ranking.generation,
        }

    def status() -> dict[str, Any]:
        """List every file of the folder with its state: the object of `qa status --json`."""
        return engine.status().as_json()

    return ask, search, status


def add_api(engine: Engine) -> None:
    """Add the calls as Gradio endpoints to the Blocks under construction."""
    for call in calls(engine):
        gr.api(_for_gradio(call), api_name=call.__name__)


def hit_json(hit: Hit) -> dict[str, Any]:
    """Return one entry of `hits`."""
    passage = hit.passage
    return {
        "rank": hit.rank,
        "score": round(hit.score, 4),
        "document": passage.document,
        "title": passage.title,
        "section": SECTION_SEPARATOR.join(passage.section),
        "page": passage.page,
        "start": passage.span.start,
        "end": passage.span.end,
        "text": passage.text,
    }


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise QuestionError(f"The {name} is not text: give it in quotes.")
    return value


def _for_gradio(call: Call) -> Call:
    @functools.wraps(call)
    def wrapper(*values: Any, **named: Any) -> dict[str, Any]:
        try:
            return call(*values, **named)
        except QAError as error:
            raise gr.Error(str(error), print_exception=False) from error
        except Exception as error:
            logger.exception("a call failed")
            problem = unexpected(error, "send the request again")
            raise gr.Error(problem, print_exception=False) from error

    return wrapper
