"""`qa pack` and `qa unpack`: move articles with their index in one file."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import click

from ..config import Config, Effective
from ..errors import ConfigError, Remedy, StoreError
from .config import as_toml
from .options import config_from, settings_of, stored
from .output import one_line, print_json, progress

_INDEX = ("recognised.sqlite", "encoders")  # beside the generation; the rest is about people or this machine


@click.command()
@stored
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def pack(corpus: Path | None, index: Path | None, store: str | None, file: Path, as_json: bool) -> None:
    """Pack the articles, their index and the settings that belong to them into FILE, for `qa unpack`.

    Conversations, ratings, log-ins and tokens are not packed, nor are hidden files and folders: they are no articles.
    """
    from .packing import write_pack

    settings = settings_of(corpus=corpus, index=index, store=store)
    config = config_from(settings)
    if config.store is not None:
        raise ConfigError("The index is on a server, and only one on this machine can be packed: leave --store out.")
    sources: dict[str, Path | bytes] = {**dict(_articles(config)), **dict(_index(config))}
    if lines := _settings(settings):
        sources["qa.toml"] = lines.encode()
    with progress() as shown:
        packed = write_pack(file, sources, lambda done, of: shown(f"packing {done + 1:,} of {of:,} files", done, of))
    if as_json:
        print_json({"file": str(file), "files": packed.files, "bytes": packed.size})
    else:
        click.echo(one_line(f"{file}: {packed.files:,} files, {packed.size / 1e6:,.1f} MB"))


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def unpack(file: Path, folder: Path | None, as_json: bool) -> None:
    """Unpack the FILE of `qa pack` into FOLDER, by default one with its name; every file is checked."""
    from .packing import read_pack

    target = folder or Path(file.stem)
    with progress() as shown:
        packed = read_pack(file, target, lambda done, of: shown(f"unpacking {done + 1:,} of {of:,} files", done, of))
    if as_json:
        print_json({"folder": str(target), "files": packed.files, "bytes": packed.size})
    else:
        click.echo(one_line(f"{target}: {packed.files:,} files, as they were packed; run `qa serve` in that folder"))


def _articles(config: Config) -> Iterator[tuple[str, Path]]:
    """Every file of the library that is no link, by its path in the pack: what is skipped too."""
    from ..corpus import documents
    from ..corpus.folders import corpus_of

    for file in documents.scan(corpus_of(config), config.max_file_bytes, config.index, config.text_files):
        if stat.S_ISREG(file.location.lstat().st_mode):
            yield f"corpus/{file.record.path}", file.location


def _index(config: Config) -> Iterator[tuple[str, Path]]:
    """The current generation, checked, and what it needs. Raises StoreError."""
    from ..engine import Engine

    with Engine.open(config) as engine:
        number, altered = engine.generation.id, engine.generation.altered()
    if altered:
        raise StoreError(altered[0], Remedy.FULL_BUILD)
    folders = [config.index / "generations" / number, *(config.index / name for name in _INDEX)]
    yield "index/CURRENT", config.index / "CURRENT"
    for folder in folders:
        for path in [folder] if folder.is_file() else sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                yield f"index/{path.relative_to(config.index).as_posix()}", path


def _settings(settings: Effective) -> str:
    """A `qa.toml` with the settings that are not the default and belong to the articles."""
    from .packing import SETTINGS_OF_ARTICLES

    return "".join(
        f"{name} = {as_toml(value.shown)}\n"
        for name, value in settings.values.items()
        if value.source != "default" and value.value is not None and name in SETTINGS_OF_ARTICLES
    )
