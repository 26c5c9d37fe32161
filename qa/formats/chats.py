"""Finds the conversations in the value of a JSON file: by their shape, whatever program has exported them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from ..text.dates import dates_in, spelled
from .conversation import Conversation, Message
from .messages import People, looks_like_message, mended, message_of, people_of, time_of
from .named_values import is_scalar, label, name_within, scalar

# The lists that hold the messages of a conversation, as programs name them.
_LISTS = ("messages", "chat_messages", "MessageList", "conversations", "conversation", "turns", "value")
_MAX_DEPTH = 4  # of a conversation within lists and objects
_SAMPLE = 200  # messages that are examined
_MOST_OTHERS = 0.5  # of them that are no messages: pictures, calls, those who come and go
_TITLES = ("title", "subject", "name", "displayName", "topic", "room_name")
# How the name of a field begins whose value only programs use.
_OF_PROGRAMS = re.compile(r"creat|updat|modif|current|default|model|version|(?:\w*_)?(?:uu|gu)?id$", re.IGNORECASE)
# What the value of a field beside the messages is if only programs use it; all in one word.
_FOR_PROGRAMS = re.compile(r"\S*\d\S*|[a-z]+(?:[_-][a-z]+)+|private|public|group|channel|chat|direct")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class Found:
    """A conversation with its number in the file; 0 if it is the file."""

    number: int
    conversation: Conversation


def conversations_of(value: Any, path: str, people: People) -> list[Found]:
    """The conversations in the value of a file; none if it is something else.

    `people` are the names of those who are only numbers in the file.
    """
    if isinstance(value, list) and _are_messages(value, is_named=False):
        title = _title_of_day(path)
        return [Found(0, Conversation(title, _in_threads(value, {**people_of(value), **people})))]
    found = list(_within(value, people, 0))
    return [Found(number if len(found) > 1 else 0, each) for number, each in enumerate(found, start=1)]


def conversation_in(value: Any, people: People) -> Conversation | None:
    """The conversation that an object is; None if it is none."""
    messages = _messages(value) if isinstance(value, dict) else None
    if messages is None:
        return None
    names = {**_participants(value), **people_of(messages), **people}
    said = tuple(message for each in messages if (message := message_of(each, names)) is not None)
    about = (Message("", "", f"{name}: {words}") for name, words in _described(value))
    return Conversation(mended(_title(value)), (*about, *said) if said else ())


def _described(value: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The fields beside the messages of a conversation that say something to a person: the state of a ticket."""
    if "mapping" in value:
        return  # of a conversation with a program, which is about nothing else
    for name, each in value.items():
        is_read = isinstance(each, str) and name not in _TITLES and not _OF_PROGRAMS.match(name)
        told = label(name)
        words = scalar(told, each) if is_read else ""
        if words and not _FOR_PROGRAMS.fullmatch(words):
            yield told, words


def beside_conversations(value: Any, depth: int = 0) -> Any:
    """What an export has beside its conversations, such as contacts; None if that is nothing, or only single values."""
    if depth > _MAX_DEPTH or _is_conversation(value, depth):
        return None
    if isinstance(value, dict):
        inner = {name: _beside(each, depth) for name, each in value.items() if name != "about"}
        kept = {name: each for name, each in inner.items() if each is not None and (depth or not is_scalar(each))}
        return kept or None
    return [each for each in (_beside(each, depth) for each in value) if each is not None] or None


def _beside(value: Any, depth: int) -> Any:
    return value if is_scalar(value) else beside_conversations(value, depth + 1)


def _is_conversation(value: Any, depth: int) -> bool:
    if isinstance(value, dict):
        return _messages(value) is not None
    return depth == 0 and _are_messages(value, is_named=False)


