"""A conversation: messages, each with who wrote it, and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Message:
    """What somebody wrote: `sender` and `when` are as a person reads them, and either may be empty.

    `is_answer` says that it was written by a program in answer to the message before it.
    """

    sender: str
    when: str
    text: str
    is_answer: bool = False

    @property
    def head(self) -> str:
        """`Anna Schmidt, 12 March 2024, 10:02`."""
        return ", ".join(filter(None, (self.sender, self.when)))


@dataclass(frozen=True, slots=True)
class Conversation:
    """The messages of a conversation in their order."""

    title: str
    messages: Sequence[Message]
    metadata: Mapping[str, str] = field(default_factory=dict)
