"""Divides the test files into parts that take about equally long, so that they can run in parallel."""

from __future__ import annotations

from collections.abc import Mapping

# Seconds of the slowest files on two idle cores; the time of every other file follows from its number of tests.
SLOW = {
    "test_no_outside_traffic.py": 130,
    "test_screen.py": 60,
    "test_hostile.py": 50,
    "test_export.py": 45,
    "test_crash.py": 35,
    "test_training.py": 30,
    "test_build.py": 30,
    "test_store.py": 30,
}
SECONDS_PER_TEST = 0.08


def parts_of(files: Mapping[str, int], count: int) -> list[set[str]]:
    """`count` parts of these files (path → number of tests); the same files always give the same parts."""
    seconds = {path: SLOW.get(path.rpartition("/")[2], SECONDS_PER_TEST * tests) for path, tests in files.items()}
    parts: list[set[str]] = [set() for _ in range(count)]
    totals = [0.0] * count
    for path in sorted(files, key=lambda path: (-seconds[path], path)):
        shortest = totals.index(min(totals))
        parts[shortest].add(path)
        totals[shortest] += seconds[path]
    return parts
