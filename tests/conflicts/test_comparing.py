"""Articles are compared once for each generation, in one thread at a time, and what was found is kept."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from conftest import TinyEncoder, TinyReader
from corpora import write
from waiting import wait_until

from qa.ask.pipeline import Resources
from qa.build import build
from qa.config import Config
from qa.conflicts import comparing as module
from qa.conflicts.comparing import Comparing, comparing_of
from qa.conflicts.findings import Conflicts
from qa.conflicts.kept import NAME
from qa.conflicts.search import Step, conflicts
from qa.engine import Engine
from qa.errors import BusyError, ClosedError, ModelError, NoGenerationError

FEE = "# Harbour\n\nMembers of the Bergen rowing club pay an annual harbour fee of {} euros for each boat.\n"


@pytest.fixture
def engine(config: Config, tiny: TinyEncoder) -> Iterator[Engine]:
    write(config.corpus, {"one.md": FEE.format(40), "two.md": FEE.format(45)})
    build(config, tiny)
    with Engine.open(config, tiny, reader=TinyReader()) as engine:
        yield engine


class Counted:
    """The search for conflicts, which counts how often it is done, and waits in it if it is `held`."""

    def __init__(self) -> None:
        self.times = 0
        self.begun, self.released = threading.Event(), threading.Event()
        self.released.set()

    def __call__(self, resources: Resources, step: Step) -> Conflicts:
        self.times += 1
        step("reading", 1, 2)
        self.begun.set()
        assert self.released.wait(60)
        step("comparing", 1, 2)
        return conflicts(resources, step=step)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    counted = Counted()
    monkeypatch.setattr(module, "conflicts", counted)
    return counted


def test_they_are_found_once_for_each_generation_and_kept(
    engine: Engine, config: Config, tiny: TinyEncoder, counted: Counted
) -> None:
    comparing = comparing_of(engine)
    assert comparing is comparing_of(engine) and comparing.known() is None
    found = comparing.found()
    assert [[said.value for said in each.said] for each in found.conflicts] == [["40", "45"]]
    assert comparing.known() == comparing.found() == found
    with Engine.open(config, tiny, reader=TinyReader()) as again:
        assert comparing_of(again).known() == found  # as it was read from the file
    assert counted.times == 1
    write(config.corpus, {"three.md": "# Bread\n\nThe sourdough rises for nine hours before it is baked in Bergen.\n"})
    build(config, tiny)
    assert comparing.known() is None
    assert comparing.found().passages == 3 and counted.times == 2


def test_a_reader_that_is_off_finds_anew(engine: Engine, config: Config, tiny: TinyEncoder) -> None:
    comparing_of(engine).found()
    with Engine.open(replace(config, reader="off" if config.reader != "off" else ""), tiny) as other:
        assert comparing_of(other).known() is None


def test_what_is_gone_since_is_not_shown(engine: Engine, config: Config) -> None:
    comparing = comparing_of(engine)
    assert comparing.found().conflicts
    (config.corpus / "two.md").unlink()
    assert comparing.found().conflicts == ()


@pytest.mark.parametrize("text", ["", "[1]", "{}", '{"of": 5}'])
def test_a_file_that_cannot_be_read_is_replaced(engine: Engine, config: Config, text: str) -> None:
    (config.index / NAME).write_text(text)
    assert Comparing(engine).known() is None
    assert Comparing(engine).found() == Comparing(engine).known()


def test_where_nothing_can_be_kept_they_are_known_until_the_program_ends(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, counted: Counted
) -> None:
    def full(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(module, "keep", full)
    comparing = comparing_of(engine)
    assert comparing.found() == comparing.found()
    assert counted.times == 1


def test_only_one_compares_and_tells_how_far_it_is(engine: Engine, counted: Counted) -> None:
    comparing, told = comparing_of(engine), threading.Event()
    counted.released.clear()
    comparing.start(told.set)
    assert counted.begun.wait(60) and told.is_set()
    comparing.start(told.set)
    with pytest.raises(BusyError, match=r"being compared \(1 of 2\): ask again when that is done\."):
        comparing.found()
    assert comparing.progress == module.Progress("reading", 1, 2)
    assert engine.ask("What does the Bergen rowing club pay?").citations  # questions are answered meanwhile
    before = comparing.ended
    counted.released.set()
    wait_until(lambda: comparing.ended > before and comparing.progress is None, 60)
    assert comparing.found().conflicts and counted.times == 1


def test_what_ends_it_is_said_and_it_can_be_tried_again(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(resources: Resources, step: Step) -> Conflicts:
        raise ModelError("The reader is damaged: install the program again.")

    comparing = comparing_of(engine)
    with monkeypatch.context() as patch:
        patch.setattr(module, "conflicts", fails)
        comparing.start(lambda: None)
        wait_until(lambda: comparing.ended, 60)
    assert isinstance(comparing.error, ModelError) and comparing.progress is None and comparing.known() is None
    comparing.start(lambda: None)
    wait_until(lambda: comparing.known() is not None, 60)
    assert comparing.error is None


@pytest.mark.parametrize("how", ["closed", "engine closed"])
def test_it_ends_with_the_chat_or_the_engine(engine: Engine, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    ended, begun = list[BaseException](), threading.Event()

    def endless(resources: Resources, step: Step) -> Conflicts:
        try:
            while True:
                step("reading", 1, 2)
                begun.set()
        except ClosedError as error:
            ended.append(error)
            raise

    monkeypatch.setattr(module, "conflicts", endless)
    comparing = comparing_of(engine)
    comparing.start(lambda: None)
    assert begun.wait(60)
    if how == "engine closed":
        engine.close()
        wait_until(lambda: ended, 60)
    assert comparing.close(60) and len(ended) == 1
    comparing.start(lambda: None)  # nothing is compared any more
    assert len(ended) == 1 and comparing.error is None


def test_without_an_index_it_is_said_so(config: Config, tiny: TinyEncoder) -> None:
    with Engine.open(config, tiny) as engine, pytest.raises(NoGenerationError):
        comparing_of(engine).found()
