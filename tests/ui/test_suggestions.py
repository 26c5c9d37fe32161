"""What may be asked next: about the cited article, answered, and with another sentence than was shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from conftest import TinyEncoder

from qa.ask.answer import Answer, Citation, Lead
from qa.build import build
from qa.config import Config
from qa.engine import Engine
from qa.errors import QuestionError
from qa.text.document import Document, Section, Span
from qa.ui.answers.suggestions import suggestions

HEADINGS = ("Food", "Sleep", "See also", "Purring", "How do cats play?")
TEXT = "".join(f"{heading}\n{heading} has this body.\n" for heading in HEADINGS)


def place(words: str) -> Span:
    return Span(TEXT.index(words), TEXT.index(words) + len(words))


def article(text: str = TEXT) -> Document:
    starts = [text.index(name) for name in HEADINGS if name in text]
    spans = [Span(start, end) for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]
    sections = [Section((text[span.start :].split("\n")[0],), 1, span) for span in spans]
    return Document("cats.md", "Cats", text, tuple(sections), ())


class FakeEngine:
    """An engine that answers each question with the sentence that it is told to."""

    def __init__(self, leads: Callable[[str], tuple[str, Span] | None], document: Document | None = None) -> None:
        self._leads, self._document = leads, document or article()
        self.asked: list[str] = []

    def document(self, path: str) -> Document | None:
        return self._document if path == self._document.path else None

    def ask(self, question: str, top_k: int) -> Answer:
        self.asked.append(question)
        if "Purring" in question:
            raise QuestionError("It cannot be asked: ask another.")
        found = self._leads(question)
        return answered(question, *found) if found else Answer(question, "", False, 0.1, None, (), "000001", {})


def answered(question: str, path: str, span: Span) -> Answer:
    cited = Citation(1, 0.9, path, "Cats", "", None, None, span, span.of(TEXT), (), False)
    return Answer(question, "", True, 0.9, Lead(cited.text, 1, span, span), (cited,), "000001", {})


def suggested(engine: FakeEngine, question: str = "What do cats eat?", are_wanted: bool = True) -> tuple[str, ...]:
    answer = answered(question, "cats.md", place("Sleep has this body."))
    return suggestions(engine, answer, lambda: are_wanted)  # type: ignore[arg-type]


def by_heading(question: str) -> tuple[str, Span]:
    return "cats.md", place("How do cats play? has" if "play" in question else question.split("“")[2].split("”")[0])


def test_the_headings_that_follow_come_before_those_above_and_a_heading_that_asks_is_asked() -> None:
    engine = FakeEngine(by_heading)
    assert suggested(engine) == ("How do cats play?", "What does “Cats” say about “Food”?")
    assert engine.asked == ["What does “Cats” say about “Purring”?", *suggested(FakeEngine(by_heading))]


def test_what_is_answered_elsewhere_with_the_same_sentence_or_not_at_all_is_not_suggested() -> None:
    assert suggested(FakeEngine(lambda _: None)) == ()
    assert suggested(FakeEngine(lambda _: ("other.md", place("Food")))) == ()
    assert suggested(FakeEngine(lambda _: ("cats.md", place("Sleep has this body.")))) == ()
    assert len(suggested(FakeEngine(lambda _: ("cats.md", place("Food has this body."))))) == 1


def test_the_headings_above_the_words_that_answered_are_not_suggested() -> None:
    sections = tuple(
        replace(each, path=("Food", *each.path)) if each.path == ("Sleep",) else each for each in article().sections
    )
    engine = FakeEngine(lambda _: None, replace(article(), sections=sections))
    assert suggested(engine) == () and not any("Food" in question for question in engine.asked)


def test_what_was_asked_is_not_suggested() -> None:
    assert "How do cats play?" not in suggested(FakeEngine(by_heading), "how do cats  play?")


def test_nothing_is_asked_once_suggestions_are_no_longer_wanted() -> None:
    engine = FakeEngine(by_heading)
    assert suggested(engine, are_wanted=False) == () and engine.asked == []


def test_an_article_that_is_gone_suggests_nothing() -> None:
    assert suggested(FakeEngine(by_heading, Document("other.md", "", TEXT, (), ()))) == ()


def test_an_article_without_headings_is_asked_about_the_names_near_the_words_that_answered() -> None:
    text = f"{TEXT}Later they met Ada Lovelace in Paris. The Cats were there. They saw the Tower of London twice."
    plain = Document("cats.md", "Cats", text, (), ())
    engine = FakeEngine(lambda _: None, plain)
    suggested(engine)
    assert engine.asked == [
        "What does “Cats” say about “Ada Lovelace”?",
        "What does “Cats” say about “Paris”?",
        "What does “Cats” say about “Tower of London”?",
    ]


def test_suggestions_of_a_real_engine_are_answered(config: Config, tiny: TinyEncoder) -> None:
    (config.corpus / "cats.md").write_text(
        "# Cats\n\n## Sleep\n\nCats sleep all day long on the sofa.\n\n## Food\n\nThe food of cats is fish and milk.\n"
    )
    build(config, tiny)
    with Engine.open(replace(config, threshold=0.0), tiny) as engine:
        answer = engine.ask("Where do cats sleep?", 3)
        chosen = suggestions(engine, answer, lambda: True)
        assert chosen == ("What does “Cats” say about “Food”?",)
        assert engine.ask(chosen[0], 1).answerable
