"""Starts the chat with the options of the command line, and ends it quietly."""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
import webbrowser
from pathlib import Path

from ..config import Config
from ..engine import Engine
from ..index import is_shared
from ..system.lacking import LEAST_FOR_CHAT, check_memory
from ..system.logs import write_json
from ..system.machine import is_loopback, limit_memory_pools
from .access.address import check_access
from .page.chat import Chat
from .web.operation import AS_USUAL, Operation
from .web.public import PublicUrl

logger = logging.getLogger(__name__)

_PATIENCE = 0.8  # seconds; with the second that open pages get, an interrupt ends the program within two
_UNENCRYPTED = "Passwords and answers cross the network unencrypted: put a reverse proxy with TLS in front."
_OPEN = "Everyone who can open this address can read the articles: add --auth-file, unless the proxy asks for a log-in."


def serve(
    config: Config,
    host: str,
    port: int,
    auth: str | None,
    auth_file: Path | None,
    public_url: str | None,
    open_browser: bool,
    watch: bool | None,
    operation: Operation = AS_USUAL,
) -> None:
    """Serve the chat until it is interrupted; print one line, `Chat: http://…`, once it accepts requests.

    With `watch` (see `follows`), changes to the folder are indexed automatically. Without it an index that other
    machines share is only read, because a click would replace what all other chats answer from. Raises ConfigError for
    an address or a log-in that cannot be used.
    """
    if operation.log == "json":
        write_json(sys.stderr, operation.with_questions)
    check_access(host, auth, auth_file)
    check_memory(LEAST_FOR_CHAT)
    public = PublicUrl.parse(public_url) if public_url else None
    from .libraries import Libraries
    from .server import Server  # loads Gradio, which takes seconds: not before an address that is refused

    limit_memory_pools()
    watch = follows(config, watch)
    chat = Chat(Engine.open(config, can_build=watch or not is_shared(config)))
    is_alone = auth is None and auth_file is None and public is None and is_loopback(host)
    libraries = Libraries(config, host, is_alone and not config.store)
    server = Server(chat, host, port, auth, auth_file, public, operation, switch=libraries.switch(libraries.current))
    libraries.is_at(f"{server.url}/")

    url = f"{public}/" if public else server.url
    warnings = []
    if not is_loopback(host) and not public:
        warnings.append(_UNENCRYPTED)
    if public and auth is None and auth_file is None:
        warnings.append(_OPEN)

    def ready() -> None:
        print(f"Chat: {url}", flush=True)
        for warning in warnings:
            if operation.log == "json":
                logger.warning(warning)
            else:
                print(warning, file=sys.stderr, flush=True)
        chat.refresh()  # starts the first build, or loads the encoder
        if watch:
            chat.follow()
        if open_browser:
            threading.Thread(target=_open_browser, args=(url,), name="browser", daemon=True).start()

    try:
        with contextlib.suppress(KeyboardInterrupt):
            server.run(ready)
    finally:
        libraries.close(_PATIENCE)
        chat.close(_PATIENCE)


def _open_browser(url: str) -> None:
    try:
        webbrowser.open(url)
    except Exception:  # an edge: the address was printed, and the chat answers
        logger.exception("the browser could not be opened")


def follows(config: Config, watch: bool | None) -> bool:
    """Whether the chat indexes changes to the folder: as `watch` says, or unless other machines share the index."""
    return not is_shared(config) if watch is None else watch
