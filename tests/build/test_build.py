"""From a folder to a generation: what is indexed, what is reused, and that every shortcut equals a full build."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from corpora import article, embeddings, is_whole, prose, replace_unseen, snapshot, write
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from waiting import take_time, wait_until

from qa import formats
from qa.build import BuildReport, Progress, build
from qa.config import Address, Config
from qa.corpus import changes, documents
from qa.corpus.documents import CorpusFile
from qa.corpus.records import FileRecord
from qa.engine import Engine
from qa.errors import CorpusError, VanishedError
from qa.formats.decoding import Unreadable
from qa.index.local import store
from qa.models.protocols import Vectors
from qa.sandbox import parsing
from qa.sandbox.parsing import ParsedFile
from qa.text.document import Contents
from qa.text.passages import PassageSettings, Splitting

if TYPE_CHECKING:
    from conftest import TinyEncoder

HOUR_NS = 3_600_000_000_000


@pytest.fixture
def built(config: Config, tiny: TinyEncoder) -> Config:
    """Three articles of three passages each, built; `tiny.encoded` is empty again."""
    write(
        config.corpus,
        {
            "harbour.md": article("Harbours", "anchor", "beacon", "canal"),
            "kitchen.md": article("Kitchens", "dough", "embers", "flour"),
            "notes/garden.md": article("", "gravel", "hedge", "iris"),
        },
    )
    build(config, tiny)
    tiny.encoded.clear()
    return config


def find(config: Config, encoder: TinyEncoder, query: str, top_k: int = 5) -> list[str]:
    """The documents of the passages that contain the first word of the query, best first."""
    hits = Engine.open(config, encoder).search(query, top_k).hits
    return [hit.passage.document for hit in hits if query.split()[0] in hit.passage.text]


def nothing_happened(report: BuildReport) -> bool:
    return not (report.added or report.changed or report.renamed or report.removed or report.passages_encoded)


def test_first_build_indexes_every_article(config: Config, tiny: TinyEncoder) -> None:
    write(config.corpus, {"a.md": article("A", "anchor", "beacon"), "below/b.txt": prose("canal")})
    report = build(config, tiny)
    assert report.generation == "000001"
    assert report.added == ("a.md", "below/b.txt")
    assert (report.documents, report.passages, report.passages_encoded) == (2, 3, 3)
    assert (report.changed, report.renamed, report.removed, report.unchanged, report.failed) == ((), (), (), 0, ())
    assert report.seconds > 0
    assert is_whole(config.index)
    assert find(config, tiny, "canal") == ["below/b.txt"]


def test_unchanged_folder_keeps_the_generation_encodes_and_writes_nothing(built: Config, tiny: TinyEncoder) -> None:
    before = snapshot(built.index)
    report = build(built, tiny)
    assert report.generation == "000001"
    assert nothing_happened(report)
    assert (report.unchanged, report.documents, report.passages) == (3, 3, 9)
    assert tiny.encoded == []
    assert snapshot(built.index) == before


def test_old_unchanged_files_are_not_even_read(
    config: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(config.corpus, {"old.md": article("Old", "anchor"), "young.md": article("Young", "beacon")})
    an_hour_ago = time.time_ns() - HOUR_NS
    os.utime(config.corpus / "old.md", ns=(an_hour_ago, an_hour_ago))
    build(config, tiny)
    read: list[str] = []
    really = documents.read

    def noted(file: CorpusFile) -> tuple[FileRecord, bytes]:
        read.append(file.record.path)
        return really(file)

    monkeypatch.setattr(documents, "read", noted)
    assert nothing_happened(build(config, tiny))
    assert read == ["young.md"]  # written too recently to trust its time, so it is read


def test_only_changed_passages_are_encoded(built: Config, tiny: TinyEncoder) -> None:
    write(built.corpus, {"kitchen.md": article("Kitchens", "dough", "kettle", "flour")})
    report = build(built, tiny)
    assert report.changed == ("kitchen.md",)
    assert (report.added, report.removed, report.renamed, report.unchanged) == ((), (), (), 2)
    assert report.passages_encoded == len(tiny.encoded) == 1
    assert prose("kettle") in tiny.encoded[0]
    assert find(built, tiny, "kettle") == ["kitchen.md"]
    assert find(built, tiny, "embers") == []


def test_new_title_makes_its_passages_new(built: Config, tiny: TinyEncoder) -> None:
    write(built.corpus, {"kitchen.md": article("Galleys", "dough", "embers", "flour")})
    assert build(built, tiny).passages_encoded == 3


@pytest.mark.parametrize("path", ["harbour.md", "notes/garden.md"], ids=["titled", "untitled"])
def test_rename_costs_nothing_and_is_cited_by_its_new_path(built: Config, tiny: TinyEncoder, path: str) -> None:
    word = {"harbour.md": "beacon", "notes/garden.md": "hedge"}[path]
    (built.corpus / path).rename(built.corpus / "a new_name.md")
    report = build(built, tiny)
    assert report.renamed == ((path, "a new_name.md"),)
    assert (report.added, report.changed, report.removed, report.unchanged) == ((), (), (), 2)
    assert report.passages_encoded == 0
    assert tiny.encoded == []
    cited = Engine.open(built, tiny).ask(f"Where does the {word} report say it lies?").citations[0]
    assert cited.document == "a new_name.md"
    assert cited.title == {"harbour.md": "Harbours", "notes/garden.md": "a new name"}[path]
    assert find(built, tiny, word) == ["a new_name.md"]


def test_a_file_renamed_to_another_extension_is_read_again(config: Config, tiny: TinyEncoder) -> None:
    write(config.corpus, {"harbour.md": "---\ntitle: Harbours\n---\n\n" + prose("beacon")})
    build(config, tiny)
    (config.corpus / "harbour.md").rename(config.corpus / "harbour.txt")
    report = build(config, tiny)
    assert (report.renamed, report.added, report.removed) == ((), ("harbour.txt",), ("harbour.md",))
    document = Engine.open(config, tiny).document("harbour.txt")
    assert document is not None
    assert document.title == ""  # plain text has no front matter
    assert find(config, tiny, "beacon") == ["harbour.txt"]


def test_renamed_folder_is_a_rename_of_each_file_even_of_equal_ones(config: Config, tiny: TinyEncoder) -> None:
    write(config.corpus, {f"old/{name}.md": article("Same", "anchor") for name in "abc"})
    build(config, tiny)
    (config.corpus / "old").rename(config.corpus / "new")
    report = build(config, tiny)
    assert sorted(old for old, _ in report.renamed) == ["old/a.md", "old/b.md", "old/c.md"]
    assert sorted(new for _, new in report.renamed) == ["new/a.md", "new/b.md", "new/c.md"]
    assert (report.added, report.removed, report.passages_encoded) == ((), (), 0)


def test_deleted_article_can_no_longer_be_cited_or_found(built: Config, tiny: TinyEncoder) -> None:
    (built.corpus / "harbour.md").unlink()
    report = build(built, tiny)
    assert report.removed == ("harbour.md",)
    assert (report.documents, report.passages, report.passages_encoded) == (2, 6, 0)
    engine = Engine.open(built, tiny)
    assert engine.document("harbour.md") is None
    assert "harbour.md" not in engine.generation.records
    for word in ("anchor", "beacon", "canal"):
        assert find(built, tiny, word, 100) == []
        cited = {citation.document for citation in engine.ask(f"What of the {word}?", top_k=100).citations}
        assert cited == {"kitchen.md", "notes/garden.md"}


def test_if_most_files_are_gone_at_once_the_last_index_stays_until_that_is_confirmed(
    built: Config, tiny: TinyEncoder
) -> None:
    built.corpus.rename(built.corpus.parent / "away")
    built.corpus.mkdir()
    for _ in range(2):
        with pytest.raises(VanishedError) as raised:
            build(built, tiny)
        assert str(raised.value) == (
            f"All 3 articles are gone from the folder {str(built.corpus)!r}: connect its disk if it is not there, or "
            "run `qa build --yes` to take them out of the index."
        )
        assert len(Engine.open(built, tiny).generation.records) == 3
    (built.corpus / "one.md").write_text("Only one article is new here.", "utf-8")
    with pytest.raises(VanishedError):
        build(built, tiny)
    assert build(built, tiny, confirmed=True).removed == ("harbour.md", "kitchen.md", "notes/garden.md")


@pytest.mark.parametrize(
    ("before", "gone", "added", "asks"),
    [(3, 3, 0, True), (3, 2, 0, False), (10, 6, 0, True), (10, 5, 0, False), (10, 6, 7, False), (2, 2, 0, False)],
)
def test_which_removals_look_like_a_disk_that_is_not_connected(before: int, gone: int, added: int, asks: bool) -> None:
    known = {f"{n}.md": FileRecord(f"{n}.md", 1, 1, str(n)) for n in range(before)}
    removed = tuple(known)[:gone]
    changes_ = changes.Changes(tuple(f"new{n}.md" for n in range(added)), (), (), removed, before - gone, True)
    assert changes.vanished(changes_, known) == (gone if asks else 0)


def test_articles_that_come_back_are_not_encoded_again(built: Config, tiny: TinyEncoder) -> None:
    articles = built.corpus.rename(built.corpus.parent / "away")
    built.corpus.mkdir()
    build(built, tiny, confirmed=True)
    built.corpus.rmdir()
    articles.rename(built.corpus)
    report = build(built, tiny)
    assert (report.passages, report.passages_encoded, tiny.encoded) == (9, 0, [])
    assert find(built, tiny, "anchor") == ["harbour.md"]
    assert is_whole(built.index)


def test_deleting_all_leaves_an_empty_index_that_can_grow_again(built: Config, tiny: TinyEncoder) -> None:
    articles = built.corpus.rename(built.corpus.parent / "away")
    built.corpus.mkdir()
    report = build(built, tiny, confirmed=True)
    assert report.removed == ("harbour.md", "kitchen.md", "notes/garden.md")
    assert (report.documents, report.passages) == (0, 0)
    assert is_whole(built.index)
    assert Engine.open(built, tiny).search("anchor").hits == ()
    shutil.rmtree(built.corpus)
    articles.rename(built.corpus)
    assert build(built, tiny).passages == 9
    assert find(built, tiny, "anchor") == ["harbour.md"]


def test_copy_is_added_and_costs_nothing(built: Config, tiny: TinyEncoder) -> None:
    shutil.copy(built.corpus / "harbour.md", built.corpus / "quay.md")
    report = build(built, tiny)
    assert (report.added, report.renamed, report.unchanged) == (("quay.md",), (), 3)
    assert (report.passages, report.passages_encoded) == (12, 0)
    assert sorted(find(built, tiny, "beacon")) == ["harbour.md", "quay.md"]


def test_equal_articles_are_encoded_once(config: Config, tiny: TinyEncoder) -> None:
    write(config.corpus, {"a.md": article("Same", "anchor", "beacon"), "b.md": article("Same", "anchor", "beacon")})
    report = build(config, tiny)
    assert (report.passages, report.passages_encoded, len(tiny.encoded)) == (4, 2, 2)


def test_swapped_contents_follow_the_files(built: Config, tiny: TinyEncoder) -> None:
    one, other = built.corpus / "harbour.md", built.corpus / "kitchen.md"
    kept = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(kept)
    report = build(built, tiny)
    assert report.changed == ("harbour.md", "kitchen.md")
    assert report.passages_encoded == 0
    assert find(built, tiny, "anchor") == ["kitchen.md"]
    assert find(built, tiny, "dough") == ["harbour.md"]


def test_change_of_equal_size_and_time_just_after_a_build_is_noticed(built: Config, tiny: TinyEncoder) -> None:
    place = built.corpus / "kitchen.md"
    before = place.stat()
    place.write_text(place.read_text().replace("embers", "ginger"))
    os.utime(place, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = place.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert build(built, tiny).changed == ("kitchen.md",)
    assert find(built, tiny, "ginger") == ["kitchen.md"]


@pytest.mark.parametrize("by_another", [False, True])
def test_replacement_of_equal_size_and_time_long_after_is_noticed(
    config: Config, tiny: TinyEncoder, by_another: bool
) -> None:
    write(config.corpus, {"old.md": article("Old", "anchor"), "other.md": article("Other", "beacon")})
    for place in config.corpus.iterdir():
        os.utime(place, ns=(HOUR_NS, HOUR_NS))
    build(config, tiny)
    place = config.corpus / "old.md"
    replace_unseen(place, place.read_text().replace("anchor", "ginger"), by_another)
    assert build(config, tiny).changed == ("old.md",)
    assert find(config, tiny, "ginger") == ["old.md"]


def test_copied_folder_and_index_are_read_again_but_nothing_is_written(
    built: Config, tiny: TinyEncoder, tmp_path: Path
) -> None:
    """A copy that keeps the times of modification, as a restored backup does."""
    copy = replace(built, corpus=tmp_path / "copied corpus", index=tmp_path / "copied index")
    shutil.copytree(built.corpus, copy.corpus)
    shutil.copytree(built.index, copy.index)
    before = snapshot(copy.index)
    assert nothing_happened(build(copy, tiny))
    assert snapshot(copy.index) == before


def test_what_is_taken_over_gets_the_new_times(
    built: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a copied folder would be read again by every build, even after others have been published."""
    for place in built.corpus.rglob("*.md"):
        os.utime(place, ns=(HOUR_NS, HOUR_NS))
    write(built.corpus, {"new.md": article("New", "juniper")})
    build(built, tiny)
    (built.corpus / "new.md").unlink()
    monkeypatch.setattr(documents, "read", None)
    assert build(built, tiny).removed == ("new.md",)


