"""What an interrupted build encoded is not encoded again, and nothing else in the journal is trusted."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from corpora import article, is_whole, write
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.build import Progress, build, journal
from qa.config import Config
from qa.index.local import store
from qa.models.protocols import EncoderIdentity, Vectors

if TYPE_CHECKING:
    from conftest import TinyEncoder

IDENTITY = EncoderIdentity("small", "0" * 64, 3, 16, True, "", "")
RECORD_BYTES = 16 + 3 * 4 + 4


def keyed(number: int) -> dict[bytes, Vectors]:
    return {bytes([i]) * 16: np.array([i, i + 0.5, -i], dtype=np.float32) for i in range(number)}


def written(folder: Path, entries: dict[bytes, Vectors], identity: EncoderIdentity = IDENTITY) -> Path:
    writer = journal.Journal(folder, identity)
    writer.append(entries.items())
    writer.close()
    return folder / journal.NAME


def read(folder: Path, identity: EncoderIdentity = IDENTITY) -> dict[bytes, Vectors]:
    return dict(journal.read(folder, identity))


def same(actual: dict[bytes, Vectors], expected: dict[bytes, Vectors]) -> bool:
    return list(actual) == list(expected) and all(np.array_equal(actual[key], expected[key]) for key in expected)


def test_appended_embeddings_are_read_back(tmp_path: Path) -> None:
    entries = keyed(5)
    written(tmp_path, entries)
    assert same(read(tmp_path), entries)


def test_no_journal_is_an_empty_one(tmp_path: Path) -> None:
    assert read(tmp_path) == {}
    assert read(tmp_path / "nowhere") == {}


def test_each_append_reaches_the_system_before_it_returns(tmp_path: Path) -> None:
    writer = journal.Journal(tmp_path, IDENTITY)
    for number in (1, 2, 3):
        entries = keyed(number)
        last = list(entries)[-1]
        writer.append([(last, entries[last])])
        assert np.array_equal(writer.row(last), entries[last])
        assert same(read(tmp_path), entries)
    writer.close()


@pytest.mark.parametrize(
    "other",
    [
        {"name": "other"},
        {"weights_sha256": "1" * 64},
        {"dimension": 4},
        {"max_tokens": 17},
        {"passage_prompt": "passage: "},
    ],
    ids=lambda change: next(iter(change)),
)
def test_journal_of_another_encoder_is_ignored(tmp_path: Path, other: dict[str, Any]) -> None:
    written(tmp_path, keyed(3))
    assert read(tmp_path, replace(IDENTITY, **other)) == {}


@settings(deadline=None)
@given(cut=st.integers(min_value=0))
def test_a_torn_end_costs_only_its_record(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    entries = keyed(4)
    place = written(tmp_path_factory.mktemp("torn"), entries)
    whole = place.stat().st_size
    os.truncate(place, whole - cut % whole)
    lost = -(-(cut % whole) // RECORD_BYTES)
    expected = dict(list(entries.items())[: max(0, 4 - lost)])
    assert same(read(place.parent), expected)


@settings(deadline=None)
@given(position=st.integers(min_value=0), flip=st.integers(1, 255))
def test_altered_record_is_left_out_and_the_others_stay(
    tmp_path_factory: pytest.TempPathFactory, position: int, flip: int
) -> None:
    entries = keyed(4)
    place = written(tmp_path_factory.mktemp("altered"), entries)
    data = bytearray(place.read_bytes())
    position %= len(data)
    data[position] ^= flip
    place.write_bytes(data)
    header = len(data) - 4 * RECORD_BYTES
    hit = (position - header) // RECORD_BYTES
    expected = {} if position < header else {k: v for i, (k, v) in enumerate(entries.items()) if i != hit}
    assert same(read(place.parent), expected)


def write_many(config: Config) -> int:
    """Articles of 160 passages: more than a few batches of the encoder."""
    files = {f"a{i}.md": article(f"Title {i}", *(f"word{i}x{n}" for n in range(16))) for i in range(10)}
    write(config.corpus, files)
    return 160


def interrupt_at(config: Config, encoder: TinyEncoder, done: int, full: bool = False) -> None:
    def stop(progress: Progress) -> None:
        if progress.stage == "encoding" and progress.encoded >= done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(config, encoder, full, stop)


def test_an_interrupted_build_continues_where_it_stopped(config: Config, tiny: TinyEncoder) -> None:
    passages = write_many(config)
    interrupt_at(config, tiny, 64)
    first = list(tiny.encoded)
    tiny.encoded.clear()
    report = build(config, tiny)
    assert report.passages == passages
    assert report.passages_encoded == len(tiny.encoded) == passages - len(first)
    assert not set(first) & set(tiny.encoded)
    assert is_whole(config.index)
    assert store.LocalStore(config.index).leftovers() == []


def test_build_that_is_interrupted_again_and_again_still_ends(config: Config, tiny: TinyEncoder) -> None:
    passages = write_many(config)
    for number in range(3):
        interrupt_at(config, tiny, 40 if number < 2 else 0)
        assert len(store.LocalStore(config.index).leftovers()) == 1  # the space of the earlier ones has been released
    done = len(tiny.encoded)
    assert 80 <= done < passages
    assert build(config, tiny).passages_encoded == passages - done
    assert len(set(tiny.encoded)) == len(tiny.encoded) == passages
    assert is_whole(config.index)


def test_embeddings_of_a_resumed_build_are_those_of_a_whole_one(config: Config, tiny: TinyEncoder) -> None:
    passages = write_many(config)
    interrupt_at(config, tiny, 64)
    build(config, tiny)
    resumed = store.LocalStore(config.index).open_current()
    build(config, tiny, full=True)
    whole = store.LocalStore(config.index).open_current()
    assert resumed.keys() == whole.keys()
    assert np.array_equal(resumed.vectors(range(passages)), whole.vectors(range(passages)))


def test_full_build_does_not_believe_a_journal(config: Config, tiny: TinyEncoder) -> None:
    passages = write_many(config)
    interrupt_at(config, tiny, 64)
    assert build(config, tiny, full=True).passages_encoded == passages
    assert store.LocalStore(config.index).leftovers() == []


def test_interrupted_full_build_is_resumed_by_a_plain_one(config: Config, tiny: TinyEncoder) -> None:
    passages = write_many(config)
    build(config, tiny)
    interrupt_at(config, tiny, 64, full=True)
    write(config.corpus, {"new.md": article("New", "jasmine")})
    report = build(config, tiny)
    assert (report.passages, report.passages_encoded) == (passages + 1, 1)


def test_another_encoder_does_not_go_on_with_a_journal(config: Config, tiny: TinyEncoder) -> None:
    passages = write_many(config)
    interrupt_at(config, tiny, 64)
    other = type(tiny)("other")
    assert build(config, other).passages_encoded == len(other.encoded) == passages


@pytest.mark.parametrize("damage", ["torn", "altered", "emptied", "foreign"])
def test_damaged_journal_costs_only_encoding(config: Config, tiny: TinyEncoder, damage: str) -> None:
    passages = write_many(config)
    interrupt_at(config, tiny, 64)
    done = len(tiny.encoded)
    (left,) = store.LocalStore(config.index).leftovers()
    place = left / journal.NAME
    data = place.read_bytes()
    place.write_bytes(
        {
            "torn": data[:-7],
            "altered": data[:-9] + bytes([data[-9] ^ 1]) + data[-8:],
            "emptied": b"",
            "foreign": b"not a journal\n" * 500,
        }[damage]
    )
    again = {"torn": 1, "altered": 1, "emptied": done, "foreign": done}[damage]
    assert build(config, tiny).passages_encoded == passages - done + again
    assert is_whole(config.index)


def test_a_published_generation_contains_no_journal(config: Config, tiny: TinyEncoder) -> None:
    write(config.corpus, {"a.md": article("A", "anchor")})
    build(config, tiny)
    assert list(config.index.rglob(journal.NAME)) == []


def test_an_unfinished_build_is_removed_if_nothing_is_left_to_do(config: Config, tiny: TinyEncoder) -> None:
    write(config.corpus, {"a.md": article("A", "anchor")})
    build(config, tiny)
    write(config.corpus, {"b.md": article("B", "beacon")})
    interrupt_at(config, tiny, 0)
    (config.corpus / "b.md").unlink()
    assert build(config, tiny).generation == "000001"
    assert store.LocalStore(config.index).leftovers() == []
