"""The command line is a contract: its output, its exit codes, and one sentence for every error."""

from __future__ import annotations

import io
import json
import math
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, TinyEncoder, TinyReader
from files.make_pdf import SCAN, image, text_at, written
from waiting import wait_until

from qa.cli import main
from qa.models.reader import OnnxReader

ZEBRA = "# Animals of the zoo\n\nThe zebra at the zoo is called Bruno. He eats five kilos of hay a day.\n"
BAKER = "# Bread\n\nThe baker lets the sourdough rise for nine hours. Then it goes into the oven.\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with two articles; commands use the tiny encoder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QA_ENCODER", "tiny")
    monkeypatch.setenv("QA_READER", "off")
    for name in ("QA_CORPUS", "QA_INDEX", "QA_THRESHOLD"):
        monkeypatch.delenv(name, raising=False)

    def load(*_: object) -> TinyEncoder:
        return TinyEncoder()

    monkeypatch.setattr("qa.models.encoders.load_encoder", load)
    monkeypatch.setattr("qa.engine.open_encoder", load)
    monkeypatch.setattr("qa.index.fit.open_encoder", load)
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "zoo.md").write_text(ZEBRA)
    (tmp_path / "corpus" / "bread.md").write_text(BAKER)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main(arguments)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def assert_one_sentence(error: str) -> None:
    assert error.startswith("qa: ")
    assert error.count("\n") == 1
    assert "Traceback" not in error
    assert ": " in error[4:]  # what is wrong: what to do


def test_build_reports_as_one_json_object(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "build", "--json")
    report = json.loads(out)
    assert code == 0
    assert report["added"] == ["bread.md", "zoo.md"]
    assert report["passages_encoded"] == report["passages"] == 2
    assert set(report) == {
        "generation", "documents", "passages", "added", "changed", "renamed", "removed", "unchanged", "failed", "noted",
        "skipped", "seconds", "passages_encoded",
    }  # fmt: skip


@pytest.mark.skipif(not hasattr(os, "getpriority"), reason="needs a system with priorities")
def test_a_build_of_its_own_process_lets_other_programs_go_first(tmp_path: Path) -> None:
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert main(["build", "--corpus", str(tmp_path / "none")]) == 1
    assert os.getpriority(os.PRIO_PROCESS, 0) == own  # this process does other things too
    program = """if True:
        import os, sys
        from qa.cli import run
        os._exit = lambda code: print(code, os.getpriority(os.PRIO_PROCESS, 0))
        run(sys.argv[1:])
    """
    for command, priority in (("build", max(5, own)), ("status", own)):
        arguments = [command, "--corpus", str(tmp_path / "none"), "--index", str(tmp_path / "index")]
        done = subprocess.run([sys.executable, "-c", program, *arguments], cwd=ROOT, capture_output=True, text=True)
        assert done.stdout == f"1 {priority}\n", done.stderr


def test_build_again_encodes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "build")
    code, out, _ = run(capsys, "build", "--json")
    report = json.loads(out)
    assert (code, report["passages_encoded"], report["unchanged"], report["generation"]) == (0, 0, 2, "000001")


def test_ask_prints_the_contracts_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "build")
    code, out, _ = run(capsys, "ask", "What is the zebra at the zoo called?", "--json", "--top-k", "1")
    answer = json.loads(out)
    assert code == 0
    assert set(answer) == {
        "question", "query", "as_of", "scope", "carried", "corrected", "reason", "unmentioned", "unread", "searched",
        "answerable", "confidence", "answer", "others", "citations", "why", "generation", "timings_ms",
    }  # fmt: skip
    assert answer["answer"] == {
        "text": "The zebra at the zoo is called Bruno. He eats five kilos of hay a day.", "short": None, "citation": 1,
        "start": None, "end": None, "span": [22, 92], "sentence": [22, 59], "date": None, "stated": False,
        "row": None, "limit": None, "link": "http://127.0.0.1:7860/#/article/zoo.md?at=22-59",
    }  # fmt: skip
    citation = answer["citations"][0]
    assert citation["link"] == "http://127.0.0.1:7860/#/article/zoo.md?at=22-92&mark=22-59"
    assert set(citation) == {
        "rank", "score", "document", "title", "section", "columns", "page", "url", "author", "date", "start", "end",
        "text", "highlights", "changed", "recognised", "link", "app", "csl",
    }  # fmt: skip
    text = (folder / "corpus" / "zoo.md").read_text()
    assert text[citation["start"] : citation["end"]] == citation["text"]
    start, end = citation["highlights"][0]
    assert text[start:end] == "The zebra at the zoo is called Bruno."


