"""Finds the vaults of Obsidian that a corpus consists of or lies in, and the address that opens a note there."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from .documents import CorpusFile
from .folders import Corpus, Folders

READING = "vaults"  # in what a manifest says of how files were read
_SETTINGS = ".obsidian"  # the folder that makes a folder a vault


@dataclass(frozen=True, slots=True)
class Vault:
    """A vault by its `name`: the paths in the library of its files begin with `prefix`.

    `inside` is what their paths in the vault begin with: something only if the corpus is a folder of the vault.
    """

    prefix: str
    name: str
    inside: str = ""

    def address(self, path: str) -> str:
        """The address by which Obsidian opens a file of the vault."""
        file = f"{self.inside}{path[len(self.prefix) :]}"
        return f"obsidian://open?vault={quote(self.name, safe='')}&file={quote(file, safe='', errors='replace')}"


def vaults_of(files: Collection[CorpusFile], corpus: Corpus) -> tuple[Vault, ...]:
    """The vaults that these files of a corpus are in, the innermost first."""
    found: dict[Vault, None] = {}
    for folder in Folders.of(corpus).all:
        top = folder.path.resolve()
        known: dict[Path, Path | None] = {}
        places = {posixpath.dirname(file.record.path) for file in files if folder.has(file.record.path)}
        for place in places:
            root = _vault_above(top / place[len(folder.key("")) :], known)
            if root is None:
                continue
            if root.is_relative_to(top):
                below = root.relative_to(top).as_posix()
                found[Vault(folder.key("" if root == top else f"{below}/"), root.name)] = None
            else:
                found[Vault(folder.key(""), root.name, f"{top.relative_to(root).as_posix()}/")] = None
    return tuple(sorted(found, key=lambda vault: (-len(vault.prefix), vault.prefix)))


def as_reading(vaults: Iterable[Vault]) -> dict[str, Any]:
    """What a manifest keeps of the vaults: nothing if there are none."""
    kept = [list(astuple(vault)) for vault in vaults]
    return {READING: kept} if kept else {}


def address_in_vault(reading: Mapping[str, Any], path: str) -> str:
    """The address by which Obsidian opens an article; empty if it is in no vault."""
    vaults = (Vault(*each) for each in reading.get(READING, ()))
    return next((vault.address(path) for vault in vaults if path.startswith(vault.prefix)), "")


def _vault_above(folder: Path, known: dict[Path, Path | None]) -> Path | None:
    """The nearest folder, from this one up, that is a vault."""
    if folder not in known:
        if (folder / _SETTINGS).is_dir():
            known[folder] = folder
        else:
            known[folder] = None if folder.parent == folder else _vault_above(folder.parent, known)
    return known[folder]
