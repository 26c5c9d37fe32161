"""`qa mcp`: offers the articles to an assistant over standard input and output."""

from __future__ import annotations

import logging
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

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
    from ..engine import Engine
    from ..ui.api.mcp_server import serve_stdio

    config = config_of(corpus, index, store, public_url=public_url)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    with Engine.open(config) as engine:
        try:
            engine.preflight()
        except QAError as error:  # each tool says it too, and an index that is built later is used
            click.echo(f"qa: {error}", err=True)
        else:
            threading.Thread(target=_prepare, args=(engine,), daemon=True, name="prepare").start()
        anyio.run(serve_stdio, engine)
    return 0


def _prepare(engine: Engine) -> None:
    """Load what the first question needs; what goes wrong is told when one is asked."""
    try:
        engine.search("What is said here?", 1)
    except QAError as error:
        click.echo(f"qa: {error}", err=True)
