"""Fit confidence in other languages than English: `python -m benchmarks.fit_languages XQUAD`, which changes lead.json.

`XQUAD` is the folder of benchmarks/languages.py. Where no reader reads, words alone choose the lead, in every language
with the weights of English articles: those that were fitted to other languages chose no better. What differs is how
sure that is, with multilingual-e5-small, whose cosines tell more there and from which English words are missing. So the
confidence of `words` is corrected: a logistic model over the same evidence, with that one's log-odds as a start, so
that what these sets do not contain (rows, headlines) keeps its weight. Their questions were written beside the
passages and are easier than those of people who search: right leads count less, so that they are as rare as among the
questions of the real collections. Figures are of each language held out in turn, and of the sets that are never fitted.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from benchmarks import real
from benchmarks.common import CACHE, ROOT, CachingEncoder
from benchmarks.fit_lead import LOWERS, RAISES, Case, Said, figures, lead_of, right_in, threshold_of
from benchmarks.language_sets import Asked, Collection, fitted, tested
from qa.ask.candidates import LEAD_PASSAGES, by_words
from qa.ask.confidence import confidence
from qa.ask.features import weighed
from qa.ask.lead import Leads
from qa.ask.lead_model import LeadModel, lead_model
from qa.engine import Engine
from qa.evaluate.run import Dataset, index_dataset
from qa.models.encoders import load_encoder
from qa.models.packaged import NAME

# The weight of a right lead beside 1 for a wrong one: the odds of right leads are .52 among the questions of the real
# collections, by words alone, and .88 among the questions here that are in the language of the articles.
_RIGHT = 0.59
# The most that confidence can be. In one language that was held out, Persian, a third of what was sure was wrong: so by
# words alone nothing is, whatever the other languages say.
_MOST = 0.84
_PENALTY = 0.002  # of squared corrections, of standardised features
# What is corrected. The shapes of units are too rare here, and all these collections are of a few sizes.
_CORRECTED = (
    "strength", "score", "share", "top_cosine", "article_gap", "passage_gap", "coverage", "peak", "number_missing",
    "names_missing", "word_missing", "no_number",
)  # fmt: skip
_RISKS = tuple(number / 100 for number in range(1, 41))

Rows = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Led:
    """The evidence for a question's lead (None if nothing was found), and whether that is right."""

    kind: str
    evidence: Mapping[str, float] | None
    right: bool


