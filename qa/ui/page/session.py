"""The state of one open page: which conversation it shows, and what it shows already."""

from __future__ import annotations

import threading

from ...corpus.records import FileRecord
from ..conversations.conversation import Conversation
from ..library.listing import View

_MOST_KNOWN = 20  # conversations that a page has shown


class Session:
    """What belongs to one page and is gone with it. Safe to use from several threads.

    `current` is the conversation that the page shows, and `owner` whom the page belongs to (see `visitors`).
    """

    def __init__(self) -> None:
        self.owner = ""
        self.current = Conversation()
        self._listed = 0, View()  # the number of the page's last request for files, and which it asks for
        self.message_html = ""  # what happened to the last file that this page moved
        self.shown: dict[str, object] = {}  # what this page shows already, by part
        self._known: dict[str, Conversation] = {}
        self._lock = threading.Lock()
        self._offered: dict[FileRecord, int] = {}

    def __deepcopy__(self, memo: object) -> Session:
        """Return a new one: Gradio copies the initial value of a state for every page."""
        return Session()

    def belongs_to(self, owner: str) -> None:
        """Say whom the page belongs to; another one sees nothing of what was shown before."""
        with self._lock:
            if owner != self.owner:
                self.owner, self.current = owner, Conversation()
                self._known.clear()

    def known(self, key: str) -> Conversation | None:
        """Return the conversation that the page knows under this key."""
        with self._lock:
            return self._known.get(key)

    def know(self, key: str, conversation: Conversation) -> Conversation:
        """Return the conversation of a key: this one, unless the page knows another under it."""
        with self._lock:
            conversation = self._known.setdefault(key, conversation)
            # One that is not stored is nowhere else.
            stored = [key for key, each in self._known.items() if each.name and each is not self.current]
            for old in stored[: max(0, len(stored) - _MOST_KNOWN)]:
                del self._known[old]
            return conversation

    @property
    def listed(self) -> tuple[int, View]:
        """Which files the library lists, after the number of the page's request for them."""
        with self._lock:
            return self._listed

    def list_from(self, serial: int, view: View) -> None:
        """List the files of a view from now on, unless the page has made a later request."""
        with self._lock:
            if serial >= self._listed[0]:
                self._listed = serial, view

    def offer(self, file: FileRecord) -> int:
        """Return the number by which the page may name this file."""
        with self._lock:
            return self._offered.setdefault(file, len(self._offered))

    def offered(self, number: int) -> FileRecord | None:
        """Return the file that was offered to the page under this number."""
        with self._lock:
            return next((file for file, known in self._offered.items() if known == number), None)