def test_generation_is_dated_before_its_files_were_read(config: Config, tiny: TinyEncoder) -> None:
    """Wait, so that a file that changes during a long build is not trusted by its time afterwards."""
    write(config.corpus, {"a.md": article("A", "anchor")})
    began = time.time()

    def wait_for_another_second(progress: Progress) -> None:
        wait_until(lambda: int(time.time()) > int(began))

    build(config, tiny, progress=wait_for_another_second)
    created = datetime.fromisoformat(store.LocalStore(config.index).open_current().manifest.created)
    assert created.timestamp() <= began


def test_touched_file_is_unchanged_and_nothing_is_written(built: Config, tiny: TinyEncoder) -> None:
    before = snapshot(built.index)
    os.utime(built.corpus / "kitchen.md", ns=(HOUR_NS, HOUR_NS))
    report = build(built, tiny)
    assert nothing_happened(report)
    assert report.unchanged == 3
    assert snapshot(built.index) == before


ODD_FILES: dict[str, str | bytes] = {
    "binary.md": b"\x00\x01\x02 not text \xff" * 40,
    "blank.txt": " \n\t\n",
    "empty.md": "",
    "headings.md": "# Only\n\n## Headings\n",
    "photo.mp4": b"\xff\xd8\xff",
    "README": "no ending",
}


