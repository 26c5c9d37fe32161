"""Running a chat for others: health, metrics, the log as JSON, and limits on requests."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import TinyEncoder
from served import Running, about_cats, serve
from starlette.responses import PlainTextResponse

from qa.build import build
from qa.cli import main
from qa.config import Config
from qa.errors import ConfigError
from qa.system.logs import write_json
from qa.ui.access.tokens import Tokens
from qa.ui.web.limits import Limited, RateLimit
from qa.ui.web.observed import Observed
from qa.ui.web.operation import Operation
from qa.ui.web.public import PublicUrl

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # gradio's use of pandas, in a separate thread

SECRET = "Whether zebras snore"  # a question that must not be in any log


# --- limits -----------------------------------------------------------------------------------------------------------


def test_a_sender_has_so_many_requests_a_minute_and_others_theirs() -> None:
    now = [0.0]
    limit = RateLimit(60, lambda: now[0])
    assert [limit.take("anna") for _ in range(60)] == [0.0] * 60
    assert limit.take("anna") == pytest.approx(1.0) and limit.take("bob") == 0
    now[0] += 0.9
    assert limit.take("anna") == pytest.approx(0.1)  # what was refused is not counted
    now[0] += 0.2
    assert limit.take("anna") == 0 and limit.take("anna") > 0
    now[0] += 3_600
    assert [limit.take("anna") == 0 for _ in range(61)] == [True] * 60 + [False]  # no more is saved up


def test_the_limits_do_not_grow_without_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa.ui.web.limits._MOST", 50)
    limit = RateLimit(60)
    for number in range(500):
        limit.take(str(number))
    assert len(limit._left) == 50


@pytest.mark.parametrize(
    ("operation", "is_local", "limit"),
    [
        (Operation(), True, 0),
        (Operation(), False, 120),
        (Operation(rate_limit=0), False, 0),
        (Operation(rate_limit=7), True, 7),
    ],
)
def test_only_a_chat_that_others_reach_is_limited_by_itself(operation: Operation, is_local: bool, limit: float) -> None:
    assert operation.limit_for(is_local) == limit


def test_a_refusal_says_when_to_try_again() -> None:
    async def sent() -> list[httpx.Response]:
        limited = Limited(PlainTextResponse("yes"), RateLimit(2), lambda scope: None)
        responses = []
        for client in ("192.0.2.1", "2001:db8::1", "2001:db8::2"):  # the last two are one network
            transport = httpx.ASGITransport(limited, client=(client, 1))
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
                responses += [await http.post("/api/ask"), await http.get("/"), await http.post("/api/ask")]
                responses.append(await http.get("/healthz"))
        return responses

    responses = asyncio.run(sent())
    assert [each.status_code for each in responses] == [200, 200, 429, 200, 200, 200, 429, 200, 429, 200, 429, 200]
    refused = responses[2]
    wait = refused.headers["retry-after"]
    assert refused.json() == {"error": f"Too many requests: wait {wait} seconds, then try again."}
    assert 1 <= int(refused.headers["retry-after"]) <= 4


def test_routes_are_few_whatever_is_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    told: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: told.append(record.facts["route"])  # type: ignore[attr-defined,method-assign]
    routes: set[str] = set()

    async def send() -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await PlainTextResponse("", 404 if "made-up" in scope["path"] else 200)(scope, receive, send)

        transport = httpx.ASGITransport(Observed(app, lambda scope: None, routes))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
            for path in ("/", "/api/ask", "/gradio_api/call/ask/0f3e5c", "/articles/text?path=a", "/made-up/x"):
                await http.get(path)
            for word in ("abc", "def"):
                await http.get(f"/gradio_api/heartbeat/{word}")  # which any visitor may make up
            for number in range(300):
                await http.get(
                    f"/api/{'abcdefghij'[number % 10]}{'klmnopqrst'[number // 10 % 10]}{'uvw'[number // 100]}"
                )

    events = logging.getLogger("qa.events")
    events.addHandler(handler)
    try:
        asyncio.run(send())
    finally:
        events.removeHandler(handler)
    assert told[:5] == ["/", "/api/ask", "/gradio_api/call/ask", "/articles/text", "other"]
    assert told[5:7] == ["/gradio_api/heartbeat"] * 2
    assert len(set(told)) <= 101


# --- a chat with all of it --------------------------------------------------------------------------------------------


@dataclass
class Watched:
    running: Running
    written: io.StringIO
    adds: str
    metrics: str

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.written.getvalue().splitlines()]

    def of(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.lines() if line.get("event") == event]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    config = about_cats(tmp_path_factory.mktemp("operation"))
    tokens = Tokens(config.index)
    written = io.StringIO()
    end = write_json(written)
    try:
        with serve(config, auth="me:secret word", operation=Operation(30, "on", "json")) as running:
            yield Watched(running, written, tokens.add("clipper", ["add"]), tokens.add("prometheus", ["metrics"]))
    finally:
        end()


AUTH = ("me", "secret word")


def value(text: str, line: str) -> float:
    found = re.search(rf"^{re.escape(line)} (\S+)$", text, re.MULTILINE)
    assert found, f"{line} is not in\n{text}"
    return float(found[1])


@pytest.mark.server
def test_health_needs_no_log_in_and_tells_strangers_no_reason(watched: Watched) -> None:
    http = watched.running.http
    assert (http.get("/healthz").status_code, http.get("/healthz").json()) == (200, {"status": "ok"})
    assert (http.get("/readyz").status_code, http.get("/readyz").json()) == (200, {"status": "ready"})
    assert http.head("/readyz").status_code == 200 and http.post("/healthz").status_code == 405


@pytest.mark.server
def test_metrics_are_for_users_and_tokens_and_hold_no_words(watched: Watched) -> None:
    http = watched.running.http
    before = http.get("/metrics", auth=AUTH)
    assert before.status_code == 200 and before.headers["content-type"].startswith("text/plain; version=")
    for question in ("How long do cats sleep?", SECRET, ""):
        http.post("/api/ask", json={"question": question}, auth=AUTH)
    http.get("/api/nowhere", auth=AUTH)
    assert http.get("/metrics").status_code == 401
    assert http.get("/metrics", headers={"authorization": f"Bearer {watched.adds}"}).status_code == 403
    assert http.post("/metrics", auth=AUTH).status_code == 405
    text = http.get("/metrics", headers={"authorization": f"Bearer {watched.metrics}"}).text
    assert value(text, 'qa_answers_total{by="program",outcome="invalid"}') == 1
    assert value(text, "qa_answer_seconds_count") == 2
    asked = value(text, 'qa_http_requests_total{method="POST",route="/api/ask",status="200"}')
    assert asked == 2 and value(text, 'qa_logins_total{outcome="right"}') >= 1
    assert (value(text, "qa_index_documents"), value(text, "qa_index_open")) == (1, 1)
    assert value(text, "qa_connections") >= 1 and value(text, "process_open_fds") > 10
    for private in ("zebra", "cats", "secret", "nowhere"):
        assert private not in text


@pytest.mark.server
def test_the_log_says_who_asked_and_how_it_ended_but_not_what(watched: Watched) -> None:
    http = watched.running.http
    http.post("/api/ask", json={"question": SECRET}, auth=AUTH)
    http.get(f"/?q={SECRET}")
    answer, request = watched.of("answer")[-1], watched.of("request")[-2]
    assert answer["outcome"] == "unanswered" and answer["by"] == "program" and answer["ms"] > 0
    assert (request["route"], request["method"], request["status"]) == ("/api/ask", "POST", 200)
    assert request["sender"] == "user me" and request["address"] == "127.0.0.1"
    assert watched.of("request")[-1]["route"] == "/" and watched.of("request")[-1]["sender"] is None
    assert "zebras" not in watched.written.getvalue()


@pytest.mark.server
def test_an_unexpected_error_is_logged_without_its_words(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*values: object, **named: object) -> None:
        try:
            raise ValueError(f"cannot parse {SECRET!r}")
        except ValueError as error:
            raise RuntimeError(SECRET) from error

    monkeypatch.setattr(watched.running.engine, "ask", fail)
    assert watched.running.http.post("/api/ask", json={"question": SECRET}, auth=AUTH).status_code == 500
    (line,) = [each for each in watched.lines() if each.get("message") == "a call failed"]
    assert line["level"] == "error" and [each["type"] for each in line["errors"]] == ["RuntimeError", "ValueError"]
    assert any("test_operation.py" in frame for frame in line["errors"][0]["frames"])
    assert watched.of("answer")[-1]["outcome"] == "failed"
    assert "zebras" not in watched.written.getvalue()


@pytest.mark.server
def test_whoever_asks_too_much_waits_and_nobody_else_does(watched: Watched) -> None:
    http = watched.running.http
    statuses = [http.post("/api/search", json={"query": "cats"}, auth=AUTH).status_code for _ in range(40)]
    assert set(statuses) == {200, 429}
    refused = http.post("/api/search", json={"query": "cats"}, auth=AUTH)
    assert refused.status_code == 429 and int(refused.headers["retry-after"]) > 0
    assert http.get("/healthz").status_code == 200
    other = http.post("/api/ask", json={"question": "?"}, headers={"authorization": f"Bearer {watched.adds}"})
    assert other.status_code == 403  # its scope, not its number of requests
    assert watched.of("limited")[-1]["sender"] == "user me"


@pytest.mark.server
def test_a_chat_without_an_index_lives_and_is_not_ready_until_it_has_one(tmp_path: Path) -> None:
    config = Config(corpus=tmp_path / "corpus", index=tmp_path / "index")
    config.corpus.mkdir()
    with serve(config, operation=Operation(metrics="open")) as running:
        assert running.http.get("/healthz").status_code == 200
        state = running.http.get("/readyz")
        assert state.status_code == 503 and state.json()["status"] == "not ready"
        assert state.json()["reason"].endswith("run `qa build`.")
        assert value(running.http.get("/metrics").text, "qa_index_open") == 0
        (config.corpus / "cats.md").write_text("# Cats\n\nCats sleep all day long.\n", "utf-8")
        build(config, TinyEncoder())
        from waiting import wait_until

        wait_until(lambda: running.http.get("/readyz").status_code == 200, every=0.2)
        for path in ("/metrics/", "/readyz/", "/metric"):
            assert running.http.get(path).status_code == 404
    with serve(config) as running:
        assert running.http.get("/metrics").status_code == 404  # off by default


def test_the_questions_are_logged_if_that_is_wanted() -> None:
    from qa.system.events import event

    written = io.StringIO()
    end = write_json(written, with_questions=True)
    try:
        event("asked", question=SECRET)
        try:
            raise ValueError(SECRET)
        except ValueError:
            logging.getLogger("qa.test").exception("it failed\nhere")
        logging.getLogger("other").warning("100 %s", "%")
    finally:
        end()
    event("asked", question="nobody listens")
    answer, error, other = (json.loads(line) for line in written.getvalue().splitlines())
    assert answer["question"] == SECRET and error["errors"][0]["words"] == SECRET
    assert (other["message"], other["level"], other["logger"]) == ("100 %", "warning", "other")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", other["time"])


def test_metrics_without_the_extra_are_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    from qa.ui.api import metrics

    monkeypatch.setattr(metrics, "find_spec", lambda name: None)
    metrics.check_metrics("off")
    with pytest.raises(ConfigError, match=r"extra `metrics`: run pip install 'qa-articles\[metrics\]'"):
        metrics.check_metrics("on")


def test_the_options_reach_the_chat(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    given: list[Any] = []
    monkeypatch.setattr("qa.ui.app.serve", lambda *arguments: given.append(arguments[-1]))
    assert main(["serve"]) == 0
    assert main(["serve", "--rate-limit", "7", "--metrics", "on", "--log", "json", "--log-questions"]) == 0
    monkeypatch.setenv("QA_METRICS", "open")
    assert main(["serve"]) == 0
    assert given == [Operation(), Operation(7, "on", "json", True), Operation(metrics="open")]
    assert main(["serve", "--metrics", "yes"]) == 2 and main(["serve", "--rate-limit", "-1"]) == 2
    monkeypatch.setenv("QA_LOG", "xml")
    assert main(["serve"]) == 2
    assert "QA_LOG='xml' is none of text, json: change or unset it." in capsys.readouterr().err


@pytest.mark.server
def test_who_comes_through_a_proxy_is_told_no_reason_either(tmp_path: Path) -> None:
    config = Config(corpus=tmp_path / "corpus", index=tmp_path / "index")
    with serve(config, public=PublicUrl.parse("https://example.org")) as running:
        assert running.http.get("/readyz").json() == {"status": "not ready"}
