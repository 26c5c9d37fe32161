"""Options that commands share, and the Config that they and the environment make."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ..config import Config

_Command = TypeVar("_Command", bound=Callable[..., Any])


def places(command: _Command) -> _Command:
    """Give a command the options for the folders of articles and index."""
    command = click.option("--corpus", type=click.Path(path_type=Path), help="The articles. [corpus]")(command)
    return click.option("--index", type=click.Path(path_type=Path), help="The built index. [index]")(command)


def stored(command: _Command) -> _Command:
    """Give a command these, and the option for an index on a server."""
    address = click.option("--store", metavar="ADDRESS", help="A server for the index: milvus://host:port/name.")
    return address(places(command))


def config_of(corpus: Path | None, index: Path | None, store: str | None = None) -> Config:
    """The Config of a call: what it names, else the environment, else the defaults. Raises ConfigError."""
    return Config.from_env(os.environ, corpus, index, store)
