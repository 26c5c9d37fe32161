"""Measures the program's answers on the development sets: `python -m benchmarks.quality [PART …]`.

The parts (by default all): `real` and `collections`: real questions about real articles, the latter of which nothing is
fitted to; `topics`: the effect of other turns on questions that do not need them; `words`: retrieval, leads and
abstention on all questions of each set, without the reader; `reader`: the contribution of each stage, on questions that
nothing was fitted or trained on (benchmarks/judged.py); `conversations`, `news` and `speed`. Each part replaces its
figures in docs/quality.json, from which docs/quality.md and its pictures are written. The sets are research data next
to the project; an error message reports if they are missing.
"""

from __future__ import annotations

import json
import math
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks import real
from benchmarks.common import (
    ARTICLES,
    CACHE,
    ROOT,
    SETS,
    CachingEncoder,
    CachingReader,
    f1,
    in_fit,
    interval,
    machine,
    off_topic_questions,
)
from benchmarks.conversations import measure as measure_conversations
from benchmarks.judged import DATASETS, SQUAD_1, SQUAD_2, Case, Kind, ask, sample, without_titles
from benchmarks.mixture import Numbers, error_if_true, in_mixture, risk, weighted
from benchmarks.quality_page import write
from benchmarks.topic_changes import measure as measure_topics
from qa.ask import search
from qa.ask.answer import Answer
from qa.ask.compose import compose
from qa.ask.confidence import judge
from qa.ask.lead import leads_of
from qa.ask.sources import Facts
from qa.build import build
from qa.config import Config
from qa.engine import Engine
from qa.evaluate import evaluate, metrics
from qa.evaluate.run import (
    Dataset,
    LabelledQuery,
    Outcome,
    ask_all,
    contains_answer,
    figures,
    index_dataset,
    read_dataset,
)
from qa.models.encoders import load_encoder
from qa.models.protocols import Encoder, Reader
from qa.models.reader import shipped_reader

FITTED = DATASETS[:4]
THRESHOLDS = np.linspace(0, 0.99, 100)
_LATENCY_QUESTIONS = 200
_TITLED = 150  # questions that are asked of passages without their titles too: other passages have to be read
_NOWHERE = Facts("", {}, {}, frozenset(), {})


def main() -> int:
    """Measure the named parts and write the report; returns 1 if a target is missed, 2 if the sets are missing."""
    if not SETS.is_dir():
        print(f"The development sets are missing ({SETS.name}/ next to the project): nothing was measured.")
        return 2
    encoder, reader = CachingEncoder(load_encoder(index=CACHE)), CachingReader()
    parts: dict[str, Callable[[], Any]] = {
        "real": lambda: _real(reader),
        "collections": lambda: _collections(reader),
        "topics": lambda: {name: asdict(each) for name, each in measure_topics(reader).items()},
        "words": lambda: _words(encoder),
        "reader": lambda: _read(encoder, reader),
        "conversations": lambda: measure_conversations(encoder, reader),
        "news": lambda: _news(encoder, reader),
        "speed": _speed,
    }
    path = ROOT / "docs" / "quality.json"
    report = json.loads(path.read_text("utf-8"))
    for name in sys.argv[1:] or parts:
        report[name] = {"date": date.today().isoformat(), "machine": machine(), "figures": parts[name]()}
        path.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
        print(name, json.dumps(report[name]), flush=True)
    missed = write(report, ROOT / "docs")
    print("missed targets:", missed or "none")
    return 1 if missed else 0


# --- real articles ----------------------------------------------------------------------------------------------------


