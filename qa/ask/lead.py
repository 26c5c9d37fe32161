"""Ranked hits → the unit that leads the answer, and the evidence for and against it.

Each unit of the first passages has a strength: a weighted sum of features of the question's words and, with a reader,
of its judgements. With a reader, the strongest few are read once more, each by itself, and the strongest of these
leads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ..models.protocols import Reader
from ..text.kin import with_kin
from . import traits
from .candidates import Candidate, by_reader, by_words, strongest
from .features import Features, weighed
from .lead_model import LeadModel, lead_model
from .ranking import Ranking

READ_ALONE = 8  # the strongest units, which are read by themselves; 8 to all of them choose alike
_MOST_GAP = 5.0  # in strength, to the best unit of another article; also where there is none


@dataclass(frozen=True, slots=True)
class Leads:
    """All candidates, in the order of the passages, and the best of them (None without hits).

    `finalists` are those among which the best one was chosen, strongest first. `evidence` are the features of its
    confidence, and `model` has their weights. `unread` counts the passages and units for which there was no time.
    `others` are units of other articles that say the same as the best with other values, the newest first.
    """

    model: LeadModel
    candidates: tuple[Candidate, ...]
    best: Candidate | None = None
    finalists: tuple[Candidate, ...] = ()
    evidence: Features = field(default_factory=dict)
    unread: int = 0
    others: tuple[Candidate, ...] = ()


def leads_of(
    ranking: Ranking,
    reader: Reader | None,
    seconds: float,
    contexts: Mapping[str, str],
    candidates: Sequence[Candidate] | None = None,
) -> Leads:
    """The candidates in a ranking's first passages, and the best of them.

    Reading takes at most about `seconds` of work. `contexts` gives title and path by document. If the first passage was
    not read (without a reader, or in a language that it cannot read), words alone decide. Otherwise `candidates` are
    those of the reader, if they are known.
    """
    if reader is None or not ranking.hits or ranking.hits[0].judgement is None:
        model = lead_model("languages" if ranking.evidence.multilingual else "words")
        worded = tuple(by_words(ranking, model.strength))
        return _first(Leads(model, worded, finalists=strongest(worded, READ_ALONE)), ranking, contexts)
    model = lead_model("read")
    read = tuple(by_reader(ranking, model.strength) if candidates is None else candidates)
    chosen = strongest(read, READ_ALONE)
    judgements = reader.read(ranking.query.text, [each.unit.alone() for each in chosen], seconds)
    finalists = []
    for each, judgement in zip(chosen, judgements, strict=True):
        if judgement is not None:
            features = {**each.features, **traits.read_alone(judgement)}
            answer = (
                traits.likeliest_cell(each.unit, judgement, with_kin(ranking.terms)) if each.unit.row else each.answer
            )
            strength = weighed(features, model.strength_alone)
            finalists.append(replace(each, features=features, strength=strength, answer=answer))
    leads = Leads(model, read, finalists=strongest(finalists, READ_ALONE), unread=len(chosen) - len(finalists))
    return _first(leads, ranking, contexts)


def evidence_for(best: Candidate, finalists: Sequence[Candidate], ranking: Ranking, context: str) -> dict[str, float]:
    """The features of the best candidate's confidence.

    Beside its own: how far its strength exceeds that of the best candidate of another article (at most 5), what it
    lacks, and what the ranking says of the topic. If it was read: how far its margin exceeds the best one in another
    passage, and the logarithm of the summed odds of all passages to answer.
    """
    document = best.unit.passage.document
    others = [each.strength for each in finalists if each.unit.passage.document != document]
    evidence = {
        **best.features,
        **traits.lacks(
            ranking.asked, best.unit, with_kin(ranking.terms), context, [hit.passage for hit in ranking.hits]
        ),
        "strength": best.strength,
        "article_gap": min(_MOST_GAP, best.strength - max(others, default=best.strength - _MOST_GAP)),
        "top_cosine": ranking.evidence.top_cosine,
        "coverage": ranking.evidence.coverage,
        "peak": ranking.evidence.peak,
        "passage_gap": ranking.evidence.margin,
        "log_passages": ranking.evidence.log_passages,
    }
    if "margin" in best.features:
        read = [hit.judgement for number, hit in enumerate(ranking.hits) if number != best.unit.hit and hit.judgement]
        margins = [judgement.margin for judgement in read if judgement.margin is not None]
        relevance = [hit.judgement.relevance for hit in ranking.hits if hit.judgement]
        evidence["margin_gap"] = best.features["margin"] - max(margins, default=traits.UNREAD)
        evidence["odds"] = float(np.logaddexp.reduce(relevance))
    return evidence


def led_by(leads: Leads, best: Candidate, ranking: Ranking, contexts: Mapping[str, str]) -> Leads:
    """The leads with another best candidate, and the evidence for it."""
    evidence = evidence_for(best, leads.finalists, ranking, contexts.get(best.unit.passage.document, ""))
    return replace(leads, best=best, evidence=evidence)


def _first(leads: Leads, ranking: Ranking, contexts: Mapping[str, str]) -> Leads:
    return led_by(leads, leads.finalists[0], ranking, contexts) if leads.finalists else leads
