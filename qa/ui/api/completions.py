"""The objects of OpenAI's chat completions: a question and its conversation in messages, and an answer as one."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from ...ask.answer import Answer
from ...errors import QuestionError
from ..answers.messages import as_message, quotation_in, source_lines

MODEL = "articles"
_TURNS, _CHARACTERS = 40, 2_000  # of a conversation: its last turns, and the first characters of each
_OPTIONS = ("top_k", "scope", "threshold", "as_of")  # what `ask` takes too


class WrongRequest(QuestionError):
    """A request that is not one for a completion; `param` is the part that is wrong."""

    def __init__(self, problem: str, param: str, code: str = "") -> None:
        super().__init__(problem)
        self.param = param
        self.code = code


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks; `options` are those that `ask` takes by the same names."""

    question: str
    conversation: tuple[Mapping[str, str], ...]
    options: Mapping[str, Any]
    stream: bool


def asked_in(body: object) -> Asked:
    """Read a request; what it does not know, it ignores. Raises WrongRequest."""
    if not isinstance(body, dict):
        raise WrongRequest("The request body is not a JSON object: send one with model and messages.", "body")
    model = body.get("model", MODEL)
    if model != MODEL:
        known = f"There is no model {str(model)[:60]!r}: use {MODEL!r}."
        raise WrongRequest(known, "model", "model_not_found")
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise WrongRequest("The messages are not a list with a question: send at least one message.", "messages")
    said = [each for each in map(_said, messages) if each is not None]
    if not said or said[-1]["speaker"] != "user":
        raise WrongRequest('The last message is no question: end with one of the role "user".', "messages")
    options = {name: body[name] for name in _OPTIONS if body.get(name) is not None}
    turns = tuple({**turn, "text": turn["text"][:_CHARACTERS]} for turn in said[:-1][-_TURNS:])
    return Asked(said[-1]["text"], turns, options, body.get("stream") is True)


def _said(message: object) -> Mapping[str, str] | None:
    """One turn of the conversation; None for what is not said by a user or in an answer."""
    if not isinstance(message, dict) or not isinstance(message.get("role"), str):
        raise WrongRequest('A message has no role: give each one a "role" and a "content".', "messages")
    text = _text(message.get("content"))
    if message["role"] == "user":
        return {"speaker": "user", "text": text}
    quoted = quotation_in(text) if message["role"] == "assistant" else ""
    return {"speaker": "agent", "text": quoted} if quoted else None


def _text(content: object) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict) and part.get("type") == "text"]
        return "\n".join(part for part in parts if isinstance(part, str))
    raise WrongRequest("The content of a message is not text: give a text, or a list with parts of text.", "messages")


def models() -> dict[str, Any]:
    """The list of models."""
    return {"object": "list", "data": [model()]}


def model() -> dict[str, Any]:
    """The one model that there is."""
    return {"id": MODEL, "object": "model", "created": 0, "owned_by": "qa-articles"}


def completion(answer: Answer) -> dict[str, Any]:
    """The completion that says an answer; `answer` in it is the object of `qa ask --json`. Tokens are not counted."""
    text = as_message(answer)
    message = {"role": "assistant", "content": text, "refusal": None, "annotations": _annotations(answer, text)}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return {**_head("chat.completion"), "choices": [choice], "answer": answer.as_json()}


def chunks(answer: Answer) -> Iterator[bytes]:
    """The same as events of a stream; the last one has the annotations and `answer`."""
    text = as_message(answer)
    head = _head("chat.completion.chunk")

    def event(delta: Mapping[str, Any], finish: str | None = None, **more: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return b"data: " + orjson.dumps({**head, "choices": [choice], **more}) + b"\n\n"

    yield event({"role": "assistant", "content": ""})
    for line in text.splitlines(keepends=True):
        yield event({"content": line})
    yield event({"annotations": _annotations(answer, text)}, "stop", answer=answer.as_json())
    yield b"data: [DONE]\n\n"


def _head(kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{secrets.token_hex(12)}", "object": kind, "created": int(time.time()), "model": MODEL}


def _annotations(answer: Answer, text: str) -> list[dict[str, Any]]:
    """The citations as OpenAI gives those of the web: a link, its title, and where it stands in the text."""
    return [
        {
            "type": "url_citation",
            "url_citation": {
                "url": answer.link(citation),
                "title": citation.title or citation.document,
                "start_index": span.start,
                "end_index": span.end,
            },
        }
        for citation, span in zip(answer.citations, source_lines(text, len(answer.citations)), strict=True)
    ]