def _real(reader: CachingReader) -> dict[str, Any]:
    """Where the evidence is found in each real collection, with the figures of the fit that held it out."""
    fit = json.loads((ROOT / "qa" / "ask" / "lead.json").read_text("utf-8"))
    rows = real.answered(real.REAL, reader)
    rows["all real"] = [row for own in rows.values() for row in own]
    found = {name: real.figures(own) for name, own in rows.items()}
    held_out = fit["read"]["held_out"]
    return {
        "collections": {
            name: {**{key: each[key] for key in ("evidence@1", "evidence@3", "evidence@5")}, **held_out[name]}
            for name, each in found.items()
        },
        "by_words": {name: each for name, each in fit["words"]["held_out"].items() if name in found},
        "bands": {kind: fit[kind]["bands"] for kind in ("read", "words")},
        "thresholds": fit["read"]["thresholds"],
    }


def _collections(reader: CachingReader) -> dict[str, dict[str, float | None]]:
    """The figures of the project's own collections, to which nothing is fitted."""
    rows = real.answered(real.OWN, reader)
    rows["all"] = [row for own in rows.values() for row in own]
    return {
        name: {key: None if math.isnan(value) else value for key, value in real.figures(own).items()}
        for name, own in rows.items()
    }


# --- what each part adds ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Judged:
    """The scores of one answer; NaN if the question has no data for one.

    `short` is the F1 of the short answer, NaN if none is shown; `best` is that of the likeliest answer in the passage
    that is labelled as relevant.
    """

    kind: Kind
    ndcg: float
    first: float
    lead: float
    short: float
    best: float
    confidence: float


def _read(encoder: CachingEncoder, reader: CachingReader) -> dict[str, Any]:
    sets, sure = {}, {}
    for name in DATASETS:
        given = sample(name, "held-out")
        own = replace(given, questions={"own": given.questions["own"]})
        fewer = replace(own, questions={"own": given.questions["own"][:_TITLED]})
        with _meaning_alone():
            dense = [_judged(case) for case in ask(own, encoder, None)]
        fused = [_judged(case) for case in ask(given, encoder, None)]
        read = [_judged(case, reader) for case in ask(given, encoder, reader)]
        bare = [_judged(case, reader) for case in ask(without_titles(fewer), encoder, reader)]
        asked = {kind: len(queries) for kind, queries in given.questions.items() if queries}
        sets[name] = {
            "asked": asked,
            "steps": {
                "meaning alone": _row(dense),
                "+ words": _row(fused),
                "+ reader": _row(read),
                f"of {len(bare)} questions": _row(_own(read)[:_TITLED]),
                f"of {len(bare)} questions, without titles": _row(bare),
            },
            "answers": _short(_own(read)),
            "confidence": {"without the reader": _separation(fused), "with the reader": _separation(read)},
        }
        sure[name] = {"words": _sure(fused), "reader": _sure(read)}
        print(name, json.dumps(sets[name]), flush=True)
    return {"sets": sets, "curves": _curves(sure)}


@contextmanager
def _meaning_alone() -> Iterator[None]:
    with patch.object(search, "dense_shares", lambda question, pool, made_for: 1.0):
        yield


def _judged(case: Case, reader: CachingReader | None = None) -> Judged:
    """Composed as the program does, and never abstained."""
    leads = leads_of(case.ranking, reader, float("inf"), {})
    verdict = judge(leads, 0.0)
    answer = compose(case.query.text, case.ranking, leads, verdict, _NOWHERE, len(case.ranking.hits))
    ranked = [hit.passage.document for hit in case.ranking.hits]
    known = case.query.answers if case.kind == "own" else ()
    judged = bool(case.relevant)
    return Judged(
        case.kind,
        metrics.ndcg(ranked, case.relevant, 10) if judged else math.nan,
        metrics.recall(ranked, case.relevant, 1) if judged else math.nan,
        float(answer.lead is not None and contains_answer(answer.lead.text, known)) if known else math.nan,
        _short_f1(answer, known),
        _best_f1(case, known),
        answer.confidence,
    )


def _short_f1(answer: Answer, known: Sequence[str]) -> float:
    shown = answer.lead.pieces()[1] if answer.lead else ""
    return max(f1(shown, each) for each in known) if shown and known else math.nan


