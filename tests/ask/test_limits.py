"""What limits the quoted sentence is quoted with it, literally, wherever the passage ends."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rankings import answer_of, passage, ranking_of

from qa.ask.answer import Answer, Limit
from qa.ask.limits import limit_after, with_limit
from qa.ask.rows import TableRow
from qa.ask.words import as_text
from qa.text.document import Document, Span
from qa.ui.answers.answer_html import answer_html
from qa.ui.answers.copies import answer_as_markdown, answer_as_text

RULE = "You can return goods within 30 days."
LIMIT = "However, this does not apply to:\n\n- opened software\n- food"
TEXT = f"{RULE}\n\n{LIMIT}\n\nLater we moved. But that is another story."


def limit_in(text: str, sentence: str = RULE, language: str = "en") -> str | None:
    start = text.index(sentence)
    found = limit_after(text, Span(start, start + len(sentence)), len(text), language)
    return None if found is None else found.of(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TEXT, LIMIT),
        (f"{RULE} This does not include food. It is not valid in Spain. Write to us.",
         "This does not include food. It is not valid in Spain."),
        (f"- {RULE}\n- Except for food.\n- Write to us.", "Except for food."),
        (f"{RULE} Write to us. However, food is excluded.", None),
        (f"{RULE}\n\n## Food\n\nHowever, food is excluded.", None),
        (f"{RULE}\n\nAda: But I ate it.", None),
        (RULE, None),
    ],
)  # fmt: skip
def test_the_limit_is_what_follows_directly(text: str, expected: str | None) -> None:
    found = limit_in(text)
    assert (found and found.removeprefix("- ")) == expected


def test_a_limit_that_is_cut_is_not_quoted() -> None:
    text = f"{RULE} However, food that was cooled is excluded."
    assert limit_after(text, Span(0, len(RULE)), len(text) - 10, "en") is None


class Stored:
    """A generation with one document."""

    def __init__(self, text: str) -> None:
        self._text = text

    def document(self, path: str) -> Document | None:
        return Document(path, "", self._text, (), ()) if path == "a.md" else None


def answered(text: str, shown: str) -> Answer:
    """The answer whose lead is a sentence of an article with this text."""
    answer = answer_of(ranking_of([replace(passage(shown), span=Span(0, len(shown)), sentences=(Span(0, len(RULE)),))]))
    assert answer.lead is not None
    return replace(answer, lead=replace(answer.lead, text=shown, span=Span(0, len(shown)), sentence=Span(0, len(RULE))))


def test_a_limit_behind_the_quotation_goes_with_it_everywhere() -> None:
    limited = with_limit(answered(TEXT, RULE), Stored(TEXT))  # type: ignore[arg-type]
    assert limited.lead is not None and limited.lead.limit is not None
    assert limited.lead.limit.span.of(TEXT) == limited.lead.limit.text == limited.lead.limit_behind == LIMIT
    assert limited.as_json()["answer"]["limit"]["text"] == LIMIT
    assert "It goes on: “However, this does not apply to: - opened software - food”" in as_text(limited)
    assert "opened software" in answer_as_text(limited) and "opened software" in answer_as_markdown(limited)
    assert '<div class="qa-limit">' in answer_html(limited, 1)


def test_a_limit_inside_the_quotation_is_marked_there() -> None:
    text = f"{RULE} This does not include food."
    limited = with_limit(answered(text, text), Stored(text))  # type: ignore[arg-type]
    assert limited.lead is not None and limited.lead.limit_behind == ""
    assert limited.lead.limit == Limit("This does not include food.", Span(len(RULE) + 1, len(text)))
    html = answer_html(limited, 1)
    assert '<mark class="qa-limiting">This does not include food.</mark>' in html and 'qa-limit"' not in html


def test_a_row_and_a_statement_have_none() -> None:
    answer = answered(TEXT, RULE)
    assert answer.lead is not None
    for lead in (replace(answer.lead, is_stated=True), replace(answer.lead, row=TableRow((), (), ()))):
        assert with_limit(replace(answer, lead=lead), Stored(TEXT)) == replace(answer, lead=lead)  # type: ignore[arg-type]
