"""Fit which unit leads an answer and how sure that is: `python -m benchmarks.fit_lead`, which writes qa/ask/lead.json.

The models are fitted to "this unit answers this question", on real collections (benchmarks/real.py) and on sets whose
questions were written beside their passages: a unit's strength (the likelihood of a right unit among those of its
question), and the confidence of the strongest (logistic). One pair of models is for questions that a reader reads,
whose strongest units have a second strength once they have been read alone; the other is for words alone. Each real
collection weighs the same. The figures that are printed, and the thresholds by risk, are of collections held out in
turn.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from benchmarks import real
from benchmarks.common import CACHE, ROOT, CachingEncoder, CachingReader
from benchmarks.judged import SQUAD_1, SQUAD_2, ask, sample
from qa.ask import traits
from qa.ask.candidates import Candidate, by_reader, by_words, strongest
from qa.ask.confidence import confidence
from qa.ask.features import weighed
from qa.ask.lead import READ_ALONE, Leads, evidence_for
from qa.ask.lead_model import LeadModel
from qa.ask.ranking import Ranking
from qa.ask.rereading import READ
from qa.ask.sources import facts_of
from qa.ask.units import Unit
from qa.ask.words import confidence_words
from qa.evaluate.metrics import auroc
from qa.models.encoders import load_encoder

STRENGTH = (
    "share", "above", "before", "numbers", "score", "relevance", "likely_relevant", "margin", "likely_answer", "unit",
    "likely_unit", "row", "pair", "colon", "introduces", "question", "link", "heading", "fragment", "headline",
    "pointer", "kind_missing",
)  # fmt: skip
STRENGTH_ALONE = (*STRENGTH, "alone_relevance", "likely_alone", "alone_margin", "alone_unit")
CONFIDENCE = (
    "strength", "score", "top_cosine", "article_gap", "margin_gap", "number_missing", "names_missing", "word_missing",
    "no_number", "kind_missing", "headline", "colon", "introduces", "row", "cell", "odds", "coverage", "peak",
    "log_passages", "alone_relevance", "likely_alone",
)  # fmt: skip
STRENGTH_BY_WORDS = (
    "share", "above", "before", "numbers", "score", "row", "pair", "colon", "introduces", "question", "link", "heading",
    "fragment", "headline", "pointer", "kind_missing",
)  # fmt: skip
CONFIDENCE_BY_WORDS = (
    "strength", "score", "share", "top_cosine", "article_gap", "passage_gap", "number_missing", "names_missing",
    "word_missing", "no_number", "kind_missing", "headline", "colon", "introduces", "row", "cell", "coverage", "peak",
    "log_passages",
)  # fmt: skip
# What may only raise confidence and what may only lower it, whatever the questions say.
RAISES = ("strength", "score", "top_cosine")
LOWERS = ("number_missing", "names_missing", "word_missing", "no_number", "kind_missing")
TABLES = "tables"
SETS = (SQUAD_2, SQUAD_1, TABLES)
_WEIGHT_OF_SET = 0.25  # beside 1 for each real collection
_PENALTY, _PENALTY_CONFIDENCE = 0.02, 0.005  # of squared weights, of standardised features
_RISKS = tuple(number / 100 for number in range(1, 41))

Rows = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Names:
    """The names of the features of a unit's strength, of that once it was read alone (if any is), and of confidence."""

    strength: tuple[str, ...]
    strength_alone: tuple[str, ...]
    confidence: tuple[str, ...]


NAMES = {
    "read": Names(STRENGTH, STRENGTH_ALONE, CONFIDENCE),
    "words": Names(STRENGTH_BY_WORDS, (), CONFIDENCE_BY_WORDS),
}


@dataclass(frozen=True, slots=True)
class Case:
    """A question with all candidates, each read alone if a reader reads; `right` are those that answer it, by number.

    `kind` is "own", "near" or "off"; `contexts` are those of the documents.
    """

    kind: str
    ranking: Ranking
    candidates: tuple[Candidate, ...]
    right: frozenset[int]
    contexts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Said:
    """What a model says of a question: whether its lead is right, and with what confidence."""

    kind: str
    right: bool
    confidence: float


