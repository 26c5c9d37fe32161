"""A draft is checked beside builds and questions: it holds neither back, and keeps the articles that it began with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from conftest import TinyEncoder
from corpora import write

from qa.build import build
from qa.check.reading import check_draft
from qa.config import Config
from qa.engine import Engine
from qa.system.precedence import questions

DRAFT = b"A berth costs 40 euros for each night.\n\nBoats longer than 12 metres must register.\n"


@pytest.fixture
def engine(config: Config, tiny: TinyEncoder) -> Iterator[Engine]:
    write(config.corpus, {"harbour.md": f"# Harbour\n\n{DRAFT.decode()}"})
    build(config, tiny)
    with Engine.open(config, tiny) as opened:
        yield opened


def test_a_build_does_not_pause_for_a_draft(engine: Engine) -> None:
    quiet = []
    check_draft(engine, "draft.md", DRAFT, step=lambda done, of: quiet.append(questions.quiet_for))
    assert len(quiet) == 2 and min(quiet) > 0


def test_a_draft_gives_way_to_questions(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    gave_way = []
    monkeypatch.setattr("qa.system.precedence.Precedence.give_way", lambda self: gave_way.append(self))
    checked = check_draft(engine, "draft.md", DRAFT)
    assert gave_way.count(questions) >= len([*checked.findings]) == 2


def test_a_draft_keeps_the_articles_that_it_began_with(engine: Engine, config: Config, tiny: TinyEncoder) -> None:
    def rebuild(done: int, of: int) -> None:
        write(config.corpus, {"harbour.md": f"# Harbour\n\nA berth costs {done}0 euros for each night.\n"})
        build(replace(config, keep=1), tiny)

    checked = check_draft(engine, "draft.md", DRAFT, step=rebuild)
    assert [finding.verdict for finding in checked.findings] == ["literal", "literal"]
    assert checked.generation == "000001"
    assert not (config.index / "generations" / "000001").exists()
    later = check_draft(engine, "draft.md", DRAFT)
    assert [finding.verdict for finding in later.findings] == ["contradicted", "not found"]
