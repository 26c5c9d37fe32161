"""Options that several commands share, and the Config from options and environment."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ..config import Config

_Command = TypeVar("_Command", bound=Callable[..., Any])


def places(command: _Command) -> _Command:
    """Add the options for the folders of articles and index to a command."""
    command = click.option("--corpus", type=click.Path(path_type=Path), help="The articles. [corpus]")(command)
    return click.option("--index", type=click.Path(path_type=Path), help="The built index. [index]")(command)


def stored(command: _Command) -> _Command:
    """Add the options of `places` and that for an index on a server to a command."""
    address = click.option("--store", metavar="ADDRESS", help="A server with the index: milvus://host:port/name.")
    return address(places(command))


def config_of(corpus: Path | None, index: Path | None, store: str | None = None) -> Config:
    """Return the Config of a call: its options, else the environment, else the defaults. Raises ConfigError."""
    return Config.from_env(os.environ, corpus, index, store)
