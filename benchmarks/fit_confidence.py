"""Fit the confidence model and write qa/confidence.json: `python -m benchmarks.fit_confidence`.

Positive: a set's own answerable questions, asked of its passages. Negative: off-topic questions, asked of the
same. Whole sets, and small corpora cut out of them (people have tens of articles more often than thousands).
Only the half of the questions for which `common.in_fit` holds is used; benchmarks/quality.py measures on the
other. Each family of sets weighs the same: two of the four are SQuAD. Every fourth question is asked as people type
into a search box: its content words alone.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from benchmarks.common import CACHE, ROOT, SETS, CachingEncoder, in_fit, off_topic_questions
from qa.answer import best_share, features, score_sentences
from qa.encoders import load_encoder
from qa.engine import Engine
from qa.evaluate import Dataset, Query, index_dataset, read_dataset
from qa.lexical import analyze, is_function_word
from qa.metrics import auroc, calibration_error

# set → (family's weight over the number of its sets, small corpora cut out of it)
FIT_SETS = {
    "squad-v2-dev": (0.5, 12),
    "squad-v1.1-dev": (0.5, 12),
    "clapnq-dev": (2.0, 12),
    "cranfield": (1.0, 4),
}
_WHOLE, _SMALL = 600.0, 200.0  # weight of one corpus, so that the small ones together weigh a little more
_MOST_QUESTIONS = 1_500


@dataclass(frozen=True, slots=True)
class Sample:
    """Feature rows of one corpus: answerable and off-topic questions, and whether each was fitted on."""

    corpus: str
    whole: bool
    weight: float
    answerable: NDArray[np.float64]
    off_topic: NDArray[np.float64]
    answerable_in_fit: NDArray[np.bool_]
    off_topic_in_fit: NDArray[np.bool_]


def main() -> None:
    """Fit, print the figures of the fit on both halves, and write the coefficients."""
    encoder = CachingEncoder(load_encoder(index=CACHE))
    samples = []
    for name, (weight, small) in FIT_SETS.items():
        for sample in _samples(name, weight, small, encoder):
            samples.append(sample)
            print(f"{sample.corpus}: {len(sample.answerable)} + {len(sample.off_topic)} questions", flush=True)
    names = list(features_of_nothing())
    rows, labels, weights = _stack(samples)
    mean, spread = rows.mean(axis=0), rows.std(axis=0)
    model = LogisticRegression(C=10.0, max_iter=2_000)
    model.fit((rows - mean) / spread, labels, sample_weight=weights)
    slopes = model.coef_[0] / spread
    intercept = float(model.intercept_[0] - slopes @ mean)
    report = {
        "intercept": round(intercept, 5),
        "weights": {name: round(float(slope), 5) for name, slope in zip(names, slopes, strict=True)},
        "fit": {
            "date": date.today().isoformat(),
            "encoder": encoder.identity.name,
            "weights_sha256": encoder.identity.weights_sha256,
            "sets": {name: {"weight": weight, "small_corpora": small} for name, (weight, small) in FIT_SETS.items()},
            "questions": len(labels),
            "held_out": _figures(samples, intercept, slopes),
        },
    }
    path = ROOT / "qa" / "confidence.json"
    models = json.loads(path.read_text("utf-8")) | {"words": report}
    path.write_text(json.dumps(models, indent=1) + "\n", "utf-8")
    print(json.dumps(report, indent=1))


def features_of_nothing() -> dict[str, float]:
    """The features' names, in their order."""
    from qa.types import Evidence

    return features(Evidence(0.0, 0.0, 0.0, 0.0, 0), 0.0)


