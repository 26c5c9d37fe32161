"""Reads mails that Outlook saved (`.msg`): their properties, texts and attachments (MS-OXMSG)."""

from __future__ import annotations

import io
import re
from datetime import datetime, timedelta

import olefile  # type: ignore[import-untyped]

from ..text.document import Contents
from .contained import Parse, Supported
from .decoding import Empty, Unreadable
from .mail import Attachment, Body, Mail, contents_of_mail
from .mime import decode_safely
from .rich_text import encapsulated, unpacked

_DAMAGED = "is damaged: it cannot be opened as Outlook mail"
_DAMAGE = (OSError, ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError, AssertionError)
_SUBJECT, _BODY, _HTML, _RTF, _HEADERS = "0037", "1000", "1013", "1009", "007D"
_SENDER_NAME, _SENDER_ADDRESS, _SENDER_SMTP = "0C1A", "0C1F", "5D01"
_TO, _CC = "0E04", "0E03"
_SENT, _RECEIVED = 0x0039, 0x0E06
_NAME, _SHORT_NAME, _DATA = "3707", "3704", "3701"
_MAX_ATTACHMENTS = 1_000
_MAX_DEPTH = 10  # mails inside each other
_MAX_STREAM = 50_000_000  # bytes
_HEADER_SIZE = {True: 32, False: 24}  # of the property stream, at the top and in an attached mail
_SYSTIME = 0x0040
_EPOCH = datetime(1601, 1, 1)
_SENT_HEADER = re.compile(r"^Date:[ \t]*(.{1,100})$", re.MULTILINE)


def parse_msg(path: str, data: bytes, parse: Parse, supported: Supported) -> Contents:
    """The mail in a file, and its attachments. Raises Unreadable if it is no mail of Outlook."""
    try:
        file = olefile.OleFileIO(io.BytesIO(data))
        if not file.exists("__properties_version1.0"):
            raise Unreadable(_DAMAGED)
        mail = _Storage(file, "").mail(0)
    except Unreadable:
        raise
    except _DAMAGE as error:
        raise Unreadable(_DAMAGED) from error
    return contents_of_mail(path, mail, parse, supported)


def _rich_bodies(packed: bytes) -> tuple[Body, ...]:
    """The text of a mail that has it as RTF alone: the page or text in it, or what pandoc reads. Raises Unreadable."""
    rtf = unpacked(packed)
    found = encapsulated(rtf)
    if found is None:
        from .office.parse import parse_office  # few mails need it

        try:
            found = parse_office("mail.rtf", rtf, "rtf").text, False
        except Empty:
            found = "", False
    text, is_html = found
    return (Body(text, is_html=is_html),) if text.strip() else ()


class _Storage:
    """A mail, or an attachment, in the file: its properties by their tags."""

    def __init__(self, file: olefile.OleFileIO, place: str) -> None:
        self._file = file
        self._place = place

    def mail(self, depth: int) -> Mail:
        """The mail in this storage. Raises Unreadable if mails are nested too deeply."""
        if depth > _MAX_DEPTH:
            raise Unreadable("is nested too deeply to be read")
        name = self.text(_SENDER_NAME)
        address = self.text(_SENDER_SMTP) or self.text(_SENDER_ADDRESS)
        is_known = "@" in address and address != name
        sent = self._date()
        header = _SENT_HEADER.search(self.text(_HEADERS))
        date = header[1].strip() if header else sent.strftime("%Y-%m-%d %H:%M") if sent else ""
        fields = {
            "From": f"{name} <{address}>".strip() if is_known else name or address,
            "To": self.text(_TO),
            "Cc": self.text(_CC),
            "Date": date,
            "Subject": self.text(_SUBJECT),
        }
        text, page = self.text(_BODY), decode_safely(self._bytes(f"{_HTML}0102")) or self.text(_HTML)
        bodies: tuple[Body, ...] = (
            (Body(text),) if text.strip() else (Body(page, is_html=True),) if page.strip() else ()
        )
        packed = b"" if bodies else self._bytes(f"{_RTF}0102")
        problems: tuple[str, ...] = ()
        try:
            bodies = _rich_bodies(packed) if packed else bodies
        except Unreadable as error:
            problems = (f"its text is only there as RTF, which {error}",)
        return Mail(
            {key: value for key, value in fields.items() if value},
            name or address,
            sent.date().isoformat() if sent else "",
            bodies,
            tuple(self._attachments(depth)),
            problems,
        )

    def text(self, tag: str) -> str:
        """A text property, in UTF-16 or in an encoding of one byte; empty if there is none."""
        wide = self._bytes(f"{tag}001F")
        text = wide.decode("utf-16-le", "replace") if wide else decode_safely(self._bytes(f"{tag}001E"))
        return text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")

    def _attachments(self, depth: int) -> list[Attachment]:
        found: list[Attachment] = []
        for number in range(_MAX_ATTACHMENTS):
            place = f"{self._place}__attach_version1.0_#{number:08X}/"
            if not self._file.exists(place.rstrip("/")):
                break
            inner = _Storage(self._file, place)
            name = inner.text(_NAME) or inner.text(_SHORT_NAME)
            mail = f"{place}__substg1.0_{_DATA}000D/"
            if self._file.exists(f"{mail}__properties_version1.0"):
                content = _Storage(self._file, mail).mail(depth + 1)
                found.append(Attachment(f"{content.subject or name or 'message'}.eml", content))
            elif data := inner._bytes(f"{_DATA}0102"):
                found.append(Attachment(name or f"attachment {number + 1}", data))
        return found

    def _bytes(self, tag: str) -> bytes:
        place = f"{self._place}__substg1.0_{tag}"
        if not self._file.exists(place) or self._file.get_type(place) != olefile.STGTY_STREAM:
            return b""
        return bytes(self._file.openstream(place).read(_MAX_STREAM))

    def _date(self) -> datetime | None:
        """When the mail was sent, or received (UTC)."""
        place = f"{self._place}__properties_version1.0"
        data = bytes(self._file.openstream(place).read(_MAX_STREAM)) if self._file.exists(place) else b""
        values: dict[int, int] = {}
        for start in range(_HEADER_SIZE[not self._place], len(data) - 15, 16):
            tag = int.from_bytes(data[start : start + 4], "little")
            if tag & 0xFFFF == _SYSTIME:
                values.setdefault(tag >> 16, int.from_bytes(data[start + 8 : start + 16], "little"))
        ticks = values.get(_SENT) or values.get(_RECEIVED) or 0
        return _EPOCH + timedelta(microseconds=ticks // 10) if 0 < ticks < 1 << 59 else None