def test_odd_files_are_listed_with_reasons_and_stop_nothing(config: Config, tiny: TinyEncoder) -> None:
    write(config.corpus, {**ODD_FILES, "good.md": article("Good", "anchor"), "large.md": "word " * 2000})
    (config.corpus / "gone.md").symlink_to(config.corpus / "nowhere.md")
    (config.corpus.parent / "outside.md").write_text("secret")
    (config.corpus / "outside.md").symlink_to(config.corpus.parent / "outside.md")
    report = build(replace(config, max_file_bytes=9000), tiny)
    assert (report.documents, report.passages) == (1, 1)
    assert {record.path for record in report.failed} == {"binary.md", "gone.md"}
    assert all(record.reason for record in report.failed)
    records = store.LocalStore(config.index).open_current().records
    assert {path: record.status for path, record in records.items()} == {
        "README": "skipped",
        "binary.md": "failed",
        "blank.txt": "empty",
        "empty.md": "empty",
        "gone.md": "failed",
        "good.md": "indexed",
        "headings.md": "empty",
        "large.md": "skipped",
        "outside.md": "skipped",
        "photo.mp4": "skipped",
    }
    assert all(record.reason for record in records.values() if record.status != "indexed")
    assert find(config, tiny, "anchor") == ["good.md"]
    assert find(config, tiny, "secret") == []


