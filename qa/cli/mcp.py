"""`qa mcp`: offers the articles to an assistant over standard input and output."""

from __future__ import annotations

import logging
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..config import Config
from ..errors import QAError
from .options import config_of, setting, stored

if TYPE_CHECKING:
    from ..engine import Engine


@click.command()
@stored
@setting("public_url")
def mcp(corpus: Path | None, index: Path | None, store: str | None, public_url: str | None) -> int:
    """Offer your articles to an assistant as MCP tools, over standard input and output.

    The assistant's program starts this command; a running chat offers the same at its address /mcp.
    """
    import anyio

    from ..ui.api.mcp_http import needed

    needed()  # before anything slow is loaded
    from ..ui.api.mcp_server import described, serve_stdio

    config = config_of(corpus, index, store, public_url=public_url)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    with ThreadPoolExecutor(1, "engine") as executor:  # beside the first requests, which need no article
        executor.submit(described)  # before a model: a host asks for the tools first
        opened = executor.submit(_opened, config)
        prepared = executor.submit(_prepare, opened)
        anyio.run(serve_stdio, opened.result, config.chat)
        prepared.cancel()
    if opened.exception() is None:
        opened.result().close()
    return 0


def _opened(config: Config) -> Engine:
    from ..engine import Engine

    return Engine.open(config)


def _prepare(opened: Future[Engine]) -> None:
    """Load what the first question needs. What goes wrong, each tool says too; an index built later is used."""
    try:
        engine = opened.result()
        engine.preflight()
        engine.search("What is said here?", 1)
    except QAError as error:
        click.echo(f"qa: {error}", err=True)
