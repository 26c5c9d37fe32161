"""Measures whether limits are found and shown: `python -m benchmarks.limits`.

`limits.jsonl` names pairs of neighbouring sentences and says of each, as a person judged it, whether the second limits
the first. The second and third sample are random ones of the training texts (privacy policies, contracts, government
guidance, manuals), each with two strata: pairs that the rules of that time `found`, and others that have a word such as
"not", "only" or "if". All others are pairs that the rules found before they were made stricter: in other passages of
the training texts (the fourth and fifth), in a handbook, documentation, by-laws and minutes (prose), and those that
were left of the training texts when the rules were done (held out). Rules were chosen on all but the last.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from benchmarks.common import ROOT, SETS
from benchmarks.draft_sentences import FOLDERS
from qa import Passage, Span, formats
from qa.ask.units import units_of
from qa.text.limiting import limits
from qa.text.sentences import sentence_spans

# How many pairs there were in each stratum, by sample and whether they were found.
_SIZES = {("second", True): 334, ("second", False): 1_831, ("third", True): 219, ("third", False): 1_623}


@dataclass(frozen=True, slots=True)
class Pair:
    """Two sentences in a row, and what became of the second one.

    It `limits` the first, is `marked` as a limit, and is `shown` with the first, because it is marked or its neighbour.
    """

    stratum: tuple[str, bool]
    limits: bool
    marked: bool
    shown: bool


def main() -> int:
    """Print the shares of both samples; returns 2 if the sets are missing."""
    folder = SETS.parent / "train"
    if not folder.is_dir():
        print("The training sets are missing (train/ next to the project): nothing was measured.")
        return 2
    rows = [json.loads(line) for line in (ROOT / "benchmarks" / "limits.jsonl").read_text("utf-8").splitlines()]
    texts = _texts(folder, {(row["set"], row["passage"]) for row in rows})
    every = [_pair(row, texts[row["set"], row["passage"]]) for row in rows]
    for sample in ("fourth", "fifth", "prose", "held out"):
        own = [pair for pair in every if pair.stratum[0] == sample]
        marked = [pair for pair in own if pair.marked]
        wrong = sum(not pair.limits for pair in marked)
        limited = [pair for pair in own if pair.limits]
        print(
            f"{sample}: {len(own)} pairs, {sum(not pair.limits for pair in own)} of them no limits; marked now "
            f"{len(marked)}, {wrong} of them no limits ({wrong / len(marked):.2f}); limits marked "
            f"{sum(pair.marked for pair in limited)} and shown {sum(pair.shown for pair in limited)} of {len(limited)}"
        )
    pairs = [pair for pair in every if pair.stratum in _SIZES]
    counts = Counter(pair.stratum for pair in pairs)

    def weight(of: list[Pair]) -> float:
        return sum(_SIZES[pair.stratum] / counts[pair.stratum] for pair in of)

    limited, marked = [p for p in pairs if p.limits], [p for p in pairs if p.marked]
    print(f"{len(pairs)} pairs, {len(limited)} of them limited; shares weighted by the sizes of the strata:")
    print(f"limits shown: {weight([p for p in limited if p.shown]) / weight(limited):.2f}")
    print(f"limits marked: {weight([p for p in limited if p.marked]) / weight(limited):.2f}")
    print(f"marked, but no limit: {weight([p for p in marked if not p.limits]) / weight(marked):.2f}")
    return 0


def _texts(train: Path, wanted: set[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The texts that the pairs are from, by set and passage or file."""
    texts: dict[tuple[str, str], str] = {}
    for name in {name for name, _ in wanted} - FOLDERS.keys():
        with gzip.open(train / name / "corpus.jsonl.gz", "rt", encoding="utf-8") as lines:
            texts |= {(name, entry["_id"]): entry["text"] for entry in map(json.loads, lines)}
    for name, path in wanted - texts.keys():
        (document,) = formats.parse(path, (FOLDERS[name] / path).read_bytes()).documents
        texts[name, path] = document.text
    return texts


def _pair(row: dict[str, object], text: str) -> Pair:
    said, following = (Span(*row[name]) for name in ("sentence", "following"))  # type: ignore[misc]
    passage = Passage("a.txt", 0, Span(0, len(text)), text, "", (), None, tuple(sentence_spans(text)), "en")
    units = (unit for unit in units_of(0, passage) if unit.sentence.start <= said.start < unit.sentence.end)
    quoted = next((unit.span for unit in units), said)
    marked = limits(following.of(text), said.of(text))
    return Pair(
        (str(row["sample"]), bool(row["found"])), bool(row["limits"]), marked, marked or quoted.end >= following.end
    )


if __name__ == "__main__":
    raise SystemExit(main())
