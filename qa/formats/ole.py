"""Opens OLE files, the containers of the binary Office formats and of Outlook's messages."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from datetime import datetime

import olefile  # type: ignore[import-untyped]

from .decoding import Unreadable

MAGIC = olefile.MAGIC
_FIRST_YEAR = 1980  # earlier dates are empty ones
_TAG_MARK = re.compile(r"\s*[,;]\s*")
_MAX_STREAM = 100_000_000  # bytes
# What olefile raises for damaged files, besides its own OSErrors.
_DAMAGE = (OSError, ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)


class OleFile:
    """The streams of an OLE file. Raises Unreadable (`is damaged: it cannot be opened as {kind}`)."""

    def __init__(self, data: bytes, kind: str) -> None:
        self._damaged = f"is damaged: it cannot be opened as {kind}"
        try:
            self._file = olefile.OleFileIO(io.BytesIO(data))
        except _DAMAGE as error:
            raise Unreadable(self._damaged) from error

    def has(self, name: str) -> bool:
        """Whether there is a stream or a storage of this name at the top."""
        try:
            return bool(self._file.exists(name))
        except _DAMAGE:
            return False

    def stream(self, name: str) -> bytes:
        """The bytes of a stream at the top; empty if there is none. Raises Unreadable if it is damaged."""
        if not self.has(name):
            return b""
        try:
            return bytes(self._file.openstream(name).read(_MAX_STREAM))
        except _DAMAGE as error:
            raise Unreadable(self._damaged) from error

    def properties(self) -> dict[str, object]:
        """The summary properties: title, author, last_saved_by, create_time (a datetime), keywords (bytes or str)."""
        try:
            found = self._file.get_metadata()
        except _DAMAGE:
            return {}
        names = ("title", "author", "last_saved_by", "create_time", "keywords", "subject", "codepage")
        return {name: value for name in names if (value := getattr(found, name, None))}


def summary(properties: Mapping[str, object]) -> dict[str, str]:
    """Title, author, date and tags as the metadata of a document, from the summary properties."""
    codepage = properties.get("codepage")
    encoding = f"cp{codepage}" if isinstance(codepage, int) and 0 < codepage < 65_000 else "cp1252"

    def text(name: str) -> str:
        value = properties.get(name, "")
        if isinstance(value, bytes):
            value = _decoded(value, encoding)
        return " ".join(str(value).replace("\x00", "").split())

    created = properties.get("create_time")
    date = created.date().isoformat() if isinstance(created, datetime) and created.year > _FIRST_YEAR else ""
    author = text("author") or text("last_saved_by")
    tags = ", ".join(tag for tag in _TAG_MARK.split(text("keywords")) if tag)
    fields = {"title": text("title"), "author": author, "date": date, "tags": tags}
    return {name: value for name, value in fields.items() if value}


def _decoded(value: bytes, encoding: str) -> str:
    try:
        return value.decode(encoding, "replace")
    except LookupError:
        return value.decode("cp1252", "replace")
