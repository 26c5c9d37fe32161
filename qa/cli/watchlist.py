"""`qa watchlist`: pins questions, and tells which of their answers have changed with the articles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..config import Config
from ..errors import QuestionError
from .options import config_of, scoped, stored
from .output import one_line, print_json

if TYPE_CHECKING:
    from ..models.protocols import Encoder
    from ..watchlist.changes import Change
    from ..watchlist.pins import Watchlist

_MOST_SHOWN = 100


@click.group()
def watchlist() -> None:
    """Pin questions: each build asks them again, and says which answers are other ones now."""


@watchlist.command()
@stored
@click.argument("question")
@scoped
def add(corpus: Path | None, index: Path | None, store: str | None, question: str, scope: Mapping[str, Any]) -> None:
    """Pin QUESTION, and show its answer as it is now."""
    from ..engine import Engine
    from ..watchlist.changes import standing

    config = config_of(corpus, index, store)
    with Engine.open(config) as engine:
        now = standing(engine, question, scope)
        _of(config).add(question, scope, now)
    click.echo(one_line(f"Pinned. Now: {now.told}."))


@watchlist.command()
@stored
@click.argument("question")
def remove(corpus: Path | None, index: Path | None, store: str | None, question: str) -> None:
    """Pin QUESTION no more, and forget its changes."""
    if not _of(config_of(corpus, index, store)).remove(question):
        raise QuestionError("This question is not pinned: `qa watchlist list` shows those that are.")
    click.echo("Removed.")


@watchlist.command("list")
@stored
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def listed(corpus: Path | None, index: Path | None, store: str | None, as_json: bool) -> None:
    """List the pinned questions with their answers."""
    pins = _of(config_of(corpus, index, store)).pins()
    if as_json:
        print_json({"pins": [pin.as_json() for pin in pins]})
        return
    for pin in pins:
        click.echo(one_line(f"{pin.question}: {pin.standing.told}"))


@watchlist.command()
@stored
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def check(corpus: Path | None, index: Path | None, store: str | None, as_json: bool) -> None:
    """Ask all pinned questions again, if the index is another one since; a build does so itself."""
    found = checked(config_of(corpus, index, store))
    if as_json:
        print_json({"changes": [change.as_json() for change in found]})
        return
    print_changes(found)
    if not found:
        click.echo("No answer has changed.")


@watchlist.command()
@stored
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--rss", "as_rss", is_flag=True, help="Print an RSS feed.")
def changes(corpus: Path | None, index: Path | None, store: str | None, as_json: bool, as_rss: bool) -> None:
    """Show the changes that were noticed, the newest first."""
    config = config_of(corpus, index, store)
    found = [change.at(config.chat) for change in _of(config).changes(_MOST_SHOWN)]
    if as_rss:
        from ..watchlist.feed import as_rss as feed_of

        click.echo(feed_of(found, config.chat), nl=False)
    elif as_json:
        print_json({"changes": [change.as_json() for change in found]})
    else:
        for change in found:
            click.echo(one_line(f"{change.seen[:10]}  {change.sentence}"))


def checked(config: Config, encoder: Encoder | None = None) -> list[Change]:
    """Ask all pinned questions of the newest generation; nothing is loaded without any.

    What has changed is returned as far as it was pinned here, and not by a user of the chat who has logged in.
    """
    from ..watchlist.pins import path_of, pins_of

    if not pins_of(path_of(config.index)):
        return []
    from ..engine import Engine
    from ..watchlist.checking import check as check_all

    with Engine.open(config, encoder) as engine:
        return [change for change in check_all(engine) if not change.owner]


def print_changes(found: Sequence[Change]) -> None:
    """Print a line for each change."""
    for change in found:
        click.echo(one_line(change.sentence))


def _of(config: Config) -> Watchlist:
    from ..watchlist.pins import Watchlist

    return Watchlist(config.index)
