"""`qa eval`: measures the program on a set of questions with known answers."""

from __future__ import annotations

from pathlib import Path

import click

from .options import config_of, places
from .output import print_json, progress


@click.command("eval")
@places
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--limit", type=click.IntRange(1), help="Ask only this many questions, evenly spread.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def evaluate(corpus: Path | None, index: Path | None, folder: Path, limit: int | None, as_json: bool) -> None:
    """Measure retrieval, leads and abstention on a set of questions in BEIR layout in FOLDER.

    Its index is built in a temporary folder: your articles and your index are neither needed nor changed.
    """
    from ..evaluate import evaluate as measure
    from ..evaluate.run import read_dataset
    from ..models.encoders import load_encoder
    from ..models.reader import shipped_reader

    config = config_of(corpus, index)
    read_dataset(folder, 1)  # report a wrong folder before loading a model
    encoder = load_encoder(config.encoder, config.query_prompt, config.passage_prompt, config.index)
    reader = None if config.reader == "off" else shipped_reader()
    with progress() as shown:
        result = measure(folder, encoder, limit, lambda what, n, of: shown(f"{what} {n} of {of}", n, of), reader)
    if as_json:
        print_json(result)
        return
    for name, value in result.items():
        shown_value = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else value
        click.echo(f"{name:>18}  {'–' if shown_value is None else shown_value}")
