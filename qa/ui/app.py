"""Starts the chat with the options of the command line, and ends it quietly."""

from __future__ import annotations

import contextlib
import logging
import threading
import webbrowser

from ..config import Config
from ..engine import Engine
from ..index import is_shared
from ..system.machine import limit_memory_pools
from .address import check_access
from .chat import Chat

logger = logging.getLogger(__name__)

_PATIENCE = 0.8  # seconds; with the second that open pages get, an interrupt ends the program within two


def serve(config: Config, host: str, port: int, auth: str | None, open_browser: bool, watch: bool | None) -> None:
    """Serve the chat until it is interrupted; print one line, `Chat: http://…`, once it accepts requests.

    With `watch` (see `follows`), changes to the folder are indexed automatically. Without it an index that other
    machines share is only read, because a click would replace what all other chats answer from. Raises ConfigError for
    an address or a log-in that cannot be used.
    """
    check_access(host, auth)
    from .server import Server  # loads Gradio, which takes seconds: not before an address that is refused

    limit_memory_pools()
    watch = follows(config, watch)
    chat = Chat(Engine.open(config, can_build=watch or not is_shared(config)))
    server = Server(chat, host, port, auth)

    def ready() -> None:
        print(f"Chat: {server.url}", flush=True)
        chat.refresh()  # starts the first build, or loads the encoder
        if watch:
            chat.follow()
        if open_browser:
            threading.Thread(target=_open_browser, args=(server.url,), name="browser", daemon=True).start()

    try:
        with contextlib.suppress(KeyboardInterrupt):
            server.run(ready)
    finally:
        chat.close(_PATIENCE)


def _open_browser(url: str) -> None:
    try:
        webbrowser.open(url)
    except Exception:  # an edge: the address was printed, and the chat answers
        logger.exception("the browser could not be opened")


def follows(config: Config, watch: bool | None) -> bool:
    """Whether the chat indexes changes to the folder: as `watch` says, or unless other machines share the index."""
    return not is_shared(config) if watch is None else watch