def test_ask_takes_the_filters_of_the_question_as_options_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "build")
    options = ["--in", "zoo.md", "--in", "nowhere"]
    code, out, err = run(capsys, "ask", "What is the zebra called?", *options)
    assert (code, out) == (2, "")
    assert err == "qa: There is no folder or article “nowhere”: check its name, or leave in: out.\n"
    options = ["--file", "zoo", "--kind", "md", "--since", "2000", "--json"]
    code, out, _ = run(capsys, "ask", "What is the zebra called?", *options)
    scope = {"typed": "file:zoo kind:md since:2000", "articles": 1}
    assert code == 0
    assert json.loads(out)["scope"] == {**scope, "filters": {"file": ["zoo"], "kind": ["md"], "since": "2000"}}
    _, out, _ = run(capsys, "ask", "What is the zebra called? file:zoo")
    assert "Asked 1 article: file:zoo" in out


def test_links_lead_to_the_chat_that_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(capsys, "build")
    asked = ("ask", "What is the zebra at the zoo called?", "--json")
    monkeypatch.setenv("QA_PUBLIC_URL", "https://notes.example.org/articles/")
    link = json.loads(run(capsys, *asked)[1])["answer"]["link"]
    assert link == "https://notes.example.org/articles/#/article/zoo.md?at=22-59"
    link = json.loads(run(capsys, *asked, "--public-url", "http://[::1]:8000")[1])["answer"]["link"]
    assert link == "http://[::1]:8000/#/article/zoo.md?at=22-59"
    monkeypatch.delenv("QA_PUBLIC_URL")
    monkeypatch.setenv("QA_PORT", "8123")
    assert json.loads(run(capsys, *asked)[1])["answer"]["link"] == "http://127.0.0.1:8123/#/article/zoo.md?at=22-59"
    code, out, err = run(capsys, *asked, "--public-url", "notes.example.org")
    assert (code, out) == (2, "")
    assert err == (
        "qa: --public-url 'notes.example.org' is not the address of a chat: "
        "write it as https://host or https://host/path.\n"
    )
    monkeypatch.setenv("QA_PUBLIC_URL", "https://notes.example.org:port")
    assert run(capsys, *asked)[2].startswith("qa: --public-url 'https://notes.example.org:port' is not the address")


