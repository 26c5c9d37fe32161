"""Reads mails as they are sent (`.eml`) and mailboxes of them (`.mbox`): fields, texts and attachments of each.

The headers are decoded here rather than by `email.policy.default`, whose parser raises errors on some broken headers
and takes a time that grows with the square of the length on others.
"""

from __future__ import annotations

import codecs
import email
import html
import re
from collections.abc import Iterator
from datetime import datetime
from email.errors import HeaderParseError, MessageError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime

from ..text.document import Contents
from .contained import Parse, Supported
from .decoding import Unreadable, decode
from .mail import Attachment, Body, Mail, contents_of_mail, contents_of_mailbox
from .wrapping import reflowed

_MAX_MAILS = 100_000
_MAX_PARTS = 10_000  # of one mail
_MAX_HEADER = 20_000  # characters
_FIELDS = ("From", "To", "Cc", "Date", "Subject")
# At least one of these is in every mail.
_REQUIRED = ("from", "to", "subject", "date", "received", "message-id", "return-path", "delivered-to")
# The line above each mail of a mailbox: an address or other name, and a date with its time and year.
_FROM_LINE = re.compile(
    rb"(?:\A\s*|(?<=\n\n)|(?<=\n\r\n))From (?=[^\r\n]{1,200}\d:\d\d)(?=[^\r\n]{1,200}\d{4})[^\r\n]+\r?\n"
)
_ESCAPED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)
_APPLE_SIZE = re.compile(rb"\s*(\d{1,12})\s*\n")
_STUB_SHARE = 0.25  # of the words of the HTML text: a plain text with fewer only says that there is an HTML text
_INVISIBLE = re.compile(r"</?(?:style|script)\b", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_WORD = re.compile(r"\w+")
_NO_BODY = ("text/calendar", "text/rtf", "text/richtext", "text/enriched", "text/csv")
_ENCRYPTED = ("application/pgp-encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime")
_SIGNATURES = ("application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature")
_ENDINGS = {"text/calendar": ".ics", "application/pdf": ".pdf", "image/png": ".png", "image/jpeg": ".jpg"}
_TEXT_ENCODING = re.compile(r"iso|latin|ascii|cp\d|koi8|gb|hz|big5|shift|euc|mac|tis|utf|johab")
_ISO_2022 = b"\x1b"
_MISNAMED = {"iso-8859-1": "cp1252", "us-ascii": "cp1252", "ascii": "cp1252", "latin-1": "cp1252", "gb2312": "gb18030"}
_DAMAGE = (MessageError, ValueError, LookupError, TypeError, AttributeError, AssertionError)


def parse_eml(path: str, data: bytes, parse: Parse, supported: Supported) -> Contents:
    """The mail in a file, and its attachments. Raises Unreadable if it is no mail."""
    size = _APPLE_SIZE.match(data) if path.lower().endswith(".emlx") else None
    if size is not None:
        data = data[size.end() : size.end() + int(size[1])]
    return contents_of_mail(path, _read(data, "e-mail"), parse, supported)


def parse_mbox(path: str, data: bytes, parse: Parse, supported: Supported) -> Contents:
    """The mails of a mailbox, each with its attachments. Raises Unreadable if there are none, or too many."""
    starts = [(match.start(), match.end()) for match in _FROM_LINE.finditer(data)]
    if len(starts) > _MAX_MAILS:
        raise Unreadable(f"contains more than {_MAX_MAILS:,} messages: split it into several files")
    if not starts or data[: starts[0][0]].strip():
        raise Unreadable("is damaged: it cannot be opened as mailbox")
    ends = [*(start for start, _ in starts[1:]), len(data)]
    mails = [
        _read(_ESCAPED_FROM.sub(rb"\1", data[begin:end]), "mailbox")
        for (_, begin), end in zip(starts, ends, strict=True)
    ]
    return contents_of_mailbox(path, mails, parse, supported)


def _read(data: bytes, kind: str) -> Mail:
    message = email.message_from_bytes(data.lstrip())
    names = {name.lower() for name in message}
    if names.isdisjoint(_REQUIRED):
        raise Unreadable(f"is damaged: it cannot be opened as {kind}")
    return _mail(message)


def _mail(message: Message) -> Mail:
    fields = {name: value for name in _FIELDS if (value := _header(message, name))}
    bodies: list[Body] = []
    attachments: list[Attachment] = []
    problems: list[str] = []
    for number, found in enumerate(_parts(message, problems)):
        if number == _MAX_PARTS:
            problems.append(f"has more than {_MAX_PARTS:,} parts: the others are not read")
            break
        if isinstance(found, Body):
            bodies.append(found)
        else:
            attachments.append(found)
    author = fields.get("From", "")
    return Mail(
        fields, _name(author), _date(fields.get("Date", "")), tuple(bodies), tuple(attachments), tuple(problems[:5])
    )


# --- headers ----------------------------------------------------------------------------------------------------------


def _header(message: Message, name: str) -> str:
    """A decoded header field on one line; empty if it is missing."""
    raw = next((value for key, value in message.raw_items() if key.lower() == name.lower()), "")
    return _decoded(str(raw)[:_MAX_HEADER])


def _decoded(raw: str) -> str:
    raw = decode_safely(raw.encode("utf-8", "surrogateescape"))
    try:
        pieces = decode_header(raw)
    except (HeaderParseError, ValueError):
        pieces = [(raw, None)]
    words = [piece if isinstance(piece, str) else _text(piece, charset or "") for piece, charset in pieces]
    return " ".join(("".join(words) if any(words) else raw).split())


def decode_safely(data: bytes) -> str:
    """The text of bytes in any encoding; bytes that are no text are replaced."""
    try:
        return decode(data)
    except Unreadable:
        return data.decode("utf-8", "replace")


def _name(sender: str) -> str:
    """The name of a sender; the address without one."""
    try:
        names = getaddresses([sender])
    except _DAMAGE:
        names = []
    return next((name or address for name, address in names if name or address), sender)


def _date(text: str) -> str:
    """`Tue, 3 Sep 2024 10:12:00 +0200` → `2024-09-03`; empty if it is no date."""
    try:
        return parsedate_to_datetime(text).date().isoformat()
    except (ValueError, TypeError, IndexError, OverflowError, AttributeError):
        pass
    try:
        return datetime.fromisoformat(text[:10]).date().isoformat()
    except ValueError:
        return ""


# --- texts and attachments --------------------------------------------------------------------------------------------


def _parts(part: Message, problems: list[str]) -> Iterator[Body | Attachment]:
    kind = part.get_content_type()
    name = _file_name(part)
    inner = _inner(part)
    is_attached = part.get_content_disposition() == "attachment"
    if kind == "message/rfc822" and inner:
        mail = _mail(inner[0])
        yield Attachment(f"{mail.subject or name or 'message'}.eml", mail)
    elif kind == "multipart/alternative" and inner:
        yield from _best([[*_parts(each, problems)] for each in inner])
    elif inner:
        for each in inner:
            yield from _parts(each, problems)
    elif kind in _ENCRYPTED:
        problems.append("its text is encrypted")
    elif kind.startswith("text/") and kind not in _NO_BODY and not is_attached and not name:
        text = _body_text(part, problems)
        if text.strip():
            yield Body(text, is_html=kind == "text/html")
    elif not (kind in _SIGNATURES or (kind.startswith("image/") and not is_attached)):
        data = _bytes(part)
        if data and (name or is_attached or kind != "text/calendar"):
            yield Attachment(name or f"attachment{_ENDINGS.get(kind, '')}", data)


def _inner(part: Message) -> list[Message]:
    payload = part.get_payload() if part.is_multipart() else ()
    return [each for each in payload if isinstance(each, Message)]


def _best(choices: list[list[Body | Attachment]]) -> list[Body | Attachment]:
    """The plain text of several that say the same, or the HTML text if the plain one hardly says anything."""
    plain = next((each for each in choices if any(isinstance(one, Body) and not one.is_html for one in each)), None)
    page = next((each for each in choices if any(isinstance(one, Body) and one.is_html for one in each)), None)
    if plain is None or page is None or plain is page:
        chosen = plain or page or []
    else:
        chosen = plain if _words(plain) >= _STUB_SHARE * _words(page) else page
    rest = [one for each in choices if each is not chosen for one in each if isinstance(one, Attachment)]
    return [*chosen, *rest]


def _words(found: list[Body | Attachment]) -> int:
    return sum(len(_WORD.findall(_visible(one) if one.is_html else one.text)) for one in found if isinstance(one, Body))


def _visible(page: Body) -> str:
    """The text of a page without its tags, styles and scripts: every other part between their tags."""
    return html.unescape(" ".join(_TAG.sub(" ", part) for part in _INVISIBLE.split(page.text)[::2]))


def _body_text(part: Message, problems: list[str]) -> str:
    try:
        text = _text(_bytes(part), str(part.get_content_charset() or ""), must_be_text=True)
    except Unreadable as error:
        problems.append(f"a text in it {error}")
        return ""
    try:
        flowed, delete_space = part.get_param("format"), part.get_param("delsp")
    except _DAMAGE:
        return text
    if str(flowed).lower() == "flowed":
        return reflowed(text, str(delete_space).lower() == "yes")
    return text


def _bytes(part: Message) -> bytes:
    try:
        payload = part.get_payload(decode=True)
    except _DAMAGE:
        return b""
    return payload if isinstance(payload, bytes) else b""


def _text(data: bytes, charset: str, must_be_text: bool = False) -> str:
    """The text as UTF-8 if it is valid UTF-8, else in the declared encoding, else in a guessed one."""
    read = decode if must_be_text else decode_safely
    try:
        if _ISO_2022 not in data:
            data.decode("utf-8")
            return read(data)
    except UnicodeDecodeError:
        pass
    name = _MISNAMED.get(charset.lower(), charset)
    try:
        if not _TEXT_ENCODING.match(codecs.lookup(name).name):
            return read(data)
        return read(data.decode(name, "replace").encode("utf-8", "replace"))
    except (LookupError, ValueError):
        return read(data)


def _file_name(part: Message) -> str:
    try:
        return _decoded(str(part.get_filename() or ""))
    except _DAMAGE:
        return ""
