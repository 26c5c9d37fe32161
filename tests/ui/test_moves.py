"""Files that the library removes or renames are never lost: each move can be undone, and replaces nothing."""

from __future__ import annotations

import errno
import os
import re
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qa.config import Config
from qa.corpus.documents import read, scan
from qa.corpus.records import FileRecord
from qa.errors import CorpusError, StoreError
from qa.ui.library.moves import Moves


def put(config: Config, path: str = "bees.md", text: str = "# Bees\n\nBees hum all day.\n") -> FileRecord:
    """Write a file, and return its record as the index has it."""
    place = config.corpus / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
    (file,) = [each for each in scan(config.corpus, 1000) if each.record.path == path]
    return read(file)[0]


def moves(config: Config) -> Moves:
    return Moves(config.corpus, config.index)


def below(folder: Path) -> dict[str, str]:
    """Every file below a folder, hidden ones too, with its text."""
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*")) if not path.is_dir()}


# --- removing ---------------------------------------------------------------------------------------------------------


def test_a_removed_file_is_kept_in_the_index_folder_unchanged_and_comes_back(config: Config) -> None:
    bees = put(config, "garden/bees.md")
    before, facts = below(config.corpus), (config.corpus / "garden/bees.md").stat()
    move = moves(config).remove(bees)
    assert re.fullmatch(r"\d{8}-\d{6}-bees\.md", move.place)
    assert below(config.corpus) == {}
    assert list(below(config.index / "removed").values()) == list(before.values())
    (config.corpus / "garden").rmdir()
    assert moves(config).removed() == (move,)  # also after a restart
    moves(config).undo(move.number)
    assert below(config.corpus) == before and below(config.index / "removed") == {}
    assert (config.corpus / "garden/bees.md").stat().st_mtime_ns == facts.st_mtime_ns
    assert moves(config).removed() == ()


def test_a_file_that_was_never_read_is_told_by_its_size_and_time(config: Config) -> None:
    put(config, "film.mp4", "x")
    (file,) = scan(config.corpus, 1000)
    assert file.record.sha256 == ""
    with pytest.raises(CorpusError, match="has changed since it was listed"):
        moves(config).remove(replace(file.record, size=2))
    moves(config).undo(moves(config).remove(file.record).number)
    assert below(config.corpus) == {"film.mp4": "x"}


def test_files_of_one_name_do_not_replace_each_other(config: Config) -> None:
    done = [moves(config).remove(put(config, text=f"{number}")) for number in range(3)]
    assert [below(config.index / "removed")[move.place] for move in done] == ["0", "1", "2"]
    moves(config).undo(done[1].number)
    with pytest.raises(CorpusError, match=r"There is a file of this name already, so bees\.md cannot take it"):
        moves(config).undo(done[2].number)
    assert below(config.corpus) == {"bees.md": "1"}
    assert [move.number for move in moves(config).removed()] == [done[2].number, done[0].number]


def change(place: Path) -> None:
    place.write_text("my own words")


def link(place: Path) -> None:
    place.rename(place.with_name("other.md"))
    place.symlink_to(place.with_name("other.md"))


def vanish(place: Path) -> None:
    place.unlink()


def same_size_and_time(place: Path) -> None:
    facts = place.stat()
    place.write_text("x" * facts.st_size)
    os.utime(place, ns=(facts.st_atime_ns, facts.st_mtime_ns))


@pytest.mark.parametrize("happens", [change, link, vanish, same_size_and_time])
def test_a_file_that_has_changed_stays_where_it_is(config: Config, happens: object) -> None:
    bees = put(config)
    happens(config.corpus / "bees.md")  # type: ignore[operator]
    before = below(config.corpus)
    with pytest.raises(CorpusError, match="has changed since it was listed: reload the page"):
        moves(config).remove(bees)
    with pytest.raises(CorpusError):
        moves(config).rename(bees, "wasps.md")
    assert below(config.corpus) == before and moves(config).removed() == ()


@pytest.mark.parametrize("path", ["../outside.md", "/etc/hostname", "", ".", "sub/../../outside.md", "linked/a.md"])
def test_nothing_outside_the_folder_is_moved(config: Config, path: str) -> None:
    config.corpus.mkdir(exist_ok=True)
    (config.corpus.parent / "outside.md").write_text("x")
    (config.corpus.parent / "other").mkdir()
    (config.corpus.parent / "other" / "a.md").write_text("x")
    (config.corpus / "linked").symlink_to(config.corpus.parent / "other")
    facts = (config.corpus.parent / "outside.md").stat()
    with pytest.raises(CorpusError):
        moves(config).remove(FileRecord(path, 1, facts.st_mtime_ns))
    assert (config.corpus.parent / "outside.md").exists() and (config.corpus.parent / "other" / "a.md").exists()


def test_a_removed_file_does_not_come_back_through_a_link_that_leads_out(config: Config) -> None:
    move = moves(config).remove(put(config, "garden/bees.md"))
    (config.corpus / "garden").rmdir()
    (config.corpus.parent / "other").mkdir()
    (config.corpus / "garden").symlink_to(config.corpus.parent / "other")
    with pytest.raises(CorpusError, match="is outside the folder"):
        moves(config).undo(move.number)
    assert below(config.corpus.parent / "other") == {} and len(below(config.index / "removed")) == 1


# --- renaming ---------------------------------------------------------------------------------------------------------


