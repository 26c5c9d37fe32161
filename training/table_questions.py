"""Writes questions about tables as a collection for `benchmarks.fit_lead`: `python -m training.table_questions DIR`.

Real collections contain few tables, and the model of the lead's confidence must know rows as well. The articles are
those of the table sets that no reader was trained on; each becomes a Markdown file, with its tables as people write
them. A question is left out if its answer does not stand in exactly one row or sentence of its article, since one about
a whole column ("which team won most?") has no literal answer; and if its article does not contain its names.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.common import SETS
from qa.text.mentions import names_of

from .config import Family, Settings, read_settings
from .data import Example, QuestionSet, find_set, fold, read_set, split_articles
from .tables import unit_spans, with_bars

TABLES = ("ait-qa", "tat-qa", "wikitable-small")
NAME = "tables"


def main() -> int:
    """Write `DIR/tables/` with the articles, and `DIR/tables.jsonl` with the questions."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", type=Path)
    parser.add_argument("--config", type=Path, default=Path("training/reader-2.json"))
    parser.add_argument("--sets", type=Path, nargs="+", default=[SETS, SETS.parent / "train"])
    given = parser.parse_args()
    settings = read_settings(given.config)
    rows: list[dict[str, Any]] = []
    for family in settings.train_on:
        if family.folders[0] in TABLES:
            rows += _written(family, settings, given.sets, given.target / NAME)
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (given.target / f"{NAME}.jsonl").write_text(text, "utf-8")
    print(len(rows), "questions,", sum(row["answerable"] for row in rows), "with an answer")
    return 0


def _written(family: Family, settings: Settings, sets: Sequence[Path], target: Path) -> Iterator[dict[str, Any]]:
    """Write the articles of one set that were not trained on, and yield their questions."""
    own = read_set(find_set(sets, family.folders[0]), near=True)
    parts = split_articles([own], family, settings.seed)
    target.mkdir(parents=True, exist_ok=True)
    units: dict[str, list[str]] = {}
    for number, (article, passages) in enumerate(sorted(own.articles.items())):
        if parts[article] == "train":
            continue
        texts = [_as_markdown(own.sources[passage].text) for passage in passages]
        (target / f"{own.name}-{number}.md").write_text("\n\n".join(texts) + "\n", "utf-8")
        units[article] = [line for text in texts for line in _units(text)]
    kept = {example.id for example in own.examples if own.article(example) in units}
    for example in own.examples:
        if example.id in kept and (row := _question(own, example, units[own.article(example)])):
            yield row


def _question(own: QuestionSet, example: Example, units: Sequence[str]) -> dict[str, Any] | None:
    row = {"id": example.id, "q": example.question, "kind": "table" if example.answerable else "near-miss"}
    if not example.answerable:
        return {**row, "answerable": False}
    text = "\n".join(units).casefold()
    if not all(name.casefold() in text for name in names_of(example.question)):
        return None
    right = [unit for unit in units if any(fold(answer) in fold(unit) for answer in example.answers)]
    if example.kind != "span" or len(right) != 1:
        return None
    return {**row, "answerable": True, "evidence": right, "must": right}


def _as_markdown(text: str) -> str:
    """The passage, with a table as rows between bars under a line of headings."""
    bars = with_bars(text)
    if bars is None:
        return text
    header, *rows = bars.split("\n")
    columns = max(row.count(" | ") for row in rows) + 1
    header = " | " * (columns - 1 - header.count(" | ")) + header  # the name of the first column is often missing
    rule = "|---" * columns + "|"
    return "\n".join([f"| {header} |", rule, *(f"| {row} |" for row in rows)])


def _units(text: str) -> list[str]:
    return [span.of(text) for span in unit_spans(text)]


if __name__ == "__main__":
    raise SystemExit(main())
