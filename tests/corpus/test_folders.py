"""Several folders in one library: each file has one path, which begins with the name of its folder."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from corpora import write
from starlette.testclient import TestClient

from qa.build import build
from qa.cli import main
from qa.config import Config, resolve
from qa.corpus.documents import folders, scan
from qa.corpus.folders import Folder, Folders, corpus_of
from qa.engine import Engine
from qa.errors import ConfigError, CorpusError, QuestionError, VanishedError
from qa.system.files import sha256_of
from qa.ui.library.moves import Moves
from qa.ui.library.uploaded import Uploads
from qa.ui.sources.articles import Articles

if TYPE_CHECKING:
    from conftest import TinyEncoder

LIMIT = 10_000


def of(root: Path, *names: str) -> Config:
    """The configuration of a library with these folders of a place."""
    config = Config.from_env({}, [root / name for name in names], root / "index")
    return replace(config, reader="off")


@pytest.fixture
def two(tmp_path: Path, tiny: TinyEncoder) -> Config:
    """Two folders that share the name of a file, built; `tiny.encoded` is empty again."""
    write(
        tmp_path / "notes", {"bees.md": "# Bees\n\nBees hum in the garden.\n", "deep/owls.md": "Owls fly at night.\n"}
    )
    write(tmp_path / "work", {"bees.md": "# Budget\n\nThe budget grew by nine percent.\n", "cats.md": "Cats purr.\n"})
    config = of(tmp_path, "notes", "work")
    build(config, tiny)
    tiny.encoded.clear()
    return config


def paths(config: Config, tiny: TinyEncoder) -> list[str]:
    with Engine.open(config, tiny) as engine:
        return sorted(engine.generation.records)


# --- names ------------------------------------------------------------------------------------------------------------


def test_one_folder_is_what_it_always_was_and_several_have_names(tmp_path: Path) -> None:
    assert Config.from_env({}, "a") == Config.from_env({}, ["a"]) == Config(corpus=Path("a"))
    assert Config.from_env({"QA_CORPUS": "a"}, []) == Config(corpus=Path("a"))
    assert Folders.of(corpus_of(Config(corpus=Path("a")))) == Folders((Folder("", Path("a")),))
    several = Config.from_env({"QA_CORPUS": os.pathsep.join(["x/a", "mine=x/b"])})
    assert several.folders == (("a", Path("x/a")), ("mine", Path("x/b"))) and several.corpus == Path("x/a")
    assert Config.from_env({}, "mine=x").folders == (("mine", Path("x")),)
    assert Config.from_env({"QA_CORPUS": "x=~/a"}).folders == (("x", Path("~/a").expanduser()),)
    odd = tmp_path / os.pathsep.join(["a=b", "c"])
    odd.mkdir()
    assert Config.from_env({"QA_CORPUS": str(odd)}) == Config.from_env({}, str(odd)) == Config(corpus=odd)


def test_the_file_of_settings_lists_folders_relative_to_it(tmp_path: Path) -> None:
    file = tmp_path / "qa.toml"
    for written in ('["notes", "old=deep/er", "/x"]', f'"{os.pathsep.join(["notes", "old=deep/er", "/x"])}"'):
        file.write_text(f"corpus = {written}\n")
        folders = resolve({}, {}, file).config().folders
        assert folders == (("notes", tmp_path / "notes"), ("old", tmp_path / "deep/er"), ("x", Path("/x")))
    file.write_text("corpus = [1]\n")
    with pytest.raises(ConfigError, match="corpus must be a text in quotes, or a list of them"):
        resolve({}, {}, file)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (
            ["a/notes", "b/Notes"],
            r"'a/notes' and 'b/Notes' are both called 'Notes': name one .* --corpus Notes2=b/Notes",
        ),
        (["a", "x=a/b"], r"'a/b' is in 'a', so its articles are in the library already: leave it out, .* in:x\."),
        (["x=a", "y=a"], "'a' is in 'a'"),
        (["/", "a"], r"The folder '/' has no name: give it one, as in --corpus NAME=/\."),
    ],
)
def test_names_are_unique_and_no_folder_is_in_another(given: list[str], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        Config.from_env({}, given)


def test_a_path_names_one_file(two: Config) -> None:
    files = scan(corpus_of(two), LIMIT)
    assert [file.record.path for file in files] == [
        "notes/bees.md",
        "notes/deep/owls.md",
        "work/bees.md",
        "work/cats.md",
    ]
    library = Folders.of(corpus_of(two))
    for file in files:
        assert library.location(file.record.path) == file.location
    with pytest.raises(FileNotFoundError):
        library.location("bees.md")
    assert [path.name for path in folders(library)] == ["notes", "deep", "work"]


# --- the index --------------------------------------------------------------------------------------------------------


def test_each_folder_is_a_scope_and_its_articles_are_cited_and_opened(two: Config, tiny: TinyEncoder) -> None:
    with Engine.open(two, tiny) as engine:
        ranked = engine.search("bees in:work").hits
        assert {hit.passage.document for hit in ranked} <= {"work/bees.md", "work/cats.md"}
        answer = engine.ask("What hums in the garden?", scope={"in": ["notes"]})
        assert answer.citations[0].document == "notes/bees.md" and not answer.citations[0].changed
        with pytest.raises(QuestionError, match="no folder or article “elsewhere”"):
            engine.ask("bees in:elsewhere")
        (two.corpus / "bees.md").write_text("# Bees\n\nBees sleep.\n")
        assert [engine.changed(path) for path in ("notes/bees.md", "work/bees.md")] == [True, False]
        states = {state.record.path: state.pending for state in engine.status().files}
        assert states == {"notes/bees.md": "changed", "notes/deep/owls.md": "", "work/bees.md": "", "work/cats.md": ""}
        articles = Articles(engine, lambda _: True)
        client = TestClient(articles)
        assert "budget grew" in client.get("/articles/text", params={"path": "work/bees.md"}).text
        assert client.get("/articles/file", params={"path": "work/bees.md"}).text.startswith("# Budget")
        assert client.get("/articles/file", params={"path": "bees.md"}).status_code == 404
        articles.close()


def test_the_order_of_the_folders_and_their_number_encode_nothing(
    two: Config, tiny: TinyEncoder, tmp_path: Path
) -> None:
    assert build(of(tmp_path, "work", "notes"), tiny).generation == "000001"
    alone = build(of(tmp_path, "work"), tiny)
    assert alone.renamed == (("work/bees.md", "bees.md"), ("work/cats.md", "cats.md"))
    assert alone.removed == ("notes/bees.md", "notes/deep/owls.md")
    again = build(two, tiny)
    assert again.renamed == (("bees.md", "work/bees.md"), ("cats.md", "work/cats.md"))
    (tmp_path / "work" / "cats.md").rename(tmp_path / "notes" / "cats.md")
    assert build(two, tiny).renamed == (("work/cats.md", "notes/cats.md"),)
    assert tiny.encoded == []


def test_a_folder_that_is_not_connected_is_asked_about_first(two: Config, tiny: TinyEncoder, tmp_path: Path) -> None:
    (tmp_path / "work").rename(tmp_path / "away")
    with pytest.raises(VanishedError, match=r"All 2 articles are gone from the folder '.*work': connect its disk"):
        build(two, tiny)
    with Engine.open(two, tiny) as engine:  # the last index stays, but does not answer from files that are gone
        found = {hit.passage.document for hit in engine.search("budget bees owls").hits}
        assert found == {"notes/bees.md", "notes/deep/owls.md"}
        assert sum(state.pending == "removed" for state in engine.status().files) == 2
    assert build(two, tiny, confirmed=True).removed == ("work/bees.md", "work/cats.md")
    (tmp_path / "notes" / "new.md").write_text("Newts swim.")
    assert build(two, tiny).added == ("notes/new.md",)  # it goes on without the folder
    tiny.encoded.clear()
    (tmp_path / "away").rename(tmp_path / "work")
    assert build(two, tiny).added == ("work/bees.md", "work/cats.md")


def test_most_articles_of_one_folder_are_asked_about_even_if_they_are_few_of_all(
    tmp_path: Path, tiny: TinyEncoder
) -> None:
    write(tmp_path / "many", {f"{n}.md": f"Article {n} of many." for n in range(9)})
    write(tmp_path / "few", {f"{n}.md": f"Article {n} of few." for n in range(4)})
    config = of(tmp_path, "many", "few")
    build(config, tiny)
    for name in ("0.md", "1.md", "2.md"):
        (tmp_path / "few" / name).unlink()
    with pytest.raises(VanishedError, match=r"3 of 4 articles are gone from the folder '.*few'"):
        build(config, tiny)


def test_without_any_of_its_folders_there_is_no_library(two: Config, tiny: TinyEncoder, tmp_path: Path) -> None:
    for name in ("notes", "work"):
        (tmp_path / name).rename(tmp_path / f"{name} away")
    with pytest.raises(CorpusError, match=r"There is no folder '.*notes': connect its disk"):
        build(two, tiny, confirmed=True)
    assert len(paths(two, tiny)) == 4


# --- what the library does with files ---------------------------------------------------------------------------------


def test_files_are_renamed_removed_and_put_back_in_their_folder(two: Config, tiny: TinyEncoder, tmp_path: Path) -> None:
    moves = Moves(corpus_of(two), two.index)
    with Engine.open(two, tiny) as engine:
        records = engine.generation.records
        renamed = moves.rename(records["work/bees.md"], "budget.md")
        assert renamed.place == "work/budget.md" and (tmp_path / "work" / "budget.md").exists()
        moves.undo(renamed.number)
        removed = moves.remove(records["work/bees.md"])
        assert sorted(os.listdir(tmp_path / "work")) == ["cats.md"] and (tmp_path / "notes" / "bees.md").exists()
        moves.undo(removed.number)
    assert sorted(os.listdir(tmp_path / "work")) == ["bees.md", "cats.md"]
    gone = Moves(corpus_of(of(tmp_path, "notes", "deeper")), two.index)
    with pytest.raises(CorpusError, match=r"work/bees\.md cannot be moved \(No such file or directory\)"):
        gone.remove(records["work/bees.md"])


def test_uploads_are_remembered_by_their_folder(two: Config, tmp_path: Path) -> None:
    uploads = Uploads(corpus_of(two), two.index)
    uploads.add("work/cats.md", sha256_of(tmp_path / "work" / "cats.md"))
    assert list(uploads.present()) == ["work/cats.md"]
    assert Uploads(corpus_of(of(tmp_path, "notes")), two.index).present() == {}


# --- the command line -------------------------------------------------------------------------------------------------


def test_commands_take_several_folders(two: Config, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    named = ["--corpus", str(tmp_path / "notes"), "--corpus", f"job={tmp_path / 'work'}", "--index", str(two.index)]
    assert main(["status", *named]) == 0
    assert "job/bees.md" in capsys.readouterr().out
    (tmp_path / "work").rename(tmp_path / "away")
    assert main(["build", *named]) == 1
    assert "connect its disk, or go on without it: `qa build --yes`" in capsys.readouterr().err
    assert main(["status", "--corpus", "x=", "--index", str(two.index)]) == 1
