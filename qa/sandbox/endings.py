"""How a sandbox process ends without an answer: by the fault of a file, for want of memory, or before it has begun."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence

from ..errors import MachineError

FAILED = "crashed the parser"
KILLED = "was given up when memory ran out: free some memory, or let the program use more, and build again"
NO_ROOM = "was given up when the disk for temporary files was full: free some space there, and build again"
PASSING = frozenset((KILLED, NO_ROOM))  # reasons that may have passed when the next build comes to the file
_DYING_SECONDS = 1.0  # between the end of what a process says and its own
_LONGEST_WORDS = 200  # characters of what a process says last


def environment() -> dict[str, str]:
    """The environment of a process, which imports this program from where it runs."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def reason_of(process: subprocess.Popen[bytes], is_ours: bool) -> str:
    """Why a process gives no answer; `is_ours` if this program has ended it.

    Nobody else ends a process by SIGKILL but the system when memory runs out.
    """
    with contextlib.suppress(subprocess.TimeoutExpired):  # it has closed its output, or lied
        process.wait(_DYING_SECONDS)
    was_killed = process.returncode is not None and process.returncode == -getattr(signal, "SIGKILL", 9)
    return KILLED if was_killed and not is_ours else FAILED


def check_start(program: Sequence[str]) -> None:
    """Raise MachineError if a process does not even start, so that no file is at fault."""
    ended = subprocess.run(  # noqa: S603 (our own program, which ends with its empty input)
        program, stdin=subprocess.DEVNULL, capture_output=True, env=environment(), start_new_session=True
    )
    if ended.returncode:
        lines = [line.strip() for line in ended.stderr.decode("utf-8", "replace").splitlines() if line.strip()]
        words = lines[-1][:_LONGEST_WORDS] if lines else f"exit status {ended.returncode}"
        raise MachineError(
            f"The process that parses files does not start ({words}): "
            "let this program use more memory, or install it again."
        )
