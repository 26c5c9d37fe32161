"""Watches the corpus folder: reports when it has changed and nothing is being written to it any more.

Whether the change requires a build is for the caller to find out.
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
from ..formats.recognition import is_temporary
from . import documents
from .folders import Folders, corpus_of

_Snapshot = list[tuple[str, ...]]

_EVENT_TIMEOUT_MS = 100
# Scanning takes at most this share of the time, however many files there are and however few events arrive.
_SCAN_SHARE = 0.02
# On other systems than Linux one handle watches the whole tree. On Linux every folder needs its own handle anyway, and
# a recursive watch would also follow links out of the tree and watch folders that `scan` does not enter.
_RECURSIVE = not sys.platform.startswith("linux")


def watch_folder(
    config: Config, stop: threading.Event, quiet: float = 1.0, longest: float = 10.0, every: float = 2.0
) -> Iterator[None]:
    """Yield once at the start, and then each time that the folder differs from its state at the last yield.

    Before each yield it waits until nothing has been written for `quiet` seconds, at most `longest` seconds. Events of
    the system only trigger a scan: if none arrive (a network drive, no watches left), the folder is scanned every
    `every` seconds, or less often if a scan takes long. A missing folder is waited for. Ends soon after `stop` is set.
    """
    seen: _Snapshot | None = None
    while not stop.is_set():
        events = _events(config, stop)
        next(events, None)  # from here on writes cause events; earlier ones are in the scan
        scan_started = time.monotonic()
        now = _scan(config)
        if now is None or now == seen:
            end = scan_started + max(every, (time.monotonic() - scan_started) / _SCAN_SHARE)
            while not next(events, True) and time.monotonic() < end:
                pass
        events.close()
        if now is None or now == seen:
            continue
        now = _settled(config, stop, now, quiet, longest)
        if now is not None and now != seen and not stop.is_set():
            seen = now
            yield


def _settled(config: Config, stop: threading.Event, now: _Snapshot, quiet: float, longest: float) -> _Snapshot | None:
    """The first snapshot that is equal to the one before it, or the last one when `longest` seconds are over."""
    end = time.monotonic() + longest
    snapshot: _Snapshot | None = now
    while not stop.wait(quiet):
        before, snapshot = snapshot, _scan(config)
        if snapshot == before or time.monotonic() >= end:
            break
    return snapshot


def _scan(config: Config) -> _Snapshot | None:
    """A snapshot of the folder, without reading any file; None if it cannot be scanned.

    For files that are not indexed it contains only the reason, so that a growing log file is not a change.
    """
    try:
        files = documents.scan(corpus_of(config), config.max_file_bytes, config.index, config.text_files)
    except (CorpusError, OSError):
        return None
    return [
        (file.record.path, *map(str, file.record.stamp), str(os.access(file.location, os.R_OK)))
        if file.readable
        else (file.record.path, file.record.reason)
        for file in files
    ]


def _events(config: Config, stop: threading.Event) -> Generator[bool, None, None]:
    """Start to watch with the first value; then yield, every 100 ms, whether an event has arrived."""
    try:
        corpus = Folders.of(corpus_of(config)).present
        folders = corpus.paths if _RECURSIVE else documents.folders(corpus, config.index)
        for events in watchfiles.watch(
            *folders,
            watch_filter=None,
            stop_event=stop,
            rust_timeout=_EVENT_TIMEOUT_MS,
            yield_on_timeout=True,
            force_polling=False,
            recursive=_RECURSIVE,
            ignore_permission_denied=True,
        ):
            names = [Path(path).name for _, path in events]
            yield not all(name.startswith(".") or is_temporary(name) for name in names)
    except FileNotFoundError:
        pass
    except (OSError, RuntimeError) as error:
        _warn_once(str(error))
    while not stop.wait(_EVENT_TIMEOUT_MS / 1000):
        yield False


@functools.cache
def _warn_once(reason: str) -> None:
    logging.getLogger(__name__).warning(
        "This system does not report changes to files (%s): the folder is scanned every few seconds instead.", reason
    )
