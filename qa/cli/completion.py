"""`qa completion`: prints the script that completes commands and options in a shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

_VARIABLE = "_QA_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script that completes commands, options and files in SHELL.

    bash: eval "$(qa completion bash)" in ~/.bashrc; zsh: the same with zsh in ~/.zshrc; fish: qa completion fish >
    ~/.config/fish/completions/qa.fish.
    """
    made = get_completion_class(shell)
    assert made is not None  # one of the choices
    click.echo(made(context.find_root().command, {}, "qa", _VARIABLE).source())
