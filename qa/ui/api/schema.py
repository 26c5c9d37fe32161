"""The JSON of the HTTP API, as `/openapi.json` publishes it.

Requests check names here and leave values to `ask`, whose refusals are the same on the command line. Answers are not
built from these models: they are the objects of `qa ask --json` and `qa status --json`, which these describe.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SkipValidation

from ...ask.follow_up import MAX_TURNS
from ...ask.pipeline import MAX_TOP_K
from ...ask.query import MAX_QUESTION_CHARACTERS
from .reading import MOST_LISTED


class _Object(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Turn(_Object):
    """One turn of a conversation."""

    speaker: Literal["user", "agent"]
    text: str


class Filters(_Object):
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


class Scope(_Object):
    """The scope that was searched."""

    typed: str = Field(description="The filters as one would type them in a question.")
    articles: int = Field(ge=0, description="How many articles it holds.")
    filters: Filters


class AskRequest(_Object):
    """A question, with the conversation before it."""

    question: SkipValidation[str] = Field(min_length=1, max_length=MAX_QUESTION_CHARACTERS)
    top_k: SkipValidation[int] = Field(5, ge=1, le=MAX_TOP_K, description="How many passages to cite.")
    conversation: SkipValidation[list[Turn]] = Field([], max_length=MAX_TURNS, description="The oldest turn first.")
    scope: SkipValidation[Filters | None] = Field(None, description="Which articles are asked; all without it.")
    threshold: SkipValidation[float] = Field(0.0, ge=0, le=1, description="The least confidence, if more than usual.")


class SearchRequest(_Object):
    """A query."""

    query: SkipValidation[str] = Field(min_length=1, max_length=MAX_QUESTION_CHARACTERS)
    top_k: SkipValidation[int] = Field(10, ge=1, le=MAX_TOP_K, description="How many passages to return.")
    scope: SkipValidation[Filters | None] = Field(None, description="Which articles are searched; all without it.")


class ListRequest(_Object):
    """Which articles are listed."""

    scope: SkipValidation[Filters | None] = Field(None, description="Which articles are listed; all without it.")
    limit: SkipValidation[int] = Field(100, ge=1, le=MOST_LISTED, description="How many of them.")
    offset: SkipValidation[int] = Field(0, ge=0, description="How many to leave out at the beginning.")


class ReadRequest(_Object):
    """What is read: a page, or the characters from `start` to `end`; the whole article with neither."""

    document: SkipValidation[str] = Field(description="The path of an article, as `articles` and citations give it.")
    start: SkipValidation[int | None] = Field(None, ge=0, description="The first character.")
    end: SkipValidation[int | None] = Field(None, ge=0, description="The character before which it ends.")
    page: SkipValidation[int | None] = Field(None, ge=1, description="The number of a page, in place of characters.")


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
    link: str = Field(description="The URL that opens the article in the chat at the words that answer.")


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
    scope: Scope | None = Field(description="The articles that were asked; null if all were.")
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
    link: str = Field(description="The URL that opens the article in the chat at the passage.")


class SearchResult(_Object):
    """The best passages for a query, in order."""

    query: str = Field(description="What was searched for.")
    scope: Scope | None = Field(description="The articles that were searched; null if all were.")
    hits: list[Hit]
    generation: str


class Article(_Object):
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


class Listing(_Object):
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
