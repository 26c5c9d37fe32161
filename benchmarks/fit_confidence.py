"""Fits the models of confidence and writes qa/ask/confidence.json: `python -m benchmarks.fit_confidence words reader`.

Both models are fitted to the results of the program's own search, on whole sets and on small corpora cut out of them
(people have tens of articles more often than thousands). Each family of sets has the same weight: two of the four are
SQuAD. Every fourth question is reduced to its content words, as people type into a search box.

"words", for use without the reader, separates a set's own questions from those off its topic; it is fitted on all of
them, without near-misses, which words cannot recognise. "reader" separates own questions from both, on the samples of
benchmarks/judged.py; it is the product of two conditions, of which the second depends on the reader only, fitted
together by maximum likelihood. Only the questions for fitting are used; benchmarks/quality.py measures on the others.
The confidence that keeps a given risk (benchmarks/mixture.py) is determined on those others, for both models.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from benchmarks.common import CACHE, ROOT, SETS, CachingEncoder, CachingReader, in_fit, off_topic_questions
from benchmarks.judged import CLAPNQ, CRANFIELD, SQUAD_1, SQUAD_2, Kind, ask, sample, small
from benchmarks.judged import Sample as Questions
from benchmarks.mixture import MIXTURE, in_mixture, mixed, thresholds, weighted
from qa.ask.confidence import Condition, features
from qa.ask.lead import best_share, score_sentences
from qa.ask.ranking import Ranking
from qa.engine import Engine
from qa.evaluate.metrics import auroc, calibration_error
from qa.evaluate.run import Dataset, LabelledQuery, index_dataset, read_dataset
from qa.models.encoders import load_encoder
from qa.text.terms import analyze, is_function_word

# set → (family's weight over the number of its sets, small corpora cut out of it for words, for the reader)
FIT_SETS = {SQUAD_2: (0.5, 12, 3), SQUAD_1: (0.5, 12, 3), CLAPNQ: (2.0, 12, 4), CRANFIELD: (1.0, 4, 2)}
MIXTURES: dict[str, Mapping[Kind, float]] = {"words": {"own": 0.5, "off": 0.5}, "reader": MIXTURE}
# The features of each condition, by model.
_WORDS = ("top_cosine", "sentence_share", "coverage", "margin", "peak", "log_passages")
CONDITIONS = {
    "words": (_WORDS,),
    "reader": (("top_cosine", "sentence_share", "peak", "log_passages", "relevance"), ("relevance",)),
}
# All features, in the order of rows; the last one is missing if nothing was read.
FEATURES = (*_WORDS, "relevance")
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
    """Fit the named models, print them, and write their coefficients and thresholds."""
    encoder, reader = CachingEncoder(load_encoder(index=CACHE)), CachingReader()
    path = ROOT / "qa" / "ask" / "confidence.json"
    models = json.loads(path.read_text("utf-8"))
    held_out: dict[str, Mapping[str, Mapping[Kind, Rows]]] = {}
    for name in sys.argv[1:]:
        samples = []
        for each in word_samples(encoder) if name == "words" else reader_samples(encoder, reader):
            samples.append(each)
            print(each.corpus, {kind: len(rows) for kind, rows in each.fit.items()}, flush=True)
        models[name] = fitted(samples, MIXTURES[name], CONDITIONS[name])
        models[name]["fit"] |= {
            "date": date.today().isoformat(),
            "encoder": encoder.identity.name,
            "weights_sha256": encoder.identity.weights_sha256,
        }
        print(json.dumps(models[name], indent=1))
        if name == "reader":
            held_out[name] = {each.corpus: each.held_out for each in samples if each.corpus in FIT_SETS}
    for name, model in models.items():
        asked = held_out.get(name) or {
            of: _rows(sample(of, "held-out"), encoder, reader if name == "reader" else None) for of in FIT_SETS
        }
        model["thresholds"] = risks(model, asked.values())
        print(name, model["thresholds"])
    path.write_text(json.dumps(models, indent=1) + "\n", "utf-8")
    return 0


def risks(model: Mapping[str, Any], held_out: Iterable[Mapping[Kind, Rows]]) -> list[tuple[float, float]]:
    """(risk, lowest confidence that keeps it), on the held-out questions of the sets used for fitting."""
    conditions = [Condition(**each) for each in model["conditions"]]
    sets = []
    for rows in held_out:
        said = {kind: _sure(each, conditions) for kind, each in rows.items()}
        sure, truth, weights = weighted(said)
        sets.append((sure, 1 - truth, weights))
    return thresholds(sets)


def fitted(
    samples: Sequence[Sample], mixture: Mapping[Kind, float], features_of: Sequence[Sequence[str]]
) -> dict[str, Any]:
    """Fit the conditions, each with its features, that a question is the corpus's own; returns what is written."""
    rows, labels, weights = _stack(samples, mixture)
    mean, spread = rows.mean(axis=0), rows.std(axis=0)
    chosen = [[FEATURES.index(name) for name in names] for names in features_of]
    slopes = _likeliest([((rows - mean) / spread)[:, columns] for columns in chosen], labels, weights)
    conditions = []
    for names, columns, (*scaled, intercept) in zip(features_of, chosen, slopes, strict=True):
        own = np.array(scaled) / spread[columns]
        rounded = {name: round(float(slope), 5) for name, slope in zip(names, own, strict=True)}
        conditions.append(Condition(round(float(intercept - own @ mean[columns]), 5), rounded))
    return {
        "conditions": [asdict(condition) for condition in conditions],
        "fit": {
            "mixture": dict(mixture),
            "questions": len(labels),
            "held_out": _figures(samples, conditions, mixture),
        },
    }


