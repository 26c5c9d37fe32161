"""What remains in a process after a build or a question: nothing that waits for the garbage collector."""

from __future__ import annotations

import contextlib
import gc
import shutil
import sys
import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import TinyEncoder
from served import serve

import qa.build.pipeline
from benchmarks import rebuilds
from qa.build import build
from qa.config import Config
from qa.engine import Engine
from qa.errors import ModelError
from qa.index.local.generation import Generation
from qa.models.encoders import load_encoder, shipped_folder
from qa.models.protocols import Encoder
from qa.ui.library.jobs import BuildJob

TEXT = "# Cats\n\nCats sleep all day long on the warm red sofa.\n"
QUESTION = "Where do cats sleep?"

needs_proc = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc says what is open")


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Only what nobody refers to any more is freed."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def created(monkeypatch: pytest.MonkeyPatch) -> list[weakref.ref[Any]]:
    """Everything that was created for a build, or opened, since the test began."""
    references: list[weakref.ref[Any]] = []
    for place, name in ((qa.build.pipeline, "_Builder"), (qa.build.pipeline, "Embedder"), (Generation, "__init__")):
        _remembered(monkeypatch, place, name, references)
    return references


def _remembered(monkeypatch: pytest.MonkeyPatch, place: Any, name: str, references: list[weakref.ref[Any]]) -> None:
    before = getattr(place, name)

    def make(*values: Any, **named: Any) -> Any:
        thing = before(*values, **named)
        references.append(weakref.ref(values[0] if thing is None else thing))
        return thing

    monkeypatch.setattr(place, name, make)


def living(created: list[weakref.ref[Any]]) -> list[str]:
    return sorted(type(thing()).__name__ for thing in created if thing() is not None)


def write(config: Config, number: int) -> None:
    (config.corpus / "cats.md").write_text(f"{TEXT}\nThey were counted {number} times.\n", "utf-8")


def open_files(index: Path) -> tuple[int, int]:
    """(descriptors, mappings) of this process that belong to generations of an index."""
    place = str(index / "generations")
    handles = []
    for handle in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the one that lists them
            handles.append(str(handle.readlink()))
    maps = Path("/proc/self/maps").read_text().splitlines()
    return sum(place in name for name in handles), sum(place in line for line in maps)


@pytest.mark.usefixtures("uncollected")
def test_a_build_leaves_nothing_for_the_garbage_collector(
    config: Config, tiny: TinyEncoder, created: list[weakref.ref[Any]]
) -> None:
    for number in range(3):
        write(config, number)
        build(config, tiny)
        assert living(created) == []
    assert len(created) > 9


@pytest.mark.usefixtures("uncollected")
def test_a_build_that_is_stopped_leaves_nothing_either(
    config: Config, tiny: TinyEncoder, created: list[weakref.ref[Any]]
) -> None:
    write(config, 0)
    build(config, tiny)
    write(config, 1)

    def stop(progress: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as stopped:
        build(config, tiny, progress=stop)
    assert living(created)  # its traceback refers to the local variables
    del stopped
    assert living(created) == []


@needs_proc
@pytest.mark.usefixtures("uncollected")
def test_a_generation_that_no_longer_answers_is_closed_with_the_last_question_on_it(
    config: Config, tiny: TinyEncoder, created: list[weakref.ref[Any]]
) -> None:
    engine = Engine.open(config, tiny)
    job = BuildJob(engine)
    opened = set()
    for number in range(5):
        write(config, number)
        assert job.start() and job.wait(60).phase == "done"
        held = engine.generation
        assert engine.ask(QUESTION).generation == held.id == f"{number + 1:06d}"
        opened.add(open_files(config.index))
        assert living(created) == ["Generation"]
    assert len(opened) == 1
    before, number = held, number + 1
    write(config, number)
    build(config, tiny)
    assert engine.ask(QUESTION).generation != before.id
    assert before.document("cats.md") is not None  # an answer that still uses it can read
    assert living(created) == ["Generation"] * 2
    del held, before
    assert living(created) == ["Generation"]
    assert opened == {open_files(config.index)}


@pytest.mark.model
@pytest.mark.usefixtures("uncollected")
def test_a_build_uses_the_encoder_that_answers_as_long_as_its_files_are_the_same(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "shipped"
    shutil.copytree(shipped_folder(), folder)
    monkeypatch.setattr("qa.models.encoders.shipped_folder", lambda: folder)
    engine = Engine.open(config)
    write(config, 0)
    created = engine.encoder_for_build()
    build(config, created)
    assert engine.encoder is created
    assert engine.encoder_for_build() is created
    whole = (folder / "model.onnx").read_bytes()
    (folder / "model.onnx").write_bytes(b"damaged")
    with pytest.raises(ModelError, match="install the program again"):
        engine.encoder_for_build()
    (folder / "model.onnx").write_bytes(whole)
    assert engine.encoder_for_build() is created


@pytest.mark.model
@pytest.mark.usefixtures("uncollected")
def test_an_encoder_that_is_no_longer_wanted_is_freed(tmp_path: Path, encoder: Encoder) -> None:
    created = load_encoder(query_prompt="query: ", index=tmp_path)
    created.encode_passages([TEXT, QUESTION])  # its threads have started
    gone = weakref.ref(created)
    del created
    assert gone() is None


@pytest.mark.model
def test_another_encoder_is_opened_for_other_prompts(tmp_path: Path, encoder: Encoder) -> None:
    assert load_encoder(index=tmp_path, opened=encoder) is encoder
    other = load_encoder(query_prompt="query: ", index=tmp_path, opened=encoder)
    assert other is not encoder and other.identity.query_prompt == "query: "


@pytest.mark.server
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # gradio's use of pandas, in a separate thread
def test_calls_without_a_session_leave_none_behind(
    config: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qa.ui.api.gradio_endpoints import Page

    pages: list[Any] = []

    def noted(**named: Any) -> Any:
        pages.append(Page(**named))
        return pages[-1]

    monkeypatch.setattr("qa.ui.page.channels.Page", noted)
    write(config, 0)
    build(config, tiny)
    with serve(replace(config, threshold=0.0)) as running:
        (page,) = pages
        page._queue.pending_messages_per_session.max_size = 4
        for _ in range(20):
            event, (answer,) = running.call("ask", QUESTION)
            assert event == "complete" and answer["answerable"]
        assert running.call("ask", " ")[0] == "error"
        assert not page.state_holder.session_data and not page.state_holder.time_last_used
        assert len(page._queue.pending_event_ids_session) < 10


@needs_proc
@pytest.mark.model
@pytest.mark.server
def test_a_chat_that_indexes_changes_does_not_grow(tmp_path: Path) -> None:
    corpus, index = tmp_path / "corpus", tmp_path / "index"
    rebuilds.begin(corpus, None)
    measured = []
    with contextlib.closing(rebuilds.Chat(corpus, index)) as chat:
        for number in range(1, 9):
            rebuilds.bring_to(chat, corpus, number)
            if number in (4, 6, 8):
                measured.append(chat.resources())
    assert {now.index_mappings for now in measured} == {measured[0].index_mappings}
    assert not any(now.deleted for now in measured)
    assert {now.descriptors for now in measured} <= set(range(measured[0].descriptors - 2, measured[0].descriptors + 3))
    assert max(now.private for now in measured) < measured[0].private + 30
