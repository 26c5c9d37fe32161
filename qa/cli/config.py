"""`qa config`: shows each setting with its effective value, and where that comes from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from ..config import Effective
from ..config.effective import Value
from .options import settings_of, stored
from .output import one_line, print_json


@click.command()
@stored
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def config(corpus: Path | None, index: Path | None, store: str | None, as_json: bool) -> None:
    """Show each setting with its effective value and where it comes from: an option, the environment, or qa.toml."""
    settings = settings_of(corpus=corpus, index=index, store=store)
    values = list(_with_fitted(settings))
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
                    for value in values
                ],
            }
        )
        return
    file = str(settings.file) if settings.file else "no qa.toml"
    click.echo(one_line(f"{file}{'; your data folder, since no folder corpus is here' if settings.home else ''}"))
    for value in values:
        click.echo(one_line(f"{value.setting.name:>15}  {_words(value.shown)}  ({value.origin})"))


def _with_fitted(settings: Effective) -> Iterator[Value]:
    """Each setting; the threshold is the one that `qa calibrate` has fitted, where that counts.

    What does not fit together is reported.
    """
    from ..evaluate.calibrate import in_use

    fitted = in_use(settings.config())
    for name, value in settings.values.items():
        if name == "threshold" and fitted is not None:
            threshold, file = fitted
            yield replace(value, value=threshold, source="calibration", origin=f"{file}, of qa calibrate")
        else:
            yield value


def as_toml(value: Any) -> str:
    """The value as `qa.toml` has it."""
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{name} = {as_toml(each)}' for name, each in value.items())} }}"
    return json.dumps(value, ensure_ascii=False)


def _words(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return "–"
    return f"{value:g}" if isinstance(value, float) else as_toml(value)
