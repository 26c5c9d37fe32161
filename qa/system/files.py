"""Durable files and folders on disk."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

_HASHED = 1 << 24  # bytes read at a time: after each block the thread may have to wait for the interpreter's lock


def sync(path: Path) -> None:
    """Write a file, or the names in a folder, to the disk, so that it survives a power failure."""
    if path.is_dir() and os.name == "nt":
        return  # Windows cannot sync a folder
    # Windows syncs only files that are open for writing; elsewhere a folder can only be opened for reading.
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def replace_text(path: Path, text: str) -> None:
    """Write a file whole, in place of the one that there may be; its folder is made. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.write_text(text, "utf-8")
    sync(new)
    new.replace(path)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes. Raises OSError if it cannot be read."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_HASHED):
            digest.update(block)
    return digest.hexdigest()
