"""Tells whether the answer to a pinned question has really changed, or only the order of what was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from ..ask.answer import Answer
from ..engine import Engine
from ..index.generation import OpenGeneration


@dataclass(frozen=True, slots=True)
class Standing:
    """What the answer to a question is in one generation; `words` are empty if there is none.

    `words` are the sentence that answers, or the statement, in one line; `shown` the whole quotation. `date` is the one
    that the article gives, and `link` opens it in the chat. `built` is when the generation was (ISO 8601).
    """

    words: str
    shown: str
    document: str
    title: str
    date: str
    link: str
    confidence: float
    generation: str
    built: str

    @property
    def told(self) -> str:
        """`“…” (a.md, 2024)`, in one line."""
        if not self.words:
            return "not in the articles"
        date = f", {self.date}" if self.date else ""
        return f"“{self.words}” ({self.document}{date})"

    def at(self, chat: str) -> Standing:
        """The same with a link to the chat at this address, which ends with a slash."""
        return replace(self, link=f"{chat}#{self.link.partition('#')[2]}" if self.link else "")

    def as_json(self) -> dict[str, Any]:
        """One side of a change in `qa watchlist changes --json`."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Change:
    """The answer to a question was one thing and is another; `seen` is when that was noticed (ISO 8601).

    `pin` is the key of the pin, `owner` whose it is ("" for the command line), and `is_new` whether its owner has not
    seen the change in the chat yet.
    """

    question: str
    before: Standing
    after: Standing
    seen: str
    pin: str = ""
    owner: str = ""
    is_new: bool = True

    @property
    def sentence(self) -> str:
        """`The answer to “…” was “…” (a.md, 2024), and is “…” (b.md, 2025).`"""
        return f"The answer to “{self.question}” was {self.before.told}, and is {self.after.told}."

    def at(self, chat: str) -> Change:
        """The same with links to the chat at this address."""
        return replace(self, before=self.before.at(chat), after=self.after.at(chat))

    def as_json(self) -> dict[str, Any]:
        """One entry of `changes` in `qa watchlist changes --json`."""
        told = {"before": self.before.as_json(), "after": self.after.as_json()}
        return {"question": self.question, "seen": self.seen, **told}


def standing(engine: Engine, question: str, scope: Mapping[str, object]) -> Standing:
    """What the answer to a question is now. Raises as `Engine.ask`."""
    answer = engine.ask(question, scope=scope)
    built = engine.generation.manifest.created
    return _of(answer, built)


def words_of(answer: Answer) -> str:
    """The sentence that answers, or the statement, in one line; empty if there is none."""
    lead = answer.lead
    if lead is None:
        return ""
    start = lead.span.start
    words = lead.text if lead.is_stated else lead.text[lead.sentence.start - start : lead.sentence.end - start]
    return " ".join(words.split())


def _of(answer: Answer, built: str) -> Standing:
    lead = answer.lead
    if lead is None:
        return Standing("", "", "", "", "", "", round(answer.confidence, 4), answer.generation, built)
    cited = answer.citations[lead.citation - 1]
    return Standing(
        words=words_of(answer),
        shown=" ".join(lead.text.split()),
        document=cited.document,
        title=cited.title or cited.document,
        date=lead.date or cited.date,
        link=answer.lead_link,
        confidence=round(answer.confidence, 4),
        generation=answer.generation,
        built=built,
    )


def is_change(before: Standing, after: Standing, generation: OpenGeneration) -> bool:
    """Whether an answer has really changed between an older generation and this one.

    It has if one of the two was no answer, or if the words are others because the articles say something else: the old
    ones are gone from their article, or the article of the new ones is new or was changed. If both stood there before,
    only the order of what was found is another one.
    """
    if bool(before.words) != bool(after.words):
        return True
    if before.words.casefold() == after.words.casefold():
        return False
    document = generation.document(before.document)
    if document is None or before.words not in " ".join(document.text.split()):
        return True
    facts = generation.facts([after.document]).get(after.document)
    return facts is None or facts.file.indexed > before.built
