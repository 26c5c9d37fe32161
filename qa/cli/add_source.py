"""What `qa add` was given: a file, a folder with all below it, or an address; each file of it is added and told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from ..corpus.documents import scan
from ..corpus.folders import Folders, corpus_of
from ..corpus.storing import Stored, safe_name
from ..errors import ConfigError
from .adding import Options, add_file, said
from .output import one_line


def add_source(source: str, options: Options) -> Iterator[Stored]:
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
