"""Where uploads are before they are saved in the corpus folder."""

from __future__ import annotations

from pathlib import Path


def is_sent(source: Path, folder: Path) -> bool:
    """Return whether a path is inside the folder where uploads are stored, after resolving links."""
    return ".." not in source.parts and source.parent.resolve().is_relative_to(folder.resolve())
