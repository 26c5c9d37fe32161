"""The JSON of what is compared: `POST /api/check` a draft with the articles, `GET /api/conflicts` these alone.

It is that of the tools `check` and `conflicts`, and of `qa check --json` and `qa conflicts --json`.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SkipValidation

from ...check.reading import MOST_CHARACTERS, PASTED
from .request_schema import Closed, Filters
from .schema import Scope


class CheckRequest(Closed):
    """A draft that is compared with the articles."""

    draft: SkipValidation[str] = Field(min_length=1, max_length=MOST_CHARACTERS, description="Its text.")
    name: SkipValidation[str] = Field(PASTED, description="A file name, whose extension says how the text is read.")
    scope: SkipValidation[Filters | None] = Field(
        None, description="Which articles it is compared with; all without it."
    )


class ComparedSource(Closed):
    """The literal words of an article that were compared."""

    document: str
    title: str
    section: str = Field(description="The headings above the words, separated by ' > '.")
    page: int | None
    start: int
    end: int
    text: str
    link: str = Field(description="The URL that opens the article in the chat at these words.")


class Difference(Closed):
    """Words of the draft, and what the article has in their place."""

    draft: str
    article: str
    start: int = Field(description="Where the words begin in the draft.")
    end: int
    value: bool = Field(description="Whether both are numbers, dates or names.")


class LeftOut(Closed):
    """Words of the article that limit a quotation, and are not in it."""

    where: Literal["before", "within", "after"]
    word: str = Field(description="By which they are known to limit it: but, unless, except.")
    text: str


class Finding(Closed):
    """What the articles say of one claim."""

    kind: Literal["quotation", "sentence"]
    verdict: Literal["literal", "altered", "supported", "contradicted", "not found"]
    start: int = Field(description="Where the claim begins in the draft.")
    end: int
    text: str
    source: ComparedSource | None = Field(description="Null if it is not found.")
    differences: list[Difference]
    limits: list[LeftOut]


class CheckedText(Closed):
    """One text of the draft."""

    path: str
    findings: list[Finding]


class VerdictCounts(Closed):
    """How many claims have each verdict."""

    literal: int
    altered: int
    supported: int
    contradicted: int
    not_found: int


class Checked(Closed):
    """What the articles say of each quotation and statement of a draft."""

    draft: str = Field(description="Its name.")
    ok: bool = Field(description="Whether nothing must be mended.")
    counts: VerdictCounts
    limited: int = Field(description="How many leave out what limits them.")
    unchecked: int = Field(description="Sentences that claim nothing.")
    texts: list[CheckedText]
    generation: str


class Said(ComparedSource):
    """What one article says, with the value that the other article gives otherwise."""

    date: str | None = Field(
        description="When it holds: of the sentence or its article, in ISO 8601; null without one."
    )
    value: str
    value_span: tuple[int, int] | None = Field(
        description="Start and end of the value, in the document; null if it is spread over the cells of a row."
    )


class Conflict(Closed):
    """Two articles that give different values for the same thing."""

    kind: Literal["number", "date"]
    said: tuple[Said, Said] = Field(description="The newer first, if both are dated.")


class Conflicts(Closed):
    """Where two articles give different values for the same thing, the newest first."""

    ok: bool = Field(description="Whether there is no such pair.")
    conflicts: list[Conflict]
    passages: int = Field(ge=0, description="How many were compared.")
    statements: int = Field(ge=0, description="The sentences, rows and lines in them that give a value.")
    scope: Scope | None = Field(description="Null, since all articles are compared.")
    generation: str
