"""MCP: the tools and resources, over both transports, with the SDK's own client; what is refused, and by whom."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from conftest import ROOT, TinyEncoder
from jsonschema import Draft202012Validator
from served import Running, about_cats, serve

mcp = pytest.importorskip("mcp")

import httpx2  # noqa: E402 (what the SDK's client sends requests with)
from mcp.client import Client  # noqa: E402
from mcp.client.stdio import StdioServerParameters  # noqa: E402
from mcp.client.streamable_http import streamable_http_client  # noqa: E402
from mcp.shared.exceptions import MCPError  # noqa: E402

from qa.build import build  # noqa: E402
from qa.cli import main  # noqa: E402
from qa.config import Config  # noqa: E402
from qa.engine import Engine  # noqa: E402
from qa.models.protocols import Encoder  # noqa: E402
from qa.ui.access.tokens import Tokens  # noqa: E402
from qa.ui.api import mcp_http  # noqa: E402
from qa.ui.api.mcp_server import server_of  # noqa: E402
from qa.ui.api.resources import parsed, uri_of  # noqa: E402
from qa.ui.web.public import PublicUrl  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # gradio's use of pandas, in a separate thread

CHAT = "http://127.0.0.1:7860/"
ASKED = "How long do cats sleep?"
_Value = TypeVar("_Value")
Talk = Callable[[Client], Awaitable[_Value]]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    root = tmp_path_factory.mktemp("mcp")
    config = Config(root / "corpus", root / "index", reader="off")
    (config.corpus / "notes (old)").mkdir(parents=True)
    (config.corpus / "cats.md").write_text("# Cats\n\nCats sleep all day long on the warm red sofa.\n", "utf-8")
    (config.corpus / "notes (old)" / "größe.txt").write_text("The barn is nine metres high.\n" * 1_000, "utf-8")
    build(config, TinyEncoder())
    with Engine.open(config, TinyEncoder()) as engine:
        yield engine


def talked(engine: Engine, talk: Talk[_Value], mode: str = "auto") -> _Value:
    """What a client that is connected to the server in this process finds."""

    async def connected() -> _Value:
        async with Client(server_of(lambda: engine, lambda request: CHAT), mode=mode) as client:
            return await talk(client)

    return asyncio.run(connected())


def called(engine: Engine, tool: str, **arguments: object) -> tuple[Any, str, bool]:
    """The object, the text and whether it is an error."""
    result = talked(engine, lambda client: client.call_tool(tool, arguments))
    (text,) = result.content
    assert text.type == "text"
    return result.structured_content, text.text, bool(result.is_error)


# --- what the tools say


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_every_tool_only_reads_and_says_what_it_takes_and_gives(engine: Engine, mode: str) -> None:
    tools = talked(engine, lambda client: client.list_tools(), mode).tools
    assert [tool.name for tool in tools] == ["ask", "search", "read", "articles", "status", "check", "conflicts"]
    for tool in tools:
        hints = tool.annotations
        assert hints is not None and hints.read_only_hint and not hints.destructive_hint and not hints.open_world_hint
        assert tool.description and tool.title and tool.output_schema is not None
        for schema in (tool.input_schema, tool.output_schema):
            Draft202012Validator.check_schema(schema)
            assert schema["type"] == "object" and "$ref" not in json.dumps(schema)


def test_an_answer_is_the_object_of_the_command_line_with_numbered_links_in_its_text(engine: Engine) -> None:
    data, text, is_error = called(engine, "ask", question=ASKED)
    assert not is_error
    wanted = engine.ask(ASKED).as_json()
    assert {**data, "timings_ms": 0} == json.loads(json.dumps({**wanted, "timings_ms": 0}))
    assert text.startswith("> Cats sleep all day long on the warm red sofa. [1]\n")
    assert f"\n[1] [Cats]({CHAT}#/article/cats.md?at=8-53&mark=8-53) (cats.md)\n\n> Cats sleep" in text


def test_what_is_not_in_the_articles_is_said_to_be_so(engine: Engine) -> None:
    data, text, is_error = called(engine, "ask", question="Who is the president of Zorrolandia?")
    assert not is_error and data["answer"] is None and not data["answerable"]
    assert text.startswith("**Not in your articles.** ") and "“Zorrolandia”" in text


def test_a_follow_up_leans_on_the_conversation_and_a_scope_narrows(engine: Engine) -> None:
    said = [{"speaker": "user", "text": "Where do cats sleep?"}, {"speaker": "agent", "text": "On the sofa."}]
    data, text, _ = called(engine, "ask", question="And how long do they?", conversation=said)
    assert "cats sleep" in data["carried"] and "From the conversation: cats sleep" in text
    data, text, _ = called(engine, "ask", question=ASKED, scope={"in": ["cats.md"], "not": {"kind": ["txt"]}})
    assert data["scope"]["articles"] == 1 and "Asked 1 article: in:cats.md" in text
    Draft202012Validator(talked(engine, lambda client: client.list_tools()).tools[0].output_schema).validate(data)


def test_passages_articles_and_the_state_are_listed(engine: Engine) -> None:
    data, text, _ = called(engine, "search", query="cats sleep", top_k=1)
    assert [hit["document"] for hit in data["hits"]] == ["cats.md"] and text.startswith("[1] [Cats](http://127.0.0.1")
    data, text, _ = called(engine, "articles", scope={"kind": ["txt"]})
    assert [each["document"] for each in data["articles"]] == ["notes (old)/größe.txt"] and data["total"] == 1
    assert "](http://127.0.0.1:7860/#/article/notes%20%28old%29/gr%C3%B6%C3%9Fe.txt?at=0-0) (notes (old)/" in text
    data, text, _ = called(engine, "articles", limit=1)
    assert text.startswith("2 articles:\n\n- [Cats](") and text.endswith("1 more follow: ask with offset 1.")
    assert [each["document"] for each in called(engine, "articles", offset=1)[0]["articles"]] != ["cats.md"]
    data, text, _ = called(engine, "status")
    assert data == json.loads(json.dumps(engine.status().as_json())) and text.startswith("2 articles, ")


def test_a_draft_is_checked_and_its_report_is_text(engine: Engine) -> None:
    draft = "Cats sleep all day long on the warm blue sofa."
    data, text, is_error = called(engine, "check", draft=f"“{draft}”")
    assert not is_error and data["counts"]["altered"] == 1 and not data["ok"]
    assert "blue" in text and "red" in text and f"{CHAT}#/article/cats.md?at=" in text
    Draft202012Validator(talked(engine, lambda client: client.list_tools()).tools[5].output_schema).validate(data)
    assert called(engine, "check", draft="")[2] and "'draft'" in called(engine, "check")[1]


def test_a_long_article_is_read_piece_by_piece_and_literally(engine: Engine) -> None:
    path = "notes (old)/größe.txt"
    whole = engine.document(path)
    assert whole is not None
    pieces, start = [], 0
    while start is not None:
        data, text, _ = called(engine, "read", document=path, start=start)
        assert data["text"] == whole.text[data["start"] : data["end"]] and data["text"] in text
        pieces.append(data["text"])
        start = data["next"]
    assert "".join(pieces) == whole.text and len(pieces) == 2
    data, _, _ = called(engine, "read", document="cats.md", start=8, end=12)
    assert (data["text"], data["next"], data["link"]) == ("Cats", None, f"{CHAT}#/article/cats.md?at=8-12")


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("ask", {"question": ""}, "The question is empty"),
        ("ask", {}, "The argument 'question' of `ask` is missing: give it."),
        ("ask", {"question": ASKED, "k": 3}, "'k' is not an argument of `ask`: give only question, top_k"),
        ("ask", {"question": ASKED, "scope": {"folder": ["a"]}}, "'folder' is not a part of a scope"),
        ("ask", {"question": 3}, "The question is not text"),
        ("read", {"document": "no.md"}, "There is no article “no.md” in the index"),
        ("read", {"document": "cats.md", "page": 2}, "“cats.md” has no pages"),
        ("read", {"document": "cats.md", "page": 2, "end": 3}, "Both a page and characters are named"),
        ("read", {"document": "cats.md", "start": 9, "end": 3}, "“cats.md” has 54 characters"),
        ("articles", {"limit": 0}, "limit is 0: give a whole number from 1 to 500."),
        ("status", {"all": True}, "'all' is not an argument of `status`: give only none."),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(
    engine: Engine, tool: str, arguments: dict[str, Any], said: str
) -> None:
    data, text, is_error = called(engine, tool, **arguments)
    assert is_error and data is None and text.startswith(said) and ": " in text and text.endswith(".")


# --- resources


@pytest.mark.parametrize("path", ["cats.md", "notes (old)/größe.txt", "news.jsonl#3", "what?.md", "100 %/a#1-2.md"])
def test_the_address_of_a_resource_is_read_back(path: str) -> None:
    assert parsed(uri_of(path)) == (path, None, None)
    assert parsed(uri_of(path, (10, 25))) == (path, 10, 25)
    assert parsed(uri_of(path).replace(":///", "://")) == (path, None, None)
    assert parsed("https://example.org/cats.md") is None and parsed("article:///") is None


def test_articles_are_resources_and_a_fragment_names_a_part(engine: Engine) -> None:
    listed = talked(engine, lambda client: client.list_resources()).resources
    assert [each.uri for each in listed] == ["article:///cats.md", "article:///notes%20%28old%29/gr%C3%B6%C3%9Fe.txt"]
    (template,) = talked(engine, lambda client: client.list_resource_templates()).resource_templates
    assert template.uri_template == "article:///{+path}"
    (whole,) = talked(engine, lambda client: client.read_resource(listed[0].uri)).contents
    (part,) = talked(engine, lambda client: client.read_resource("article://cats.md#8-12")).contents
    assert whole.uri == listed[0].uri and hasattr(whole, "text") and hasattr(part, "text")
    assert (whole.mime_type, part.text) == ("text/markdown", "Cats") and whole.text.startswith("# Cats")

    async def refused(client: Client) -> None:
        for wrong in ("article:///no.md", "https://example.org/"):
            with pytest.raises(MCPError, match=r"no article|not an address"):
                await client.read_resource(wrong)

    talked(engine, refused)


# --- over HTTP


@asynccontextmanager
async def over_http(running: Running, path: str = "/mcp", **headers: str) -> AsyncIterator[Client]:
    url = f"{str(running.http.base_url).rstrip('/')}{path}"
    async with (
        httpx2.AsyncClient(headers=headers, trust_env=False, timeout=30) as http,
        Client(streamable_http_client(url, http_client=http)) as client,
    ):
        yield client


async def answer_over_http(running: Running, path: str = "/mcp", **headers: str) -> Any:
    async with over_http(running, path, **headers) as client:
        return (await client.call_tool("ask", {"question": ASKED})).structured_content


@pytest.mark.server
def test_a_chat_offers_the_tools_too_with_links_to_itself(tmp_path: Path) -> None:
    with serve(about_cats(tmp_path)) as running:
        found = asyncio.run(answer_over_http(running))
        plain = running.http.post("/api/ask", json={"question": ASKED}).json()
        assert {**found, "timings_ms": 0} == {**plain, "timings_ms": 0}
        assert found["citations"][0]["link"].startswith(f"http://127.0.0.1:{running.http.base_url.port}/#/article/")
        for method, status in (("GET", 405), ("DELETE", 405)):
            assert running.http.request(method, "/mcp").status_code == status
        assert running.http.post("/mcp", content=b"{}").status_code == 415
        elsewhere = {"host": "example.org"}
        assert running.http.post("/mcp", json={}, headers=elsewhere).status_code == 403
        other_site = {"origin": "https://example.org"}
        assert running.http.post("/mcp", json={}, headers=other_site).json()["error"].startswith("This request comes")


@pytest.mark.server
def test_with_accounts_an_assistant_needs_a_token(tmp_path: Path) -> None:
    public = PublicUrl.parse("https://example.org/notes")
    with serve(about_cats(tmp_path), auth="me:secret", public=public) as running:
        secret = Tokens(running.config.index).add("assistant", ["ask"])
        for path in ("/mcp", "/mcp/", "/notes/mcp", "/notes/mcp/"):  # proxies remove the path, or keep it
            refused = running.http.post(path, json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
            assert refused.status_code == 401 and "qa token add" in refused.json()["error"]
            found = asyncio.run(answer_over_http(running, path, authorization=f"Bearer {secret}"))
            assert found["citations"][0]["link"].startswith("https://example.org/notes/#/article/cats.md?at=")
        metrics = Tokens(running.config.index).add("meter", ["metrics"])
        headers = {"authorization": f"Bearer {metrics}"}
        assert running.http.post("/mcp", json={}, headers=headers).status_code == 403


def test_a_chat_without_the_package_says_what_to_install(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mcp_http, "find_spec", lambda name: None)

    async def sent() -> httpx.Response:
        transport = httpx.ASGITransport(mcp_http.McpEndpoint(engine, None, lambda scope: CHAT))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
            return await http.post("/mcp", json={})

    refused = asyncio.run(sent())
    assert refused.status_code == 501 and "pip install 'qa-articles[mcp]'" in refused.json()["error"]


def test_the_command_says_it_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(mcp_http, "find_spec", lambda name: None)
    assert main(["mcp"]) == 2
    assert capsys.readouterr() == ("", f"qa: {mcp_http.MISSING}\n")


# --- over standard input and output


def command(config: Config) -> tuple[list[str], dict[str, str]]:
    words = ["-m", "qa", "mcp", "--corpus", str(config.corpus), "--index", str(config.index)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("QA_")}
    return words, {**kept, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", "QA_READER_MS": "60000"}


@pytest.mark.model
def test_an_assistant_starts_the_command_and_asks(config: Config, encoder: Encoder) -> None:
    words, environment = command(config)

    async def asked() -> tuple[Any, Any]:
        server = StdioServerParameters(command=sys.executable, args=words, env=environment)
        async with Client(server) as client:
            before = await client.call_tool("ask", {"question": "What is the zebra called?"})
            (config.corpus / "zoo.md").write_text("# Zoo\n\nThe zebra at the zoo is called Bruno.\n", "utf-8")
            await asyncio.to_thread(build, config, encoder)
            return before, await client.call_tool("ask", {"question": "What is the zebra at the zoo called?"})

    before, after = asyncio.run(asked())
    assert before.is_error and before.content[0].text.startswith("No index was built yet: run `qa build`")
    assert after.structured_content["answer"]["text"] == "The zebra at the zoo is called Bruno."
    assert after.structured_content["answer"]["link"].startswith(f"{CHAT}#/article/zoo.md?at=")


def test_nothing_but_the_protocol_goes_to_standard_output(config: Config) -> None:
    words, environment = command(config)
    client = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    sent: list[dict[str, Any]] = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": client},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "status", "arguments": {}}},
    ]
    running = subprocess.Popen(
        [sys.executable, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=environment, encoding="utf-8",
    )  # fmt: skip
    assert running.stdin is not None and running.stdout is not None
    answers = []
    for message in sent:
        running.stdin.write(json.dumps(message) + "\n")
        running.stdin.flush()
        if "id" in message:
            answers.append(json.loads(running.stdout.readline()))
    rest, said = running.communicate(timeout=60)
    assert (running.returncode, rest) == (0, "")
    assert [answer["id"] for answer in answers] == [1, 2]
    assert answers[0]["result"]["serverInfo"]["name"] == "qa-articles"
    assert answers[1]["result"]["content"][0]["text"] == "No index was built yet: run `qa build`."
    assert said.startswith("qa: No index was built yet: run `qa build`.")
