"""The JSON of `POST /api/check` and of the tool `check`: the object of `qa check --json`, and what is asked."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SkipValidation

from ...check.reading import MOST_CHARACTERS, PASTED
from .request_schema import Closed, Filters


class CheckRequest(Closed):
    """A draft that is compared with the articles."""

    draft: SkipValidation[str] = Field(min_length=1, max_length=MOST_CHARACTERS, description="Its text.")
    name: SkipValidation[str] = Field(PASTED, description="A file name, whose extension says how the text is read.")
    scope: SkipValidation[Filters | None] = Field(
        None, description="Which articles it is compared with; all without it."
    )


class ClaimSource(Closed):
    """The literal words of an article that a claim was compared with."""

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
    source: ClaimSource | None = Field(description="Null if it is not found.")
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
