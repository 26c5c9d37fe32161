"""`qa ask`: answers one question, or each line of a file."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import ConfigError, QuestionError
from .options import config_of, scoped, setting, stored
from .output import print_json
from .terminal import shows_links, shows_styles

if TYPE_CHECKING:
    from ..ask.answer import Answer
    from ..ask.follow_up import Turn
    from ..engine import Engine


def _file(option: str, what: str) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """An option that takes a file, or standard input."""
    return click.option(option, type=click.Path(path_type=Path, allow_dash=True), help=f"{what}; - is stdin.")


@click.command()
@stored
@click.argument("question", required=False)
@_file("--questions", "One question a line")
@_file("--conversation", "The conversation before QUESTION, as JSON")
@scoped
@setting("public_url")
@click.option("--as-of", metavar="DATE", help="Ask the articles as they were on this day (its end), or at this time.")
@click.option("--top-k", type=click.IntRange(1, 100), default=5, show_default=True, help="How many passages.")
@click.option("--explain", is_flag=True, help="Say why: matched and missing words, ranks, what the reader says.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per question.")
@click.option(
    "--receipt", type=click.Path(path_type=Path), metavar="FILE", help="Write a signed receipt, for qa verify-receipt."
)
def ask(
    corpus: Path | None,
    index: Path | None,
    store: str | None,
    public_url: str | None,
    question: str | None,
    questions: Path | None,
    conversation: Path | None,
    as_of: str | None,
    top_k: int,
    explain: bool,
    as_json: bool,
    receipt: Path | None,
    scope: Mapping[str, Any],
) -> int:
    """Answer QUESTION, or each line of a file of questions.

    A conversation is a JSON list of {"speaker": "user" or "agent", "text"}, oldest turn first, without QUESTION. A
    question may itself say which articles are asked: "price in:reports after:2023 -kind:pdf".
    """
    from ..ask.words import as_text as in_words
    from ..earlier import Earlier
    from ..engine import Engine

    if (question is None) == (questions is None):
        raise ConfigError('Give either a QUESTION or --questions FILE: run `qa ask "…"`.')
    if question is None and conversation is not None:
        raise ConfigError('--conversation needs a QUESTION: run `qa ask "…" --conversation FILE`.')
    if question is None and receipt is not None:
        raise ConfigError('--receipt needs a QUESTION: run `qa ask "…" --receipt FILE`.')
    history = _history(conversation) if conversation is not None else ()
    lines = _lines(questions) if question is None else []
    as_text = partial(
        in_words,
        styled=shows_styles(sys.stdout, os.environ),
        explained=explain,
        linked=shows_links(sys.stdout, os.environ),
    )
    with Engine.open(config_of(corpus, index, store, public_url=public_url)) as present, Earlier(present) as earlier:
        engine = present if as_of is None else earlier.at(as_of)
        if question is not None:
            answer = engine.ask(question, top_k, history, scope=scope)
            print_json(answer.as_json()) if as_json else click.echo(as_text(answer))
            if receipt is not None:
                _write_receipt(engine, answer, receipt)
            return 0
        engine.preflight()  # report once what would fail for every line
        code = 0
        for line in lines:
            try:
                answer = engine.ask(line, top_k, scope=scope)
            except QuestionError as error:
                # A bad line does not stop the others; their order is kept.
                code = error.exit_code
                if as_json:
                    print_json({"question": line, "error": str(error)})
                click.echo(f"qa: {error}", err=True)
                continue
            print_json(answer.as_json()) if as_json else click.echo(as_text(answer) + "\n")
    return code


def _write_receipt(engine: Engine, answer: Answer, path: Path) -> None:
    """Write the receipt of an answer, and say where. Raises ReceiptError."""
    from ..receipts.receipt import receipt_of

    made = receipt_of(engine, answer)
    path.write_text(made.as_text(), "utf-8")
    click.echo(f"qa: The receipt is in {path}, signed with your key {made.signature.fingerprint}.", err=True)


def _lines(path: Path | None) -> Iterable[str]:
    """Return the lines that are not blank; standard input is read as it arrives."""
    if path is None or str(path) == "-":
        return filter(None, map(str.strip, sys.stdin))
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{str(path)!r} cannot be read as UTF-8 text: give a file with one question per line."
        ) from error
    return filter(None, map(str.strip, text.split("\n")))


def _history(path: Path) -> tuple[Turn, ...]:
    """Read a conversation from a JSON file, or from standard input. Raises ConfigError or QuestionError."""
    from ..ask.follow_up import turns

    try:
        data = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
        return turns(json.loads(data.decode("utf-8-sig")))
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(
            f"{str(path)!r} cannot be read as JSON: "
            'give a file with a list of {"speaker": "user" or "agent", "text": …}.'
        ) from error
