"""A real chat server on the loopback address, for tests, and a client that talks to it."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
from conftest import TinyEncoder

from qa.config import Config
from qa.engine import Engine
from qa.ui.chat import Chat

if TYPE_CHECKING:  # loading Gradio takes seconds, and most tests do not need it
    import gradio as gr

    from qa.ui.screen import Screen


@dataclass(frozen=True)
class Running:
    """A server, the engine behind it, and a client that talks to it."""

    engine: Engine
    http: httpx.Client
    config: Config

    def call(self, name: str, *data: Any) -> tuple[str, Any]:
        """The (event, data) that a named endpoint returns, as any program would call it."""
        begun = self.http.post(f"/gradio_api/call/{name}", json={"data": data})
        begun.raise_for_status()
        text = self.http.get(f"/gradio_api/call/{name}/{begun.json()['event_id']}").text
        event, answer = re.findall(r"event: (\w+)\ndata: (.*)\n", text)[-1]
        return event, json.loads(answer)


@contextmanager
def serve(config: Config, follow: bool = False, **options: Any) -> Iterator[Running]:
    from qa.ui.server import Server

    engine = Engine.open(config, TinyEncoder())
    chat = Chat(engine)
    if follow:
        chat.follow(quiet=0.1)
    server = Server(chat, "127.0.0.1", 0, **options)
    ready = threading.Event()
    thread = threading.Thread(target=server.run, args=(ready.set,))
    thread.start()
    try:
        assert ready.wait(60)
        with httpx.Client(base_url=server.url, trust_env=False, timeout=30) as http:
            yield Running(engine, http, config)
    finally:
        server.stop()
        thread.join(30)
        chat.close()
    assert not thread.is_alive()


def screen_of(chat: Chat) -> Screen:
    """What the page calls when somebody clicks or types."""
    from qa.ui.screen import Screen

    return Screen(chat)


def clicked(**data: Any) -> gr.EventData:
    """What the page sends with a click."""
    from gradio import EventData

    return EventData(None, data)
