"""The JSON of the HTTP API's answers, as `/openapi.json` publishes it (`request_schema` has that of its requests).

Answers are not built from these models: they are the objects of `qa ask --json` and `qa status --json`, which these
describe.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from .request_schema import Closed, Filters


class Scope(Closed):
    """The scope that was searched."""

    typed: str = Field(description="The filters as one would type them in a question.")
    articles: int = Field(ge=0, description="How many articles it holds.")
    filters: Filters


class AsOf(Closed):
    """The earlier state of the folder that answered."""

    asked: str = Field(description="The time that was asked for, in ISO 8601.")
    generation: str
    created: str = Field(description="Since when the folder was in this state.")
    ended: str | None = Field(description="Until when; null if it is the present one.")
    exact: bool = Field(description="Whether it was current at that time; otherwise the last kept one before it.")


class Correction(Closed):
    """A word of the question that no passage contains, and the word that was searched for."""

    typed: str
    meant: str


class Cell(Closed):
    """A cell of a row, literally as it stands in its document at `start` to `end`; empty if the row has none."""

    text: str
    start: int
    end: int


class Row(Closed):
    """The row of a table that is quoted, under its header."""

    columns: list[str] = Field(description="The names in the header, as they stand in the document.")
    cells: list[Cell] = Field(description="The cells of the row, one for each column.")
    asked: int | None = Field(description="The number of the cell that answers, from 0; null if that is not certain.")


class Limit(Closed):
    """An exception or a condition that follows the sentence that answers."""

    text: str
    span: tuple[int, int] = Field(description="Start and end of it, in the document.")


class Lead(Closed):
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
    limit: Limit | None = Field(description="What follows the sentence and limits it, inside the text or behind it.")
    link: str = Field(description="The URL that opens the article in the chat at the words that answer.")


class OtherValue(Closed):
    """What another article says of the same thing, with another value."""

    text: str
    citation: int = Field(description="The rank of the citation that contains the text.")
    span: tuple[int, int] = Field(description="Start and end of the text, in the document.")
    sentence: tuple[int, int] = Field(description="Start and end of the sentence in it that has the value.")
    date: str | None = Field(description="The date that it or its article gives, in ISO 8601 as far as it is written.")
    row: Row | None = Field(description="The row of a table that the text is in; null if none, or without a header.")


class Citation(Closed):
    """A passage, literally as it stands in its document at `start` to `end` (characters)."""

    rank: int = Field(ge=1)
    score: float
    document: str = Field(description="The path below the corpus folder.")
    title: str
    section: str = Field(description="The headings above the passage, separated by ' > '.")
    columns: list[str] = Field(description="The header of the table inside which the passage begins; empty if in none.")
    page: int | None
    url: str | None = Field(description="Where the document itself is from, if it says so.")
    link: str = Field(description="The URL that opens the article in the chat at the passage, its highlights marked.")
    app: str | None = Field(description="What opens it in the program that it is from: obsidian://… or zotero://….")
    csl: dict[str, Any] | None = Field(description="The work as a reference manager describes it: an item of CSL-JSON.")
    author: str | None = Field(description="As the properties of the document give it.")
    date: str | None = Field(description="When it was last changed or written, by its properties; as in an OtherValue.")
    start: int
    end: int
    text: str
    highlights: list[tuple[int, int]] = Field(description="Start and end of the words that answer, in the document.")
    changed: bool = Field(description="Whether the file has changed since it was indexed.")
    recognised: float | None = Field(
        ge=0, le=1, description="The share of certain words of its page, if that was read from an image."
    )


class Ranks(Closed):
    """The ranks of a passage, from 1; null if a search did not find it, or if it was not read."""

    words: int | None = Field(description="In the search by words.")
    meaning: int | None = Field(description="In the search by meaning.")
    fused: int | None = Field(description="In both searches together.")
    read: int | None = Field(description="After the reader has judged the passages.")


class ReaderScores(Closed):
    """What the reader says, from 0 to 1. The confidence is calibrated, these are not."""

    passage: float = Field(ge=0, le=1, description="The probability that the passage answers.")
    sentence: float | None = Field(ge=0, le=1, description="Above one half, an answer in it is likelier than none.")
    alone: float | None = Field(ge=0, le=1, description="The probability that the sentence answers, read by itself.")


class Why(Closed):
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


class Searched(Closed):
    """What was searched for a question that is not answered, and what could hold the answer without being searched."""

    articles: int = Field(ge=0, description="The articles that were searched.")
    passages: int = Field(ge=0, description="The passages of the whole index.")
    unread: int = Field(ge=0, description="Files of which nothing could be read.")
    empty: int = Field(ge=0, description="Files that contain no text.")
    partial: int = Field(ge=0, description="Files of which a part could not be read.")


class Answer(Closed):
    """An answer: the object of `qa ask --json`."""

    question: str
    query: str = Field(
        description="What was searched for: the question, respelled and corrected, after the carried words."
    )
    as_of: AsOf | None = Field(description="The earlier state that was asked; null if it was the present one.")
    scope: Scope | None = Field(description="The articles that were asked; null if all were.")
    carried: list[str] = Field(description="Words of the conversation that the question leans on.")
    corrected: list[Correction]
    reason: str | None = Field(description="Why nothing was found, if the question excludes everything.")
    unmentioned: list[str] = Field(description="Names in the question that the article of the answer does not mention.")
    unread: int = Field(ge=0, description="How many passages and units a slow machine left unread.")
    searched: Searched | None = Field(description="What was searched in vain; null if there is an answer.")
    answerable: bool
    confidence: float = Field(ge=0, le=1)
    answer: Lead | None = Field(description="Null if the articles do not answer the question.")
    others: list[OtherValue] = Field(description="Other values that other articles give, the newest first.")
    citations: list[Citation]
    why: Why | None = Field(description="What decided; null if nothing was found.")
    generation: str
    timings_ms: dict[str, float]


class Hit(Closed):
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
    link: str = Field(description="The URL that opens the article in the chat at the passage.")


class SearchResult(Closed):
    """The best passages for a query, in order."""

    query: str = Field(description="What was searched for.")
    scope: Scope | None = Field(description="The articles that were searched; null if all were.")
    hits: list[Hit]
    generation: str


class Article(Closed):
    """An article of the index."""

    document: str = Field(description="The path below the corpus folder.")
    title: str
    kind: str
    author: str | None = Field(description="As the properties of the document give it.")
    date: str | None = Field(description="When it was last changed or written, by its properties, in ISO 8601.")
    language: str | None = Field(description="ISO 639-1.")
    pages: int | None
    url: str | None = Field(description="Where the document itself is from, if it says so.")
    link: str = Field(description="The URL that opens the article in the chat.")


class Listing(Closed):
    """The articles in a scope, by path."""

    scope: Scope | None = Field(description="The articles that were asked for; null if all were.")
    total: int = Field(ge=0, description="How many articles there are in the scope.")
    offset: int = Field(ge=0)
    articles: list[Article]
    generation: str


class Reading(Article):
    """The text of an article from `start` to `end`, literally; `link` opens it there."""

    characters: int = Field(ge=0, description="Of the whole article.")
    page: int | None = Field(description="The number of the page on which the text begins; null without pages.")
    start: int
    end: int
    text: str
    next: int | None = Field(description="Where the rest of what was asked for begins, if it is too long for one text.")
    changed: bool = Field(description="Whether the file has changed since it was indexed.")
    generation: str


class Store(Closed):
    """The server that the index is on."""

    address: str
    server: str
    words: Literal["engine", "rescored"] = Field(description="Whether the server or this program ranks by words.")


class Counts(Closed):
    """How many files are in each state; `files` are those in the folder, so not the removed ones."""

    files: int
    indexed: int
    empty: int
    failed: int
    skipped: int
    pending: int
    removed: int


class File(Closed):
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


class Status(Closed):
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


class Refusal(Closed):
    """Why a request is not answered."""

    error: str = Field(description="One sentence that ends with what to do.")