def _best_f1(case: Case, known: Sequence[str]) -> float:
    hit = next((hit for hit in case.ranking.hits if hit.passage.document in case.relevant), None)
    if not known or hit is None or hit.judgement is None or not hit.judgement.answers:
        return math.nan
    best = max(hit.judgement.answers, key=lambda found: found.margin).span
    start = hit.passage.span.start
    return max(f1(hit.passage.text[best.start - start : best.end - start], each) for each in known)


def _own(judged: Sequence[Judged]) -> list[Judged]:
    return [each for each in judged if each.kind == "own"]


def _row(judged: Sequence[Judged]) -> dict[str, list[float] | None]:
    own = _own(judged)
    columns = {
        "ndcg@10": [each.ndcg for each in own],
        "recall@1": [each.first for each in own],
        "answer_in_lead": [each.lead for each in own if not math.isnan(each.lead)],
    }
    return {name: _rounded(interval([column])) if column else None for name, column in columns.items()}


def _short(own: Sequence[Judged]) -> dict[str, Any] | None:
    """The figures of the short answers that are shown, and of the likeliest ones in the relevant passages."""
    shown = [each.short for each in own if not math.isnan(each.short)]
    best = [each.best for each in own if not math.isnan(each.best)]
    if not best:
        return None
    return {
        "shown": round(len(shown) / len(own), 4),
        "overlaps": _rounded(interval([[float(score > 0) for score in shown]])) if shown else None,
        "f1": _rounded(interval([shown])) if shown else None,
        "f1_in_passage": _rounded(interval([best])),
    }


def _separation(judged: Sequence[Judged]) -> dict[str, Any]:
    """The separation of own questions from others, the calibration of confidence, and the share of answers."""
    sure = {kind: rows[:, 0] for kind, rows in _sure(judged).items()}
    mixture, truth = in_mixture(sure)
    return {
        "auroc": {
            kind: _rounded(interval([sure["own"], sure[kind]], metrics.auroc, 300)) for kind in sure if kind != "own"
        },
        "calibration_error": round(metrics.calibration_error(mixture, truth), 4),
        "calibration_error_if_true": round(error_if_true(mixture), 4),
        "answered": {kind: round(float((rows >= Config().least_confidence).mean()), 4) for kind, rows in sure.items()},
    }


def _sure(judged: Sequence[Judged]) -> dict[Kind, Numbers]:
    """Confidence, and whether the lead contains the answer, one row for each question, by kind."""
    kinds = dict.fromkeys(each.kind for each in judged)
    return {kind: np.array([[e.confidence, e.lead] for e in judged if e.kind == kind]) for kind in kinds}


def _curves(sure: Mapping[str, Mapping[str, Mapping[Kind, Numbers]]]) -> dict[str, Any]:
    """The reliability of each set, and the share of wrong answers, over the fitted sets and where it is known."""
    drawn = {name: {model: in_mixture(kinds) for model, kinds in models.items()} for name, models in sure.items()}
    reliability = {
        name: [[round(p, 4), round(share, 4), n] for p, share, n in metrics.calibration_curve(rows[:, 0], truth)]
        for name, (rows, truth) in ((name, models["reader"]) for name, models in drawn.items())
    }
    missing: Callable[[Numbers, Numbers], Numbers] = lambda rows, truth: 1 - truth  # noqa: E731
    either: Callable[[Numbers, Numbers], Numbers] = lambda rows, truth: 1 - truth * (rows[:, 1] == 1)  # noqa: E731
    whole = {name: {model: weighted(kinds) for model, kinds in models.items()} for name, models in sure.items()}
    fitted, squad = ({name: whole[name] for name in names} for names in (FITTED, (SQUAD_1, SQUAD_2)))
    return {
        "reliability": reliability,
        "risk": {
            "no answer, words alone": _risk(fitted, "words", missing),
            "no answer": _risk(fitted, "reader", missing),
            "no answer, SQuAD": _risk(squad, "reader", missing),
            "none or another sentence, SQuAD": _risk(squad, "reader", either),
        },
    }


