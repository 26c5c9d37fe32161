"""Puts what `qa add` was given into the corpus, never over another file without asking, and says what became of it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import click

from ..config import Config
from ..corpus.folders import Folder, Folders, corpus_of
from ..corpus.records import FileRecord
from ..corpus.storing import Stored, safe_name, store, store_file
from .output import one_line, print_json


@dataclass(frozen=True, slots=True)
class Options:
    """How files are added, and what is said of each.

    They go into `folder`, a path below `root`, which is one of the library's folders of articles.
    """

    config: Config
    root: Folder
    folder: str
    replaces: bool
    is_sure: bool
    pictures: bool
    private: bool
    as_json: bool

    @classmethod
    def place(cls, config: Config, to: str) -> tuple[Folder, str]:
        """The folder of articles that `to` begins with, if there are several, or else the first, and the path below."""
        folders = Folders.of(corpus_of(config))
        named = folders.folder_of(f"{to}/") if folders.several else None
        return (named, to[len(named.name) + 1 :]) if named is not None else (folders.all[0], to)

    def tell(self, text: str) -> None:
        """Say something that is no result; if results are JSON, not among them."""
        click.echo(text, err=self.as_json)


def add_file(place: Path, folder: str, options: Options) -> Stored:
    """Copy one file into a folder of the corpus."""
    config = options.config
    _make_room(place.name, folder, place.read_bytes, options)
    result = store_file(place, place.name, options.root.path, config.max_file_bytes, config.text_files, folder)
    return _in_library(result, options)


def add_bytes(data: bytes, name: str, options: Options) -> Stored:
    """Write a file into the folder of the corpus that the user has named."""
    config = options.config
    _make_room(name, options.folder, lambda: data, options)
    result = store(data, name, options.root.path, config.max_file_bytes, config.text_files, options.folder)
    return _in_library(result, options)


def _in_library(result: Stored, options: Options) -> Stored:
    return replace(result, name=options.root.key(result.name)) if result.saved else result


def _make_room(name: str, folder: str, content: Callable[[], bytes], options: Options) -> None:
    """Move another file of that name to `index/removed`, if the user wants that; otherwise it stays where it is."""
    from ..ui.library.moves import Moves

    config = options.config
    path = (PurePosixPath(folder) / safe_name(name)).as_posix()
    target = options.root.path / path
    if not target.is_file() or target.is_symlink() or target.read_bytes() == content():
        return
    if not options.replaces:
        question = f"{one_line(path)} exists with other content: replace it (the old one moves to index/removed)?"
        if not _is_asked() or not click.confirm(question, err=True):
            return
    facts = target.stat()
    record = FileRecord(options.root.key(path), facts.st_size, facts.st_mtime_ns)
    moved = Moves(corpus_of(config), config.index).remove(record)
    options.tell(f"Moved the old {one_line(path)} to {one_line(str(config.index / 'removed' / moved.place))}")


def _is_asked() -> bool:
    """Whether somebody is there to be asked."""
    return sys.stdin is not None and sys.stdin.isatty()


def said(source: str, result: Stored, options: Options) -> Stored:
    if options.as_json:
        document = result.name if result.saved else None
        print_json({"source": source, "document": document, "added": bool(result.sha256), "words": result.words})
    elif not result.saved:
        click.echo(f"not added  {one_line(source)}: {result.words}", err=True)
    else:
        word = "added" if result.sha256 else "present"
        more = "" if result.words in ("saved", "already there") else f" ({result.words})"
        place = Folders.of(corpus_of(options.config)).location(result.name)
        click.echo(f"{word}  {one_line(str(place))}{more}")
    return result