def test_odd_files_do_not_make_a_folder_look_changed(config: Config, tiny: TinyEncoder) -> None:
    write(config.corpus, {**ODD_FILES, "good.md": article("Good", "anchor")})
    (config.corpus / "gone.md").symlink_to(config.corpus / "nowhere.md")
    first = build(config, tiny)
    again = build(config, tiny)
    assert again.generation == first.generation
    assert nothing_happened(again)
    assert again.failed == first.failed


def test_failed_file_that_is_mended_is_indexed(config: Config, tiny: TinyEncoder) -> None:
    write(config.corpus, {"a.md": article("A", "anchor"), "b.md": ODD_FILES["binary.md"]})
    assert [record.path for record in build(config, tiny).failed] == ["b.md"]
    write(config.corpus, {"b.md": article("B", "beacon")})
    report = build(config, tiny)
    assert (report.changed, report.failed, report.documents) == (("b.md",), (), 2)
    assert find(config, tiny, "beacon") == ["b.md"]


def test_indexed_file_that_becomes_binary_fails_and_is_no_longer_found(built: Config, tiny: TinyEncoder) -> None:
    write(built.corpus, {"harbour.md": ODD_FILES["binary.md"]})
    report = build(built, tiny)
    assert report.changed == ("harbour.md",)
    assert [(record.path, bool(record.reason)) for record in report.failed] == [("harbour.md", True)]
    assert (report.documents, report.passages) == (2, 6)
    assert find(built, tiny, "anchor") == []