def _risk(
    asked: Mapping[str, Mapping[str, tuple[Numbers, Numbers, Numbers]]],
    model: str,
    wrong: Callable[[Numbers, Numbers], Numbers],
) -> list[list[float]]:
    """(threshold, share answered, share of those wrong, share of own answered); each set has the same weight."""
    drawn = [models[model] for models in asked.values()]
    sets = [(rows[:, 0], truth, wrong(rows, truth), weights) for rows, truth, weights in drawn]
    made = []
    for threshold in THRESHOLDS:
        answered, lost = risk(threshold, [(sure, bad, weights) for sure, _, bad, weights in sets])
        of_own, _ = risk(
            threshold, [(sure[own == 1], bad[own == 1], weights[own == 1]) for sure, own, bad, weights in sets]
        )
        if answered:
            made.append([round(float(x), 4) for x in (threshold, answered, lost, of_own)])
    return made


def _rounded(values: Sequence[float]) -> list[float]:
    return [round(value, 4) for value in values]


# --- by words alone, over all questions -------------------------------------------------------------------------------


def _words(encoder: Encoder) -> dict[str, Any]:
    sets, confidences, outcomes = {}, [], []
    for name in DATASETS:
        sets[name], sure, held = _measure(name, encoder)
        if name in FITTED:
            confidences += sure
            outcomes += held
        print(name, json.dumps(sets[name]), flush=True)
    curve = metrics.calibration_curve(confidences, outcomes)
    return {
        "sets": sets,
        "calibration": {
            "questions": len(outcomes),
            "error": round(metrics.calibration_error(confidences, outcomes), 4),
            "curve": [[round(p, 4), round(share, 4), n] for p, share, n in curve],
        },
    }


def _measure(name: str, encoder: Encoder) -> tuple[dict[str, Any], list[float], list[bool]]:
    """A set's figures, and confidence and truth of as many off-topic as answerable held-out questions."""
    dataset = read_dataset(SETS / name)
    off = [LabelledQuery(number, text, (), False) for number, text in off_topic_questions()]
    with tempfile.TemporaryDirectory() as place:
        engine, seconds = index_dataset(dataset, encoder, Path(place))
        own = list(ask_all(engine, dataset))
        strangers = list(ask_all(engine, Dataset(name, dataset.passages, off, {})))
        del engine
    measured = figures(dataset, own, seconds)
    near_miss = measured.pop("answerable_auroc")
    for absent in ("latency_ms", "build", "dataset", "calibration_error"):
        measured.pop(absent)  # embeddings come from a cache here; confidence has its own columns
    answerable = [o for o in own if o.query.answerable]
    measured["off_topic_auroc"] = _auroc(answerable, strangers)
    measured["off_topic_auroc_held_out"] = _auroc(_held_out(answerable), _held_out(strangers))
    measured["near_miss_auroc"] = near_miss
    sure, truth = _even(_held_out(answerable), _held_out(strangers))
    measured["calibration_error"] = round(metrics.calibration_error(sure, truth), 4)
    threshold = Config().least_confidence
    measured["answered"] = _share([o.answer.confidence >= threshold for o in answerable])
    measured["off_topic_answered"] = _share([o.answer.confidence >= threshold for o in strangers])
    near = [o for o in own if not o.query.answerable]
    measured["near_miss_answered"] = _share([o.answer.confidence >= threshold for o in near])
    return measured, sure, truth


def _held_out(outcomes: list[Outcome]) -> list[Outcome]:
    return [outcome for outcome in outcomes if not in_fit(outcome.query.id)]


def _even(own: list[Outcome], strangers: list[Outcome]) -> tuple[list[float], list[bool]]:
    """Confidence and truth of the same number of each kind, since calibration depends on the mixture."""
    count = min(len(own), len(strangers))
    random = np.random.default_rng(11)
    picked = [own[i] for i in random.permutation(len(own))[:count]]
    picked += [strangers[i] for i in random.permutation(len(strangers))[:count]]
    return [o.answer.confidence for o in picked], [o.query.answerable for o in picked]


