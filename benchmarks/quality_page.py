"""Writes docs/quality.md and its pictures from docs/quality.json, and compares the figures with their targets."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.conversations import table as conversations_table
from benchmarks.judged import CLAPNQ, CRANFIELD, INSCIT, SQUAD_1, SQUAD_2
from benchmarks.mixture import MIXTURE
from benchmarks.pictures import curves
from benchmarks.topic_changes import Changed
from benchmarks.topic_changes import table as topics_table

_READ, _FUSED = "+ reader", "+ words"
_LEAST_SHOWN = 10  # questions that a point of a curve stands for
_KINDS = {"own": "own", "off": "off-topic", "near": "near-miss"}


@dataclass(frozen=True, slots=True)
class Target:
    """A target for a figure: a minimum or a maximum."""

    name: str
    value: float
    wanted: float
    most: bool = False

    @property
    def met(self) -> bool:
        return self.value <= self.wanted if self.most else self.value >= self.wanted


def write(report: Mapping[str, Any], folder: Path) -> list[str]:
    """Write the page and its pictures; return the missed targets as text."""
    wanted = list(targets(report))
    for name, picture in pictures(report["reader"]["figures"]["curves"]).items():
        (folder / f"quality-{name}.svg").write_text(picture, "utf-8")
    (folder / "quality.md").write_text("\n".join(page(report, wanted)), "utf-8")
    return [f"{t.name}: {_cell(t.value)} ({_cell(t.wanted)})" for t in wanted if not t.met]


def targets(report: Mapping[str, Any]) -> Iterator[Target]:
    """The targets with the measured figures."""
    sets = report["reader"]["figures"]["sets"]
    steps = {name: each["steps"][_READ] for name, each in sets.items()}
    sure = {name: each["confidence"]["with the reader"] for name, each in sets.items()}
    for name in (SQUAD_1, SQUAD_2):
        yield Target(f"recall@1, {name}", steps[name]["recall@1"][0], 0.90)
        yield Target(f"nDCG@10, {name}", steps[name]["ndcg@10"][0], 0.945)
        yield Target(f"answer in the lead, {name}", steps[name]["answer_in_lead"][0], 0.80)
        yield Target(f"span F1 in the passage that answers, {name}", sets[name]["answers"]["f1_in_passage"][0], 0.70)
        yield Target(f"short answers that overlap a known one, {name}", sets[name]["answers"]["overlaps"][0], 0.80)
    yield Target(f"nDCG@10, {CLAPNQ}", steps[CLAPNQ]["ndcg@10"][0], 0.990)
    yield Target(f"near-miss AUROC, {CLAPNQ}", sure[CLAPNQ]["auroc"]["near"][0], 0.90)
    yield Target(f"near-miss AUROC, {SQUAD_2}", sure[SQUAD_2]["auroc"]["near"][0], 0.80)
    for name, each in sure.items():
        yield Target(f"off-topic AUROC, {name}", each["auroc"]["off"][0], 0.985)
    for name, each in sure.items():
        yield Target(f"calibration error, {name}", each["calibration_error"], 0.04, most=True)
    talks = report["conversations"]["figures"]
    yield Target("nDCG@10, inscit-dev with its conversations", talks[INSCIT]["read"], 0.785)
    for name, row in talks.items():
        least = max(row["last"], row["joined"]) - 0.005
        yield Target(f"nDCG@10, {name}: at least the better of last turn and joined, less .005", row["read"], least)
    news = report["news"]["figures"]["rows"]["with the reader"]
    yield Target("real articles: right article first", news["right_article_first"], 0.95)
    yield Target("real articles: evidence in the top 3", news["evidence_in_top3"], 0.90)
    yield Target("reading 10 passages, ms (median)", report["speed"]["figures"]["read_ms"]["p50"], 120, most=True)
    words = report["words"]["figures"]["sets"]
    for name, least in ((SQUAD_2, 0.905), (CLAPNQ, 0.983), (CRANFIELD, 0.43)):
        yield Target(f"nDCG@10 without the reader, all of {name}", words[name]["ndcg@10"], least)


def pictures(curves_of: Mapping[str, Any]) -> dict[str, str]:
    """The curves of the page, by name."""
    return {
        "reliability": curves(
            "Confidence and truth, with the reader",
            "confidence",
            "share that the passages can answer",
            {
                name: [(p, share) for p, share, count in points if count >= _LEAST_SHOWN]
                for name, points in curves_of["reliability"].items()
            },
            diagonal="perfect",
        ),
        "risk": curves(
            "Wrong answers",
            "share of all questions that are answered",
            "share of these answers that are wrong",
            {name: [(answered, risk) for _, answered, risk, _ in points] for name, points in curves_of["risk"].items()},
            top=0.5,
        ),
    }


def page(report: Mapping[str, Any], wanted: list[Target]) -> list[str]:
    """The lines of docs/quality.md."""
    read = report["reader"]["figures"]
    return [
        "# Quality",
        "",
        "Written by `python -m benchmarks.quality`, part by part:",
        "",
        *_parts(report),
        "",
        "Figures of different machines differ a little, because processors round the 8-bit models differently.",
        "Development sets are public question sets over real text, with one passage per record. Higher is better, except",
        "for calibration error and risk. Brackets contain 95 % bootstrap intervals over questions. All figures are in [quality.json](quality.json).",
        "",
        *_real(report["real"]["figures"]),
        *(_collections(report["collections"]["figures"]) if "collections" in report else ()),
        *(_topics(report["topics"]["figures"]) if "topics" in report else ()),
        "# Sets whose questions were written from their passages",
        "",
        "These sets are easier than real use: the authors of the questions had the passages in front of them.",
        "",
        *_wanted(wanted),
        *_steps(read["sets"]),
        *_answers(read["sets"]),
        *_confidence(read),
        "## Follow-ups",
        "",
        *conversations_table(report["conversations"]["figures"]),
        "",
        *_news(report["news"]["figures"]),
        *_words(report["words"]["figures"]),
        *_speed(report["speed"]["figures"]),
    ]


def _parts(report: Mapping[str, Any]) -> Iterator[str]:
    """Which parts were measured when, one line a machine."""
    for machine in dict.fromkeys(part["machine"] for part in report.values()):
        dates = [f"{name} {part['date']}" for name, part in report.items() if part["machine"] == machine]
        yield f"- {machine}: {', '.join(dates)}"


def _real(measured: Mapping[str, Any]) -> list[str]:
    collections = measured["collections"]
    rows = [name for name in next(iter(collections.values())) if name != "questions"]
    return [
        "# On real articles",
        "",
        "553 questions as people ask them, over a handbook, company filings, product documentation, stories, by-laws, papers,",
        "recipes and minutes. 159 are near-misses: on the topic and in the articles' words, but answered by none of them. 21 are",
        "off-topic. For each collection, the choice of the lead and its confidence were fitted on the other collections",
        "(`python -m benchmarks.fit_lead`); evidence@1 to @5 come from the shipped model, which was fitted on all of them. A lead",
        "is *right* if it contains what was asked for, and *good* if it is right and shown. *Sure* means a confidence of .85 or",
        "more. Answered, good and shown refer to the default threshold of .5.",
        "",
        f"| | {' | '.join(collections)} |",
        f"|---|{'--:|' * len(collections)}",
        f"| questions | {' | '.join(str(each['questions']) for each in collections.values())} |",
        *(f"| {row} | {' | '.join(_count(each[row]) for each in collections.values())} |" for row in rows),
        "",
        "What the words for confidence stand for on these questions, near-misses and off-topic ones included: how many answers",
        "are shown with each word, and the share of them that is right. *By words*: without the reader, which is also how other",
        "languages than English are answered (with the extra `languages`: [decisions.md](decisions.md#languages)).",
        "",
        "| | with the reader | right | by words | right |",
        "|---|--:|--:|--:|--:|",
        *_bands(measured["bands"]),
        "",
        "By words alone:",
        "",
        f"| | {' | '.join(measured['by_words'])} |",
        f"|---|{'--:|' * len(measured['by_words'])}",
        *(
            f"| {row} | {' | '.join(_count(each[row]) for each in measured['by_words'].values())} |"
            for row in rows
            if not row.startswith("evidence")
        ),
        "",
        "`QA_RISK` limits the share of wrong answers among those shown. Its thresholds come from all these questions:",
        "",
        "| share of shown answers that may be wrong | shown from a confidence of |",
        "|--:|--:|",
        *(
            f"| {_cell(risk)} | {'never' if least >= 1 else _cell(least)} |"
            for risk, least in measured["thresholds"]
            if risk in (0.05, 0.1, 0.15, 0.2, 0.25, 0.3)
        ),
        "",
    ]


def _collections(measured: Mapping[str, Mapping[str, float | None]]) -> list[str]:
    rows = [name for name in measured["all"] if name != "questions"]
    return [
        "## Collections that nothing is fitted to",
        "",
        "The project's own ([texts and licences](../benchmarks/collections/README.md)): a wiki, a textbook and a lexicon, asked as",
        "above, with the shipped model. They are for measuring alone.",
        "",
        f"| | {' | '.join(measured)} |",
        f"|---|{'--:|' * len(measured)}",
        f"| questions | {' | '.join(str(each['questions']) for each in measured.values())} |",
        *(f"| {row} | {' | '.join(_count(each[row]) for each in measured.values())} |" for row in rows),
        "",
    ]


def _topics(measured: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return ["## Changes of topic", "", *topics_table({name: Changed(**each) for name, each in measured.items()}), ""]


def _bands(bands: Mapping[str, Mapping[str, tuple[int, float]]]) -> Iterator[str]:
    for word in ("very likely", "likely", "possible"):
        cells = (bands[kind].get(word, (0, math.nan)) for kind in ("read", "words"))
        yield f"| {word} | {' | '.join(f'{count} | {_cell(right)}' for count, right in cells)} |"


def _count(value: float | None) -> str:
    return str(value) if isinstance(value, int) else _cell(value)


def _wanted(wanted: list[Target]) -> list[str]:
    missed = sum(not target.met for target in wanted)
    return [
        "## Targets",
        "",
        f"{len(wanted) - missed} met, {missed} missed. Nothing was fitted or trained on these questions (see below), except those",
        "of the last three rows and the conversations.",
        "",
        "| | measured | target | |",
        "|---|--:|--:|---|",
        *(
            f"| {t.name} | {_cell(t.value)} | {'≤' if t.most else '≥'} {_cell(t.wanted)} | {'met' if t.met else '**missed**'} |"
            for t in wanted
        ),
        "",
    ]


def _steps(sets: Mapping[str, Any]) -> list[str]:
    lines = [
        "## What each part adds",
        "",
        "Of both SQuAD sets, the questions are about the 12 articles on which nothing was trained or fitted; of clapnq-dev and",
        "cranfield, they are the half on which nothing was fitted. inscit-dev was used for neither, so all its questions count,",
        "with their conversations. The passages are those of the whole set. Since reading takes long, the questions are a sample,",
        "the same in every row: " + "; ".join(
            f"{name} " + " + ".join(f"{n} {_KINDS[kind]}" for kind, n in each["asked"].items())
            for name, each in sets.items()
        ) + ".",
        "*Meaning alone* is the order by embeddings; *+ words* fuses both searches; *+ reader* also reads the first ten passages,",
        "as the program does. In the rows without titles, no part of the program sees the title of a passage (in inscit-dev,",
        "nor its headings); compare them with the row above, which has the same questions. Near-duplicates cannot be measured",
        "here, since each passage is its own document: see [real articles](#real-articles).",
        "",
        "| set | | nDCG@10 | recall@1 | answer in the lead |",
        "|---|---|--:|--:|--:|",
    ]  # fmt: skip
    for name, each in sets.items():
        for number, (step, row) in enumerate(each["steps"].items()):
            cells = " | ".join(_interval(row[figure]) for figure in ("ndcg@10", "recall@1", "answer_in_lead"))
            lines.append(f"| {name if not number else ''} | {step} | {cells} |")
    return [
        *lines,
        "",
        "The lead is judged on every answerable question, before abstention. In clapnq-dev and inscit-dev, the known answers are",
        "whole paragraphs written by people, so the articles hardly ever contain them literally.",
        "",
    ]


def _answers(sets: Mapping[str, Any]) -> list[str]:
    rows = [(name, each["answers"]) for name, each in sets.items() if name in (SQUAD_1, SQUAD_2)]
    return [
        "## Short answers",
        "",
        "*Shown* is the share of answerable questions whose lead has a short answer. *Overlaps* is the share of these that has a",
        "word in common with a known answer. *F1* is by words and end to end, whether or not the passage is right. *In the",
        "passage* is F1 of the likeliest answer in the passage known to answer, if it was among the ten that were read.",
        "",
        "| set | shown | overlaps | F1 of those | F1 in the passage |",
        "|---|--:|--:|--:|--:|",
        *(
            f"| {name} | {_cell(a['shown'])} | {_interval(a['overlaps'])} | {_interval(a['f1'])} | {_interval(a['f1_in_passage'])} |"
            for name, a in rows
        ),
        "",
    ]


def _confidence(read: Mapping[str, Any]) -> list[str]:
    mixture = ", ".join(f"{share:.0%} {_KINDS[kind]}" for kind, share in MIXTURE.items()).replace("%", " %")
    lines = [
        "## Confidence and abstention",
        "",
        "Confidence is the probability that the lead answers the question, with the reader and without it.",
        "Here it is judged by whether the articles answer. *Off-topic* questions are real search questions about anything.",
        "*Near-misses* are questions about the same passages, which do not contain their answer (those of SQuAD 2 are also",
        "asked of squad-v1.1-dev). *AUROC* is the probability that an own question gets a higher confidence than such a",
        f"question. A probability holds only for a mixture: here it is judged for {mixture}",
        "questions; if a set has no near-misses, off-topic questions take their place. *If true* is the calibration error that",
        "perfectly true confidence would show with so few questions, since chance alone moves a tenth of confidence. *Answered*",
        "means with a confidence of at least .5, the default.",
        "",
        "| set | | off-topic AUROC | near-miss AUROC | calibration error | if true | answered | off-topic answered | near-miss answered |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for name, each in read["sets"].items():
        for number, (model, row) in enumerate(each["confidence"].items()):
            answered = " | ".join(_cell(row["answered"].get(kind)) for kind in _KINDS)
            aurocs = " | ".join(_interval(row["auroc"].get(kind)) for kind in ("off", "near"))
            errors = " | ".join(_cell(row[error]) for error in ("calibration_error", "calibration_error_if_true"))
            lines.append(f"| {name if not number else ''} | {model} | {aurocs} | {errors} | {answered} |")
    return [
        *lines,
        "",
        "![The share of questions that can be answered, by confidence](quality-reliability.svg)",
        "",
        f"Each point is a tenth of confidence with at least {_LEAST_SHOWN} questions.",
        "",
        *_risk(read["curves"]["risk"]),
    ]


def _risk(curve: Mapping[str, list[list[float]]]) -> list[str]:
    lines = [
        "### Risk",
        "",
        "*Risk* is the share of wrong answers in that mixture, over the held-out questions of all sets but inscit-dev. An answer",
        "is wrong if the articles do not contain one. In the last column, for the SQuAD sets, it is also wrong if the articles",
        "contain an answer and the lead does not, which is what `QA_RISK` refers to.",
        "",
        "![The share of wrong answers, by the share of answered questions](quality-risk.svg)",
        "",
        "| largest risk | least confidence | answerable questions answered | risk | risk on the SQuAD sets | with wrong leads |",
        "|--:|--:|--:|--:|--:|--:|",
    ]
    main, squad, either = (curve[name] for name in ("no answer", "no answer, SQuAD", "none or another sentence, SQuAD"))
    others = [{row[0]: row[2] for row in rows} for rows in (squad, either)]
    for wanted in (0.02, 0.05, 0.1, 0.15, 0.2, 0.25):
        row = next((row for row in main if all(later[2] <= wanted for later in main if later[0] >= row[0])), None)
        if row is None:
            lines.append(f"| {_cell(wanted)} | not reached | | | | |")
        else:
            cells = [row[0], row[3], row[2], *(other.get(row[0]) for other in others)]
            lines.append(f"| {_cell(wanted)} | {' | '.join(map(_cell, cells))} |")
    return [*lines, ""]


def _news(measured: Mapping[str, Any]) -> list[str]:
    rows = measured["rows"]
    one = next(iter(rows.values()))
    read = rows["with the reader"]
    columns = ("right_article_first", "evidence_in_top3", "evidence_in_lead", "answered", "abstained")
    return [
        "## Real articles",
        "",
        f"{one['answerable_questions']} questions that two news articles answer, and {one['unanswerable_questions']} that they do",
        "not (four off-topic, four near-misses), asked of the saved files:",
        "",
        "| | right article first | evidence in the top 3 passages | evidence in the lead | answered | rightly abstained |",
        "|---|--:|--:|--:|--:|--:|",
        *(f"| {name} | {' | '.join(_cell(row[column]) for column in columns)} |" for name, row in rows.items()),
        "",
        "Without the removal of near-duplicates, other passages are cited for "
        f"{measured['cited_otherwise']} of {one['answerable_questions'] + one['unanswerable_questions']} questions.",
        "",
        *([f"Missed: {'; '.join(read['missed'])}.", ""] if read["missed"] else []),
        *([f"Answered wrongly: {'; '.join(read['answered_wrongly'])}.", ""] if read["answered_wrongly"] else []),
    ]


def _words(measured: Mapping[str, Any]) -> list[str]:
    lines = [
        "## Without the reader, over all questions",
        "",
        "With `QA_READER=off`, and 1,800 off-topic search questions per set. *Held out* is the half of the questions on which the",
        "model of confidence without the reader was not fitted, with as many off-topic as answerable ones.",
        "",
        "| set | passages | questions | nDCG@10 | MRR@10 | recall@1 | recall@10 | recall@100 | answer in lead | in top 3 |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    sets = measured["sets"]
    columns = ("ndcg@10", "mrr@10", "recall@1", "recall@10", "recall@100", "answer_in_lead", "answer_in_top3")
    for name, m in sets.items():
        cells = " | ".join(_cell(m[column]) for column in columns)
        lines.append(f"| {name} | {m['passages']:,} | {m['queries']:,} | {cells} |")
    lines += [
        "",
        "| set | off-topic AUROC | held out | calibration error, held out | answered | off-topic answered "
        "| near-miss AUROC | near-miss answered |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    keys = (
        "off_topic_auroc", "off_topic_auroc_held_out", "calibration_error", "answered", "off_topic_answered",
        "near_miss_auroc", "near_miss_answered",
    )  # fmt: skip
    lines += [f"| {name} | {' | '.join(_cell(m[key]) for key in keys)} |" for name, m in sets.items()]
    calibration = measured["calibration"]
    return [
        *lines,
        "",
        f"Calibration error over {calibration['questions']:,} held-out questions of the four fitted sets: {_cell(calibration['error'])}.",
        "",
    ]


def _speed(speed: Mapping[str, Any]) -> list[str]:
    return [
        "## Speed of this version",
        "",
        f"On clapnq-dev, with nothing cached, one answer without the reader takes {speed['latency_ms']['p50']:.0f} ms (p50) and",
        f"{speed['latency_ms']['p95']:.0f} ms (p95). Reading the first ten passages of a squad-v1.1-dev question takes",
        f"{speed['read_ms']['p50']:.0f} ms (p50) and {speed['read_ms']['p95']:.0f} ms (p95) once the reader is loaded. A build",
        f"processes {speed['build']['passages_per_second']:.0f} passages a second.",
        "",
    ]


def _interval(values: list[float] | None) -> str:
    if values is None:
        return "–"
    return f"{_cell(values[0])} [{_cell(values[1])}, {_cell(values[2])}]"


def _cell(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}".lstrip("0") if value < 1 else f"{value:.3f}" if value < 10 else f"{value:.0f}"
