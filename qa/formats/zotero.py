"""Reads the tables of a Zotero database that say what its files are. Anybody may have made it: see `sandbox`."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from .decoding import Unreadable

Value = int | float | str | None

_STEPS = 50_000_000  # of SQLite's machine: a database that needs more is not Zotero's
_TABLES = {
    "attachments": """SELECT a.itemID, i.key, a.parentItemID, a.path, i.libraryID FROM itemAttachments a
    JOIN items i ON i.itemID = a.itemID
    WHERE a.parentItemID IS NOT NULL AND a.path IS NOT NULL AND a.parentItemID NOT IN (SELECT itemID FROM deletedItems)
    AND a.itemID NOT IN (SELECT itemID FROM deletedItems)""",
    "values": """SELECT d.itemID, f.fieldName, v.value FROM itemData d
    JOIN fields f ON f.fieldID = d.fieldID JOIN itemDataValues v ON v.valueID = d.valueID""",
    "creators": """SELECT c.itemID, t.creatorType, n.firstName, n.lastName, n.fieldMode FROM itemCreators c
    JOIN creators n ON n.creatorID = c.creatorID JOIN creatorTypes t ON t.creatorTypeID = c.creatorTypeID
    ORDER BY c.itemID, c.orderIndex""",
    "items": "SELECT i.itemID, t.typeName FROM items i JOIN itemTypes t ON t.itemTypeID = i.itemTypeID",
    "tags": "SELECT it.itemID, t.name FROM itemTags it JOIN tags t ON t.tagID = it.tagID ORDER BY it.itemID, t.name",
    "groups": "SELECT libraryID, groupID FROM groups",
}


def zotero_tables(database: Path) -> dict[str, list[list[Value]]]:
    """The rows of each table, which are to be judged by whoever gets them. Raises Unreadable."""
    try:
        with closing(sqlite3.connect(database)) as opened:
            opened.execute("PRAGMA trusted_schema = OFF")
            opened.execute("PRAGMA query_only = ON")
            opened.text_factory = _text
            opened.set_progress_handler(lambda: 1, _STEPS)
            return {
                name: [[_value(value) for value in row] for row in opened.execute(query)]
                for name, query in _TABLES.items()
            }
    except sqlite3.Error as error:
        raise Unreadable(str(error)) from error


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _value(value: object) -> Value:
    return _text(value) if isinstance(value, bytes) else value if isinstance(value, int | float | str) else None
