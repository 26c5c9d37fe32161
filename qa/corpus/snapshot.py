"""Writes a web page as one file (MHTML), with its address, the date, and its pictures and styles.

Browsers open it, and `formats.web.page.parse_mhtml` reads it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from email.charset import BASE64, QP, Charset
from email.encoders import encode_base64, encode_quopri
from email.header import Header
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.utils import format_datetime
from urllib.parse import quote, urlsplit

from .storing import safe_name

_SAFE = "%/:?#[]@!$&'()*+,;=-._~"
_UTF_8 = Charset("utf-8")
_UTF_8.header_encoding, _UTF_8.body_encoding = QP, BASE64
_MOST_TITLE = 300


def snapshot(
    address: str,
    title: str,
    html: bytes,
    charset: str,
    saved: datetime,
    parts: Iterable[tuple[str, str, bytes]] = (),
) -> bytes:
    """A page as MHTML: `html` in the encoding `charset` (empty if the page says it itself), as it was at `saved`.

    Each part is the address that the page gives it, its media type and its bytes.
    """
    whole = MIMEMultipart("related", type="text/html")
    whole["From"] = "<Saved by qa-articles>"
    whole["Snapshot-Content-Location"] = _plain(address)
    whole["Subject"] = Header(" ".join(title.split())[:_MOST_TITLE], _UTF_8).encode()
    whole["Date"] = format_datetime(saved)
    page = _part(address, "text/html", html)
    if charset:
        page.set_param("charset", charset)
    encode_quopri(page)
    whole.attach(page)
    for place, kind, data in parts:
        part = _part(place, kind, data)
        encode_base64(part)
        whole.attach(part)
    return whole.as_bytes()


def snapshot_name(title: str, address: str) -> str:
    """The name of the file of a page: its title, or else the last part of its address, or its host."""
    parts = urlsplit(address)
    for name in (title, parts.path.rstrip("/").rpartition("/")[2], parts.hostname or ""):
        safe = safe_name(f"{name.replace('/', '-').strip()}.mhtml")
        if safe.endswith(".mhtml"):  # something of the name is left
            return safe
    return "page.mhtml"


def _part(address: str, kind: str, data: bytes) -> MIMEBase:
    main, _, sub = kind.partition("/")
    part = MIMEBase(main, sub)
    part["Content-Location"] = _plain(address)
    part.set_payload(data)
    return part


def _plain(address: str) -> str:
    """An address in ASCII on one line, whatever it was."""
    return quote(address, safe=_SAFE, errors="replace")
