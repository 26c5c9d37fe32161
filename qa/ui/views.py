"""How things stand, and what was asked → the HTML of the conversation, the notice above it and the examples.

It knows nothing about sessions or the server.
"""

from __future__ import annotations

import re
from pathlib import Path

from ..ask.words import corrected_words, counted, not_found_words
from ..formats import PARSERS
from .answer_html import answer_html
from .conversation import Turn
from .desk import View
from .jobs import JobState, report_words
from .markup import escape

_REBUILD = '<button type="button" data-do="rebuild">Rebuild index</button>'


def turn_html(turn: Turn) -> str:
    """One question and what was said to it."""
    asked = f'<p class="qa-question"><span class="qa-you">You</span><span dir="auto">{escape(turn.question)}</span></p>'
    if not turn.question.strip():
        asked = ""
    if turn.answer is not None:
        return asked + answer_html(turn.answer, turn.number, turn.verdict)
    if turn.problem:
        return f'{asked}<div class="qa-answer">{problem_html(turn.problem)}{_retry(turn)}</div>'
    return f'{asked}<div class="qa-answer"><p class="qa-waiting">Looking through your articles …</p></div>'


def in_page(problem: str, only_reads: bool = False) -> str:
    """The sentence of an error, with what can be done on this page in place of a command for a terminal."""
    instead = "rebuild the index on the machine that builds it" if only_reads else "press “Rebuild index”"
    return re.sub(r"run `qa build(?: --full)?`(?: where the articles are)?", instead, problem)


def problem_html(problem: str) -> str:
    """The sentence of an error as a paragraph."""
    return f'<p class="qa-problem">{escape(problem)}</p>'


def spoken(turn: Turn) -> str:
    """What a screen reader says when the turn is answered."""
    if turn.answer is None:
        return turn.problem
    if turn.answer.lead is None:
        return not_found_words(turn.answer)
    shown, short = corrected_words(turn.answer), turn.answer.lead.pieces()[1]
    told = f"{short}. In full: " if short else ""
    return f"{shown}{'. ' if shown else ''}Answer: {told}{turn.answer.lead.text}"


def _retry(turn: Turn) -> str:
    if not turn.question.strip():
        return ""
    button = f'<button type="button" data-do="retry" data-turn="{turn.number}">Ask again</button>'
    return f'<div class="qa-tools">{button}</div>'


def notice_html(view: View, corpus: Path) -> str:
    """What a person should know before asking; empty when all is well."""
    job = view.job
    if view.only_reads:
        return _notice_where_only_read(view)
    if job.running and not view.generation and not view.problem:
        return _notice("big", "Building the index for the first time…", progress_html(job), _FIRST)
    if view.empty and not job.running:
        endings = ", ".join(PARSERS)
        folder = f"<p>Put articles ({endings}) into the folder <code>{escape(str(corpus.resolve()))}</code>, or upload"
        button = '<button type="button" class="qa-primary" data-do="library">Upload articles</button>'
        return _notice("big", "There are no articles yet", f"{folder} them here.</p>{button}")
    if job.running:
        coming = "A newer index is being built; until it is ready, the present one answers."
        if view.problem:
            coming = "The index is being built anew; questions can be asked when it is ready."
        return _notice("line", coming, progress_html(job))
    if view.problem:
        return _notice("bad", "The index cannot be used", f"<p>{escape(in_page(view.problem))}</p>{_REBUILD}")
    if job.phase == "failed":
        still = " The last index still answers." if view.generation else ""
        return _notice(
            "bad", "The last build did not end well", f"<p>{escape(in_page(job.error))}{still}</p>{_REBUILD}"
        )
    if view.unfollowed:
        return _notice(
            "bad", "Changes of your articles are no longer followed", f"<p>{escape(view.unfollowed)}</p>{_REBUILD}"
        )
    if job.phase == "stopped":
        still = "; the last index still answers" if view.generation else ""
        return _notice("line", f"The build was stopped{still}.", f"<p>{_GO_ON}</p>{_REBUILD}")
    if view.waiting and not view.followed:
        waits = "waits" if view.waiting == 1 else "wait"
        return _notice("line", f"{counted(view.waiting, 'change')} in your articles {waits} for a rebuild.", _REBUILD)
    return ""


def _notice_where_only_read(view: View) -> str:
    if view.problem:
        return _notice("bad", "The index cannot be used", f"<p>{escape(in_page(view.problem, True))}</p>")
    if view.empty:
        if view.generation:
            return _notice("big", "There are no articles in the index", f"<p>{_ELSEWHERE}</p>")
        return _notice("big", "There is no index yet", f"<p>{_ELSEWHERE}</p>{_FIRST}")
    return ""


_ELSEWHERE = "This index is built elsewhere; here it is only read."
_GO_ON = "Rebuild to go on: what was encoded is kept."
_FIRST = "<p>Questions can be asked as soon as it is ready; this page will say so by itself.</p>"


def _notice(kind: str, title: str, *rest: str) -> str:
    return f'<div class="qa-notice qa-notice-{kind}"><p class="qa-notice-title">{title}</p>{"".join(rest)}</div>'


def progress_html(job: JobState) -> str:
    """How far the build is, in words and as a bar, with a button that stops it."""
    off = " disabled" if job.stage == "stopping" else ""
    bar = f' max="{job.total}" value="{job.done}"' if job.total and job.stage in ("comparing", "reading") else ""
    return (
        f'<div class="qa-progress"><progress aria-label="Progress of the build"{bar}></progress>'
        f'<span>{escape(job.words)}</span><button type="button" data-do="stop"{off}>Stop</button></div>'
    )


def build_html(job: JobState, followed: bool = False, only_reads: bool = False) -> str:
    """The state of the last build, for the Library tab; `followed` says that changes are taken in by themselves."""
    if only_reads:
        return f'<p class="qa-quiet">{_ELSEWHERE}</p>'
    if job.running:
        return progress_html(job)
    if job.phase == "failed":
        return problem_html(in_page(job.error))
    if job.phase == "stopped":
        return f'<p class="qa-quiet">The build was stopped. {_GO_ON}</p>'
    follows = (
        '<p class="qa-quiet">Changes in the folder are taken in by themselves, within seconds.</p>' if followed else ""
    )
    if job.report is None:
        return follows
    report = job.report
    nothing = not (report.added or report.changed or report.renamed or report.removed or report.passages_encoded)
    words = "Nothing had changed; the index is up to date." if nothing else f"Index rebuilt: {report_words(report)}"
    return f'<p class="qa-done">{escape(words)}</p>{follows}'


def examples_html(questions: tuple[str, ...]) -> str:
    """Questions to try; a click asks one. They are named by number, so that a page cannot ask for another."""
    if not questions:
        return ""
    buttons = "".join(
        f'<li><button type="button" data-do="try" data-number="{number}">{escape(question)}</button></li>'
        for number, question in enumerate(questions)
    )
    return f'<p id="qa-try">Try</p><ul aria-labelledby="qa-try">{buttons}</ul>'
