"""Joins the lines of paragraphs that a mail program wrapped at a width."""

from __future__ import annotations

import re

_MIN_WIDTH, _MAX_WIDTH = 50, 100
_STARTS_ANEW = re.compile(r"\s{2,}\S|\s*(?:[-*+•–]|\(?\w{1,3}[.)])\s|[^\n:]{1,30}:\s|[|#]")


def unwrapped(text: str) -> str:
    """The text with each wrapped paragraph on one line, if the longest line is about as wide as mail programs wrap.

    A line was wrapped if the first word of the next would not have fitted.
    """
    lines = [line.rstrip() for line in text.split("\n")]
    width = max(map(len, lines))
    if not _MIN_WIDTH <= width <= _MAX_WIDTH:
        return "\n".join(lines)
    joined: list[str] = []
    last = ""  # the last line as it was
    for line in lines:
        word = line.split(" ", 1)[0]
        fits = len(last) + 1 + len(word) <= width
        if last and line and not fits and not _STARTS_ANEW.match(line):
            joined[-1] += f" {line.strip()}"
        else:
            joined.append(line)
        last = line
    return "\n".join(joined)


def reflowed(text: str, delete_space: bool) -> str:
    """The text of `format=flowed` (RFC 3676): a line that ends with a space goes on in the next.

    With `delete_space`, that space is not part of the text. Quotation marks are kept as they are.
    """
    joined: list[str] = []
    flows = ""  # the quotation marks of the line that goes on
    for line in text.split("\n"):
        marks = line[: len(line) - len(line.lstrip(">"))]
        words = line[len(marks) :].removeprefix(" ") if marks or line.startswith(" ") else line
        goes_on = words.endswith(" ") and words != "-- "
        if delete_space and goes_on:
            words = words[:-1]
        if flows is not None and joined and flows == f"{marks}+" and words.strip():
            joined[-1] += words
        else:
            joined.append(f"{marks} {words}" if marks else words)
        flows = f"{marks}+" if goes_on else ""
    return "\n".join(line.rstrip() if line != "-- " else line for line in joined)
