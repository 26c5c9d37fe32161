"""Settings of the C library: few memory pools, and free memory is returned."""

from __future__ import annotations

import platform
import subprocess
import sys
import textwrap

import pytest
from conftest import ROOT

from qa.system.machine import limit_memory_pools, release_memory

on_glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="pools are glibc's")

_POOLS = """
    import ctypes, threading
    from qa.system.machine import limit_memory_pools
    {first}
    library = ctypes.CDLL(None)
    together = threading.Barrier(8)
    def take():
        together.wait()
        library.malloc(10_000)
        together.wait()
    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    library.malloc_info(0, ctypes.c_void_p.in_dll(library, "stdout"))
"""
_FREE = """
    from pathlib import Path
    from qa.system.machine import release_memory
    def resident(): return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
    many = [b"x" * 100_000 for _ in range(1_000)]
    last = b"x" * 100_000
    many.clear()
    before = resident()
    release_memory()
    print(before - resident())
"""


def output_of(program: str, **more: str) -> str:
    command = [sys.executable, "-c", textwrap.dedent(program)]
    return subprocess.run(command, cwd=ROOT, env=more, check=True, capture_output=True, text=True).stdout


@on_glibc
@pytest.mark.parametrize(
    ("first", "more", "fewest", "most"),
    [("", {}, 3, 100), ("limit_memory_pools()", {}, 1, 2), ("limit_memory_pools()", {"MALLOC_ARENA_MAX": "4"}, 3, 4)],
    ids=["not shared", "shared", "as the environment says"],
)
def test_threads_share_few_pools_of_memory(first: str, more: dict[str, str], fewest: int, most: int) -> None:
    assert fewest <= output_of(_POOLS.format(first=first), **more).count("<heap ") <= most


@on_glibc
def test_memory_that_is_free_is_given_back() -> None:
    assert int(output_of(_FREE)) > 50_000_000


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa.system.machine._glibc", lambda: None)
    limit_memory_pools()
    release_memory()
