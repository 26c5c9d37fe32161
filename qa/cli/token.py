"""`qa token`: makes, revokes and lists the tokens by which programs use the chat."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import config_of, places
from .output import one_line, print_json

if TYPE_CHECKING:
    from ..ui.access.tokens import Tokens


@click.group()
def token() -> None:
    """Make, revoke and list the tokens by which programs use the chat."""


@token.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(["ask", "add", "metrics"]),
    multiple=True,
    default=("ask",),
    show_default=True,
    help="What the program may do: ask and read, add articles, read the metrics. It can be given more than once.",
)
@click.option("--days", type=click.FloatRange(0, 36_500, min_open=True), help="The token expires after so many days.")
@places
def add(name: str, scopes: tuple[str, ...], days: float | None, corpus: Path | None, index: Path | None) -> None:
    """Make a token for a program called NAME and print it: it is shown this once, and stored as a hash."""
    made = _tokens(corpus, index).add(name, scopes, days)
    click.echo(made)
    click.echo(f"Send it as `Authorization: Bearer {made[:6]}…`; it is not shown again.", err=True)


@token.command()
@click.argument("name")
@places
def revoke(name: str, corpus: Path | None, index: Path | None) -> None:
    """Revoke the token of the program called NAME: a running chat refuses it at once."""
    _tokens(corpus, index).revoke(name)
    click.echo(f"The token {name} is revoked.")


@token.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@places
def listed(as_json: bool, corpus: Path | None, index: Path | None) -> None:
    """List the tokens, without their secrets."""
    found = _tokens(corpus, index).all()
    if as_json:
        print_json({"tokens": [each.as_json() for each in found]})
        return
    for each in found:
        words = each.as_json()
        expires = f", expires {words['expires']}" if each.expires is not None else ""
        used = f"last used {words['used']}" if each.used is not None else "never used"
        click.echo(f"{one_line(each.name)}: {', '.join(each.scopes)}; made {words['created']}, {used}{expires}")
    if not found:
        click.echo("There is no token: make one with `qa token add NAME`.")


def _tokens(corpus: Path | None, index: Path | None) -> Tokens:
    from ..ui.access.tokens import Tokens

    return Tokens(config_of(corpus, index).index)
