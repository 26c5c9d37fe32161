"""The queue of Gradio rests while nobody asks, and answers at once when somebody does."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import TinyEncoder
from served import serve
from waiting import holds_within

from qa.build import build
from qa.config import Config

pytestmark = [
    pytest.mark.server,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # gradio's use of pandas, in a separate thread
]


def test_the_queue_rests_while_nobody_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gradio.queueing import Queue

    looks: list[Queue] = []
    length = Queue.__len__

    def counted(queue: Queue) -> int:
        looks.append(queue)
        return int(length(queue))

    monkeypatch.setattr(Queue, "__len__", counted)
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "cats.md").write_text("# Cats\n\nCats sleep all day long.\n", "utf-8")
    config = Config(corpus=tmp_path / "corpus", index=tmp_path / "index")
    build(config, TinyEncoder())
    with serve(config) as running:
        for _ in range(3):
            assert running.call("ask", "How long do cats sleep?", 1)[0] == "complete"
            looks.clear()
            assert not holds_within(lambda: len(looks) >= 10, 0.5)  # it was 500