def _auroc(own: list[Outcome], strangers: list[Outcome]) -> float:
    return round(metrics.auroc([o.answer.confidence for o in own], [o.answer.confidence for o in strangers]), 4)


def _share(hits: list[bool]) -> float | None:
    return round(float(np.mean(hits)), 4) if hits else None


# --- real articles, and speed -----------------------------------------------------------------------------------------


def _news(encoder: Encoder, reader: Reader) -> dict[str, Any]:
    """The project's own questions on the two real news articles, which are indexed as a user would do."""
    lines = (ROOT / "benchmarks" / "news_questions.jsonl").read_text("utf-8").splitlines()
    questions = [json.loads(line) for line in lines]
    asked: dict[str, list[tuple[dict[str, Any], Answer]]] = {}
    with tempfile.TemporaryDirectory() as place:
        config = Config(corpus=Path(place) / "corpus", index=Path(place) / "index", reader_ms=math.inf)
        shutil.copytree(ARTICLES / "news", config.corpus)
        build(config, encoder)
        for name, setting in (("without the reader", "off"), ("with the reader", "")):
            engine = Engine.open(replace(config, reader=setting), encoder, reader=reader)
            asked[name] = [(question, engine.ask(question["question"])) for question in questions]
        with patch.object(search, "_are_duplicates", lambda one, other: False):
            asked["near-duplicates kept"] = [(question, engine.ask(question["question"])) for question in questions]
        del engine
    cited = [[[c.span for c in answer.citations] for _, answer in answers] for answers in asked.values()]
    return {
        "rows": {name: _news_row(answers) for name, answers in asked.items()},
        "cited_otherwise": sum(one != other for one, other in zip(cited[1], cited[2], strict=True)),
    }


def _news_row(answers: Sequence[tuple[dict[str, Any], Answer]]) -> dict[str, Any]:
    own = [(q, a) for q, a in answers if q["answerable"]]
    first = [a.citations[0].document == q["document"] for q, a in own]
    found = [
        any(contains_answer(c.text, q["evidence"]) for c in a.citations[:3] if c.document == q["document"])
        for q, a in own
    ]
    lead = [a.lead is not None and contains_answer(a.lead.text, q["evidence"]) for q, a in own]
    return {
        "answerable_questions": len(own),
        "right_article_first": _share(first),
        "evidence_in_top3": _share(found),
        "evidence_in_lead": _share(lead),
        "answered": _share([a.answerable for _, a in own]),
        "unanswerable_questions": len(answers) - len(own),
        "abstained": _share([not a.answerable for q, a in answers if not q["answerable"]]),
        "missed": [q["question"] for (q, _), f, e in zip(own, first, found, strict=True) if not (f and e)],
        "answered_wrongly": [q["question"] for q, a in answers if a.answerable and not q["answerable"]],
    }


def _speed() -> dict[str, Any]:
    """Times without caches: whole answers and building without the reader, and reading the first ten passages, warm."""
    encoder, reader = load_encoder(index=CACHE), shipped_reader()
    measured = evaluate(SETS / "clapnq-dev", encoder, limit=_LATENCY_QUESTIONS)
    given = sample(SQUAD_1, "held-out")
    few = replace(given, questions={"own": given.questions["own"][: _LATENCY_QUESTIONS // 2]})
    times = []
    for case in ask(few, CachingEncoder(encoder), None):
        passages = [hit.passage for hit in case.ranking.hits]
        started = time.perf_counter()
        reader.read(case.query.text, passages, math.inf)
        times.append(1e3 * (time.perf_counter() - started))
    times = times[len(times) // 10 :]  # warm-up
    return {
        "latency_ms": measured["latency_ms"],
        "build": measured["build"],
        "read_ms": {"p50": round(float(np.median(times)), 1), "p95": round(float(np.percentile(times, 95)), 1)},
    }


if __name__ == "__main__":
    sys.exit(main())
