"""Renders the conversation, the notice above it, the last build and the example questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...ask.answer import Answer
from ...ask.row_text import pairs_of
from ...ask.words import confidence_words, corrected_words, not_found_words, title_of
from ...build import BuildReport
from ...conflicts.comparing import Progress
from ...formats import extensions, kind
from ...strings.catalogue import say
from ...strings.sentences import said
from ..answers.answer_html import suggestions_html
from ..answers.copies import cited
from ..answers.pins_html import pinned_of
from ..answers.templating import render
from ..conversations.exchange import Exchange
from ..library.jobs import JobState, report_words
from ..library.library_html import headline
from ..rendering.article import plain_words
from .chat import ChatState

_UNKNOWN: Mapping[str, str] = {}


def exchange_html(exchange: Exchange, waits: bool = False, languages: Mapping[str, str] = _UNKNOWN) -> str:
    """Render one question with its answer, its problem, or neither while it is answered or `waits` for an index.

    `languages` are those of the cited documents, as far as they are known.
    """
    return render(
        "exchange.html",
        turn=exchange.number,
        question=exchange.question,
        answer=exchange.answer,
        problem=exchange.problem,
        verdict=exchange.verdict,
        waits=waits,
        languages=languages,
        pin=None if exchange.answer is None else pinned_of(exchange.answer, exchange.scope),
    )


def turn_value(
    exchange: Exchange, is_last: bool, waits: bool = False, languages: Mapping[str, str] = _UNKNOWN
) -> dict[str, Any]:
    """Return one question as the page receives it: with what may be asked next only if it is the last."""
    suggestions = suggestions_html(exchange.suggestions, exchange.number) if is_last else ""
    html = exchange_html(exchange, waits, languages)
    return {"id": exchange.number, "question": exchange.question, "html": html, "next": suggestions}


def problem_html(problem: str) -> str:
    """Render the sentence of an error as a paragraph."""
    return render("problem.html", problem=problem)


def spoken(exchange: Exchange) -> str:
    """Return what a screen reader announces when an exchange is complete."""
    if exchange.answer is None:
        return said(exchange.problem)
    if exchange.answer.lead is None:
        return not_found_words(exchange.answer)
    correction, short = corrected_words(exchange.answer), exchange.answer.lead.pieces()[1]
    citation = cited(exchange.answer)
    certainty = said(confidence_words(exchange.answer.confidence)).capitalize()
    return " ".join(
        (
            *([f"{correction}."] if correction else []),
            *([say("Answer: {words}. In full:", words=short)] if short else [say("Answer:")]),
            _quotation(exchange.answer),
            say("{certainty}, from {title}.", certainty=certainty, title=title_of(citation)),
        )
    )


def quotation(exchange: Exchange, languages: Mapping[str, str]) -> tuple[str, str]:
    """Return the part of what is announced that is quoted, and its language; both empty if nothing is."""
    answer = exchange.answer
    if answer is None or answer.lead is None or answer.lead.is_stated:
        return "", ""
    return _quotation(answer), languages.get(cited(answer).document, "")


def _quotation(answer: Answer) -> str:
    assert answer.lead is not None
    if answer.lead.is_stated:
        return answer.lead.said
    row = answer.lead.row
    return plain_words(answer.lead.text, cited(answer).document) if row is None else pairs_of(row)


def shown(state: ChatState, corpus: Path, text_files: Sequence[str] = ()) -> dict[str, str]:
    """Return what every page shows of the index, by the part of the page that it is in, and its `version`."""
    return {
        "version": ".".join(map(str, version(state))),
        "headline": headline(state.documents, state.passages, state.created) if state.generation else "",
        "notice": notice_html(state, corpus, text_files),
        "examples": examples_html(state.examples),
        "built": build_html(state.job, state.followed, state.can_build),
        "pinned": state.pinned,
        "comparing": "" if state.comparing is None else progress_words(state.comparing),
        "compared": f"{state.generation}.{state.compared}",
    }


def progress_words(comparing: Progress) -> str:
    """Return how far the articles are compared with each other, in words."""
    if not comparing.of:
        return say("Comparing your articles …")
    if comparing.step == "reading":
        return say("{done} of {of} passages read …", done=comparing.done, of=comparing.of)
    return say("{done} of {of} pairs of statements compared …", done=comparing.done, of=comparing.of)


def version(state: ChatState) -> tuple[str, int, str]:
    """Return what changes when the index or a build of it begins or ends."""
    return state.generation, state.job.number, state.job.phase


def notice_html(state: ChatState, corpus: Path, text_files: Sequence[str] = ()) -> str:
    """Render what a user should know before asking; empty if all is well."""
    return render(
        "notice.html",
        state=state,
        job=state.job,
        corpus=str(corpus.resolve()),
        endings=", ".join(extensions(text_files)),
        kinds=sorted({kind(f"a{ending}") for ending in extensions(text_files)}, key=str.casefold),
    )


def progress_html(job: JobState) -> str:
    """Render how far the build is, in words and as a bar, with a button that stops it."""
    return render("progress.html", job=job)


def build_html(job: JobState, followed: bool = False, can_build: bool = True) -> str:
    """Render the last build for the library; `followed` says that changes are indexed automatically."""
    report = "" if job.report is None else _built(job.report)
    return render(
        "build.html",
        job=job,
        report=report,
        problem=job.error,
        followed=followed,
        can_build=can_build,
    )


def examples_html(questions: tuple[str, ...]) -> str:
    """Render the questions to try; a click asks one."""
    return render("examples.html", questions=questions)


def _built(report: BuildReport) -> str:
    if report.added or report.changed or report.renamed or report.removed or report.passages_encoded:
        return say("Index rebuilt: {report}", report=report_words(report))
    return say("Nothing has changed; the index is up to date.")
