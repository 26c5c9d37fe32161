"""Writes the reference of all commands: `python -m qa.cli.reference > docs/commands.md`."""

from __future__ import annotations

import sys

import click

from .entry import cli

_HEAD = """# Commands

Written by `python -m qa.cli.reference` from the commands themselves; `qa COMMAND --help` says the same. What they
print, and their exit codes, are in [the contract](design.md#command-line-contract); what an option leaves open is read
from the [settings](settings.md).
"""


def reference() -> str:
    """The page, as Markdown."""
    with click.Context(cli, info_name="qa") as context:
        return _HEAD + "".join(_section(command, context) for command in cli.commands.values())


def _section(command: click.Command, parent: click.Context, level: int = 2) -> str:
    with click.Context(command, parent=parent, info_name=command.name) as context:
        usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
        text = f"\n{'#' * level} {context.command_path}\n\n```text\n{usage}\n```\n\n{_paragraphs(command.help or '')}"
        records = [record for each in command.get_params(context) if (record := each.get_help_record(context))]
        if rows := [row for row in records if not row[0].endswith("--help") and row[1]]:
            text += "\n| option | |\n|---|---|\n" + "".join(
                f"| `{_cell(name)}` | {_cell(said)} |\n" for name, said in rows
            )
        if isinstance(command, click.Group):
            text += "".join(_section(each, context, level + 1) for each in command.commands.values())
        return text


def _paragraphs(text: str) -> str:
    blocks = text.replace("\f", "\n\n").split("\n\n")
    return "".join(f"{' '.join(block.replace(chr(8), '').split())}\n\n" for block in blocks if block.strip())[:-1]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(reference())