def test_file_that_cannot_be_read_says_so_whatever_it_was_before(
    config: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(config.corpus, {"a.md": article("A", "anchor"), "large.md": article("B", "beacon", "canal")})
    small = replace(config, max_file_bytes=1000)
    build(small, tiny)
    assert store.LocalStore(config.index).open_current().records["large.md"].status == "skipped"
    really = os.open

    def refuse(path: str, *how: int, **more: Any) -> int:
        if Path(path).name == "large.md":
            raise PermissionError(13, "Permission denied")
        return really(path, *how, **more)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        failed = build(config, tiny).failed
        assert [(record.path, record.reason) for record in failed] == [
            ("large.md", "cannot be read: Permission denied")
        ]
        assert nothing_happened(build(config, tiny))
    assert build(config, tiny).failed == ()
    assert find(config, tiny, "beacon") == ["large.md"]


def test_full_build_encodes_everything_again_and_gives_the_same_answers(built: Config, tiny: TinyEncoder) -> None:
    questions = ("Where does the beacon report say it lies?", "What of dough and embers?", "hedge")

    def answers() -> list[object]:
        engine = Engine.open(built, tiny)
        return [{**engine.ask(q).as_json(), "generation": "", "timings_ms": {}} for q in questions]

    before = answers()
    tiny.encoded.clear()
    report = build(built, tiny, full=True)
    assert report.generation == "000002"
    assert report.passages_encoded == report.passages == len(tiny.encoded) == 9
    assert (report.unchanged, report.added, report.changed) == (3, (), ())
    assert answers() == before


@pytest.mark.parametrize(
    "change", [{"name": "other"}, {"dimension": 64}, {"max_tokens": 200}], ids=lambda c: next(iter(c))
)
def test_other_encoder_makes_everything_stale(built: Config, tiny: TinyEncoder, change: dict[str, Any]) -> None:
    other = type(tiny)(**change)
    report = build(built, other)
    assert (report.generation, report.unchanged, report.passages_encoded) == ("000002", 3, 9)
    assert len(other.encoded) == 9
    assert store.LocalStore(built.index).open_current().manifest.encoder == other.identity.as_json()
    assert nothing_happened(build(built, other))


def test_other_passage_settings_make_everything_stale(built: Config, tiny: TinyEncoder) -> None:
    short = PassageSettings(most=60)
    report = build(built, tiny, settings=short)
    assert report.generation == "000002"
    assert report.passages > 9
    assert report.passages_encoded == report.passages
    assert nothing_happened(build(built, tiny, settings=short))
    assert build(built, tiny).passages_encoded == 9


def test_report_has_exactly_the_keys_of_the_contract(built: Config, tiny: TinyEncoder) -> None:
    (built.corpus / "harbour.md").rename(built.corpus / "quay.md")
    write(built.corpus, {"bad.md": ODD_FILES["binary.md"]})
    data = json.loads(json.dumps(build(built, tiny).as_json()))
    assert set(data) == {
        "generation", "documents", "passages", "added", "changed", "renamed", "removed", "unchanged", "failed", "noted",
        "skipped", "seconds", "passages_encoded",
    }  # fmt: skip
    assert data["renamed"] == [["harbour.md", "quay.md"]]
    assert data["added"] == ["bad.md"]
    assert [set(entry) for entry in data["failed"]] == [{"document", "reason"}]
    assert (data["generation"], data["documents"], data["unchanged"]) == ("000002", 3, 2)


def test_progress_runs_through_all_stages_in_order(config: Config, tiny: TinyEncoder) -> None:
    write(config.corpus, {"a.md": article("A", "anchor", "beacon"), "b.md": article("B", "canal")})
    seen: list[Progress] = []
    build(config, tiny, progress=seen.append)
    stages = list(dict.fromkeys(progress.stage for progress in seen))
    assert stages == ["comparing", "reading", "encoding", "publishing"]
    assert all(0 <= progress.done <= progress.total == 2 for progress in seen)
    assert [progress.encoded for progress in seen][-1] == 3
    assert all(progress.words for progress in seen)


@pytest.mark.parametrize("stage", ["comparing", "reading", "encoding", "publishing"])
def test_error_from_progress_stops_the_build_and_the_last_one_answers(
    built: Config, tiny: TinyEncoder, stage: str
) -> None:
    write(built.corpus, {"new.md": article("New", "jasmine")})

    def stop(progress: Progress) -> None:
        if progress.stage == stage:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(built, tiny, progress=stop)
    assert store.LocalStore(built.index).current_id() == "000001"
    assert is_whole(built.index)
    assert find(built, tiny, "anchor") == ["harbour.md"]
    assert find(built, tiny, "jasmine") == []
    assert build(built, tiny).added == ("new.md",)


def test_missing_corpus_is_one_sentence_and_the_index_stays(built: Config, tiny: TinyEncoder) -> None:
    before = snapshot(built.index)
    with pytest.raises(CorpusError, match="make it and put your articles in"):
        build(replace(built, corpus=built.corpus / "nowhere"), tiny)
    assert snapshot(built.index) == before


NAMES = st.sampled_from(["a.md", "b.md", "c.txt", "sub/a.md"])
CONTENTS = st.sampled_from(
    [
        article("One", "anchor", "beacon"),
        article("One", "anchor", "canal"),
        article("", "dough"),
        prose("embers", 20),
        "---\ntitle: Front\nurl: https://example.org/x\n---\n\nA line about flour. ü😀 And more.\n",
        "",
        b"\x00binary",
    ]
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), NAMES, CONTENTS),
        st.tuples(st.just("write"), NAMES, CONTENTS),
        st.tuples(st.just("rename"), NAMES, NAMES),
        st.tuples(st.just("copy"), NAMES, NAMES),
        st.tuples(st.just("delete"), NAMES),
        st.tuples(st.just("build")),
    ),
    min_size=1,
    max_size=14,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
