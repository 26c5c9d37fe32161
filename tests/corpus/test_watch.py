"""Following the folder: when a change is reported, when it is delayed, and what is not a change."""

from __future__ import annotations

import os
import queue
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import watchfiles
from corpora import replace_unseen

from qa.config import Config
from qa.corpus import watch

QUIET, LONGEST, EVERY = 0.1, 0.6, 0.15
SOON, NEVER = 10.0, 0.4  # seconds: by which a change must be reported, and after which it never will be


class Reports:
    """The reports about a folder, collected in another thread."""

    def __init__(self, config: Config, **times: float) -> None:
        self.stop = threading.Event()
        self.any = threading.Event()  # since the last `next`
        self._told: queue.Queue[float] = queue.Queue()
        times = {"quiet": QUIET, "longest": LONGEST, "every": EVERY, **times}
        self.thread = threading.Thread(target=self._work, args=(config, times))
        self.thread.start()

    def _work(self, config: Config, times: dict[str, float]) -> None:
        for _ in watch.watch_folder(config, self.stop, **times):
            self._told.put(time.monotonic())
            self.any.set()

    def next(self) -> float:
        moment = self._told.get(timeout=SOON)
        self.any.clear()
        return moment

    def nothing(self) -> bool:
        with pytest.raises(queue.Empty):
            self._told.get(timeout=NEVER)
        return True


@contextmanager
def followed(config: Config, **times: float) -> Iterator[Reports]:
    reports = Reports(config, **times)
    try:
        yield reports
    finally:
        reports.stop.set()
        reports.thread.join(10)
    assert not reports.thread.is_alive()


@pytest.fixture
def folder(config: Config) -> Path:
    """The corpus folder with two articles, one of them in a subfolder."""
    (config.corpus / "sub").mkdir()
    (config.corpus / "a.md").write_text("one")
    (config.corpus / "sub" / "b.md").write_text("two")
    return config.corpus


def add_in_a_new_folder(folder: Path) -> None:
    (folder / "new" / "deep").mkdir(parents=True)
    (folder / "new" / "deep" / "c.md").write_text("three")


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "c.md").write_text("three"),
        lambda folder: (folder / "a.md").write_text("other"),
        lambda folder: replace_unseen(folder / "a.md", "two"),
        lambda folder: (folder / "a.md").rename(folder / "z.md"),
        lambda folder: (folder / "sub" / "b.md").unlink(),
        lambda folder: (folder / "sub").rename(folder / "other"),
        lambda folder: shutil.rmtree(folder / "sub"),
        lambda folder: (folder / "picture.mp4").write_bytes(b"x"),
        add_in_a_new_folder,
    ],
    ids=[
        "added",
        "changed",
        "replaced",
        "renamed",
        "deleted",
        "folder renamed",
        "folder deleted",
        "not an article",
        "new folder",
    ],
)
def test_a_change_is_reported_once(config: Config, folder: Path, change: Callable[[Path], object]) -> None:
    with followed(config, every=60) as reports:
        reports.next()
        change(folder)
        reports.next()
        assert reports.nothing()


def test_changes_in_a_later_folder_are_reported(config: Config, folder: Path) -> None:
    with followed(config, every=60) as reports:
        reports.next()
        add_in_a_new_folder(folder)
        reports.next()
        (folder / "new" / "deep" / "c.md").write_text("three, and more")
        reports.next()


def test_changes_that_affect_no_article_are_not_reported(config: Config, folder: Path) -> None:
    (folder / "log").write_text("x")
    with followed(config, quiet=0.2) as reports:
        reports.next()
        (folder / "a.md").read_text()
        (folder / ".upload-1").write_text("half an article")
        (folder / "empty").mkdir()
        (folder / "passing.md").write_text("x")
        (folder / "passing.md").unlink()
        (folder / "log").write_text("more and more")
        assert reports.nothing()


def test_a_hidden_file_that_is_written_without_end_makes_nobody_deaf(config: Config, folder: Path) -> None:
    with followed(config) as reports:
        reports.next()
        with (folder / ".log").open("w") as file:
            (folder / "a.md").write_text("other")
            ends = time.monotonic() + SOON
            while not reports.any.wait(0.01) and time.monotonic() < ends:
                file.write("more ")
                file.flush()
        assert reports.next() < ends


def test_an_index_below_the_folder_is_ignored(config: Config, folder: Path) -> None:
    config = Config(corpus=folder, index=folder / "index")
    config.index.mkdir()
    with followed(config) as reports:
        reports.next()
        (config.index / "a.md").write_text("x")
        assert reports.nothing()


def test_a_file_that_is_being_written_is_waited_for(config: Config, folder: Path) -> None:
    with followed(config, quiet=0.2, longest=60) as reports:
        reports.next()
        with (folder / "large.md").open("w") as file:
            for _ in range(20):
                file.write("more ")
                file.flush()
                ended = time.monotonic()
                assert not reports.any.wait(0.03)
        assert reports.next() > ended


