"""Writes an answer as a message in Markdown, with numbers for its sources and links to them, for other programs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile

from ...ask.answer import Answer, Citation
from ...ask.row_text import pairs_of
from ...ask.state_words import as_of_words
from ...ask.words import (
    confidence_words,
    corrected_words,
    nearest_words,
    not_found_words,
    other_words,
    recognised_words,
    scope_words,
    searched_words,
    unmentioned_words,
    unread_words,
)
from ...text.document import Span
from ..rendering.article import is_markdown
from ..rendering.html import printable
from .copies import cited, quoted_as_markdown, source_as_markdown, text_as_markdown
from .markdown_text import escaped, on_one_line

NOT_FOUND = "**Not in your articles.**"
_CHANGED = "changed since it was indexed"
_CHANGED_SINCE = "changed since then"
_LOADING = re.compile(r"!(?=\[)|<(?=[A-Za-z/])")  # what would be an image or a tag in the Markdown of an article
_CITED = re.compile(r"(.*) \[\d+\]", re.DOTALL)
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")


def as_message(answer: Answer, with_passages: bool = False) -> str:
    """The answer with `[1]` where it cites, and below it the sources, whose titles are links to the cited words.

    Without an answer it begins with NOT_FOUND, and the nearest passages follow. `with_passages` adds what each cited
    passage says, for programs that show no more than the text.
    """
    parts = [*_notes_before(answer), *_said(answer), *_notes_after(answer)]
    if answer.citations:
        heading = "Sources" if answer.lead is not None else nearest_words(answer)
        sources = [_source(answer, each, with_passages) for each in answer.citations]
        parts += [f"{heading}:", "\n\n".join(sources) if with_passages else "\n".join(sources)]
    return printable("\n\n".join(parts)) + "\n"


def _said(answer: Answer) -> Iterator[str]:
    if answer.lead is None:
        yield f"{NOT_FOUND} {_line(not_found_words(answer))}"
        return
    yield f"{_quoted(quoted_as_markdown(answer), cited(answer).document)} [{answer.lead.citation}]"
    yield f"{confidence_words(answer.confidence).capitalize()}."


def _notes_before(answer: Answer) -> list[str]:
    return [f"{_line(words)}."] if (words := corrected_words(answer)) else []


def _notes_after(answer: Answer) -> list[str]:
    notes = [unmentioned_words(answer), searched_words(answer), unread_words(answer), scope_words(answer)]
    notes.append(as_of_words(answer.as_of))
    if answer.carried:
        notes.append(f"From the conversation: {', '.join(answer.carried)}")
    if answer.lead is not None and not answer.lead.is_stated:
        notes.insert(0, recognised_words(answer.citations[answer.lead.citation - 1]))
    written = [_line(note) for note in notes if note]
    if answer.others:
        values = [
            f"- {escaped(on_one_line(pairs_of(other.row) if other.row is not None else f'“{other.text}”'))}"
            f"{f' ({other.date})' if other.date else ''} [{other.citation}]"
            for other in answer.others
        ]
        written.append("\n".join((_line(other_words(answer)), "", *values)))
    return written


def _source(answer: Answer, citation: Citation, with_passage: bool) -> str:
    changed = f", {_CHANGED_SINCE if citation.state else _CHANGED}" if citation.changed else ""
    line = f"[{citation.rank}] {source_as_markdown(citation, answer.link(citation))}{changed}"
    if not with_passage:
        return f"- {line}"
    return f"{line}\n\n{passage_as_quotation(citation.text, citation.document)}"


def passage_as_quotation(text: str, document: str) -> str:
    """A text of an article as a quotation in Markdown that loads nothing: images and tags in it are text."""
    return _quoted(text_as_markdown(text, document), document)


def _quoted(text: str, document: str) -> str:
    shown = _LOADING.sub(r"\\\g<0>", text) if is_markdown(document) else text
    return "\n".join(f"> {line}".rstrip() for line in shown.split("\n"))


def _line(text: str) -> str:
    return escaped(on_one_line(text))


def quotation_in(message: str) -> str:
    """What a message of `as_message` quotes as the answer; of any other message all, and nothing of a refusal."""
    if message.startswith(NOT_FOUND):
        return ""
    lines = message.split("\n")
    first = next((number for number, line in enumerate(lines) if line.startswith(">")), None)
    if first is None:
        return message
    quoted = list(takewhile(lambda line: line.startswith(">"), lines[first:]))
    found = _CITED.fullmatch("\n".join(line[1:].removeprefix(" ") for line in quoted))
    return _ESCAPED.sub(r"\1", found[1]) if found else message


def source_lines(message: str, count: int) -> list[Span]:
    """Where the line of each of so many sources stands in a message of `as_message` without passages."""
    spans = []
    for rank in range(1, count + 1):
        start = message.rindex(f"\n- [{rank}] ") + 3
        spans.append(Span(start, message.find("\n", start)))
    return spans
