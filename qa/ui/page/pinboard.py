"""Handles the pinned questions: each method of `Pinboard` returns what is pinned, and what has happened to it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr

from ...errors import ConfigError, QAError
from ...index.scope import Scope
from ...strings.sentences import said
from ...watchlist.changes import standing
from ...watchlist.pins import Watchlist
from ..answers.pins_html import pins_html
from ..failures import in_page, unexpected
from ..web.visitors import owner_of
from .chat import Chat
from .events import text_in

logger = logging.getLogger(__name__)

_MOST_SHOWN = 500  # changes
_NOBODY = "Nobody can tell whose pins these would be: allow cookies for this page."

Done = Mapping[str, str]


class Pinboard:
    """Handles the pins of all visitors; those of an owner, who needs no log-in, are those of the command line too.

    Every event says whether the page `lists` what is pinned: then the list is returned, and counts as seen.
    """

    def __init__(self, chat: Chat, is_owner: bool) -> None:
        self._chat = chat
        self._is_owner = is_owner
        self._index = chat.engine.config.index

    def show(self, event: gr.EventData, request: gr.Request) -> dict[str, Any]:
        """Return what is pinned."""
        return self._answered(event, request, lambda pinned: {})

    def pin(self, event: gr.EventData, request: gr.Request) -> dict[str, Any]:
        """Pin a question, asked by itself; `done` is "differs" if its answer is another one than the page shows."""

        def done(pinned: Watchlist) -> Done:
            question, scope = text_in(event, "question"), Scope.from_json(getattr(event, "scope", None)).as_json()
            now = standing(self._chat.engine, question, scope)
            pinned.add(question, scope, now)
            key = next((pin.key for pin in pinned.pins() if (pin.question, pin.scope) == (question, scope)), "")
            return {"done": "pinned" if now.words == text_in(event, "words") else "differs", "key": key}

        return self._answered(event, request, done)

    def unpin(self, event: gr.EventData, request: gr.Request) -> dict[str, Any]:
        """Pin a question no more."""

        def done(pinned: Watchlist) -> Done:
            removed = pinned.unpin(text_in(event, "key"))
            return {} if removed is None else {"done": "unpinned", "key": removed.key, "question": removed.question}

        return self._answered(event, request, done)

    def repin(self, event: gr.EventData, request: gr.Request) -> dict[str, Any]:
        """Undo `unpin`."""

        def done(pinned: Watchlist) -> Done:
            pinned.restore(text_in(event, "key"))
            self._chat.pins.start()  # there may have been a build since
            return {}

        return self._answered(event, request, done)

    def _answered(self, event: gr.EventData, request: gr.Request, work: Callable[[Watchlist], Done]) -> dict[str, Any]:
        owner = "" if self._is_owner else owner_of(request.username, request.cookies)
        value: dict[str, Any] = {"html": ""}
        try:
            if not (self._is_owner or owner):
                raise ConfigError(_NOBODY)
            pinned = Watchlist(self._index, owner)
            value |= work(pinned)
            return value | self._pinned(pinned, getattr(event, "lists", None) is True)
        except QAError as error:
            return value | {"problem": said(in_page(error, self._chat.engine.can_build))}
        except Exception as error:  # an edge: the page says what went wrong
            logger.exception("the pinned questions could not be shown or changed")
            return value | {"problem": said(unexpected(error, "reload the page"))}

    def _pinned(self, pinned: Watchlist, lists: bool) -> dict[str, Any]:
        pins = pinned.pins()
        if not lists:
            return {"keys": [pin.key for pin in pins], "unseen": pinned.unseen()}
        generation = self._chat.refresh().generation
        changes = pinned.changes(_MOST_SHOWN)
        html = pins_html(pins, changes, generation, said(self._chat.pins.problem), feed=True)
        pinned.see()
        return {"keys": [pin.key for pin in pins], "unseen": 0, "html": html}