def test_endless_writing_is_not_waited_for(config: Config, folder: Path) -> None:
    with followed(config, quiet=0.2) as reports:
        reports.next()
        with (folder / "large.md").open("w") as file:
            ends = time.monotonic() + SOON
            while not reports.any.wait(0.02) and time.monotonic() < ends:
                file.write("more ")
                file.flush()
        assert reports.next() < ends


def test_a_change_during_indexing_is_reported_after_it(config: Config, folder: Path) -> None:
    stop = threading.Event()
    changes = watch.watch_folder(config, stop, QUIET, LONGEST, 60)
    next(changes)
    (folder / "c.md").write_text("while nobody listens")
    next(changes)
    stop.set()
    assert next(changes, "ended") == "ended"


def test_a_folder_that_goes_and_comes_is_followed_again(config: Config, folder: Path) -> None:
    with followed(config) as reports:
        reports.next()
        folder.rename(folder.parent / "away")
        assert reports.nothing()
        folder.mkdir()
        (folder / "c.md").write_text("three")
        reports.next()
        (folder / "c.md").write_text("four, which is heard again")
        reports.next()


def test_a_folder_that_is_not_there_yet_is_waited_for(config: Config) -> None:
    config.corpus.rmdir()
    with followed(config) as reports:
        assert reports.nothing()
        config.corpus.mkdir()
        reports.next()


def test_a_linked_folder_is_followed_and_so_is_one_linked_from_it(config: Config, folder: Path) -> None:
    other = folder.parent / "other"
    other.mkdir()
    link = folder.parent / "link"
    link.symlink_to(folder)
    with followed(Config(corpus=link, index=config.index)) as reports:
        reports.next()
        (folder / "c.md").write_text("three")
        reports.next()
        link.unlink()
        link.symlink_to(other)
        reports.next()
        (other / "d.md").write_text("four")
        reports.next()


def test_without_notifications_the_folder_is_scanned_and_this_is_reported_once(
    config: Config, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def none_left(*_: object, **__: object) -> Iterator[set[object]]:
        raise OSError("no watches left")
        yield

    watch._warn_once.cache_clear()
    monkeypatch.setattr(watchfiles, "watch", none_left)
    with followed(config) as reports:
        reports.next()
        for text in ("other", "yet another"):
            (folder / "a.md").write_text(text)
            reports.next()
    assert caplog.text.count("no watches left") == 1


def test_a_lost_event_is_made_up_for_by_the_next_scan(
    config: Config, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deaf(*_: object, stop_event: threading.Event, **__: object) -> Iterator[set[object]]:
        while not stop_event.wait(0.01):
            yield set()

    monkeypatch.setattr(watchfiles, "watch", deaf)
    with followed(config) as reports:
        reports.next()
        (folder / "a.md").write_text("other")
        reports.next()


@pytest.mark.skipif(os.name == "nt", reason="links need leave there")
def test_linked_folders_are_not_subscribed_to(
    config: Config, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (folder / "link").symlink_to(outside)
    (folder / ".git").mkdir()
    subscribed: list[tuple[str, ...]] = []

    def note(*folders: Path, stop_event: threading.Event, recursive: bool, **_: object) -> Iterator[set[object]]:
        subscribed.append(tuple(sorted(map(str, folders))))
        assert not recursive
        while not stop_event.wait(0.01):
            yield set()

    monkeypatch.setattr(watch, "_RECURSIVE", False)
    monkeypatch.setattr(watchfiles, "watch", note)
    with followed(config) as reports:
        reports.next()
    assert set(subscribed) == {(str(folder), str(folder / "sub"))}


def test_it_ends_soon_when_asked(config: Config, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listening, listen = threading.Event(), watchfiles.watch

    def noted(*folders: Path, **named: Any) -> Iterator[Any]:
        listening.set()
        yield from listen(*folders, **named)

    monkeypatch.setattr(watchfiles, "watch", noted)
    with followed(config, quiet=60, every=60) as reports:
        assert listening.wait(10)
        begun = time.monotonic()
        reports.stop.set()
        reports.thread.join(10)
        assert time.monotonic() - begun < 1


def test_a_change_in_any_of_several_folders_is_reported_and_a_folder_that_appears(tmp_path: Path) -> None:
    config = Config.from_env({}, [tmp_path / "notes", tmp_path / "work"], tmp_path / "index")
    (tmp_path / "notes").mkdir()
    with followed(config) as reports:
        reports.next()
        (tmp_path / "notes" / "new.md").write_text("new")
        reports.next()
        (tmp_path / "away").mkdir()
        (tmp_path / "away" / "old.md").write_text("old")
        (tmp_path / "away").rename(tmp_path / "work")
        reports.next()
        (tmp_path / "work" / "new.md").write_text("new")
        reports.next()
