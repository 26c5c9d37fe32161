"""The folders in which a program keeps a user's data and settings, as each system has them."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

_NAME = "qa-articles"


def data_folder(
    environ: Mapping[str, str] = os.environ, platform: str = sys.platform, home: Path | None = None
) -> Path:
    """Where the articles and the index of this user are kept, if no folder is named.

    `~/Library/Application Support/qa-articles` on macOS, `%LOCALAPPDATA%\\qa-articles` on Windows, and elsewhere
    `$XDG_DATA_HOME/qa-articles`, by default in `~/.local/share`. A relative XDG_DATA_HOME is ignored, as its
    specification demands.
    """
    home = home or Path.home()
    if platform == "darwin":
        return home / "Library" / "Application Support" / _NAME
    if platform == "win32":
        local = environ.get("LOCALAPPDATA")
        return (Path(local) if local else home / "AppData" / "Local") / _NAME
    wanted = Path(environ.get("XDG_DATA_HOME", ""))
    return (wanted if wanted.is_absolute() else home / ".local" / "share") / _NAME


def config_folder(
    environ: Mapping[str, str] = os.environ, platform: str = sys.platform, home: Path | None = None
) -> Path:
    """Where the settings of this user are: `$XDG_CONFIG_HOME/qa-articles`, by default in `~/.config`.

    On macOS and Windows it is the folder of data.
    """
    if platform in ("darwin", "win32"):
        return data_folder(environ, platform, home)
    wanted = Path(environ.get("XDG_CONFIG_HOME", ""))
    return (wanted if wanted.is_absolute() else (home or Path.home()) / ".config") / _NAME
