"""`qa conflicts`: finds where two articles give different values for the same thing."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from ..system.precedence import lower_priority
from .options import config_of, scoped, setting, stored
from .output import print_json, progress

_STEP = 0.5  # seconds between two changes of what is shown


@click.command()
@stored
@scoped
@setting("public_url")
@click.option("--markdown", type=click.Path(path_type=Path), metavar="FILE", help="Write a report as Markdown.")
@click.option("--strict", is_flag=True, help="Exit with 1 if there are any.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def conflicts(
    corpus: Path | None,
    index: Path | None,
    store: str | None,
    public_url: str | None,
    markdown: Path | None,
    strict: bool,
    as_json: bool,
    scope: Mapping[str, Any],
) -> int:
    """List where two articles give different values for the same thing: amounts and dates.

    Both sentences are shown with their dates and files, the newest first. It compares all articles, or those that the
    filters name, and changes no article.
    """
    from ..conflicts.comparing import comparing_of
    from ..conflicts.report import as_markdown, as_terminal
    from ..conflicts.search import conflicts as search
    from ..engine import Engine
    from ..index.scope import EVERYTHING, Scope

    if click.get_current_context().obj:  # `owns_process`
        lower_priority()
    config = config_of(corpus, index, store, public_url=public_url)
    wanted = Scope.from_json(scope)
    with Engine.open(config) as engine, progress() as shown:
        if wanted == EVERYTHING:
            found = comparing_of(engine).found(_remaining(shown))
        else:
            with engine.resources(first=False) as resources:
                found = search(resources, wanted, _remaining(shown))
    if markdown is not None:
        markdown.write_text(as_markdown(found), "utf-8")
    print_json(found.as_json()) if as_json else click.echo(as_terminal(found))
    return 1 if strict and found.conflicts else 0


def _remaining(show: Callable[[str, int, int], None]) -> Callable[[str, int, int], None]:
    """Show a step with the time that it will still take, at the speed so far."""
    started: dict[str, float] = {}
    last = 0.0

    def step(words: str, done: int, of: int) -> None:
        nonlocal last
        now = time.monotonic()
        begun = started.setdefault(words, now)
        if now - last < _STEP:
            return
        last = now
        left = f", about {(now - begun) / done * (of - done):.0f} s left" if done else ""
        show(f"{words} {done:,} of {of:,}{left}", done, of)

    return step
