"""Decides which addresses of links are written behind their words, so that "here" says where."""

from __future__ import annotations

import re

from ..text.web_address import host_of

MAX_ADDRESS = 100  # characters
_DOI = re.compile(r"\b10\.\d{4,9}/[^\s?#]+")
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
    host, said = host_of(address), "".join(words.casefold().split())  # a long address may be written on two lines
    if not host or host == own_host or host in said:
        return ""
    identifier = _DOI.search(address.casefold())
    if identifier and identifier[0] in said:
        return ""
    return address
