"""`qa history`: the earlier states of the folder that can be asked, and how an article changed between them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import config_of, stored
from .output import fail, one_line, print_json

if TYPE_CHECKING:
    from ..index.states import State, Version
    from ..text.revision import Piece

_NONE = "No earlier state is kept yet. Each build that finds a change keeps the state before it"


@click.command()
@stored
@click.argument("article", required=False)
@click.option("--forget", is_flag=True, help="Delete all earlier states, with all that was removed from the articles.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def history(
    corpus: Path | None, index: Path | None, store: str | None, article: str | None, forget: bool, as_json: bool
) -> int:
    """List the earlier states that `qa ask --as-of` can ask, or show how ARTICLE changed between them.

    ARTICLE is the path of a file, as `qa status` lists it.
    """
    from ..earlier import Earlier
    from ..engine import Engine

    if article is not None and forget:
        raise click.UsageError("--forget deletes the states of all articles: leave out ARTICLE")
    config = config_of(corpus, index, store)
    with Engine.open(config) as engine, Earlier(engine) as earlier:
        if forget:
            freed = earlier.forget()
            print_json({"bytes": freed}) if as_json else click.echo(f"Earlier states deleted: {_size(freed)}.")
            return 0
        if article is None:
            states, size = earlier.states(), earlier.size()
            _print_states(states, size, config.as_of_days, as_json)
            return 0
        versions = earlier.versions(article)
    if not versions:
        return fail(f"No state that is kept has {article!r}", 1, "name a file as `qa status` lists it.")
    _print_versions(article, versions, as_json)
    return 0


def _print_states(states: Sequence[State], size: int, days: int, as_json: bool) -> None:
    if as_json:
        print_json({"days": days, "bytes": size, "states": [state.as_json() for state in states]})
        return
    kept = f"for {days} days (QA_AS_OF_DAYS)" if days else "if QA_AS_OF_DAYS is not 0"
    if len(states) < 2:
        click.echo(f"{_NONE}, {kept}.")
        return
    from ..strings.catalogue import counted

    for state in reversed(states):
        changed = "the earliest" if state == states[0] else f"{counted(state.changed, 'file')} changed"
        cost = f", {_size(state.size)}" if state.ended else ""
        click.echo(f"{_period(state.created, state.ended)}: {changed}{cost}")
    click.echo(f"Earlier states are kept {kept} and take {_size(size)}. Ask one with `qa ask --as-of DATE`.")


def _print_versions(article: str, versions: Sequence[Version], as_json: bool) -> None:
    from ..text.revision import as_text

    changes = [_changes(former, later) for former, later in zip([None, *versions], versions, strict=False)]
    if as_json:
        listed = [
            {**version.as_json(), "changes": [_change_json(*each) for each in found]}
            for version, found in zip(versions, changes, strict=True)
        ]
        print_json({"document": article, "versions": listed})
        return
    for number, (version, found) in reversed(list(enumerate(zip(versions, changes, strict=True)))):
        click.echo(f"{one_line(article)}, {_period(version.first, version.last)}")
        if version is versions[-1] and version.last is not None:
            click.echo("    then it was removed or renamed")
        if number == 0:
            click.echo("    the earliest version that is kept" if version.texts else "    without text")
        elif versions[number - 1].last != version.first:
            click.echo("    it was not there before")
        for document, pieces in found:
            if document != article:
                click.echo(f"    {one_line(document)}:")
            click.echo("".join(f"    | {line}\n" for line in as_text(pieces).split("\n")), nl=False)
        click.echo()


def _changes(former: Version | None, later: Version) -> list[tuple[str, tuple[Piece, ...]]]:
    """The changed paragraphs of each document of a file."""
    from ..text.revision import changed_paragraphs

    if former is None:
        return []
    before, after = dict(former.texts), dict(later.texts)
    return [
        (document, pieces)
        for document in dict.fromkeys([*before, *after])
        for pieces in changed_paragraphs(before.get(document, ""), after.get(document, ""))
    ]


def _change_json(document: str, pieces: Sequence[Piece]) -> dict[str, Any]:
    return {"document": document, "pieces": [{"kind": each.kind, "text": each.text} for each in pieces]}


def _period(first: Any, last: Any) -> str:
    from ..index.states import shown

    return f"{shown(first)} until {'now' if last is None else shown(last)}"


def _size(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 1e5 else f"{size / 1e3:,.1f} kB"
