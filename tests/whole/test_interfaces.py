"""The command line, Python, HTTP, MCP and chat completions give the same answer to the same question, and conflicts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from served import Running, serve

pytest.importorskip("mcp")

import httpx2
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

from qa.ask.follow_up import turns
from qa.build import build
from qa.cli import main
from qa.config import Config
from qa.models.protocols import Encoder
from qa.ui.answers.messages import as_message

pytestmark = [
    pytest.mark.model,
    pytest.mark.server,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # gradio's use of pandas, in a separate thread
]

ARTICLES = {
    "zoo/zebra.md": "# The zebra\n\nThe zebra at the zoo is called Bruno. He eats five kilos of hay a day.\n",
    "zoo/lion.md": "# The lion\n\nThe lion at the zoo is called Leo. He sleeps for twenty hours a day.\n",
    "harbour/fees.md": "# Harbour\n\nMembers of the Bergen rowing club pay an annual fee of 45 euros for each boat.\n",
    "old/fees.md": "# Harbour\n\nMembers of the Bergen rowing club pay an annual fee of 40 euros for each boat.\n",
    "bakery/bread.md": "# Bread\n\nThe baker lets the sourdough rise for nine hours before it goes into the oven.\n",
}
FIRST = "What is the zebra at the zoo called?"


@dataclass(frozen=True)
class Case:
    """A question with what was asked before it, and the scope in which it is asked."""

    question: str
    before: tuple[str, ...] = ()
    scope: tuple[tuple[str, Any], ...] = ()


CASES = {
    "answered": Case(FIRST),
    "refused": Case("Who won the football world cup of 1954?"),
    "follow-up": Case("And how much does he eat a day?", (FIRST,)),
    "filtered": Case("What is it called at the zoo?", scope=(("in", ["zoo/lion.md"]),)),
    "typed filter": Case("How long does it rise? in:bakery -file:lion"),
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Iterator[Running]:
    root = tmp_path_factory.mktemp("interfaces")
    for path, text in ARTICLES.items():
        (root / "corpus" / path).parent.mkdir(parents=True, exist_ok=True)
        (root / "corpus" / path).write_text(text, "utf-8")
    config = Config(root / "corpus", root / "index", reader_ms=60_000)  # a busy machine answers later, not otherwise
    build(config, encoder)
    with serve(config, encoder=encoder) as running:
        yield running


def conversation(running: Running, case: Case) -> list[dict[str, str]]:
    """What was said before, as the chat keeps it."""
    said = []
    for question in case.before:
        lead = running.engine.ask(question).lead
        assert lead is not None
        said += [{"speaker": "user", "text": question}, {"speaker": "agent", "text": lead.text}]
    return said


def chat_of(running: Running) -> str:
    return f"{str(running.http.base_url).rstrip('/')}/"


def in_python(running: Running, case: Case) -> Any:
    answer = running.engine.ask(case.question, history=turns(conversation(running, case)), scope=dict(case.scope))
    return json.loads(json.dumps(replace(answer, chat=chat_of(running)).as_json()))


def on_the_command_line(running: Running, case: Case, capsys: pytest.CaptureFixture[str], folder: Path) -> Any:
    (folder / "said.json").write_text(json.dumps(conversation(running, case)), "utf-8")
    words: Sequence[str] = [word for name, values in case.scope for value in values for word in (f"--{name}", value)]
    config = running.config
    places = ["--corpus", str(config.corpus), "--index", str(config.index), "--public-url", chat_of(running)]
    capsys.readouterr()
    assert main(["ask", case.question, "--conversation", str(folder / "said.json"), *words, *places, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def asked_of(running: Running, case: Case) -> dict[str, Any]:
    return {"question": case.question, "conversation": conversation(running, case), "scope": dict(case.scope)}


def over_http(running: Running, case: Case) -> Any:
    return running.http.post("/api/ask", json=asked_of(running, case)).json()


def over_mcp(running: Running, case: Case) -> Any:
    return called(running, "ask", asked_of(running, case))


def called(running: Running, tool: str, arguments: dict[str, Any]) -> Any:
    """The object that a tool returns over MCP."""

    async def result() -> Any:
        async with (
            httpx2.AsyncClient(trust_env=False, timeout=60) as http,
            Client(streamable_http_client(f"{chat_of(running)}mcp", http_client=http)) as client,
        ):
            return (await client.call_tool(tool, arguments)).structured_content

    return asyncio.run(result())


def as_a_completion(running: Running, case: Case) -> Any:
    messages = []
    for question in case.before:
        said = as_message(running.engine.ask(question))
        messages += [{"role": "user", "content": question}, {"role": "assistant", "content": said}]
    messages.append({"role": "user", "content": case.question})
    body = {"model": "articles", "messages": messages, "scope": dict(case.scope)}
    return running.http.post("/v1/chat/completions", json=body).json()["answer"]


@pytest.mark.parametrize("name", CASES)
def test_all_interfaces_give_the_same_answer(
    name: str, running: Running, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QA_READER_MS", "60000")
    case = CASES[name]
    wanted = {**in_python(running, case), "timings_ms": 0}
    assert (wanted["answer"] is None) == (name == "refused")
    assert bool(wanted["carried"]) == (name == "follow-up")
    assert bool(wanted["scope"]) == ("filter" in name)
    assert all(each["link"].startswith(f"{chat_of(running)}#/article/") for each in wanted["citations"])
    assert {**on_the_command_line(running, case, capsys, tmp_path), "timings_ms": 0} == wanted
    for asked in (over_http, over_mcp, as_a_completion):
        assert {**asked(running, case), "timings_ms": 0} == wanted, asked.__name__


def test_all_interfaces_find_the_same_conflicts(running: Running, capsys: pytest.CaptureFixture[str]) -> None:
    config = running.config
    places = ["--corpus", str(config.corpus), "--index", str(config.index), "--public-url", chat_of(running)]
    capsys.readouterr()
    assert main(["conflicts", *places, "--json"]) == 0
    wanted = json.loads(capsys.readouterr().out)
    assert [said["value"] for said in wanted["conflicts"][0]["said"]] == ["45", "40"]
    assert wanted["conflicts"][0]["said"][0]["link"].startswith(f"{chat_of(running)}#/article/harbour/fees.md?at=")
    (config.index / "conflicts.json").unlink()  # so that the chat compares the articles itself
    assert running.http.get("/api/conflicts").raise_for_status().json() == wanted
    assert called(running, "conflicts", {}) == wanted
