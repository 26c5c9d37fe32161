"""The entry point of the command line; turns errors into one sentence on standard error and an exit code."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from ..errors import QAError
from ..system import offline
from ..system.interrupts import ended_by_signals
from ..system.lacking import machine_error
from .absent import absent
from .add import add
from .ask import ask
from .build import build
from .calibrate import calibrate, gate
from .completion import completion
from .config import config
from .conflicts import conflicts
from .demo import demo
from .doctor import doctor
from .draft import check
from .estimate import estimate
from .evaluate import evaluate
from .feedback import feedback, gaps
from .history import history
from .libraries import libraries
from .mcp import mcp
from .output import STOPPED, fail
from .pack import pack, unpack
from .password import password
from .serve import serve
from .service import service
from .status import status, verify
from .token import token
from .user import user
from .verify_receipt import verify_receipt
from .watchlist import watchlist


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="qa-articles", prog_name="qa")
def cli() -> None:
    """Ask your own articles: answers quoted from the files in corpus/, with citations, offline."""


_COMMANDS = (
    *(build, add, ask, absent, check, conflicts, status, verify, verify_receipt),
    *(feedback, gaps, evaluate, calibrate, gate),
    *(serve, mcp, password, user, token, config, doctor, libraries, estimate, pack, unpack, demo, completion),
    history,
    service,
    watchlist,
)
for _command in _COMMANDS:
    cli.add_command(_command)


def main(arguments: Sequence[str] | None = None, owns_process: bool = False) -> int:
    """Run one command and return the exit code (0: done, 1: the work failed, 2: the call was wrong).

    With `owns_process`, nothing else runs in this process, and a command may change its priority.
    """
    offline.forbid_downloads()
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:  # a terminal in another encoding must not stop an answer
            reconfigure(errors="replace")
    try:
        with ended_by_signals():
            code = cli.main(args=arguments, prog_name="qa", standalone_mode=False, obj=owns_process)
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        return fail(error.format_message(), 2, "see `qa --help`.")
    except QAError as error:
        return fail(str(error), error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        return fail(STOPPED, 1)
    except BaseException as error:  # PanicException, of libraries in Rust, is no Exception
        if (known := machine_error(error)) is not None:
            return fail(str(known), known.exit_code)
        if isinstance(error, OSError):
            return fail(f"{error.strerror or error}: {error.filename or ''}".rstrip(": "), 1)
        raise


def run(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and end the process at once; the console script.

    An orderly exit would take libraries seconds, and crash if one of their threads still works. Whatever this program
    has written is complete at any moment.
    """
    _read_names_as_utf8()
    code = main(arguments, owns_process=True)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):  # the reader of the pipe is gone
            stream.flush()
    os._exit(code)


def _read_names_as_utf8() -> None:
    """Start again in Python's UTF-8 mode if this system's locale would not let a name in a folder be written as text.

    With `LC_ALL=C` and UTF-8 mode switched off, names with other letters than those of ASCII cannot be recorded.
    """
    if sys.getfilesystemencoding().lower().replace("-", "") != "utf8" and not sys.flags.utf8_mode:
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])  # noqa: S606 (ourselves)