def _samples(name: str, weight: float, small: int, encoder: CachingEncoder) -> Iterator[Sample]:
    dataset = read_dataset(SETS / name)
    random = np.random.default_rng(7)
    yield _sample(name, dataset, weight * _WHOLE, True, encoder, random)
    groups: dict[str, list[tuple[str, str, str]]] = {}
    for passage in dataset.passages:  # SQuAD: all passages of one article together
        groups.setdefault(passage[0].split("#")[0], []).append(passage)
    names = sorted(groups)
    articles = any(len(group) > 1 for group in groups.values())
    for number in range(small):
        count = int(random.integers(1, 4) if articles else random.integers(20, 120))
        picked = [names[i] for i in random.permutation(len(names))[:count]]
        passages = [passage for group in picked for passage in groups[group]]
        ids = {passage[0] for passage in passages}
        queries = [q for q in dataset.queries if ids & set(dataset.qrels.get(q.id, {}))]
        part = Dataset(f"{name} {number}", passages, queries, dataset.qrels)
        yield _sample(part.name, part, weight * _SMALL, False, encoder, random)


def _sample(
    corpus: str,
    dataset: Dataset,
    weight: float,
    whole: bool,
    encoder: CachingEncoder,
    random: np.random.Generator,
) -> Sample:
    own = [query for query in dataset.queries if query.answerable and dataset.qrels.get(query.id)]
    own = [own[i] for i in random.permutation(len(own))[: _MOST_QUESTIONS if whole else 150]]
    off = [Query(number, text, (), False) for number, text in off_topic_questions()]
    off = [off[i] for i in random.permutation(len(off))[: len(off) if whole else 150]]
    with tempfile.TemporaryDirectory() as place:
        engine, _ = index_dataset(dataset, encoder, Path(place))
        return Sample(
            corpus=corpus,
            whole=whole,
            weight=weight,
            answerable=_rows(engine, own),
            off_topic=_rows(engine, off),
            answerable_in_fit=np.array([in_fit(query.id) for query in own]),
            off_topic_in_fit=np.array([in_fit(query.id) for query in off]),
        )


def _rows(engine: Engine, queries: list[Query]) -> NDArray[np.float64]:
    rows = []
    for number, query in enumerate(queries):
        ranking = engine.search(_keywords(query.text) if number % 4 == 3 else query.text, 5)
        share = best_share(score_sentences(ranking, analyze))
        rows.append(list(features(ranking.evidence, share).values()))
    return np.array(rows)


def _keywords(question: str) -> str:
    """The words of a question that are not function words."""
    kept = [word for word in re.findall(r"[\w'’-]+", question) if not is_function_word(word)]
    return " ".join(kept) or question


def _stack(
    samples: list[Sample],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Rows, labels and weights of the fitted half; each corpus' two sides weigh the same."""
    rows, labels, weights = [], [], []
    for sample in samples:
        for side, chosen, label in (
            (sample.answerable, sample.answerable_in_fit, 1.0),
            (sample.off_topic, sample.off_topic_in_fit, 0.0),
        ):
            part = side[chosen]
            rows.append(part)
            labels.append(np.full(len(part), label))
            weights.append(np.full(len(part), sample.weight / max(1, len(part))))
    return np.concatenate(rows), np.concatenate(labels), np.concatenate(weights)


def _figures(samples: list[Sample], intercept: float, slopes: NDArray[np.float64]) -> dict[str, dict[str, float]]:
    """AUROC and calibration error on the other half, for each whole set and all small corpora of it."""

    def sure(side: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(1 / (1 + np.exp(-(side @ slopes + intercept))))

    figures: dict[str, dict[str, float]] = {}
    for name in FIT_SETS:
        for kind, chosen in (
            ("whole", [s for s in samples if s.corpus == name]),
            ("small", [s for s in samples if s.corpus.startswith(f"{name} ")]),
        ):
            separations, errors = [], []
            for s in chosen:
                own, off = sure(s.answerable[~s.answerable_in_fit]), sure(s.off_topic[~s.off_topic_in_fit])
                separations.append(auroc(own, off))
                even = off[: len(own)]  # as many of one as of the other
                errors.append((np.concatenate([own, even]), np.r_[np.ones(len(own)), np.zeros(len(even))]))
            p, y = (np.concatenate(parts) for parts in zip(*errors, strict=True))
            figures[f"{name}, {kind}"] = {
                "off_topic_auroc": round(float(np.mean(separations)), 4),
                "calibration_error": round(calibration_error(p, y), 4),
            }
    return figures


if __name__ == "__main__":
    main()
