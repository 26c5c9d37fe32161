"""`qa demo`: a small library, its index, a question and the chat in one command."""

from __future__ import annotations

import importlib.resources
import os
from pathlib import Path

import click

from ..config import Config
from ..errors import ConfigError
from ..system.folders import data_folder
from .options import setting
from .output import one_line, progress

_ARTICLES = "demo_articles"
_QUESTION = "How many eggs does a queen lay a day?"


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.option("--serve/--no-serve", default=True, help="Start the chat afterwards, until Ctrl-C. [on]")
@setting("port", type=click.IntRange(0, 65535))
@setting("browser")
def demo(folder: Path | None, serve: bool, port: int | None, browser: bool | None) -> None:
    """Try the program: put three articles into FOLDER, index them, ask a question, and start the chat.

    FOLDER is `demo` in your data folder by default. The articles belong to the program (Apache-2.0).
    """
    from ..ask.words import as_text
    from ..build.standalone import build_index
    from ..engine import Engine

    place = folder or data_folder(os.environ) / "demo"
    _copy(place / "corpus")
    config = Config(place / "corpus", place / "index")
    click.echo(one_line(f"Three articles are in {config.corpus}."))
    with progress() as shown:
        report = build_index(config, progress=lambda p: shown(p.words, p.done, p.total))
    click.echo(f'Indexed {report.documents} articles, {report.passages} passages.\n\n$ qa ask "{_QUESTION}"')
    with Engine.open(config) as engine:
        click.echo(as_text(engine.ask(_QUESTION, 1), styled=True))
    if not serve:
        click.echo(one_line(f'\nAsk more: qa ask "…" --corpus {config.corpus} --index {config.index}'.strip()))
        return
    from ..ui.app import serve as serve_chat

    click.echo()
    chosen = 0 if port is None else port
    serve_chat(config, "127.0.0.1", chosen, None, None, None, bool(browser), None)


def _copy(corpus: Path) -> None:
    """Put the articles into a folder that is new, or has them. Raises ConfigError for one with others."""
    articles = list(importlib.resources.files(__package__).joinpath(_ARTICLES).iterdir())
    names = {article.name for article in articles}
    if corpus.is_dir() and any(path.name not in names for path in corpus.iterdir()):
        raise ConfigError(f"There are other files in {str(corpus)!r}: name a new folder for the demonstration.")
    corpus.mkdir(parents=True, exist_ok=True)
    for article in articles:
        if not (corpus / article.name).exists():
            (corpus / article.name).write_bytes(article.read_bytes())
