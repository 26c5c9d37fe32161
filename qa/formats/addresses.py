"""Decides which addresses of links are written behind their words, so that "here" says where."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

MAX_ADDRESS = 100  # characters
_SCHEME = re.compile(r"(?:mailto|tel):", re.IGNORECASE)


def is_personal(address: str) -> bool:
    """Whether an address is that of a person: of mail, or a telephone number."""
    return _SCHEME.match(address) is not None


def shown_address(address: str, words: str, own_host: str = "") -> str:
    """The address of a link to another site, or of a person; empty if its words give it or say nothing."""
    address = address.strip()
    if not words.strip() or len(address) > MAX_ADDRESS:
        return ""
    if is_personal(address):
        shown = address.partition(":")[2].partition("?")[0]
        return "" if re.sub(r"\W", "", shown) in re.sub(r"\W", "", words) else shown
    host = host_of(address)
    if not host or host == own_host or host in words.casefold():
        return ""
    return address


def host_of(address: str) -> str:
    """The host of a web address without `www.`; empty for any other address."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    host = (parts.netloc or "").casefold().rpartition("@")[2]
    return host.removeprefix("www.") if parts.scheme in ("http", "https") else ""
