"""The campaign of benchmarks/campaign: what it counts as a fault, and that each of its acts works."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from benchmarks.campaign import asking
from benchmarks.campaign.articles import History, Library, Subject, subjects
from benchmarks.campaign.checks import Asked, judged
from benchmarks.campaign.report import FAULTS, Sample, Tally, lines

SECRET = b"zyrquabble"


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """Two articles."""
    (tmp_path / "corpus").mkdir()
    library = Library(tmp_path / "corpus", subjects(2))
    assert all(library.write(subject) for subject in library.subjects)
    return library


@pytest.fixture
def history(tmp_path: Path, library: Library) -> History:
    """One generation, which holds both articles."""
    folder = tmp_path / "index" / "generations" / "000001"
    folder.mkdir(parents=True)
    documents = [dict(zip(("path", "sha256"), library.now(subject), strict=True)) for subject in library.subjects]
    (folder / "manifest.json").write_text(json.dumps({"documents": documents}), "utf-8")
    (tmp_path / "index" / "CURRENT").write_text("000001\n", "ascii")
    history = History(tmp_path / "index", library)
    assert history.look() == "000001"
    return history


def reply(library: Library, subject: Subject, **other: Any) -> dict[str, Any]:
    """What the chat answers if all is well; `other` replaces fields of the lead, `cited` those of its citation."""
    path, sha256 = library.now(subject)
    edition = library.edition(sha256)
    assert edition is not None
    start = edition.text.index(edition.fact)
    end = start + len(edition.fact)
    citation = {"document": path, "start": start, "end": end, "text": edition.fact, "changed": False}
    lead = {"text": edition.fact, "citation": 1, "span": [start, end]}
    citation |= other.pop("cited", {})
    return {"generation": "000001", "answer": lead | other, "citations": [citation]}


def verdict(library: Library, history: History, answer: Any, status: int = 200) -> str:
    subject = library.subjects[0]
    return judged(Asked(subject, library.now(subject)), status, json.dumps(answer).encode(), history).what


def test_only_the_own_article_in_its_own_words_answers(library: Library, history: History) -> None:
    first, second = library.subjects
    assert verdict(library, history, reply(library, first)) == "answered"
    wrong = (
        reply(library, second),
        reply(library, first, cited={"text": "The Harwick beacon was never painted."}),
        reply(library, first, cited={"document": "harwick.txt"}),
        reply(library, first, text="The Harwick beacon was painted 99 times."),
        reply(library, first, span=[0, 20], text="# The Harwick beacon"),
    )
    for answer in wrong:
        assert verdict(library, history, answer) == "wrong", answer


def test_an_article_that_has_changed_has_to_be_said_to(library: Library, history: History) -> None:
    subject = library.subjects[0]
    old = reply(library, subject)
    assert library.write(subject)
    assert verdict(library, history, old) == "wrong"
    assert verdict(library, history, {**old, "citations": [{**old["citations"][0], "changed": True}]}) == "answered"


def test_silence_is_a_loss_unless_the_generation_is_damaged(library: Library, history: History) -> None:
    silent = {**reply(library, library.subjects[0]), "answer": None}
    assert verdict(library, history, silent) == "lost"
    history.damaged.add("000001")
    assert verdict(library, history, silent) == "silent"
    assert verdict(library, history, reply(library, library.subjects[1])) == "wrong"  # damage excuses silence alone


def test_an_article_with_another_name_since_may_be_missed_but_not_without_a_warning(
    library: Library, history: History
) -> None:
    first, second = library.subjects
    other = {**reply(library, second), "unmentioned": []}
    library.rename(first)
    assert verdict(library, history, other | {"answer": None}) == "silent"
    assert verdict(library, history, other) == "wrong"
    assert verdict(library, history, other | {"unmentioned": [first.name]}) == "warned"


def test_a_refusal_is_one_sentence_and_everything_else_is_a_loss(library: Library, history: History) -> None:
    assert verdict(library, history, {"error": "The index is damaged: build it."}, 503) == "refused"
    assert verdict(library, history, {"error": "Something went wrong."}, 500) == "lost"
    assert judged(Asked(library.subjects[0], None), 503, b"<h1>Gone</h1>", history).what == "lost"
    assert verdict(library, history, reply(library, library.subjects[0]) | {"generation": "000002"}) == "unknown"


def asked(
    monkeypatch: pytest.MonkeyPatch, library: Library, history: History, answer: Callable[[], httpx.Response]
) -> Tally:
    """The tally after one question to a chat that the campaign has not touched, to one that it kills meanwhile, and to
    one that it has just killed.
    """
    chat = SimpleNamespace(name="chat", epoch=1, is_up=True, has_died=lambda: False)
    tally = Tally()

    def respond(request: httpx.Request) -> httpx.Response:
        return answer()

    def kill(request: httpx.Request) -> httpx.Response:
        chat.epoch += 1
        raise httpx.ReadError("killed")

    def gone(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("nobody listens any more")

    for transport in (respond, kill, gone):
        http = httpx.Client(transport=httpx.MockTransport(transport), base_url="http://chat")
        monkeypatch.setattr(asking, "client", lambda chat, http=http: http)
        asking.Asker(chat, "token", library, history, tally, SECRET).ask(library.subjects[0])  # type: ignore[arg-type]
        http.close()
    assert tally.counts["interrupted"] == 2
    return tally


def test_wrong_lost_and_leaking_answers_are_counted_and_shown(
    monkeypatch: pytest.MonkeyPatch, library: Library, history: History
) -> None:
    right = reply(library, library.subjects[0])
    assert not any(asked(monkeypatch, library, history, lambda: httpx.Response(200, json=right)).faults.values())

    other = reply(library, library.subjects[1])
    tally = asked(monkeypatch, library, history, lambda: httpx.Response(200, json=other))
    assert tally.faults == dict.fromkeys(FAULTS, 0) | {"wrong": 1}
    assert any("is answered by selby.md" in line for line in lines(tally))

    def refuse() -> httpx.Response:
        raise httpx.ConnectError("nobody listens")

    assert asked(monkeypatch, library, history, refuse).faults["lost"] == 1
    leaking = right | {"query": SECRET.decode()}
    assert asked(monkeypatch, library, history, lambda: httpx.Response(200, json=leaking)).faults["leaked"] == 1


def test_an_article_is_truncated_until_little_is_left(library: Library, history: History) -> None:
    subject = library.subjects[0]
    draw = random.Random(1)
    for _ in range(30):
        library.cut(subject, draw)
    edition = library.edition(library.now(subject)[1])
    assert edition is not None and len(edition.text) == 20
    assert (library.corpus / library.now(subject)[0]).read_text("utf-8") == edition.text


def test_growth_is_that_of_the_last_half_of_its_life_in_an_hour() -> None:
    tally = Tally()
    tally.samples["chat"] = [Sample(0, 300, 900, 10)]  # before it was killed
    tally.started("chat")
    assert tally.growth("chat") is None
    tally.samples["chat"] += [Sample(90.0 * number, 300, 100 + number, 10) for number in range(40)]
    assert tally.growth("chat") == pytest.approx(40)  # 1 MB in 90 s


@pytest.mark.server
@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
def test_each_act_happens_once_and_nothing_is_lost(tmp_path: Path) -> None:
    from benchmarks.campaign.run import Campaign, Plan

    campaign = Campaign(Plan(None, articles=3, pause=0.2, askers=1, chats=1), tmp_path)
    tally = campaign.run()
    report = "\n".join(lines(tally))
    assert campaign.errors == []
    assert tally.faults == dict.fromkeys(FAULTS, 0), report
    acts = {"editions", "renamed articles", "truncated articles", "hostile files", "servers killed", "full disks"}
    acts |= {"builders killed", "damaged files", "idle clients", "slow clients", "strangers refused", "answered"}
    assert {act for act in acts if not tally.counts[act]} <= {"builders killed"}, report  # a build may be quick
    assert tally.counts["damaged files"] == 2
    assert tally.counts["processes left"] == 0
    assert not (tmp_path / "disk" / "corpus").is_dir() or not (tmp_path / "disk").is_mount()
