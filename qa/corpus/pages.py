"""Draws the pages of untrusted files and places their words, in a sandbox process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..formats.pictures import PagePicture, PageWords
from ..sandbox.pool import SandboxProcess
from ..sandbox.wire import picture_from_json, pictures_from_json, sizes_from_json, words_from_json
from ..text.document import Document, Span


class Pages:
    """The pages of one PDF or image, given its bytes, the document that was read from them and their SHA-256.

    Pages are counted from 0, and spans are ranges of the document's text. Every method raises Unreadable.
    """

    def __init__(self, process: SandboxProcess, data: bytes, document: Document, sha256: str = "") -> None:
        self.document, self.sha256 = document, sha256
        self._process, self._data = process, data

    def pictures(self, passage: Span, highlights: Sequence[Span]) -> tuple[PagePicture, ...]:
        """`formats.page_pictures` of this file."""
        return self._process.show(
            {"do": "pictures", **self._text((passage, *highlights))}, self._data, pictures_from_json
        )

    def sizes(self) -> tuple[tuple[float, float], ...]:
        """The width and height of each page, in any unit."""
        return self._process.show({"do": "sizes"}, self._data, sizes_from_json)

    def picture(self, number: int, short_side: int) -> bytes:
        """A page as a PNG whose short side is at most `short_side` pixels."""
        head = {"do": "picture", "number": number, "short_side": short_side}
        return self._process.show(head, self._data, picture_from_json)

    def words(self, number: int, spans: Sequence[Span]) -> PageWords:
        """The words of a page with their places, and boxes around the spans."""
        return self._process.show({"do": "words", "number": number, **self._text(spans)}, self._data, words_from_json)

    def _text(self, spans: Sequence[Span]) -> dict[str, Any]:
        document = self.document
        return {
            "text": document.text,
            "pages": [[page.start, page.end] for page in document.pages],
            "spans": [[span.start, span.end] for span in spans],
        }
