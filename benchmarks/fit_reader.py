"""Fits the weights of the reader relative to retrieval: `python -m benchmarks.fit_reader`.

Prints the effect of each weight on SQuAD articles that the reader was not trained on and the half of CLAPNQ for
fitting: of relevance on the order of passages, of each feature of a sentence on the choice of the lead, and of the
margin from which the short answer is shown. The constants chosen from these tables are in qa/ask/rereading.py and
qa/ask/lead.py. Judgements are cached, so that a repetition takes a minute.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import CACHE, CachingEncoder, CachingReader, f1
from benchmarks.judged import CLAPNQ, SQUAD_1, SQUAD_2, Case, ask, sample
from benchmarks.mixture import Numbers
from qa.ask import lead as leads
from qa.ask import rereading
from qa.ask.ranking import Hit
from qa.evaluate import metrics
from qa.evaluate.run import contains_answer
from qa.models.encoders import load_encoder
from qa.text.terms import analyze

_SETS = (SQUAD_1, SQUAD_2, CLAPNQ)


def expit(values: Numbers) -> Numbers:
    """The probabilities of logits."""
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -30, 30))))


@dataclass(frozen=True, slots=True)
class Sentences:
    """The candidate lead sentences of one question, one row each.

    `words` contains the share of terms, the passage's score, and the sum of the other word features, with weight 1;
    `read` contains relevance and margin, as logits.
    """

    article: str
    words: Numbers
    read: Numbers
    right: NDArray[np.bool_]


def main() -> None:
    """Print the tables."""
    encoder, reader = CachingEncoder(load_encoder(index=CACHE)), CachingReader()
    cases = {name: list(ask(sample(name, "fit"), encoder, reader)) for name in _SETS}
    print("\n".join(order_table({name: [c for c in own if c.kind == "own"] for name, own in cases.items()})))
    squad = [c for name in (SQUAD_1, SQUAD_2) for c in cases[name] if c.kind == "own"]
    print("\n".join(lead_table([rows for rows in map(sentences, squad) if rows is not None])))
    print("\n".join(short_table([c for c in cases[SQUAD_1] if c.kind == "own"])))


# --- the order of passages --------------------------------------------------------------------------------------------


def order_table(own: Mapping[str, Sequence[Case]]) -> list[str]:
    """nDCG@10 of each way to combine relevance with the fused score, for each set and on average."""
    forms: dict[str, Callable[[float, Hit], float]] = {
        "w · relevance": lambda w, hit: w * _relevance(hit),
        "w · (relevance + 0.3 margin)": lambda w, hit: w * (_relevance(hit) + 0.3 * _margin(hit)),
        "8 w · tanh(relevance / 8)": lambda w, hit: 8 * w * math.tanh(_relevance(hit) / 8),
        "8 w · sigmoid(relevance / 2)": lambda w, hit: 8 * w * float(expit(np.array(_relevance(hit) / 2))),
    }
    lines = [f"| order (in use: last, {rereading.RELEVANCE_WEIGHT / 8:g}) | w | {' | '.join(own)} | mean | recall@1 |"]
    for name, form in forms.items():
        for weight in (0.0, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2):
            ranked = {
                of: [
                    (sorted(case.ranking.hits, key=lambda h: (-h.score - form(weight, h), h.rank)), case.relevant)
                    for case in cases
                ]
                for of, cases in own.items()
            }
            ids = {of: [([h.passage.document for h in hits], rel) for hits, rel in rows] for of, rows in ranked.items()}
            scores = [float(np.mean([metrics.ndcg(run, rel) for run, rel in rows])) for rows in ids.values()]
            first = [float(np.mean([rel.get(run[0], 0) > 0 for run, rel in rows])) for rows in ids.values()]
            cells = [*scores, float(np.mean(scores)), float(np.mean(first))]
            lines.append(f"| {name} | {weight} | {' | '.join(f'{cell:.4f}' for cell in cells)} |")
    return lines


def _relevance(hit: Hit) -> float:
    return hit.judgement.relevance if hit.judgement else 0.0


def _margin(hit: Hit) -> float:
    return (hit.judgement.margin if hit.judgement else None) or 0.0


# --- the lead ---------------------------------------------------------------------------------------------------------


def sentences(case: Case) -> Sentences | None:
    """The candidate lead sentences; None if not all of their passages were read."""
    ranking = case.ranking.readings[0]
    scored = leads.score_sentences(ranking, analyze)
    hits = [ranking.hits[sentence.hit] for sentence in scored]
    if not scored or any(hit.judgement is None for hit in hits):
        return None
    relevance = np.array([_relevance(hit) for hit in hits])
    margin = np.array([sentence.found.margin if sentence.found else -30.0 for sentence in scored])
    share, passage = np.array([s.share for s in scored]), np.array([hit.score for hit in hits])
    known = leads.SHARE * share + leads.PASSAGE * passage
    known += leads.RELEVANCE * expit(relevance) + leads.MARGIN * expit(margin)
    words = np.stack([share, passage, np.array([s.score for s in scored]) - known], axis=1)
    right = np.array([contains_answer(sentence.text, case.query.answers) for sentence in scored])
    article = next(iter(case.relevant)).split("#")[0]
    return Sentences(article, words, np.stack([relevance, margin], axis=1), right)


def lead_table(asked: Sequence[Sentences]) -> list[str]:
    """How often the lead is right with weights chosen on the other articles, for each squashing of the logits."""
    squashes: dict[str, Callable[[Numbers], Numbers]] = {
        "words alone": np.zeros_like,
        "sigmoid of both": expit,
        "sigmoid of half": lambda read: expit(read / 2),
        "sigmoid of a quarter": lambda read: expit(read / 4),
        "an eighth": lambda read: read / 8,
    }
    articles = np.array([rows.article for rows in asked])
    in_use = np.array([[leads.SHARE, leads.PASSAGE, 1.0, leads.RELEVANCE, leads.MARGIN]])
    made = np.mean(hits(asked, expit, in_use))
    lines = ["", f"| lead ({len(asked)} questions) | by other articles | by all | weights |"]
    lines.append(f"| in use | | {made:.4f} | {_weights(in_use[0])} |")
    for name, squash in squashes.items():
        read = (0.0,) if name == "words alone" else (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0)
        grid = np.array(list(itertools.product((1.0, 1.5, 2.0, 3.0, 4.0), (1.0, 2.0, 3.0, 4.0), (1.0,), read, read)))
        right = hits(asked, squash, grid)
        others = [
            right[articles == article, np.argmax(right[articles != article].mean(axis=0))]
            for article in np.unique(articles)
        ]
        best = int(np.argmax(right.mean(axis=0)))
        cells = np.concatenate(others).mean(), right[:, best].mean()
        lines.append(f"| {name} | {' | '.join(f'{cell:.4f}' for cell in cells)} | {_weights(grid[best])} |")
    return lines


def hits(asked: Sequence[Sentences], squash: Callable[[Numbers], Numbers], grid: Numbers) -> NDArray[np.bool_]:
    """Whether the best sentence of each question is right for each row of weights: shape (questions, rows)."""
    features = np.concatenate([np.concatenate([rows.words, squash(rows.read)], axis=1) for rows in asked])
    right = np.concatenate([rows.right for rows in asked])
    starts = np.cumsum([0, *(len(rows.right) for rows in asked)][:-1])
    scores = features @ grid.T
    best = np.maximum.reduceat(scores, starts)
    return np.asarray(np.maximum.reduceat(np.where(right[:, None], scores, -np.inf), starts) >= best)


def _weights(row: Numbers) -> str:
    return f"share {row[0]:g}, passage {row[1]:g}, relevance {row[3]:g}, margin {row[4]:g}"


# --- the short answer -------------------------------------------------------------------------------------------------


def short_table(own: Sequence[Case]) -> list[str]:
    """For each margin: how many short answers are shown, how many of them match a known answer, and their F1."""
    said = [row for row in map(_said, own) if row is not None]
    lines = [
        "",
        f"| short answer from (in use: {leads.SURE_MARGIN}) | shown | overlaps a known one | F1 of those |",
    ]
    for least in (-30, -6, -4, -3, -2, -1, 0, 1, 2, 3, 4, 6):
        shown = [best for margin, best in said if margin >= least]
        overlap, score = (float(np.mean(x)) if x else math.nan for x in ([b > 0 for b in shown], shown))
        lines.append(f"| {least} | {len(shown) / len(own):.3f} | {overlap:.3f} | {score:.3f} |")
    return lines


def _said(case: Case) -> tuple[float, float] | None:
    """The margin of the answer in the lead, and its F1; None if the question asks for a sentence."""
    ranking = case.ranking.readings[0]
    lead = max(leads.score_sentences(ranking, analyze), key=lambda sentence: sentence.score)
    if lead.found is None or leads.wants_a_sentence(ranking):
        return None
    start = lead.span.start
    text = lead.text[lead.found.span.start - start : lead.found.span.end - start]
    return lead.found.margin, max(f1(text, known) for known in case.query.answers)


if __name__ == "__main__":
    main()
