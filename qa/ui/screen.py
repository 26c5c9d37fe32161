"""Handles the events of the page: each method of `Screen` returns the new values of some of its parts.

HTML comes from `views`, `library`, `answer_html` and `source_html`; `page` connects the events.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from ..ask.answer import Citation
from ..errors import NoGenerationError, QAError
from ..status import Status
from . import library, views
from .chat import Chat, ChatState
from .conversation import Conversation, Exchange
from .feedback import Verdict
from .remedies import in_page
from .removal import Uploads
from .source_html import pages_html, source_html
from .templating import render
from .unexpected import LastError, unexpected
from .uploads import Upload, is_sent, save_upload

logger = logging.getLogger(__name__)

QUICK, _SLOW = 0.6, 5.0  # seconds between two updates of the page while something is in progress, and otherwise
_TOP_K = 5
_PATIENCE = 0.4  # seconds to wait for the pictures of a source's pages before its text is shown without them


class Screen:
    """Handles the events of all sessions."""

    def __init__(self, chat: Chat) -> None:
        self.chat = chat
        self.engine = chat.engine
        self._can_build = self.engine.can_build
        self._drawing = ThreadPoolExecutor(4, "pictures")
        self.uploads = Uploads(self.engine.config.corpus, self.engine.config.index)
        self._status: Status | None = None  # as last read from the folder
        self._last_error = LastError()

    # --- the conversation

    def ask(self, session: Conversation, question: str) -> Iterator[Any]:
        """Yield conversation, source and question box: first with the question alone, then with its answer."""
        if not (question or "").strip():
            yield gr.skip(), gr.skip(), gr.skip()
            return
        exchange = session.begin(question)
        yield _conversation_value(session), gr.skip(), ""
        yield from self._answer(session, exchange)

    def try_example(self, session: Conversation, event: gr.EventData) -> Iterator[Any]:
        """Ask the example that was clicked."""
        questions = self.chat.refresh().examples
        number = _number(event, "number")
        if 0 <= number < len(questions):
            yield from self.ask(session, questions[number])
        else:
            yield gr.skip(), gr.skip(), gr.skip()

    def retry(self, session: Conversation, event: gr.EventData) -> Iterator[Any]:
        """Ask a question again."""
        yield from self._ask_again(session, session.again(_number(event, "turn")))

    def drop(self, session: Conversation, event: gr.EventData) -> Iterator[Any]:
        """Ask a question again without the carried word that was clicked."""
        yield from self._ask_again(session, session.drop(_number(event, "turn"), _number(event, "number")))

    def ask_literally(self, session: Conversation, event: gr.EventData) -> Iterator[Any]:
        """Ask a question again with the corrected words as they were typed."""
        yield from self._ask_again(session, session.literally(_number(event, "turn")))

    def _ask_again(self, session: Conversation, exchange: Exchange | None) -> Iterator[Any]:
        if exchange is None:
            yield gr.skip(), gr.skip(), gr.skip()
            return
        yield _conversation_value(session), gr.skip(), gr.skip()
        yield from self._answer(session, exchange)

    def _answer(self, session: Conversation, exchange: Exchange) -> Iterator[Any]:
        try:
            answer = self.engine.ask(exchange.question, _TOP_K, session.history(exchange.number), exchange.without)
        except NoGenerationError:
            session.finish(exchange.number, problem="There is no index yet; ask again once it is built.")
        except QAError as error:
            session.finish(exchange.number, problem=in_page(error, self._can_build))
        except Exception as error:  # an edge: the page must not wait for an answer that never comes
            logger.exception("a question could not be answered")
            session.finish(exchange.number, problem=unexpected(error, "ask again"))
        else:
            session.finish(exchange.number, answer)
            if answer.lead is not None:
                conversation = _conversation_value(session)
                for source in self._source(session, exchange.number, answer.lead.citation, False):
                    yield conversation, source, gr.skip()
                    conversation = gr.skip()
                return
            # The source of an earlier answer next to "not in your articles" would look like an answer.
            yield _conversation_value(session), _no_source(session), gr.skip()
            return
        yield _conversation_value(session), gr.skip(), gr.skip()

    def open_source(self, session: Conversation, event: gr.EventData) -> Iterator[Any]:
        """Yield the source of the citation that was clicked."""
        yield from self._source(session, _number(event, "turn"), _number(event, "rank"), True)

    def _source(self, session: Conversation, turn: int, rank: int, asked: bool) -> Iterator[Any]:
        """Yield a source, and again with the pictures of its pages if these take a while."""
        cited = session.citation(turn, rank)
        if cited is None:
            yield gr.skip()
            return
        citation, of = cited
        pictures = self._drawing.submit(self._pages, citation)
        html = self._text(citation, turn, of)
        value = {"html": html, "turn": turn, "rank": rank, "asked": asked}
        wait([pictures], _PATIENCE)
        in_time = pictures.done()
        serial = session.next_serial()
        yield {**value, "pages": pictures.result() if in_time else "", "serial": serial}
        if not in_time and pictures.result() and session.serial == serial:  # no other source was opened in the meantime
            yield {**value, "pages": pictures.result(), "serial": session.next_serial()}

    def _text(self, citation: Citation, turn: int, of: int) -> str:
        try:
            document = self.engine.document(citation.document)
            changed = self.engine.changed(citation.document) if self._can_build else None
        except QAError:
            document, changed = None, True
        except Exception as error:
            logger.exception("a source could not be shown")
            return views.problem_html(unexpected(error, "open the source again"))
        return source_html(citation, document, changed, turn, of)

    def _pages(self, citation: Citation) -> str:
        try:
            return pages_html(citation, self.engine.pictures(citation))
        except QAError:  # the index cannot be opened; the text says so
            return ""
        except Exception as error:
            logger.exception("the pages of a source could not be shown")
            return views.problem_html(unexpected(error, "open the source again"))

    def judge(self, session: Conversation, event: gr.EventData) -> Any:
        """Store a verdict on an answer."""
        verdict: Verdict = "up" if getattr(event, "verdict", "") == "up" else "down"
        exchange = session.exchange(_number(event, "turn"))
        if exchange is None or exchange.answer is None or exchange.verdict:
            return gr.skip()
        answer = exchange.answer
        cited = answer.citations[0].document if answer.citations else ""
        try:
            self.chat.feedback.add(answer.question, answer.generation, cited, verdict)
        except QAError as error:  # no thanks for a verdict that was not stored
            gr.Warning(in_page(error, self._can_build))
            return gr.skip()
        except Exception as error:
            logger.exception("a verdict could not be stored")
            gr.Warning(unexpected(error, "rate the answer again"))
            return gr.skip()
        session.judge(exchange.number, verdict)
        return _conversation_value(session)

    def clear(self, session: Conversation) -> tuple[Any, Any]:
        """Start a new conversation."""
        session.clear()
        return _conversation_value(session), _no_source(session)

    # --- the index and the files

    def load(self, session: Conversation) -> list[Any]:
        """Return everything, after reading the folder again."""
        return self._show(session, self.chat.refresh(), force=True)

    def tick(self, session: Conversation) -> list[Any]:
        """Return what changed since the last update of this page."""
        return self._show(session, self.chat.refresh())

    def rebuild(self, session: Conversation) -> list[Any]:
        """Start a build; a full one if the index cannot be used, because its parts may be damaged too."""
        self.chat.job.start(full=bool(self.chat.refresh().problem), confirmed=self.chat.job.state.asks)
        return self._show(session, self.chat.refresh())

    def rebuild_all(self, session: Conversation) -> list[Any]:
        """Start a full build."""
        self.chat.job.start(full=True, confirmed=self.chat.job.state.asks)
        return self._show(session, self.chat.refresh())

    def stop(self, session: Conversation) -> list[Any]:
        """Stop the running build."""
        self.chat.job.cancel()
        return self._show(session, self.chat.refresh())

    def find(self, session: Conversation, event: gr.EventData) -> Any:
        """Return the files that the page asks for: a long list is sent in part."""
        show = getattr(event, "show", "")
        session.filter = (show if show in ("problem", "waiting") else "all", str(getattr(event, "find", ""))[:200])
        return _if_changed(session, "table", self._table(session, self._status))

    def remove(self, session: Conversation, event: gr.EventData) -> list[Any]:
        """Move an uploaded file, which the page names by a number, out of the folder."""
        uploaded = session.offered(_number(event, "number"))
        if uploaded is not None:
            try:
                session.removal_html = library.removed_html(uploaded.name, self.uploads.remove(uploaded).resolve())
                self.engine.withdraw([uploaded.name])
            except QAError as error:
                session.removal_html = render("text.html", text=in_page(error, self._can_build))
            except Exception as error:
                logger.exception("an upload could not be removed")
                problem = unexpected(error, "look whether the file is still in the list")
                session.removal_html = render("text.html", text=problem)
        # The message about its upload would contradict this one.
        return ["", *self._show(session, self.chat.refresh(), force=True)]

    def upload(self, session: Conversation, paths: list[str] | None) -> list[Any]:
        """Save uploaded files, and report the result of each."""
        config, uploads = self.engine.config, []
        for path in map(Path, paths or []):
            if not is_sent(path, Path(get_upload_folder())):
                uploads.append(Upload(path.name, False, "refused: it was not uploaded here"))
                continue
            try:
                uploads.append(save_upload(path, path.name, config.corpus, config.max_file_bytes, config.text_files))
                self.uploads.add(uploads[-1])
            except QAError as error:
                uploads.append(Upload(path.name, False, in_page(error)))
            except Exception as error:
                logger.exception("an upload could not be saved")
                uploads.append(Upload(path.name, False, unexpected(error, "upload it again")))
            finally:
                path.unlink(missing_ok=True)
        state = self.chat.refresh()
        results = library.uploads_html(uploads, state.followed or state.job.running)
        return [None, results, *self._show(session, state, force=True)]

    def _show(self, session: Conversation, state: ChatState, force: bool = False) -> list[Any]:
        """Return headline, notice, examples, build, table and timer, skipping those that the page shows already."""
        version = (state.generation, state.job.number, state.job.phase)
        table: Any = gr.skip()
        if force or session.shown.get("version") != version:
            if session.shown.get("version") != version:
                session.removal_html = ""
            session.shown["version"] = version
            table = _if_changed(session, "table", self._table(session))
            state = self.chat.refresh()  # the table has counted what waits for a rebuild
        headline = library.headline(state.documents, state.passages, state.created) if state.generation else ""
        pause = _SLOW if state.settled else QUICK
        seconds = _if_changed(session, "pause", pause)
        return [
            _if_changed(session, "headline", headline),
            _if_changed(
                session, "notice", views.notice_html(state, self.engine.config.corpus, self.engine.config.text_files)
            ),
            _if_changed(session, "examples", views.examples_html(state.examples)),
            _if_changed(session, "built", views.build_html(state.job, state.followed, state.can_build)),
            table,
            gr.Timer(pause) if seconds == pause else gr.skip(),
        ]

    def _table(self, session: Conversation, status: Status | None = None) -> dict[str, Any]:
        """Return the list of files with the filter of this page; of the folder as it is now if `status` is None."""
        try:
            status = self._status = status or self.chat.status()
            present = self.uploads.present() if self._can_build else {}
            offers = {name: session.offer(uploaded) for name, uploaded in present.items()}
        except QAError as error:
            problem = in_page(error, self._can_build)
            return {"html": render("quiet.html", text=problem), "whole": True}
        except Exception as error:
            if self._last_error.is_other(error):
                logger.exception("the files could not be listed")
            problem = unexpected(error, "reload the page, or restart the chat if this persists")
            return {"html": views.problem_html(problem), "whole": True}
        self._last_error.clear()
        removed = str((self.engine.config.index / "removed").resolve())
        files = library.files_value(
            status, offers, *session.filter, can_build=self._can_build, text_files=self.engine.config.text_files
        )
        return {**files, "message": session.removal_html, "removed": removed}


def _if_changed(session: Conversation, name: str, value: Any) -> Any:
    """Return a value unless the page shows it already."""
    if session.shown.get(name) == value:
        return gr.skip()
    session.shown[name] = value
    return value


def _conversation_value(session: Conversation) -> dict[str, Any]:
    exchanges = session.exchanges
    return {
        "turns": [
            {"id": exchange.number, "question": exchange.question, "html": views.exchange_html(exchange)}
            for exchange in exchanges
        ],
        "spoken": views.spoken(exchanges[-1]) if exchanges else "",
    }


def _no_source(session: Conversation) -> dict[str, Any]:
    return {"html": "", "serial": session.next_serial()}


def _number(event: gr.EventData, name: str) -> int:
    """Return a number that the page sent; for anything else -1, which names nothing."""
    value = getattr(event, name, None)
    return value if isinstance(value, int) else -1
