"""Receipts: what is signed, what breaks the signature, and what becomes of quotations when files change."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from corpora import write

from qa.build import build
from qa.cli import main
from qa.config import Config
from qa.engine import Engine
from qa.errors import ReceiptError
from qa.models.protocols import Encoder
from qa.receipts.keys import public_key, sign
from qa.receipts.receipt import Receipt, read_receipt, receipt_of, signed_bytes
from qa.receipts.verification import Verified, verify

ZOO = "# Zoo\n\nThe zebra at the zoo is called Bruno. He eats five kilos of hay a day.\n"
QUESTION = "What is the zebra at the zoo called?"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return tmp_path / "data" / "receipts.key"


@pytest.fixture
def engine(config: Config, tiny: Encoder) -> Iterator[Engine]:
    write(config.corpus, {"zoo.md": ZOO, "bread.md": "# Bread\n\nThe baker lets the sourdough rise for hours.\n"})
    build(config, tiny)
    with Engine.open(config, tiny) as opened:
        yield opened


@pytest.fixture
def file(engine: Engine, key: Path, tmp_path: Path) -> Path:
    """A receipt of an answer that cites one passage."""
    path = tmp_path / "receipt.json"
    path.write_text(receipt_of(engine, engine.ask(QUESTION, top_k=1), key).as_text(), "utf-8")
    return path


def states(verified: Verified) -> dict[str, str]:
    return {each.name: each.state for each in verified.quotations}


def test_a_receipt_names_the_bytes_that_it_is_about(file: Path, engine: Engine, config: Config, key: Path) -> None:
    content = read_receipt(file).content
    (cited,) = content["citations"]
    assert content["question"] == QUESTION
    assert cited["file"]["sha256"] == engine.generation.records["zoo.md"].sha256
    hashes = (content["program"]["sha256"], cited["sha256"], content["models"]["encoder"]["sha256"])
    assert [len(each) for each in hashes] == [64, 64, 64]
    verified = verify(read_receipt(file), config, key)
    assert (verified.holds, verified.is_own, verified.exit_code) == (True, True, 0)
    assert set(states(verified).values()) == {"unchanged"}


def test_the_key_is_the_users_alone_and_stays_the_same(key: Path) -> None:
    first, second = sign(b"one", key), sign(b"two", key)
    assert first.public_key == second.public_key == public_key(key)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert [path.name for path in key.parent.iterdir()] == [key.name]
    assert first.holds(b"one") and not first.holds(b"two")
    key.write_text("damaged")
    with pytest.raises(ReceiptError, match="damaged"):
        sign(b"three", key)


@pytest.mark.parametrize("part", ["question", "made", "answer", "citations", "program"])
def test_any_change_breaks_the_signature(file: Path, config: Config, key: Path, part: str) -> None:
    data = json.loads(file.read_text())
    data["receipt"][part] = "something else"
    file.write_text(json.dumps(data))
    verified = verify(read_receipt(file), config, key)
    assert (verified.holds, verified.exit_code, verified.quotations) == (False, 3, ())


def test_another_layout_of_the_same_content_holds(file: Path, config: Config, key: Path) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()), sort_keys=True, indent=4))
    assert verify(read_receipt(file), config, key).exit_code == 0


def test_a_quotation_stands_in_a_file_that_changed_elsewhere(file: Path, config: Config, key: Path) -> None:
    (config.corpus / "zoo.md").write_text(f"{ZOO}\nThe ape is new.\n\n".replace("# Zoo", "# The zoo"))
    verified = verify(read_receipt(file), config, key)
    assert (set(states(verified).values()), verified.exit_code) == ({"stands"}, 0)


def test_a_changed_quotation_is_shown_word_by_word(file: Path, config: Config, key: Path) -> None:
    (config.corpus / "zoo.md").write_text(ZOO.replace("Bruno", "Berta"))
    verified = verify(read_receipt(file), config, key)
    assert (set(states(verified).values()), verified.exit_code) == ({"changed"}, 1)
    assert "called [-Bruno-]{+Berta+}." in str(verified.as_json()["quotations"][-1]["difference"])


def test_a_quotation_of_a_file_that_is_gone_is_gone(file: Path, config: Config, key: Path) -> None:
    (config.corpus / "zoo.md").unlink()
    assert set(states(verify(read_receipt(file), config, key)).values()) == {"gone"}


def test_an_answer_of_an_older_index_gets_none(engine: Engine, key: Path, config: Config, tiny: Encoder) -> None:
    answer = engine.ask(QUESTION)
    write(config.corpus, {"ape.md": "# Ape\n\nThe ape at the zoo is called Otto.\n"})
    build(config, tiny)
    with pytest.raises(ReceiptError, match="built again"):
        receipt_of(engine, answer, key)


def test_anothers_key_is_said_to_be_anothers(file: Path, config: Config, tmp_path: Path) -> None:
    assert not verify(read_receipt(file), config, tmp_path / "mine.key").is_own


def test_names_in_a_receipt_lead_to_no_other_file(file: Path, config: Config, key: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    content = read_receipt(file).content
    for path in ("../secret.txt", str(tmp_path / "secret.txt")):
        content["citations"][0]["file"]["path"] = path
        forged = Receipt(content, sign(signed_bytes(content), key))
        assert set(states(verify(forged, config, key)).values()) == {"gone"}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"receipt": 1, "signature": 2}', "\x00"])
def test_what_is_no_receipt_is_one_sentence(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "odd.json").write_text(text)
    assert main(["verify-receipt", str(tmp_path / "odd.json")]) == 1
    error = capsys.readouterr().err
    assert "is not a receipt: give" in error and error.count("\n") == 1


def test_the_command_line_writes_and_verifies_one(
    engine: Engine, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("QA_ENCODER", "tiny")
    monkeypatch.setenv("QA_READER", "off")
    monkeypatch.setattr("qa.engine.open_encoder", lambda *_: engine.encoder)
    places = ["--corpus", str(config.corpus), "--index", str(config.index)]
    out = tmp_path / "out.json"
    assert main(["ask", QUESTION, "--receipt", str(out), *places]) == 0
    assert "signed with your key" in capsys.readouterr().err
    assert main(["verify-receipt", str(out), *places]) == 0
    assert "The signature holds (your key" in capsys.readouterr().out
    (config.corpus / "zoo.md").write_text(ZOO.replace("Bruno", "Berta"))
    assert main(["verify-receipt", str(out), "--json", *places]) == 1
    assert json.loads(capsys.readouterr().out)["signature"] == "holds"
    out.write_text(out.read_text().replace("Bruno", "Berta"))
    assert main(["verify-receipt", str(out), *places]) == 3
