"""`qa estimate`, which is `qa build --dry-run`: says what a build will take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..config import Config
from .options import config_of, stored
from .output import print_json

if TYPE_CHECKING:
    from ..build.forecast import Forecast


@click.command()
@stored
@click.option("--full", is_flag=True, help="For a build that reuses nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def estimate(corpus: Path | None, index: Path | None, store: str | None, full: bool, as_json: bool) -> None:
    """Say what a build will take: files, passages, time, disk and memory; it reads a sample and writes nothing."""
    print_estimate(config_of(corpus, index, store), full, as_json)


def print_estimate(config: Config, full: bool, as_json: bool) -> None:
    """Print what a build will take. Raises CorpusError, ModelError or StoreError."""
    from ..build.forecast import forecast
    from ..build.reading import reading_of
    from ..models.encoders import load_encoder
    from ..sandbox.pool import SandboxPool, megabytes_for

    encoder = load_encoder(config.encoder, config.query_prompt, config.passage_prompt, config.index)
    # Pages that it reads from images are not kept, since nothing is written.
    with SandboxPool(reading=reading_of(config), megabytes=megabytes_for(config.max_file_bytes)) as sandbox:
        found = forecast(config, encoder, sandbox.parse_file, sandbox.count, full)
    if as_json:
        print_json(found.as_json())
    else:
        click.echo(_words(found))


def _words(found: Forecast) -> str:
    from ..strings.catalogue import counted

    states = ("added", "changed", "renamed", "removed", "unchanged")
    files = ", ".join(f"{getattr(found, state):,} {state}" for state in states if getattr(found, state))
    if not found.seconds:
        return f"{files or 'no files'}: there is nothing to do."
    return (
        f"{files}: {counted(found.read, 'file')} to read, about {counted(found.encoded, 'passage')} to encode.\n"
        f"About {_duration(found.seconds)} ({found.sampled:,} of {counted(found.read, 'file')} were read to "
        f"estimate this), {found.disk / 1e6:,.1f} MB of disk, {found.memory / 1e6:,.0f} MB of memory."
    )


def _duration(seconds: float) -> str:
    return f"{max(1, round(seconds))} s" if seconds < 120 else f"{round(seconds / 60):,} min"
