"""A question → the two questions that it is made of, if it is made of two.

It goes by how English questions are built and knows nothing about what they mean.
"""

from __future__ import annotations

import re
from dataclasses import replace

from ..index.protocols import Query

_ASK = "who whom whose what when where why which how"
_HELP = "is are was were am do does did can could will would shall should has have had may might must"
_POINT = "it its he him his she her hers they them their theirs this that these those there"
_SMALL = frozenset(f"{_ASK} {_HELP} {_POINT} a an the of in on at to for from by with about and or many much".split())


def _any(words: str) -> str:
    return rf"\b(?:{words.replace(' ', '|')})\b"


_PLACE = r"(?:(?:in|on|at|to|for|from|by|with|of|about|under|during|until|since|into)\s+)?"
_ASKS, _HELPS = _PLACE + _any(_ASK), _any(_HELP)
_QUESTION = re.compile(rf"{_ASKS}|{_HELPS}", re.IGNORECASE)
_JOINT = re.compile(rf"(?:\?\s+(?:and\s+)?|;\s*(?:and\s+)?|,?\s+and\s+(?:also\s+)?)(?={_ASKS})", re.IGNORECASE)
# What is asked as a question of its own: a helping verb comes soon (after "when", at once: else it is a clause), or
# "who", "what" or "which" do it themselves.
_ASKED = re.compile(
    rf"{_PLACE}(?:{_any('when where why')}\s+{_HELPS}"
    rf"|{_any('who whom whose what which how')}(?:\s+[\w'’-]+){{0,4}}?\s+{_HELPS}"
    rf"|{_any('who what which')}\s+\w+|how\s+(?:many|much)\s+\w+)\s+\w",
    re.IGNORECASE,
)
_POINTS = re.compile(_any(_POINT), re.IGNORECASE)
_WORD = re.compile(r"\w[\w'’-]*")


def apart(query: Query) -> tuple[Query, ...]:
    """The queries of the two questions that one is made of, each to be run by itself beside it; none where it is one.

    One with words in quotes is left whole: it says itself what must stand together.
    """
    return () if query.phrases else tuple(replace(query, text=part) for part in split(query.text))


def split(question: str) -> tuple[str, ...]:
    """The two questions, each to be searched for by itself; none where it is one question.

    What the second one points at ("it", "they") is in the first, whose names are then put behind it.
    """
    if not _QUESTION.match(question):
        return ()
    for joint in _JOINT.finditer(question):
        first, second = question[: joint.start()].rstrip("?;,. "), question[joint.end() :].rstrip("?. ")
        if _ASKED.match(second) and _says(first) and _says(second) and not _goes_on(first, second):
            about = _subject(first) if _POINTS.search(second) else []
            return f"{first}?", " ".join([f"{second}?", *about])
    return ()


def _says(clause: str) -> list[str]:
    """The words of a clause that say what it is about."""
    return [word for word in _WORD.findall(clause) if word.lower() not in _SMALL]


def _subject(clause: str) -> list[str]:
    """The names in a clause, which begin with capitals; without any, all that says what it is about."""
    names = [word for word in _WORD.findall(clause)[1:] if word[0].isupper()]
    return names or _says(clause)


def _goes_on(first: str, second: str) -> bool:
    """Whether the second clause is of the same kind as one within the first: "a man who … and who …"."""
    asks = _WORD.findall(second)[0].lower()
    return asks in _WORD.findall(first)[1:]  # "Doctor Who" asks nothing
