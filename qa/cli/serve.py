"""`qa serve`: starts the chat in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .options import asked_password, config_from, setting, settings_of, stored


@click.command()
@stored
@setting("host")
@setting("port", type=click.IntRange(0, 65535))
@click.option("--auth", metavar="USER[:PASSWORD]", help="Require this log-in; the list of processes shows a password.")
@setting("auth_file")
@setting("public_url")
@setting("browser")
@setting("threshold", type=click.FloatRange(0, 1))
@setting("rate_limit", type=click.FloatRange(0, 1_000_000))
@setting("metrics", type=click.Choice(["off", "on", "open"]))
@setting("log", type=click.Choice(["text", "json"]))
@setting("log_questions")
@setting("watch")
def serve(
    corpus: Path | None,
    index: Path | None,
    store: str | None,
    auth: str | None,
    **options: Any,
) -> None:
    """Start the chat in the browser."""
    from ..ui.app import serve as serve_chat
    from ..ui.web.operation import Operation

    settings = settings_of(corpus=corpus, index=index, store=store, **options)
    serve_chat(
        config_from(settings, make=True),
        settings["host"],
        settings["port"],
        _with_password(auth),
        settings["auth_file"],
        settings["public_url"],
        settings["browser"],
        settings["watch"],
        Operation(settings["rate_limit"], settings["metrics"], settings["log"], settings["log_questions"]),
    )


def _with_password(auth: str | None) -> str | None:
    """Return `user:password`; the password of a name without one is asked for, or read from standard input."""
    return auth if not auth or ":" in auth else f"{auth}:{asked_password(auth)}"
