"""Chooses which files the library lists: filtered, sorted, and a page at a time, so that any number stays usable."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import accumulate
from pathlib import PurePosixPath
from typing import Any

from ...formats import kind, supported
from ...status import FileState, Status
from ...text.folding import folded

PAGE = 100  # files on a page
MOST_FOLDERS = 200  # of one folder that the tree shows
GROUPS = ("problem", "waiting", "")
_RECENT = {"day": 1, "week": 7, "month": 31, "year": 366}  # days


@dataclass(frozen=True, slots=True)
class View:
    """What a page shows of the files; "" leaves a filter out.

    `show` is "all" or a state of GROUPS, `find` a text in title or path, `folder` a path below the corpus folder with
    all that is below it, `kind` and `language` as listed, `changed` the time within which the file was modified ("day",
    "week", "month", "year"). `sort` is a key of SORTS; without one, problems come first. `page` counts from 0.
    """

    show: str = "all"
    find: str = ""
    folder: str = ""
    kind: str = ""
    language: str = ""
    changed: str = ""
    sort: str = ""
    descending: bool = False
    page: int = 0

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> View:
        """Return the view that a page requests; what it may not request is left out."""

        def text(name: str, most: int = 200) -> str:
            return str(data.get(name) or "")[:most]

        page = data.get("page")
        return cls(
            show=text("show") if text("show") in GROUPS[:2] else "all",
            find=text("find"),
            folder=text("folder", 4_000),
            kind=text("kind"),
            language=text("language"),
            changed=text("changed") if text("changed") in _RECENT else "",
            sort=text("sort") if text("sort") in SORTS else "",
            descending=data.get("descending") is True,
            page=max(0, page) if isinstance(page, int) else 0,
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in the list; `group` is "problem", "waiting" or "", and `folded` what a search looks in."""

    file: FileState
    group: str
    kind: str
    folded: str

    @property
    def path(self) -> str:
        return self.file.record.path


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder in the tree, with the number of files in it and below; `is_open` if its folders follow.

    `more` is how many folders after this one are left out.
    """

    path: str
    name: str
    depth: int
    files: int
    problems: int
    is_open: bool
    more: int = 0


@dataclass(frozen=True, slots=True)
class Shown:
    """One page of a list: its entries, the number of all that match, and the view with the number of a page that is."""

    entries: tuple[Entry, ...]
    first: int
    total: int
    view: View

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PAGE))


SORTS: Mapping[str, Callable[[Entry], Any]] = {
    "title": lambda entry: folded(entry.file.record.title or entry.path),
    "kind": lambda entry: entry.kind,
    "state": lambda entry: (GROUPS.index(entry.group), entry.file.pending, entry.file.record.status),
    "passages": lambda entry: entry.file.record.passages,
    "pages": lambda entry: entry.file.record.pages,
    "size": lambda entry: entry.file.record.size,
    "language": lambda entry: entry.file.record.language,
    "changed": lambda entry: entry.file.record.mtime_ns,
}


class Listing:
    """The files of one status, ready to be listed in any way."""

    def __init__(self, status: Status, text_files: Sequence[str] = ()) -> None:
        """`text_files` are extensions that are read besides the usual ones."""
        self.status = status
        entries = [_entry(file, text_files) for file in status.files]
        self._entries = sorted(entries, key=lambda entry: GROUPS.index(entry.group))
        self.problems = sum(entry.group == "problem" for entry in entries)
        self.waiting = sum(entry.group == "waiting" for entry in entries)
        self.kinds = _most_frequent(entry.kind for entry in entries)
        self.languages = _most_frequent(file.record.language for file in status.files if file.record.language)
        self._in_folder: Counter[str] = Counter()
        self._problems_in: Counter[str] = Counter()
        self._folders: dict[str, list[str]] = {"": []}
        for entry in entries:
            self._count(entry)
        for folders in self._folders.values():
            folders.sort(key=folded)

    def show(self, view: View, now: datetime) -> Shown:
        """Return the files of a view; the last page if it names one beyond."""
        if view.folder not in self._folders:
            view = replace(view, folder="")
        tests = _tests(view, now)
        found = [entry for entry in self._entries if all(test(entry) for test in tests)]
        if view.sort:
            found.sort(key=SORTS[view.sort], reverse=view.descending)
        view = replace(view, page=min(view.page, max(0, (len(found) - 1) // PAGE)))
        first = view.page * PAGE
        return Shown(tuple(found[first : first + PAGE]), first, len(found), view)

    def tree(self, chosen: str) -> tuple[Folder, ...]:
        """Return the folders that lead to the one chosen, with their neighbours, and the folders in it."""
        return tuple(self._below("", 0, chosen if chosen in self._folders else ""))

    def _below(self, folder: str, depth: int, chosen: str) -> list[Folder]:
        folders = self._folders[folder]
        kept = [each for each in folders if each == chosen or chosen.startswith(f"{each}/")]
        shown = list(dict.fromkeys([*folders[:MOST_FOLDERS], *kept]))
        found: list[Folder] = []
        for path in shown:
            is_open = path in kept and bool(self._folders[path])
            name = path.rpartition("/")[2]
            found.append(Folder(path, name, depth, self._in_folder[path], self._problems_in[path], is_open))
            if is_open:
                found += self._below(path, depth + 1, chosen)
        if len(shown) < len(folders):
            found[-1] = replace(found[-1], more=len(folders) - len(shown))
        return found

    def _count(self, entry: Entry) -> None:
        for folder in accumulate(entry.path.split("/")[:-1], "{}/{}".format):
            if folder not in self._folders:
                self._folders[folder] = []
                self._folders[folder.rpartition("/")[0]].append(folder)
            self._in_folder[folder] += 1
            self._problems_in[folder] += entry.group == "problem"


def group_of(file: FileState, text_files: Sequence[str]) -> str:
    """Return "waiting" (for a rebuild), "problem" (not or not fully indexed, for a reason that can be fixed) or ""."""
    record = file.record
    if file.pending or not record.reason:
        return "waiting" if file.pending else ""
    is_other = "." in PurePosixPath(record.path).name and not supported(record.path, text_files)
    return "" if record.status == "skipped" and is_other else "problem"


def _entry(file: FileState, text_files: Sequence[str]) -> Entry:
    record = file.record
    return Entry(file, group_of(file, text_files), kind(record.path), folded(f"{record.title} {record.path}"))


def _tests(view: View, now: datetime) -> list[Callable[[Entry], bool]]:
    """Return what every file of a view passes."""
    tests: list[Callable[[Entry], bool]] = []
    if view.show != "all":
        tests.append(lambda entry: entry.group == view.show)
    if view.folder:
        below = f"{view.folder}/"
        tests.append(lambda entry: entry.path.startswith(below))
    if view.kind:
        tests.append(lambda entry: entry.kind == view.kind)
    if view.language:
        tests.append(lambda entry: entry.file.record.language == view.language)
    if view.changed:
        since = int((now - timedelta(days=_RECENT[view.changed])).timestamp() * 1e9)
        tests.append(lambda entry: entry.file.record.mtime_ns >= since)
    words = folded(view.find).split()
    if words:
        tests.append(lambda entry: all(word in entry.folded for word in words))
    return tests


def _most_frequent(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items(), key=lambda pair: (-pair[1], pair[0])))
