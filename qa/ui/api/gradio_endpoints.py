"""The calls of the API as Gradio's named endpoints; `endpoints` serves them as plain HTTP."""

from __future__ import annotations

import functools
import logging
from typing import Any

import gradio as gr
from gradio.components.api_component import Api

from ...engine import Engine
from ...errors import QAError
from ..failures import for_programs, unexpected
from ..web.idle import rest
from .calls import IN_GRADIO, Call, calls

logger = logging.getLogger(__name__)

_MOST_SESSIONS = 1_000  # open pages, and closed ones whose conversation Gradio keeps for an hour


class Page(gr.Blocks):  # type: ignore[misc]  # mypy skips Gradio
    """Blocks whose endpoints accept calls without the last values, for which they use the defaults.

    Gradio gives the defaults only to its own client; other programs must not break when a parameter is added. A call
    without a session leaves none behind: Gradio creates one for it, and would keep the last 10,000.
    """

    def __init__(self, *values: Any, **named: Any) -> None:
        super().__init__(*values, **named)
        self.state_session_capacity = _MOST_SESSIONS

    def queue(self, *values: Any, **named: Any) -> Page:
        super().queue(*values, **named)
        rest(self._queue)
        return self

    def get_config_file(self) -> dict[str, Any]:
        """Return what Gradio's scripts are given; without a connection that only says that a page is still open.

        A browser has six connections for one chat, so three tabs with two open ones each would stop each other.
        """
        config: dict[str, Any] = {**super().get_config_file(), "connect_heartbeat": False}
        return config

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
        try:
            super().validate_inputs(block_fn, inputs)
        except ValueError as error:
            count = len(block_fn.inputs)
            problem = f"The request has {len(inputs)} of {count} values: send all (see /gradio_api/info)."
            raise gr.Error(problem, print_exception=False) from error


def add_api(engine: Engine, chat: str) -> None:
    """Add the calls as Gradio endpoints to the Blocks under construction; `chat` is the address of links."""
    for call in calls(engine, chat):
        if call.__name__ in IN_GRADIO:
            gr.api(_for_gradio(call), api_name=call.__name__)


def _for_gradio(call: Call) -> Call:
    @functools.wraps(call)
    def wrapper(*values: Any, **named: Any) -> dict[str, Any]:
        try:
            return call(*values, **named)
        except QAError as error:
            raise gr.Error(for_programs(error), print_exception=False) from error
        except Exception as error:
            logger.exception("a call failed")
            problem = unexpected(error, "send the request again")
            raise gr.Error(problem, print_exception=False) from error

    return wrapper