def test_only_a_terminal_gets_links(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(capsys, "build")
    asked = ("ask", "What is the zebra at the zoo called?")
    assert "\x1b" not in run(capsys, *asked)[1]
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WT_SESSION", "1")
    shown = run(capsys, *asked)[1]
    link = "\x1b]8;;http://127.0.0.1:7860/#/article/zoo.md?at=22-92&mark=22-59\x1b\\"
    heads = [line for line in shown.split("\n") if line.startswith(link)]
    assert len(heads) == 1 and heads[0].startswith(f"{link}[1] ") and heads[0].endswith("\x1b]8;;\x1b\\")
    assert "\x1b]8;;http://127.0.0.1:7860/#/article/zoo.md?at=22-59\x1b\\[1]\x1b]8;;\x1b\\\n" in shown
    for name, value in (("NO_COLOR", "1"), ("TERM", "dumb")):
        with monkeypatch.context() as plain:
            plain.setenv(name, value)
            assert "\x1b]8" not in run(capsys, *asked)[1]


def test_ask_prints_the_answer_for_people(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "build")
    code, out, _ = run(capsys, "ask", "What is the zebra at the zoo called?")
    assert code == 0
    assert out.index("Bruno") < out.index("zoo.md")


def test_a_file_that_was_read_in_part_says_so_below_what_is_quoted_from_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = text_at(60, 750, "The warranty of the organ of Odense stands in the appendix.")
    (folder / "corpus" / "organ.pdf").write_bytes(written([text, SCAN], objects={"Scan": image()}))
    run(capsys, "build")
    assert "1 of 2 pages; page 2 looks scanned" in run(capsys, "status")[1]
    _, out, _ = run(capsys, "ask", "Where does the warranty of the organ of Odense stand?")
    assert "not all of this file was read: 1 of 2 pages; page 2 looks scanned" in out


def test_a_guessed_encoding_is_told_after_the_build_that_read_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "Başvuru formunu girişteki kutuya atınız; müdür iki gün içinde yanıt verir. Şimdi yağmur yağıyor."
    (folder / "corpus" / "kutu.txt").write_bytes(text.encode("cp1254"))
    said = "read as Windows-1254, a guess: save it as UTF-8 if letters are wrong"
    assert f"note  kutu.txt: {said}" in run(capsys, "build")[1]
    assert said in run(capsys, "status")[1]
    assert "kutu.txt" not in run(capsys, "build")[1]
    (folder / "corpus" / "kutu.txt").write_bytes((text + " Evet.").encode("cp1254"))
    assert json.loads(run(capsys, "build", "--json")[1])["noted"] == [{"document": "kutu.txt", "note": said}]


def test_ask_explains_only_on_request_and_json_always_does(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "build")
    question = "What is the zebra at the zoo called?"
    (code, plain, _), (explained_code, explained, error) = (
        run(capsys, "ask", question, *more) for more in ((), ("--explain",))
    )
    assert (code, explained_code, error) == (0, 0, "")
    assert "Why?" not in plain
    assert "\nWhy?\n    Matched: zebra, zoo, called\n" in explained
    assert explained.index("Bruno") < explained.index("Why?") < explained.index("zoo.md")
    for flags in (("--json",), ("--json", "--explain")):
        why = json.loads(run(capsys, "ask", question, *flags)[1])["why"]
        assert (why["document"], why["matched"], why["missing"]) == ("zoo.md", ["zebra", "zoo", "called"], [])
    monkey = "monkey\n"
    (folder / "questions.txt").write_text(f"{question}\n{monkey}")
    code, out, _ = run(capsys, "ask", "--questions", "questions.txt", "--explain")
    assert (code, out.count("\nWhy?\n")) == (0, 2)
    assert "In no article: monkey" in out


def test_ask_reads_questions_in_order_and_continues_after_a_bad_one(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(capsys, "build")
    monkeypatch.setattr(sys, "stdin", io.StringIO("What does the zebra eat?\n\n!!!\nHow long does sourdough rise?\n"))
    code, out, err = run(capsys, "ask", "--questions", "-", "--json")
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 2
    assert [line["question"] for line in lines] == [
        "What does the zebra eat?", "!!!", "How long does sourdough rise?",
    ]  # fmt: skip
    assert "error" in lines[1]
    assert lines[2]["citations"][0]["document"] == "bread.md"
    assert_one_sentence(err)


def test_ask_reads_questions_from_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "build")
    (folder / "questions.txt").write_text("What does the zebra eat?\n")
    code, out, _ = run(capsys, "ask", "--questions", "questions.txt", "--json")
    assert (code, len(out.splitlines())) == (0, 1)


SAID = [{"speaker": "user", "text": "What is the zebra called?"}, {"speaker": "agent", "text": "It is called Bruno."}]


@pytest.mark.parametrize("place", ["said.json", "-"])
def test_ask_takes_the_conversation_before_the_question(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    run(capsys, "build")
    (folder / "said.json").write_text(json.dumps(SAID), "utf-8")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(SAID).encode())))
    code, out, _ = run(capsys, "ask", "How much does he eat?", "--conversation", place, "--json")
    answer = json.loads(out)
    assert code == 0
    assert answer["question"] == "How much does he eat?"
    assert "zebra" in " ".join(answer["carried"])
    assert answer["query"] == " ".join([*answer["carried"], answer["question"]])
    assert answer["citations"][0]["document"] == "zoo.md"


def test_carried_words_are_printed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "build")
    (folder / "said.json").write_text(json.dumps(SAID), "utf-8")
    _, out, _ = run(capsys, "ask", "How much does he eat?", "--conversation", "said.json")
    assert re.search("^From the conversation: .*zebra", out, re.M)
    _, out, _ = run(capsys, "ask", "How long does the sourdough rise?", "--conversation", "said.json")
    assert "carried" not in out and "From the conversation" not in out


