"""What programs may ask the chat server for: ask, search, articles, read, status, check and conflicts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ...ask.answer import Answer
from ...ask.follow_up import turns
from ...ask.links import article_link
from ...ask.ranking import Hit, Ranking
from ...check.findings import CheckedDraft
from ...check.reading import MOST_CHARACTERS, PASTED, check_draft
from ...conflicts.comparing import comparing_of
from ...conflicts.findings import Conflicts
from ...earlier import earlier_of
from ...engine import Engine
from ...errors import BusyError, ConfigError, QuestionError
from ...text.document import SECTION_SEPARATOR
from ..telling import told
from . import reading

Call = Callable[..., dict[str, Any]]
IN_GRADIO = ("ask", "search", "status")  # the calls that are also endpoints of Gradio

_checking = threading.Lock()  # one draft at a time, so that questions do not wait for several
_NO_CONVERSATION: list[dict[str, str]] = []  # never changed
_EVERYTHING: dict[str, Any] = {}  # neither


def calls(engine: Engine, chat: str) -> tuple[Call, ...]:
    """Return the functions that programs may call; each raises QAError.

    `chat` is the address of the chat, with a slash at its end, in which the links of answers open.
    """

    def ask(
        question: str,
        top_k: int = 5,
        conversation: list[dict[str, str]] = _NO_CONVERSATION,
        scope: dict[str, Any] = _EVERYTHING,
        threshold: float = 0.0,
        as_of: str = "",
    ) -> dict[str, Any]:
        """Answer one question after a conversation, from the articles in a scope: the object of `qa ask --json`.

        An answer needs a confidence of `threshold`, if that is more than the chat asks for. `as_of` is a day or a time
        in ISO 8601, if the articles are asked as they were then.
        """
        return answer_to(engine, chat, question, top_k, conversation, scope, threshold, as_of).as_json()

    def search(query: str, top_k: int = 10, scope: dict[str, Any] = _EVERYTHING) -> dict[str, Any]:
        """Return the best passages for a query in a scope, without an answer."""
        return ranking_json(engine.search(_text("query", query), top_k, scope=scope), chat)

    def articles(scope: dict[str, Any] = _EVERYTHING, limit: int = 100, offset: int = 0) -> dict[str, Any]:
        """List the articles in a scope, by path."""
        return reading.articles(engine, chat, scope, limit, offset)

    def read(
        document: str, start: int | None = None, end: int | None = None, page: int | None = None
    ) -> dict[str, Any]:
        """Return the text of an article: one page, or from `start` to `end` (characters)."""
        return reading.read(engine, chat, _text("document", document), start, end, page)

    def status() -> dict[str, Any]:
        """List every file of the folder with its state: the object of `qa status --json`."""
        return engine.status().as_json()

    def check(draft: str, name: str = PASTED, scope: dict[str, Any] = _EVERYTHING) -> dict[str, Any]:
        """Compare the quotations and statements of a draft with the articles in a scope: as `qa check --json`."""
        return checked(engine, chat, draft, name, scope).as_json()

    def conflicts() -> dict[str, Any]:
        """List where two articles give different values for the same thing: the object of `qa conflicts --json`."""
        return conflicts_in(engine, chat).as_json()

    return ask, search, articles, read, status, check, conflicts


def answer_to(
    engine: Engine,
    chat: str,
    question: object,
    top_k: int = 5,
    conversation: object = None,
    scope: Any = None,
    threshold: float = 0.0,
    as_of: object = None,
) -> Answer:
    """Answer a question as a request gives it, with links to the chat at that address. Raises QAError."""
    history = turns([] if conversation is None else conversation)
    text = _text("question", question)
    asked = earlier_of(engine).at(_text("as_of", as_of)) if as_of else engine
    answer = told("program", text, lambda: asked.ask(text, top_k, history, scope=scope, threshold=threshold))
    return replace(answer, chat=chat)


def ranking_json(ranking: Ranking, chat: str) -> dict[str, Any]:
    """Return the object of `POST /api/search`."""
    return {
        "query": str(ranking.query),
        "scope": None if ranking.scope is None else ranking.scope.as_json(),
        "hits": [hit_json(hit, chat) for hit in ranking.hits],
        "generation": ranking.generation,
    }


def hit_json(hit: Hit, chat: str) -> dict[str, Any]:
    """Return one entry of `hits`, with the URL that opens the passage in the chat."""
    passage = hit.passage
    return {
        "rank": hit.rank,
        "score": round(hit.score, 4),
        "document": passage.document,
        "title": passage.title,
        "section": SECTION_SEPARATOR.join(passage.section),
        "page": passage.page,
        "start": passage.span.start,
        "end": passage.span.end,
        "text": passage.text,
        "link": chat + article_link(passage.document, passage.span),
    }


def checked(
    engine: Engine, chat: str, draft: object, name: object = PASTED, scope: Mapping[str, Any] | None = None
) -> CheckedDraft:
    """What the articles in a scope say of a text, with links to the chat at that address.

    `name` says by its extension how the text is read. Raises QuestionError if it cannot be, BusyError while another
    draft is compared, or as `Engine.ask`.
    """
    if not isinstance(draft, str) or not draft.strip():
        raise QuestionError("The draft is not a text with words in it: give what you wrote.")
    if not isinstance(name, str):
        raise QuestionError(f"The name is not text: give one such as {PASTED!r}.")
    if len(draft) > MOST_CHARACTERS:
        raise QuestionError(
            f"The draft is too long: send at most {MOST_CHARACTERS:,} characters, one part after another."
        )
    if not _checking.acquire(blocking=False):
        raise BusyError("Another draft is being compared: send this one again when that is done.")
    try:
        return replace(check_draft(engine, name, draft.encode("utf-8", "replace"), scope), chat=chat)
    except ConfigError as error:
        raise QuestionError(str(error)) from error
    finally:
        _checking.release()


def conflicts_in(engine: Engine, chat: str) -> Conflicts:
    """The conflicts among all articles, with links to the chat at that address: compared once for each generation.

    Raises BusyError while somebody else compares, or as `Engine.ask`.
    """
    return replace(comparing_of(engine).found(), chat=chat)


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise QuestionError(f"The {name} is not text: give it in quotes.")
    return value
