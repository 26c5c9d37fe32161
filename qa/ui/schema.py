"""The JSON of the HTTP API, as `/openapi.json` publishes it.

Requests check names here and leave values to `ask`, whose refusals are the same on the command line. Answers are not
built from these models: they are the objects of `qa ask --json` and `qa status --json`, which these describe.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SkipValidation

from ..ask.follow_up import MAX_TURNS
from ..ask.pipeline import MAX_TOP_K
from ..ask.query import MAX_QUESTION_CHARACTERS


class _Object(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Turn(_Object):
    """One turn of a conversation."""

    speaker: Literal["user", "agent"]
    text: str


class AskRequest(_Object):
    """A question, with the conversation before it."""

    question: SkipValidation[str] = Field(min_length=1, max_length=MAX_QUESTION_CHARACTERS)
    top_k: SkipValidation[int] = Field(5, ge=1, le=MAX_TOP_K, description="How many passages to cite.")
    conversation: SkipValidation[list[Turn]] = Field([], max_length=MAX_TURNS, description="The oldest turn first.")


class SearchRequest(_Object):
    """A query."""

    query: SkipValidation[str] = Field(min_length=1, max_length=MAX_QUESTION_CHARACTERS)
    top_k: SkipValidation[int] = Field(10, ge=1, le=MAX_TOP_K, description="How many passages to return.")


class Correction(_Object):
    """A word of the question that no passage contains, and the word that was searched for."""

    typed: str
    meant: str


class Lead(_Object):
    """The quoted stretch that answers; `short` is the answer inside it, at `start` to `end` of the document."""

    text: str
    short: str | None
    citation: int = Field(description="The rank of the citation that contains the text.")
    start: int | None
    end: int | None
    span: tuple[int, int] = Field(description="Start and end of the text, in the document.")
    sentence: tuple[int, int] = Field(description="Start and end of the sentence in it that was judged to answer.")


class Citation(_Object):
    """A passage, literally as it stands in its document at `start` to `end` (characters)."""

    rank: int = Field(ge=1)
    score: float
    document: str = Field(description="The path below the corpus folder.")
    title: str
    section: str = Field(description="The headings above the passage, separated by ' > '.")
    page: int | None
    url: str | None
    start: int
    end: int
    text: str
    highlights: list[tuple[int, int]] = Field(description="Start and end of the words that answer, in the document.")
    changed: bool = Field(description="Whether the file has changed since it was indexed.")


class Answer(_Object):
    """An answer: the object of `qa ask --json`."""

    question: str
    query: str = Field(description="What was searched for: the question, corrected, after the carried words.")
    carried: list[str] = Field(description="Words of the conversation that the question leans on.")
    corrected: list[Correction]
    reason: str | None = Field(description="Why nothing was found, if the question excludes everything.")
    unmentioned: list[str] = Field(description="Names in the question that the article of the answer does not mention.")
    unread: int = Field(ge=0, description="How many passages and units the reader had no time for.")
    answerable: bool
    confidence: float = Field(ge=0, le=1)
    answer: Lead | None = Field(description="Null if the articles do not answer the question.")
    citations: list[Citation]
    generation: str
    timings_ms: dict[str, float]


class Hit(_Object):
    """A passage found by a search."""

    rank: int = Field(ge=1)
    score: float
    document: str
    title: str
    section: str
    page: int | None
    start: int
    end: int
    text: str


class SearchResult(_Object):
    """The best passages for a query, in order."""

    query: str = Field(description="What was searched for.")
    hits: list[Hit]
    generation: str


class Store(_Object):
    """The server that the index is on."""

    address: str
    server: str
    words: Literal["engine", "rescored"] = Field(description="Whether the server or this program ranks by words.")


class Counts(_Object):
    """How many files are in each state; `files` are those in the folder, so not the removed ones."""

    files: int
    indexed: int
    empty: int
    failed: int
    skipped: int
    pending: int
    removed: int


class File(_Object):
    """A file of the folder or of the index."""

    document: str = Field(description="The path below the corpus folder.")
    status: Literal["indexed", "empty", "failed", "skipped"] | None = Field(description="Null for a new file.")
    pending: Literal["new", "changed", "removed"] | None = Field(description="What the next build will do about it.")
    reason: str | None
    title: str
    kind: str
    documents: int
    covered: bool = Field(description="Whether the encoder was made for the language of the file.")
    passages: int
    pages: int | None
    language: str | None = Field(description="ISO 639-1.")
    indexed: str | None = Field(description="ISO 8601.")
    size: int = Field(description="Bytes.")
    sha256: str | None


class Status(_Object):
    """The state of the index and of every file: the object of `qa status --json`."""

    generation: str | None = Field(description="Null before the first build.")
    created: str | None
    encoder: str | None
    encoder_languages: list[str]
    documents: int
    passages: int
    store: Store | None = Field(description="Null if the index is in a folder of this machine.")
    counts: Counts
    files: list[File]


class Refusal(_Object):
    """Why a request is not answered."""

    error: str = Field(description="One sentence that ends with what to do.")
