"""`qa doctor`: checks everything that the program needs."""

from __future__ import annotations

from pathlib import Path

import click

from .options import config_from, setting, settings_of, stored
from .output import one_line, print_json

_SIGNS = {"fine": "ok", "advice": "note", "failed": "FAILED"}


@click.command()
@stored
@setting("host")
@setting("port", type=click.IntRange(0, 65535))
@setting("auth_file")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def doctor(
    corpus: Path | None,
    index: Path | None,
    store: str | None,
    host: str | None,
    port: int | None,
    auth_file: Path | None,
    as_json: bool,
) -> int:
    """Check models, formats, folders, disk, port and index, and say what to do; exits with 1 if anything failed."""
    from .checkup import checkup

    settings = settings_of(corpus=corpus, index=index, store=store, host=host, port=port, auth_file=auth_file)
    config_from(settings)
    checks = []
    for check in checkup(settings):
        checks.append(check)
        if not as_json:
            click.echo(one_line(f"{_SIGNS[check.state]:>6}  {check.name}: {check.words}"))
    failed = sum(check.state == "failed" for check in checks)
    if as_json:
        print_json({"ok": not failed, "checks": [check.as_json() for check in checks]})
    elif failed:
        click.echo(f"{failed} of {len(checks)} checks failed")
    else:
        click.echo("Everything works.")
    return 1 if failed else 0
