"""The corpus folder as time goes by: says when it has become another one and has come to rest.

It knows nothing about the index: whether there is anything to build is for others to find out.
"""

from __future__ import annotations

import functools
import logging
import os
import sys
import threading
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import watchfiles

from ..config import Config
from ..errors import CorpusError
from . import documents

_Look = list[tuple[str, ...]]

_HEARING_MS = 100
# Looking takes at most this share of the time, however many files there are and however few events come.
_LOOKING_SHARE = 0.02
# Elsewhere one handle on the whole tree is cheap. On Linux every folder needs its own either way, and asking for the
# whole tree would also follow links out of it and listen to folders that are not looked into.
_WHOLE_TREE = not sys.platform.startswith("linux")


def changes(
    config: Config, stop: threading.Event, quiet: float = 1.0, longest: float = 10.0, every: float = 2.0
) -> Iterator[None]:
    """Yields once at the start, and then each time that the folder is not what it was at the last yield.

    It first waits until nothing is written for `quiet` seconds, but not for more than `longest`. Events of the
    system only say when to look: where none come (a network drive, no watches left) the folder is looked at
    `every` so many seconds, less often where a look takes long. A folder that is missing is waited for. Ends
    soon after `stop` is set.
    """
    seen: _Look | None = None
    while not stop.is_set():
        events = _events(config, stop)
        next(events, None)  # what is written from here on is heard, what was written before is looked at
        begun = time.monotonic()
        now = _look(config)
        if now is None or now == seen:
            end = begun + max(every, (time.monotonic() - begun) / _LOOKING_SHARE)
            while not next(events, True) and time.monotonic() < end:
                pass
        events.close()
        if now is None or now == seen:
            continue
        now = _rested(config, stop, now, quiet, longest)
        if now is not None and now != seen and not stop.is_set():
            seen = now
            yield


def _rested(config: Config, stop: threading.Event, now: _Look, quiet: float, longest: float) -> _Look | None:
    """What a look finds when it finds the same as the one before it."""
    end = time.monotonic() + longest
    found: _Look | None = now
    while not stop.wait(quiet):
        before, found = found, _look(config)
        if found == before or time.monotonic() >= end:
            break
    return found


def _look(config: Config) -> _Look | None:
    """What tells one state of the folder from another without reading a file; None where it cannot be looked at.

    Of files that are not indexed only the reason counts, so that a log that grows means nothing.
    """
    try:
        found = documents.scan(config.corpus, config.max_file_bytes, config.index)
    except (CorpusError, OSError):
        return None
    return [
        (file.record.path, str(file.record.size), str(file.record.mtime_ns), str(os.access(file.location, os.R_OK)))
        if file.readable
        else (file.record.path, file.record.reason)
        for file in found
    ]


def _events(config: Config, stop: threading.Event) -> Generator[bool, None, None]:
    """Begins to listen with the first value; a moment later each time, whether something was heard meanwhile."""
    try:
        folders = [config.corpus] if _WHOLE_TREE else documents.folders(config.corpus, config.index)
        for heard in watchfiles.watch(
            *folders,
            watch_filter=None,
            stop_event=stop,
            rust_timeout=_HEARING_MS,
            yield_on_timeout=True,
            force_polling=False,
            recursive=_WHOLE_TREE,
            ignore_permission_denied=True,
        ):
            yield any(not Path(path).name.startswith(".") for _, path in heard)
    except FileNotFoundError:
        pass
    except (OSError, RuntimeError) as error:
        _say_once(str(error))
    while not stop.wait(_HEARING_MS / 1000):
        yield False


@functools.cache
def _say_once(reason: str) -> None:
    logging.getLogger(__name__).warning(
        "Changes of articles are not announced by this system (%s): the folder is looked at every few seconds.", reason
    )
