"""A real chat server on the loopback address, for tests, and a client that talks to it."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from conftest import TinyEncoder

from qa.build import build
from qa.config import Config
from qa.engine import Engine
from qa.models.protocols import Encoder, Vectors
from qa.ui.page.chat import Chat

if TYPE_CHECKING:  # loading Gradio takes seconds, and most tests do not need it
    import gradio as gr

    from qa.ui.page.picker import Picker
    from qa.ui.page.rail import Rail
    from qa.ui.page.screen import Screen
    from qa.ui.page.talk import Talk


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


class HeldEncoder(TinyEncoder):
    """Encodes no passage before it is released: a build that takes as long as a test wants it to."""

    def __init__(self) -> None:
        super().__init__()
        self.released = threading.Event()

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        assert self.released.wait(600)
        return super().encode_passages(texts)


def about_cats(root: Path, **settings: Any) -> Config:
    """A folder with one article, and its index of the tiny encoder."""
    config = Config(corpus=root / "corpus", index=root / "index", **settings)
    config.corpus.mkdir()
    (config.corpus / "cats.md").write_text("# Cats\n\nCats sleep all day long on the warm red sofa.\n", "utf-8")
    build(config, TinyEncoder())
    return config


@contextmanager
def serve(
    config: Config, follow: bool = False, port: int = 0, encoder: Encoder | None = None, **options: Any
) -> Iterator[Running]:
    from qa.ui.server import Server

    engine = Engine.open(config, encoder or TinyEncoder())
    chat = Chat(engine)
    if follow:
        chat.follow(quiet=0.1)
    server = Server(chat, "127.0.0.1", port, **options)
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


def screen_of(chat: Chat, is_owner: bool = True) -> Screen:
    """What the page calls when somebody clicks or types."""
    from qa.ui.page.screen import Screen

    return Screen(chat, is_owner)


def talk_of(screen: Screen) -> Talk:
    """What the page calls when somebody asks."""
    from qa.ui.page.talk import Talk

    return Talk(screen.chat, screen.source)


def rail_of(chat: Chat) -> Rail:
    """What the page calls when somebody uses the list of conversations."""
    from qa.ui.page.rail import Rail

    return Rail(chat)


def picker_of(engine: Engine) -> Picker:
    """What the page calls when somebody chooses which articles are asked."""
    from qa.ui.page.picker import Picker

    return Picker(engine)


def clicked(**data: Any) -> gr.EventData:
    """What the page sends with a click."""
    from gradio import EventData

    return EventData(None, data)
