"""Processes that share the tests, as in CI, leave none out and run none twice."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import shares
from conftest import ROOT, TESTS
from hypothesis import given, settings
from hypothesis import strategies as st


def a_test(path: str, name: str) -> Any:
    """As much of a test as is asked for."""
    return SimpleNamespace(location=(path, 0, name))


@settings(max_examples=30)
@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.text(max_size=3)), unique=True), st.randoms())
def test_each_test_is_run_by_one_process_and_a_file_by_one_alone(
    tmp_path_factory: pytest.TempPathFactory, names: list[tuple[str, str]], chance: Any
) -> None:
    folder = tmp_path_factory.mktemp("shares")
    tests = [a_test(f"tests/x/test_{path}.py", name) for path, name in names]
    running = dict(enumerate(shares.claimed(tests, folder) for _ in range(3)))
    ran: list[tuple[int, pytest.Item]] = []
    while running:
        number = chance.choice(list(running))
        item = next(running[number], None)
        if item is None:
            del running[number]
        else:
            ran.append((number, item))
    assert sorted(map(id, (item for _, item in ran))) == sorted(map(id, tests))
    processes = {(item.location[0], number) for number, item in ran}
    assert len(processes) == len({path for path, _ in names})


def test_slow_files_exist_and_come_first(tmp_path: Path) -> None:
    paths = sorted(path.relative_to(ROOT).as_posix() for path in TESTS.rglob("test_*.py"))
    order = [item.location[0] for item in shares.claimed([a_test(path, "test") for path in paths], tmp_path)]
    first, others = order[: len(shares.SLOW)], order[len(shares.SLOW) :]
    assert [path.rpartition("/")[2] for path in first] == list(shares.SLOW)
    assert sorted(order) == paths
    in_folders = [path for folder in shares.SLOW_FOLDERS for path in others if folder in path]
    assert others[: len({*in_folders})] == list(dict.fromkeys(in_folders))
    assert all(any(folder in path for path in others) for folder in shares.SLOW_FOLDERS)


def test_the_files_that_ci_reads_for_a_marker_are_those_that_name_it(request: pytest.FixtureRequest) -> None:
    """`.ci/run` runs the tests of large indexes without reading the files of others."""
    expressions = " ".join(re.findall(r'^ *test_large "?([^"|\n]+)', (ROOT / ".ci" / "run").read_text("utf-8"), re.M))
    markers = set(re.findall(r"\w+", expressions)) - {"and", "or", "not"}
    assert {"adapters", "site", "ray", "cluster", "milvus_lite", "milvus", "clock"} == markers
    unnamed = {
        f"{item.location[0]}: {mark.name}"
        for item in request.session.items
        for mark in item.iter_markers()
        if mark.name in markers and f"mark.{mark.name}" not in source(item.path)
    }
    assert unnamed == set()


@cache
def source(path: Path) -> str:
    return path.read_text("utf-8")
