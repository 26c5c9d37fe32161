"""Writes conversations as documents: each message is one unit that says who wrote it, and when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from ..text.document import WHOLE_MESSAGE, Document
from .builder import TextBuilder
from .conversation import Conversation, Message
from .joining import Part, joined
from .markdown import parse_markdown
from .markup import is_markdown
from .plain import parse_plain

_LONGEST_QUESTION = 160  # characters of a question that is the heading of the answer to it
_QUESTION_MARKS = ("?", "？", "؟")


def document_of(path: str, conversation: Conversation) -> Document | None:
    """The document of a conversation; None if nobody says anything.

    A message of moderate length is a block that begins with its head. The head of any other one is the heading of its
    text, and so is a question before the answer of a program.
    """
    parts = list(_parts(path, conversation.messages))
    document = joined(path, conversation.title, conversation.metadata, parts)
    return document if document.blocks else None


def _parts(path: str, messages: Sequence[Message]) -> Iterator[Part]:
    short: list[Message] = []
    question: Message | None = None
    for message, following in zip_longest(messages, messages[1:]):
        if following is not None and following.is_answer and _is_question(message):
            yield from _of_short(path, short)
            short, question = [], message
            continue
        if question is None and _is_short(message):
            short.append(message)
            continue
        yield from _of_short(path, short)
        parse = parse_markdown if message.is_answer or is_markdown(message.text) else parse_plain
        if question is None:
            yield Part(parse(path, message.text, "-"), message.head)
        elif _is_short(message) and "\n" not in message.text.strip():
            yield from _of_short(path, [message], _line(question))
        else:
            yield Part(joined(path, "", {}, [Part(parse(path, message.text, "-"), message.head)]), _line(question))
        short, question = [], None
    yield from _of_short(path, short)


def _of_short(path: str, messages: Sequence[Message], heading: str = "") -> Iterator[Part]:
    if messages:
        builder = TextBuilder()
        for message in messages:
            builder.message(_line(message))
        yield Part(builder.document(path), heading)


def _is_short(message: Message) -> bool:
    return len(_line(message).split()) <= WHOLE_MESSAGE


def _is_question(message: Message) -> bool:
    return len(message.text) <= _LONGEST_QUESTION and message.text.rstrip().endswith(_QUESTION_MARKS)


def _line(message: Message) -> str:
    return ": ".join(filter(None, (message.head, message.text)))
