"""Groups the questions that the articles do not answer: those without an answer, and those with a thumb down."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...text.terms import analyze, is_function_word, plain_words
from .unanswered import UnansweredQuestion
from .verdicts import Judged


@dataclass(frozen=True, slots=True)
class GapQuestion:
    """A question, how often it was not answered or its answer had a thumb down, and when last (ISO 8601).

    `carried` are the words of the conversation that it was searched with; `nearest` is the document that came closest
    or was cited, or "".
    """

    question: str
    carried: str
    unanswered: int
    down: int
    last: str
    nearest: str

    @property
    def times(self) -> int:
        return self.unanswered + self.down

    @property
    def asked(self) -> str:
        """The question with the words of its conversation in front, as it can be asked by itself."""
        return f"{self.carried} {self.question}".strip()


@dataclass(frozen=True, slots=True)
class Gap:
    """Questions about one thing, the most frequent first; `words` are those of the first that most of them share."""

    words: tuple[str, ...]
    questions: tuple[GapQuestion, ...]

    @property
    def times(self) -> int:
        return sum(question.times for question in self.questions)

    @property
    def last(self) -> str:
        return max(question.last for question in self.questions)

    def as_json(self) -> dict[str, Any]:
        """One entry of `gaps` in `qa gaps --json`."""
        questions = [
            {
                "question": each.question,
                "carried": each.carried.split(),
                "unanswered": each.unanswered,
                "down": each.down,
                "last": each.last,
                "nearest": each.nearest or None,
            }
            for each in self.questions
        ]
        return {"words": list(self.words), "times": self.times, "last": self.last, "questions": questions}


def gaps(unanswered: Iterable[UnansweredQuestion], judged: Iterable[Judged]) -> tuple[Gap, ...]:
    """Group the questions; the groups that were asked most often come first, of equals the latest."""
    return grouped(_counted(unanswered, judged))


def grouped(questions: Sequence[GapQuestion]) -> tuple[Gap, ...]:
    """Group questions by the words that they share, apart from function words and endings.

    A question joins the group of the most frequent question with which it has most in common: at least half of the
    words of the shorter of both, and two of them unless it has only one. It is compared with that question alone, so
    that a chain of questions, each like the next, does not become one group.
    """
    order = sorted(questions, key=lambda each: (each.times, each.last), reverse=True)
    all_terms = [_terms(question.asked) for question in order]
    frequency = Counter(term for terms in all_terms for term in terms)
    groups: list[list[GapQuestion]] = []
    firsts: list[frozenset[str]] = []  # the words of the first question of each group
    with_term: defaultdict[str, list[int]] = defaultdict(list)
    of_one_word: dict[str, int] = {}
    for question, terms in zip(order, all_terms, strict=True):
        # Where two words are shared, one is not the most frequent: its long list need not be read.
        rarer = sorted(terms, key=lambda term: (frequency[term], term))[: max(1, len(terms) - 1)]
        near = {number for term in rarer for number in with_term[term]}
        near.update(of_one_word[term] for term in terms if term in of_one_word)
        fits = {number: len(terms & firsts[number]) for number in near if _alike(terms, firsts[number])}
        if fits:
            groups[max(fits, key=lambda number: (fits[number], -number))].append(question)
            continue
        for term in terms:
            with_term[term].append(len(groups))
        if len(terms) == 1:
            of_one_word[next(iter(terms))] = len(groups)
        groups.append([question])
        firsts.append(terms)
    found = [Gap(_shared_words(group), tuple(group)) for group in groups]
    return tuple(sorted(found, key=lambda gap: (gap.times, gap.last), reverse=True))


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    shared, shorter = len(one & other), min(len(one), len(other))
    return 2 * shared >= shorter and shared >= min(2, shorter)


def _counted(unanswered: Iterable[UnansweredQuestion], judged: Iterable[Judged]) -> list[GapQuestion]:
    """Each question once, however it was typed; as it was typed last."""
    asked = [GapQuestion(each.question, each.carried, 1, 0, each.time, each.nearest) for each in unanswered]
    asked += [
        GapQuestion(each.question, "", 0, 1, each.time, each.document) for each in judged if each.verdict == "down"
    ]
    found: dict[tuple[str, ...], GapQuestion] = {}
    for each in sorted(asked, key=lambda question: question.last):
        key = tuple(plain_words(each.asked)) or (each.asked,)
        old = found.get(key)
        counts = (0, 0) if old is None else (old.unanswered, old.down)
        found[key] = replace(each, unanswered=each.unanswered + counts[0], down=each.down + counts[1])
    return list(found.values())


def _terms(text: str) -> frozenset[str]:
    """The content words of a question, without their endings; all of its words if it has no other."""
    content = frozenset(term for word in plain_words(text) for term in _content(word))
    return content or frozenset(analyze(text)) or frozenset([text])


def _content(word: str) -> list[str]:
    return [] if is_function_word(word) else analyze(word)


def _shared_words(group: Sequence[GapQuestion]) -> tuple[str, ...]:
    """The content words of the first question, in its order, that more than half of the questions have."""
    counts = Counter(term for question in group for term in _terms(question.asked))
    words = dict.fromkeys(word for word in plain_words(group[0].asked) if _content(word))
    return tuple(word for word in words if 2 * max(counts[term] for term in _content(word)) > len(group))