def main() -> int:
    """Fit, print the figures of held-out collections, and write the models that are fitted on all of them."""
    asked = list(cases())
    written = {}
    for kind, names in NAMES.items():
        groups = {name: by_kind[kind] for name, by_kind in asked}
        said = {name: held_out(name, groups, names) for name in groups}
        everyone = [each for name, own in said.items() if name not in SETS for each in own]
        for name, own in [*said.items(), ("all real", everyone)]:
            print(kind, name, json.dumps(figures(own)), flush=True)
        model = fitted(groups, names)
        written[kind] = {
            "strength": dict(model.strength),
            "strength_alone": dict(model.strength_alone),
            "confidence": {"intercept": model.intercept, "weights": dict(model.confidence)},
            "thresholds": [(risk, threshold_of(risk, everyone)) for risk in _RISKS],
            "bands": bands(everyone),
            "held_out": {name: figures(own) for name, own in [*said.items(), ("all real", everyone)]},
        }
    fit = {"date": date.today().isoformat(), "questions": {name: len(own["read"]) for name, own in asked}}
    path = ROOT / "qa" / "ask" / "lead.json"
    kept = {"languages": json.loads(path.read_text("utf-8"))["languages"]}  # of benchmarks/fit_languages.py
    path.write_text(json.dumps({**written, **kept, "fit": fit}, indent=1) + "\n", "utf-8")
    return 0


# --- questions --------------------------------------------------------------------------------------------------------


def cases() -> Iterator[tuple[str, dict[str, list[Case]]]]:
    """The questions of each real collection and of each set, as a reader reads them and by words alone."""
    reader = CachingReader()
    for collection in (*real.collections(real.REAL), *real.collections(CACHE / "made")):
        with real.opened(collection, reader) as engine:
            made = []
            for question in collection.questions:
                ranking = engine.search(question.text, READ, question.history)
                kind = "own" if question.answerable else "near" if question.is_near_miss else "off"
                contexts = facts_of(ranking, engine.generation, None).contexts
                made.append(_cases(kind, ranking, reader, _right_by(question), contexts))
        print(collection.name, len(made), flush=True)
        yield collection.name, _by_kind(made)
    encoder = CachingEncoder(load_encoder(index=CACHE))
    for name in (SQUAD_2, SQUAD_1):
        made = []
        for case in ask(sample(name, "fit"), encoder, reader):
            answers = tuple(map(real.fold, case.query.answers))
            relevant = frozenset(case.relevant)
            made.append(_cases(case.kind, case.ranking, reader, right_in(answers, relevant), {}))
        print(name, len(made), flush=True)
        yield name, _by_kind(made)


def _by_kind(made: Sequence[Mapping[str, Case]]) -> dict[str, list[Case]]:
    return {kind: [each[kind] for each in made] for kind in NAMES}


def _cases(
    kind: str,
    ranking: Ranking,
    reader: CachingReader,
    is_right: Callable[[Unit], bool],
    contexts: Mapping[str, str],
) -> dict[str, Case]:
    candidates = by_reader(ranking, {})
    judgements = reader.read(ranking.query.text, [each.unit.alone() for each in candidates], float("inf"))
    read = tuple(
        replace(each, features={**each.features, **traits.read_alone(judgement)})
        for each, judgement in zip(candidates, judgements, strict=True)
        if judgement is not None
    )
    hits = sorted((replace(hit, judgement=None) for hit in ranking.hits), key=lambda hit: -hit.score)
    unread = replace(ranking, hits=tuple(hits))
    words = tuple(by_words(unread, {}))

    def right(units: Sequence[Candidate]) -> frozenset[int]:
        return frozenset(n for n, each in enumerate(units) if kind == "own" and is_right(each.unit))

    return {
        "read": Case(kind, ranking, read, right(read), contexts),
        "words": Case(kind, unread, words, right(words), contexts),
    }


def _right_by(question: real.Question) -> Callable[[Unit], bool]:
    return lambda unit: real.is_right(question, unit.text)


def right_in(answers: Sequence[str], relevant: frozenset[str]) -> Callable[[Unit], bool]:
    """Whether a unit contains one of the answers and is of a passage that answers."""

    def is_right(unit: Unit) -> bool:
        text = real.fold(unit.text)
        return unit.passage.document in relevant and any(answer and answer in text for answer in answers)

    return is_right


