"""Events with odd data: each is answered or refused in one sentence, and nothing that was sent raises a traceback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from served import Running, about_cats, serve

pytestmark = [
    pytest.mark.server,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # gradio's use of pandas, in a separate thread
    pytest.mark.filterwarnings("ignore::UserWarning"),  # gradio's of a value too many
]

ODD: list[Any] = [None, True, -1, 1e308, 10**30, "x", "\ud800", [], [["x", 1, None]], {}, {"a": {"b": [1]}}]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serve(about_cats(tmp_path_factory.mktemp("odd"))) as running:
        yield running


def join(running: Running, body: Any) -> tuple[int, str]:
    """The status of an event that is posted, and the sentence that it or its answer has; "" for an answer."""
    sent = json.dumps(body)
    response = running.http.post("/gradio_api/queue/join", content=sent, headers={"content-type": "application/json"})
    if response.status_code != 200:
        return response.status_code, str(response.json()["error"])
    with running.http.stream("GET", f"/gradio_api/queue/data?session_hash={body['session_hash']}") as stream:
        for line in stream.iter_lines():
            message = json.loads(line.removeprefix("data: ")) if line else {}
            assert message.get("msg") not in ("unexpected_error", "close_stream"), message
            if message.get("msg") == "process_completed":
                return 200, "" if message["success"] else str(message["output"]["error"])
    raise AssertionError("no answer")


def is_sentence(words: str) -> bool:
    return words.endswith(".") and ": " in words and "\n" not in words and "unexpected" not in words.lower()


def test_odd_data_of_an_event_is_one_sentence(
    running: Running, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    events = running.http.get("/config").json()["dependencies"]
    assert len(events) > 20
    problems = set()
    for event in events:
        for number, odd in enumerate(ODD):
            count = len(event["inputs"])
            data = [odd] * (0 if odd is None else count + 1 if odd is True else count)
            more = dict.fromkeys(("conversation", "number", "question", "path", "name", "day", "kind", "scope"), odd)
            body = {
                "fn_index": event["id"],
                "data": data,
                "event_data": more,
                "session_hash": f"s{event['id']}-{number}",
            }
            status, words = join(running, body)
            if (words and not is_sentence(words)) or status not in (200, 400):
                problems.add((event["api_name"], str(odd)[:40], words))
    said = capfd.readouterr()
    assert problems == set()
    assert "Traceback" not in said.err + said.out + caplog.text, (said.err + caplog.text)[-3_000:]


@pytest.mark.parametrize("name", ["fn_index", "session_hash", "data", "event_data", "trigger_id", "event_id", "x"])
def test_an_odd_form_of_an_event_is_refused_or_does_not_matter(
    running: Running, name: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    for number, odd in enumerate([*ODD, 999, 10**6, "../../etc/passwd"]):
        body = {"fn_index": 3, "data": [None], "event_data": {}, "session_hash": f"f-{name}-{number}", name: odd}
        status, words = join(running, body)
        assert status in (200, 400, 404, 422) and (not words or is_sentence(words)), (odd, status, words)
    said = capfd.readouterr()
    assert "Traceback" not in said.err + said.out + caplog.text, (said.err + caplog.text)[-3_000:]


def test_true_is_no_number_of_passages(running: Running, tmp_path: Path) -> None:
    for top_k in (True, False, 1.0, "1", None, [1]):
        event, problem = running.call("ask", "How long do cats sleep?", top_k)
        assert event == "error" and "top_k" in str(problem), (top_k, problem)
        refused = running.http.post("/api/ask", json={"question": "How long do cats sleep?", "top_k": top_k})
        assert refused.status_code == 400 and "top_k" in refused.json()["error"]
