"""Earlier states of which bits were lost: what is whole is kept, and no state answers with other words than its own."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from corpora import write

from qa.build import build
from qa.cli import main
from qa.config import Config
from qa.earlier import Earlier
from qa.engine import Engine
from qa.index.local.history_file import NAME
from qa.index.local.store import LocalStore

if TYPE_CHECKING:
    from conftest import TinyEncoder

START = datetime(2026, 10, 1, 8, 0, tzinfo=timezone.utc)
DAYS = 4
WORDS = " ".join(f"Rule {number} concerns boat {number * 7}." for number in range(60))
Said = dict[str, str]  # by generation: the text of the article in that state


@pytest.fixture
def kept(config: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch) -> Config:
    """A folder whose article was another one on each of four days; only the last generation is kept whole."""
    return history_of(replace(config, keep=1), tiny, monkeypatch)


def history_of(config: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch) -> Config:
    for day in range(DAYS):

        class Clock(datetime):
            @classmethod
            def now(cls, tz: Any = None, day: int = day) -> datetime:  # type: ignore[override]
                return START + timedelta(days=day)

        for module in ("qa.build.pipeline", "qa.index.local.history"):
            monkeypatch.setattr(f"{module}.datetime", Clock)
        write(config.corpus, {"fees.md": f"# Fees\n\nThe fee is {40 + day} euros a year. {WORDS}\n"})
        build(config, tiny)
    return config


def texts(config: Config, tiny: TinyEncoder) -> Said:
    """The text of the article in each state that can be asked."""
    with Engine.open(config, tiny) as engine, Earlier(engine) as earlier:
        found = {}
        for state in earlier.states():
            document = earlier.of(state.generation).document("fees.md")
            assert document is not None
            found[state.generation] = document.text
        return found


def mend(config: Config, tiny: TinyEncoder) -> list[str]:
    with Engine.open(config, tiny) as engine, Earlier(engine) as earlier:
        return earlier.mend()


def flip(file: Path, where: int) -> None:
    data = bytearray(file.read_bytes())
    data[where // 8] ^= 1 << where % 8
    file.write_bytes(data)


def test_whatever_bit_is_lost_no_state_says_what_it_did_not(kept: Config, tiny: TinyEncoder, tmp_path: Path) -> None:
    built = texts(kept, tiny)
    assert len(built) == DAYS
    shutil.rmtree(kept.index / "states")
    whole = tmp_path / "whole"
    shutil.copytree(kept.index, whole)
    assert mend(kept, tiny) == []
    choose, said = random.Random(4), 0
    size = (whole / NAME).stat().st_size * 8
    for _ in range(12):
        shutil.rmtree(kept.index)
        shutil.copytree(whole, kept.index)
        for _ in range(choose.choice((1, 1, 8))):
            flip(kept.index / NAME, choose.randrange(size))
        found = mend(kept, tiny)
        said += bool(found)
        now = texts(kept, tiny)
        assert now.items() <= built.items()
        assert f"{DAYS:06d}" in now  # the present one depends on nothing here
        if not found:
            assert now == built
        assert mend(kept, tiny) == []
    assert said > 3


def content_of_first(config: Config) -> int:
    """A bit in the middle of the compressed article of the first state."""
    with closing(sqlite3.connect(config.index / NAME)) as database:
        (documents,) = database.execute(
            "SELECT documents FROM contents JOIN versions ON content = id ORDER BY last"
        ).fetchone()
    place = (config.index / NAME).read_bytes().find(documents[100:140])
    assert place > 0
    return place * 8


def test_a_state_with_a_damaged_article_is_dropped_and_the_others_stay(
    kept: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    built = texts(kept, tiny)
    shutil.rmtree(kept.index / "states")
    flip(kept.index / NAME, content_of_first(kept))
    said = verified(kept, tiny, monkeypatch, capsys, 1)
    assert said.startswith("qa: The state of 2026-10-01 ") and "since fees.md as it was then is damaged" in said
    del built["000001"]
    assert texts(kept, tiny) == built
    assert verified(kept, tiny, monkeypatch, capsys, 0) == ""


def test_a_damaged_article_is_restored_from_a_generation_that_has_it(
    config: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = history_of(replace(config, keep=DAYS), tiny, monkeypatch)
    built = texts(config, tiny)
    flip(config.index / NAME, content_of_first(config))
    (said,) = mend(config, tiny)
    assert said.startswith("fees.md as it was until 2026-10-02 ") and said.endswith("was restored.")
    for generation in range(1, DAYS):
        shutil.rmtree(config.index / "generations" / f"{generation:06d}")
    assert texts(config, tiny) == built


def test_a_damaged_generation_of_an_earlier_state_is_removed_and_its_state_stays(
    config: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = history_of(replace(config, keep=DAYS), tiny, monkeypatch)
    built = texts(config, tiny)
    flip(config.index / "generations" / "000002" / "passages.sqlite", 80_000)
    (said,) = mend(config, tiny)
    assert said == "Generation 2, which is not the current one, was damaged, and was removed."
    assert texts(config, tiny) == built
    written = config.index / "states" / "000002" / "generations" / "000002" / "vectors.faiss"
    flip(written, written.stat().st_size * 4)
    (said,) = mend(config, tiny)
    assert said == "The state of generation 2 was damaged: it is written again when it is asked."
    assert texts(config, tiny) == built


def test_a_history_that_is_no_database_goes_and_a_new_one_begins(kept: Config, tiny: TinyEncoder) -> None:
    (kept.index / NAME).write_bytes(b"no database" * 1_000)
    (said,) = mend(kept, tiny)
    assert "no earlier state is kept" in said
    assert [*texts(kept, tiny)] == [f"{DAYS:06d}"]


def verified(
    config: Config,
    tiny: TinyEncoder,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    code: int,
) -> str:
    """What `qa verify` prints as an error."""
    monkeypatch.setattr("qa.engine.open_encoder", lambda *_, **__: tiny)
    monkeypatch.setattr("qa.index.fit.open_encoder", lambda *_, **__: tiny)
    monkeypatch.setenv("QA_READER", "off")
    capsys.readouterr()
    assert main(["verify", "--corpus", str(config.corpus), "--index", str(config.index)]) == code
    return capsys.readouterr().err


def test_nothing_is_written_where_nothing_is_damaged(
    kept: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LocalStore, "writing", lambda self: pytest.fail("it was locked"))
    assert mend(kept, tiny) == []
