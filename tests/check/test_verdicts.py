"""What is found of each claim of a draft: verdicts, differences, limits; and the reports."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import TinyEncoder
from corpora import write

from qa.build import build
from qa.check.draft import Draft, check
from qa.check.findings import CheckedDraft, Finding
from qa.check.report import as_markdown, as_terminal
from qa.check.report_html import as_html
from qa.config import Config
from qa.engine import Engine
from qa.sandbox.parsing import parse_file
from qa.text.passages import Splitting

HARBOUR = """# Harbour rules

The harbour master may close the northern gate after a storm, unless the mayor decides otherwise.
Boats longer than 12 metres must register with Captain Hansen before they enter the basin.
A berth costs 40 euros for each night. However, members of the rowing club pay nothing.

Whoever damages a buoy must tell the harbour office on the same day.
The lighthouse was not repaired in 1987 by the company Larsen from Bergen.
"""
BREAD = "# Bread\n\nThe baker lets the sourdough rise for nine hours. Then it goes into the hot oven.\n"


@pytest.fixture
def engine(config: Config, tiny: TinyEncoder) -> Iterator[Engine]:
    write(config.corpus, {"harbour.md": HARBOUR, "bread.md": BREAD})
    build(config, tiny)
    with Engine.open(config, tiny) as opened:
        yield opened


def checked(engine: Engine, text: str) -> CheckedDraft:
    parsed = parse_file("draft.md", text.encode(), Splitting(TinyEncoder().count_tokens, 256))
    with engine.resources() as resources:
        return check(Draft("draft.md", parsed.documents), resources)


def found(engine: Engine, text: str) -> Finding:
    (finding,) = checked(engine, text).findings
    return finding


def test_words_that_stand_in_an_article_are_literal_and_cited_exactly(engine: Engine) -> None:
    finding = found(engine, "It says: “Boats longer than 12 metres must register with Captain Hansen”.")
    assert (finding.verdict, finding.limits) == ("literal", ())
    assert finding.source is not None
    document = engine.document("harbour.md")
    assert document is not None
    assert finding.source.span.of(document.text) == finding.source.text
    assert finding.source.text == "Boats longer than 12 metres must register with Captain Hansen"


def test_a_literal_quotation_may_leave_words_out_and_adapt_its_first_letter(engine: Engine) -> None:
    assert found(engine, "Here “boats longer than 12 metres must register … before they enter”.").verdict == "literal"


def test_changed_words_are_altered_and_shown(engine: Engine) -> None:
    finding = found(engine, "They say “whoever destroys a buoy must tell the harbour office on the same day”.")
    assert finding.verdict == "altered"
    assert [(each.ours, each.theirs) for each in finding.differences] == [("destroys", "damages")]


def test_another_sign_alone_alters_a_quotation(engine: Engine) -> None:
    assert found(engine, "They say “Whoever damages a buoy, must tell the harbour office”.").verdict == "altered"


@pytest.mark.parametrize(
    ("sentence", "ours", "theirs"),
    [
        ("Boats longer than 15 metres must register with Captain Hansen before they enter the basin.", "15", "12"),
        (
            "Boats longer than 12 metres must register with Captain Olsen before they enter the basin.",
            "Olsen",
            "Hansen",
        ),
        ("A berth costs 45 euros for each night.", "45", "40"),
    ],
)
def test_another_number_or_name_contradicts(engine: Engine, sentence: str, ours: str, theirs: str) -> None:
    finding = found(engine, sentence)
    assert finding.verdict == "contradicted"
    assert [(each.ours, each.theirs) for each in finding.differences if each.is_value] == [(ours, theirs)]


def test_a_negation_that_is_left_out_contradicts(engine: Engine) -> None:
    finding = found(engine, "The lighthouse was repaired in 1987 by the company Larsen from Bergen.")
    assert finding.verdict == "contradicted"


def test_what_no_article_says_is_not_found(engine: Engine) -> None:
    finding = found(engine, "The ferry to the island carries two hundred passengers every morning.")
    assert (finding.verdict, finding.source) == ("not found", None)


@pytest.mark.parametrize(
    ("draft", "word"),
    [
        ("“The harbour master may close the northern gate after a storm.”", "unless"),
        ("“A berth costs 40 euros for each night.”", "however"),
        ("It says “the lighthouse was … repaired in 1987 by the company Larsen”.", "not"),
    ],
)
def test_a_quotation_that_leaves_out_what_limits_it_is_flagged(engine: Engine, draft: str, word: str) -> None:
    finding = found(engine, draft)
    assert finding.verdict == "literal"
    assert [limit.word for limit in finding.limits] == [word]
    assert finding.fails


def test_what_is_quoted_with_its_limit_is_not_flagged(engine: Engine) -> None:
    whole = "“The harbour master may close the northern gate after a storm, unless the mayor decides otherwise.”"
    assert not found(engine, whole).fails


DRAFT = """# My note on <b>harbours</b>

It says “whoever destroys a buoy must tell the harbour office on the same day”.

A berth costs 45 euros for each night. Dogs & cats are welcome on every ferry of the island.
"""


def test_the_page_marks_each_claim_and_escapes_the_draft(engine: Engine) -> None:
    page = as_html(checked(engine, DRAFT))
    assert re.findall(r'<mark class="([\w-]+)"', page) == ["altered", "contradicted", "not-found"]
    assert "&lt;b&gt;harbours" in page
    assert "Dogs &amp; cats" in page
    assert "<del>45</del>" in page
    assert "<ins>40</ins>" in page
    assert "http" not in re.sub(r"http://127\.0\.0\.1:7860/|http-equiv", "", page)  # it loads nothing


def test_the_markdown_and_the_text_say_what_differs(engine: Engine) -> None:
    draft = checked(engine, DRAFT)
    assert "~~45~~**40**" in as_markdown(draft)
    shown = as_terminal(draft)
    assert "[-destroys-]{+damages+}" in shown
    assert shown.endswith("1 altered, 1 contradicted, 1 not found")


def test_json_counts_verdicts_and_gives_offsets_in_draft_and_article(engine: Engine) -> None:
    data = json.loads(json.dumps(checked(engine, DRAFT).as_json()))
    assert data["counts"] == {"literal": 0, "altered": 1, "supported": 0, "contradicted": 1, "not_found": 1}
    assert data["ok"] is False
    (text,) = data["texts"]
    for finding in text["findings"]:
        assert DRAFT[finding["start"] : finding["end"]] == finding["text"]
    first = text["findings"][0]["differences"][0]
    assert DRAFT[first["start"] : first["end"]] == first["draft"] == "destroys"


def test_a_draft_of_the_articles_themselves_is_literal(engine: Engine, config: Config) -> None:
    counts = checked(engine, Path(config.corpus / "harbour.md").read_text()).counts
    assert {verdict for verdict, number in counts.items() if number} == {"literal"}
