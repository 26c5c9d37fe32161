"""`qa config`: shows each setting with its effective value, and where that comes from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from .options import settings_of, stored
from .output import one_line, print_json


@click.command()
@stored
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def config(corpus: Path | None, index: Path | None, store: str | None, as_json: bool) -> None:
    """Show each setting with its effective value and where it comes from: an option, the environment, or qa.toml."""
    settings = settings_of(corpus=corpus, index=index, store=store)
    settings.config()  # what does not fit together is reported
    if as_json:
        print_json(
            {
                "file": str(settings.file) if settings.file else None,
                "home": str(settings.home) if settings.home else None,
                "settings": [
                    {
                        "name": value.setting.name,
                        "value": value.shown,
                        "source": value.source,
                        "origin": value.origin,
                        "variable": value.setting.variable,
                        "option": value.setting.option or None,
                        "help": value.setting.help,
                    }
                    for value in settings.values.values()
                ],
            }
        )
        return
    file = str(settings.file) if settings.file else "no qa.toml"
    click.echo(one_line(f"{file}{'; your data folder, since no folder corpus is here' if settings.home else ''}"))
    for value in settings.values.values():
        click.echo(one_line(f"{value.setting.name:>15}  {_words(value.shown)}  ({value.origin})"))


def as_toml(value: Any) -> str:
    """The value as `qa.toml` has it."""
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{name} = {as_toml(each)}' for name, each in value.items())} }}"
    return json.dumps(value, ensure_ascii=False)


def _words(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return "–"
    return f"{value:g}" if isinstance(value, float) else as_toml(value)