@example(steps=[("write", "b.md", ""), ("build",), ("rename", "b.md", "a.md")])
@example(steps=[("write", "b.md", "# Title\n"), ("build",), ("rename", "b.md", "a.md")])
def test_any_history_of_changes_gives_what_a_full_build_gives(
    tmp_path_factory: pytest.TempPathFactory, tiny: TinyEncoder, steps: list[tuple[object, ...]]
) -> None:
    place = tmp_path_factory.mktemp("history")
    # The reader stops when its time is over, so on a busy machine it could order two equal indexes differently.
    config = Config(corpus=place / "corpus", index=place / "index", reader="off")
    config.corpus.mkdir()
    for step in steps:
        kind, *paths = step
        places = [config.corpus / str(path) for path in paths]
        if kind == "write":
            write(config.corpus, {str(paths[0]): paths[1]})  # type: ignore[dict-item]
        elif kind == "build":
            build(config, tiny)
        elif places[0].exists():
            places[-1].parent.mkdir(exist_ok=True)
            if kind == "rename":
                places[0].rename(places[1])
            elif kind == "delete":
                places[0].unlink()
            elif places[0] != places[1]:
                shutil.copy(*places)
    anew = replace(config, index=place / "anew")
    build(config, tiny)
    build(anew, tiny, full=True)
    one, other = store.LocalStore(config.index).open_current(), store.LocalStore(anew.index).open_current()
    assert _facts(one.records) == _facts(other.records)
    mine, full = embeddings(one), embeddings(other)
    assert list(mine) == list(full)
    assert all(np.allclose(mine[passage], full[passage], atol=1e-6) for passage in full)
    assert [one.document(path) for path in one.records] == [other.document(path) for path in one.records]
    for query in ("anchor", "beacon canal report", "flour", "embers dough stone wall", "nothing of it"):
        assert _found(config, tiny, query) == _found(anew, tiny, query)
    assert one.verify() == []
    on_disk = {path.relative_to(config.corpus).as_posix() for path in config.corpus.rglob("*") if path.is_file()}
    assert set(one.records) == on_disk
    shutil.rmtree(place)


def _facts(records: object) -> dict[str, object]:
    assert isinstance(records, dict)
    return {path: replace(record, mtime_ns=0, ctime_ns=0, indexed="") for path, record in records.items()}


def _found(config: Config, encoder: TinyEncoder, query: str) -> list[object]:
    ranking = Engine.open(config, encoder).search(query, 20)
    return [(hit.id, hit.passage, pytest.approx(hit.score, abs=1e-5)) for hit in ranking.hits]


def test_an_index_below_the_corpus_is_not_an_article(config: Config, tiny: TinyEncoder) -> None:
    config = replace(config, index=config.corpus / "index")
    write(config.corpus, {"a.md": article("A", "anchor")})
    assert build(config, tiny).documents == 1
    assert (build(config, tiny).generation, len(Engine.open(config, tiny).status().files)) == ("000001", 1)


def test_a_large_article_is_built_in_time_that_grows_with_its_length(config: Config, tiny: TinyEncoder) -> None:
    """Each passage is processed by itself; nothing scans the whole text again for each of them."""
    sentence = "The anchor was dropped by the crew near the long stone pier at noon. "
    seconds = []
    for times in (1, 4):
        (config.corpus / "large.txt").write_text(sentence * 5_000 * times)
        started = time.process_time()
        assert build(config, tiny, full=True).passages > 300 * times
        seconds.append(time.process_time() - started)
    assert seconds[1] < 10 * seconds[0]


