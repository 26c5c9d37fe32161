"""The API of OpenAI's chat completions, called with OpenAI's own client; refusals, streams and conversations."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from served import Running, about_cats, serve

openai = pytest.importorskip("openai")

from openai.types.chat import ChatCompletion  # noqa: E402

from qa.config import Config  # noqa: E402
from qa.engine import Engine  # noqa: E402
from qa.ui.access.tokens import Tokens  # noqa: E402
from qa.ui.answers.messages import NOT_FOUND, as_message, quotation_in  # noqa: E402
from qa.ui.api.completions import WrongRequest, asked_in  # noqa: E402
from qa.ui.api.openai_api import OpenAiApi  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # gradio's use of pandas, in a separate thread

ASKED = "How long do cats sleep?"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serve(about_cats(tmp_path_factory.mktemp("openai"))) as running:
        yield running


@contextmanager
def client_of(running: Running, key: str = "none") -> Iterator[Any]:
    """OpenAI's client, which sends any key; it goes through no proxy of the environment."""
    url = f"{str(running.http.base_url).rstrip('/')}/v1"
    with openai.OpenAI(base_url=url, api_key=key, max_retries=0, timeout=30) as client:
        yield client


def completed(running: Running, *messages: str, **more: Any) -> ChatCompletion:
    """What is answered to messages that alternate between user and assistant."""
    said = [{"role": ("user", "assistant")[n % 2], "content": text} for n, text in enumerate(messages)]
    with client_of(running) as client:
        found: ChatCompletion = client.chat.completions.create(model="articles", messages=said, **more)
        return found


def data_of(completion: Any) -> dict[str, Any]:
    """The object of `qa ask --json` beside the message."""
    found: dict[str, Any] = completion.model_extra["answer"]
    return found


# --- answers


@pytest.mark.server
def test_there_is_one_model(running: Running) -> None:
    with client_of(running) as client:
        assert [model.id for model in client.models.list()] == ["articles"]
        assert client.models.retrieve("articles").owned_by == "qa-articles"
        with pytest.raises(openai.NotFoundError, match="There is no such model: use 'articles'"):
            client.models.retrieve("gpt-4o")


@pytest.mark.server
def test_an_answer_has_numbers_links_and_its_citations_as_data(running: Running) -> None:
    found = completed(running, ASKED, temperature=0.7, seed=1, user="me", extra_body={"unheard_of": [1]})
    (choice,) = found.choices
    text = choice.message.content or ""
    wanted = running.http.post("/api/ask", json={"question": ASKED}).json()
    assert {**data_of(found), "timings_ms": 0} == {**wanted, "timings_ms": 0}
    assert text.startswith("> Cats sleep all day long on the warm red sofa. [1]\n")
    link = wanted["citations"][0]["link"]
    assert f"\n\nSources:\n\n- [1] [Cats]({link}) (cats.md)\n" in text
    assert (choice.finish_reason, choice.message.refusal, found.usage) == ("stop", None, None)
    (annotation,) = choice.message.annotations or []
    cited = annotation.url_citation
    assert (cited.url, cited.title) == (link, "Cats")
    assert text[cited.start_index : cited.end_index] == f"[1] [Cats]({link}) (cats.md)"


@pytest.mark.server
def test_what_is_not_in_the_articles_is_said_to_be_so(running: Running) -> None:
    found = completed(running, "Who is the president of Zorrolandia?")
    assert (found.choices[0].message.content or "").startswith(f"{NOT_FOUND} ")
    assert data_of(found)["answer"] is None and not data_of(found)["answerable"]


@pytest.mark.server
def test_a_stream_says_the_same(running: Running) -> None:
    whole = completed(running, ASKED)
    with client_of(running) as client:
        messages = [{"role": "user", "content": ASKED}]
        events = list(client.chat.completions.create(model="articles", messages=messages, stream=True))
    assert events[0].choices[0].delta.role == "assistant" and len({event.id for event in events}) == 1
    text = "".join(event.choices[0].delta.content or "" for event in events)
    assert text == whole.choices[0].message.content
    assert [event.choices[0].finish_reason for event in events] == [None] * (len(events) - 1) + ["stop"]
    assert {**data_of(events[-1]), "timings_ms": 0} == {**data_of(whole), "timings_ms": 0}
    raw = running.http.post("/v1/chat/completions", json={"messages": messages, "stream": True})
    assert raw.headers["content-type"].startswith("text/event-stream") and raw.text.endswith("data: [DONE]\n\n")


@pytest.mark.server
def test_a_follow_up_leans_on_the_messages_as_in_the_chat(running: Running) -> None:
    first = completed(running, "Where do cats sleep?").choices[0].message.content or ""
    found = data_of(completed(running, "Where do cats sleep?", first, "And how long do they?"))
    said = [
        {"speaker": "user", "text": "Where do cats sleep?"},
        {"speaker": "agent", "text": "Cats sleep all day long on the warm red sofa."},
    ]
    same = running.http.post("/api/ask", json={"question": "And how long do they?", "conversation": said}).json()
    assert found["carried"] == same["carried"] and found["carried"]
    assert {**found, "timings_ms": 0} == {**same, "timings_ms": 0}


