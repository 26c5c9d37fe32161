"""The JSON of requests to the HTTP API, as `/openapi.json` publishes it.

Names are checked here, and values by `ask`, whose refusals are the same on the command line.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SkipValidation

from ...ask.follow_up import MAX_TURNS
from ...ask.pipeline import MAX_TOP_K
from ...ask.query import MAX_QUESTION_CHARACTERS
from .reading import MOST_LISTED


class Closed(BaseModel):
    """A JSON object without other names than those that it declares."""

    model_config = ConfigDict(extra="forbid")


class Turn(Closed):
    """One turn of a conversation."""

    speaker: Literal["user", "agent"]
    text: str


class Filters(Closed):
    """Which articles are asked: those that match one value of each list given, and all dates."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    within: list[str] = Field([], alias="in", description="Folders or articles, by path.")
    file: list[str] = Field([], description="Parts of file names.")
    kind: list[str] = Field([], description="Extensions or kinds: pdf, web page.")
    author: list[str] = Field([], description="Names of authors.")
    language: list[str] = Field([], description="ISO 639-1 codes, or names in English.")
    after: str | None = Field(None, description="A year, month or day: 2023, 2023-05 or 2023-05-17.")
    since: str | None = Field(None, description="As `after`, with the time itself.")
    before: str | None = Field(None, description="A year, month or day.")
    until: str | None = Field(None, description="As `before`, with the time itself.")
    left_out: Filters | None = Field(None, alias="not", description="What is left out; it has lists alone.")


class AskRequest(Closed):
    """A question, with the conversation before it."""

    question: SkipValidation[str] = Field(min_length=1, max_length=MAX_QUESTION_CHARACTERS)
    top_k: SkipValidation[int] = Field(5, ge=1, le=MAX_TOP_K, description="How many passages to cite.")
    conversation: SkipValidation[list[Turn]] = Field([], max_length=MAX_TURNS, description="The oldest turn first.")
    scope: SkipValidation[Filters | None] = Field(None, description="Which articles are asked; all without it.")
    threshold: SkipValidation[float] = Field(0.0, ge=0, le=1, description="The least confidence, if more than usual.")
    as_of: SkipValidation[str | None] = Field(
        None, description="A day (its end) or a time in ISO 8601: the articles are asked as they were then."
    )


class SearchRequest(Closed):
    """A query."""

    query: SkipValidation[str] = Field(min_length=1, max_length=MAX_QUESTION_CHARACTERS)
    top_k: SkipValidation[int] = Field(10, ge=1, le=MAX_TOP_K, description="How many passages to return.")
    scope: SkipValidation[Filters | None] = Field(None, description="Which articles are searched; all without it.")


class ListRequest(Closed):
    """Which articles are listed."""

    scope: SkipValidation[Filters | None] = Field(None, description="Which articles are listed; all without it.")
    limit: SkipValidation[int] = Field(100, ge=1, le=MOST_LISTED, description="How many of them.")
    offset: SkipValidation[int] = Field(0, ge=0, description="How many to leave out at the beginning.")


class ReadRequest(Closed):
    """What is read: a page, or the characters from `start` to `end`; the whole article with neither."""

    document: SkipValidation[str] = Field(description="The path of an article, as `articles` and citations give it.")
    start: SkipValidation[int | None] = Field(None, ge=0, description="The first character.")
    end: SkipValidation[int | None] = Field(None, ge=0, description="The character before which it ends.")
    page: SkipValidation[int | None] = Field(None, ge=1, description="The number of a page, in place of characters.")
