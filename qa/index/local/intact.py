"""Compares a large file with its checksum once, and not again until it changes.

What was found is kept beside the file: its size, times and number (inode) then, and the checksum. Writing to a file
sets its `ctime`, which no program can set back, and a copy has its own.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from ..manifest import file_sha256


def is_intact(path: Path, sha256: str) -> bool:
    """Whether the file has this checksum; it is read only if it is not the same as when this was last found."""
    now = _state(path, sha256)
    with contextlib.suppress(OSError, ValueError):
        if now and json.loads(_note(path).read_bytes()) == now:
            return True
    if not now or file_sha256(path) != sha256:
        return False
    with contextlib.suppress(OSError):  # another's index, or a full disk: it is read again the next time
        _write(path, now)
    return True


def remember(path: Path, sha256: str) -> None:
    """Keep that the file has this checksum. Raises OSError."""
    _write(path, _state(path, sha256))


def _state(path: Path, sha256: str) -> list[int | str]:
    try:
        facts = path.stat()
    except OSError:
        return []
    return [facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino, sha256]


def _write(path: Path, state: list[int | str]) -> None:
    new = _note(path).with_suffix(".new")
    new.write_text(json.dumps(state) + "\n", "ascii")
    new.replace(_note(path))


def _note(path: Path) -> Path:
    return path.with_suffix(".checked")