@pytest.mark.parametrize(
    "text",
    ["{", '{"speaker": "user"}', '[{"speaker": "robot", "text": ""}]', "[" * 100_000, '[{"text": "a"}]', "\udcff"],
)
def test_a_conversation_that_cannot_be_read_is_one_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    (folder / "said.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    code, out, error = run(capsys, "ask", "Why?", "--conversation", "said.json")
    assert (code, out) == (2, "")
    assert_one_sentence(error)


@pytest.mark.parametrize(
    "arguments", [["ask", "Why?", "--conversation", "nothing.json"], ["ask", "--questions", "-", "--conversation", "-"]]
)
def test_a_conversation_that_does_not_fit_is_one_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    code, out, error = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert_one_sentence(error)


def test_status_lists_every_file_and_the_totals_match(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "corpus" / "empty.txt").write_text("")
    (folder / "corpus" / "picture.mp4").write_bytes(b"\x89PNG")
    (folder / "corpus" / "binary.txt").write_bytes(bytes(range(256)))
    run(capsys, "build")
    (folder / "corpus" / "new.md").write_text("# New\n\nSomething new.\n")
    code, out, _ = run(capsys, "status", "--json")
    state = json.loads(out)
    assert code == 0
    assert state["counts"] == {
        "files": 6, "indexed": 2, "empty": 1, "failed": 1, "skipped": 1, "pending": 1, "removed": 0,
    }  # fmt: skip
    code, out, _ = run(capsys, "status")
    assert "zoo.md: indexed (1 passage, English)" in out
    assert "new.md: new (run `qa build`)" in out
    assert "binary.txt: failed (looks binary, not text)" in out


def test_verify_reports_success_or_what_is_wrong(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "build")
    assert run(capsys, "verify")[0] == 0
    vectors = folder / "index" / "generations" / "000001" / "vectors.faiss"
    data = bytearray(vectors.read_bytes())
    data[-1] ^= 1
    vectors.write_bytes(data)
    code, _, err = run(capsys, "verify")
    assert code == 1
    assert "vectors.faiss" in err
    assert "qa build --full" in err


def test_eval_prints_the_contracts_figures(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = folder / "set"
    data.mkdir()
    rows = [{"_id": "a", "title": "Zoo", "text": "The zebra is called Bruno."}, {"_id": "b", "text": "Bread rises."}]
    queries: list[dict[str, Any]] = [
        {"_id": "1", "text": "What is the zebra called?", "answers": ["bruno"], "answerable": True},
        {"_id": "2", "text": "Who painted the ceiling?", "answerable": False},
        {"_id": "3", "text": "ignored", "conversation": [{"speaker": "user", "text": "Does bread rise?"}]},
    ]
    (data / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (data / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in queries))
    (data / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n1\ta\t1\n3\tb\t1\n")
    code, out, _ = run(capsys, "eval", "set", "--json")
    figures = json.loads(out)
    assert code == 0
    assert list(figures) == [
        "dataset", "passages", "queries", "ndcg@10", "mrr@10", "recall@1", "recall@10", "recall@100", "map@10",
        "answer_in_lead", "answer_in_top3", "answerable_auroc", "calibration_error", "latency_ms", "build",
    ]  # fmt: skip
    assert figures["dataset"] == "set"
    assert figures["ndcg@10"] == figures["answer_in_lead"] == figures["answerable_auroc"] == 1.0
    assert json.loads(run(capsys, "eval", "set", "--json", "--limit", "1")[1])["queries"] == 1
    # The reader reads all passages of each question, and the units that may lead.
    monkeypatch.setattr("qa.ask.rereading.RELEVANCE_WEIGHT", 3.0)  # one of two passages has no other score
    reader = TinyReader(Bruno=-30, Bread=30)
    monkeypatch.setattr("qa.models.reader.shipped_reader", lambda: reader)
    monkeypatch.setenv("QA_READER", "")
    assert json.loads(run(capsys, "eval", "set", "--json")[1])["recall@1"] == 0.5
    assert list(dict.fromkeys((question, seconds) for question, _, seconds in reader.asked)) == [
        (row.get("conversation", [row])[0]["text"], math.inf) for row in queries
    ]


def test_a_reader_that_is_missing_is_one_sentence_and_off_needs_none(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa.engine.shipped_reader", lambda: OnnxReader(folder))
    assert run(capsys, "build")[0] == 0
    assert run(capsys, "ask", "zebra")[0] == 0
    monkeypatch.setenv("QA_READER", "")
    code, out, error = run(capsys, "ask", "zebra")
    assert (code, out) == (1, "")
    assert_one_sentence(error)
    assert error.endswith("or set QA_READER=off.\n")
    monkeypatch.setenv("QA_READER", "yes")
    assert run(capsys, "ask", "zebra")[0] == 2


def test_the_short_answer_is_marked_only_in_a_terminal(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa.engine.shipped_reader", lambda: TinyReader(Bruno=9))
    monkeypatch.setenv("QA_READER", "")
    monkeypatch.setenv("QA_THRESHOLD", "0")
    run(capsys, "build")
    question = "What is the zebra at the zoo called?"
    assert "\x1b" not in run(capsys, "ask", question)[1]
    assert json.loads(run(capsys, "ask", question, "--json")[1])["answer"]["short"] == "Bruno"
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert "called \x1b[1;4mBruno\x1b[22;24m." in run(capsys, "ask", question)[1]


def test_eval_reads_a_question_with_its_conversation(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = folder / "set"
    data.mkdir()
    born = "was born in a small house by the river"
    rows = [{"_id": name, "text": f"{name} {born}. {name} died at home."} for name in ("Kant", "Tesla", "Zuse")]
    turns = [{"speaker": "user", "text": "Where was Tesla born?"}, {"speaker": "user", "text": "Where did he die?"}]
    (data / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (data / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n1\tTesla\t1\n")
    for conversation, recall in ((turns, 1.0), (turns[1:], 0.0)):
        (data / "queries.jsonl").write_text(json.dumps({"_id": "1", "text": "", "conversation": conversation}))
        code, out, _ = run(capsys, "eval", "set", "--json")
        assert (code, json.loads(out)["recall@1"]) == (0, recall)
    (data / "queries.jsonl").write_text(json.dumps({"_id": "1", "text": "", "conversation": ["Who?"]}))
    code, _, error = run(capsys, "eval", "set")
    assert code == 2
    assert_one_sentence(error)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["ask"], 2),
        (["ask", ""], 2),
        (["ask", " \t"], 2),
        (["ask", "?!…"], 2),
        (["ask", "x" * 100_000], 2),
        (["ask", "zebra", "--questions", "-"], 2),
        (["ask", "zebra", "--top-k", "0"], 2),
        (["ask", "--questions", "missing.txt"], 2),
        (["nonsense"], 2),
        (["build", "--nonsense"], 2),
        (["build", "--corpus", "missing"], 1),
        (["ask", "zebra", "--index", "missing"], 1),
        (["verify", "--index", "missing"], 1),
        (["eval", "missing"], 2),
        (["eval"], 2),
        (["serve", "--host", "0.0.0.0"], 2),
    ],
)
def test_a_wrong_call_is_one_sentence_and_an_exit_code(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int
) -> None:
    returned, out, err = run(capsys, *arguments)
    assert returned == code
    assert out == ""
    assert_one_sentence(err)


def test_another_encoder_is_refused_with_the_command_that_fixes_it(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(capsys, "build")
    monkeypatch.setenv("QA_ENCODER", "other")
    code, out, err = run(capsys, "ask", "What does the zebra eat?")
    assert (code, out) == (1, "")
    assert "'tiny'" in err
    assert "'other'" in err
    assert "qa build" in err


def test_an_empty_folder_builds_an_empty_index_that_answers_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (folder / "corpus").iterdir():
        path.unlink()
    assert run(capsys, "build")[0] == 0
    code, out, _ = run(capsys, "ask", "What does the zebra eat?", "--json")
    answer = json.loads(out)
    assert (code, answer["answerable"], answer["citations"]) == (0, False, [])


def test_articles_that_are_gone_all_at_once_leave_the_index_only_with_yes(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("one", "two", "three"):
        (folder / "corpus" / f"{name}.md").write_text(f"# {name}\n\nThis is article {name}.\n")
    assert run(capsys, "build")[0] == 0
    for path in (folder / "corpus").iterdir():
        path.unlink()
    code, _, err = run(capsys, "build")
    assert code == 1
    assert_one_sentence(err)
    assert "are gone from the folder" in err and "`qa build --yes`" in err
    assert run(capsys, "build", "--yes")[0] == 0


def test_a_setting_that_does_not_fit_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QA_MAX_FILE_MB", "many")
    code, _, err = run(capsys, "build")
    assert code == 2
    assert "QA_MAX_FILE_MB" in err


def test_python_m_qa_is_the_console_script(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "qa", "status", "--corpus", str(tmp_path / "none")],
        capture_output=True, text=True, env=environment, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert_one_sentence(done.stderr)


def test_output_is_cut_short_quietly(folder: Path) -> None:
    """`qa status | head -1` ends without a traceback."""
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from qa.cli import run; run()"
    for number in range(300):
        (folder / "corpus" / f"{number:03}{'x' * 200}.md").write_text("# A\n\nB.\n")
    with subprocess.Popen(
        [sys.executable, "-c", program, "status"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()
        assert process.wait() == 1


# --- following the folder, and interrupts


def test_the_chat_follows_the_folder_unless_no_watch_is_given(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    followed: list[object] = []
    monkeypatch.setattr("qa.ui.app.serve", lambda *arguments: followed.append(arguments[7]))
    codes = [run(capsys, "serve", *options)[0] for options in ((), ("--no-watch",), ("--watch",))]
    assert (codes, followed) == ([0, 0, 0], [None, False, True])


PROGRAM = """
import functools, hashlib, signal, sys
from conftest import TinyEncoder
import qa.models.encoders, qa.corpus.watch
from qa.cli import run

class Endless(TinyEncoder):
    # Counts for hours inside a library, which no interrupt reaches.
    def encode_passages(self, texts):
        if any("forever" in text for text in texts):
            print("counting", flush=True)
            hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)
        return super().encode_passages(texts)

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has its background programs ignore it
qa.models.encoders.load_encoder = lambda *_: Endless()
changes = functools.partial(qa.corpus.watch.watch_folder, quiet=0.1)

def noted(config, stop):
    for _ in changes(config, stop):
        open("state", "w").write("building")
        yield
        open("state", "w").write("waiting")

qa.corpus.watch.watch_folder = noted
run()
"""


@contextmanager
def running(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder, env=environment,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def test_build_watch_indexes_each_change_until_it_is_interrupted(folder: Path) -> None:
    with running(folder, "build", "--watch", "--json") as process:
        assert json.loads(line(process))["added"] == ["bread.md", "zoo.md"]
        (folder / "corpus" / "zoo.md").touch()  # nothing to do, and nothing to print
        (folder / "corpus" / "tea.md").write_text("# Tea\n\nTea grows on hills.\n")
        assert json.loads(line(process))["added"] == ["tea.md"]
        (folder / "index" / "CURRENT").rename(folder / "index" / "kept")
        (folder / "index" / "CURRENT").mkdir()  # no build can publish now
        (folder / "corpus" / "tea.md").unlink()
        assert process.stderr is not None
        assert_one_sentence(process.stderr.readline())
        (folder / "index" / "CURRENT").rmdir()
        (folder / "index" / "kept").rename(folder / "index" / "CURRENT")
        (folder / "corpus" / "bread.md").unlink()
        assert json.loads(line(process))["removed"] == ["bread.md", "tea.md"]
        # It waits again: the message of an interrupted build would differ.
        wait_until(lambda: (folder / "state").read_text() == "waiting")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        assert (out, process.returncode) == ("", 0)
        assert err == "qa: Stopped watching the folder; the last index still answers.\n"


def children_of(parent: int) -> list[str]:
    """The child processes of a process; /proc also lists them by thread, but an ending thread moves them."""
    children = []
    for status in Path("/proc").glob("[0-9]*/status"):
        with suppress(OSError):  # it has ended meanwhile
            if f"\nPPid:\t{parent}\n" in status.read_text(errors="replace"):
                children.append(status.parent.name)
    return children


def has_ended(pid: str) -> bool:
    """Whether no such process runs; one whose parent has not asked for its exit status yet does not run."""
    try:
        return "Z (zombie)" in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


def processor_seconds(pid: int) -> float:
    """The processor time of a process, without its children."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="processes are listed in /proc")
@pytest.mark.parametrize(
    ("options", "number"),
    [([], signal.SIGINT), (["--watch"], signal.SIGINT), ([], signal.SIGTERM), ([], getattr(signal, "SIGHUP", 1))],
    ids=["once", "watching", "terminated", "hung up"],
)
def test_an_interrupt_ends_a_build_that_is_inside_a_library_within_two_seconds(
    folder: Path, capsys: pytest.CaptureFixture[str], options: list[str], number: int
) -> None:
    assert run(capsys, "build")[0] == 0
    (folder / "corpus" / "page.html").write_text("<article><h1>Time</h1><p>It goes on forever and ever.</p></article>")
    ignored = signal.getsignal(number) is signal.SIG_IGN  # under nohup, which the program obeys
    if ignored:
        signal.signal(number, signal.SIG_DFL)
    with running(folder, "build", *options) as process:
        if ignored:
            signal.signal(number, signal.SIG_IGN)
        assert line(process) == "counting\n"
        children = children_of(process.pid)
        assert children, "the reader of web pages runs beside it"
        before = processor_seconds(process.pid)  # it announces counting right before it counts
        wait_until(lambda: processor_seconds(process.pid) > before + 0.1)
        begun = time.monotonic()
        process.send_signal(number)
        process.wait(30)
        assert time.monotonic() - begun < 2.5
        _, err = process.communicate()
        assert process.returncode == 1
        assert err.startswith("qa: Stopped: ")
        assert_one_sentence(err)
    for child in children:  # killed, but on a busy machine not ended at once
        wait_until(partial(has_ended, child), 5)
    _, out, _ = run(capsys, "ask", "What is the zebra at the zoo called?", "--json")
    assert json.loads(out)["citations"][0]["document"] == "zoo.md"


# --- what the machine lacks


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "qa: There is not enough memory"),
        (ModuleNotFoundError("No module named 'faiss'", name="faiss"), "qa: The package 'faiss' is missing or broken"),
        (PermissionError(13, "Permission denied", "/srv/a"), "qa: Permission denied (/srv/a): give this account"),
    ],
    ids=["memory", "package", "permission"],
)
def test_an_error_of_the_machine_is_one_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    def load(*_: object) -> TinyEncoder:
        raise error

    monkeypatch.setattr("qa.models.encoders.load_encoder", load)
    code, out, err = run(capsys, "build")
    assert (code, out) == (1, "")
    assert err.startswith(words)
    assert_one_sentence(err)


def test_a_build_names_the_files_that_it_skips(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in (folder / "corpus").iterdir():
        path.unlink()
    for number in range(22):
        (folder / "corpus" / f"song{number:02}.ogg").write_bytes(b"la")
    for _ in range(2):  # as long as there is no article, each time
        code, out, _ = run(capsys, "build")
        assert code == 0 and "  skipped  song00.ogg: .ogg files are not read\n" in out
        assert "  skipped  2 more files: see `qa status`\n" in out and out.count("\n") == 22
    (folder / "corpus" / "zoo.md").write_text(ZEBRA)
    assert "skipped" not in run(capsys, "build")[1]  # it was said before
    (folder / "corpus" / "new.ogg").write_bytes(b"la")
    assert json.loads(run(capsys, "build", "--json")[1])["skipped"] == [
        {"document": "new.ogg", "reason": ".ogg files are not read"}
    ]


@pytest.mark.skipif(os.name == "nt", reason="names of files are Unicode there")
def test_names_are_read_as_utf8_whatever_the_locale(tmp_path: Path) -> None:
    corpus = tmp_path / "artículos"
    (corpus / "ñandú").mkdir(parents=True)
    (corpus / "ñandú" / "é.md").write_text("# Rhea\n\nThe rhea runs.\n", "utf-8")
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "qa", "status", "--corpus", str(corpus), "--index", str(tmp_path / "index")],
        env=environment, capture_output=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "ñandú/é.md: new" in done.stdout.decode("utf-8")
