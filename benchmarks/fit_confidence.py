"""Fit how sure it is, by words alone, that articles are about a question: `python -m benchmarks.fit_confidence`.

It writes qa/ask/confidence.json, which counts where no reader reads (it is off, or cannot read the language). The model
learns from what the program's own search says: from whole sets, and from small corpora cut out of them (people have
tens of articles more often than thousands). Each family of sets weighs the same: two of the four are SQuAD. Every
fourth question is asked as people type into a search box: its content words alone. It tells a set's own questions from
those off its topic; near-misses can't be told by words, and are not in it. Only questions for fitting are used;
benchmarks/quality.py measures on the others, off which the confidence is read from which on a risk is kept
(benchmarks/mixture.py).
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from benchmarks.common import CACHE, ROOT, SETS, CachingEncoder, in_fit, off_topic_questions
from benchmarks.judged import CLAPNQ, CRANFIELD, SQUAD_1, SQUAD_2, Kind, ask, sample
from benchmarks.judged import Sample as Questions
from benchmarks.mixture import in_mixture, mixed, thresholds, weighted
from qa.ask.confidence import features
from qa.ask.lead import leads_of
from qa.ask.ranking import Ranking
from qa.engine import Engine
from qa.evaluate.metrics import auroc, calibration_error
from qa.evaluate.run import Dataset, LabelledQuery, index_dataset, read_dataset
from qa.models.encoders import load_encoder
from qa.text.terms import is_function_word

# set → (family's weight over the number of its sets, small corpora cut out of it)
FIT_SETS = {SQUAD_2: (0.5, 12), SQUAD_1: (0.5, 12), CLAPNQ: (2.0, 12), CRANFIELD: (1.0, 4)}
MIXTURE: Mapping[Kind, float] = {"own": 0.5, "off": 0.5}
FEATURES = ("top_cosine", "sentence_share", "coverage", "margin", "peak", "log_passages")
_WHOLE, _SMALL = 600.0, 200.0  # weight of one corpus, so that the small ones together weigh a little more
_MOST_QUESTIONS = 1_500

Rows = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sample:
    """The feature rows of a corpus's questions by kind: those for fitting, and the held-out ones."""

    corpus: str
    weight: float
    fit: Mapping[Kind, Rows]
    held_out: Mapping[Kind, Rows]


def main() -> int:
    """Fit the models that are named, print them, and write their coefficients and thresholds."""
    encoder = CachingEncoder(load_encoder(index=CACHE))
    samples = []
    for each in word_samples(encoder):
        samples.append(each)
        print(each.corpus, {kind: len(rows) for kind, rows in each.fit.items()}, flush=True)
    model = fitted(samples, MIXTURE)
    model["fit"] |= {
        "date": date.today().isoformat(),
        "encoder": encoder.identity.name,
        "weights_sha256": encoder.identity.weights_sha256,
    }
    model["thresholds"] = risks(model, [_rows(sample(of, "held-out"), encoder) for of in FIT_SETS])
    print(json.dumps(model, indent=1))
    (ROOT / "qa" / "ask" / "confidence.json").write_text(json.dumps(model, indent=1) + "\n", "utf-8")
    return 0


def risks(model: Mapping[str, Any], held_out: Iterable[Mapping[Kind, Rows]]) -> list[tuple[float, float]]:
    """(risk, confidence from which on it is kept), over the held-out questions of the sets that are fitted on."""
    sets = []
    for rows in held_out:
        sure, truth, weights = weighted({kind: _sure(each, model) for kind, each in rows.items()})
        sets.append((sure, 1 - truth, weights))
    return thresholds(sets)


def fitted(samples: Sequence[Sample], mixture: Mapping[Kind, float]) -> dict[str, Any]:
    """A logistic model of whether a question is the corpus' own, as it is written."""
    rows, labels, weights = _stack(samples, mixture)
    mean, spread = rows.mean(axis=0), rows.std(axis=0)
    *scaled, intercept = _likeliest((rows - mean) / spread, labels, weights)
    own = np.array(scaled) / spread
    model: dict[str, Any] = {
        "intercept": round(float(intercept - own @ mean), 5),
        "weights": {name: round(float(slope), 5) for name, slope in zip(FEATURES, own, strict=True)},
    }
    figures = _figures(samples, model, mixture)
    return {**model, "fit": {"mixture": dict(mixture), "questions": len(labels), "held_out": figures}}


def _likeliest(rows: Rows, labels: Rows, weights: Rows) -> Rows:
    """The slopes of the logistic model that makes the labels likeliest, its intercept last, which costs nothing."""
    rows = np.column_stack([rows, np.ones(len(rows))])
    penalised = np.append(np.full(rows.shape[1] - 1, 0.05), 0.0)

    def cost(slopes: Rows) -> tuple[float, Rows]:
        values = rows @ slopes
        lost = float(weights @ (np.logaddexp(0, values) - labels * values))
        gradient = rows.T @ (weights * (_logistic(values) - labels))
        return lost + float(penalised * slopes @ slopes), gradient + 2 * penalised * slopes

    return np.asarray(minimize(cost, np.zeros(rows.shape[1]), jac=True, method="L-BFGS-B").x)


def _rows(asked: Questions, encoder: CachingEncoder) -> dict[Kind, Rows]:
    rows: dict[Kind, list[list[float]]] = {kind: [] for kind in asked.questions}
    for case in ask(asked, encoder, None):
        if case.ranking.hits:  # a question may want words in quotes that occur nowhere; the model is not asked then
            rows[case.kind].append(_row(case.ranking))
    return {kind: np.array(each) for kind, each in rows.items() if each}


