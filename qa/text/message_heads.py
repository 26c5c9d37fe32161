"""Recognises the head of a message of a chat in a text: who wrote it, and when."""

from __future__ import annotations

import re

# Characters without width that some phones write before a line.
NO_WIDTH = "[\u200e\u200f\u202a-\u202e\ufeff]*"
# In a file of a chat: `12/03/2024, 10:02 - Ada: `, `[12.03.24, 10:02:11] Ada: `; without a name, the program reports.
LINE = re.compile(
    rf"^{NO_WIDTH}(?P<bracket>\[)?(?P<one>\d{{1,4}})(?P<mark>[./-])(?P<two>\d{{1,2}})(?P=mark)(?P<three>\d{{2,4}})\.?"
    r"(?:,[^\S\n]*|[^\S\n]+)(?:(?:klo|um|at|kl\.?|à)[^\S\n]+)?"
    r"\d{1,2}[:.]\d\d(?:[:.]\d\d)?(?:[^\S\n]?[apAP]\.?[^\S\n]?[mM]\.?)?"
    rf"(?(bracket)\]|[^\S\n]+[-–])[^\S\n]+{NO_WIDTH}(?:(?P<name>[^:\n]{{1,60}}):[^\S\n])?",
    re.MULTILINE,
)
# As the formats write it: `Ada Marsh, 12 March 2024, 10:02 UTC: `. Without a time, it may be a dateline.
_WRITTEN = re.compile(r"(?P<name>[^\n:]{1,120}), \d{1,2} [A-Z][a-z]{2,8} \d{4}, \d\d:\d\d(?: UTC)?(?::\s|\Z)")


def sender_of(text: str) -> str | None:
    """Who wrote the message that a text begins with, or that it is the head of; None if it does not begin with one.

    Empty for what the program reports.
    """
    head = _head(text)
    return None if head is None else head["name"] or ""


def text_of(text: str) -> str:
    """The text of a message without its head; empty if it does not begin with one."""
    head = _head(text)
    return "" if head is None else text[head.end() :]


def _head(text: str) -> re.Match[str] | None:
    return _WRITTEN.match(text) or LINE.match(text)
