"""Reads the notes of Google Keep, each a JSON file: text or list, labels, and the times when it was written."""

from __future__ import annotations

from typing import Any

from ..text.document import Document
from .builder import TextBuilder
from .joining import Part, joined
from .named_values import clean, name_within, one_line
from .plain import parse_plain
from .timestamps import moment, spoken, written

_TIMES = (("Created", "createdTimestampUsec"), ("Edited", "userEditedTimestampUsec"))
_MOST = 20_000  # items, labels or links


def is_note(value: object) -> bool:
    """Whether the value of a file is a note, by the fields that no other program writes."""
    return isinstance(value, dict) and "userEditedTimestampUsec" in value and ("isTrashed" in value or "color" in value)


def note_of(path: str, value: dict[str, Any]) -> Document | None:
    """The document of a note; None if it is empty, or in the trash."""
    title = one_line(name_within(value.get("title")))
    text = parse_plain(path, _text(value, "textContent"), "-")
    builder = TextBuilder()
    items = [
        f"{item} (ticked)" if each.get("isChecked") is True else item
        for each in _objects(value, "listContent")
        if (item := name_within(each.get("text")))
    ]
    builder.items(items)
    for link in _objects(value, "annotations"):
        builder.paragraph(". ".join(filter(None, (_text(link, "title"), _text(link, "url")))))
    labels = ", ".join(filter(None, (_text(each, "name") for each in _objects(value, "labels"))))
    shared = ", ".join(filter(None, (_text(each, "email") for each in _objects(value, "sharees"))))
    if value.get("isTrashed") is True or not (text.blocks or builder.document(path).blocks):
        return None
    facts = [("Labels", labels), ("Shared with", shared), *((name, spoken(value.get(field))) for name, field in _TIMES)]
    builder.lines([f"{name}: {fact}" for name, fact in facts if fact])
    edited = moment(value.get("userEditedTimestampUsec"))
    metadata = {"tags": labels, "date": written(edited) if edited else ""}
    kept = {name: each for name, each in metadata.items() if each}
    return joined(path, title, kept, (Part(text), Part(builder.document(path))))


def _objects(value: dict[str, Any], name: str) -> list[dict[str, Any]]:
    listed = value.get(name)
    return [each for each in listed[:_MOST] if isinstance(each, dict)] if isinstance(listed, list) else []


def _text(value: dict[str, Any], name: str) -> str:
    return clean(value[name]) if isinstance(value.get(name), str) else ""
