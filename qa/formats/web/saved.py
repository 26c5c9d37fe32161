"""A page that was saved in one file (MHTML): its HTML, its address, the day, and the pictures in it."""

from __future__ import annotations

import email
import re
from dataclasses import dataclass
from email.message import Message
from email.utils import parsedate_to_datetime
from urllib.parse import urldefrag, urljoin

from ..decoding import Unreadable

_HEAD = re.compile(rb"\s*(?:[\w-]{1,100}:[^\n]*\n(?:[ \t][^\n]*\n)*)*?Content-Type:\s*multipart/related", re.IGNORECASE)
_HEAD_BYTES = 10_000
_ENDINGS = {
    "image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif", "image/webp": ".webp", "image/bmp": ".bmp",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SavedPage:
    """A saved page: `charset` and `address` are empty if the file does not say them, and so is the day (ISO 8601).

    `base` is the address from which those on the page lead on.
    """

    html: bytes
    charset: str
    address: str
    day: str
    base: str
    parts: tuple[Message, ...]

    def picture(self, address: str) -> str:
        """The name, in this file, of a picture that the page gives this address; empty if it is not in the file."""
        try:
            wanted = urldefrag(urljoin(self.base, address))[0]
        except ValueError:
            return ""
        names = {f"cid:{str(part.get('Content-ID') or '').strip('<>')}": name for name, part in self._pictures()}
        names |= {str(part.get("Content-Location") or ""): name for name, part in self._pictures()}
        return names.get(wanted) or names.get(address.strip(), "")

    def content(self, name: str) -> bytes:
        """The bytes of a picture by its name. Raises Unreadable if there is none of that name."""
        part = dict(self._pictures()).get(name)
        data = None if part is None else part.get_payload(decode=True)
        if not isinstance(data, bytes):
            raise Unreadable("has no such picture: open the original")
        return data

    def _pictures(self) -> list[tuple[str, Message]]:
        kinds = [(number, _ENDINGS.get(part.get_content_type(), ""), part) for number, part in enumerate(self.parts)]
        return [(f"{number}{ending}", part) for number, ending, part in kinds if ending]


def is_saved_page(data: bytes) -> bool:
    """Whether a file begins as a saved page does."""
    return _HEAD.match(data[:_HEAD_BYTES]) is not None


def saved_page(data: bytes) -> SavedPage:
    """Open a saved page. Raises Unreadable if there is none."""
    try:
        message = email.message_from_bytes(data)
        parts = tuple(message.walk())
        pages = [part for part in parts if part.get_content_type() == "text/html"]
    except RecursionError as error:
        raise Unreadable("is nested too deeply") from error
    if not pages:
        raise Unreadable("contains no web page")
    payload, place = pages[0].get_payload(decode=True), str(pages[0].get("Content-Location") or "")
    return SavedPage(
        html=payload if isinstance(payload, bytes) else b"",
        charset=str(pages[0].get_content_charset() or ""),
        address=str(message.get("Snapshot-Content-Location") or place),
        day=_day(str(message.get("Date") or "")),
        base=place or str(message.get("Snapshot-Content-Location") or ""),
        parts=parts,
    )


def _day(date: str) -> str:
    try:
        return parsedate_to_datetime(date).date().isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""
