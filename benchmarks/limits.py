"""Measures whether limits are found and shown: `python -m benchmarks.limits`.

`limits.jsonl` names pairs of neighbouring sentences of the training texts (privacy policies, contracts, government
guidance, manuals) and says of each, as a person judged it, whether the second limits the first. There are
two random samples, and in each two strata: pairs that the rules of that time `found`, and others that have a word such
as "not", "only" or "if". Rules were changed after either sample, so that the figures are somewhat optimistic.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from dataclasses import dataclass

from benchmarks.common import ROOT, SETS
from qa import Passage, Span
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
    texts: dict[tuple[str, str], str] = {}
    for name in {row["set"] for row in rows}:
        with gzip.open(folder / name / "corpus.jsonl.gz", "rt", encoding="utf-8") as lines:
            texts |= {(name, entry["_id"]): entry["text"] for entry in map(json.loads, lines)}
    pairs = [_pair(row, texts[row["set"], row["passage"]]) for row in rows]
    counts = Counter(pair.stratum for pair in pairs)

    def weight(of: list[Pair]) -> float:
        return sum(_SIZES[pair.stratum] / counts[pair.stratum] for pair in of)

    limited, marked = [p for p in pairs if p.limits], [p for p in pairs if p.marked]
    print(f"{len(pairs)} pairs, {len(limited)} of them limited; shares weighted by the sizes of the strata:")
    print(f"limits shown: {weight([p for p in limited if p.shown]) / weight(limited):.2f}")
    print(f"limits marked: {weight([p for p in limited if p.marked]) / weight(limited):.2f}")
    print(f"marked, but no limit: {weight([p for p in marked if not p.limits]) / weight(marked):.2f}")
    return 0


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