def _within(value: Any, people: People, depth: int) -> Iterator[Conversation]:
    """Yield the conversations in a value, in order."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, list):
        for each in value:
            if isinstance(each, (list, dict)):
                yield from _within(each, people, depth + 1)
    elif isinstance(value, dict):
        if (conversation := conversation_in(value, people)) is not None:
            yield conversation
            return
        for each in value.values():
            if isinstance(each, (list, dict)):
                yield from _within(each, people, depth + 1)


def _messages(value: dict[str, Any]) -> list[Any] | None:
    """The messages of an object that is a conversation, in order; None if it is none."""
    mapping = value.get("mapping")
    if isinstance(mapping, dict) and any(isinstance(node, dict) and "message" in node for node in mapping.values()):
        return _branch(mapping, value.get("current_node"))
    for name in _LISTS:
        messages = value.get(name)
        if isinstance(messages, list) and _are_messages(messages, is_named=name != "value"):
            return messages[::-1] if _is_newest_first(messages) else messages
    return None


def _is_newest_first(messages: list[Any]) -> bool:
    """Whether the messages go back in time, as Messenger writes them."""
    times = [when for each in messages if isinstance(each, dict) and (when := time_of(each)) is not None]
    return len(times) > 1 and times[0] > times[-1]


def _participants(value: dict[str, Any]) -> dict[str, str]:
    """The name of a conversation with one person, by that person's number, as Skype has it."""
    number, name = value.get("id"), value.get("displayName")
    return {number: name} if isinstance(number, str) and isinstance(name, str) and name else {}


def _are_messages(values: list[Any], is_named: bool) -> bool:
    """Whether a list holds messages: in one that is not named so, they must have the fields of Slack or Teams."""
    sample = [value for value in values[:_SAMPLE] if isinstance(value, dict)]
    if not is_named:
        sample = [value for value in sample if _is_certain(value)]
    found = sum(map(looks_like_message, sample))
    return found > 0 and found >= (1 - _MOST_OTHERS) * min(len(values), _SAMPLE)


def _is_certain(value: dict[str, Any]) -> bool:
    return (value.get("type") == "message" and "ts" in value) or ("createdDateTime" in value and "messageType" in value)


def _branch(mapping: dict[str, Any], current: object) -> list[Any]:
    """The messages from the first one to the current one, of a tree in which each answer to a question is a branch.

    Without a current one, the last branch of each node is taken.
    """
    order: list[Any] = []
    seen: set[str] = set()
    if isinstance(current, str) and current in mapping:
        while isinstance(current, str) and current not in seen and isinstance(node := mapping.get(current), dict):
            seen.add(current)
            order.append(node.get("message"))
            current = node.get("parent")
        return order[::-1]
    roots = [name for name, node in mapping.items() if isinstance(node, dict) and not _is_known(mapping, node)]
    current = roots[0] if roots else next(iter(mapping))
    while isinstance(current, str) and current not in seen and isinstance(node := mapping.get(current), dict):
        seen.add(current)
        order.append(node.get("message"))
        children = node.get("children")
        current = children[-1] if isinstance(children, list) and children else None
    return order


def _is_known(mapping: dict[str, Any], node: dict[str, Any]) -> bool:
    parent = node.get("parent")
    return isinstance(parent, str) and parent in mapping


def _in_threads(values: list[Any], people: People) -> tuple[Message, ...]:
    """The messages of a channel, with the replies of a thread directly below the message that they reply to."""
    places: dict[str, int] = {}
    for place, value in enumerate(values):
        if isinstance(value, dict) and isinstance(stamp := value.get("ts"), str):
            places.setdefault(stamp, place)

    def thread(place: int) -> int:
        value = values[place]
        start = value.get("thread_ts") if isinstance(value, dict) else None
        return places.get(start, place) if isinstance(start, str) else place

    ordered = sorted(range(len(values)), key=lambda place: (thread(place), place))
    found = (message_of(values[place], people) for place in ordered)
    return tuple(message for message in found if message is not None)


def _title(value: dict[str, Any]) -> str:
    named = (name_within(value.get(name)) for name in _TITLES)
    channel, guild = name_within(value.get("channel")), name_within(value.get("guild"))
    return next(filter(None, named), "") or ", ".join(filter(None, (channel, guild)))


def _title_of_day(path: str) -> str:
    """`general, 12 March 2024` for `export/general/2024-03-12.json`, as Slack names its files; else empty."""
    file = PurePosixPath(path)
    days = [found for _, found in dates_in(file.stem)] if _DAY.fullmatch(file.stem) else []
    return ", ".join(filter(None, (file.parent.name, spelled(days[0])))) if days else ""
