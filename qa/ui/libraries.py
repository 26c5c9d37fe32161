"""The chats of all libraries of one user, in one process: each is started when somebody first opens it."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass

from ..config import Config, read_libraries, resolve
from ..engine import Engine
from ..errors import ConfigError
from ..index import is_shared
from .page.chat import Chat
from .page.switch import Switch
from .server import Server

_PATIENCE = 30.0  # seconds until a chat accepts requests


@dataclass(frozen=True, slots=True)
class _Running:
    chat: Chat
    server: Server
    thread: threading.Thread


class Libraries:
    """The chats of the libraries beside the first chat, whose index is that of `config`. Safe to use from threads.

    There are none if that chat is not `alone`: if it needs a log-in, or others reach it.
    """

    def __init__(self, config: Config, host: str, alone: bool = True) -> None:
        self._host = host
        self._libraries = read_libraries() if alone else {}
        self._urls: dict[str, str] = {}
        self._running: list[_Running] = []
        self._lock = threading.Lock()
        self.current = next((name for name, each in self._libraries.items() if _same(each.index, config.index)), "")

    def switch(self, current: str) -> Switch | None:
        """What opens other libraries from the chat of one; None if there are no others."""
        names = [*self._libraries]
        return Switch(names, current, self.open) if set(names) - {current} else None

    def is_at(self, url: str) -> None:
        """Say where the first chat is."""
        self._urls[self.current] = url

    def open(self, name: str) -> str:
        """The address of the chat of a library, which is started unless it runs. Raises QAError."""
        with self._lock:
            if name not in self._urls:
                self._urls[name] = self._start(name)
            return self._urls[name]

    def close(self, seconds: float) -> None:
        """Stop what was started."""
        with self._lock:
            for each in self._running:
                each.server.stop()
            for each in self._running:
                each.chat.close(seconds)

    def _start(self, name: str) -> str:
        config = resolve(os.environ, {"library": name}).config()
        chat = Chat(Engine.open(config, can_build=not is_shared(config)))
        server = Server(chat, self._host, 0, switch=self.switch(name))
        ready = threading.Event()
        thread = threading.Thread(target=server.run, args=(ready.set,), name=f"library {name}", daemon=True)
        thread.start()
        if not ready.wait(_PATIENCE):
            server.stop()
            raise ConfigError(f"The chat of the library {name!r} did not start: open it again.")
        self._running.append(_Running(chat, server, thread))
        chat.refresh()
        if chat.engine.can_build:
            chat.follow()
        return f"{server.url}/"


def _same(one: os.PathLike[str], other: os.PathLike[str]) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)
