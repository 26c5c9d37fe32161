"""Answers what the page asks while a scope is being chosen: what there is, and how many articles a choice holds."""

from __future__ import annotations

import contextlib
import logging
from datetime import datetime
from typing import Any

import gradio as gr

from ...earlier import earlier_of
from ...engine import Engine
from ...errors import QAError
from ...index.scope import Scope
from ...index.states import State
from ...strings.sentences import said
from ..answers.templating import render
from ..failures import for_programs, in_page, unexpected
from .choices import Choices, choices_of, choices_value
from .events import text_in

logger = logging.getLogger(__name__)


class Picker:
    """Answers what the page asks while a scope is being chosen."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._last: tuple[object, Choices | None] = None, None

    def look(self, event: gr.EventData) -> dict[str, Any]:
        """Return the places that are looked for, and how many articles the choice holds.

        The page sends the choice as `scope`, what it looks for as `find`, and a number that it gets back.
        """
        value = {"serial": getattr(event, "serial", 0)}
        try:
            choices = self._choices()
            value |= self._days()
            return {**value, **choices_value(choices, text_in(event, "find")[:200]), **self._held(event)}
        except QAError as error:
            problem = in_page(error, self._engine.can_build)
        except Exception as error:  # an edge: the dialog says what went wrong
            logger.exception("the articles to choose from could not be listed")
            problem = unexpected(error, "reload the page")
        return {**value, "places": "", "kinds": "", "held": said(problem)}

    def _days(self) -> dict[str, str]:
        """The first and the last day whose articles can be asked; empty if there is but the present state."""
        states: tuple[State, ...] = ()
        with contextlib.suppress(QAError):  # without them, the present can be asked all the same
            states = earlier_of(self._engine).states()
        if len(states) < 2:
            return {"earliest": "", "today": ""}
        today = datetime.now().astimezone().date().isoformat()
        return {"earliest": states[0].created.astimezone().date().isoformat(), "today": today}

    def _choices(self) -> Choices:
        generation = self._engine.generation
        key = generation.id, generation.withdrawn()
        known, choices = self._last
        if choices is None or known != key:
            choices = choices_of(generation.records.values())
            self._last = key, choices
        return choices

    def _held(self, event: gr.EventData) -> dict[str, str]:
        """How many articles the choice holds, or why it is none."""
        try:
            selection = self._engine.generation.selection(Scope.from_json(getattr(event, "scope", None)))
        except QAError as error:
            return {"held": said(for_programs(error))}
        articles = self._choices().articles if selection is None else selection.articles
        return {"held": render("picker_held.html", articles=articles, is_everything=selection is None)}
