"""`qa absent`: a report that the articles do not answer a question, which one can keep."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import click

from .options import config_of, scoped, stored
from .output import fail, print_json


@click.command()
@stored
@click.argument("question")
@scoped
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def absent(
    corpus: Path | None, index: Path | None, store: str | None, question: str, as_json: bool, scope: Mapping[str, Any]
) -> int:
    """Report in Markdown that the articles do not answer QUESTION, and on what that rests.

    It says what was searched, in how many passages each word of the question occurs, what came closest and what that
    lacks, and which files could hold the answer without being searched. Ends with 1 if there is an answer.
    """
    from ..ask.searched import passages_with, searched_in
    from ..engine import Engine
    from .absence import absence_of

    with Engine.open(config_of(corpus, index, store)) as engine:
        answer = engine.ask(question, scope=scope)
        words = passages_with(engine.generation, answer.query or question)
        searched = answer.searched or searched_in(engine.generation, answer.scope)
        asked = datetime.now(timezone.utc).isoformat(timespec="seconds")
        report = absence_of(answer, searched, words, engine.status(), asked)
    print_json(report.as_json()) if as_json else click.echo(report.as_markdown(), nl=False)
    return 0 if report.is_absent else fail("The articles answer this question", 1, 'see `qa ask "…"`.')
