"""Options that several commands share, and the Config from options and environment."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from ..config import SETTINGS, Config, Effective, joined, resolve

_FILE = "qa.config"  # in the context of a call: the file of settings that --config names
_LIBRARY = "qa.library"  # likewise the library that --library names
_Command = TypeVar("_Command", bound=Callable[..., Any])
# The fields of a scope (`index.scope`): what a value is called, and the help.
_FILTERS = {
    "in": (
        "FOLDER",
        "Ask only articles in this folder, or this article. It and the next four can be given more than once.",
    ),
    "file": ("NAME", "Only articles with these characters in the name of their file."),
    "kind": ("KIND", "Only articles of this kind or extension: pdf, mail, 'web page'."),
    "author": ("NAME", "Only articles by this author."),
    "language": ("LANGUAGE", "Only articles in this language: de or German."),
    "after": ("DATE", "Only articles written after this year, month or day: 2023, 2023-05 or 2023-05-17."),
    "since": ("DATE", "Only articles written in this time or after it."),
    "before": ("DATE", "Only articles written before this time."),
    "until": ("DATE", "Only articles written in this time or before it."),
}
_DATES = ("after", "since", "before", "until")


def setting(name: str, **more: Any) -> Callable[[_Command], _Command]:
    """Add the option of a setting to a command, which gets None if it is not given."""
    declared = SETTINGS[name]
    default = declared.default
    if isinstance(default, bool):
        default = "on" if default else "off"
    shown = f" [{default:g}]" if isinstance(default, float) else f" [{default}]" if default else ""
    kinds: dict[str, Any] = {"path": click.Path(path_type=Path), "number": click.FLOAT, "whole number": click.INT}
    kind = {"type": more.pop("type", kinds.get(declared.kind))} if "/" not in declared.option else {"default": None}
    if declared.kind == "paths":
        kind = {"multiple": True, "callback": _joined}
    return click.option(
        declared.option, metavar=declared.metavar or None, help=f"{declared.help}{shown}", **kind, **more
    )


def places(command: _Command) -> _Command:
    """Add the options for the folders of articles and index, and the file of settings, to a command."""
    file = click.option(
        "--config",
        type=click.Path(path_type=Path),
        expose_value=False,
        callback=_keep_file,
        metavar="FILE",
        help="The settings. [qa.toml beside the articles]",
    )
    library = click.option(
        "--library",
        expose_value=False,
        callback=_keep_library,
        metavar="NAME",
        help="The articles and the index of a library; see qa libraries.",
    )
    return setting("corpus")(setting("index")(library(file(command))))


def stored(command: _Command) -> _Command:
    """Add the options of `places` and that for an index on a server to a command."""
    return setting("store")(places(command))


auth_file = setting("auth_file")


def needs_auth_file(path: Path | None) -> Path:
    """Return the file of accounts that a call names. Raises UsageError without one."""
    named: Path | None = settings_of(auth_file=path)["auth_file"]
    if named is None:
        raise click.UsageError("No file of accounts is named: add --auth-file FILE, or set QA_AUTH_FILE")
    return named


def asked_password(name: str, is_new: bool = False) -> str:
    """Return a password that is typed, unseen and twice if it is new, or the first line of standard input."""
    if sys.stdin is not None and sys.stdin.isatty():
        typed: str = click.prompt(f"Password of {name}", hide_input=True, confirmation_prompt=is_new, err=True)
        return typed
    return sys.stdin.readline().rstrip("\r\n") if sys.stdin is not None else ""


def scoped(command: _Command) -> _Command:
    """Add the options that say which articles are asked to a command, which is given them together as `scope`."""

    @wraps(command)
    def with_scope(*values: Any, **named: Any) -> Any:
        given = {word: named.pop(f"scope_{word}") for word in _FILTERS}
        return command(*values, **named, scope={word: value for word, value in given.items() if value})

    made: Any = with_scope
    for word, words in reversed(_FILTERS.items()):
        many = word not in _DATES
        made = click.option(f"--{word}", f"scope_{word}", multiple=many, metavar=words[0], help=words[1])(made)
    return cast(_Command, made)


def settings_of(**options: Any) -> Effective:
    """Return the settings of a call: its options by their names, else the environment, else `qa.toml`, else defaults.

    Raises ConfigError.
    """
    context = click.get_current_context(silent=True)
    meta = context.meta if context else {}
    settings = resolve(os.environ, {**options, "library": meta.get(_LIBRARY)}, meta.get(_FILE))
    ocr = settings.values["ocr_languages"]
    if ocr.source == "file":
        os.environ[ocr.setting.variable] = ocr.value  # the processes that read pictures have it from there
    return settings


def config_from(settings: Effective, make: bool = False) -> Config:
    """Return the Config of the settings; say so if it is that of the user's data folder, and `make` the folder there.

    Raises ConfigError.
    """
    if settings.home is not None:
        click.echo(f"qa: There is no folder corpus here: your articles are in {settings['corpus']}.", err=True)
        if make:
            Path(settings["corpus"]).mkdir(parents=True, exist_ok=True)
    return settings.config()


def config_of(
    corpus: Path | None, index: Path | None, store: str | None = None, make: bool = False, **options: Any
) -> Config:
    """Return the Config of a call (see `settings_of` and `config_from`). Raises ConfigError."""
    return config_from(settings_of(corpus=corpus, index=index, store=store, **options), make)


def _joined(_: click.Context, __: click.Parameter, folders: Sequence[str]) -> Path | None:
    """Return several folders as one value of their setting."""
    return Path(joined(folders)) if folders else None


def _keep_library(context: click.Context, _: click.Parameter, value: str | None) -> None:
    context.meta[_LIBRARY] = value


def _keep_file(context: click.Context, _: click.Parameter, value: Path | None) -> None:
    context.meta[_FILE] = value
