"""How things stand, and what was asked → the HTML of the conversation, the notice above it and the examples.

It knows nothing about sessions or the server.
"""

from __future__ import annotations

from pathlib import Path

from ..ask.words import corrected_words, not_found_words
from ..build import BuildReport
from ..formats import PARSERS
from .answer_html import ANSWER_WORDS
from .conversation import Turn
from .desk import View
from .jobs import JobState, report_words
from .templating import render


def turn_html(turn: Turn) -> str:
    """Render one question with its answer, its problem, or neither while it is being answered."""
    return render(
        "turn.html",
        turn=turn.number,
        question=turn.question,
        answer=turn.answer,
        problem=turn.problem,
        verdict=turn.verdict,
        **ANSWER_WORDS,
    )


def problem_html(problem: str) -> str:
    """The sentence of an error as a paragraph."""
    return render("problem.html", problem=problem)


def spoken(turn: Turn) -> str:
    """What a screen reader says when the turn is answered."""
    if turn.answer is None:
        return turn.problem
    if turn.answer.lead is None:
        return not_found_words(turn.answer)
    shown, short = corrected_words(turn.answer), turn.answer.lead.pieces()[1]
    told = f"{short}. In full: " if short else ""
    return f"{shown}{'. ' if shown else ''}Answer: {told}{turn.answer.lead.text}"


def notice_html(view: View, corpus: Path) -> str:
    """Render what a person should know before asking; empty when all is well."""
    return render(
        "notice.html",
        view=view,
        job=view.job,
        corpus=str(corpus.resolve()),
        endings=", ".join(PARSERS),
        **_WORDS,
    )


def progress_html(job: JobState) -> str:
    """Render how far the build is, in words and as a bar, with a button that stops it."""
    return render("progress.html", job=job)


def build_html(job: JobState, followed: bool = False, only_reads: bool = False) -> str:
    """Render the last build for the Library tab; `followed` says that changes are indexed automatically."""
    report = "" if job.report is None else _built(job.report)
    return render(
        "build.html",
        job=job,
        report=report,
        problem=job.error,
        followed=followed,
        only_reads=only_reads,
        **_WORDS,
    )


def examples_html(questions: tuple[str, ...]) -> str:
    """Render the questions to try; a click asks one."""
    return render("examples.html", questions=questions)


def _built(report: BuildReport) -> str:
    if report.added or report.changed or report.renamed or report.removed or report.passages_encoded:
        return f"Index rebuilt: {report_words(report)}"
    return "Nothing had changed; the index is up to date."


_WORDS = {
    "elsewhere": "This index is built elsewhere; here it is only read.",
    "go_on": "Rebuild to go on: what was encoded is kept.",
}
