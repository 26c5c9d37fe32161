"""What an address of the web is: the only kind that may become a link, since another could be a script or a file."""

from __future__ import annotations

from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}


def web_address(text: str | None) -> str | None:
    """The address without surrounding white space if it is one of the web (`https://example.org/`), otherwise None."""
    address = (text or "").strip()
    try:
        parts = urlsplit(address)
        return address if parts.scheme in ("http", "https") and parts.hostname else None
    except ValueError:  # such as an open bracket in the host
        return None


def host_of(text: str | None) -> str:
    """The host of a web address in lower case, without `www.`; empty for any other text."""
    address = web_address(text)
    return (urlsplit(address).hostname or "").removeprefix("www.") if address else ""


def server_of(text: str | None) -> str:
    """The host of a web address as `host_of` has it, with its port unless it is the usual one of its scheme."""
    address = web_address(text)
    if address is None:
        return ""
    parts = urlsplit(address)
    try:
        port = parts.port
    except ValueError:  # 99999
        return f"{host_of(address)}:?"
    is_usual = port in (None, _PORTS[parts.scheme])
    return host_of(address) if is_usual else f"{host_of(address)}:{port}"