def test_a_renamed_file_stays_in_its_folder_and_gets_its_name_back(config: Config) -> None:
    bees = put(config, "garden/bees.md")
    before = below(config.corpus)
    move = moves(config).rename(bees, "wasps and bees.md")
    assert below(config.corpus) == {"garden/wasps and bees.md": before["garden/bees.md"]}
    assert moves(config).removed() == ()
    moves(config).undo(move.number)
    assert below(config.corpus) == before
    with pytest.raises(CorpusError, match="undone already"):
        moves(config).undo(move.number)


def test_a_renamed_file_that_was_edited_keeps_its_new_name(config: Config) -> None:
    move = moves(config).rename(put(config), "wasps.md")
    (config.corpus / "wasps.md").write_text("my own words")
    with pytest.raises(CorpusError, match=r"wasps\.md is gone or has changed: move it back yourself"):
        moves(config).undo(move.number)
    assert below(config.corpus) == {"wasps.md": "my own words"}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("../bees.md", "cannot be the name of a file"),
        ("a/b.md", "cannot be the name of a file"),
        (".hidden.md", "cannot be the name of a file"),
        ("", "cannot be the name of a file"),
        ("con.md", "cannot be the name of a file"),
        ("bees.txt", "says how it is read: keep '.md'"),
        ("bees", "says how it is read: keep '.md'"),
        ("wasps.md", "There is a file of this name already"),
    ],
)
def test_a_name_that_cannot_be_is_refused_with_what_to_do(config: Config, name: str, words: str) -> None:
    bees = put(config)
    put(config, "wasps.md", "wasps")
    before = below(config.corpus)
    with pytest.raises(CorpusError, match=words):
        moves(config).rename(bees, name)
    assert below(config.corpus) == before


# --- what may go wrong ------------------------------------------------------------------------------------------------


@pytest.fixture
def two_disks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The corpus and the index are on separate file systems."""
    make_link = os.link

    def across(source: Path, target: Path) -> None:
        if Path(source).parent != Path(target).parent:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        make_link(source, target)

    monkeypatch.setattr(os, "link", across)


@pytest.mark.usefixtures("two_disks")
def test_a_file_is_removed_to_another_disk_and_comes_back(config: Config) -> None:
    bees = put(config)
    move = moves(config).remove(bees)
    assert below(config.corpus) == {} and list(below(config.index / "removed")) == [move.place]
    moves(config).undo(move.number)
    assert list(below(config.corpus)) == ["bees.md"] and below(config.index / "removed") == {}


@pytest.mark.usefixtures("two_disks")
def test_a_disk_that_is_full_leaves_the_file_where_it_is(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    bees = put(config)

    def full(source: Path, target: Path) -> None:
        Path(target).write_bytes(b"# B")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("shutil.copy2", full)
    with pytest.raises(CorpusError, match=r"cannot be moved \(No space left on device\): move it in the folder"):
        moves(config).remove(bees)
    assert list(below(config.corpus)) == ["bees.md"]
    assert os.listdir(config.index / "removed") == [] and moves(config).removed() == ()


def test_where_there_are_no_links_a_file_is_moved_all_the_same(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(source: Path, target: Path) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", none)
    bees = put(config)
    put(config, "wasps.md", "wasps")
    with pytest.raises(CorpusError, match="There is a file of this name already"):
        moves(config).rename(bees, "wasps.md")
    moves(config).undo(moves(config).remove(bees).number)
    assert sorted(below(config.corpus)) == ["bees.md", "wasps.md"]


def test_a_list_of_moves_that_is_damaged_is_one_sentence_and_nothing_is_moved(config: Config) -> None:
    bees = put(config)
    config.index.mkdir()
    (config.index / "feedback.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError, match=r"moved files cannot be used .*: move that file away, or restore a copy\."):
        moves(config).remove(bees)
    assert list(below(config.corpus)) == ["bees.md"]


def test_what_else_is_kept_in_the_file_stays(config: Config) -> None:
    config.index.mkdir()
    with sqlite3.connect(config.index / "feedback.sqlite") as database:
        database.execute("CREATE TABLE feedback (question TEXT)")
        database.execute("INSERT INTO feedback VALUES ('Who?')")
    moves(config).remove(put(config))
    rows = database.execute("SELECT question FROM feedback").fetchall()
    database.close()
    assert rows == [("Who?",)]


STEPS = st.lists(
    st.tuples(st.sampled_from(["remove", "rename", "undo", "write"]), st.integers(0, 3), st.integers(0, 3)), max_size=12
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(STEPS)
def test_whatever_is_done_no_bytes_are_lost(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, int]]
) -> None:
    folder = tmp_path_factory.mktemp("moves")
    config = Config(folder / "corpus", folder / "index")
    written = [f"text {number}" for number in range(3)]
    for number, text in enumerate(written):
        put(config, f"{number}.md", text)
    done: list[int] = []
    for what, one, other in steps:
        files = [read(file)[0] for file in scan(config.corpus, 1000)]
        try:
            if what == "undo" and done:
                moves(config).undo(done[one % len(done)])
            elif what == "remove" and files:
                done.append(moves(config).remove(files[one % len(files)]).number)
            elif what == "rename" and files:
                done.append(moves(config).rename(files[one % len(files)], f"{other}.md").number)
            elif what == "write" and not (config.corpus / f"{other}.md").exists():
                written.append(f"new text {len(written)}")
                put(config, f"{other}.md", written[-1])
        except CorpusError:
            pass  # refused: nothing may have been moved
        there = [*below(config.corpus).values(), *below(config.index / "removed").values()]
        assert sorted(there) == sorted(written)
