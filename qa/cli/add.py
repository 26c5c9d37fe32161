"""`qa add`: copies files, folders and pages of the web into the corpus, never over another file without asking."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import click

from ..corpus.folders import Folders, corpus_of
from ..corpus.storing import Stored, safe_name
from ..errors import ConfigError, QAError
from .adding import Options, add_file, said
from .build import build
from .options import config_of, stored
from .output import fail, one_line


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
    config = config_of(corpus, index, store, make=True)
    options = Options(config, *Options.place(config, folder), replace, yes, pictures, private, as_json)
    code, added = 0, 0
    for source in sources:
        try:
            for result in _added(source, options):
                code, added = max(code, int(not result.saved)), added + bool(result.sha256)
        except QAError as error:  # the other sources are added all the same
            code = fail(str(error), error.exit_code)
    if added and builds:
        context.invoke(build, corpus=corpus, index=index, store=store, as_json=as_json)
    elif added:
        options.tell("A chat that is running indexes it in a few seconds; otherwise run `qa build`.")
    return code


def _added(source: str, options: Options) -> Iterator[Stored]:
    """Add one source; yield what became of each of its files, which is printed."""
    if source.lower().startswith(("http://", "https://")):
        from .add_address import add_address

        yield said(source, add_address(source, options), options)
        return
    place = Path(source)
    if place.is_dir():
        yield from _folder(place, options)
    elif place.is_file():
        yield said(source, add_file(place, options.folder, options), options)
    else:
        raise ConfigError(
            f"There is no file or folder {source!r}: check its name, or write https:// before an address."
        )


def _folder(place: Path, options: Options) -> Iterator[Stored]:
    from ..corpus.documents import scan

    config = options.config
    source = place.resolve()
    for corpus in (folder.resolve() for folder in Folders.of(corpus_of(config)).paths):
        if source.is_relative_to(corpus):
            raise ConfigError(f"{str(place)!r} is in the folder of articles already: run `qa build`.")
        if corpus.is_relative_to(source):
            raise ConfigError(f"{str(place)!r} contains the folder of articles itself: name the folders in it to add.")
    refused: Counter[str] = Counter()
    base = PurePosixPath(options.folder) / (safe_name(source.name) or "folder")
    for file in scan(place, config.max_file_bytes, config.index, config.text_files):
        if not file.readable:
            refused[file.record.reason] += 1
            continue
        parents = [safe_name(part) or "_" for part in PurePosixPath(file.record.path).parts[:-1]]
        yield said(str(file.location), add_file(file.location, str(base.joinpath(*parents)), options), options)
    for reason, count in refused.items():
        options.tell(f"{count} file{'s' if count > 1 else ''} in {one_line(str(place))} not added: {reason}")