# --- fitting ----------------------------------------------------------------------------------------------------------


def fitted(groups: Mapping[str, Sequence[Case]], names: Names) -> LeadModel:
    """The model of some collections' questions."""
    weights = {name: _WEIGHT_OF_SET if name in SETS else 1.0 for name in groups}
    strength = _choice(groups, weights, names.strength, None)
    alone = _choice(groups, weights, names.strength_alone, strength) if names.strength_alone else {}
    model = LeadModel(strength, alone, 0.0, {}, ())
    rows, labels, each = [], [], []
    for name, own in groups.items():
        for case in own:
            if (lead := lead_of(case, model)) is not None:
                rows.append([lead[1][feature] for feature in names.confidence])
                labels.append(float(lead[0] in case.right))
                each.append(weights[name] / len(own))
    mean, spread = np.mean(rows, axis=0), np.std(rows, axis=0) + 1e-9
    x, y, w = (np.array(rows) - mean) / spread, np.array(labels), np.array(each)
    *scaled, intercept = _logistic(x, y, w / w.sum(), bounds_of(names.confidence))
    own_scale = np.array(scaled) / spread
    slopes = {name: round(float(value), 5) for name, value in zip(names.confidence, own_scale, strict=True)}
    return replace(model, intercept=round(float(intercept - own_scale @ mean), 5), confidence=slopes)


def lead_of(case: Case, model: LeadModel) -> tuple[int, dict[str, float]] | None:
    """The number of the candidate that leads, and its evidence, as `qa.ask.lead.leads_of` has them."""
    first = [replace(each, strength=weighed(each.features, model.strength)) for each in case.candidates]
    chosen = strongest(first, READ_ALONE)
    if not chosen:
        return None
    if model.strength_alone:
        again = [replace(each, strength=weighed(each.features, model.strength_alone)) for each in chosen]
        chosen = strongest(again, READ_ALONE)
    best = chosen[0]
    context = case.contexts.get(best.unit.passage.document, "")
    number = next(n for n, each in enumerate(case.candidates) if each.unit == best.unit)
    return number, evidence_for(best, chosen, case.ranking, context)


def _choice(
    groups: Mapping[str, Sequence[Case]],
    weights: Mapping[str, float],
    names: Sequence[str],
    before: Mapping[str, float] | None,
) -> dict[str, float]:
    """Weights that make right units likeliest among those of their question: the strongest by `before`, if given."""
    questions: list[tuple[Rows, NDArray[np.bool_], float]] = []
    for group, own in groups.items():
        for case in own:
            numbers = list(range(len(case.candidates)))
            if before is not None:
                scores = [weighed(each.features, before) for each in case.candidates]
                numbers = sorted(numbers, key=lambda n: -scores[n])[:READ_ALONE]
            right = np.array([n in case.right for n in numbers], dtype=bool)
            if right.any() and not right.all():
                rows = np.array([[case.candidates[n].features[name] for name in names] for n in numbers])
                questions.append((rows, right, weights[group] / len(own)))
    everything = np.concatenate([rows for rows, _, _ in questions])
    spread = everything.std(axis=0) + 1e-9
    scaled = (everything - everything.mean(axis=0)) / spread
    right = np.concatenate([right for _, right, _ in questions])
    sizes = np.array([len(right) for _, right, _ in questions])
    starts, weight = np.append(0, sizes.cumsum()[:-1]), np.array([weight for _, _, weight in questions])
    each = np.repeat(weight / weight.sum(), sizes)

    def cost(slopes: Rows) -> tuple[float, Rows]:
        values = scaled @ slopes
        values = np.exp(values - np.repeat(np.maximum.reduceat(values, starts), sizes))
        everyone, right_ones = np.add.reduceat(values, starts), np.add.reduceat(values * right, starts)
        right_ones = np.maximum(right_ones, 1e-300)
        lost = -float(weight @ np.log(np.maximum(right_ones / everyone, 1e-300))) / float(weight.sum())
        share, of_right = values / np.repeat(everyone, sizes), values * right / np.repeat(right_ones, sizes)
        penalty = _PENALTY * slopes
        return lost + float(penalty @ slopes), scaled.T @ (each * (share - of_right)) + 2 * penalty

    found = minimize(cost, np.zeros(len(names)), jac=True, method="L-BFGS-B").x / spread
    return {name: round(float(value), 5) for name, value in zip(names, found, strict=True)}


