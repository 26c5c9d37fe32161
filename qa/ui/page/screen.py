"""Handles the events of the page: each method of `Screen` returns the new values of some of its parts.

HTML comes from `views`, `library_html` and `source_html`; `channels` connects the events.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import gradio as gr

from ...ask.answer import Citation
from ...ask.links import citation_link
from ...errors import QAError
from ..failures import unexpected
from ..library import library_html
from ..sources.earlier import earlier_source
from ..sources.pictures import NONE, pictures_of
from ..sources.source_html import source_html
from . import views
from .chat import Chat
from .session import Session
from .shelf import Shelf

logger = logging.getLogger(__name__)


class Screen:
    """Handles the events of all sessions."""

    def __init__(self, chat: Chat, is_owner: bool = True) -> None:
        self.chat = chat
        self.engine = chat.engine
        self._can_build = self.engine.can_build
        self.shelf = Shelf(chat, is_owner)

    # --- the sources

    def source(self, session: Session, turn: int, rank: int, asked: bool) -> Any:
        """Return the source of a citation; `asked` says that somebody clicked it."""
        cited = session.current.citation(turn, rank)
        if cited is None:
            return gr.skip()
        citation, of = cited
        exchange = session.current.exchange(turn)
        beside = exchange.answer.citations if exchange and exchange.answer else ()
        html = self._text(citation, turn, of, beside)
        link = citation_link(citation).removeprefix("#")
        return {"html": html, "turn": turn, "rank": rank, "asked": asked, "link": link}

    def _text(self, citation: Citation, turn: int, of: int, beside: Sequence[Citation]) -> str:
        then = ""
        try:
            engine = self.engine
            if citation.state:
                engine, then = earlier_source(engine, citation.state)
            document = engine.document(citation.document)
            changed = engine.changed(citation.document) if engine.can_build else None
            pictures = NONE if document is None or then else pictures_of(engine, document)
        except QAError:
            document, changed, pictures = None, True, NONE
        except Exception as error:
            logger.exception("a source could not be shown")
            return views.problem_html(unexpected(error, "open the source again"))
        return source_html(citation, document, changed, turn, of, beside, pictures, then)

    # --- the index and the files

    def open_library(self, session: Session) -> Any:
        """Return the list of files for somebody who comes to it: what happened before is no news."""
        session.message_html = ""
        return self.load(session)

    def load(self, session: Session) -> Any:
        """Return the list of files, after reading the folder again."""
        table = self.shelf.value(session, True)
        self.chat.wake()  # what waits for a rebuild has been counted
        return _if_changed(session, "table", table)

    def rebuild(self) -> None:
        """Start a build; a full one if the index cannot be used, because its parts may be damaged too."""
        self.chat.job.start(full=bool(self.chat.refresh().problem), confirmed=self.chat.job.state.asks)
        self.chat.wake()

    def rebuild_all(self) -> None:
        """Start a full build."""
        self.chat.job.start(full=True, confirmed=self.chat.job.state.asks)
        self.chat.wake()

    def stop(self) -> None:
        """Stop the running build."""
        self.chat.job.cancel()
        self.chat.wake()

    def find(self, session: Session, event: gr.EventData) -> Any:
        """Return the files that the page asks for: a long list is sent in pages."""
        return _if_changed(session, "table", self.shelf.find(session, event))

    def remove(self, session: Session, event: gr.EventData) -> list[Any]:
        """Move a file, which the page names by a number, out of the folder."""
        self.shelf.remove(session, event)
        # The message about its upload would contradict this one.
        return ["", self.load(session)]

    def rename(self, session: Session, event: gr.EventData) -> list[Any]:
        """Give a file another name."""
        self.shelf.rename(session, event)
        return ["", self.load(session)]

    def undo(self, session: Session, event: gr.EventData) -> list[Any]:
        """Move a file back to where it was."""
        self.shelf.undo(session, event)
        return ["", self.load(session)]

    def upload(self, session: Session, files: list[dict[str, Any]] | None) -> list[Any]:
        """Save uploaded files, and report the result of each."""
        uploads = self.shelf.upload(session, files)
        state = self.chat.refresh()
        results = library_html.uploads_html(uploads, state.followed or state.job.running)
        return [None, results, self.load(session)]


def _if_changed(session: Session, name: str, value: Any) -> Any:
    """Return a value unless the page shows it already."""
    if session.shown.get(name) == value:
        return gr.skip()
    session.shown[name] = value
    return value
