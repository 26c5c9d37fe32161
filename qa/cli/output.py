"""The output of commands: JSON, names on one line, a progress bar, and errors."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import click

STOPPED = "Stopped: the last index, if any, still answers; run `qa build` to continue."


def fail(message: str, code: int, hint: str = "") -> int:
    """Print what went wrong and what to do to standard error; return `code`."""
    text = " ".join(f"{message.rstrip('.')}: {hint}".split() if hint else message.split())
    click.echo(f"qa: {text}", err=True)
    return code


def print_json(data: dict[str, Any]) -> None:
    """Print an object on one line; if the output is not UTF-8, with JSON escapes for what is not ASCII."""
    encoding = (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "")
    text = json.dumps(data, ensure_ascii=encoding != "utf8")
    # Unicode line separators, which JSON allows inside a string: other programs may split lines at them.
    click.echo(text.translate({0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}))


def one_line(text: str) -> str:
    """Escape characters that cannot be printed, so that a file's name or state stays on one line."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def generation_number(generation: str) -> str:
    """Return the number of a generation without the suffix that distinguishes builders."""
    return generation.partition("_")[0]


@contextlib.contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """Show a progress bar with words before it on standard error, if that is a terminal."""
    from tqdm import tqdm  # for builds alone

    bar: tqdm[Any] | None = None

    def show(words: str, done: int, total: int) -> None:
        nonlocal bar
        if bar is None:
            bar = tqdm(leave=False, disable=None, bar_format="{desc} {bar}", mininterval=0)
        bar.total, bar.n = total, done
        bar.set_description_str(words)

    try:
        yield show
    finally:
        if bar is not None:
            bar.close()
