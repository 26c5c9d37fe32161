"""Writes the changes of pinned answers as an RSS feed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime
from xml.etree import ElementTree

from .changes import Change


def as_rss(changes: Sequence[Change], chat: str) -> str:
    """An RSS 2.0 feed with an item for each change; `chat` is the address at which the articles open."""
    root = ElementTree.Element("rss", version="2.0")
    channel = ElementTree.SubElement(root, "channel")
    _add(channel, title="Pinned questions", link=chat, description="Answers that have changed with your articles")
    for change in changes:
        item = ElementTree.SubElement(channel, "item")
        seen = format_datetime(datetime.fromisoformat(change.seen))
        _add(item, title=change.question, link=change.after.link or chat, description=change.sentence, pubDate=seen)
        guid = ElementTree.SubElement(item, "guid", isPermaLink="false")
        guid.text = hashlib.sha256(f"{change.pin}\0{change.seen}".encode()).hexdigest()
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _add(parent: ElementTree.Element, **texts: str) -> None:
    for name, text in texts.items():
        child = ElementTree.SubElement(parent, name)
        child.text = "".join(c if c.isprintable() else " " for c in text)
