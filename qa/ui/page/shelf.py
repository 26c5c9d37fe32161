"""Handles the events of the library: which files it lists, and what a person does with them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from ...corpus.folders import Folder, Folders, corpus_of
from ...corpus.records import FileRecord
from ...corpus.storing import Stored, store_file
from ...errors import QAError
from ..answers.templating import render
from ..failures import LastError, in_page, unexpected
from ..feedback.gaps import gaps
from ..feedback.verdicts import Verdict, as_csv, as_json
from ..library import library_html
from ..library.listing import Entry, Listing, View
from ..library.moves import Move, Moves
from ..library.uploaded import Uploads
from ..library.uploads import is_sent
from . import views
from .chat import Chat
from .events import number_in, text_in
from .session import Session

logger = logging.getLogger(__name__)

_VERDICTS: dict[str, Verdict] = {"up": "up", "down": "down"}
_EXPORTS: dict[str, Callable[..., Any]] = {"csv": as_csv, "json": as_json}
_MOST = 500  # ratings, groups, and questions of a group that a page shows


class Shelf:
    """Handles the events of the library of all sessions.

    An owner may move every file of the folder, and read what users say of the answers: that is whoever uses a chat that
    needs no log-in. Others may move what was uploaded.
    """

    def __init__(self, chat: Chat, is_owner: bool) -> None:
        self._chat = chat
        self._config = chat.engine.config
        self._can_build = chat.engine.can_build
        self._is_owner = is_owner
        self._folders = Folders.of(corpus_of(self._config))
        self._uploads = Uploads(self._folders, self._config.index)
        self._moves = Moves(self._folders, self._config.index)
        self._listing: Listing | None = None  # of the folder as it was read last
        self._last_error = LastError()

    # --- the list

    def find(self, session: Session, event: gr.EventData) -> dict[str, Any]:
        """Return the files that the page asks for, unless it has asked for others since."""
        view = View.of({name: getattr(event, name, None) for name in View.__slots__})
        session.list_from(number_in(event, "serial"), view)
        return self.value(session, fresh=False)

    def value(self, session: Session, fresh: bool = True) -> dict[str, Any]:
        """Return the list of files in the view of this page; of the folder as it is now if it is to be `fresh`."""
        try:
            if fresh or self._listing is None:
                self._listing = Listing(self._chat.status(), self._config.text_files)
            offer = self._offer(session)
            removed = self._moves.removed() if self._can_build else ()
        except QAError as error:
            return {"html": render("quiet.html", text=in_page(error, self._can_build))}
        except Exception as error:
            if self._last_error.is_other(error):
                logger.exception("the files could not be listed")
            problem = unexpected(error, "reload the page, or restart the chat if this persists")
            return {"html": views.problem_html(problem)}
        self._last_error.clear()
        serial, view = session.listed
        value = library_html.files_value(self._listing, view, offer, can_build=self._can_build)
        session.list_from(serial, View.of(value["view"]))
        folder = self._moves.removed_folder.resolve()
        return {
            **value,
            "message": session.message_html,
            "removed": library_html.removed_html(removed, folder),
            "serial": serial,
        }

    def _offer(self, session: Session) -> Callable[[Entry], int | None]:
        """Return what numbers the files that the page may move."""
        uploaded = self._uploads.present() if self._can_build and not self._is_owner else {}

        def offer(entry: Entry) -> int | None:
            record, pending = entry.file.record, entry.file.pending
            if not self._can_build or pending not in ("", "new"):
                return None
            known = uploaded.get(record.path)
            if self._is_owner or (known is not None and record.sha256 in ("", known)):
                return session.offer(record)
            return None

        return offer

    # --- moving files

    def remove(self, session: Session, event: gr.EventData) -> None:
        """Move a file, which the page names by a number, out of the folder."""
        file = session.offered(number_in(event, "number"))
        if file is not None:
            self._doing(session, lambda: self._removed(file))

    def _removed(self, file: FileRecord) -> str:
        message = library_html.moved_html(self._moves.remove(file))
        self._chat.engine.withdraw([file.path])
        return message

    def rename(self, session: Session, event: gr.EventData) -> None:
        """Give a file, which the page names by a number, another name."""
        file, name = session.offered(number_in(event, "number")), text_in(event, "name")
        if file is not None:
            self._doing(session, lambda: library_html.moved_html(self._renamed(file, name)))

    def _renamed(self, file: FileRecord, name: str) -> Move:
        was_uploaded = self._uploads.present().get(file.path)
        move = self._moves.rename(file, name, self._config.text_files)
        if was_uploaded:
            self._uploads.add(move.place, was_uploaded)
        return move

    def undo(self, session: Session, event: gr.EventData) -> None:
        """Move a file back."""
        self._doing(session, lambda: library_html.undone_html(self._moves.undo(number_in(event, "number"))))

    def _doing(self, session: Session, work: Callable[[], str]) -> None:
        """Do something with a file; the page then says what `work` returns, or what went wrong."""
        try:
            session.message_html = work()
        except QAError as error:
            session.message_html = render("text.html", text=in_page(error, self._can_build))
        except Exception as error:
            logger.exception("a file could not be moved")
            problem = unexpected(error, "look whether the file is still in the list")
            session.message_html = render("text.html", text=problem)

    def upload(self, session: Session, files: list[dict[str, Any]] | None) -> list[Stored]:
        """Save uploaded files, as Gradio describes them by their `path`, and return the result of each.

        Of several folders, they are saved in the one whose files the page lists, otherwise in the first.
        """
        folder = self._folders.folder_of(f"{session.listed[1].folder}/") or self._folders.all[0]
        return [self._save(Path(file["path"]), folder) for file in files or []]

    def _save(self, path: Path, folder: Folder) -> Stored:
        config = self._config
        if not is_sent(path, Path(get_upload_folder())):
            return Stored(path.name, False, "refused: it was not uploaded here")
        try:
            upload = store_file(path, path.name, folder.path, config.max_file_bytes, config.text_files)
            if upload.saved:
                upload = replace(upload, name=folder.key(upload.name))
            if upload.sha256:
                self._uploads.add(upload.name, upload.sha256)
        except QAError as error:
            return Stored(path.name, False, in_page(error))
        except Exception as error:
            logger.exception("an upload could not be saved")
            return Stored(path.name, False, unexpected(error, "upload it again"))
        else:
            return upload
        finally:
            path.unlink(missing_ok=True)

    # --- what users say of the answers

    def ratings(self, event: gr.EventData) -> dict[str, Any]:
        """Return the ratings that the page asks for, with the text of an export if it wants one."""
        verdict = text_in(event, "verdict")
        try:
            judged = self._chat.feedback.read(_VERDICTS.get(verdict), _day(event, "since"), _day(event, "until"))
        except QAError as error:
            return {"html": views.problem_html(in_page(error, self._can_build))}
        up = sum(each.verdict == "up" for each in judged)
        export = _EXPORTS.get(text_in(event, "export"))
        return {
            "html": render("ratings.html", judged=judged[::-1], up=up, most=_MOST),
            "export": export and export(judged),
            "serial": getattr(event, "serial", 0),  # so that the same export is a change
        }

    def gaps(self) -> dict[str, Any]:
        """Return the questions that were not answered, in groups."""
        try:
            found = gaps(self._chat.unanswered.read(), self._chat.feedback.read("down"))
        except QAError as error:
            return {"html": views.problem_html(in_page(error, self._can_build))}
        return {"html": render("gaps.html", gaps=found, kept=self._config.gaps, most=_MOST)}


def _day(event: gr.EventData, name: str) -> date | None:
    try:
        return date.fromisoformat(text_in(event, name))
    except ValueError:
        return None
