"""`qa feedback` and `qa gaps`: what users say of the answers, and what the articles do not answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from ..config import Config
from ..errors import ConfigError
from .options import config_of, stored
from .output import one_line, print_json

if TYPE_CHECKING:
    from ..ui.feedback.gaps import Gap, GapQuestion

_DAY = click.DateTime(["%Y-%m-%d"])
_OFF = "qa: The chat keeps no unanswered questions: set QA_GAPS=yes before `qa serve` to keep them."


@click.command()
@stored
@click.option("--verdict", type=click.Choice(["up", "down"]), help="Only these.")
@click.option("--since", type=_DAY, help="From this day on (2024-05-31).")
@click.option("--until", type=_DAY, help="Up to the end of this day.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV with a header.")
def feedback(
    corpus: Path | None,
    index: Path | None,
    store: str | None,
    verdict: Literal["up", "down"] | None,
    since: datetime | None,
    until: datetime | None,
    as_json: bool,
    as_csv: bool,
) -> None:
    """List the thumbs up and down that answers got in the chat, oldest first."""
    from ..strings.catalogue import counted
    from ..ui.feedback import verdicts
    from ..ui.feedback.tables import feedback_path

    if as_json and as_csv:
        raise ConfigError("--json and --csv exclude each other: give one of them.")
    config = config_of(corpus, index, store)
    found = verdicts.Feedback(feedback_path(config.index)).read(verdict, _day(since), _day(until))
    if as_json:
        print_json(verdicts.as_json(found))
        return
    if as_csv:
        click.echo(verdicts.as_csv(found), nl=False)
        return
    for each in found:
        cited = f"  ({each.document})" if each.document else ""
        click.echo(one_line(f"{each.day}  {each.verdict:4}  {each.question}{cited}"))
    up = sum(each.verdict == "up" for each in found)
    click.echo(f"{counted(len(found), 'verdict')}: {up} up, {len(found) - up} down")


@click.command()
@stored
@click.option("--check", is_flag=True, help="Ask each question again, and leave out those that are answered now.")
@click.option("--forget", is_flag=True, help="Delete the unanswered questions (but no thumbs).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def gaps(corpus: Path | None, index: Path | None, store: str | None, check: bool, forget: bool, as_json: bool) -> None:
    """List what your articles do not answer: questions without an answer or with a thumb down, by what they share."""
    from ..strings.catalogue import counted
    from ..ui.feedback.gaps import gaps as gaps_of
    from ..ui.feedback.tables import feedback_path
    from ..ui.feedback.unanswered import Unanswered
    from ..ui.feedback.verdicts import Feedback

    config = config_of(corpus, index, store)
    unanswered, verdicts = Unanswered(feedback_path(config.index)), Feedback(feedback_path(config.index))
    if forget:
        click.echo(f"{counted(unanswered.forget(), 'unanswered question')} deleted")
        return
    found = gaps_of(unanswered.read(), verdicts.read("down"))
    if check:
        found = _still_open(found, config)
    if as_json:
        print_json({"kept": config.gaps, "gaps": [gap.as_json() for gap in found]})
        return
    for gap in found:
        _print(gap)
    click.echo(counted(sum(len(gap.questions) for gap in found), "question"))
    if not config.gaps:
        click.echo(_OFF, err=True)


def _day(given: datetime | None) -> date | None:
    return None if given is None else given.date()


def _print(gap: Gap) -> None:
    if len(gap.questions) > 1:
        click.echo(one_line(f"{' '.join(gap.words) or gap.questions[0].question}: {len(gap.questions)} questions"))
    for question in gap.questions:
        facts = [f"{number} × {words}" for number, words in _counts(question) if number]
        facts += [f"nearest: {question.nearest}"] if question.nearest else []
        after = f" (after: {question.carried})" if question.carried else ""
        indent = "  " if len(gap.questions) > 1 else ""
        click.echo(one_line(f"{indent}{question.question}{after}: {', '.join(facts)}"))


def _counts(question: GapQuestion) -> Iterable[tuple[int, str]]:
    return (question.unanswered, "not answered"), (question.down, "thumb down")


def _still_open(found: Iterable[Gap], config: Config) -> tuple[Gap, ...]:
    """The groups without the questions that are answered now; an answer with a thumb down may be wrong again."""
    from ..engine import Engine

    with Engine.open(config) as engine:
        groups = [
            replace(gap, questions=tuple(q for q in gap.questions if q.down or not engine.ask(q.asked, 1).answerable))
            for gap in found
        ]
    return tuple(gap for gap in groups if gap.questions)