def _letters(path: str, data: bytes) -> Contents:
    """A made-up format: each line of `letters.txt` is a document; a line `!` cannot be read."""
    if not path.endswith("letters.txt"):
        return formats.parse(path, data)
    lines = data.decode().splitlines()
    return Contents(
        tuple(
            replace(formats.parse("a.txt", prose(line).encode()).documents[0], path=f"{path}#{n}", title=line)
            for n, line in enumerate(lines, 1)
            if line != "!"
        ),
        ("line 2 cannot be read",) if "!" in lines else (),
    )


def test_a_file_can_contain_several_documents(config: Config, tiny: TinyEncoder) -> None:
    write(config.corpus, {"letters.txt": "anchor\n!\ncanal", "a.md": article("A", "beacon")})
    report = build(config, tiny, parse=_letters)
    assert (report.documents, report.passages, report.failed) == (3, 3, ())
    engine = Engine.open(config, tiny)
    citation = engine.ask("What does the canal report say?").citations[0]
    assert (citation.document, citation.title, citation.changed) == ("letters.txt#3", "canal", False)
    record = engine.generation.records["letters.txt"]
    assert (record.documents, record.passages, record.status) == (2, 2, "indexed")
    assert (record.reason, record.title) == ("line 2 cannot be read", "letters")
    assert is_whole(config.index)
    # If the file is renamed, its documents move with it; if it is deleted, they go too.
    tiny.encoded.clear()
    (config.corpus / "letters.txt").rename(config.corpus / "old letters.txt")
    assert build(config, tiny, parse=_letters).renamed == (("letters.txt", "old letters.txt"),)
    assert tiny.encoded == []
    assert list(engine.generation.documents()) == ["a.md", "old letters.txt#1", "old letters.txt#3"]
    assert engine.generation.records["old letters.txt"].reason == "line 2 cannot be read"
    (config.corpus / "old letters.txt").write_text("anchor")
    assert not engine.document("letters.txt#3")
    assert engine.ask("What does the canal report say?").citations[0].changed
    build(config, tiny, parse=_letters)
    assert list(engine.generation.documents()) == ["a.md", "old letters.txt#1"]


def test_an_unreadable_file_is_not_tried_again_until_it_changes(config: Config, tiny: TinyEncoder) -> None:
    write(config.corpus, {"bad.txt": "x", "empty.md": "# \n\n<!-- -->", "a.md": article("A", "anchor")})
    tried: list[str] = []

    def parse(path: str, data: bytes) -> Contents:
        tried.append(path)
        if path == "bad.txt":
            raise Unreadable("took longer than 60 s to read")
        return formats.parse(path, data)

    build(config, tiny, parse=parse)
    write(config.corpus, {"b.md": article("B", "beacon")})
    tried.clear()
    report = build(config, tiny, parse=parse)
    assert tried == ["b.md"]
    assert [record.reason for record in report.failed] == ["took longer than 60 s to read"]
    tried.clear()
    build(config, tiny, full=True, parse=parse)
    assert "bad.txt" in tried


def test_files_are_read_again_if_the_field_names_change(config: Config, tiny: TinyEncoder) -> None:
    write(config.corpus, {"a.md": article("A", "anchor")})
    build(config, tiny)
    tiny.encoded.clear()
    read: list[str] = []
    other = replace(config, fields=(("text", "story"),))

    def parse(path: str, data: bytes) -> Contents:
        read.append(path)
        return formats.parse(path, data)

    report = build(other, tiny, parse=parse)
    assert (read, report.generation, tiny.encoded) == (["a.md"], "000002", [])
    assert build(other, tiny).generation == "000002"


def test_files_are_read_while_passages_are_encoded(config: Config, tiny: TinyEncoder) -> None:
    """Later files are read during the first call of the encoder, as many as may be read ahead."""
    write(config.corpus, {f"a{n:03}.md": article(f"T{n}", *(f"w{n}x{i}" for i in range(30))) for n in range(60)})
    read: list[str] = []
    seen: list[int] = []
    half, encode = threading.Event(), tiny.encode_passages

    def slow(texts: Sequence[str]) -> Vectors:
        assert half.wait(20)  # 18 files contain what is encoded first
        seen.append(len(read))
        return encode(texts)

    def parse(path: str, data: bytes) -> Contents:
        take_time(0.002)
        read.append(path)
        if len(read) >= 30:
            half.set()
        return formats.parse(path, data)

    tiny.encode_passages = slow  # type: ignore[method-assign]
    report = build(config, tiny, parse=parse, workers=2)
    assert report.passages == report.passages_encoded == 1800
    assert 30 <= seen[0] < 60


