"""Where generations stand in an index folder: CURRENT, the published ones, and what unfinished builds left."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from ...errors import Remedy, StoreError
from ..workspace import unfinished


def published_folders(index: Path) -> list[Path]:
    """The folders of the published generations, oldest first."""
    folders = [path for path in (index / "generations").glob("[0-9]*") if path.is_dir()]
    return sorted((path for path in folders if path.name.isdecimal()), key=lambda path: int(path.name))


def current_id(index: Path) -> str | None:
    """The id of the generation that answers, or None where nothing was published."""
    try:
        number = (index / "CURRENT").read_text("ascii").strip()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise StoreError(f"{index / 'CURRENT'} cannot be read", Remedy.FULL_BUILD) from error
    if not number:
        raise StoreError(f"{index / 'CURRENT'} is empty, which no build leaves behind", Remedy.FULL_BUILD)
    return number


def leftovers(index: Path) -> list[Path]:
    """Folders of builds that did not end, oldest first; call it only while `writing`."""
    folders = unfinished(index)
    published = published_folders(index)
    with contextlib.suppress(StoreError):
        current = [number for number, path in enumerate(published) if path.name == current_id(index)]
        # What is numbered above CURRENT was cut off between the two renames: nobody has ever read it.
        folders += published[current[0] + 1 :] if current else []
    return sorted(folders, key=lambda path: path.stat().st_mtime_ns)


def remove_leftovers(index: Path, keep: Path | None = None) -> None:
    """Give back the space of builds that did not end, all but `keep`; call it only while `writing`."""
    for path in leftovers(index):
        if path != keep:
            shutil.rmtree(path, ignore_errors=True)


def prune(index: Path, keep: int) -> None:
    """Remove all but the last `keep` generations, and what builds that did not end have left."""
    remove_leftovers(index)
    for path in published_folders(index)[: -max(1, keep)]:
        shutil.rmtree(path, ignore_errors=True)
