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


class Cell(_Object):
    """A cell of a row, literally as it stands in its document at `start` to `end`; empty if the row has none."""

    text: str
    start: int
    end: int


class Row(_Object):
    """The row of a table that is quoted, under its header."""

    columns: list[str] = Field(description="The names in the header, as they stand in the document.")
    cells: list[Cell] = Field(description="The cells of the row, one for each column.")
    asked: int | None = Field(description="The number of the cell that answers, from 0; null if that is not certain.")


class Lead(_Object):
    """The quoted stretch that answers; `short` is the answer inside it, at `start` to `end` of the document."""

    text: str
    short: str | None
    citation: int = Field(description="The rank of the citation that contains the text.")
    start: int | None
    end: int | None
    span: tuple[int, int] = Field(description="Start and end of the text, in the document.")
    sentence: tuple[int, int] = Field(description="Start and end of the sentence in it that was judged to answer.")
    date: str | None = Field(description="Its date, as in an OtherValue; null if there are none.")
    stated: bool = Field(description="Whether it is no quotation but a statement about the articles, such as a count.")
    row: Row | None = Field(description="The row of a table that the text is in; null if none, or without a header.")


class OtherValue(_Object):
    """What another article says of the same thing, with another value."""

    text: str
    citation: int = Field(description="The rank of the citation that contains the text.")
    span: tuple[int, int] = Field(description="Start and end of the text, in the document.")
    sentence: tuple[int, int] = Field(description="Start and end of the sentence in it that has the value.")
    date: str | None = Field(description="The date that it or its article gives, in ISO 8601 as far as it is written.")
    row: Row | None = Field(description="The row of a table that the text is in; null if none, or without a header.")


class Citation(_Object):
    """A passage, literally as it stands in its document at `start` to `end` (characters)."""

    rank: int = Field(ge=1)
    score: float
    document: str = Field(description="The path below the corpus folder.")
    title: str
    section: str = Field(description="The headings above the passage, separated by ' > '.")
    columns: list[str] = Field(description="The header of the table inside which the passage begins; empty if in none.")
    page: int | None
    url: str | None
    start: int
    end: int
    text: str
    highlights: list[tuple[int, int]] = Field(description="Start and end of the words that answer, in the document.")
    changed: bool = Field(description="Whether the file has changed since it was indexed.")
    recognised: float | None = Field(
        ge=0, le=1, description="The share of certain words of its page, if that was read from an image."
    )


class Ranks(_Object):
    """The ranks of a passage, from 1; null if a search did not find it, or if it was not read."""

    words: int | None = Field(description="In the search by words.")
    meaning: int | None = Field(description="In the search by meaning.")
    fused: int | None = Field(description="In both searches together.")
    read: int | None = Field(description="After the reader has judged the passages.")


class ReaderScores(_Object):
    """What the reader says, from 0 to 1. The confidence is calibrated, these are not."""

    passage: float = Field(ge=0, le=1, description="The probability that the passage answers.")
    sentence: float | None = Field(ge=0, le=1, description="Above one half, an answer in it is likelier than none.")
    alone: float | None = Field(ge=0, le=1, description="The probability that the sentence answers, read by itself.")


class Why(_Object):
    """Why a quotation was chosen: that of the answer, or, if there is no answer, what came closest."""

    document: str
    citation: int | None = Field(description="The rank of the citation that contains it; null if top_k is too small.")
    text: str
    span: tuple[int, int] = Field(description="Start and end of the text, in the document.")
    sentence: tuple[int, int] = Field(description="Start and end of the sentence in it that was judged to answer.")
    matched: list[str] = Field(description="Words and numbers of the question in the quotation.")
    nearby: list[str] = Field(description="Those in the rest of its passage, its headings, title or path.")
    missing: list[str] = Field(description="Those in neither.")
    missing_names: list[str] = Field(description="The missing ones that are names.")
    missing_numbers: list[str] = Field(description="The missing ones that are numbers, years or versions.")
    unknown: list[str] = Field(description="The missing ones that no passage of any article contains.")
    lacks_number: bool = Field(description="Whether the question asks for a number, and the sentence has no digits.")
    answers_another: bool = Field(
        description="Whether it gives another year, version or code, or does not compare as the question does."
    )
    carried: list[str] = Field(description="Words of the conversation that were searched for too.")
    ranks: Ranks
    reader: ReaderScores | None = Field(description="Null if the passage was not read.")
    confidence: float = Field(ge=0, le=1)
    threshold: float = Field(description="The confidence from which an answer is shown.")
    lacks: str | None = Field(description="One sentence on what it lacks, if there is no answer.")


class Answer(_Object):
    """An answer: the object of `qa ask --json`."""

    question: str
    query: str = Field(
        description="What was searched for: the question, respelled and corrected, after the carried words."
    )
    carried: list[str] = Field(description="Words of the conversation that the question leans on.")
    corrected: list[Correction]
    reason: str | None = Field(description="Why nothing was found, if the question excludes everything.")
    unmentioned: list[str] = Field(description="Names in the question that the article of the answer does not mention.")
    unread: int = Field(ge=0, description="How many passages and units the reader had no time for.")
    answerable: bool
    confidence: float = Field(ge=0, le=1)
    answer: Lead | None = Field(description="Null if the articles do not answer the question.")
    others: list[OtherValue] = Field(description="Other values that other articles give, the newest first.")
    citations: list[Citation]
    why: Why | None = Field(description="What decided; null if nothing was found.")
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
    note: str | None = Field(description="How it was read, where a reader should know: a guessed encoding.")
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
