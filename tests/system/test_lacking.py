"""What a machine lacks is one sentence with a remedy that fits, whichever library noticed it."""

from __future__ import annotations

import errno
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from qa.errors import MachineError
from qa.system import lacking


def system_error(number: int) -> OSError:
    return OSError(number, os.strerror(number), "/srv/secret/place")


class Fail(RuntimeError):
    """As ONNX Runtime names its errors."""


Fail.__module__ = "onnxruntime.capi.onnxruntime_pybind11_state"


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (system_error(errno.ENOSPC), "free some space"),
        (system_error(errno.EDQUOT), "free some space"),
        (sqlite3.OperationalError("database or disk is full"), "free some space"),
        (ValueError("An IO error occurred: 'No space left on device (os error 28)'"), "free some space"),
        (system_error(errno.EACCES), "permission"),
        (system_error(errno.EPERM), "permission"),
        (system_error(errno.EROFS), "permission"),
        (sqlite3.OperationalError("attempt to write a readonly database"), "permission"),
        (system_error(errno.EMFILE), "ulimit -n"),
        (system_error(errno.ENOMEM), "memory"),
        (RuntimeError("can't start new thread"), "memory"),
        (sqlite3.DatabaseError("file is not a database"), "restore a copy"),
        (system_error(errno.EIO), "check its disk"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_the_remedy_of_what_cannot_be_written_fits_its_cause(error: Exception, advice: str) -> None:
    assert advice in lacking.remedy(error)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "There is not enough memory"),
        (RuntimeError("std::bad_alloc"), "There is not enough memory"),
        (Fail("[ONNXRuntimeError] : 6 : Failed to allocate memory for requested buffer"), "not enough memory"),
        (ImportError("libgomp.so.1: failed to map segment from shared object"), "not enough memory"),
        (ModuleNotFoundError("No module named 'faiss'", name="faiss.swigfaiss"), "The package 'faiss' is missing"),
        (
            ImportError("libfoo.so.1: cannot open shared object file", name="tantivy"),
            "The package 'tantivy' is missing",
        ),
        (Fail("[ONNXRuntimeError] : 1 : FAIL : the graph"), "The library onnxruntime failed"),
        (system_error(errno.ENOSPC), "No space left on device (/srv/secret/place): free some space there."),
        (system_error(errno.EACCES), "Permission denied (/srv/secret/place): give this account permission"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_an_error_of_the_machine_is_one_sentence(error: Exception, words: str) -> None:
    found = lacking.machine_error(error)
    assert isinstance(found, MachineError) and found.exit_code == 1
    assert words in str(found) and str(found).endswith(".") and "\n" not in str(found)
    others = lacking.machine_error(error, names=False)
    assert "/srv" not in str(others) and str(others).endswith(".")


def test_a_mistake_of_the_program_is_not_explained_away() -> None:
    for error in (
        KeyError("x"),
        RuntimeError("our own"),
        ValueError("x"),
        FileNotFoundError(errno.ENOENT, "gone", "x"),
    ):
        assert lacking.machine_error(error) is None


@pytest.mark.skipif(os.name == "nt", reason="this system has no limit on addresses")
def test_with_too_little_memory_a_question_and_a_build_are_one_sentence_and_no_crash(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.md").write_text("# Bees\n\nThe bees sleep in winter.\n")
    limit = "import resource; resource.setrlimit(resource.RLIMIT_AS, (600_000_000,) * 2)"
    limited = f"{limit}; from qa.cli import run; run()"
    for command, needs in (("build", "1,000"), ("serve", "1,500")):
        done = subprocess.run(
            [sys.executable, "-c", limited, command],
            cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == (
            f"qa: This program may use 600 MB of memory, and needs {needs}: raise the limit (`ulimit -v`).\n"
        )
    assert not (tmp_path / "index" / "CURRENT").exists()