def main() -> int:
    """Fit, print the figures by language before and after, and write the model that is fitted on all languages."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0])
    parser.add_argument("xquad", type=Path)
    folder = parser.parse_args().xquad
    encoder = CachingEncoder(load_encoder(NAME, index=CACHE))
    asked = [(each, list(led(each, encoder))) for each in fitted(folder)]
    before, after = lead_model("words"), model_of([own for _, own in asked])
    held_out: list[Said] = []  # without a limit, by which the thresholds would be alike
    for collection, own in asked:
        others = [rows for other, rows in asked if other.language != collection.language]
        model = model_of(others)
        held_out += judged(own, replace(model, most=1.0))
        report(collection.name, judged(own, before), judged(own, model))
    for collection in tested(folder):
        own = list(led(collection, encoder))
        report(collection.name, judged(own, before), judged(own, after))
    write(after, held_out)
    return 0


def led(collection: Collection, encoder: CachingEncoder) -> Iterator[Led]:
    """Asks the questions of a collection."""
    with tempfile.TemporaryDirectory(prefix="qa-languages-") as place:
        dataset = Dataset(collection.name, list(collection.passages), [], {})
        engine, _ = index_dataset(dataset, encoder, Path(place))
        for question in collection.questions:
            yield _led(question, engine)
        engine.close()


def _led(question: Asked, engine: Engine) -> Led:
    ranking = engine.search(question.text, LEAD_PASSAGES)
    candidates = tuple(by_words(ranking, {}))
    is_right = right_in(tuple(map(real.fold, question.answers)), frozenset([question.passage]))
    right = frozenset(n for n, each in enumerate(candidates) if question.kind == "own" and is_right(each.unit))
    found = lead_of(Case(question.kind, ranking, candidates, right, {}), lead_model("words"))
    return Led(question.kind, None, False) if found is None else Led(question.kind, found[1], found[0] in right)


def model_of(groups: Iterable[Sequence[Led]]) -> LeadModel:
    """The model of words, with its confidence corrected for these questions; each group weighs the same."""
    words = lead_model("words")
    groups = [[each for each in own if each.evidence is not None] for own in groups]
    every = [(each.evidence or {}, each.right) for own in groups for each in own]
    rows = np.array([[evidence[name] for name in _CORRECTED] for evidence, _ in every])
    right = np.array([float(is_right) for _, is_right in every])
    start = np.array([words.intercept + weighed(evidence, words.confidence) for evidence, _ in every])
    weights = np.concatenate([np.full(len(own), 1 / len(own)) for own in groups]) * np.where(right > 0, _RIGHT, 1)
    mean, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    bounds = []
    for name, size in zip(_CORRECTED, spread, strict=True):
        zero = -words.confidence[name] * float(size)
        bounds.append((zero if name in RAISES else None, zero if name in LOWERS else None))
    *scaled, intercept = _corrections((rows - mean) / spread, right, start, weights / weights.sum(), bounds)
    slopes = np.array(scaled) / spread
    added = dict(zip(_CORRECTED, slopes.tolist(), strict=True))
    return replace(
        words,
        intercept=round(words.intercept + float(intercept - slopes @ mean), 5),
        confidence={name: round(weight + added.get(name, 0.0), 5) for name, weight in words.confidence.items()},
        most=_MOST,
    )


def _corrections(
    rows: Rows, right: Rows, start: Rows, weights: Rows, bounds: Sequence[tuple[float | None, float | None]]
) -> Rows:
    """What to add to the slopes of a logistic model whose log-odds are `start`, and to its intercept, which is last."""
    rows = np.column_stack([rows, np.ones(len(rows))])
    penalised = np.append(np.full(rows.shape[1] - 1, _PENALTY), 0.0)

    def cost(added: Rows) -> tuple[float, Rows]:
        values = start + rows @ added
        lost = float(weights @ (np.logaddexp(0, values) - right * values)) + float(penalised * added @ added)
        return lost, rows.T @ (weights * (1 / (1 + np.exp(-values)) - right)) + 2 * penalised * added

    nothing = np.zeros(rows.shape[1])
    return np.asarray(minimize(cost, nothing, jac=True, method="L-BFGS-B", bounds=[*bounds, (None, None)]).x)


def judged(own: Sequence[Led], model: LeadModel) -> list[Said]:
    """What a model says of these questions."""
    return [
        Said(
            each.kind,
            each.right,
            0.0 if each.evidence is None else confidence(Leads(model, (), evidence=each.evidence)),
        )
        for each in own
    ]


def report(name: str, before: Sequence[Said], after: Sequence[Said]) -> None:
    """Print the figures of a collection before and after."""
    for when, said in (("before", before), ("after", after)):
        print(name, when, json.dumps(figures(said)), flush=True)


def write(model: LeadModel, held_out: Sequence[Said]) -> None:
    """Write the model into lead.json, with the thresholds that the held-out languages give."""
    path = ROOT / "qa" / "ask" / "lead.json"
    written = json.loads(path.read_text("utf-8"))
    thresholds = [(risk, threshold_of(risk, held_out)) for risk in _RISKS]
    written["languages"] = {
        "confidence": {"intercept": model.intercept, "weights": dict(model.confidence), "most": model.most},
        "thresholds": [(risk, least if least <= model.most else 1.0) for risk, least in thresholds],
        "held_out": {"all": figures([replace(each, confidence=min(each.confidence, model.most)) for each in held_out])},
    }
    path.write_text(json.dumps(written, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