def test_progress_is_reported_while_one_file_takes_long(config: Config, tiny: TinyEncoder) -> None:
    write(config.corpus, {"a.md": article("A", "anchor")})
    steps: list[Progress] = []
    enough = threading.Event()

    def hear(progress: Progress) -> None:
        if progress.stage == "reading":
            steps.append(progress)
        if len(steps) >= 3:
            enough.set()

    def parse(path: str, data: bytes) -> Contents:
        assert enough.wait(20)
        return formats.parse(path, data)

    build(config, tiny, progress=hear, parse=parse)
    assert len(steps) >= 3


def test_a_build_that_is_stopped_does_not_wait_for_the_file_that_is_being_read(
    config: Config, tiny: TinyEncoder
) -> None:
    write(config.corpus, {"a.md": article("A", "anchor")})
    begun, released, read = threading.Event(), threading.Event(), threading.Event()

    def stop(progress: Progress) -> None:
        if begun.is_set():
            raise KeyboardInterrupt

    def parse(path: str, data: bytes) -> Contents:
        begun.set()
        released.wait(60)
        read.set()
        return formats.parse(path, data)

    with pytest.raises(KeyboardInterrupt):
        build(config, tiny, progress=stop, parse=parse)
    assert begun.is_set() and not read.is_set()
    released.set()
    assert read.wait(60)


def test_an_empty_folder_does_not_empty_an_index_that_others_ask(
    built: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(built.corpus)
    built.corpus.mkdir()
    monkeypatch.setattr("qa.build.pipeline.open_store", lambda config: store.LocalStore(config.index))
    with monkeypatch.context() as patch:
        patch.setattr(store.LocalStore, "shared", True)
        with pytest.raises(CorpusError, match=r"contains no articles.*--corpus"):
            build(replace(built, store=Address("127.0.0.1", 1, "articles")), tiny)
    assert is_whole(built.index)
    assert build(built, tiny, confirmed=True).documents == 0


def test_a_file_without_a_passage_is_empty(config: Config, tiny: TinyEncoder) -> None:
    write(config.corpus, {"marks.md": "- -\n- -\n", "bees.md": article("Bees", "anchor")})
    report = build(config, tiny)
    record = store.LocalStore(config.index).open_current().records["marks.md"]
    assert (record.status, record.reason, record.documents, record.passages) == ("empty", "contains no words", 0, 0)
    assert report.documents == 1
    assert nothing_happened(build(config, tiny))


def test_a_file_of_too_many_headings_fails_and_the_others_are_read(
    config: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parsing, "MAX_SECTIONS", 9)
    five = "".join(f"# Part {number}\n\nText.\n\n" for number in range(5))
    rows = "".join(json.dumps({"text": five}) + "\n" for _ in range(2))
    write(config.corpus, {"rows.jsonl": rows, "one.md": five, "ten.md": five * 2})
    report = build(config, tiny)
    reason = "contains more than 9 headings: split it into several files"
    assert [(record.path, record.reason) for record in report.failed] == [("rows.jsonl", reason), ("ten.md", reason)]
    assert report.documents == 1
    assert store.LocalStore(config.index).open_current().records["one.md"].status == "indexed"


def test_if_unchanged_articles_can_no_longer_be_read_the_last_index_stays_until_that_is_confirmed(
    built: Config, tiny: TinyEncoder
) -> None:
    def broken(path: str, data: bytes, splitting: Splitting) -> ParsedFile:
        raise Unreadable("crashed the parser")

    with pytest.raises(VanishedError) as raised:
        build(built, tiny, full=True, parse_file=broken)
    assert str(raised.value) == (
        "3 of 3 articles, which have not changed, can no longer be read (crashed the parser): "
        "see what `qa doctor` says, or run `qa build --yes` to take them out of the index."
    )
    assert Engine.open(built, tiny).generation.manifest.documents == 3
    assert build(built, tiny, full=True, parse_file=broken, confirmed=True).documents == 0


def test_the_same_state_is_not_told_again_at_once(config: Config, tiny: TinyEncoder) -> None:
    write(config.corpus, {f"{number}.md": article(f"A{number}", "anchor", "beacon") for number in range(30)})
    told: list[tuple[tuple[object, ...], float]] = []
    build(config, tiny, progress=lambda p: told.append(((p.stage, p.done, p.encoded), time.perf_counter())))
    again = [now - then for (before, then), (after, now) in pairwise(told) if before == after]
    stages = [stage for stage, _ in groupby(state[0] for state, _ in told)]
    assert stages == ["comparing", "reading", "encoding", "publishing"]
    assert all(passed > 0.015 for passed in again)
