"""The libraries of a user: a name for each, with its folders of articles and its index, in a file of the user's own."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from ..errors import ConfigError
from ..system.files import sync
from ..system.folders import config_folder
from .places import below, places_of

VARIABLE = "QA_LIBRARY"
_NAME = re.compile(r"[^\W_][\w.-]{0,39}")


@dataclass(frozen=True, slots=True)
class Library:
    """A library: `corpus` names its folders as the setting does, with whole paths."""

    name: str
    corpus: str
    index: Path


def libraries_file(environ: Mapping[str, str] = os.environ) -> Path:
    """The file that lists the libraries of this user."""
    return config_folder(environ) / "libraries.json"


def read_libraries(environ: Mapping[str, str] = os.environ) -> dict[str, Library]:
    """The libraries by name, in alphabetical order. Raises ConfigError if their file cannot be read."""
    path = libraries_file(environ)
    try:
        data = json.loads(path.read_text("utf-8"))
        found = [Library(name, str(each["corpus"]), Path(each["index"])) for name, each in data.items()]
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ConfigError(
            f"The list of libraries {str(path)!r} cannot be read: correct it, or delete it and add them again."
        ) from error
    return {library.name: library for library in sorted(found, key=lambda library: library.name.casefold())}


def library_named(name: str, environ: Mapping[str, str] = os.environ) -> Library:
    """The library of that name. Raises ConfigError if there is none."""
    known = read_libraries(environ)
    if name not in known:
        others = f"name one of {', '.join(known)}" if known else "add it with `qa libraries add`"
        raise ConfigError(f"There is no library {name!r}: {others}.")
    return known[name]


def add_library(name: str, corpus: str, index: Path | None, environ: Mapping[str, str] = os.environ) -> Library:
    """Add a library; by default its index is beside the list of libraries. Raises ConfigError if that is impossible."""
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{name!r} cannot be the name of a library: use up to 40 letters, digits, -, _ and .")
    corpus = below(corpus, Path.cwd())
    for _, folder in places_of(corpus):
        if not folder.is_dir():
            raise ConfigError(f"There is no folder {str(folder)!r}: make it and put your articles in, or name another.")
    with _changed(environ) as libraries:
        if name in libraries:
            raise ConfigError(f"There is a library {name!r} already: remove it first, or choose another name.")
        place = Path.cwd() / index if index else libraries_file(environ).parent / "indexes" / name
        if other := next((each for each in libraries.values() if each.index == place), None):
            raise ConfigError(f"The index {str(place)!r} is that of the library {other.name!r}: name another.")
        libraries[name] = Library(name, corpus, place)
        return libraries[name]


def remove_library(name: str, environ: Mapping[str, str] = os.environ) -> Library:
    """Take a library off the list; its articles and its index stay. Raises ConfigError if there is none."""
    with _changed(environ) as libraries:
        if name not in libraries:
            library_named(name, environ)
        return libraries.pop(name)


@contextlib.contextmanager
def _changed(environ: Mapping[str, str]) -> Iterator[dict[str, Library]]:
    """The libraries, to be changed: they are written if nothing is raised, and replace the file at once."""
    path = libraries_file(environ)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock"):
            libraries = read_libraries(environ)
            yield libraries
            data = {each.name: {"corpus": each.corpus, "index": str(each.index)} for each in libraries.values()}
            new = path.with_name(f".{path.name}.new")
            new.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", "utf-8")
            sync(new)
            new.replace(path)
    except OSError as error:
        raise ConfigError(
            f"The list of libraries {str(path)!r} cannot be written ({error.strerror}): give this account leave to."
        ) from error
