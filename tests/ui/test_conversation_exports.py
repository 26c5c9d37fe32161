"""An exported conversation quotes literally and says where each quotation is from."""

from __future__ import annotations

import json
from dataclasses import replace

from exchanges import answered, asked
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from qa.ask.rows import TableRow
from qa.index.scope import Scope
from qa.text.document import Span
from qa.ui.conversations.exchange import Exchange
from qa.ui.conversations.exports import as_json, as_markdown, file_name


def test_markdown_has_question_quotation_file_page_and_address() -> None:
    answer = answered()
    citation = replace(answer.citations[0], page=3, url="https://example.org/bees_1")
    answer = replace(answer, citations=(citation, replace(citation, rank=2, url=None, page=None)))
    exchanges = [asked(answer=answer), Exchange(2, "And wasps?", problem="No index.")]
    assert as_markdown("About *bees*", exchanges, "http://127.0.0.1:7860/") == (
        "# About \\*bees\\*\n\n"
        "## Where do bees live?\n\n"
        "> Bees live in a hive.\n\n"
        "— [Bees › Home](http://127.0.0.1:7860/#/article/bees.md?at=10-30) (bees.md, page 3),"
        " <https://example.org/bees_1>\n\n"
        "Very likely.\n\n"
        "Further passages:\n\n"
        "- [Bees › Home](http://127.0.0.1:7860/#/article/bees.md?at=10-30&mark=10-30) (bees.md)\n\n"
        "## And wasps?\n\n"
        "No index.\n"
    )


def test_a_refusal_says_so_and_a_row_has_its_columns() -> None:
    refused = replace(answered(), lead=None, answerable=False, confidence=0.05)
    row = TableRow(("animal", "legs"), ("bee", "6"), (Span(0, 3), Span(4, 5)))
    answer = answered()
    assert answer.lead is not None
    tabular = replace(answer, lead=replace(answer.lead, row=row))
    text = as_markdown("T", [asked(answer=refused), asked(answer=tabular), Exchange(3, "Now?")])
    assert "Your articles do not seem to contain the answer.\n\nNearest passages" in text
    assert "\n\n- [Bees › Home](#/article/bees.md?at=10-30&mark=10-30) (bees.md)\n\n##" in text
    assert "> | animal | legs |\n> | --- | --- |\n> | bee | 6 |" in text
    assert text.endswith("## Now?\n\n*Not answered.*\n")


@given(st.text("ab1.)#+-=~*_`[]<>|\\&;x \n", max_size=30))
def test_no_text_is_taken_for_markdown(text: str) -> None:
    html = MarkdownIt().render(as_markdown("t", [Exchange(1, "q", problem=f"x {text}"), Exchange(2, text)]))
    tokens = MarkdownIt().parse(as_markdown("t", [Exchange(1, "q", problem=f"{text} x")]))
    shown = "".join(child.content for token in tokens[-3:] for child in token.children or ())
    assert shown == " ".join(f"{text} x".split()), html
    assert [token.type for token in tokens[-3:]] == ["paragraph_open", "inline", "paragraph_close"]


def test_json_has_the_answers_as_the_command_line_gives_them() -> None:
    answer = answered("a\ud800?")
    exchange = replace(asked("a\ud800?", answer=answer), verdict="up", without=("b",), scope=Scope(folders=("notes",)))
    told = json.loads(as_json("T", [exchange, asked()]))
    turn, without_scope = told["turns"]
    assert (turn["scope"], without_scope["scope"]) == ({"in": ["notes"]}, None)
    assert told["title"] == "T"
    assert turn["question"] == "a\ufffd?"
    assert turn["answer"] == json.loads(json.dumps(answer.as_json()).replace("\\ud800", "\ufffd"))
    assert turn["answer"]["answer"]["link"].startswith("http://127.0.0.1:7860/#/article/bees.md?at=")
    elsewhere = json.loads(as_json("T", [exchange], "https://notes.example.org/"))["turns"][0]["answer"]
    assert elsewhere["answer"]["link"].startswith("https://notes.example.org/#/article/bees.md?at=")
    assert elsewhere["citations"][0]["link"].startswith("https://notes.example.org/#/article/bees.md?at=")
    assert (turn["asked"], turn["verdict"], turn["without"]) == ("2026-05-17T10:02:00.000+00:00", "up", ["b"])


def test_a_file_name_is_safe() -> None:
    assert file_name("Who/what: a?", "2026-05-17T10:02:00.000+00:00") == "2026-05-17 Who what  a"
    assert file_name("../..", "") == "Conversation"
