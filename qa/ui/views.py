"""Renders the conversation, the notice above it, the last build and the example questions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..ask.row_text import pairs_of
from ..ask.words import corrected_words, not_found_words
from ..build import BuildReport
from ..formats import extensions
from .answer_html import ANSWER_WORDS
from .chat import ChatState
from .conversation import Exchange
from .jobs import JobState, report_words
from .rendering.article import plain_words
from .templating import render


def exchange_html(exchange: Exchange) -> str:
    """Render one question with its answer, its problem, or neither while it is being answered."""
    return render(
        "exchange.html",
        turn=exchange.number,
        question=exchange.question,
        answer=exchange.answer,
        problem=exchange.problem,
        verdict=exchange.verdict,
        **ANSWER_WORDS,
    )


def problem_html(problem: str) -> str:
    """Render the sentence of an error as a paragraph."""
    return render("problem.html", problem=problem)


def spoken(exchange: Exchange) -> str:
    """Return what a screen reader announces when an exchange is complete."""
    if exchange.answer is None:
        return exchange.problem
    if exchange.answer.lead is None:
        return not_found_words(exchange.answer)
    correction, short = corrected_words(exchange.answer), exchange.answer.lead.pieces()[1]
    row = exchange.answer.lead.row
    document = exchange.answer.citations[exchange.answer.lead.citation - 1].document
    quoted = plain_words(exchange.answer.lead.text, document) if row is None else pairs_of(row)
    correction, short = correction and f"{correction}. ", short and f"{short}. In full: "
    return f"{correction}Answer: {short}{quoted}"


def notice_html(state: ChatState, corpus: Path, text_files: Sequence[str] = ()) -> str:
    """Render what a user should know before asking; empty if all is well."""
    return render(
        "notice.html",
        state=state,
        job=state.job,
        corpus=str(corpus.resolve()),
        endings=", ".join(extensions(text_files)),
        **_WORDS,
    )


def progress_html(job: JobState) -> str:
    """Render how far the build is, in words and as a bar, with a button that stops it."""
    return render("progress.html", job=job)


def build_html(job: JobState, followed: bool = False, can_build: bool = True) -> str:
    """Render the last build for the Library tab; `followed` says that changes are indexed automatically."""
    report = "" if job.report is None else _built(job.report)
    return render(
        "build.html",
        job=job,
        report=report,
        problem=job.error,
        followed=followed,
        can_build=can_build,
        **_WORDS,
    )


def examples_html(questions: tuple[str, ...]) -> str:
    """Render the questions to try; a click asks one."""
    return render("examples.html", questions=questions)


def _built(report: BuildReport) -> str:
    if report.added or report.changed or report.renamed or report.removed or report.passages_encoded:
        return f"Index rebuilt: {report_words(report)}"
    return "Nothing has changed; the index is up to date."


_WORDS = {
    "elsewhere": "This index is built on another machine; this chat only reads it.",
    "go_on": "Rebuild to continue; finished work is kept.",
}
