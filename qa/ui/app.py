"""`serve`: start the chat with what a command line says, and end it quietly.

It knows nothing about how options are read.
"""

from __future__ import annotations

import contextlib
import threading
import webbrowser
from dataclasses import replace

from ..config import Config
from ..engine import Engine
from ..system.machine import share_memory
from .desk import Desk
from .page import build_app
from .server import Server, check_access

__all__ = ["build_app", "serve"]

_PATIENCE = 0.8  # seconds; with the one that open pages are given, an interrupt ends the program within two


def serve(config: Config, host: str, port: int, auth: str | None, open_browser: bool, watch: bool) -> None:
    """Serve the chat until it is interrupted; prints one line, `Chat: http://…`, when it answers.

    With `watch`, what changes in the folder is taken in by itself. Without it an index on a server is only read: a
    click would replace what all other chats answer from. Raises ConfigError for an address or a log-in that does not
    fit.
    """
    check_access(host, auth)
    share_memory()
    desk = Desk(Engine.open(replace(config, only_reads=config.store is not None and not watch)))
    server = Server(desk, host, port, auth)

    def ready() -> None:
        print(f"Chat: {server.url}", flush=True)
        desk.look()  # begins the first build, or loads the encoder
        if watch:
            desk.follow()
        if open_browser:
            threading.Thread(target=webbrowser.open, args=(server.url,), daemon=True).start()

    try:
        with contextlib.suppress(KeyboardInterrupt):
            server.run(ready)
    finally:
        desk.close(_PATIENCE)
