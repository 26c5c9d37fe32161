"""`qa user`: adds, removes and lists the users who may log in to the chat."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

import click

from .options import asked_password, auth_file, needs_auth_file
from .output import one_line, print_json


@click.group()
def user() -> None:
    """Add, remove and list the users who may log in to the chat."""


@user.command()
@click.argument("name")
@auth_file
@click.option(
    "--password-file",
    type=click.File(encoding="utf-8"),
    help="Read the password from the first line of this file, instead of asking for it.",
)
def add(name: str, auth_file: Path | None, password_file: TextIO | None) -> None:
    """Add the user NAME to the file of accounts; the password is asked for, or read from standard input."""
    from ..ui.access.accounts import set_password

    path = needs_auth_file(auth_file)
    typed = asked_password(name, is_new=True) if password_file is None else password_file.readline().rstrip("\r\n")
    set_password(path, name, typed, is_new=True)
    click.echo(f"{name} can log in to a chat that is started with --auth-file {path}.")


@user.command()
@click.argument("name")
@auth_file
def remove(name: str, auth_file: Path | None) -> None:
    """Remove the user NAME from the file of accounts: a running chat ends that user's log-ins at once."""
    from ..ui.access.accounts import remove_user

    path = needs_auth_file(auth_file)
    remove_user(path, name)
    click.echo(f"{name} can no longer log in to a chat that is started with --auth-file {path}.")


@user.command("list")
@auth_file
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def listed(auth_file: Path | None, as_json: bool) -> None:
    """List the users in the file of accounts."""
    from ..ui.access.accounts import Accounts

    names = sorted(Accounts.parse(needs_auth_file(auth_file)).hashes)
    if as_json:
        print_json({"users": names})
    else:
        click.echo("\n".join(one_line(name) for name in names) or "There is no user: add one with `qa user add NAME`.")
