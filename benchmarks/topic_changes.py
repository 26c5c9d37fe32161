"""Ask the same questions after other turns: `python -m benchmarks.topic_changes [--only NAME …] [--questions 50]`.

After each of some first turns of different kinds, off-topic questions and nonsense are asked, which no words of the
conversation should make answerable, and self-contained questions, whose lead should be the one they have when asked
first. The latter are also asked one after the other, in one conversation that should drift nowhere.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks import real
from benchmarks.common import CachingReader, off_topic_questions
from qa.ask.follow_up import Turn
from qa.engine import Engine

QUESTIONS, FIRST_TURNS, TALK = 50, 8, 20
NONSENSE = (
    "xyzzy plugh?", "asdf asdf asdf", "blorp the fnord", "hmm?", "qwertz", "wibble wobble wubble?", "zzz",
    "foo bar baz qux", "lorem ipsum dolor sit amet", "colorless green ideas sleep furiously",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reply:
    """Where the lead is (document, start, end), None if the question was not answered, and its text."""

    place: tuple[str, int, int] | None
    text: str


@dataclass(frozen=True, slots=True)
class Changed:
    """What a conversation changed, of so many questions.

    For each first turn, `answered` counts the off-topic questions that are answered only after it, and `same` the
    self-contained questions with the same lead as when asked first. `drifted` counts the questions with another lead in
    one conversation of `talk` of them.
    """

    off_topic: int
    own: int
    answered: tuple[int, ...]
    same: tuple[int, ...]
    talk: int
    drifted: int


Ask = Callable[[str, Sequence[Turn]], Reply]


def main() -> int:
    """Print the table of the collections that are named, by default of all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", help="collections; all by default")
    parser.add_argument("--questions", type=int, default=QUESTIONS, help="of each kind")
    given = parser.parse_args()
    print("\n".join(table(measure(CachingReader(), given.only, given.questions))))
    return 0


def measure(reader: CachingReader, only: Sequence[str] | None = None, count: int = QUESTIONS) -> dict[str, Changed]:
    """What a conversation changes in each collection, for at most `count` questions of each kind."""
    found = {}
    for folder in (real.REAL, real.OWN):
        for collection in real.collections(folder):
            if only and collection.name not in only:
                continue
            with real.opened(collection, reader) as engine:
                own = [q for q in collection.questions if q.answerable and not q.history]
                first = first_turns(own)
                asked = [q.text for q in own if q not in first][:count]
                found[collection.name] = changed(_asker(engine), [q.text for q in first], off_topic(count), asked)
    return found


def first_turns(questions: Sequence[real.Question]) -> list[real.Question]:
    """The first question of each kind, at most eight."""
    return list({question.kind: question for question in reversed(questions)}.values())[::-1][:FIRST_TURNS]


def off_topic(count: int) -> list[str]:
    """Nonsense and real search questions about other things, at least four of five of them the latter."""
    nonsense = NONSENSE[: max(1, count // 5)]
    return [*nonsense, *(text for _, text in off_topic_questions()[: count - len(nonsense)])]


def changed(ask: Ask, first: Sequence[str], off: Sequence[str], own: Sequence[str]) -> Changed:
    """What each of the first turns changes, and a conversation of the first twenty of the `own` questions."""
    fresh = {text: ask(text, ()) for text in (*first, *off, *own)}
    answered, same = [], []
    for text in first:
        said = _turns(text, fresh[text])
        answered.append(sum(fresh[q].place is None and ask(q, said).place is not None for q in off))
        same.append(sum(ask(q, said).place == fresh[q].place for q in own))
    history: tuple[Turn, ...] = ()
    drifted = 0
    for text in own[:TALK]:
        reply = ask(text, history)
        drifted += reply.place != fresh[text].place
        history += _turns(text, reply)
    return Changed(len(off), len(own), tuple(answered), tuple(same), len(own[:TALK]), drifted)


def table(found: Mapping[str, Changed]) -> Iterator[str]:
    """The figures as lines of a Markdown table."""
    yield from (
        "Each question is asked after one of several first turns of different kinds, and first. *More answered*:",
        "off-topic questions and nonsense that are answered only after such a turn, the worst of them and on average",
        "(wanted: at most 1 of 50). *Same lead*: self-contained questions (wanted: at least 48 of 50). *Drifted*:",
        "questions with another lead in one conversation of self-contained questions.",
        "",
        "| collection | first | off-topic | more answered, worst | mean | own | same lead, worst | mean | drifted |",
        f"|---|{'--:|' * 8}",
    )
    for name, each in found.items():
        turns = max(1, len(each.same))
        yield (
            f"| {name} | {len(each.same)} | {each.off_topic} | {max(each.answered, default=0)} "
            f"| {sum(each.answered) / turns:.1f} | {each.own} | {min(each.same, default=0)} "
            f"| {sum(each.same) / turns:.1f} | {each.drifted} of {each.talk} |"
        )


def _turns(question: str, reply: Reply) -> tuple[Turn, ...]:
    return (Turn("user", question), Turn("agent", reply.text))


def _asker(engine: Engine) -> Ask:
    def ask(text: str, history: Sequence[Turn]) -> Reply:
        answer = engine.ask(text, 5, tuple(history))
        if answer.lead is None:
            return Reply(None, "")
        cited = next(c for c in answer.citations if c.rank == answer.lead.citation)
        return Reply((cited.document, answer.lead.span.start, answer.lead.span.end), answer.lead.text)

    return ask


if __name__ == "__main__":
    raise SystemExit(main())
