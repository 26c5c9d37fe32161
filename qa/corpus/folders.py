"""The folders of a library: which files each holds, and where the file of a path is.

The paths of the files of a single folder begin below it. If there are several, each folder has a name, with which the
paths of its files begin: `notes/2024/bees.md`. So a path is unique, a folder is a scope (`in:notes`), and a file that
is moved from one folder to another is a renamed one.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from ..config import Config


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of articles; `name` is empty if it is the only one and was given none."""

    name: str
    path: Path

    def key(self, path: str) -> str:
        """The path in the library of a file with this path below the folder."""
        return f"{self.name}/{path}" if self.name else path

    def has(self, key: str) -> bool:
        """Whether a path in the library is one of this folder."""
        return not self.name or key.startswith(f"{self.name}/")


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders of one library, in the order in which they were named; uploads go to the first."""

    all: tuple[Folder, ...]

    @classmethod
    def of(cls, corpus: Corpus) -> Folders:
        """The folders of a corpus; a path is that of a single folder."""
        return corpus if isinstance(corpus, Folders) else cls((Folder("", corpus),))

    @property
    def several(self) -> bool:
        """Whether the folders have names."""
        return bool(self.all[0].name)

    @property
    def present(self) -> Folders:
        """Those that are there, as when the disk of another is not connected; all of them if none is there."""
        return Folders(tuple(folder for folder in self.all if folder.path.is_dir()) or self.all)

    @property
    def paths(self) -> tuple[Path, ...]:
        return tuple(folder.path for folder in self.all)

    def folder_of(self, key: str) -> Folder | None:
        """The folder of a path in the library; None if it is in none of them."""
        return next((folder for folder in self.all if folder.has(key)), None)

    def split(self, key: str) -> tuple[Path, str]:
        """The folder of a path in the library, and the rest of the path. Raises FileNotFoundError if it is in none."""
        folder = self.folder_of(key)
        if folder is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), key)
        return folder.path, key[len(folder.key("")) :]

    def formerly(self, key: str) -> list[str]:
        """The paths that a file of this path has since the library was given more or fewer folders."""
        named = [folder.key(key) for folder in self.all if folder.name]
        first, _, below = key.partition("/")
        return [*named, below] if below and first.strip(".") else named

    def location(self, key: str) -> Path:
        """Where the file of a path in the library is. Raises FileNotFoundError if that is in none of the folders."""
        root, below = self.split(key)
        return root / below


Corpus: TypeAlias = Path | Folders


def corpus_of(config: Config) -> Corpus:
    """The articles of a configuration: one folder, or several with names."""
    if not config.folders:
        return config.corpus
    return Folders(tuple(Folder(name, path) for name, path in config.folders))
