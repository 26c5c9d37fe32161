"""Keeps the conflicts among all articles of a generation beside the index, so that they are searched for once."""

from __future__ import annotations

import json
from typing import Any

from ..config import Config
from ..index.manifest import Manifest
from ..system.files import replace_text
from ..system.version import __version__
from ..text.document import SECTION_SEPARATOR, Span
from .findings import Conflict, Conflicts, Said

NAME = "conflicts.json"


def origin(config: Config, manifest: Manifest) -> str:
    """What the conflicts depend on: the articles, the program with its rules, and whether the reader reads."""
    return f"{manifest.id} of {manifest.created}, version {__version__}, reader {config.reader}"


def keep(config: Config, manifest: Manifest, found: Conflicts) -> None:
    """Store the conflicts among all articles. Raises OSError."""
    replace_text(config.index / NAME, json.dumps({"of": origin(config, manifest), **found.as_json()}) + "\n")


def kept(config: Config, manifest: Manifest) -> Conflicts | None:
    """What was stored for this generation; None if nothing was, or if it cannot be read: it is then found again."""
    try:
        data = json.loads((config.index / NAME).read_text("utf-8"))
        if data["of"] != origin(config, manifest):
            return None
        found = tuple(_conflict(each) for each in data["conflicts"])
        return Conflicts(found, data["passages"], data["statements"], manifest.id, None, config.chat)
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None


def _conflict(data: dict[str, Any]) -> Conflict:
    one, other = map(_said, data["said"])
    return Conflict(data["kind"], (one, other))


def _said(data: dict[str, Any]) -> Said:
    section = tuple(data["section"].split(SECTION_SEPARATOR)) if data["section"] else ()
    at = data["value_span"]
    return Said(
        data["document"], data["title"], section, data["page"], Span(data["start"], data["end"]), data["text"],
        data["date"] or "", data["value"], None if at is None else Span(*at),
    )  # fmt: skip
