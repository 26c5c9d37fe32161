"""Checks of the machine: settings, folders, disk, port, permissions."""

from __future__ import annotations

import errno
import os
import platform
import shutil
import socket
import stat
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

from ..config import SETTINGS, Config, Effective
from ..corpus import documents
from ..corpus.folders import Folders, corpus_of
from ..errors import QAError
from ..system.machine import processors
from ..system.version import __version__
from .check import ADVICE, FAILED, FINE, Check

_LEAST_FREE = 500_000_000  # bytes on the disk of the index
_PRIVATE = stat.S_IRWXG | stat.S_IRWXO


def program() -> Check:
    """The versions, and the processors that may be used."""
    number = processors()
    words = f"qa {__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    return Check("program", FINE, f"{words}, {number} processor{'' if number == 1 else 's'}")


def settings(effective: Effective) -> Iterator[Check]:
    """The file of settings, and variables that look like one and are none."""
    variables = {setting.variable for setting in SETTINGS.values()}
    words = f"from {effective.file}" if effective.file else "no qa.toml, so from the environment and options alone"
    yield Check("settings", FINE, words)
    for name in sorted(effective.environ):
        near = get_close_matches(name, variables, 1, 0.85) if name.startswith("QA_") and name not in variables else []
        if near:
            yield Check("settings", ADVICE, f"{name} is not a setting: set {near[0]} instead, or unset it")


def articles(config: Config) -> Check:
    """The folder of articles."""
    try:
        files = documents.scan(corpus_of(config), config.max_file_bytes, config.index, config.text_files)
    except QAError as error:
        return Check("articles", FAILED, str(error))
    readable = sum(file.readable for file in files)
    words = f"{readable:,} files to index in {', '.join(map(str, Folders.of(corpus_of(config)).paths))}"
    if not readable:
        return Check("articles", FAILED, f"{words}: put your articles there, or name another folder with --corpus")
    if not all(os.access(folder, os.W_OK) for folder in Folders.of(corpus_of(config)).paths):
        return Check("articles", ADVICE, f"{words}; nothing can be uploaded: give this account leave to write there")
    return Check("articles", FINE, words)


def disk(config: Config) -> Check:
    """The folder of the index can be written, and its disk has room for another generation."""
    folder = _nearest(config.index)
    if not os.access(folder, os.W_OK | os.X_OK):
        return Check("disk", FAILED, f"{folder} cannot be written: give this account leave, or name another --index")
    generations = config.index / "generations"
    folders = sorted(path for path in generations.glob("[0-9]*")) if generations.is_dir() else []
    size = sum(file.stat().st_size for file in folders[-1].rglob("*") if file.is_file()) if folders else 0
    free, wanted = shutil.disk_usage(folder).free, max(_LEAST_FREE, 2 * size)
    words = f"{free / 1e9:,.1f} GB are free for the index"
    if free < wanted:
        return Check("disk", FAILED, f"{words}, of which a build may need {wanted / 1e9:,.1f} GB: free space there")
    return Check("disk", FINE, words)


def port(effective: Effective) -> Check:
    """The chat can listen at its address."""
    host, number = str(effective["host"]), int(effective["port"])
    try:
        family = socket.getaddrinfo(host, number, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as listener:
            if os.name != "nt":  # there it would let two programs share a port
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, number))
    except OSError as error:
        where = f"port {number} of {host}"
        if error.errno == errno.EADDRINUSE:
            words = f"{where} is taken: unless that is your chat, end that program, or start the chat with --port 0"
            return Check("port", ADVICE, words)
        return Check(
            "port", FAILED, f"{where} cannot be used ({error.strerror or error}): name another --host or --port"
        )
    return Check("port", FINE, f"port {number} of {host} is free" if number else "the chat takes a free port")


def permissions(effective: Effective) -> Iterator[Check]:
    """Files with secrets are readable by this account alone."""
    secret = any(value.setting.secret and value.source == "file" for value in effective.values.values())
    files: Mapping[str, Path | None] = {
        "passwords": effective["auth_file"],
        "a password": effective.file if secret else None,
    }
    for what, path in files.items():
        if path is None:
            continue
        if not path.is_file() or not os.access(path, os.R_OK):
            yield Check(
                "permissions", FAILED, f"{path}, which contains {what}, cannot be read: name a file that can be"
            )
        elif os.name != "nt" and path.stat().st_mode & _PRIVATE:
            yield Check("permissions", ADVICE, f"others can read {path}, which contains {what}: run `chmod 600 {path}`")
        else:
            yield Check("permissions", FINE, f"{path} is readable by this account alone")


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    return next(path for path in (folder.absolute(), *folder.absolute().parents) if path.is_dir())