def _row(ranking: Ranking) -> list[float]:
    values = features(ranking.evidence, leads_of(ranking, None, 0.0, {}).share)
    return [values[name] for name in FEATURES]


# --- by words alone ---------------------------------------------------------------------------------------------------


def word_samples(encoder: CachingEncoder) -> Iterator[Sample]:
    """Each set, and small corpora cut out of it, with its own questions and those off its topic."""
    for name, (weight, count) in FIT_SETS.items():
        dataset = read_dataset(SETS / name)
        random = np.random.default_rng(7)
        yield _by_words(dataset, weight * _WHOLE, True, encoder, random)
        groups: dict[str, list[tuple[str, str, str]]] = {}
        for passage in dataset.passages:  # SQuAD: all passages of one article together
            groups.setdefault(passage[0].split("#")[0], []).append(passage)
        names = sorted(groups)
        articles = any(len(group) > 1 for group in groups.values())
        for number in range(count):
            wanted = int(random.integers(1, 4) if articles else random.integers(20, 120))
            picked = [names[i] for i in random.permutation(len(names))[:wanted]]
            passages = [passage for group in picked for passage in groups[group]]
            ids = {passage[0] for passage in passages}
            queries = [q for q in dataset.queries if ids & set(dataset.qrels.get(q.id, {}))]
            part = Dataset(f"{name} {number}", passages, queries, dataset.qrels)
            yield _by_words(part, weight * _SMALL, False, encoder, random)


def _by_words(
    dataset: Dataset, weight: float, whole: bool, encoder: CachingEncoder, random: np.random.Generator
) -> Sample:
    own = [query for query in dataset.queries if query.answerable and dataset.qrels.get(query.id)]
    own = [own[i] for i in random.permutation(len(own))[: _MOST_QUESTIONS if whole else 150]]
    off = [LabelledQuery(number, text, (), False) for number, text in off_topic_questions()]
    off = [off[i] for i in random.permutation(len(off))[: len(off) if whole else 150]]
    sides: dict[Kind, list[LabelledQuery]] = {"own": own, "off": off}
    with tempfile.TemporaryDirectory() as place:
        engine, _ = index_dataset(dataset, encoder, Path(place))
        rows = {kind: _asked(engine, queries) for kind, queries in sides.items()}
        del engine
    fit = {kind: np.array([in_fit(query.id) for query in queries]) for kind, queries in sides.items()}
    return Sample(
        dataset.name,
        weight,
        {kind: rows[kind][chosen] for kind, chosen in fit.items()},
        {kind: rows[kind][~chosen] for kind, chosen in fit.items()},
    )


def _asked(engine: Engine, queries: Sequence[LabelledQuery]) -> Rows:
    texts = (_keywords(query.text) if number % 4 == 3 else query.text for number, query in enumerate(queries))
    return np.array([_row(engine.search(text, 5)) for text in texts])


def _keywords(question: str) -> str:
    """The words of a question that are not function words."""
    kept = [word for word in re.findall(r"[\w'’-]+", question) if not is_function_word(word)]
    return " ".join(kept) or question


# --- figures ----------------------------------------------------------------------------------------------------------


def _stack(samples: Iterable[Sample], mixture: Mapping[Kind, float]) -> tuple[Rows, Rows, Rows]:
    """The rows, labels and weights for fitting; the kinds of each corpus have the weights of the mixture."""
    rows, labels, weights = [], [], []
    for each in samples:
        shares = mixed(each.fit, mixture)
        for kind, part in each.fit.items():
            rows.append(part)
            labels.append(np.full(len(part), float(kind == "own")))
            weights.append(np.full(len(part), each.weight * shares[kind] / len(part)))
    return np.concatenate(rows), np.concatenate(labels), np.concatenate(weights)


def _figures(
    samples: Sequence[Sample], model: Mapping[str, Any], mixture: Mapping[Kind, float]
) -> dict[str, dict[str, float]]:
    """The AUROC and the calibration error on the held-out questions, for each whole set and for all small corpora."""
    made: dict[str, dict[str, float]] = {}
    for name in FIT_SETS:
        for scale, chosen in (
            ("whole", [s for s in samples if s.corpus == name]),
            ("small", [s for s in samples if s.corpus.startswith(f"{name} ")]),
        ):
            sure = [{kind: _sure(rows, model) for kind, rows in s.held_out.items()} for s in chosen]
            made[f"{name}, {scale}"] = {
                f"{kind}_auroc": round(float(np.mean([auroc(s["own"], s[kind]) for s in sure if kind in s])), 4)
                for kind in ("off", "near")
                if any(kind in s for s in sure)
            } | {"calibration_error": round(_error(sure, mixture), 4)}
    return made


def _sure(rows: Rows, model: Mapping[str, Any]) -> Rows:
    """Confidence of each row, as `qa.ask.confidence` has it."""
    return _logistic(rows @ np.array([model["weights"][name] for name in FEATURES]) + model["intercept"])


def _logistic(values: Rows) -> Rows:
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -30, 30))))


def _error(sure: Sequence[Mapping[Kind, Rows]], mixture: Mapping[Kind, float]) -> float:
    drawn = [in_mixture(each, mixture) for each in sure]
    return calibration_error(np.concatenate([p for p, _ in drawn]), np.concatenate([truth for _, truth in drawn]))


if __name__ == "__main__":
    sys.exit(main())