@pytest.mark.server
def test_a_scope_is_typed_or_sent_beside_the_messages(running: Running) -> None:
    typed = data_of(completed(running, f"{ASKED} in:cats.md"))
    sent = data_of(completed(running, ASKED, extra_body={"scope": {"in": ["cats.md"]}, "top_k": 1, "threshold": 0.0}))
    assert typed["scope"] == sent["scope"] and typed["scope"]["articles"] == 1


# --- refusals


@pytest.mark.server
@pytest.mark.parametrize(
    ("body", "status", "param", "said"),
    [
        ({}, 400, "messages", "The messages are not a list"),
        ({"messages": []}, 400, "messages", "The messages are not a list"),
        ({"messages": [{"role": "assistant", "content": "Hi"}]}, 400, "messages", "The last message is no question"),
        ({"messages": [{"content": "Hi"}]}, 400, "messages", "A message has no role"),
        ({"messages": [{"role": "user", "content": 3}]}, 400, "messages", "The content of a message is not text"),
        ({"messages": [{"role": "user", "content": ""}]}, 400, "messages", "The question is empty"),
        ({"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}, 404, "model", "There is no model"),
        ([], 400, "body", "The request body is not a JSON object"),
    ],
)
def test_a_wrong_request_is_refused_in_openais_form(
    running: Running, body: object, status: int, param: str, said: str
) -> None:
    answer = running.http.post("/v1/chat/completions", json=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["param"], error["type"]) == (status, param, "invalid_request_error")
    assert error["message"].startswith(said) and ": " in error["message"]


@pytest.mark.server
def test_other_addresses_methods_hosts_and_sites_are_refused_in_it_too(running: Running) -> None:
    refused = [
        (running.http.post("/v1/embeddings", json={}), 404),
        (running.http.get("/v1/chat/completions"), 405),
        (running.http.post("/v1/chat/completions", content=b"{"), 415),
        (running.http.post("/v1/chat/completions", content=b"{", headers={"content-type": "application/json"}), 400),
        (running.http.get("/v1/models", headers={"host": "example.org"}), 403),
        (running.http.post("/v1/chat/completions", json={}, headers={"origin": "https://example.org"}), 403),
    ]
    for answer, status in refused:
        assert answer.status_code == status
        assert list(answer.json()["error"]) == ["message", "type", "param", "code"]


@pytest.mark.server
def test_the_key_is_a_token_if_there_are_accounts(tmp_path: Path) -> None:
    with serve(about_cats(tmp_path), auth="me:secret") as running:
        with client_of(running) as client, pytest.raises(openai.AuthenticationError) as refused:
            client.models.list()
        assert refused.value.code == "invalid_api_key"
        with client_of(running, Tokens(running.config.index).add("chat", ["ask"])) as client:
            messages = [{"role": "user", "content": ASKED}]
            found = client.chat.completions.create(model="articles", messages=messages)
    assert data_of(found)["answerable"]


def test_without_an_index_it_says_what_to_do(config: Config) -> None:
    async def sent(engine: Engine) -> httpx.Response:
        with closing(OpenAiApi(engine, None, lambda scope: config.chat)) as api:
            transport = httpx.ASGITransport(api)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
                return await http.post("/v1/chat/completions", json={"messages": [{"role": "user", "content": ASKED}]})

    with Engine.open(config) as engine:
        answer = asyncio.run(sent(engine))
    assert answer.status_code == 503
    error = answer.json()["error"]
    assert (error["type"], error["code"]) == ("server_error", "index_not_ready") and "qa build" in error["message"]


# --- messages


def test_parts_of_text_are_read_and_system_messages_are_not() -> None:
    content = [{"type": "text", "text": "Who"}, {"type": "image_url", "image_url": {}}, {"type": "text", "text": "is?"}]
    messages = [
        {"role": "system", "content": "You are a pirate."},
        {"role": "user", "content": "Where?"},
        {"role": "assistant", "content": f"{NOT_FOUND} Your articles do not seem to contain the answer."},
        {"role": "tool", "content": "x"},
        {"role": "assistant", "content": None},
        {"role": "user", "content": content},
    ]
    asked = asked_in({"messages": messages, "stream": True, "top_k": 3, "scope": None})
    assert (asked.question, asked.stream, dict(asked.options)) == ("Who\nis?", True, {"top_k": 3})
    assert asked.conversation == ({"speaker": "user", "text": "Where?"},)
    with pytest.raises(WrongRequest):
        asked_in({"messages": "Who?"})


@pytest.mark.server
def test_the_quotation_of_a_message_is_read_back(running: Running) -> None:
    answer = running.engine.ask(ASKED)
    assert answer.lead is not None
    assert quotation_in(as_message(answer)) == quotation_in(as_message(answer, with_passages=True)) == answer.lead.text
    assert quotation_in("Some other model's words.") == "Some other model's words."
    assert json.dumps(quotation_in("> a \\*b\\* c [2]\n\nVery likely.\n")) == '"a *b* c"'
