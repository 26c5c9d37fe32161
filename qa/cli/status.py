"""`qa status` and `qa verify`: list what is indexed, and check the index."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import Remedy
from .options import config_of, stored
from .output import generation_number, one_line, print_json

if TYPE_CHECKING:
    from ..corpus.records import FileRecord

_SEARCH = {
    "engine": "the server searches by meaning and for words",
    "rescored": "the server searches by meaning; keyword search is approximate (passages with the rarest words only)",
}


@click.command()
@stored
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def status(corpus: Path | None, index: Path | None, store: str | None, as_json: bool) -> None:
    """List every file of the folder: indexed, empty, failed or skipped, and why."""
    from ..engine import Engine

    with Engine.open(config_of(corpus, index, store)) as engine:
        state = engine.status()
    if as_json:
        print_json(state.as_json())
        return
    for file in state.files:
        click.echo(
            one_line(f"{file.record.path}: {_state_of(file.record, file.pending, state.covers(file.record.language))}")
        )
    counts = state.counts
    listed = ", ".join(f"{number} {word}" for word, number in counts.items() if word != "files" and number)
    built = f"generation {generation_number(state.generation)}, built {state.created}"
    built = built if state.generation else "no index yet"
    click.echo(f"{counts['files']} files{': ' + listed if listed else ''}; {state.passages} passages; {built}")
    if state.store is not None:
        click.echo(f"index at {state.store['address']} ({state.store['server']}): {_SEARCH[state.store['words']]}")


@click.command()
@stored
def verify(corpus: Path | None, index: Path | None, store: str | None) -> int:
    """Check the index and its models: checksums, spans, counts.

    What is damaged in earlier states of the folder is restored where another copy has it, or else dropped.
    """
    from ..earlier import Earlier
    from ..engine import Engine
    from ..index.verification import advised

    with Engine.open(config_of(corpus, index, store)) as engine, Earlier(engine) as earlier:
        problems, manifest = [*engine.verify(), *earlier.mend()], engine.generation.manifest
    for problem in problems:
        click.echo(f"qa: {advised(problem)}", err=True)
    if problems:
        return 1
    counts = f"{manifest.documents} articles, {manifest.passages} passages"
    click.echo(f"generation {generation_number(manifest.id)} is whole: {counts}")
    return 0


def _state_of(record: FileRecord, pending: str, covered: bool) -> str:
    """Return `indexed (12 passages, 8 pages, German)`, `failed (needs a password)`, or `new (run `qa build`)`."""
    from ..strings.catalogue import counted
    from ..text.languages import language_name

    if pending:
        return f"{pending} ({Remedy.BUILD.value})"
    if record.status != "indexed":
        return f"{record.status} ({record.reason})"
    facts = [counted(record.documents, "article")] if record.documents > 1 else []
    facts.append(counted(record.passages, "passage"))
    facts += [counted(record.pages, "page")] if record.pages else []
    if record.language:
        facts.append(f"{language_name(record.language)}{'' if covered else ', which the encoder was not made for'}")
    return f"indexed ({', '.join(facts)}{''.join(f'; {said}' for said in (record.reason, record.note) if said)})"
