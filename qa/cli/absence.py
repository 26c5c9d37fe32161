"""Reports that the articles do not answer a question: what was searched, what came closest, what was not searched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..ask.answer import Answer
from ..ask.searched import Searched
from ..ask.words import percent, unread_words, what_it_lacks
from ..status import Status
from ..strings.catalogue import counted

_REASONS = {"new": "added since the index was built", "changed": "changed since the index was built"}


@dataclass(frozen=True, slots=True)
class Unsearched:
    """A file that could hold the answer, and why it, or a part of it, was not searched."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Absence:
    """Whether the articles answer a question, and on what that rests.

    `words` says how many passages contain each word of the question. `built` is when the index was built and `asked`
    when the question was, in ISO 8601.
    """

    answer: Answer
    searched: Searched
    words: Mapping[str, int]
    unsearched: tuple[Unsearched, ...]
    built: str
    asked: str

    @property
    def is_absent(self) -> bool:
        """Whether no answer is shown."""
        return self.answer.lead is None

    def as_json(self) -> dict[str, Any]:
        """The object of `qa absent --json`."""
        return {
            "question": self.answer.question,
            "absent": self.is_absent,
            "asked": self.asked,
            "generation": self.answer.generation,
            "built": self.built,
            "searched": self.searched.as_json(),
            "words": dict(self.words),
            "unsearched": [{"document": file.path, "reason": file.reason} for file in self.unsearched],
            "answer": self.answer.as_json(),
        }

    def as_markdown(self) -> str:
        """The report, to be kept or sent."""
        blocks = [f"# {'Not in the articles' if self.is_absent else 'In the articles'}: {_line(self.answer.question)}"]
        blocks += [self._summary(), *self._closest()]
        counts = [f"- {_line(word)}: {_passages(count)}" for word, count in self.words.items()]
        blocks += ["## Words of the question", "\n".join(counts)] if counts else []
        blocks += ["## Where the answer could be all the same", self._elsewhere()]
        return "\n\n".join(blocks) + "\n"

    def _summary(self) -> str:
        answer, searched = self.answer, self.searched
        scope = f" ({_line(str(answer.scope.scope))})" if answer.scope else ""
        least = f", and an answer is shown from {percent(answer.why.threshold)}" if answer.why else ""
        found = "No passage answers it" if self.is_absent else "A passage answers it"
        return (
            f"{found}: the best has a confidence of {percent(answer.confidence)}{least}.\n\n"
            f"Asked {self.asked} of {counted(searched.articles, 'article')}{scope}. "
            f"The index (generation {answer.generation.partition('_')[0]}, built {self.built}) has "
            f"{counted(searched.passages, 'passage')}, searched by words and by meaning."
        )

    def _closest(self) -> list[str]:
        why = self.answer.why
        if why is None:
            return [self.answer.reason] if self.answer.reason else []
        lines = [f"> {line}" for line in why.text.strip().splitlines()]
        place = f"{why.document}, characters {why.span.start} to {why.span.end}"
        heading = "## What came closest" if self.is_absent else "## The answer"
        return [heading, "\n".join(lines), place, *filter(None, [what_it_lacks(why)])]

    def _elsewhere(self) -> str:
        files = [f"- {_line(file.path)}: {_line(file.reason)}" for file in self.unsearched]
        if self.answer.unread:
            files.append(f"- {unread_words(self.answer)}")
        return "\n".join(files) or "Every file of the folder was read, and none has changed since."


def absence_of(answer: Answer, searched: Searched, words: Mapping[str, int], status: Status, asked: str) -> Absence:
    """The report on an answer, with the state of every file at that time."""
    unsearched = []
    for file in status.files:
        if file.pending != "removed" and (reason := _REASONS.get(file.pending) or file.record.reason):
            unsearched.append(Unsearched(file.record.path, reason))
    return Absence(answer, searched, words, tuple(unsearched), status.created, asked)


def _passages(count: int) -> str:
    return f"in {counted(count, 'passage')}" if count else "in no article"


def _line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
