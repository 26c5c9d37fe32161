"""Each passage gets its embedding, and no embedding is computed twice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qa.build.embedding import Embedder
from qa.build.journal import Journal
from qa.models.protocols import Vectors
from qa.text.document import Span
from qa.text.packed import keyed, keys_of
from qa.text.passage import Passage

if TYPE_CHECKING:
    from conftest import TinyEncoder


def passage(word: str) -> Passage:
    return Passage("a.md", 0, Span(0, len(word)), word, "", (), None, ())


class KnownRows:
    """The embeddings of the last generation."""

    def __init__(self, keys: list[bytes], rows: Vectors) -> None:
        self._keys = keys
        self._rows = rows

    def keys(self) -> list[bytes]:
        return self._keys

    def vectors(self, ids: Sequence[int]) -> Vectors:
        return self._rows[list(ids)]


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    batches=st.lists(st.lists(st.integers(0, 700), max_size=300), max_size=6),
    known=st.sets(st.integers(0, 700), max_size=40),
    resumed=st.sets(st.integers(0, 700), max_size=40),
)
def test_any_passages_get_their_rows_and_none_is_made_twice(
    tmp_path_factory: pytest.TempPathFactory,
    tiny: TinyEncoder,
    batches: list[list[int]],
    known: set[int],
    resumed: set[int],
) -> None:
    tiny.encoded.clear()
    old = [passage(f"word{number}") for number in sorted(known)]
    old_rows = tiny._rows([p.encoded for p in old])
    journal = Journal(tmp_path_factory.mktemp("journal"), tiny.identity)
    cut_off = [passage(f"word{number}") for number in sorted(resumed)]
    journal.append(zip([p.key for p in cut_off], tiny._rows([p.encoded for p in cut_off]), strict=True))
    embedder = Embedder(tiny, journal, [KnownRows([p.key for p in old], old_rows)])
    passages = [[passage(f"word{number}") for number in batch] for batch in batches]
    must = sum(embedder.add(keyed(batch)) for batch in passages)
    embedder.finish()
    flat = [p for batch in passages for p in batch]
    assert not embedder.has_pending
    assert np.array_equal(embedder.rows(keys_of(flat))[:], tiny._rows([p.encoded for p in flat]).reshape(-1, 256))
    new = {p.text for p in flat} - {p.text for p in (*old, *cut_off)}
    assert sorted(tiny.encoded) == sorted(new)
    assert must == embedder.encoded == len(new)
    journal.close()


def test_step_is_called_between_batches_and_an_exception_keeps_the_finished_ones(
    tmp_path: Path, tiny: TinyEncoder
) -> None:
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1
        if steps > 2:
            raise KeyboardInterrupt

    journal = Journal(tmp_path, tiny.identity)
    embedder = Embedder(tiny, journal, step=step)
    embedder.add(keyed([passage(f"word{number}") for number in range(100)]))
    with pytest.raises(KeyboardInterrupt):
        embedder.finish()
    assert 0 < embedder.encoded == len(tiny.encoded) < 100
    assert sum(passage(f"word{number}").key in journal for number in range(100)) == embedder.encoded
    journal.close()


def test_a_slow_encoder_is_given_few_passages_at_a_time(
    tmp_path: Path, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path, tiny.identity)
    sizes: list[int] = []
    clock = [0.0]
    monkeypatch.setattr("qa.build.embedding.time", SimpleNamespace(perf_counter=lambda: clock[-1]))
    encode = tiny.encode_passages

    def slow(texts: Sequence[str]) -> Vectors:
        sizes.append(len(texts))
        clock.append(clock[-1] + 0.05 * len(texts) if len(sizes) < 4 else clock[-1])
        return encode(texts)

    tiny.encode_passages = slow  # type: ignore[method-assign]
    embedder = Embedder(tiny, journal)
    embedder.add(keyed([passage(f"word{number}") for number in range(500)]))
    embedder.finish()
    assert max(sizes[:4]) <= 12  # in a third of a second, it encodes six passages
    assert max(sizes) == 128  # once it is fast, the largest batch
    journal.close()
