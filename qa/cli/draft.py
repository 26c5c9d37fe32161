"""`qa check`: compares the quotations and statements of a draft with the articles."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import ConfigError
from .options import config_of, scoped, setting, stored
from .output import print_json, progress

if TYPE_CHECKING:
    from ..check.findings import CheckedDraft
    from ..config import Config


@click.command()
@stored
@click.argument("draft", type=click.Path(path_type=Path, allow_dash=True))
@scoped
@setting("public_url")
@click.option("--html", type=click.Path(path_type=Path), metavar="FILE", help="Write the draft with marks as a page.")
@click.option("--markdown", type=click.Path(path_type=Path), metavar="FILE", help="Write a report as Markdown.")
@click.option("--all", "everything", is_flag=True, help="Print what is right, too.")
@click.option("--strict", is_flag=True, help="Exit with 1 if anything must be mended.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def check(
    corpus: Path | None,
    index: Path | None,
    store: str | None,
    public_url: str | None,
    draft: Path,
    html: Path | None,
    markdown: Path | None,
    everything: bool,
    strict: bool,
    as_json: bool,
    scope: Mapping[str, Any],
) -> int:
    """Compare each quotation and statement of DRAFT with your articles.

    Each is literal, altered, supported, contradicted or not found. DRAFT may be in any format that articles have; - is
    Markdown on standard input. --strict fails if anything is altered or contradicted, if a quotation is not found, or
    if it leaves out what limits it.
    """
    from ..check.report import as_markdown, as_terminal
    from ..check.report_html import as_html

    checked = _checked(config_of(corpus, index, store, public_url=public_url), draft, scope)
    for path, write in ((html, as_html), (markdown, as_markdown)):
        if path is not None:
            path.write_text(write(checked), "utf-8")
    if as_json:
        print_json(checked.as_json())
    else:
        click.echo(as_terminal(checked, everything))
    return 1 if strict and checked.failing else 0


def _checked(config: Config, path: Path, scope: Mapping[str, Any]) -> CheckedDraft:
    """The draft with all that was found. Raises ConfigError if it cannot be read, or as `Engine.ask` does."""
    from ..check.reading import PASTED, check_draft
    from ..engine import Engine

    data, name = _read(path), PASTED if str(path) == "-" else path.name
    with Engine.open(config) as engine, progress() as shown:
        return check_draft(engine, name, data, scope, lambda done, of: shown(f"claim {done} of {of}", done, of))


def _read(path: Path) -> bytes:
    if str(path) == "-":
        return sys.stdin.buffer.read()
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{str(path)!r} cannot be read ({error.strerror}): give a file that holds a draft."
        ) from error
