"""The list of conflicts in the chat: while articles are compared, what it shows, and what is said of a failure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from conftest import TinyEncoder, TinyReader
from corpora import write
from served import clicked
from waiting import wait_until

from qa.build import build
from qa.config import Config
from qa.conflicts import comparing as module
from qa.engine import Engine
from qa.errors import ModelError
from qa.strings.spoken import speaking
from qa.ui.page.chat import Chat
from qa.ui.page.views import shown

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # gradio's use of pandas
FEE = "# Harbour & pier\n\nMembers of the *Bergen* rowing club pay an annual harbour fee of {} euros for each boat.\n"
TABLE = "# Prices\n\n| Boat of a member | Annual harbour fee in Bergen |\n|---|---|\n| Rowing boat | {} euros |\n"


@pytest.fixture
def chat(config: Config, tiny: TinyEncoder) -> Iterator[Chat]:
    write(config.corpus, {"one.md": FEE.format(40), "two.md": f"---\ndate: 2024-05-01\n---\n{FEE.format(45)}"})
    build(config, tiny)
    chat = Chat(Engine.open(config, tiny, reader=TinyReader()))
    yield chat
    assert chat.close()


def show(chat: Chat, came: bool) -> dict[str, Any]:
    """What the page gets that somebody `came` to, or that was told of a change."""
    from qa.ui.page.conflicts import ConflictList  # loads Gradio, which takes seconds

    return ConflictList(chat).show(clicked(came=came))


def listed(chat: Chat) -> str:
    """The list once the articles were compared."""
    wait_until(lambda: not show(chat, came=False)["waits"], 60)
    html: str = show(chat, came=False)["html"]
    return html


def test_the_page_waits_and_is_told_when_the_articles_were_compared(chat: Chat) -> None:
    config = chat.engine.config
    before = shown(chat.refresh(), config.corpus)
    assert before["comparing"] == ""
    assert show(chat, came=True) == {"waits": True, "html": ""}
    wait_until(lambda: shown(chat.refresh(), config.corpus)["compared"] != before["compared"], 60)
    html = listed(chat)
    assert "1 conflict<" in html and "2 statements that give a value, in 2 passages." in html
    assert html.count("<mark") == 2 and ">40<" in html and ">45<" in html
    assert "<em>Bergen</em>" in html and "Harbour &amp; pier" in html
    assert "2024-05-01" in html and "no date" in html
    assert 'href="#/article/two.md?at=' in html and "&amp;mark=" in html


def test_a_value_in_a_cell_is_marked(chat: Chat, tiny: TinyEncoder) -> None:
    config = chat.engine.config
    write(config.corpus, {"one.md": TABLE.format(40), "two.md": TABLE.format(45)})
    build(config, tiny)
    html = listed(chat)
    assert html.count("<mark") == 2 and "Rowing boat" in html


@pytest.mark.parametrize("language", ["en", "de", "es", "ar"])
def test_without_any_it_says_what_was_compared(chat: Chat, tiny: TinyEncoder, language: str) -> None:
    config = chat.engine.config
    write(config.corpus, {"two.md": FEE.format(40)})
    build(config, tiny)
    with speaking(language):
        html = listed(chat)
    words = {"en": "No two articles give", "de": "keine zwei Artikel", "es": "no hay dos artículos", "ar": "لا توجد"}
    assert words[language] in html and "<ol" not in html


def test_progress_is_said_in_words(chat: Chat) -> None:
    comparing, corpus = chat.comparing, chat.engine.config.corpus
    for progress, words in (
        (module.Progress("reading", 0, 0), "Comparing your articles …"),
        (module.Progress("reading", 1200, 3000), "1,200 of 3,000 passages read …"),
        (module.Progress("comparing", 3, 40), "3 of 40 pairs of statements compared …"),
    ):
        comparing.progress = progress
        state = chat.refresh()
        assert shown(state, corpus)["comparing"] == words and not state.settled
    comparing.progress = None


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ModelError("The reader is damaged: install it again."), "The reader is damaged"),
        (ValueError("x"), "ValueError"),
    ],
)
def test_a_failure_is_said_until_somebody_comes_again(
    chat: Chat, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(module, "conflicts", fails)
        assert show(chat, came=True)["waits"]
        wait_until(lambda: chat.comparing.ended, 60)
    assert words in show(chat, came=False)["html"]
    assert show(chat, came=True)["waits"]
    assert "1 conflict<" in listed(chat)
