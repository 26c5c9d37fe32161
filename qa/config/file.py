"""The file of settings, `qa.toml`: what it says, and in which line."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from .places import below, joined
from .settings import SETTINGS, Setting, value_of

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

NAME = "qa.toml"
_FORMS = {
    "path": 'a text in quotes: write {0} = "…"',
    "paths": 'a text in quotes, or a list of them: write {0} = ["…", "…"]',
    "text": 'a text in quotes: write {0} = "…"',
    "number": "a number: write {0} = 1",
    "whole number": "a whole number: write {0} = 1",
    "switch": "true or false: write {0} = true",
    "list": 'a list of texts: write {0} = ["…"]',
    "table": 'a table: write {0} = {{ text = "story" }}',
}


@dataclass(frozen=True, slots=True)
class FileValue:
    """What the file gives a setting: the value, the text that an environment variable would hold, and the line."""

    value: Any
    raw: str
    line: int


def read(path: Path) -> Mapping[str, FileValue]:
    """The values of a file by the names of their settings; paths in it are relative to its folder.

    Raises ConfigError if it cannot be read, is not TOML, or has a key or a value that is not valid: with the line, and
    the nearest valid key.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
        data = tomllib.loads(text)
    except OSError as error:
        raise ConfigError(
            f"The settings in {str(path)!r} cannot be read ({error.strerror}): name another file with --config."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{str(path)!r} is not UTF-8 text: save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{str(path)!r} is not valid TOML ({error}): correct it there.") from error
    return {key: _checked(path, text, key, value) for key, value in data.items()}


def keys_of(text: str) -> set[str]:
    """The keys of a file with this text, of which some may be no settings. Raises ValueError if it is not TOML."""
    return set(tomllib.loads(text))


def _checked(path: Path, text: str, key: str, value: Any) -> FileValue:
    line = _line_of(text, key)
    where = f"Line {line} of {str(path)!r}"
    if key not in SETTINGS:
        near = get_close_matches(key.lower().removeprefix("qa_"), SETTINGS, 1, 0.5)
        advice = f"write {near[0]}, or remove it." if near else "remove it; `qa config` lists all settings."
        raise ConfigError(f"{where}: {key} is not a setting: {advice}")
    setting = SETTINGS[key]
    raw = _as_text(setting, value)
    if raw is None:
        raise ConfigError(f"{where}: {key} must be {_FORMS[setting.kind].format(key)}.")
    if setting.kind == "path" and raw and not (key == "milvus_tls" and raw == "on"):
        raw = str(path.parent / Path(raw).expanduser())
    elif setting.kind == "paths" and raw:
        raw = below(raw, path.parent)
    elif key == "encoder" and raw and (path.parent / raw).is_dir():
        raw = str(path.parent / raw)
    shown = f"{where}: {key}{'' if setting.secret else f' = {json.dumps(value, ensure_ascii=False)}'}"
    return FileValue(value_of(setting, raw, shown, "remove"), raw, line)


def _as_text(setting: Setting, value: Any) -> str | None:
    """The value as an environment variable would hold it; None if it is not what the setting takes."""
    kind = setting.kind
    if kind == "paths" and isinstance(value, list) and all(isinstance(each, str) for each in value):
        return joined(value)
    if kind in ("path", "paths", "text"):
        return value if isinstance(value, str) else None
    if kind == "switch":
        return ("yes" if value else "no") if isinstance(value, bool) else None
    if kind in ("number", "whole number"):
        return repr(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
    if kind == "list":
        is_list = isinstance(value, list) and all(isinstance(each, str) for each in value)
        return ",".join(value) if is_list else None
    is_table = isinstance(value, dict) and all(isinstance(each, str) for each in value.values())
    return ",".join(f"{name}={each}" for name, each in value.items()) if is_table else None


def _line_of(text: str, key: str) -> int:
    """The number of the line that begins with a key or the head of its table (from 1)."""
    begins = re.compile(rf"""\s*\[*\s*(["']?){re.escape(key)}\1\s*[\]=.]""")
    lines = text.split("\n")
    return next((number for number, line in enumerate(lines, 1) if begins.match(line)), 1)
