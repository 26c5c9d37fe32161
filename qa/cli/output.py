"""What commands print: one object of JSON, names and numbers on one line, progress, and what went wrong."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import click
from tqdm import tqdm

STOPPED = "Stopped: the last index, if there was one, still answers; run `qa build` to go on."


def fail(message: str, code: int, hint: str = "") -> int:
    """Say on standard error what went wrong, and what to do; returns `code`."""
    text = " ".join(f"{message.rstrip('.')}: {hint}".split() if hint else message.split())
    click.echo(f"qa: {text}", err=True)
    return code


def print_json(data: dict[str, Any]) -> None:
    """One object on one line. Where the output is not UTF-8, what it cannot hold is written as JSON escapes."""
    encoding = (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "")
    text = json.dumps(data, ensure_ascii=encoding != "utf8")
    # Line ends of Unicode, which are letters to JSON: a reader may split lines at them.
    click.echo(text.translate({0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}))


def one_line(text: str) -> str:
    """A file's name, or what is said of it, on one line, whatever characters it holds."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def generation_number(generation: str) -> str:
    """A generation as people see it: without what sets it apart from those that others built."""
    return generation.partition("_")[0]


@contextlib.contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """A bar on standard error with words before it; nothing where that is not a terminal."""
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
