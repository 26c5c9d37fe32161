"""Checks the sentences of `draft_sentences.jsonl` against the articles: `python -m benchmarks.drafts [--index FOLDER]`.

It prints, for each verdict, how many of the sentences that have it get it (recall), and how many of those that get it
have it (precision): first for the half of the articles on which thresholds were chosen, then for the other half.
Sentences from the other half, and what was invented, decide nothing. The index is built if it is not there.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.common import CACHE
from benchmarks.draft_sentences import FOLDERS, Sentence, read
from qa import build_index
from qa.check.candidates import Candidates
from qa.check.claims import claims_of
from qa.check.findings import VERDICTS, Finding
from qa.check.verdicts import Judge
from qa.config import Config
from qa.engine import Engine
from qa.text.document import Block, Document, Section, Span
from qa.text.passages import PassageSettings, Splitting, iter_passages

HALVES = ("chosen on", "held out")


@dataclass(frozen=True, slots=True)
class Outcome:
    """A sentence with what was found of it."""

    sentence: Sentence
    finding: Finding

    @property
    def half(self) -> str:
        """The half of the articles that it is from; what was invented by hand is divided by its text."""
        name = f"{self.sentence.collection}/{self.sentence.document or self.sentence.text}"
        return HALVES[zlib.crc32(name.encode()) % 2]


def outcomes(engine: Engine, sentences: Iterable[Sentence]) -> list[Outcome]:
    """What is found of each sentence, as of a draft that consists of it."""
    made = []
    with engine.resources() as resources:
        judge = Judge(resources, Candidates(resources.generation))
        encoder = resources.encoder
        splitting = Splitting(encoder.count_tokens, encoder.identity.max_tokens, PassageSettings())
        for sentence in sentences:
            document = _document(sentence.text)
            claims = claims_of(document, list(iter_passages(document, splitting))).claims
            for claim in claims[:1]:
                made.append(Outcome(sentence, judge.finding(claim, encoder.encode_queries([claim.text])[0])))
            if not claims:
                print(f"claims nothing: {sentence.text}", file=sys.stderr)
    return made


def _document(text: str) -> Document:
    whole = Span(0, len(text))
    return Document("draft.md", "", text, (Section((), 0, whole),), (Block("paragraph", whole, 0),), language="en")


def figures(found: Sequence[Outcome]) -> dict[str, Any]:
    """Recall and precision of each verdict, and what becomes of sentences that no article says, and of cut ones."""
    expected = [outcome for outcome in found if outcome.sentence.verdict in VERDICTS]
    table = {}
    for verdict in VERDICTS[:-1]:
        own = [outcome for outcome in expected if outcome.sentence.verdict == verdict]
        given = [
            outcome for outcome in found if outcome.finding.verdict == verdict and outcome.sentence.verdict != "cut"
        ]
        right = sum(outcome.finding.verdict == verdict for outcome in own)
        table[verdict] = {
            "sentences": len(own),
            "recall": _share(right, len(own)),
            "precision": _share(sum(outcome.sentence.verdict == verdict for outcome in given), len(given)),
            "became": dict(Counter(outcome.finding.verdict for outcome in own)),
        }
    invented = [outcome for outcome in found if outcome.sentence.verdict == "invented"]
    cut = [outcome for outcome in found if outcome.sentence.verdict == "cut"]
    whole = [outcome for outcome in found if outcome.sentence.how in ("as it stands", "between quotation marks")]
    return {
        "verdicts": table,
        "invented": {
            "sentences": len(invented),
            "supported": _share(sum(each.finding.verdict == "supported" for each in invented), len(invented)),
            "became": dict(Counter(outcome.finding.verdict for outcome in invented)),
        },
        "cut": {"sentences": len(cut), "flagged": _share(sum(bool(each.finding.limits) for each in cut), len(cut))},
        "whole": {
            "sentences": len(whole),
            "flagged": _share(sum(bool(each.finding.limits) for each in whole), len(whole)),
        },
    }


def _share(part: int, of: int) -> float | None:
    return round(part / of, 3) if of else None


def index_of(folder: Path) -> Config:
    """The index of all collections in a folder, built if it is not there."""
    config = Config.from_env({}, [*FOLDERS.values()], folder)
    if not (folder / "CURRENT").exists():
        build_index(config)
    return config


def _print(found: Mapping[str, Any]) -> None:
    print(f"{'':>14} sentences recall precision")
    for verdict, row in found["verdicts"].items():
        print(f"{verdict:>14} {row['sentences']:>9} {row['recall']!s:>6} {row['precision']!s:>9}  {row['became']}")
    for name in ("invented", "cut", "whole"):
        print(f"{name:>14} {found[name]}")


def main() -> None:
    """Measure, and print what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--index", type=Path, default=CACHE / "drafts")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--failures", action="store_true", help="print the sentences of the first half that went wrong")
    given = parser.parse_args()
    with Engine.open(index_of(given.index), can_build=False) as engine:
        engine.preflight()
        begun = time.process_time()
        found = outcomes(engine, read())
        seconds = time.process_time() - begun
    by_half = {half: figures([each for each in found if each.half == half]) for half in HALVES}
    if given.json:
        print(json.dumps({"halves": by_half, "processor_seconds": round(seconds, 1), "sentences": len(found)}))
        return
    for half, row in by_half.items():
        print(f"\n{half}")
        _print(row)
    print(f"\n{seconds:.1f} s of processor time for {len(found)} sentences")
    if given.failures:
        for each in found:
            wanted = {"invented": "not found", "cut": "literal"}.get(each.sentence.verdict, each.sentence.verdict)
            if each.half == HALVES[0] and each.finding.verdict != wanted:
                source = each.finding.source.text if each.finding.source else "–"
                print(f"{wanted} → {each.finding.verdict} ({each.sentence.how}): {each.sentence.text}\n      {source}")


if __name__ == "__main__":
    main()
