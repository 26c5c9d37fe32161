"""Judges a reply against what its generation holds: right, or silent, or one of the faults."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .articles import Edition, Held, History, Subject

ANSWERED, REFUSED, SILENT, WARNED, UNKNOWN = "answered", "refused", "silent", "warned", "unknown"
LOST, WRONG = "lost", "wrong"
_SENTENCE = (429, 503)  # what may be refused in one sentence


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, with the path and sha256 of its article if neither changed while it was answered."""

    subject: Subject
    unchanged: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a reply is, and why if that is a fault."""

    what: str
    why: str = ""


def judged(asked: Asked, status: int, body: bytes, history: History) -> Verdict:
    """Judge one reply of /api/ask.

    ANSWERED: by the article of the question, with literal quotations. REFUSED: in one sentence. SILENT: no answer, and
    the generation is damaged, lacks the fact, or has it under a name that the article no longer has: a file that is
    gone answers nothing. WARNED: in the last case, another article answered, and the reply says that it does not
    mention the name. UNKNOWN: a generation that was never seen. The others are faults.
    """
    try:
        reply = json.loads(body)
    except ValueError:
        return Verdict(LOST, f"status {status} without JSON: {body[:80]!r}")
    if status in _SENTENCE and isinstance(reply.get("error"), str):
        return Verdict(REFUSED, reply["error"])
    if status != 200:
        return Verdict(LOST, f"status {status}: {body[:120]!r}")
    held = history.held(reply["generation"])
    if held is None:
        return Verdict(UNKNOWN, f"generation {reply['generation']}")
    for citation in reply["citations"]:
        if problem := _problem(citation, held, asked):
            return Verdict(WRONG, f"{asked.subject.question} {problem} (generation {reply['generation']})")
    return _lead(asked, reply, held, reply["generation"] in history.damaged)


def _problem(citation: Mapping[str, Any], held: Held, asked: Asked) -> str:
    """What is wrong with a citation, or ""."""
    path = citation["document"]
    edition = held.editions.get(path)
    if path.partition("#")[0] not in held.files and not any(path.startswith(f"{each}/") for each in held.files):
        return f"cites {path}, which is not in the index"
    if edition is None:
        return ""
    if edition.text[citation["start"] : citation["end"]] != citation["text"]:
        return f"quotes {citation['text'][:60]!r}, which does not stand in {path}"
    if asked.unchanged is not None and asked.unchanged[0] == path:
        is_changed = held.files[path] != asked.unchanged[1]
        if is_changed and not citation["changed"]:
            return f"does not say that {path} has changed"
    return ""


def _lead(asked: Asked, reply: Mapping[str, Any], held: Held, is_damaged: bool) -> Verdict:
    subject, wanted = asked.subject, held.of(asked.subject)
    is_there = asked.unchanged is not None and asked.unchanged[0] in wanted
    facts = {edition.fact for edition in wanted.values() if edition.fact}
    lead = reply["answer"]
    if lead is None:
        if facts and is_there and not is_damaged:
            why = next((f": {path} {held.failed[path]}" for path in wanted if path in held.failed), "")
            return Verdict(LOST, f"{subject.question} is not answered by generation {reply['generation']}{why}")
        return Verdict(SILENT)
    document = reply["citations"][lead["citation"] - 1]["document"]
    if not facts:
        return Verdict(SILENT)  # nothing answers it in this generation: what is quoted is literal, and that is all
    edition: Edition | None = wanted.get(document)
    if edition is None:
        if not is_there and subject.name in reply["unmentioned"]:
            return Verdict(WARNED)
        return Verdict(WRONG, f"{subject.question} is answered by {document}: {lead['text'][:80]!r}")
    start, end = lead["span"]
    if edition.text[start:end] != lead["text"] or edition.fact not in lead["text"]:
        return Verdict(WRONG, f"{subject.question} is answered with {lead['text'][:80]!r}")
    return Verdict(ANSWERED)
