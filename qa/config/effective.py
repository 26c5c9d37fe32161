"""The effective value of each setting, and where it comes from: options, else the environment, else `qa.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from ..system.folders import data_folder
from . import file as settings_file
from .config import Config
from .file import FileValue
from .libraries import VARIABLE, library_named
from .places import places_of
from .settings import SETTINGS, Setting, is_given, value_of

_BESIDE = ("corpus", "index")  # folders that are beside the file of settings, unless they are named
FILE_VARIABLE = "QA_CONFIG"


@dataclass(frozen=True, slots=True)
class Value:
    """A setting with its value, and its `source`: "option", "environment", "file" or "default".

    `origin` says it in detail: the option, the variable, or the file with the line.
    """

    setting: Setting
    value: Any
    source: str
    origin: str

    @property
    def shown(self) -> Any:
        """The value for people and JSON: a path as a text, and of a secret only that there is one."""
        if self.setting.secret:
            return "(secret)" if self.value else ""
        if isinstance(self.value, Path):
            return str(self.value)
        if self.setting.kind == "table":
            return dict(self.value)
        return list(self.value) if isinstance(self.value, tuple) else self.value


@dataclass(frozen=True, slots=True)
class Effective:
    """All settings, by name; `file` is that of settings, if there is one.

    `home` is the user's data folder if the articles and the index are there, because nothing else was named.
    """

    values: Mapping[str, Value]
    environ: Mapping[str, str]
    file: Path | None = None
    home: Path | None = None

    def __getitem__(self, name: str) -> Any:
        return self.values[name].value

    def config(self) -> Config:
        """The configuration of an engine. Raises ConfigError for a store that cannot be one."""
        texts = {value.setting.variable: str(value.value) for value in self.values.values() if _is_for_store(value)}
        values = {name: value.value for name, value in self.values.items()}
        if self.values["threshold"].source == "default":
            del values["threshold"]  # so that a fitted one counts
        return Config.of(values, {**self.environ, **texts})


def resolve(environ: Mapping[str, str], options: Mapping[str, Any], file: Path | None = None) -> Effective:
    """The settings of a process: `options` (by name; None is not given), else `environ`, else a file, else defaults.

    The file is the given one, or QA_CONFIG, or `qa.toml` beside the folder of articles. If no folder is named, and the
    current one has neither a folder `corpus` or `index` nor a `qa.toml`, the articles are in the user's data folder.
    Folders that nothing names are beside the file. An option `library`, or QA_LIBRARY if no option names a folder,
    stands for the folders of that library. Raises ConfigError for a value, a key or a file that is not valid.
    """
    given = {name: value for name, value in options.items() if value is not None}
    if library := given.pop("library", None) or _library_wanted(given, environ):
        given = _in_library(str(library), given, environ)
    named = {name: given.get(name) or environ.get(SETTINGS[name].variable) for name in (*_BESIDE, "store")}
    explicit = file or (Path(environ[FILE_VARIABLE]) if environ.get(FILE_VARIABLE) else None)
    home = data_folder(environ) if explicit is None and not any(named.values()) and not _is_library(Path()) else None
    beside = explicit.parent if explicit else home or places_of(str(named["corpus"] or "corpus"))[0][1].parent
    found = explicit or _existing(beside / settings_file.NAME)
    if found is not None and not found.is_file():
        raise ConfigError(
            f"There is no file of settings {str(found)!r}: name another with --config or {FILE_VARIABLE}."
        )
    written = settings_file.read(found) if found else {}
    folder = beside if found or home else Path()
    values = {name: _value(setting, given, environ, written, found, folder) for name, setting in SETTINGS.items()}
    is_home = home is not None and all(values[name].source == "default" for name in _BESIDE)
    return Effective(values, environ, found, home if is_home else None)


def _library_wanted(given: Mapping[str, Any], environ: Mapping[str, str]) -> str:
    """The library of the environment, unless the options name folders."""
    return "" if any(given.get(name) for name in _BESIDE) else environ.get(VARIABLE, "")


def _in_library(name: str, given: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    """The options with the folders of a library. Raises ConfigError if they name folders themselves."""
    if any(given.get(each) for each in _BESIDE):
        raise ConfigError("--library names the articles and the index: leave out --corpus and --index.")
    library = library_named(name, environ)
    return {**given, "corpus": library.corpus, "index": library.index}


def _value(
    setting: Setting,
    given: Mapping[str, Any],
    environ: Mapping[str, str],
    written: Mapping[str, FileValue],
    file: Path | None,
    folder: Path,
) -> Value:
    raw = environ.get(setting.variable)
    if setting.name in given:
        return Value(setting, given[setting.name], "option", setting.option.partition("/")[0])
    if is_given(setting, raw):
        return Value(setting, value_of(setting, str(raw)), "environment", setting.variable)
    if entry := written.get(setting.name):
        return Value(setting, entry.value, "file", f"{file}, line {entry.line}")
    default = str(folder / setting.default) if setting.name in _BESIDE else setting.default
    return Value(setting, default, "default", "default")


def _is_library(folder: Path) -> bool:
    """Whether a folder contains articles, an index or settings under their usual names."""
    return (folder / settings_file.NAME).is_file() or any((folder / name).is_dir() for name in _BESIDE)


def _existing(path: Path) -> Path | None:
    return path if path.is_file() else None


def _is_for_store(value: Value) -> bool:
    return value.setting.name.startswith("milvus_") and value.source != "default"
