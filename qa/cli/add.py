"""`qa add`: copies files, folders and pages of the web into the corpus, never over another file without asking."""

from __future__ import annotations

from pathlib import Path

import click

from ..errors import QAError
from .build import build
from .options import config_of, stored
from .output import fail


@click.command()
@stored
@click.argument("sources", nargs=-1, required=True, metavar="FILE|FOLDER|URL…")
@click.option("--to", "folder", metavar="FOLDER", default="", help="Put it into this folder of the articles.")
@click.option("--replace", is_flag=True, help="Replace another file of that name, which moves to index/removed.")
@click.option("--build", "builds", is_flag=True, help="Update the index afterwards.")
@click.option("--yes", is_flag=True, help="Fetch an address without asking, also where it leads to another host.")
@click.option("--pictures/--no-pictures", default=True, help="Fetch the pictures and styles of a page too. [on]")
@click.option("--private", is_flag=True, help="Fetch from a private network, if the name of the host leads there.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per file.")
@click.pass_context
def add(
    context: click.Context,
    corpus: Path | None,
    index: Path | None,
    store: str | None,
    sources: tuple[str, ...],
    folder: str,
    replace: bool,
    builds: bool,
    yes: bool,
    pictures: bool,
    private: bool,
    as_json: bool,
) -> int:
    """Copy articles into the folder of articles: a file, a folder with all below it, or a page of the web.

    A page is stored whole, with its address, the date, its pictures and styles, in one file (MHTML); anything else as
    it is. Before an address is fetched, its kind and size are shown, and you are asked. No other command opens a
    connection.
    """
    from .add_source import add_source  # loads the formats, which no other command should wait for
    from .adding import Options

    config = config_of(corpus, index, store, make=True)
    options = Options(config, *Options.place(config, folder), replace, yes, pictures, private, as_json)
    code, added = 0, 0
    for source in sources:
        try:
            for result in add_source(source, options):
                code, added = max(code, int(not result.saved)), added + bool(result.sha256)
        except QAError as error:  # the other sources are added all the same
            code = fail(str(error), error.exit_code)
    if added and builds:
        context.invoke(build, corpus=corpus, index=index, store=store, as_json=as_json)
    elif added:
        options.tell("A chat that is running indexes it in a few seconds; otherwise run `qa build`.")
    return code
