"""Answers of every kind in the other languages of the page: nothing that the program says itself stays English."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from conftest import TinyEncoder
from corpora import article, write

from qa.ask.answer import Answer
from qa.ask.follow_up import Turn
from qa.build import build
from qa.config import Config
from qa.engine import Engine
from qa.index.scope import Scope
from qa.strings.catalogue import entries
from qa.strings.spoken import ENGLISH, LANGUAGES, speaking
from qa.ui.conversations.conversation import Conversation
from qa.ui.conversations.exchange import Exchange
from qa.ui.conversations.records import from_json, to_json
from qa.ui.page.views import spoken, turn_value

OTHERS = [language for language in LANGUAGES if language != ENGLISH]
FILES = {
    "plums.md": "---\ntitle: Pflaumenmus\nauthor: Ada Marsch\ndate: 2019-05-01\ntags: [Obst]\n---\n\n"
    "Man kocht das Obst.\n",
    "pears.md": "---\ntitle: Dörrbirnen\nauthor: Ada Marsch\ndate: 2023-02-03\n---\n\n"
    "Birnen trocknen langsam im Ofen.\n",
    "log/2020-01-02.md": "Schnee fiel auf Birnen im Garten.\n",
    "post.eml": "From: Ada Marsch <ada@example.org>\nTo: Ben <ben@example.org>\nSubject: Kessel\n"
    "Date: Tue, 7 Mar 2023 10:00:00 +0000\n\nKessel und Birnen sind da.\n",
    "broken.pdf": "%PDF-1.7 kaputt",
    "anker.md": article("Anker", "anker"),
}
# One question for each kind of sentence that the program may say, with the words by which an English answer is known.
STATED = {
    "How many articles are there?": "5 articles",
    "How many articles mention Birnen?": "that mention Birnen",
    "Articles by Ada Marsch since March 2022": "2 articles by Ada Marsch since March 2022: ",
    "Which articles were written before March 2022?": "before March 2022 (1 more article without a date): ",
    "Which articles are tagged Obst?": "1 article tagged Obst: Pflaumenmus",
    "Which mails were sent to Ben?": "1 mail to Ben: Kessel",
    "Which article is the newest?": "the newest of",
    "What is the oldest article about Birnen?": "the oldest of",
}
REFUSED = (
    "Where does Zubrowka graze?",
    'Where is the "wall of the anker moon"?',
    "Where is the anker? -stone -wall -report",
)


class Wordless(TinyEncoder):
    """An encoder that knows no word as a whole, so that words can be corrected."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [2] * len(texts)


class Own(HTMLParser):
    """The words of a page that the program says itself: none in a named language of its own, or of unknown one."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self.words = set[str]()
        self._language = language
        self._open = list[tuple[str, bool]]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        is_own = "lang" not in given or given["lang"] == self._language
        is_own = is_own and tag not in ("bdi", "q", "code", "kbd") and all(own for _, own in self._open)
        if is_own:
            for name in ("aria-label", "title", "alt", "placeholder"):
                self.handle_data(given.get(name) or "")
        if tag not in ("br", "img", "input", "wbr"):
            self._open.append((tag, is_own))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if all(own for _, own in self._open):
            self.words |= words_of(data)


def words_of(text: str) -> set[str]:
    return {word.casefold() for word in re.findall(r"[^\W\d_]{2,}", text)}


def english_words(language: str) -> set[str]:
    """The words of the English catalogue, without those that the other language has itself, and names."""
    values = (
        v for entry in entries(language).values() for v in ([entry] if isinstance(entry, str) else entry.values())
    )
    own = set().union(*map(words_of, values))
    return set().union(*(words_of(re.sub(r"\{\w+\}", "", key)) for key in entries(language))) - own


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder: Path = tmp_path_factory.mktemp("answers")
    config = Config(corpus=folder / "corpus", index=folder / "index", reader="off")
    write(config.corpus, FILES)
    build(config, TinyEncoder())
    yield Engine.open(config, Wordless())


def left_in(answer: Answer, language: str) -> set[str]:
    """The English words that the page and the screen reader's sentence have in another language."""
    exchange = Exchange(1, answer.question, from_json(Answer, to_json(answer)), verdict="")
    with speaking(language):
        html = turn_value(exchange, is_last=True)["html"]
        aloud = spoken(exchange)
    page = Own(language)
    page.feed(html)
    quoted = {*words_of(answer.question), *words_of(answer.query)}
    for citation in answer.citations:
        quoted |= words_of(f"{citation.text} {citation.title} {citation.section} {citation.document}")
    return ((page.words | words_of(aloud)) & english_words(language)) - quoted


@pytest.mark.parametrize("question", STATED)
def test_what_is_stated_is_in_the_language_of_the_page_and_in_english_for_programs(
    engine: Engine, question: str
) -> None:
    answer = engine.ask(question)
    assert answer.lead is not None and answer.lead.is_stated
    assert STATED[question] in answer.lead.text
    for language in OTHERS:
        with speaking(language):
            assert engine.ask(question).as_json()["answer"]["text"] == answer.lead.text
            assert answer.lead.said != answer.lead.text
        assert left_in(answer, language) == set()


@pytest.mark.parametrize("language", OTHERS)
def test_refusals_follow_ups_scopes_and_corrections_are_in_the_language_of_the_page(
    engine: Engine, language: str
) -> None:
    answers = [engine.ask(question, threshold=0.99) for question in REFUSED]
    assert all(answer.lead is None for answer in answers)
    answers += [
        engine.ask("Where is it?", history=(Turn("user", "Where is the anker of the town?"),)),
        engine.ask("Where is the ankker report?"),
        engine.ask("Where is the anker?", scope=Scope.from_json({"in": ["log"]})),
        engine.ask("Where is the anker report of the town?"),
    ]
    assert any(answer.carried for answer in answers) and any(answer.corrected for answer in answers)
    assert any(answer.searched for answer in answers) and any(answer.scope for answer in answers)
    for answer in answers:
        assert left_in(answer, language) == set(), answer.question


def test_a_follow_up_is_told_the_titles_of_a_statement_but_none_of_its_words(engine: Engine) -> None:
    conversation = Conversation()
    number = conversation.begin("How many articles mention Birnen?").number
    conversation.finish(number, engine.ask("How many articles mention Birnen?"))
    said = conversation.history(number + 1)[-1]
    assert said.speaker == "agent" and "Dörrbirnen" in said.text.split("; ") and "mention" not in said.text


def test_english_that_is_left_would_be_found(engine: Engine) -> None:
    answer = engine.ask("How many articles mention Birnen?")
    assert answer.lead is not None
    as_stored_before = replace(answer, lead=replace(answer.lead, statement=None))
    with speaking("de"):
        html = turn_value(Exchange(1, answer.question, as_stored_before), is_last=True)["html"]
    assert "3 articles that mention Birnen" in html and 'lang="en"' in html  # it is said to be English
    page = Own("de")
    page.feed(html.replace('lang="en"', ""))
    assert {"that"} <= page.words & english_words("de")
