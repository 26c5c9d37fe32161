"""Earlier states of the folder in the chat and for programs: asked, said, and shown as they were."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import pytest
from conftest import TinyEncoder
from corpora import write
from served import clicked, picker_of, screen_of, talk_of
from starlette.testclient import TestClient

from qa.build import build
from qa.config import Config
from qa.engine import Engine
from qa.errors import QuestionError
from qa.index.local import history_file
from qa.ui.answers.messages import as_message
from qa.ui.api.calls import answer_to, calls
from qa.ui.api.schema import Answer as AnswerSchema
from qa.ui.conversations.exchange import Exchange, Wishes
from qa.ui.conversations.records import from_json, to_json
from qa.ui.page.chat import Chat
from qa.ui.page.session import Session
from qa.ui.page.views import exchange_html
from qa.ui.sources.articles import Articles

# gradio's use of pandas, in a separate thread
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
QUESTION = "What is the fee?"
THEN = Wishes(as_of="2026-10-02")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The fee was 40 euros from the first of October on, and is 55 since the third, when an article was deleted."""
    folder = tmp_path_factory.mktemp("as-of")
    config = Config(corpus=folder / "corpus", index=folder / "index", threshold=0.0, reader="off", keep=1)
    write(config.corpus, {"bees.md": "# Bees\n\nThe bees sleep in winter.\n"})
    with pytest.MonkeyPatch.context() as patch:
        for day, fee in ((1, 40), (3, 55)):

            class Clock(datetime):
                @classmethod
                def now(cls, tz: Any = None, day: int = day) -> datetime:  # type: ignore[override]
                    return datetime(2026, 10, day, 8, tzinfo=timezone.utc)

            for module in ("qa.build.pipeline", "qa.index.local.history"):
                patch.setattr(f"{module}.datetime", Clock)
            write(config.corpus, {"fees.md": f"# Fees\n\nThe fee is {fee} euros a year.\n"})
            build(config, TinyEncoder())
            (config.corpus / "bees.md").unlink(missing_ok=True)
    with Engine.open(config, TinyEncoder()) as engine:
        yield engine


def test_the_page_asks_the_state_that_is_chosen_says_so_and_shows_the_article_of_then(engine: Engine) -> None:
    screen = screen_of(Chat(engine))
    talk, session = talk_of(screen), Session()
    list(talk.ask(session, QUESTION, wishes=THEN))
    list(talk.ask(session, QUESTION))
    then, now = session.current.exchanges
    assert then.answer is not None and now.answer is not None
    assert then.answer.citations[0].text == "The fee is 40 euros a year."
    assert now.answer.citations[0].text == "The fee is 55 euros a year."
    assert "As of 2026-10-02: your articles as they were from 2026-10-01" in exchange_html(then)
    assert "This file has changed since then." in exchange_html(then)
    assert "As of" not in exchange_html(now)
    assert "40 euros" in screen.source(session, 1, 1, True)["html"]
    source = screen.source(session, 1, 1, True)["html"]
    assert "This is the article as it was from 2026-10-01" in source and "state=000001" in source
    assert "articles/file" not in source
    assert "55 euros" in screen.source(session, 2, 1, True)["html"]
    assert "as it was" not in screen.source(session, 2, 1, True)["html"]


def test_asked_again_a_question_is_one_of_the_same_day(engine: Engine) -> None:
    talk, session = talk_of(screen_of(Chat(engine))), Session()
    list(talk.ask(session, QUESTION, wishes=THEN))
    list(talk.retry(session, clicked(turn=1, passages=2)))
    (exchange,) = session.current.exchanges
    assert exchange.wishes == Wishes(2, 0.0, "2026-10-02")
    assert exchange.answer is not None and exchange.answer.as_of is not None


def test_a_day_that_cannot_be_asked_is_told(engine: Engine) -> None:
    talk, session = talk_of(screen_of(Chat(engine))), Session()
    list(talk.ask(session, QUESTION, wishes=Wishes(as_of="2026-09-01")))
    (exchange,) = session.current.exchanges
    assert exchange.answer is None and "the earliest is that of 2026-10-01" in exchange.problem


def test_an_answer_of_then_is_stored_and_read_again(engine: Engine) -> None:
    talk, session = talk_of(screen_of(Chat(engine))), Session()
    list(talk.ask(session, QUESTION, wishes=THEN))
    (exchange,) = session.current.exchanges
    assert from_json(Exchange, to_json(exchange)) == exchange


def test_the_days_are_offered_only_if_there_is_more_than_the_present(engine: Engine, config: Config) -> None:
    offered = picker_of(engine).look(clicked(find="", scope={}))
    assert offered["earliest"] == "2026-10-01" and offered["today"] >= "2026-10-03"
    write(config.corpus, {"a.md": "# A\n\nWords.\n"})
    build(config, TinyEncoder())
    with Engine.open(config, TinyEncoder()) as other:
        assert picker_of(other).look(clicked(find="", scope={}))["earliest"] == ""


def test_a_history_that_cannot_be_read_hides_the_days_and_nothing_else(config: Config) -> None:
    write(config.corpus, {"a.md": "# A\n\nWords.\n"})
    build(config, TinyEncoder())
    (config.index / history_file.NAME).write_bytes(b"nonsense" * 1_000)
    with Engine.open(config, TinyEncoder()) as other:
        value = picker_of(other).look(clicked(find="", scope={}))
    assert value["earliest"] == "" and value["held"] == "All 1 article"


def test_programs_ask_an_earlier_state(engine: Engine) -> None:
    ask = calls(engine, "http://chat/")[0]
    data = ask(QUESTION, as_of="2026-10-02")
    AnswerSchema.model_validate(data)
    assert data["as_of"]["generation"] == "000001" and data["citations"][0]["text"].startswith("The fee is 40")
    assert data["citations"][0]["link"] == "http://chat/#/article/fees.md?at=8-35&mark=8-35&state=000001"
    assert "As of 2026-10-02" in as_message(answer_to(engine, "http://chat/", QUESTION, as_of="2026-10-02"))
    AnswerSchema.model_validate(ask(QUESTION))
    for wrong in ("2026-09-01", "soon", 3):
        with pytest.raises(QuestionError):
            ask(QUESTION, as_of=wrong)


def test_a_link_opens_the_article_of_then_also_a_deleted_one(engine: Engine) -> None:
    articles = Articles(engine, lambda cookies: True)
    client = TestClient(articles)

    def text(**query: str) -> Any:
        return client.get("/articles/text", params=query)

    assert "40 euros" in text(path="fees.md", at="8-35", state="000001").json()["html"]
    assert "not as it is now" in text(path="fees.md", state="000001").json()["html"]
    assert "55 euros" in text(path="fees.md", at="8-35").json()["html"]
    assert "The bees sleep" in text(path="bees.md", state="000001").json()["html"]
    assert text(path="bees.md").status_code == 404
    gone = text(path="fees.md", state="000009")
    assert gone.status_code == 503 and "not kept any more" in gone.json()["error"]
    assert client.get("/articles/file", params={"path": "fees.md", "state": "000001"}).status_code == 404
    articles.close()
