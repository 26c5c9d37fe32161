"""Durable files and folders on disk."""

from __future__ import annotations

import os
from pathlib import Path


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
