"""Reads the messages of a chat that Telegram exports as a page."""

from __future__ import annotations

import re

from ..conversation import Conversation, Message
from ..timestamps import spoken
from .blocks import Element, text_of

_MARKS = (b"from_name", b"pull_right date details", b"message default")  # classes that are in each page with messages
_MESSAGES = "//div[contains(concat(' ', @class, ' '), ' message ') and contains(concat(' ', @class, ' '), ' default ')]"
_TITLE = "//div[contains(concat(' ', @class, ' '), ' page_header ')]//div[contains(concat(' ', @class, ' '), ' bold ')]"
# `12.03.2024 10:02:33 UTC+01:00`: the time in the zone of the one who exported it.
_TIME = re.compile(r"(\d\d)\.(\d\d)\.(\d{4}) (\d\d:\d\d)(?::\d\d)?.*")
_BREAK = "\ue000"  # of private use: no message has it


def is_chat_page(data: bytes) -> bool:
    """Whether the source of a page has the marks of such a page."""
    return all(mark in data for mark in _MARKS)


def conversation_of(page: Element) -> Conversation | None:
    """The conversation on a page; None if it has none. The page is changed."""
    messages: list[Message] = []
    sender = ""
    for element in page.xpath(_MESSAGES):
        body = _child(element, "body")
        if body is None:
            continue
        name = _child(body, "from_name")
        if name is not None:  # else it is of the one before
            sender = text_of(name)
        inner = _child(body, "forwarded")
        said = _child(inner if inner is not None else body, "text")
        whose = _child(inner, "from_name") if inner is not None else None
        shown = f"{sender} (forwarded from {_name(whose)})" if whose is not None else sender
        if said is not None and (words := _lines(said)):
            messages.append(Message(shown, _when(body), words))
    title = next((text_of(each) for each in page.xpath(_TITLE)), "")
    return Conversation(title, messages) if messages else None


def _child(element: Element, name: str) -> Element | None:
    return next((each for each in element if name in str(each.get("class", "")).split()), None)


def _name(element: Element) -> str:
    """The words of a name without the time that stands in it."""
    return " ".join((element.text or "").split())


def _when(body: Element) -> str:
    date = _child(body, "date")
    stated = _TIME.fullmatch(str(date.get("title", ""))) if date is not None else None
    return spoken(f"{stated[3]}-{stated[2]}-{stated[1]}T{stated[4]}") if stated else ""


def _lines(element: Element) -> str:
    """The text of a message with its line breaks."""
    for each in element.iter("br"):
        each.tail = f"{_BREAK}{each.tail or ''}"
    return "\n".join(filter(None, (line.strip() for line in text_of(element).split(_BREAK))))
