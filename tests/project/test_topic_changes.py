"""What a conversation changes is counted, and only that."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.topic_changes import Changed, Reply, changed, table
from qa.ask.follow_up import Turn

OFF, OWN = ["who won?", "xyzzy plugh?"], ["how long?", "how wide?", "how deep?"]


def _steady(text: str, history: Sequence[Turn]) -> Reply:
    return Reply(None, "") if text in OFF else Reply((text, 0, 5), text)


def _drifting(text: str, history: Sequence[Turn]) -> Reply:
    """Answers whatever follows a question about roles with that question's answer, and forgets long conversations."""
    if history and history[0].text == "what is the role?":
        return Reply(("role.md", 0, 5), "a role")
    return Reply(("last.md", 0, 5), "the last") if len(history) > 2 else _steady(text, history)


def test_a_program_that_hears_only_the_question_changes_nothing() -> None:
    found = changed(_steady, ["what is it?", "why?"], OFF, OWN)
    assert found == Changed(2, 3, (0, 0), (3, 3), 3, 0)


def test_what_a_first_turn_changes_is_counted_for_each_of_them() -> None:
    found = changed(_drifting, ["what is it?", "what is the role?"], OFF, OWN)
    assert (found.answered, found.same) == ((0, 2), (3, 0))
    assert (found.talk, found.drifted) == (3, 1)
    assert list(table({"garden": found}))[-1] == "| garden | 2 | 2 | 2 | 1.0 | 3 | 0 | 1.5 | 1 of 3 |"
