"""`qa libraries`: names for several sets of articles, each with its index."""

from __future__ import annotations

from pathlib import Path

import click

from .options import setting
from .output import one_line, print_json


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def libraries(context: click.Context, as_json: bool) -> None:
    """List your libraries: names for folders of articles with their index, for `--library NAME`."""
    from ..config import places_of, read_libraries

    if context.invoked_subcommand is not None:
        return
    found = read_libraries().values()
    if as_json:
        listed = [
            {"name": each.name, "folders": [str(path) for _, path in places_of(each.corpus)], "index": str(each.index)}
            for each in found
        ]
        print_json({"libraries": listed})
        return
    for each in found:
        click.echo(one_line(f"{each.name}: {each.corpus}, index in {each.index}"))
    if not found:
        click.echo("There is no library yet: add one with `qa libraries add NAME --corpus DIR`.")


@libraries.command()
@click.argument("name")
@setting("corpus", required=True)
@setting("index")
def add(name: str, corpus: Path, index: Path | None) -> None:
    """Add a library NAME."""
    from ..config import add_library

    library = add_library(name, str(corpus), index)
    click.echo(one_line(f"{library.name}: {library.corpus}, index in {library.index}"))
    click.echo(
        f"Build its index with `qa build --library {library.name}`, or open it with `qa serve --library {name}`."
    )


@libraries.command()
@click.argument("name")
def remove(name: str) -> None:
    """Take the library NAME off the list; its articles and its index stay where they are."""
    from ..config import remove_library

    library = remove_library(name)
    click.echo(one_line(f"{library.name} is off the list; its index is still in {library.index}."))
