"""Handles the list of conflicts: what is known of them, or that the articles are being compared."""

from __future__ import annotations

import logging
from typing import Any

import gradio as gr

from ...errors import QAError
from ..answers.conflicts_html import conflicts_html
from ..failures import in_page, unexpected
from . import views
from .chat import Chat

logger = logging.getLogger(__name__)


class ConflictList:
    """Handles the list for all visitors, who may read all articles."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    def show(self, event: gr.EventData) -> dict[str, Any]:
        """Return the conflicts, or that the page `waits` for them: the articles are then compared in the background.

        After a failure they are compared again only for somebody who `came` to the list.
        """
        comparing = self._chat.comparing
        try:
            found = comparing.known()
            if found is not None:
                return {"waits": False, "html": conflicts_html(found)}
            if comparing.error is not None and getattr(event, "came", None) is not True:
                return self._problem(comparing.error)
            comparing.start(lambda: self._chat.wake())
            return {"waits": True, "html": ""}
        except QAError as error:
            return self._problem(error)
        except Exception as error:  # an edge: the page says what went wrong
            logger.exception("the conflicts could not be shown")
            return self._problem(error)

    def _problem(self, error: Exception) -> dict[str, Any]:
        if isinstance(error, QAError):
            problem = in_page(error, self._chat.engine.can_build)
        else:
            problem = unexpected(error, "reload the page")
        return {"waits": False, "html": views.problem_html(problem)}
