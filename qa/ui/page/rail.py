"""Handles the list of past conversations: each method of `Rail` returns the new list, or an exported conversation."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

import gradio as gr

from ...errors import StoreError
from ...strings.catalogue import say
from ...strings.sentences import said
from ..conversations.exports import as_json, as_markdown, file_name
from ..conversations.history import History
from ..conversations.past_html import past_html
from ..failures import for_programs, unexpected
from ..web.visitors import owner_of
from .chat import Chat
from .events import number_in, text_in

logger = logging.getLogger(__name__)

_ERASING = 600.0  # seconds between two looks for deleted conversations that can no longer be restored
_FURTHEST = 14 * 60  # minutes that a clock is from UTC
_LONGEST_WORDS = 200  # characters
_ADDRESS = re.compile(r"https?://[^\s()<>#]{1,300}")
_NOT_KEPT = "Conversations are not kept."
_GONE = "This conversation was deleted in the meantime."

Deleted = Sequence[str]
Change = Callable[[History, str], Deleted]


class Rail:
    """Handles the lists of all pages.

    Every event says by which `words` the page filters its list, and by how many `minutes` its clock is before UTC.
    """

    def __init__(self, chat: Chat) -> None:
        self._history = chat.history
        self._erased = float("-inf")

    def list(self, event: gr.EventData, request: gr.Request) -> dict[str, Any]:
        """Return the list."""
        return self._changed(event, request, lambda history, owner: ())

    def rename(self, event: gr.EventData, request: gr.Request) -> dict[str, Any]:
        """Give a conversation another title."""

        def change(history: History, owner: str) -> Deleted:
            history.rename(owner, text_in(event, "conversation"), text_in(event, "title"))
            return ()

        return self._changed(event, request, change)

    def delete(self, event: gr.EventData, request: gr.Request) -> dict[str, Any]:
        """Delete a conversation, or all of them if the page says so."""
        name = text_in(event, "conversation")
        is_all = getattr(event, "all", None) is True

        def change(history: History, owner: str) -> Deleted:
            return history.delete(owner, name) if name or is_all else ()

        return self._changed(event, request, change)

    def restore(self, event: gr.EventData, request: gr.Request) -> dict[str, Any]:
        """Undo a deletion."""
        names = getattr(event, "names", None)

        def change(history: History, owner: str) -> Deleted:
            history.restore(owner, [name for name in names if isinstance(name, str)] if isinstance(names, list) else [])
            return ()

        return self._changed(event, request, change)

    def keep(self, event: gr.EventData, request: gr.Request) -> dict[str, Any]:
        """Store conversations of this visitor from now on, or no longer."""

        def change(history: History, owner: str) -> Deleted:
            history.keep(owner, getattr(event, "wanted", None) is True)
            return ()

        return self._changed(event, request, change)

    def export(self, event: gr.EventData, request: gr.Request) -> dict[str, Any]:
        """Return a conversation as a file: its name, type and text, or the problem."""
        name, owner = text_in(event, "conversation"), owner_of(request.username, request.cookies)
        try:
            title = self._history.title(owner, name) if self._history is not None else None
            found = self._history.since(owner, name) if self._history is not None else None
        except StoreError as error:
            return {"problem": said(for_programs(error))}
        if title is None or found is None:
            return {"problem": say(_GONE)}
        _, exchanges = found
        file = file_name(title, exchanges[0].asked if exchanges else "")
        address = text_in(event, "address")
        address = address if _ADDRESS.fullmatch(address) else ""
        if text_in(event, "kind") == "json":
            return {"file": f"{file}.json", "type": "application/json", "text": as_json(title, exchanges, address)}
        text = as_markdown(title, exchanges, address)
        return {"file": f"{file}.md", "type": "text/markdown", "text": text}

    def _changed(self, event: gr.EventData, request: gr.Request, change: Change) -> dict[str, Any]:
        """Change what is stored, and return the list as it is then, with the names of what was deleted."""
        owner = owner_of(request.username, request.cookies)
        words = text_in(event, "words")[:_LONGEST_WORDS]
        minutes = max(-_FURTHEST, min(_FURTHEST, number_in(event, "minutes")))
        now = datetime.now(timezone(timedelta(minutes=minutes)))
        value: dict[str, Any] = {"deleted": [], "kept": False, "can_keep": False}
        if self._history is None or not owner:
            return {**value, "html": past_html((), now, False, _NOT_KEPT)}
        try:
            value["deleted"] = list(change(self._history, owner))
            self._erase(self._history)
            value["can_keep"], value["kept"] = True, self._history.keeps(owner)
            return {**value, "html": past_html(self._history.past(owner, words), now, bool(words.strip()))}
        except StoreError as error:
            return {**value, "html": past_html((), now, False, for_programs(error))}
        except Exception as error:  # an edge: the page shows what went wrong
            logger.exception("the conversations could not be listed")
            return {**value, "html": past_html((), now, False, unexpected(error, "reload the page"))}

    def _erase(self, history: History) -> None:
        if time.monotonic() - self._erased > _ERASING:
            self._erased = time.monotonic()
            history.forget_deleted()
