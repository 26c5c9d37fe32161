"""The address of the chat, below which the links to articles open."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..errors import ConfigError
from .settings import SETTINGS

HOST = r"(?:\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252}))(?::\d{1,5})?"
_CHAT = re.compile(rf"https?://{HOST}(?:/[\w.~-]+)*/?", re.ASCII)
_USUAL = SETTINGS["host"].default, SETTINGS["port"].default
_EVERY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what listens everywhere is here too


def chat_of(values: Mapping[str, Any]) -> str:
    """The address that the settings `public_url`, or else `host` and `port`, give, with a slash at its end.

    Raises ConfigError if the first one is none.
    """
    if url := values.get("public_url"):
        if not _CHAT.fullmatch(url):
            problem = f"--public-url {url!r} is not the address of a chat"
            raise ConfigError(f"{problem}: write it as https://host or https://host/path.")
        return f"{url.rstrip('/')}/"
    host, port = values.get("host") or _USUAL[0], values.get("port") or _USUAL[1]
    return f"{local_url(host, port)}/"


def local_url(host: str, port: int) -> str:
    """The address of a server on this machine: `http://127.0.0.1:7860`."""
    named = _EVERY.get(host, host)
    return f"http://[{named}]:{port}" if ":" in named else f"http://{named}:{port}"


CHAT = chat_of({})
