"""The page: what stands where, and which function hears which click.

It knows nothing about HTML (see `views`, `library` and `qa.render`) or about how the page is served.
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
from .conversation import Conversation, Turn
from .desk import Desk, View
from .feedback import Verdict
from .remedies import in_page
from .removal import Uploads
from .source_html import pages_html, source_html
from .templating import render
from .unexpected import LastError, unexpected
from .uploads import Upload, is_sent, save_upload

logger = logging.getLogger(__name__)

QUICK, _SLOW = 0.6, 5.0  # seconds between two looks while something is under way, and while nothing is
_TOP_K = 5
_PATIENCE = 0.4  # seconds that a source waits for the pictures of its pages before it is shown as text


class Screen:
    """Hears the clicks of all sessions. Each function returns the new values of the parts it names."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.engine = desk.engine
        self._only_reads = not self.engine.can_build
        self._drawing = ThreadPoolExecutor(4, "pictures")
        self.uploads = Uploads(self.engine.config.corpus, self.engine.config.index)
        self._status: Status | None = None  # as it was last read from the folder
        self._listing = LastError()

    # --- the conversation

    def ask(self, session: Conversation, question: str) -> Iterator[Any]:
        """Values of conversation, source and question box: first that it was asked, then the answer."""
        turn = session.begin(question or "")
        yield _talk(session), gr.skip(), ""
        yield from self._answer(session, turn)

    def try_example(self, session: Conversation, event: gr.EventData) -> Iterator[Any]:
        questions = self.desk.look().examples
        number = _number(event, "number")
        if 0 <= number < len(questions):
            yield from self.ask(session, questions[number])
        else:
            yield gr.skip(), gr.skip(), gr.skip()

    def retry(self, session: Conversation, event: gr.EventData) -> Iterator[Any]:
        yield from self._anew(session, session.again(_number(event, "turn")))

    def drop(self, session: Conversation, event: gr.EventData) -> Iterator[Any]:
        """The question once more, without the carried word that was clicked; the page names it by two numbers."""
        yield from self._anew(session, session.drop(_number(event, "turn"), _number(event, "number")))

    def ask_literally(self, session: Conversation, event: gr.EventData) -> Iterator[Any]:
        """The question once more, with the words that were corrected as they were typed."""
        yield from self._anew(session, session.literally(_number(event, "turn")))

    def _anew(self, session: Conversation, turn: Turn | None) -> Iterator[Any]:
        if turn is None:
            yield gr.skip(), gr.skip(), gr.skip()
            return
        yield _talk(session), gr.skip(), gr.skip()
        yield from self._answer(session, turn)

    def _answer(self, session: Conversation, turn: Turn) -> Iterator[Any]:
        try:
            answer = self.engine.ask(turn.question, _TOP_K, session.history(turn.number), turn.without)
        except NoGenerationError:
            session.finish(turn.number, problem="There is no index yet; ask again when it is built.")
        except QAError as error:
            session.finish(turn.number, problem=in_page(error, self._only_reads))
        except Exception as error:  # an edge: the page must not wait for an answer that does not come
            logger.exception("a question could not be answered")
            session.finish(turn.number, problem=unexpected(error, "ask again"))
        else:
            session.finish(turn.number, answer)
            if answer.lead is not None:
                talk = _talk(session)
                for source in self._source(session, turn.number, answer.lead.citation, False):
                    yield talk, source, gr.skip()
                    talk = gr.skip()
                return
            # The source of an earlier answer beside "not in the articles" would look like an answer.
            yield _talk(session), _no_source(session), gr.skip()
            return
        yield _talk(session), gr.skip(), gr.skip()

    def open_source(self, session: Conversation, event: gr.EventData) -> Iterator[Any]:
        """The source of the citation that was clicked; the page names it by two numbers."""
        yield from self._source(session, _number(event, "turn"), _number(event, "rank"), True)

    def _source(self, session: Conversation, turn: int, rank: int, asked: bool) -> Iterator[Any]:
        """The source, and once more with the pictures of its pages where they take a while."""
        found = session.citation(turn, rank)
        if found is None:
            yield gr.skip()
            return
        citation, of = found
        drawn = self._drawing.submit(self._pages, citation)
        html = self._text(citation, turn, of)
        value = {"html": html, "turn": turn, "rank": rank, "asked": asked}
        wait([drawn], _PATIENCE)
        in_time = drawn.done()
        serial = session.next_serial()
        yield {**value, "pages": drawn.result() if in_time else "", "serial": serial}
        if not in_time and drawn.result() and session.serial == serial:  # no other source was opened meanwhile
            yield {**value, "pages": drawn.result(), "serial": session.next_serial()}

    def _text(self, citation: Citation, turn: int, of: int) -> str:
        try:
            document = self.engine.document(citation.document)
            changed = None if self._only_reads else self.engine.changed(citation.document)
        except QAError:
            document, changed = None, True
        except Exception as error:
            logger.exception("a source could not be shown")
            return views.problem_html(unexpected(error, "open the source again"))
        return source_html(citation, document, changed, turn, of)

    def _pages(self, citation: Citation) -> str:
        try:
            return pages_html(citation, self.engine.pictures(citation))
        except QAError:  # the index cannot be opened, which the text says
            return ""
        except Exception as error:
            logger.exception("the pages of a source could not be shown")
            return views.problem_html(unexpected(error, "open the source again"))

    def judge(self, session: Conversation, event: gr.EventData) -> Any:
        verdict: Verdict = "up" if getattr(event, "verdict", "") == "up" else "down"
        turn = session.turn(_number(event, "turn"))
        if turn is None or turn.answer is None or turn.verdict:
            return gr.skip()
        answer = turn.answer
        cited = answer.citations[0].document if answer.citations else ""
        try:
            self.desk.feedback.add(answer.question, answer.generation, cited, verdict)
        except QAError as error:  # no thanks for what was not stored
            gr.Warning(in_page(error, self._only_reads))
            return gr.skip()
        except Exception as error:
            logger.exception("a verdict could not be stored")
            gr.Warning(unexpected(error, "rate the answer again"))
            return gr.skip()
        session.judge(turn.number, verdict)
        return _talk(session)

    def clear(self, session: Conversation) -> tuple[Any, Any]:
        session.clear()
        return _talk(session), _no_source(session)

    # --- how things stand

    def load(self, session: Conversation) -> list[Any]:
        """Everything, with the folder read anew."""
        return self._show(session, self.desk.look(), force=True)

    def tick(self, session: Conversation) -> list[Any]:
        """What changed since this page was last told."""
        return self._show(session, self.desk.look())

    def rebuild(self, session: Conversation) -> list[Any]:
        # An index that cannot be used is not to be trusted for its parts either.
        self.desk.job.start(full=bool(self.desk.look().problem))
        return self._show(session, self.desk.look())

    def rebuild_all(self, session: Conversation) -> list[Any]:
        self.desk.job.start(full=True)
        return self._show(session, self.desk.look())

    def stop(self, session: Conversation) -> list[Any]:
        self.desk.job.cancel()
        return self._show(session, self.desk.look())

    def find(self, session: Conversation, event: gr.EventData) -> Any:
        """The files that the page asks for: a long list is not sent whole."""
        show = getattr(event, "show", "")
        session.sought = (show if show in ("problem", "waiting") else "all", str(getattr(event, "find", ""))[:200])
        return _fresh(session, "table", self._table(session, self._status))

    def remove(self, session: Conversation, event: gr.EventData) -> list[Any]:
        """Move away the uploaded file that the page names by the number it was given."""
        uploaded = session.offered(_number(event, "number"))
        if uploaded is not None:
            try:
                session.said = library.removed_html(uploaded.name, self.uploads.remove(uploaded).resolve())
                self.engine.withdraw([uploaded.name])
            except QAError as error:
                session.said = render("text.html", text=in_page(error, self._only_reads))
            except Exception as error:
                logger.exception("an upload could not be removed")
                problem = unexpected(error, "look whether the file is still in the list")
                session.said = render("text.html", text=problem)
        # What was said of the upload would contradict it.
        return ["", *self._show(session, self.desk.look(), force=True)]

    def upload(self, session: Conversation, paths: list[str] | None) -> list[Any]:
        """Save what was sent, and say what became of each file."""
        config, uploads = self.engine.config, []
        for path in map(Path, paths or []):
            if not is_sent(path, Path(get_upload_folder())):
                uploads.append(Upload(path.name, False, "refused: it was not sent here"))
                continue
            try:
                uploads.append(save_upload(path, path.name, config.corpus, config.max_file_bytes))
                self.uploads.add(uploads[-1])
            except QAError as error:
                uploads.append(Upload(path.name, False, in_page(error)))
            except Exception as error:
                logger.exception("an upload could not be saved")
                uploads.append(Upload(path.name, False, unexpected(error, "upload it again")))
            finally:
                path.unlink(missing_ok=True)
        view = self.desk.look()
        said = library.uploads_html(uploads, view.followed or view.job.running)
        return [None, said, *self._show(session, view, force=True)]

    def _show(self, session: Conversation, view: View, force: bool = False) -> list[Any]:
        """Headline, notice, examples, build, table and timer; those that this page shows already are skipped."""
        stand = (view.generation, view.job.number, view.job.phase)
        table: Any = gr.skip()
        if force or session.shown.get("stand") != stand:
            if session.shown.get("stand") != stand:
                session.said = ""
            session.shown["stand"] = stand
            table = _fresh(session, "table", self._table(session))
            view = self.desk.look()  # the table counted what waits for a rebuild
        headline = library.headline(view.documents, view.passages, view.created) if view.generation else ""
        pause = _SLOW if view.settled else QUICK
        seconds = _fresh(session, "pause", pause)
        return [
            _fresh(session, "headline", headline),
            _fresh(session, "notice", views.notice_html(view, self.engine.config.corpus)),
            _fresh(session, "examples", views.examples_html(view.examples)),
            _fresh(session, "built", views.build_html(view.job, view.followed, view.only_reads)),
            table,
            gr.Timer(pause) if seconds == pause else gr.skip(),
        ]

    def _table(self, session: Conversation, status: Status | None = None) -> dict[str, Any]:
        """The list of files as this page wants it; of the folder as it is now, if `status` is not given."""
        try:
            status = self._status = status or self.desk.status()
            present = {} if self._only_reads else self.uploads.present()
            offers = {name: session.offer(uploaded) for name, uploaded in present.items()}
        except QAError as error:
            problem = in_page(error, self._only_reads)
            return {"html": render("quiet.html", text=problem), "whole": True}
        except Exception as error:
            if self._listing.is_other(error):
                logger.exception("the files could not be listed")
            problem = unexpected(error, "reload the page, or restart the chat if this stays")
            return {"html": views.problem_html(problem), "whole": True}
        self._listing.clear()
        removed = str((self.engine.config.index / "removed").resolve())
        files = library.files_value(status, offers, *session.sought, only_reads=self._only_reads)
        return {**files, "said": session.said, "removed": removed}


def _fresh(session: Conversation, name: str, value: Any) -> Any:
    if session.shown.get(name) == value:
        return gr.skip()
    session.shown[name] = value
    return value


def _talk(session: Conversation) -> dict[str, Any]:
    turns = session.turns
    return {
        "turns": [{"id": turn.number, "html": views.turn_html(turn)} for turn in turns],
        "spoken": views.spoken(turns[-1]) if turns else "",
    }


def _no_source(session: Conversation) -> dict[str, Any]:
    return {"html": "", "serial": session.next_serial()}


def _number(event: gr.EventData, name: str) -> int:
    """A number that the page sent; 0, which names nothing, for anything else."""
    value = getattr(event, name, None)
    return value if isinstance(value, int) else -1
