"""The library lists files by what a person asks for, in any order, a page at a time."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.corpus.records import FileRecord
from qa.status import FileState, Status
from qa.ui.library.listing import MOST_FOLDERS, PAGE, SORTS, Listing, View

NOW = datetime(2024, 5, 2, 12, 0, tzinfo=timezone.utc)
DAY = 86_400 * 10**9


def record(path: str, title: str = "", days: float = 0, **facts: Any) -> FileRecord:
    time_ns = int(NOW.timestamp() * 1e9 - days * DAY)
    return FileRecord(path, facts.pop("size", 1), time_ns, title=title or path, **facts)


def listing(*files: FileRecord | FileState) -> Listing:
    states = [file if isinstance(file, FileState) else FileState(file) for file in files]
    return Listing(Status("000001", "", "tiny", 1, 1, tuple(sorted(states, key=lambda each: each.record.path))))


def paths(files: Listing, **view: Any) -> list[str]:
    return [entry.path for entry in files.show(View(**view), NOW).entries]


FILES = listing(
    record("mail/boiler.eml", "The boiler", 40, language="en", passages=2),
    record("mail/old/Übung.pdf", "Exercise", 400, language="de", passages=9, size=5_000),
    record("notes.md", "Notes", 0.5, language="en", passages=4),
    record("mail2/broken.pdf", "Broken", 3, status="failed", reason="needs a password"),
    FileState(record("new.md", "New", 0.1), "new"),
)


@pytest.mark.parametrize(
    ("view", "found"),
    [
        ({}, ["mail2/broken.pdf", "new.md", "mail/boiler.eml", "mail/old/Übung.pdf", "notes.md"]),
        ({"show": "problem"}, ["mail2/broken.pdf"]),
        ({"show": "waiting"}, ["new.md"]),
        ({"folder": "mail"}, ["mail/boiler.eml", "mail/old/Übung.pdf"]),
        ({"folder": "mail/old"}, ["mail/old/Übung.pdf"]),
        ({"kind": "PDF"}, ["mail2/broken.pdf", "mail/old/Übung.pdf"]),
        ({"language": "de"}, ["mail/old/Übung.pdf"]),
        ({"changed": "day"}, ["new.md", "notes.md"]),
        ({"changed": "year", "kind": "PDF"}, ["mail2/broken.pdf"]),
        ({"find": "UBUNG"}, ["mail/old/Übung.pdf"]),
        ({"find": "pdf mail"}, ["mail2/broken.pdf", "mail/old/Übung.pdf"]),
        ({"find": "no file has this"}, []),
    ],
)
def test_each_filter_leaves_only_what_it_says(view: dict[str, Any], found: list[str]) -> None:
    assert paths(FILES, **view) == found


def test_a_folder_that_is_gone_is_no_filter() -> None:
    shown = FILES.show(View(folder="gone"), NOW)
    assert (shown.total, shown.view.folder) == (5, "")


def test_every_column_sorts_both_ways() -> None:
    assert paths(FILES, sort="title")[:3] == ["mail2/broken.pdf", "mail/old/Übung.pdf", "new.md"]
    assert paths(FILES, sort="changed", descending=True)[:2] == ["new.md", "notes.md"]
    assert paths(FILES, sort="size", descending=True)[0] == "mail/old/Übung.pdf"
    assert paths(FILES, sort="state")[:2] == ["mail2/broken.pdf", "new.md"]
    for sort in SORTS:
        assert sorted(paths(FILES, sort=sort)) == sorted(paths(FILES))


def test_what_there_is_to_filter_by_is_counted() -> None:
    assert (FILES.problems, FILES.waiting) == (1, 1)
    assert FILES.kinds == {"Markdown": 2, "PDF": 2, "mail": 1}
    assert FILES.languages == {"en": 2, "de": 1}


def test_the_tree_shows_the_folders_that_lead_to_the_one_chosen() -> None:
    def tree(chosen: str) -> list[tuple[str, int, int, bool]]:
        return [(folder.path, folder.depth, folder.files, folder.is_open) for folder in FILES.tree(chosen)]

    assert tree("") == tree("gone") == [("mail", 0, 2, False), ("mail2", 0, 1, False)]
    assert tree("mail") == [("mail", 0, 2, True), ("mail/old", 1, 1, False), ("mail2", 0, 1, False)]
    assert [folder.problems for folder in FILES.tree("")] == [0, 1]


def test_a_tree_of_very_many_folders_stays_small_and_shows_the_one_chosen() -> None:
    many = listing(*(record(f"{number:05}/a/b.md") for number in range(MOST_FOLDERS + 50)))
    last = f"{MOST_FOLDERS + 49:05}"
    assert len(many.tree("")) == MOST_FOLDERS
    assert many.tree("")[-1].more == 50
    shown = many.tree(f"{last}/a")
    assert [folder.path for folder in shown[-2:]] == [last, f"{last}/a"]
    assert shown[-1].more == 49


def test_a_long_list_comes_in_pages() -> None:
    many = listing(*(record(f"{number:05}.md") for number in range(2 * PAGE + 1)))
    first, last = many.show(View(), NOW), many.show(View(page=99), NOW)
    assert (len(first.entries), first.first, first.total, first.pages) == (PAGE, 0, 2 * PAGE + 1, 3)
    assert (len(last.entries), last.first, last.view.page) == (1, 2 * PAGE, 2)
    assert listing().show(View(page=3), NOW).pages == 1


VIEWS = st.fixed_dictionaries(
    {},
    optional={
        "show": st.sampled_from(["all", "problem", "waiting", "<b>", None, 7]),
        "find": st.text(max_size=5) | st.none() | st.integers(),
        "folder": st.sampled_from(["", "a", "a/b", "c", "..", None]),
        "kind": st.sampled_from(["", "PDF", "Markdown", 3]),
        "language": st.sampled_from(["", "en", "xx"]),
        "changed": st.sampled_from(["", "day", "ages"]),
        "sort": st.sampled_from(["", "title", "__class__", *SORTS]),
        "descending": st.booleans() | st.text(max_size=2),
        "page": st.integers(-5, 5) | st.text(max_size=2) | st.none(),
    },
)
STATES = st.builds(
    FileState,
    st.builds(
        record,
        st.sampled_from(["a/b/x.md", "a/y.pdf", "c/z.md", "w.md", "v", "a/é.md"]) | st.text(min_size=1, max_size=9),
        st.text(max_size=5),
        st.floats(0, 500),
        status=st.sampled_from(["indexed", "failed", "skipped", "empty"]),
        reason=st.sampled_from(["", "for a reason"]),
        language=st.sampled_from(["", "en"]),
    ),
    st.sampled_from(["", "new", "changed", "removed"]),
)


@given(st.lists(STATES, max_size=12), VIEWS)
def test_whatever_a_page_requests_gives_a_part_of_the_files(files: list[FileState], data: dict[str, Any]) -> None:
    all_files = Listing(Status("1", "", "", 0, 0, tuple(files)))
    shown = all_files.show(View.of(data), NOW)
    assert [entry.file for entry in shown.entries if entry.file not in files] == []
    assert len(shown.entries) == shown.total <= len(files)  # fewer than a page
    everything = all_files.show(View(), NOW)
    assert sorted(map(repr, files)) == sorted(repr(entry.file) for entry in everything.entries)
    tree = all_files.tree(View.of(data).folder)
    assert all(0 < folder.files <= len(files) for folder in tree)


def test_fifty_thousand_files_are_listed_at_once() -> None:
    many = [
        FileState(replace(record(f"{number % 500:03}/{number % 7}/{number}.md", f"Täglich {number}"), passages=number))
        for number in range(50_000)
    ]
    files = Listing(Status("1", "", "", 0, 0, tuple(many)))
    start = time.process_time()
    assert len(files.show(View(sort="passages", descending=True, find="taglich 49"), NOW).entries) == PAGE
    assert time.process_time() - start < 2
