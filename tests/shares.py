"""Lets several pytest processes share the test files: a free one takes the next, so that all end together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

import pytest

# The files that take longest come first: one that came last would leave the other processes without work. So do, after
# them, the folders whose files start servers, browsers and models.
SLOW = (
    "test_no_outside_traffic.py", "test_screen.py", "test_export.py", "test_hostile.py", "test_accessibility.py",
    "test_packaged.py", "test_doors.py", "test_crash.py", "test_training.py", "test_sandbox.py", "test_campaign.py",
    "test_passages.py", "test_cli.py", "test_rendering.py", "test_quality.py", "test_memory.py", "test_server.py",
    "test_store.py", "test_ocr.py", "test_engine.py", "test_build.py",
)  # fmt: skip
SLOW_FOLDERS = ("/whole/", "/ui/browser/", "/ui/", "/models/", "/cli/", "/build/", "/project/")


def claimed(items: Iterable[pytest.Item], folder: Path) -> Iterator[pytest.Item]:
    """Yield the tests of each file that no other process has claimed in `folder` until it is this one's turn."""
    for path, tests in groupby(sorted(items, key=_turn), lambda item: item.location[0]):
        try:
            (folder / path.replace("/", ".")).mkdir(parents=True)
        except FileExistsError:
            continue
        yield from tests


def _turn(item: pytest.Item) -> tuple[int, int, str]:
    path = item.location[0]
    name = path.rpartition("/")[2]
    folder = next((number for number, each in enumerate(SLOW_FOLDERS) if each in path), len(SLOW_FOLDERS))
    return SLOW.index(name) if name in SLOW else len(SLOW), folder, path


def run(session: pytest.Session, tests: Iterator[pytest.Item]) -> None:
    """Run tests like pytest itself; it has to know the next one, so as to keep the fixtures that both use."""
    item = next(tests, None)
    while item is not None:
        following = next(tests, None)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)
        item = following
