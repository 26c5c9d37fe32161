"""The plain endpoints answer like gradio's to those who may ask, and refuse the rest in one sentence."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import TinyEncoder
from fastapi.openapi.models import OpenAPI
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from served import Running, about_cats, serve
from starlette.applications import Starlette
from starlette.routing import Route
from waiting import take_time

from qa.ask.answer import Answer as Asked
from qa.ask.answer import Citation as Cited
from qa.ask.answer import Lead, OtherValue
from qa.ask.ranking import Ranks
from qa.ask.why import ReaderScores, Why
from qa.build import build
from qa.check.reading import check_draft
from qa.config import Config
from qa.corpus.records import FileRecord
from qa.errors import MismatchError, ModelError, NoGenerationError, QAError
from qa.status import FileState
from qa.status import Status as StatusOfAll
from qa.text.document import Span
from qa.ui.api import calls as calls_module
from qa.ui.api.endpoints import Endpoints
from qa.ui.api.schema import Answer, Article, File, Hit, Reading, Status
from qa.ui.api.schema import OtherValue as DescribedOther
from qa.ui.api.schema import Why as DescribedWhy
from qa.ui.web.bodies import MOST_BYTES
from qa.ui.web.public import PublicUrl
from qa.ui.web.refusals import DESCRIPTION

# gradio's use of pandas, in a separate thread
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

SAID = [{"speaker": "user", "text": "Where do cats sleep?"}, {"speaker": "agent", "text": "On the warm red sofa."}]


def application(endpoints: Endpoints) -> httpx.ASGITransport:
    routes = [Route(path, endpoints) for path in ("/api/{name:path}", DESCRIPTION)]
    return httpx.ASGITransport(Starlette(routes=routes))


def sent(endpoints: Endpoints, method: str, path: str, **request: Any) -> httpx.Response:
    """The response of the endpoints, without a server."""

    async def send() -> httpx.Response:
        async with httpx.AsyncClient(transport=application(endpoints), base_url="http://127.0.0.1") as http:
            return await http.request(method, path, **request)

    return asyncio.run(send())


def refused(response: httpx.Response, status: int, *words: str) -> None:
    """It is refused with this status, in one sentence that ends with what to do."""
    assert (response.status_code, response.headers["content-type"]) == (status, "application/json"), response.text
    (sentence,) = response.json().values()
    assert list(response.json()) == ["error"]
    assert ":" in sentence and sentence.endswith(".") and "\n" not in sentence and "Traceback" not in sentence
    for word in words:
        assert word in sentence


def ask(question: str, top_k: int = 5, conversation: object = None) -> dict[str, Any]:
    return {"question": question, "top_k": top_k, "conversation": conversation}


def status() -> dict[str, Any]:
    return {"files": ["bees.md"]}


@pytest.fixture(scope="module")
def endpoints() -> Iterator[Endpoints]:
    with closing(Endpoints(lambda chat: [ask, status])) as application:
        yield application


# --- on a real server


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    root = tmp_path_factory.mktemp("endpoints")
    (root / "corpus").mkdir()
    (root / "corpus" / "cats.md").write_text("# Cats\n\nCats sleep all day long on the warm red sofa.\n", "utf-8")
    config = Config(corpus=root / "corpus", index=root / "index")
    build(config, TinyEncoder())
    with serve(config) as running:
        yield running


def untimed(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "timings_ms"}


@pytest.mark.server
@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("ask", {"question": "How long do cats sleep?"}),
        ("ask", {"question": "How long do “cats” sléép?\U0001f431", "top_k": 1}),
        ("ask", {"question": "And how long do they?", "top_k": 3, "conversation": SAID}),
        ("ask", {"question": 'Who won "the world cup"?', "top_k": 2}),
        ("search", {"query": "cats sleep"}),
        ("search", {"query": "the sofa -cats", "top_k": 2}),
        ("ask", {"question": "Do cats sleep?", "top_k": 2, "conversation": [], "scope": {"file": ["cat"]}}),
        ("ask", {"question": "Do cats sleep?", "top_k": 2, "conversation": [], "scope": {}, "threshold": 1}),
        ("ask", {"question": "Do cats sleep? in:cats.md", "top_k": 2, "conversation": [], "scope": None}),
        ("search", {"query": "cats since:2000", "top_k": 2, "scope": {"kind": ["md"], "in": ["cats.md"]}}),
    ],
)
def test_an_answer_is_that_of_gradios_endpoint(running: Running, name: str, given: dict[str, Any]) -> None:
    response = running.http.post(f"/api/{name}", json=given)
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    event, (answer,) = running.call(name, *given.values())
    assert event == "complete"
    assert untimed(response.json()) == untimed(answer)
    assert list(response.json()) == list(answer)


@pytest.mark.server
def test_links_lead_to_the_chat_as_it_was_reached(running: Running) -> None:
    port = running.http.base_url.port
    for host in (f"127.0.0.1:{port}", f"localhost:{port}"):
        answer = running.http.post("/api/ask", json={"question": "Do cats sleep?"}, headers={"host": host}).json()
        hits = running.http.post("/api/search", json={"query": "cats"}, headers={"host": host}).json()["hits"]
        begins = f"http://{host}/#/article/cats.md?at="
        assert answer["citations"][0]["link"].startswith(begins) and hits[0]["link"].startswith(begins)
        assert not answer["answer"] or answer["answer"]["link"].startswith(begins)


@pytest.mark.server
def test_links_lead_to_the_address_that_readers_use(tmp_path: Path) -> None:
    with serve(about_cats(tmp_path), public=PublicUrl.parse("https://notes.example.org/articles")) as running:
        found = running.http.post("/api/ask", json={"question": "Do cats sleep?"}).json()
        event, (same,) = running.call("ask", "Do cats sleep?")
    assert event == "complete" and untimed(same) == untimed(found)
    assert found["citations"][0]["link"].startswith("https://notes.example.org/articles/#/article/cats.md?at=")


@pytest.mark.server
def test_the_status_is_that_of_gradios_endpoint(running: Running) -> None:
    response = running.http.get("/api/status")
    assert response.json() == running.call("status")[1][0]
    assert [file["document"] for file in response.json()["files"]] == ["cats.md"]
    head = running.http.head("/api/status")
    assert (head.status_code, head.content) == (200, b"")


@pytest.mark.server
@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("ask", {"question": "  "}, "empty"),
        ("ask", {"question": 5}, "not text"),
        ("ask", {"question": None}, "not text"),
        ("ask", {"question": "x" * 2001}, "2,001"),
        ("ask", {"question": "Who?", "top_k": 0}, "top_k"),
        ("ask", {"question": "Who?", "top_k": "5"}, "top_k"),
        ("ask", {"question": "Who?", "top_k": 1e300}, "top_k"),
        ("ask", {"question": "Why?", "top_k": 5, "conversation": [{"speaker": "robot", "text": "I"}]}, "Turn 1"),
        ("ask", {"question": "Why?", "top_k": 5, "conversation": {}}, "not a list"),
        ("ask", {"question": "Why?", "top_k": 5, "conversation": [], "scope": {}, "threshold": 1.5}, "threshold"),
        ("ask", {"question": "Why?", "top_k": 5, "conversation": [], "scope": {}, "threshold": True}, "threshold"),
        ("ask", {"question": "Why?", "top_k": 5, "conversation": SAID * 101}, "too long"),
        ("search", {"query": "?!"}, "no words"),
        ("search", {"query": ["cats"]}, "not text"),
        ("search", {"query": "cats", "top_k": 2, "scope": {"in": ["nowhere"]}}, "no folder or article “nowhere”"),
        ("search", {"query": "cats", "top_k": 2, "scope": {"folder": ["x"]}}, "not a part of a scope"),
        ("search", {"query": "cats after:soon"}, "not a date"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused(
    running: Running, name: str, given: dict[str, Any], words: str
) -> None:
    refused(running.http.post(f"/api/{name}", json=given), 400, words)
    event, message = running.call(name, *given.values())
    assert (event, message["error"]) == ("error", running.http.post(f"/api/{name}", json=given).json()["error"])


@pytest.mark.server
def test_a_conversation_may_be_as_long_as_the_program_reads_and_a_larger_body_is_refused(running: Running) -> None:
    given = {"question": "Do cats sleep?", "conversation": [{"speaker": "agent", "text": "\u4e00" * 500}] * 200}
    headers = {"content-type": "application/json"}
    assert running.http.post("/api/ask", content=json.dumps(given), headers=headers).status_code == 200
    for content in (b" " * (MOST_BYTES + 1), iter([b" " * 100_000] * 11)):  # with and without a declared length
        refused(running.http.post("/api/ask", content=content, headers=headers), 413, f"{MOST_BYTES:,}")
    assert running.http.get("/api/status").status_code == 200


@pytest.mark.server
def test_of_64_who_ask_at_once_each_gets_its_own_answer(running: Running) -> None:
    def asked(number: int) -> tuple[int, str]:
        response = running.http.post("/api/ask", json={"question": f"Do {number} cats sleep?"})
        return response.status_code, response.json()["question"]

    with ThreadPoolExecutor(64) as pool:
        assert list(pool.map(asked, range(64))) == [(200, f"Do {number} cats sleep?") for number in range(64)]


@pytest.mark.server
def test_no_page_of_another_site_may_read_or_ask(running: Running) -> None:
    given = {"question": "Do cats sleep?"}
    response = running.http.post("/api/ask", json=given, headers={"origin": "https://example.org"})
    refused(response, 403, "another site")
    refused(running.http.get("/api/status", headers={"host": "example.org"}), 403, "127.0.0.1")
    # A form can send these without a preflight request of the browser.
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        refused(running.http.post("/api/ask", content=json.dumps(given), headers={"content-type": kind}), 415, "JSON")
    preflight = {"origin": "https://example.org", "access-control-request-method": "POST"}
    for answer in (running.http.options("/api/ask", headers=preflight), running.http.get("/api/status")):
        assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.server
def test_an_index_that_is_not_there_yet_may_be_asked_later(config: Config) -> None:
    with serve(config) as running:
        refused(running.http.post("/api/ask", json={"question": "Who?"}), 503, "qa build")
        refused(running.http.post("/api/search", json={"query": "who"}), 503, "qa build")
        assert running.http.get("/api/status").json()["generation"] is None


@pytest.mark.server
def test_a_configured_log_in_is_required(config: Config) -> None:
    with serve(config, auth="mé:a:secret") as running:
        for path in ("/api/ask", "/api/search", "/api/status", "/api/no-such-call"):
            response = running.http.get(path)
            refused(response, 401, "Basic")
            assert response.headers["www-authenticate"].startswith("Basic ")
        for wrong in (("mé", "wrong"), ("me", "a:secret"), ("", ""), ("mé", "a:secret ")):
            refused(running.http.get("/api/status", auth=wrong), 401)
        for header in ("Basic", "Basic !", "Bearer a:secret", "é"):
            refused(running.http.get("/api/status", headers={b"authorization": header.encode()}), 401)
        assert running.http.get("/api/status", auth=("mé", "a:secret")).status_code == 200
        assert running.http.get("/config").status_code == 401  # it opens nothing else


# --- without a server


def test_a_missing_value_has_its_default(endpoints: Endpoints) -> None:
    response = sent(endpoints, "POST", "/api/ask", json={"question": "Who?"})
    assert response.json() == {"question": "Who?", "top_k": 5, "conversation": None}


def test_an_address_or_a_method_that_is_not_there_is_refused_by_naming_those_that_are(endpoints: Endpoints) -> None:
    for path in ("/api/", "/api/asks", "/api/ask/", "/api/ask/x", "/api/__init__"):
        refused(sent(endpoints, "POST", path, json={"question": "Who?"}), 404, "/api/ask, /api/status")
    for method, path, allowed in (("GET", "ask", "POST"), ("PUT", "ask", "POST"), ("POST", "status", "GET, HEAD")):
        response = sent(endpoints, method, f"/api/{path}")
        refused(response, 405, allowed.split(",")[0])
        assert response.headers["allow"] == allowed


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b'{"question": ' + b'{"a":' * 5_000 + b"1" + b"}" * 5_001, "not valid JSON"),
        (b'{"question": NaN}', "not valid JSON"),
        (b'{"question": "\xff"}', "not valid JSON"),
        (b'{"question": "\\ud800"}', "not valid JSON"),
        (b'"Who?"', "not a JSON object"),
        (b"null", "not a JSON object"),
        (b"{}", '"question" is missing'),
        (b'{"top_k": 3}', '"question" is missing'),
        (b'{"question": "Who?", "topk": 3}', "'topk'"),
        (b'{"question": "Who?", "self": 3}', "'self'"),
    ],
)
def test_a_body_that_is_not_understood_is_refused(endpoints: Endpoints, body: bytes, words: str) -> None:
    headers = {"content-type": "application/json"}
    refused(sent(endpoints, "POST", "/api/ask", content=body, headers=headers), 400, words)


def test_of_a_name_that_is_given_twice_the_last_counts(endpoints: Endpoints) -> None:
    headers = {"content-type": "Application/JSON; charset=utf-8"}
    body = b'{"question": "Who?", "question": "Why?"}'
    assert sent(endpoints, "POST", "/api/ask", content=body, headers=headers).json()["question"] == "Why?"


@given(
    st.binary(max_size=60)
    | st.recursive(
        st.none() | st.integers() | st.text(),
        lambda each: st.lists(each) | st.dictionaries(st.text() | st.sampled_from(["question", "top_k"]), each),
    ).map(lambda value: json.dumps(value).encode())
)
@example(b'{"question": 1}')
def test_whatever_is_sent_is_answered_or_refused(endpoints: Endpoints, body: bytes) -> None:
    response = sent(endpoints, "POST", "/api/ask", content=body, headers={"content-type": "application/json"})
    if response.status_code != 200:
        refused(response, 400)


def test_the_longest_conversation_fits_and_a_larger_body_is_not_read_to_its_end(endpoints: Endpoints) -> None:
    longest = [{"speaker": "agent", "text": "\u4e00" * 500}] * 200
    body = json.dumps({"question": "\u4e00" * 2_000, "conversation": longest}).encode()
    headers = {"content-type": "application/json"}
    assert sent(endpoints, "POST", "/api/ask", content=body, headers=headers).json()["conversation"] == longest
    read = 0

    async def endless() -> Any:
        nonlocal read
        while read < 100 * MOST_BYTES:
            read += 50_000
            yield b" " * 50_000

    async def send() -> httpx.Response:
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/api/ask",
            "headers": [(b"content-type", b"application/json")],
            "path_params": {"name": "ask"},
        }
        chunks, messages = endless(), []

        async def receive() -> Any:
            return {"type": "http.request", "body": await anext(chunks), "more_body": True}

        async def heard(message: Any) -> None:
            messages.append(message)

        await endpoints(scope, receive, heard)
        return httpx.Response(messages[0]["status"], headers=messages[0]["headers"], content=messages[1]["body"])

    refused(asyncio.run(send()), 413, f"{MOST_BYTES:,}")
    assert read <= MOST_BYTES + 100_000


@pytest.mark.parametrize("error", [NoGenerationError, MismatchError, ModelError])
def test_problems_of_the_index_are_reported(error: type[QAError]) -> None:
    def status() -> dict[str, Any]:
        raise error("The index is another: run `qa build`.")

    with closing(Endpoints(lambda chat: [status])) as endpoints:
        refused(sent(endpoints, "GET", "/api/status"), 503, "run `qa build`")


def test_only_a_few_are_worked_on_at_once_and_all_are_answered() -> None:
    lock, most, now = threading.Lock(), 0, 0
    is_shared = threading.Event()

    def status() -> dict[str, Any]:
        nonlocal most, now
        with lock:
            now += 1
            most = max(most, now)
            if now > 1:
                is_shared.set()
        is_shared.wait(10)
        take_time(0.002)
        with lock:
            now -= 1
        return {}

    async def send(endpoints: Endpoints) -> list[int]:
        async with httpx.AsyncClient(transport=application(endpoints), base_url="http://127.0.0.1") as http:
            return [each.status_code for each in await asyncio.gather(*(http.get("/api/status") for _ in range(64)))]

    with closing(Endpoints(lambda chat: [status])) as endpoints:
        assert asyncio.run(send(endpoints)) == [200] * 64
    assert 1 < most <= 8


# --- the published description


@pytest.fixture(scope="module")
def description(running: Running) -> dict[str, Any]:
    response = running.http.get("/openapi.json")
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    published: dict[str, Any] = response.json()
    return published


def against(description: dict[str, Any], path: str, method: str, status: str = "200") -> Draft202012Validator:
    """What a client checks the JSON of an answer against."""
    schema = description["paths"][path][method]["responses"][status]["content"]["application/json"]["schema"]
    return Draft202012Validator({**schema, "components": description["components"]})


@pytest.mark.server
def test_the_description_lists_our_own_calls_and_no_other_address(description: dict[str, Any]) -> None:
    calls = {(path, method) for path, methods in description["paths"].items() for method in methods}
    posted = {(f"/api/{name}", "post") for name in ("ask", "search", "articles", "read", "check")}
    read = {(f"/api/{name}", "get") for name in ("status", "conflicts", "watchlist", "watchlist.rss")}
    assert calls == posted | read
    assert OpenAPI.model_validate(description).openapi.startswith("3.1")
    assert "gradio" not in json.dumps(description).lower()
    assert "securitySchemes" not in description["components"]
    assert all(set(answers) == {"200", "4XX", "5XX"} for answers in responses_of(description))
    references = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(description)))
    assert references == set(description["components"]["schemas"])


def responses_of(description: dict[str, Any]) -> list[dict[str, Any]]:
    return [call["responses"] for methods in description["paths"].values() for call in methods.values()]


@pytest.mark.server
@pytest.mark.parametrize(
    "given",
    [
        {"question": "How long do cats sleep?"},
        {"question": "And how long do they?", "top_k": 3, "conversation": SAID},
        {"question": 'Who won "the world cup"?'},
        {"question": "How long do cots sleep on the Costco sofa?"},
        {"question": "How long do cats sleep? since:2000", "scope": {"kind": ["md"], "in": ["cats.md"]}},
    ],
)
def test_an_answer_is_as_the_description_says(
    running: Running, description: dict[str, Any], given: dict[str, Any]
) -> None:
    answer = running.http.post("/api/ask", json=given).json()
    schema = against(description, "/api/ask", "post")
    schema.validate(answer)
    assert list(answer) == list(Answer.model_fields)
    for wrong in ({**answer, "confidence": "high"}, {**answer, "more": 1}, {k: answer[k] for k in list(answer)[1:]}):
        assert not schema.is_valid(wrong)


@pytest.mark.server
def test_found_passages_files_and_refusals_are_as_the_description_says(
    running: Running, description: dict[str, Any]
) -> None:
    hits = running.http.post("/api/search", json={"query": "cats sleep"}).json()
    against(description, "/api/search", "post").validate(hits)
    assert hits["hits"] and list(hits["hits"][0]) == list(Hit.model_fields)
    listed = running.http.post("/api/articles", json={"scope": {"file": ["cat"]}}).json()
    against(description, "/api/articles", "post").validate(listed)
    assert list(listed["articles"][0]) == list(Article.model_fields)
    read = running.http.post("/api/read", json={"document": "cats.md", "start": 8}).json()
    against(description, "/api/read", "post").validate(read)
    assert set(read) == set(Reading.model_fields) and read["text"].startswith("Cats sleep")
    refused(running.http.post("/api/read", json={"document": "dogs.md"}), 400, "dogs.md")
    files = running.http.get("/api/status").json()
    against(description, "/api/status", "get").validate(files)
    assert list(files["files"][0]) == list(File.model_fields)
    refusal = running.http.post("/api/ask", json={"question": ""})
    assert refusal.status_code == 400
    against(description, "/api/ask", "post", "4XX").validate(refusal.json())


@pytest.mark.server
def test_a_draft_is_checked_as_on_the_command_line_and_as_the_description_says(
    running: Running, description: dict[str, Any]
) -> None:
    draft = "# Notes\n\nThey say “Cats sleep all day long on the warm blue sofa.” Zebras live on the moon of Mars.\n"
    found = running.http.post("/api/check", json={"draft": draft, "name": "notes.txt"}).raise_for_status().json()
    schema = against(description, "/api/check", "post")
    schema.validate(found)
    assert not schema.is_valid({**found, "ok": 1}) and not schema.is_valid({**found, "more": 1})
    again = check_draft(running.engine, "notes.txt", draft.encode())
    chat = f"{str(running.http.base_url).rstrip('/')}/"
    assert found == json.loads(json.dumps(replace(again, chat=chat).as_json()))
    (altered, absent) = found["texts"][0]["findings"]
    assert (altered["verdict"], altered["differences"][0]["article"]) == ("altered", "red")
    assert altered["source"]["link"].startswith(f"{chat}#/article/cats.md?at=")
    assert (absent["verdict"], absent["source"]) == ("not found", None)
    for wrong, words in (
        ({"draft": "  "}, "give what you wrote"),
        ({"draft": 5}, "give what you wrote"),
        ({"draft": "Cats sleep.", "name": "a.exe"}, "in no format that is read"),
        ({"draft": "Cats sleep.", "name": 5}, "not text"),
        ({"draft": "Cats sleep all day long.", "scope": {"in": ["dogs"]}}, "dogs"),
        ({"draft": "x " * 100_001}, "too long"),
        ({"name": "a.md"}, "draft"),
    ):
        refused(running.http.post("/api/check", json=wrong), 400, words)


@pytest.mark.server
def test_while_a_draft_is_checked_another_is_refused_and_questions_are_answered(running: Running) -> None:
    with calls_module._checking:
        refused(running.http.post("/api/check", json={"draft": "Cats sleep all day long."}), 503, "when that is done")
        assert running.http.post("/api/ask", json={"question": "Do cats sleep?"}).status_code == 200
    assert running.http.post("/api/check", json={"draft": "Cats sleep all day long."}).status_code == 200


def test_the_state_of_an_index_on_a_server_is_as_the_description_says() -> None:
    files = tuple(FileState(FileRecord("a.md", 1, 0, status=status), pending) for status, pending in STATES)
    store = {"address": "milvus://localhost:19530/a", "server": "2.6", "words": "engine"}
    for state in (StatusOfAll("1", "t", "e", 1, 2, files, ("en",), store), StatusOfAll("", "", "", 0, 0, ())):
        assert Status.model_validate(state.as_json(), strict=True).model_dump() == state.as_json()


@pytest.mark.parametrize(
    "reader", [None, ReaderScores(0.91, 0.5), ReaderScores(0.91, None, 0.25), ReaderScores(0.0, 1.0, 1.0)]
)
@pytest.mark.parametrize("lacks", ["", "Its passage does not mention “2031”."])
def test_why_is_as_the_description_says(reader: ReaderScores | None, lacks: str) -> None:
    words = {name: (name,) for name in ("matched", "nearby", "missing", "missing_names", "missing_numbers", "unknown")}
    made = Why(
        "a.md", "It is. So.", Span(5, 15), Span(5, 11), 2 if lacks else None, **words, lacks_number=True,
        answers_another=not lacks, carried=("bees",), ranks=Ranks(1, None, 3, 2), reader=reader, confidence=0.71,
        threshold=0.5, lacks=lacks,
    )  # fmt: skip
    data = json.loads(json.dumps(made.as_json()))
    assert json.loads(DescribedWhy.model_validate_json(json.dumps(data), strict=True).model_dump_json()) == data
    assert list(data) == list(DescribedWhy.model_fields)


@pytest.mark.parametrize("date", ["", "2024", "2024-05-17"])
def test_other_values_are_as_the_description_says(date: str) -> None:
    lead = Lead("It is. So.", 1, Span(5, 15), Span(5, 11), None, date)
    other = OtherValue("It was.", 2, Span(0, 7), Span(0, 7), date)
    cited = Cited(1, 0.7, "a.md", "A", "", None, None, Span(0, 15), "It was. It is. ", (), False)
    made = Asked("Is it?", "Is it?", True, 0.7, lead, (cited,), "000001", {}, others=(other, other))
    data = json.loads(json.dumps(made.as_json()))
    assert json.loads(Answer.model_validate_json(json.dumps(data), strict=True).model_dump_json()) == data
    assert list(data) == list(Answer.model_fields)
    assert list(data["others"][0]) == list(DescribedOther.model_fields)
    assert data["answer"]["date"] == data["others"][1]["date"] == (date or None)


STATES: list[tuple[Any, str]] = [
    *(("indexed", pending) for pending in ("", "new", "changed", "removed")),
    *((status, "") for status in ("empty", "failed", "skipped")),
]


def test_requests_are_checked_as_the_description_says(endpoints: Endpoints) -> None:
    described = sent(endpoints, "GET", "/openapi.json").json()["components"]["schemas"]["AskRequest"]
    assert (described["required"], described["additionalProperties"]) == (["question"], False)
    limits = {name: {k: v for k, v in field.items() if "m" in k} for name, field in described["properties"].items()}
    assert limits["question"] == {"minLength": 1, "maxLength": 2000}
    assert {name: limits["top_k"][name] for name in ("minimum", "maximum")} == {"minimum": 1, "maximum": 100}
    assert described["properties"]["conversation"]["maxItems"] == 200


@pytest.mark.server
def test_the_description_is_protected_like_the_calls(config: Config) -> None:
    with serve(config, auth="me:secret") as running:
        refused(running.http.get("/openapi.json"), 401, "Basic")
        described = running.http.get("/openapi.json", auth=("me", "secret")).json()
        assert described["security"] == [{"basic": []}, {"bearer": []}]
        schemes = {kind: {"type": "http", "scheme": kind} for kind in ("basic", "bearer")}
        assert described["components"]["securitySchemes"] == schemes
        refused(running.http.get("/openapi.json", headers={"host": "example.org"}, auth=("me", "secret")), 403)
        response = running.http.post("/openapi.json", auth=("me", "secret"))
        refused(response, 405, "GET")
        assert response.headers["allow"] == "GET, HEAD"


@pytest.mark.server
def test_no_page_is_served_that_loads_its_scripts_from_elsewhere(running: Running) -> None:
    for path in ("/docs", "/redoc", "/docs/oauth2-redirect", "/gradio_api/docs", "/gradio_api/openapi.json"):
        response = running.http.get(path)
        assert response.status_code == 404
        assert "http" not in response.text
