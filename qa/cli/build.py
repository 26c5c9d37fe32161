"""`qa build`: updates the index, once or after each change to the folder."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..config import Config
from ..errors import BusyError, QAError
from ..system.interrupts import interrupt_deadline
from ..system.precedence import lower_priority
from .estimate import print_estimate
from .options import config_of, stored
from .output import STOPPED, fail, generation_number, one_line, print_json, progress
from .watchlist import checked, print_changes

if TYPE_CHECKING:
    from ..build import BuildReport
    from ..build.ray import Cluster
    from ..models.protocols import Encoder

_MOST_SKIPPED = 20  # files that are named in a report
_PATIENCE = 1.5  # seconds that an interrupted build has to end in order


@click.command()
@stored
@click.option("--full", is_flag=True, help="Rebuild everything, reusing nothing.")
@click.option("--watch", is_flag=True, help="Keep running and index each change to the folder, until Ctrl-C.")
@click.option("--yes", is_flag=True, help="Take articles out of the index even if most are gone at once.")
@click.option("--ray", metavar="ADDRESS", help="Parse and encode on a Ray cluster: host:port, auto, or local.")
@click.option("--dry-run", is_flag=True, help="Only say what the build will take, as `qa estimate` does.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per build.")
def build(
    corpus: Path | None,
    index: Path | None,
    store: str | None,
    full: bool,
    watch: bool,
    yes: bool,
    ray: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Update the index with what has changed in the folder."""
    from ..build import build as build_index
    from ..build.reading import reading_of
    from ..corpus.documents import check
    from ..corpus.folders import corpus_of
    from ..models.encoders import load_encoder
    from ..sandbox.pool import SandboxPool, megabytes_for
    from ..sandbox.read_pages import ReadPages

    if click.get_current_context().obj:  # `owns_process`
        lower_priority()
    config = config_of(corpus, index, store, make=not dry_run)
    check(corpus_of(config), all_of_them=not yes)  # report a missing folder before loading a model
    if dry_run:
        print_estimate(config, full, as_json)
        return
    with ExitStack() as stack:
        pages = ReadPages(config.index)
        sandbox = stack.enter_context(
            SandboxPool(reading=reading_of(config), megabytes=megabytes_for(config.max_file_bytes), pages=pages)
        )
        stack.enter_context(interrupt_deadline(_PATIENCE, partial(_give_up, sandbox.kill)))
        encoder = load_encoder(config.encoder, config.query_prompt, config.passage_prompt, config.index)
        remote = stack.enter_context(_cluster(ray, encoder, config)) if ray else None

        def bring_up_to_date(full: bool = False, confirmed: bool = False) -> BuildReport:
            before = pages.added
            with progress() as shown:
                return build_index(
                    config,
                    encoder,
                    full,
                    lambda p: shown(replace(p, images=pages.added - before).words, p.done, p.total),
                    parse_file=sandbox.parse_file,
                    workers=sandbox.count,
                    remote=remote,
                    confirmed=confirmed,
                )

        if not watch:
            _print_report(bring_up_to_date(full, yes), as_json)
            _report_changes(config, as_json)
            return
        _keep_up(config, bring_up_to_date, full, yes, as_json)


def _keep_up(config: Config, build: Callable[[bool, bool], BuildReport], full: bool, yes: bool, as_json: bool) -> None:
    """Build now and after each change, until an interrupt; `full` and `yes` are for the first time."""
    last = ""
    for number, _ in enumerate(_changes(config)):
        try:
            report = _patiently(partial(build, full and number == 0, yes and number == 0))
        except QAError as error:
            fail(str(error), error.exit_code)
            continue
        if report.generation != last:
            _print_report(report, as_json)
            _report_changes(config, as_json)
        last = report.generation


def _report_changes(config: Config, quietly: bool) -> None:
    """Ask the pinned questions again; whatever goes wrong there, the build is done."""
    try:
        found = checked(config)
    except QAError as error:
        fail(f"The pinned questions were not asked again ({error})", 1, "run `qa watchlist check`.")
        return
    if not quietly:
        print_changes(found)


def _cluster(address: str, encoder: Encoder, config: Config) -> AbstractContextManager[Cluster]:
    from ..build.ray import connected

    return connected(address, encoder, config)


def _changes(config: Config) -> Iterator[None]:
    """Yield now and after each change to the folder, until an interrupt while waiting."""
    from ..corpus.watch import watch_folder

    yield
    try:
        yield from watch_folder(config, threading.Event())
    except KeyboardInterrupt:
        click.echo("qa: Stopped watching the folder; the last index still answers.", err=True)


def _patiently(run: Callable[[], BuildReport]) -> BuildReport:
    """Call `run`; while another process builds this index, retry for a minute."""
    for _ in range(20):
        try:
            return run()
        except BusyError:
            time.sleep(3)
    return run()


def _give_up(end_reader: Callable[[], None]) -> None:
    """End the process at once; no index can be harmed."""
    end_reader()
    fail(STOPPED, 1)
    os._exit(1)


def _print_report(report: BuildReport, as_json: bool) -> None:
    if as_json:
        print_json(report.as_json())
        return
    for word, paths in (("added", report.added), ("changed", report.changed), ("removed", report.removed)):
        for path in paths:
            click.echo(f"{word:>9}  {one_line(path)}")
    for record in report.noted:
        click.echo(f"     note  {one_line(record.path)}: {one_line(record.note)}")
    for old, new in report.renamed:
        click.echo(f"  renamed  {one_line(old)} → {one_line(new)}")
    for record in report.failed:
        click.echo(f"   failed  {one_line(record.path)}: {record.reason}")
    for record in report.skipped[:_MOST_SKIPPED]:
        click.echo(f"  skipped  {one_line(record.path)}: {record.reason}")
    if (more := len(report.skipped) - _MOST_SKIPPED) > 0:
        click.echo(f"  skipped  {more:,} more files: see `qa status`")
    generation = generation_number(report.generation)
    click.echo(
        f"{report.documents} articles, {report.passages} passages ({report.passages_encoded} encoded, "
        f"{report.unchanged} files unchanged) in {report.seconds:.1f} s: generation {generation}"
    )
