"""The folders of articles that a setting names: one, or a list as in PATH, each maybe with a name: `old=/mnt/x`."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from ..errors import ConfigError

_NAMED = re.compile(r"(?P<name>[^\W_][\w .-]*)=(?P<path>.+)")
Place = tuple[str, Path]  # the name of a folder, and the folder


def joined(folders: Sequence[str | Path]) -> str:
    """The setting that names these folders."""
    return os.pathsep.join(map(str, folders))


def separated(setting: str) -> list[str]:
    """The folders that a setting names; a folder may itself have the separating sign in its name."""
    return [setting] if Path(setting).is_dir() else [each for each in setting.split(os.pathsep) if each]


def below(setting: str, parent: Path) -> str:
    """The setting with its relative paths below a folder."""
    parts = (
        (match["name"] + "=", match["path"]) if (match := _match(each)) else ("", each) for each in separated(setting)
    )
    return joined([f"{name}{parent / Path(path).expanduser()}" for name, path in parts])


def places_of(setting: str) -> tuple[Place, ...]:
    """The folders with their names; a single one without a name has the empty one. Raises ConfigError."""
    found = [
        (match["name"], Path(match["path"]).expanduser()) if (match := _match(each)) else ("", Path(each))
        for each in separated(setting)
    ]
    if len(found) == 1:
        return tuple(found)
    places = [(name or path.resolve().name, path) for name, path in found]
    _check_names(places)
    for name, path in places:
        for _, other in places:
            if other is not path and path.resolve().is_relative_to(other.resolve()):
                raise ConfigError(
                    f"The folder {str(path)!r} is in {str(other)!r}, so its articles are in the library already: leave "
                    f"it out, and ask only it with in:{name}."
                )
    return tuple(places)


def _check_names(places: Sequence[Place]) -> None:
    known: dict[str, Path] = {}
    for name, path in places:
        if not name:
            raise ConfigError(f"The folder {str(path)!r} has no name: give it one, as in --corpus NAME={path}.")
        if (other := known.setdefault(name.casefold(), path)) is not path:
            raise ConfigError(
                f"The folders {str(other)!r} and {str(path)!r} are both called {name!r}: name one of them, as in "
                f"--corpus {name}2={path}."
            )


def _match(given: str) -> re.Match[str] | None:
    return None if Path(given).is_dir() else _NAMED.fullmatch(given)
