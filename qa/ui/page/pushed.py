"""What is pushed to all pages: the state of the index as HTML, after counting what waits for a rebuild."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

import orjson

from ...errors import QAError
from ...strings.spoken import speaking
from .chat import Chat, ChatState
from .views import shown, version


class Pushed:
    """Calling it with languages returns JSON for each, and whether nothing is in progress.

    Not safe to use from several threads at once.
    """

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self._counted: object = None

    def __call__(self, languages: Iterable[str]) -> tuple[dict[str, str], bool]:
        state = self._chat.refresh()
        if state.generation and not state.job.running and self._counted != version(state):
            self._counted = version(state)
            with contextlib.suppress(QAError):  # the library says what is wrong
                self._chat.status()
            state = self._chat.refresh()
        return {language: self._json(state, language) for language in languages}, state.settled

    def _json(self, state: ChatState, language: str) -> str:
        config = self._chat.engine.config
        with speaking(language):
            return orjson.dumps(shown(state, config.corpus, config.text_files)).decode()
