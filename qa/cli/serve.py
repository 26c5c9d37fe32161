"""`qa serve`: starts the chat in the browser."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from .options import config_of, stored


@click.command()
@stored
@click.option("--host", default="127.0.0.1", show_default=True, help="Another address needs --auth.")
@click.option("--port", type=click.IntRange(0, 65535), default=7860, show_default=True, help="0 takes a free one.")
@click.option("--auth", metavar="USER:PASSWORD", help="Require this user name and password.")
@click.option("--browser/--no-browser", default=False, help="Open the page in the browser.")
@click.option("--threshold", type=click.FloatRange(0, 1), help="Confidence below which it gives no answer. [0.5]")
@click.option("--watch/--no-watch", default=None, help="Index each change to the folder. [on; off with --store]")
def serve(
    corpus: Path | None,
    index: Path | None,
    store: str | None,
    host: str,
    port: int,
    auth: str | None,
    browser: bool,
    threshold: float | None,
    watch: bool | None,
) -> None:
    """Start the chat in the browser."""
    from ..ui.app import serve as serve_chat

    config = config_of(corpus, index, store)
    if threshold is not None:
        config = replace(config, threshold=threshold)
    serve_chat(config, host, port, auth, browser, watch)
