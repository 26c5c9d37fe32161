"""Measure what correcting misspelt words brings: `python -m benchmarks.questions`.

Prints one JSON object a line. *Before* is the same program without that step. The sets are research data next to the
project; an error message reports if they are missing.
"""

from __future__ import annotations

import json
import random
import re
import string
import sys
import tempfile
from collections import Counter
from pathlib import Path
from unittest.mock import patch

import numpy as np

from benchmarks.common import CACHE, SETS, CachingEncoder
from qa.ask import correction
from qa.engine import Engine
from qa.evaluate import metrics
from qa.evaluate.run import Dataset, LabelledQuery, has_relevant, index_dataset, read_dataset
from qa.models.encoders import load_encoder

_WORD = re.compile(r"[^\W\d_]{5,}")
_QUESTIONS, _SEED = 500, 7


def main() -> int:
    """Measure and print; returns 2 if the sets are missing."""
    if not SETS.is_dir():
        print(f"The development sets are missing ({SETS.name}/ next to the project): nothing was measured.")
        return 2
    encoder = CachingEncoder(load_encoder(index=CACHE))
    for name in ("squad-v1.1-dev", "fairytaleqa"):
        dataset = read_dataset(SETS / name)
        with tempfile.TemporaryDirectory() as place:
            engine, _ = index_dataset(dataset, encoder, Path(place))
            print(json.dumps(_misspelt(engine, dataset)), flush=True)
            del engine
    return 0


def _misspelt(engine: Engine, dataset: Dataset) -> dict[str, object]:
    """nDCG@10 of unchanged questions, and of ones with a spelling mistake in the rarest word, before and after."""
    chance = random.Random(_SEED)
    passages_with = Counter(word for _, _, text in dataset.passages for word in set(_WORD.findall(text.lower())))
    judged = [query for query in dataset.queries if has_relevant(dataset, query)]
    scores: dict[str, list[float]] = {"as it should be": [], "before": [], "after": []}
    mended = []
    for query in chance.sample(judged, _QUESTIONS):
        words = _WORD.findall(query.text)
        if not words:
            continue
        rarest = min(words, key=lambda word: passages_with[word.lower()] or len(dataset.passages))
        typed = rarest
        while typed == rarest:
            typed = _mistake(rarest, chance)
        text = query.text.replace(rarest, typed, 1)
        scores["as it should be"].append(_ndcg(engine, dataset, query, query.text))
        with patch.object(correction, "replace_words", lambda asked, nearest: asked):
            scores["before"].append(_ndcg(engine, dataset, query, text))
        scores["after"].append(_ndcg(engine, dataset, query, text))
        meant = dict(engine.search(text, 1).query.corrected).get(typed, "")
        mended.append(meant.lower() == rarest.lower())
    means = {name: round(float(np.mean(values)), 4) for name, values in scores.items()}
    return {"set": dataset.name, "questions": len(mended), "mended": sum(mended), **means}


def _mistake(word: str, chance: random.Random) -> str:
    """The word with a letter deleted, replaced or inserted, or two exchanged."""
    place, letter = chance.randrange(len(word)), chance.choice(string.ascii_lowercase)
    start, end = word[:place], word[place + 1 :]
    return chance.choice(
        [start + end, start + letter + end, start + letter + word[place:], start + end[:1] + word[place] + end[1:]]
    )


def _ndcg(engine: Engine, dataset: Dataset, query: LabelledQuery, text: str) -> float:
    ranked = tuple(hit.passage.document for hit in engine.search(text, 10).hits)
    return metrics.ndcg(ranked, dataset.qrels[query.id], 10)


if __name__ == "__main__":
    sys.exit(main())
