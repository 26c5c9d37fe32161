"""Where generations are in an index folder: CURRENT, and the folders of the published ones."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from ...errors import Remedy, StoreError


def published_folders(index: Path) -> list[Path]:
    """The folders of the published generations, oldest first."""
    folders = [path for path in (index / "generations").glob("[0-9]*") if path.is_dir()]
    return sorted((path for path in folders if path.name.isdecimal()), key=lambda path: int(path.name))


def current_id(index: Path) -> str | None:
    """The id of the generation that answers, or None if nothing was published. Raises StoreError."""
    try:
        number = (index / "CURRENT").read_text("ascii").strip()
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise _forbidden("CURRENT") from error
    except (OSError, ValueError) as error:
        raise StoreError("CURRENT in the index folder cannot be read", Remedy.FULL_BUILD) from error
    if not number:
        raise StoreError("CURRENT in the index folder is empty, which no build leaves behind", Remedy.FULL_BUILD)
    return number


def check_readable(index: Path) -> None:
    """Raise StoreError if this account may not list the folder of generations, in which there may be some."""
    try:
        os.scandir(index / "generations").close()
    except PermissionError as error:
        raise _forbidden("generations") from error
    except OSError:
        return


def _forbidden(name: str) -> StoreError:
    return StoreError(
        f"{name} in the index folder cannot be read (Permission denied): "
        "give this account permission to read the index, or name another with --index."
    )


def cut_off(index: Path) -> list[Path]:
    """Published folders that no reader has ever opened, since their build ended between the last two renames."""
    published = published_folders(index)
    with contextlib.suppress(StoreError):
        current = [number for number, path in enumerate(published) if path.name == current_id(index)]
        return published[current[0] + 1 :] if current else []
    return []


def prune(index: Path, keep: int) -> None:
    """Remove all but the last `keep` generations."""
    for path in published_folders(index)[: -max(1, keep)]:
        shutil.rmtree(path, ignore_errors=True)
