"""The tools that assistants may call: what each takes and gives, and what it says as text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from ...check.report import as_markdown
from ...conflicts.report import as_markdown as conflicts_as_markdown
from ...engine import Engine
from ...errors import QuestionError
from ...strings.catalogue import counted
from ..answers.markdown_text import escaped
from ..answers.messages import as_message, passage_as_quotation
from . import request_schema, schema
from .calls import answer_to, calls, checked, conflicts_in
from .comparison_schema import Checked, CheckRequest, Conflicts


@dataclass(frozen=True, slots=True)
class Result:
    """What a tool returns: the object of the HTTP API, and a text for hosts that show no more."""

    data: dict[str, Any]
    text: str


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that changes nothing; `run` takes an engine, the address of the chat and the arguments."""

    name: str
    title: str
    description: str
    takes: type[BaseModel] | None
    gives: type[BaseModel]
    run: Callable[[Engine, str, Mapping[str, Any]], Result]

    def call(self, engine: Engine, chat: str, arguments: Mapping[str, Any]) -> Result:
        """Run it with these arguments. Raises QAError, also for a name that it does not take."""
        fields = {} if self.takes is None else self.takes.model_fields
        known = ", ".join(fields) or "none"
        for name in arguments:
            if name not in fields:
                raise QuestionError(f"{name[:40]!r} is not an argument of `{self.name}`: give only {known}.")
        for name, field in fields.items():
            if field.is_required() and name not in arguments:
                raise QuestionError(f"The argument {name!r} of `{self.name}` is missing: give it.")
        return self.run(engine, chat, arguments)


def _ask(engine: Engine, chat: str, arguments: Mapping[str, Any]) -> Result:
    answer = answer_to(engine, chat, **arguments)
    return Result(answer.as_json(), as_message(answer, with_passages=True))


def _search(engine: Engine, chat: str, arguments: Mapping[str, Any]) -> Result:
    data = _called("search", engine, chat, arguments)
    found = [
        f"[{hit['rank']}] {_linked(hit)}\n\n{passage_as_quotation(hit['text'], hit['document'])}"
        for hit in data["hits"]
    ]
    return Result(data, "\n\n".join(found) or "No passage was found.")


def _articles(engine: Engine, chat: str, arguments: Mapping[str, Any]) -> Result:
    data = _called("articles", engine, chat, arguments)
    shown = [f"- {_linked(each)}{_facts(each)}" for each in data["articles"]]
    last = data["offset"] + len(shown)
    more = [f"{data['total'] - last} more follow: ask with offset {last}."] if last < data["total"] else []
    return Result(data, "\n".join((f"{counted(data['total'], 'article')}:", "", *shown, *more)))


def _read(engine: Engine, chat: str, arguments: Mapping[str, Any]) -> Result:
    data = _called("read", engine, chat, arguments)
    place = f"characters {data['start']} to {data['end']} of {data['characters']}"
    notes = ["The file has changed since it was indexed."] if data["changed"] else []
    notes += [f"More follows: read on from start {data['next']}."] if data["next"] is not None else []
    return Result(data, "\n\n".join((f"{_linked(data)}, {place}", data["text"], *notes)))


def _status(engine: Engine, chat: str, arguments: Mapping[str, Any]) -> Result:
    data = _called("status", engine, chat, arguments)
    if data["generation"] is None:
        return Result(data, "No index was built yet: run `qa build`.")
    counts = ", ".join(f"{number} {word}" for word, number in data["counts"].items() if number and word != "files")
    words = f"{counted(data['documents'], 'article')}, {counted(data['passages'], 'passage')}"
    problems = [f"- {file['document']}: {file['reason']}" for file in data["files"] if file["status"] == "failed"]
    files = f"{counted(data['counts']['files'], 'file')}: {counts}."
    return Result(data, "\n".join((f"{words}; indexed {data['created']}. {files}", *problems)))


def _check(engine: Engine, chat: str, arguments: Mapping[str, Any]) -> Result:
    draft = checked(engine, chat, **arguments)
    return Result(draft.as_json(), as_markdown(draft))


def _conflicts(engine: Engine, chat: str, arguments: Mapping[str, Any]) -> Result:
    found = conflicts_in(engine, chat)
    return Result(found.as_json(), conflicts_as_markdown(found))


def _called(name: str, engine: Engine, chat: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    (call,) = (each for each in calls(engine, chat) if each.__name__ == name)
    return call(**arguments)


def _linked(data: Mapping[str, Any]) -> str:
    """The title of an article as a link to it, with its headings, file and page."""
    words = " › ".join(filter(None, (data["title"], data.get("section"))))
    page = f", page {data['page']}" if data.get("page") is not None else ""
    link = data["link"].replace("(", "%28").replace(")", "%29")
    return f"[{escaped(' '.join(words.split()))}]({link}) ({escaped(data['document'])}{page})"


def _facts(article: Mapping[str, Any]) -> str:
    facts = (article["kind"], article["author"], article["date"], article["language"])
    return "".join(f", {escaped(' '.join(fact.split()))}" for fact in facts if fact)


TOOLS: Mapping[str, Tool] = {
    tool.name: tool
    for tool in (
        Tool(
            "ask",
            "Ask the articles",
            "Answer a question from the user's own articles: a literal quotation with its confidence and sources, or "
            "that they do not contain the answer. Put earlier turns into `conversation` for a follow-up, and narrow "
            "with `scope`, or in the question: in:folder file:name kind:pdf author:name language:de after:2023 "
            "before:2024. “Quoted words” must occur.",
            request_schema.AskRequest,
            schema.Answer,
            _ask,
        ),
        Tool(
            "search",
            "Search the articles",
            "Return the best passages of the user's own articles for a query, literally and in order, without judging "
            "whether they answer it.",
            request_schema.SearchRequest,
            schema.SearchResult,
            _search,
        ),
        Tool(
            "read",
            "Read an article",
            "Return the text of an article: a page of it, the characters from `start` to `end`, or as much as fits.",
            request_schema.ReadRequest,
            schema.Reading,
            _read,
        ),
        Tool(
            "articles",
            "List the articles",
            "List the user's articles by path, with title, kind, author, date and language; `scope` narrows the list.",
            request_schema.ListRequest,
            schema.Listing,
            _articles,
        ),
        Tool(
            "status",
            "State of the index",
            "Return how many articles are indexed, when, and which files could not be read, and why.",
            None,
            schema.Status,
            _status,
        ),
        Tool(
            "check",
            "Check a draft",
            "Compare each quotation and each statement of a text with the user's own articles: literal, altered (with "
            "the differences), supported, contradicted, or not found; quotations that leave out what limits them are "
            "flagged. Check what you have written from the articles before you show it.",
            CheckRequest,
            Checked,
            _check,
        ),
        Tool(
            "conflicts",
            "List conflicts",
            "List where two of the user's own articles give different values for the same thing (an amount or a "
            "date): both sentences with their dates, the newest first. The first call after a change of the articles "
            "compares all of them, which may take minutes; if it is refused meanwhile, call it again later.",
            None,
            Conflicts,
            _conflicts,
        ),
    )
}
