"""Bits that a disk has lost, and files that were cut short while in use, are a sentence and never another answer."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from corpora import article, write

from benchmarks.damage import flipped, is_found, outcome, rankings
from qa.build import build
from qa.config import Config
from qa.engine import Engine
from qa.errors import StoreError
from qa.index.local import checking
from qa.index.local.checking import Checking

if TYPE_CHECKING:
    from conftest import TinyEncoder

SEED, TRIES = 20, 36
QUESTIONS = ("What does the anchor report say?", "dough beside the old stone wall", '"anchor report"')


@pytest.fixture
def built(config: Config, tiny: TinyEncoder) -> Config:
    write(config.corpus, {"a.md": article("A", "anchor", "beacon"), "b.md": article("B", "dough", "embers")})
    build(config, tiny)
    return config


def test_no_flipped_bit_changes_a_ranking_without_a_word_and_verification_misses_none(
    built: Config, tiny: TinyEncoder
) -> None:
    """The benchmark of the same name makes hundreds of tries with the shipped encoder."""
    with Engine.open(built, tiny) as engine:
        before = rankings(engine, QUESTIONS)
    assert all(before)
    seen = set()
    for number, (name, copy) in enumerate(flipped(built.index, "000001", random.Random(SEED)), 1):
        damaged = Config(built.corpus, copy, reader="off")
        seen.add(Path(name).suffix)
        assert outcome(damaged, tiny, QUESTIONS, before) == "reported", name
        assert is_found(damaged, tiny), name
        if number == TRIES:
            break
    assert {".sqlite", ".json", ".term", ".pos", ".idx", ".fieldnorm", ".fast"} <= seen


@pytest.mark.parametrize("name", ["passages.sqlite", "vectors.faiss", "lexical/meta.json"])
def test_a_file_that_is_cut_short_while_it_is_in_use_is_one_sentence(
    built: Config, tiny: TinyEncoder, name: str
) -> None:
    """A mapped file that is touched beyond its end would end the process."""
    with Engine.open(built, tiny) as engine:
        assert engine.search(QUESTIONS[0]).hits
        path = built.index / "generations" / "000001" / name
        os.truncate(path, path.stat().st_size // 2)
        for _ in range(2):
            with pytest.raises(StoreError, match=r"was changed while it was in use: run `qa build`\."):
                engine.search(QUESTIONS[0])
        build(built, tiny)
        assert engine.search(QUESTIONS[0]).hits


def test_a_large_index_answers_at_once_and_says_so_when_the_damage_is_found(
    built: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "AWAITED", 0)
    path = built.index / "generations" / "000001" / "passages.sqlite"
    facts, data = path.stat(), bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    with Engine.open(built, tiny) as engine:
        generation = engine.generation
        started = generation._checking  # type: ignore[attr-defined]
        assert isinstance(started, Checking)
        assert started._ended.wait(60)
        with pytest.raises(StoreError, match=r"passages\.sqlite of generation 000001 is not what"):
            engine.search(QUESTIONS[0])


def test_a_generation_that_is_pruned_while_it_answers_still_answers(built: Config, tiny: TinyEncoder) -> None:
    with Engine.open(built, tiny) as engine:
        generation = engine.generation
        assert engine.search(QUESTIONS[0]).hits
        for path in sorted((built.index / "generations" / "000001").rglob("*"), reverse=True):
            path.unlink() if path.is_file() else path.rmdir()
        assert generation.sought(QUESTIONS[0]).terms


@pytest.mark.parametrize(("name", "encoded"), [("lexical/meta.json", 0), ("vectors.faiss", 4), ("passages.sqlite", 4)])
def test_the_next_build_repairs_a_damaged_index_from_what_is_intact(
    built: Config, tiny: TinyEncoder, name: str, encoded: int
) -> None:
    path = built.index / "generations" / "000001" / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    tiny.encoded.clear()
    assert build(built, tiny).generation == "000002"
    assert len(tiny.encoded) == encoded
    with Engine.open(built, tiny) as engine:
        assert engine.verify() == []
        assert engine.search(QUESTIONS[0]).hits