def _likeliest(parts: Sequence[Rows], labels: Rows, weights: Rows) -> list[Rows]:
    """The slopes and intercept of each part for which the product of logistic models has the maximum likelihood."""
    parts = [np.column_stack([part, np.ones(len(part))]) for part in parts]
    ends = np.cumsum([part.shape[1] for part in parts])
    slope = np.ones(ends[-1])
    slope[ends - 1] = 0  # an intercept costs nothing

    def cost(values: Rows) -> tuple[float, Rows]:
        each = [_logistic(part @ own) for part, own in zip(parts, np.split(values, ends[:-1]), strict=True)]
        sure = np.clip(np.prod(each, axis=0), 1e-9, 1 - 1e-9)
        lost = -weights @ np.where(labels == 1, np.log(sure), np.log(1 - sure))
        steep = weights * ((1 - labels) * sure / (1 - sure) - labels)
        gradient = np.concatenate([part.T @ (steep * (1 - own)) for part, own in zip(parts, each, strict=True)])
        return lost + 0.05 * (slope * values) @ values, gradient + 0.1 * slope * values

    start = 1 - slope  # all conditions likely to hold
    return np.split(minimize(cost, start, jac=True, method="L-BFGS-B").x, ends[:-1])


# --- with a reader ----------------------------------------------------------------------------------------------------


def reader_samples(encoder: CachingEncoder, reader: CachingReader) -> Iterator[Sample]:
    """The corpora for both parts of a set's questions; small corpora of SQuAD have different articles for each part."""
    for name, (weight, _, count) in FIT_SETS.items():
        own, others = sample(name, "fit"), sample(name, "held-out")
        yield Sample(name, weight * _WHOLE, _rows(own, encoder, reader), _rows(others, encoder, reader))
        parts = small(own, "fit", count), small(others, "held-out", count)
        for fit, held_out in zip(*parts, strict=True):
            asked = (_rows(_as_typed(each), encoder, reader) for each in (fit, held_out))
            yield Sample(fit.dataset.name, weight * _SMALL, *asked)


def _rows(asked: Questions, encoder: CachingEncoder, reader: CachingReader | None) -> dict[Kind, Rows]:
    rows: dict[Kind, list[list[float]]] = {kind: [] for kind in asked.questions}
    for case in ask(asked, encoder, reader):
        if case.ranking.hits:  # a question may require a phrase that occurs nowhere; then the model is not used
            rows[case.kind].append(_row(case.ranking))
    return {kind: np.array(each) for kind, each in rows.items() if each}


def _as_typed(asked: Questions) -> Questions:
    """The questions, with every fourth reduced to its content words."""
    return replace(
        asked,
        questions={
            kind: tuple(replace(q, text=_keywords(q.text)) if n % 4 == 3 else q for n, q in enumerate(queries))
            for kind, queries in asked.questions.items()
        },
    )


def _row(ranking: Ranking) -> list[float]:
    reading = ranking.readings[0]
    values = features(reading.evidence, best_share(score_sentences(reading, analyze)))
    return [values[name] for name in FEATURES if name in values]


# --- by words alone ---------------------------------------------------------------------------------------------------


def word_samples(encoder: CachingEncoder) -> Iterator[Sample]:
    """Each set, and small corpora cut out of it, with its own questions and off-topic ones."""
    for name, (weight, count, _) in FIT_SETS.items():
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
    samples: Sequence[Sample], conditions: Sequence[Condition], mixture: Mapping[Kind, float]
) -> dict[str, dict[str, float]]:
    """The AUROC and the calibration error on the held-out questions, for each whole set and for all small corpora."""
    made: dict[str, dict[str, float]] = {}
    for name in FIT_SETS:
        for scale, chosen in (
            ("whole", [s for s in samples if s.corpus == name]),
            ("small", [s for s in samples if s.corpus.startswith(f"{name} ")]),
        ):
            sure = [{kind: _sure(rows, conditions) for kind, rows in s.held_out.items()} for s in chosen]
            made[f"{name}, {scale}"] = {
                f"{kind}_auroc": round(float(np.mean([auroc(s["own"], s[kind]) for s in sure if kind in s])), 4)
                for kind in ("off", "near")
                if any(kind in s for s in sure)
            } | {"calibration_error": round(_error(sure, mixture), 4)}
    return made


def _sure(rows: Rows, conditions: Iterable[Condition]) -> Rows:
    """The confidence of each row, computed as the program does."""
    sure = np.ones(len(rows))
    for condition in conditions:
        columns = [FEATURES.index(name) for name in condition.weights]
        sure *= _logistic(rows[:, columns] @ np.array(list(condition.weights.values())) + condition.intercept)
    return sure


def _logistic(values: Rows) -> Rows:
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -30, 30))))


def _error(sure: Sequence[Mapping[Kind, Rows]], mixture: Mapping[Kind, float]) -> float:
    drawn = [in_mixture(each, mixture) for each in sure]
    return calibration_error(np.concatenate([p for p, _ in drawn]), np.concatenate([truth for _, truth in drawn]))


if __name__ == "__main__":
    sys.exit(main())
