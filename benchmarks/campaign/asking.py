"""The load of a campaign: questions to served chats, every reply of which is judged."""

from __future__ import annotations

import random
import threading
import time

import httpx

from .articles import History, Library, Subject
from .chats import Chat, bearer
from .checks import LOST, REFUSED, WRONG, Asked, judged
from .report import Tally

PATIENCE = 180.0  # seconds after which an answer counts as lost, on a busy machine
_PAUSE = 0.2  # seconds between two questions of one asker
_NEW = httpx.Limits(max_keepalive_connections=0)  # a connection of its own for each request


def client(chat: Chat, address: str = "127.0.0.1", patience: float = PATIENCE) -> httpx.Client:
    """A client of a chat that connects from this loopback address."""
    transport = httpx.HTTPTransport(local_address=address, limits=_NEW)
    return httpx.Client(base_url=chat.url, transport=transport, timeout=patience, trust_env=False)


class Asker:
    """Asks about articles that have their fact, one question after the other."""

    def __init__(self, chat: Chat, token: str, library: Library, history: History, tally: Tally, secret: bytes) -> None:
        self._chat = chat
        self._http = client(chat)
        self._http.headers.update(bearer(token))
        self._library = library
        self._history = history
        self._tally = tally
        self._secret = secret

    def run(self, ended: threading.Event, draw: random.Random) -> None:
        """Ask until the campaign has ended."""
        while not ended.wait(_PAUSE * draw.uniform(0, 2)):
            whole = self._library.whole()
            if not self._chat.is_up or not whole:
                continue
            self.ask(draw.choice(whole))
            if draw.random() < 0.1:
                self._search(draw.choice(whole))
        self._http.close()

    def ask(self, subject: Subject) -> str:
        """Ask one question, count what comes of it, and return that."""
        epoch, before, begun = self._chat.epoch, self._library.now(subject), time.monotonic()
        try:
            reply = self._http.post("/api/ask", json={"question": subject.question})
        except httpx.HTTPError as error:
            return self._failed(epoch, subject, error)
        seconds, after = time.monotonic() - begun, self._library.now(subject)
        if self._secret in reply.content:
            self._tally.add("leaked", f"by the answer to {subject.question}")
        self._history.look()
        asked = Asked(subject, before if before == after else None)
        verdict = judged(asked, reply.status_code, reply.content, self._history)
        is_fault = verdict.what in (LOST, WRONG, REFUSED)
        self._tally.add(verdict.what, f"{self._chat.name}: {verdict.why}" if is_fault else "")
        if reply.status_code == 200:
            self._tally.took(seconds)
        return verdict.what

    def _failed(self, epoch: int, subject: Subject, error: httpx.HTTPError) -> str:
        if epoch % 2 == 0 or epoch != self._chat.epoch:
            self._tally.add("interrupted")  # by the campaign, which ended this server, perhaps just before
            return "interrupted"
        self._chat.has_died()  # so that nobody asks it before it was started again
        self._tally.add(LOST, f"{self._chat.name}: {subject.question} {type(error).__name__}: {error}")
        return LOST

    def _search(self, subject: Subject) -> None:
        """Search without judging the ranking: the reply must be one, or a sentence."""
        epoch = self._chat.epoch
        try:
            reply = self._http.post("/api/search", json={"query": f"{subject.name} {subject.kind}"})
        except httpx.HTTPError as error:
            self._failed(epoch, subject, error)
            return
        if reply.status_code not in (200, 429, 503):
            self._tally.add(LOST, f"{self._chat.name}: a search gave status {reply.status_code}: {reply.text[:100]}")
        elif self._secret in reply.content:
            self._tally.add("leaked", "by a search")
        else:
            self._tally.add("searches")
