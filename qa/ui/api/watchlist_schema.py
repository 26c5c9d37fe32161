"""The JSON of `GET /api/watchlist` and its place in the description of the API, with that of the feed."""

from __future__ import annotations

from typing import Any

from pydantic import Field
from pydantic.json_schema import models_json_schema

from .request_schema import Closed, Filters


class StandingAnswer(Closed):
    """What the answer to a pinned question is in one generation."""

    words: str = Field(description="The sentence that answers, or the statement; empty if there is none.")
    shown: str = Field(description="The whole quotation.")
    document: str
    title: str
    date: str = Field(description="The one that the article gives; empty if it gives none.")
    link: str = Field(description="The URL that opens the article in the chat; empty without an answer.")
    confidence: float
    generation: str
    built: str = Field(description="When the generation was built, in ISO 8601.")


class Pin(Closed):
    """A pinned question and its present answer."""

    question: str
    scope: Filters
    added: str
    standing: StandingAnswer


class Change(Closed):
    """A pinned question whose answer is another one than it was."""

    question: str
    seen: str = Field(description="When that was noticed, in ISO 8601.")
    before: StandingAnswer
    after: StandingAnswer


class Pinned(Closed):
    """The pinned questions of the caller, and what has changed about their answers, the newest first."""

    pins: list[Pin]
    changes: list[Change]


def add_watchlist(description: dict[str, Any], refusals: dict[str, Any]) -> None:
    """Add both addresses to a description; `refusals` are the responses that all calls have."""
    _, made = models_json_schema([(Pinned, "serialization")], ref_template="#/components/schemas/{model}")
    description["components"]["schemas"] |= made["$defs"]
    json = {"application/json": {"schema": {"$ref": f"#/components/schemas/{Pinned.__name__}"}}}
    rss = {"application/rss+xml": {"schema": {"type": "string"}}}
    for path, operation, summary, content in (
        ("/api/watchlist", "watchlist", "List the pinned questions", json),
        ("/api/watchlist.rss", "watchlist_feed", "Follow the changes of their answers as RSS 2.0", rss),
    ):
        found = {"description": "Successful Response", "content": content}
        get = {"summary": summary, "operationId": operation, "responses": {"200": found, **refusals}}
        description["paths"][path] = {"get": get}