def bounds_of(names: Sequence[str]) -> list[tuple[float | None, float | None]]:
    """The least and the largest slope of each of these parts of the evidence."""
    return [(0.0 if name in RAISES else None, 0.0 if name in LOWERS else None) for name in names]


def _logistic(rows: Rows, labels: Rows, weights: Rows, bounds: Sequence[tuple[float | None, float | None]]) -> Rows:
    """The slopes of the likeliest logistic model within these bounds, its intercept last."""
    rows = np.column_stack([rows, np.ones(len(rows))])
    penalised = np.append(np.full(rows.shape[1] - 1, _PENALTY_CONFIDENCE), 0.0)

    def cost(slopes: Rows) -> tuple[float, Rows]:
        values = rows @ slopes
        lost = float(weights @ (np.logaddexp(0, values) - labels * values)) + float(penalised * slopes @ slopes)
        return lost, rows.T @ (weights * (1 / (1 + np.exp(-values)) - labels)) + 2 * penalised * slopes

    nothing, free = np.zeros(rows.shape[1]), (None, None)
    return np.asarray(minimize(cost, nothing, jac=True, method="L-BFGS-B", bounds=[*bounds, free]).x)


# --- figures ----------------------------------------------------------------------------------------------------------


def held_out(name: str, groups: Mapping[str, Sequence[Case]], names: Names) -> list[Said]:
    """What a model that was fitted on the other collections says of this one's questions."""
    model = fitted({other: own for other, own in groups.items() if other != name}, names)
    said = []
    for case in groups[name]:
        lead = lead_of(case, model)
        sure = 0.0 if lead is None else confidence(Leads(model, (), evidence=lead[1]))
        said.append(Said(case.kind, lead is not None and lead[0] in case.right, sure))
    return said


def threshold_of(risk: float, said: Sequence[Said]) -> float:
    """The least confidence from which on at most a share `risk` of what is shown is wrong; 1 if none keeps it."""
    kept, wrong = 1.0, 0
    for number, each in enumerate(sorted(said, key=lambda each: -each.confidence), start=1):
        wrong += not each.right
        if wrong <= risk * number:
            kept = each.confidence
    return round(kept, 4)


def bands(said: Sequence[Said]) -> dict[str, tuple[int, float]]:
    """How many answers each of the words for confidence is shown with, and the share of right ones among them.

    Those that are "unlikely" are not shown.
    """
    by_word: dict[str, list[bool]] = {}
    for each in sorted(said, key=lambda each: -each.confidence):
        by_word.setdefault(confidence_words(each.confidence), []).append(each.right)
    return {word: (len(right), round(real.share(right), 3)) for word, right in by_word.items()}


def figures(said: Sequence[Said]) -> dict[str, float | None]:
    """Good leads before and after the threshold, what is shown of each kind, and how good confidence is."""
    own, near, off = ([s for s in said if s.kind == kind] for kind in ("own", "near", "off"))
    likely, right = np.array([s.confidence for s in said]), np.array([float(s.right) for s in said])
    shown, sure = likely >= 0.5, likely >= real.SURE
    values: dict[str, float] = {
        "questions": len(said),
        "right before the threshold": real.share(s.right for s in own),
        "good lead": real.share(s.right and s.confidence >= 0.5 for s in own),
        "answered": real.share(s.confidence >= 0.5 for s in own),
        "near-misses answered": real.share(s.confidence >= 0.5 for s in near),
        "off-topic answered": real.share(s.confidence >= 0.5 for s in off),
        "right of shown": real.share(right[shown]),
        "right of sure": real.share(right[sure]),
        "sure": int(sure.sum()),
        "AUROC own / near-miss": auroc([s.confidence for s in own], [s.confidence for s in near]),
        "Brier": float(np.mean((likely - right) ** 2)),
        "good leads at 9 in 10 right": real.good_at(0.9, likely, right) / len(own),
    }
    rounded = {name: value if isinstance(value, int) else round(value, 3) for name, value in values.items()}
    return {name: None if math.isnan(value) else value for name, value in rounded.items()}


if __name__ == "__main__":
    raise SystemExit(main())
