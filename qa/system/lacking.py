"""Says in one sentence what this machine lacks: memory, room on a disk, a permission, or a package that works.

The system and the libraries report these as errors of many types, with words for programmers.
"""

from __future__ import annotations

import errno
import os
import re
import sqlite3
import traceback
from pathlib import Path

from ..errors import MachineError

_FULL = frozenset((errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG))
_FORBIDDEN = frozenset((errno.EACCES, errno.EPERM, errno.EROFS))
_OPEN_FILES = frozenset((errno.EMFILE, errno.ENFILE))
_NO_MEMORY = re.compile(
    r"bad_alloc|cannot allocate memory|failed to allocate|out of memory|failed to map segment|unable to allocate"
    r"|can't start new thread|failed to spawn|memory allocation",
    re.IGNORECASE,
)
# What SQLite and tantivy say in place of the number of a system's error.
_FULL_WORDS = re.compile(r"disk is full|no space left|disk quota|file too large", re.IGNORECASE)
_FORBIDDEN_WORDS = re.compile(r"permission denied|readonly|read-only|access denied", re.IGNORECASE)
# Libraries whose errors say nothing about this program: what raised them is in the traceback.
_LIBRARIES = ("onnxruntime", "tokenizers", "faiss", "tantivy", "torch", "transformers", "sentence_transformers")
# Bytes of addresses. Measured with three articles (docs/reliability.md): 1,024 MB build and ask, with 819 ONNX Runtime
# crashes; 1,536 MB serve the chat, with 1,024 it crashes.
LEAST_MEMORY, LEAST_FOR_CHAT = 1_000_000_000, 1_500_000_000
_LONGEST = 200  # characters of a library's own words


def remedy(error: BaseException, folder: Path | None = None) -> str:
    """What to do about an error that ended the writing of a file in a folder, as the end of a sentence about it."""
    if is_full(error):
        return "free some space there"
    # SQLite says "unable to open database file" for this, and for much else.
    if is_forbidden(error) or (isinstance(error, sqlite3.Error) and folder is not None and _is_closed(folder)):
        return "give this account permission to write there"
    if _is(error, _OPEN_FILES):
        return "let this program open more files (`ulimit -n`)"
    if is_out_of_memory(error):
        return "end other programs, or let this one use more memory"
    if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
        return "move that file away, or restore a copy"
    return "free some space there, or check its disk"


def is_full(error: BaseException) -> bool:
    """Whether a disk is full, or the share of it that this account may use."""
    return _is(error, _FULL, _FULL_WORDS)


def is_forbidden(error: BaseException) -> bool:
    """Whether this account may not do it."""
    return _is(error, _FORBIDDEN, _FORBIDDEN_WORDS)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, whichever library noticed."""
    if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
        return True
    return isinstance(error, (ImportError, OSError, RuntimeError)) and bool(_NO_MEMORY.search(str(error)))


def machine_error(error: BaseException, names: bool = True) -> MachineError | None:
    """The sentence for an error of the system, of an installation or of a library; None for any other error.

    It names files only if `names`: what others read must not tell them the paths of this machine.
    """
    if is_out_of_memory(error) or (_NO_MEMORY.search(str(error)) and _library_of(error)):
        return MachineError(
            f"There is not enough memory{_allowed() if names else ''}: end other programs, or let this one use more."
        )
    if isinstance(error, ImportError):
        package = (error.name or "").partition(".")[0] or "a library"
        words = f" ({_first_line(error)})" if names else ""
        return MachineError(
            f"The package {package!r} is missing or broken{words}: "
            "install the program again with `pip install --force-reinstall`."
        )
    if isinstance(error, OSError) and error.errno is not None:
        return _system_error(error, names)
    library = _library_of(error)
    if library and isinstance(error, Exception):
        words = f" ({_first_line(error)})" if names else ""
        return MachineError(
            f"The library {library} failed{words}: run `qa doctor` to see what is wrong, or install the program again."
        )
    return None


def check_memory(least: int = LEAST_MEMORY) -> None:
    """Raise MachineError if this process may use so little memory that a library would end it (`ulimit -v`)."""
    limit = _limit()
    if limit is not None and limit < least:
        raise MachineError(
            f"This program may use {limit / 1e6:,.0f} MB of memory, and needs {least / 1e6:,.0f}: "
            "raise the limit (`ulimit -v`)."
        )


def _system_error(error: OSError, names: bool) -> MachineError | None:
    known = _FULL | _FORBIDDEN | _OPEN_FILES | {errno.EIO}
    if error.errno not in known:
        return None
    where = error.filename2 or error.filename
    named = f" ({Path(str(where))})" if names and where else ""
    return MachineError(f"{error.strerror or error}{named}: {remedy(error)}.")


def _is(error: BaseException, numbers: frozenset[int], words: re.Pattern[str] | None = None) -> bool:
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in numbers
    said = isinstance(error, (OSError, sqlite3.Error, RuntimeError, ValueError)) and words is not None
    return said and words is not None and bool(words.search(str(error)))


def _library_of(error: BaseException) -> str:
    """The library that raised an error; "" if it was none of those that do not say what to do."""
    module = type(error).__module__.partition(".")[0]
    if module in _LIBRARIES:
        return module
    if type(error).__name__ == "PanicException":  # of a library in Rust, which has no module of its own
        return "tantivy"
    if not isinstance(error, RuntimeError):
        return ""
    frames = traceback.extract_tb(error.__traceback__)
    parts = Path(frames[-1].filename).parts if frames else ()
    return next((name for name in _LIBRARIES if name in parts), "")


def _allowed() -> str:
    """How much memory this process may use at most, if that is limited."""
    limit = _limit()
    return "" if limit is None else f" (this program may use {limit / 1e6:,.0f} MB, `ulimit -v`)"


def _is_closed(folder: Path) -> bool:
    return folder.exists() and not os.access(folder, os.W_OK | os.X_OK)


def _limit() -> int | None:
    """The bytes of addresses that this process may use; None if that is not limited."""
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return None
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return None if limit == resource.RLIM_INFINITY else limit


def _first_line(error: BaseException) -> str:
    line = next(iter(str(error).strip().splitlines()), type(error).__name__)
    return line[:_LONGEST].rstrip(" .:")
