"""
title: Your articles
description: Answers from your own articles, quoted literally, with the cited passages as source cards.
version: 0.1.0
license: Apache-2.0
"""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import BaseModel, Field

Emitter = Callable[[dict[str, Any]], Awaitable[None]]
_SOURCES = "\n\nSources:\n"  # where the list of sources begins, which the cards show instead
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # the chat is near


class Pipe:
    """A function of open-webui (Admin Panel, Functions) that shows the articles as a model."""

    class Valves(BaseModel):
        """What the administrator sets."""

        url: str = Field("http://127.0.0.1:7860", description="Where the chat is reached from open-webui.")
        token: str = Field("", description="Of `qa token add open-webui`, if the chat has accounts.")
        seconds: int = Field(60, description="How long an answer may take.")

    def __init__(self) -> None:
        self.valves = self.Valves()
        self.citation = False  # the sources are those of the answer

    async def pipe(
        self, body: dict[str, Any], __event_emitter__: Emitter | None = None, __task__: str | None = None
    ) -> str:
        """Return the answer to the last message, and emit each cited passage as a source."""
        messages = body.get("messages", [])
        if __task__:  # titles, tags and suggestions, which a model would write
            return _title(messages) if "title" in __task__ else ""
        try:
            found = await asyncio.to_thread(self._completed, messages)
        except _Refused as refused:
            return str(refused)
        if __event_emitter__ is not None:
            for citation in found["answer"]["citations"]:
                await __event_emitter__({"type": "source", "data": _card(citation)})
        text: str = found["choices"][0]["message"]["content"]
        return text.partition(_SOURCES)[0] if found["answer"]["answerable"] else text.split("\n\n", 1)[0]

    def _completed(self, messages: list[Any]) -> dict[str, Any]:
        headers = {"content-type": "application/json"}
        if self.valves.token:
            headers["authorization"] = f"Bearer {self.valves.token}"
        request = urllib.request.Request(  # noqa: S310 - an administrator has set the address
            f"{self.valves.url.rstrip('/')}/v1/chat/completions",
            json.dumps({"model": "articles", "messages": messages}).encode(),
            headers,
        )
        try:
            with _DIRECT.open(request, timeout=self.valves.seconds) as response:
                found: dict[str, Any] = json.load(response)
                return found
        except urllib.error.HTTPError as error:
            raise _Refused(_reason(error.read())) from error
        except OSError as error:
            raise _Refused(f"The chat at {self.valves.url} does not answer: start it with `qa serve`.") from error


class _Refused(Exception):
    """The chat gives no answer; the message says why."""


def _reason(body: bytes) -> str:
    try:
        return str(json.loads(body)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return "The chat refused the question: look into its log."


def _card(citation: dict[str, Any]) -> dict[str, Any]:
    """One source as open-webui shows it: its name, the link that opens it, and the passage."""
    page = f", page {citation['page']}" if citation["page"] is not None else ""
    name = f"{citation['title'] or citation['document']} ({citation['document']}{page})"
    metadata = {"source": citation["link"], "name": name, "date": citation["date"], "author": citation["author"]}
    return {
        "source": {"id": str(citation["rank"]), "name": name, "url": citation["link"]},
        "document": [citation["text"]],
        "metadata": [metadata],
    }


def _title(messages: list[Any]) -> str:
    """What open-webui takes for the title of a conversation."""
    said = [each["content"] for each in messages if each.get("role") == "user" and isinstance(each.get("content"), str)]
    return json.dumps({"title": said[0][:60] if said else "Your articles"})
