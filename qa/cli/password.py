"""`qa password`: stores the password of a user who may log in to the chat."""

from __future__ import annotations

from pathlib import Path

import click

from .options import asked_password, auth_file, needs_auth_file


@click.command()
@click.argument("name")
@auth_file
def password(name: str, auth_file: Path | None) -> None:
    """Store a password for NAME in the file of accounts; it is asked for, or read from standard input."""
    from ..ui.access.accounts import set_password

    path = needs_auth_file(auth_file)
    set_password(path, name, asked_password(name, is_new=True))
    click.echo(f"{name} can log in to a chat that is started with --auth-file {path}.")
